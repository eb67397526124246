"""Token counts for calls whose provider never says them, from the text that went in and came out.

OpenAI publishes the vocabularies of its models, and https://pypi.org/project/toktok-rs ships them inside its wheel:
nothing is downloaded. Other providers' models are counted by the newest of these, which is an approximation. Without
the package there is a rule of thumb.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from .prompts import prompt_of
from .tally import Tally, Tokens

__all__ = ["Estimator", "estimated"]

_logger = logging.getLogger("chunkmeter")

_Count = Callable[[str, str], int]

_NEWEST, _OLDER = "o200k_base", "cl100k_base"
# GPT-4 and GPT-3.5 by any service's name for them, and not GPT-4o, GPT-4.1, GPT-4.5.
_OF_OLDER = re.compile(r"gpt-(3\.?5|4)(?![\w.])")
_RULE = "bytes/4"
_BYTES = 4
# What OpenAI's own messages take besides their text, and the beginning of the answer:
# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
_A_MESSAGE = _AN_ANSWER = 3
_BLOCK = 2**15
"""Characters that are counted at once, so that a long text needs no more memory than a short one."""


class Estimator:
    """Counts the tokens of text.

    Making the first one takes a second or so and 65 MB, most of it the vocabulary, which all share: make it as the
    process starts, not while anybody waits.

    Args:
        by_rule: whether to go by the rule of thumb also where the vocabularies are installed.
    """

    def __init__(self, *, by_rule: bool = False) -> None:
        self._count = None if by_rule else _counter()

    def method(self, model: str | None) -> str:
        """How the tokens of this model are counted: a vocabulary's name, or `bytes/4`."""
        if self._count is None:
            return _RULE
        return _OLDER if model and _OF_OLDER.search(model.lower()) else _NEWEST

    def output(self, pieces: Sequence[str], model: str | None) -> int:
        """The tokens of an answer that came in these pieces."""
        return self._tokens("".join(pieces), model)

    def prompt(self, prompt: Any, model: str | None) -> int | None:
        """The tokens of a request's messages, instructions and tools; None where not all of them can be told.

        Args:
            prompt: the request's parameters by name, or the messages alone.
            model: the model that reads them.
        """
        read = prompt_of(prompt)
        if read is None:
            return None
        text = sum(self._tokens(text, model) for text in read.texts)
        return text + _A_MESSAGE * read.messages + _AN_ANSWER

    def _tokens(self, text: str, model: str | None) -> int:
        if self._count is None:
            return -(-len(text.encode(errors="replace")) // _BYTES)
        blocks = (text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK))
        return sum(self._count(block, self.method(model)) for block in blocks)


def estimated(
    estimator: Estimator, tally: Tally, tokens: Tokens, prompt: Any = None, model: str | None = None
) -> Tokens | None:
    """`tokens` with what the provider has not said; never another number for what it has.

    Args:
        estimator: what counts.
        tally: the call, whose answer was kept.
        tokens: what its provider said.
        prompt: what `Estimator.prompt` takes.
        model: whose tokens they are.

    Returns:
        None where nothing can be added: all is said, or there is nothing to tell it from. An answer without visible
        text is no answer without tokens, so its output stays unknown; and what our own reader failed on, or nothing
        came of, is not estimated.
    """
    if tally.failed or tally.said is None:
        return None
    found: dict[str, int] = {}
    if tokens.output_tokens is None and any(tally.said):
        found["output_tokens"] = estimator.output(tally.said, model)
    if tokens.input_tokens is None and prompt is not None:
        count = estimator.prompt(prompt, model)
        if count is not None:
            found["input_tokens"] = count
    if not found:
        return None
    filled = replace(tokens, **found)
    if filled.input_tokens is not None and filled.output_tokens is not None:
        # The total so far, if there is one, is without what was not said yet.
        filled.total_tokens = max(tokens.total_tokens or 0, filled.input_tokens + filled.output_tokens)
    return filled


@lru_cache(1)
def _counter() -> _Count | None:
    """Counts the tokens of a text in a vocabulary; None, said once, where nothing is installed that could."""
    try:
        from toktok import batch_count
    except ImportError:
        _logger.warning(
            "Tokens are to be estimated, and what counts them is not installed: pip install 'chunkmeter[estimate]'. "
            "Until then a token is taken for %d bytes.",
            _BYTES,
        )
        return None

    def count(text: str, vocabulary: str) -> int:
        try:
            return batch_count([text], vocabulary, threads=1)[0]
        except UnicodeEncodeError:  # half a character, as JSON may have it; two halves become one
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return batch_count([whole], vocabulary, threads=1)[0]

    count("", _NEWEST)
    return count
