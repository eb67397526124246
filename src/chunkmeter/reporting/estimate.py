"""Estimates tokens that the provider did not count, from the text of the prompt and of the answer.

OpenAI publishes the vocabularies of its models, and the package toktok-rs ships them inside its wheel, so nothing is
downloaded. Models of other providers are counted with the newest of these vocabularies, which is only an
approximation. Without the package a rule of thumb is used: four bytes a token.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..facts.tally import Tally, Tokens
from ..readers.prompts import prompt_of

__all__ = ["Estimator", "estimated"]

_logger = logging.getLogger("chunkmeter")

_Count = Callable[[str, str], int]

_NEWEST, _OLDER = "o200k_base", "cl100k_base"
# Matches GPT-4, GPT-3.5 and embeddings in every service's spelling, but not GPT-4o, GPT-4.1 and GPT-4.5.
_OF_OLDER = re.compile(r"gpt-(3\.?5|4)(?![\w.])|text-embedding-(3-|ada-)")
_RULE = "bytes/4"
_BYTES = 4
# Tokens that each OpenAI message takes besides its text, and tokens that begin the answer:
# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
_A_MESSAGE = _AN_ANSWER = 3
_BLOCK = 2**15
"""Characters that are counted in one go. The limit keeps a long text from taking much memory."""


class Estimator:
    """Counts the tokens of text.

    Making the first one loads the vocabulary, which all others share. That takes about a second and 65 MB, so make it
    when the process starts, not while a user waits.

    Args:
        by_rule: whether to use the rule of thumb even where the vocabularies are installed.
    """

    def __init__(self, *, by_rule: bool = False) -> None:
        self._count = None if by_rule else _counter()

    def method(self, model: str | None) -> str:
        """The name of the way in which this model's tokens are counted: a vocabulary's name, or `bytes/4`."""
        if self._count is None:
            return _RULE
        return _OLDER if model and _OF_OLDER.search(model.lower()) else _NEWEST

    def output(self, pieces: Sequence[str], model: str | None) -> int:
        """Count the tokens of an answer.

        Args:
            pieces: the answer's text, in order.
            model: the model that answered; None if unknown.
        """
        return self._tokens("".join(pieces), model)

    def prompt(self, prompt: Any, model: str | None, *, answered: bool = True) -> int | None:
        """Count the tokens of a request's messages, instructions and tools.

        Args:
            prompt: the request's parameters by name, or the messages alone.
            model: the model that is asked; None if unknown.
            answered: whether the model answers it, as it does messages; embeddings are of the text alone.

        Returns:
            The count; None if any part of the prompt can't be counted.
        """
        read = prompt_of(prompt)
        if read is None:
            return None
        text = sum(self._tokens(text, model) for text in read.texts)
        return text + (_A_MESSAGE * read.messages + _AN_ANSWER if answered else 0)

    def _tokens(self, text: str, model: str | None) -> int:
        if self._count is None:
            return -(-len(text.encode(errors="replace")) // _BYTES)
        blocks = (text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK))
        return sum(self._count(block, self.method(model)) for block in blocks)


def estimated(
    estimator: Estimator, tally: Tally, tokens: Tokens, prompt: Any = None, model: str | None = None
) -> Tokens | None:
    """Add estimates to `tokens` where the provider gave no count. A count of the provider's is never changed.

    Args:
        estimator: counts the tokens of text.
        tally: the call's tally, which must have kept the answer's text.
        tokens: the provider's counts.
        prompt: the request's parameters by name, or the messages alone; None if unknown.
        model: the model that answered; None if unknown.

    Returns:
        The counts with the estimates. None if nothing can be added, because nothing is missing or there is no text to
        count. An answer without visible text may still have taken tokens, so its output stays unknown.
    """
    if tally.said is None:
        return None
    found: dict[str, int] = {}
    if tokens.output_tokens is None and any(tally.said):
        found["output_tokens"] = estimator.output(tally.said, model)
    if tokens.input_tokens is None and prompt is not None:
        count = estimator.prompt(prompt, model, answered=not tally.vectors)
        if count is not None:
            found["input_tokens"] = count
    if not found:
        return None
    filled = replace(tokens, **found)
    if filled.input_tokens is not None and filled.output_tokens is not None:
        # The provider's total, if it gave one, may lack what is estimated here.
        filled.total_tokens = max(tokens.total_tokens or 0, filled.input_tokens + filled.output_tokens)
    return filled


@lru_cache(1)
def _counter() -> _Count | None:
    """The function that counts a text's tokens in a vocabulary; None, with one warning, if toktok-rs is missing."""
    try:
        from toktok import batch_count
    except ImportError:
        _logger.warning(
            "Tokens are to be estimated, but the package that counts them is not installed: run "
            "pip install 'chunkmeter[estimate]'. Until then %d bytes of text count as one token.",
            _BYTES,
        )
        return None

    def count(text: str, vocabulary: str) -> int:
        try:
            return batch_count([text], vocabulary, threads=1)[0]
        except UnicodeEncodeError:  # JSON may hold lone surrogates; two halves that fit become one character
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return batch_count([whole], vocabulary, threads=1)[0]

    count("", _NEWEST)
    return count
