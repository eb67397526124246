"""Cohere chat, API v1 and v2: the last event has the finish reason and the usage.

https://docs.cohere.com/reference/chat-stream. `tokens` counts what the model saw and wrote. `billed_units` counts what
is charged for, which leaves out cached tokens and the service's own preamble.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view
from .quiet import by_type

WIRE = "cohere"
OPERATION = "chat"

COUNTS = Table(
    {
        "input_tokens": ("tokens.input_tokens",),
        "cached_tokens": ("cached_tokens",),
        "output_tokens": ("tokens.output_tokens",),
        "reasoning_tokens": ("tokens.reasoning_tokens",),
    }
)
BILLED = Table({"input_tokens": ("billed_units.input_tokens",), "output_tokens": ("billed_units.output_tokens",)})

# Item -> the field of `billed_units` that has its count. Images here are read, not made.
_ITEMS = {name: name for name in ("images", "image_tokens", "classifications")} | {"search_unit": "search_units"}

_BEGIN, _END, _END_V1 = frozenset({"message-start", "stream-start"}), "message-end", "stream-end"
quiet, quiet_json = by_type(_BEGIN | {_END, _END_V1})


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole answer, of either version into `tally`."""
    said = View(event)
    kind = said.text("type", "event_type")
    if kind in _BEGIN:
        tally.reasons[0] = None
        tally.response_id = said.text("id", "generation_id")
    elif kind == _END:
        _end(tally, said.object("delta"), said.object("delta").object("usage"))
    elif kind == _END_V1:
        response = said.object("response")
        _end(tally, said, response.object("meta"))
        tally.response_id = tally.response_id or response.text("generation_id", "response_id", "id")
    elif kind is None and said.text("finish_reason"):
        _end(tally, said, said.object("usage", said.object("meta")))
        tally.response_id = said.text("id", "generation_id")
    elif kind is None:
        note_items(tally, said.object("meta"))  # an answer of another kind, such as a rerank


def _end(tally: Tally, said: View, usage: View) -> None:
    tally.reasons[0] = said.text("finish_reason")
    tally.usage, tally.count_tokens, tally.count_billed = usage, tokens, billed
    note_items(tally, usage)


def note_items(tally: Tally, usage: View) -> None:
    """Note what is charged for beside tokens, by the object that has `billed_units`."""
    units = usage.object("billed_units")
    for item, name in _ITEMS.items():
        tally.use(item, units.get(name))


def tokens(usage: Any) -> Tokens:
    """The counts of what the model saw and wrote; those charged for where there are no others."""
    said = view(usage)
    return counts(said, COUNTS) or billed(said)


def billed(usage: Any) -> Tokens:
    """The counts that are charged for."""
    return counts(view(usage), BILLED)
