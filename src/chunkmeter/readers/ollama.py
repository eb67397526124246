"""Ollama's own API, chat and generate: the last line has the counts and why it stopped.

https://github.com/ollama/ollama/blob/main/docs/api.md. A prompt that is cached whole is not counted.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "ollama"
OPERATION = "chat"

COUNTS: Table = {"input_tokens": ("prompt_eval_count",), "output_tokens": ("eval_count",)}


def read(tally: Tally, event: Any) -> None:
    """Fold one line of the stream, or one whole answer, into `tally`."""
    try:
        if tally.reasons and not event.done:
            return
    except AttributeError:
        pass  # a dict
    said = View(event)
    if said.done is None:
        return
    tally.response_model = tally.response_model or said.text("model")
    tally.reasons[0] = said.text("done_reason")
    if counts(said, COUNTS):
        tally.usage, tally.count_tokens = said, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the last line."""
    return counts(view(usage), COUNTS)
