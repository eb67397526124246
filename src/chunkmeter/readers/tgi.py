"""Hugging Face's text generation inference: the last event has the finish reason and the usage, in `details`.

https://huggingface.github.io/text-generation-inference/. Its chat speaks `openai_chat`.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "tgi"
OPERATION = "text_completion"

COUNTS = Table({"input_tokens": ("input_length",), "output_tokens": ("generated_tokens",)})


def read(tally: Tally, event: Any) -> None:
    """Fold one event of the stream, or one whole answer, into `tally`."""
    said = View(event)
    details = said.object("details")
    reason = details.text("finish_reason")
    if reason is not None or (not tally.reasons and said.token is not None):
        tally.reasons[0] = reason
    if counts(details, COUNTS):
        tally.usage, tally.count_tokens = details, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the `details` of an answer."""
    return counts(view(usage), COUNTS)
