"""Cohere chat, API v1 and v2: all that counts stands in the last event.

https://docs.cohere.com/reference/chat-stream. Usage is what the model saw and wrote (`tokens`); what is charged for
(`billed_units`) leaves the service's own preamble out, and cached tokens.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "cohere"
OPERATION = "chat"

COUNTS: Table = {
    "input_tokens": ("tokens.input_tokens",),
    "cached_tokens": ("cached_tokens",),
    "output_tokens": ("tokens.output_tokens",),
    "reasoning_tokens": ("tokens.reasoning_tokens",),
}
BILLED: Table = {"input_tokens": ("billed_units.input_tokens",), "output_tokens": ("billed_units.output_tokens",)}


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole answer, of either version into `tally`."""
    said = View(event)
    kind = said.text("type", "event_type")
    if kind in ("message-start", "stream-start"):
        tally.reasons[0] = None
        tally.response_id = said.text("id", "generation_id")
    elif kind == "message-end":
        _end(tally, said.object("delta"), said.object("delta").object("usage"))
    elif kind == "stream-end":
        response = said.object("response")
        _end(tally, said, response.object("meta"))
        tally.response_id = tally.response_id or response.text("generation_id", "response_id", "id")
    elif kind is None and said.text("finish_reason"):
        _end(tally, said, said.object("usage", said.object("meta")))
        tally.response_id = said.text("id", "generation_id")


def _end(tally: Tally, said: View, usage: View) -> None:
    tally.reasons[0] = said.text("finish_reason")
    tally.usage, tally.count_tokens, tally.count_billed = usage, tokens, billed


def tokens(usage: Any) -> Tokens:
    """The counts of what the model saw and wrote; those charged for where it says nothing else."""
    said = view(usage)
    return counts(said, COUNTS) or billed(said)


def billed(usage: Any) -> Tokens:
    """The counts that are charged for."""
    return counts(view(usage), BILLED)
