"""Mistral conversations: the last event has the usage, and is the only word on how it ended.

https://docs.mistral.ai/api/endpoint/beta/conversations. Connectors have a fee a run, and what they put into the prompt
is counted beside it. The SDK's events have the object of the wire as `data`.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._fees import tool
from ._usage import Table, counts, sum_of
from ._view import View, view

WIRE = "mistral_conversations"
OPERATION = "chat"
REASONS = False

COUNTS = Table(
    {
        "input_tokens": ("prompt_tokens",),
        "output_tokens": ("completion_tokens",),
        "total_tokens": ("total_tokens",),
        "tool_use_tokens": ("connector_tokens",),
    }
)
_RAN = frozenset({"tool.execution", "tool.execution.done"})


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole answer, into `tally`."""
    said = View(event)
    said = said.object("data", said)
    for part in (said, *said.objects("outputs")):
        _note_model(tally, part.text("model"))
        kind = part.text("type") or ""
        if kind in _RAN and (item := tool(part.text("name"))) is not None:
            tally.ran(item, part.text("id"))
        if kind.startswith("message."):
            tally.response_id = tally.response_id or part.text("id")
    if said.type == "conversation.response.done" or said.get("object") == "conversation.response":
        tally.ended = True
    usage = said.object("usage")
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens
        for name, number in usage.object("connectors").pairs():
            item = tool(name)
            if item is not None:
                tally.use(item, number)


def _note_model(tally: Tally, model: str | None) -> None:
    """An agent may hand over to another, with a model of its own."""
    tally.several_models |= model is not None and tally.response_model not in (None, model)
    tally.response_model = tally.response_model or model


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of an answer."""
    said = counts(view(usage), COUNTS)
    said.input_tokens = sum_of(said.input_tokens, said.tool_use_tokens)
    return said
