"""OpenAI responses, as OpenAI, Azure, xAI, OpenRouter and others send them.

https://platform.openai.com/docs/api-reference/responses-streaming. Events about the whole carry it as `response`, the
last of them with the usage. Why it stopped is why it is incomplete, else the status that it ended with.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, charge, counts, reasoning_beside
from ._view import View, view

WIRE = "openai_responses"
OPERATION = "chat"

COUNTS: Table = {
    "input_tokens": ("input_tokens",),
    "cached_tokens": ("input_tokens_details.cached_tokens",),
    "output_tokens": ("output_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_write_tokens": ("input_tokens_details.cache_write_tokens",),
    "reasoning_tokens": ("output_tokens_details.reasoning_tokens",),
}
# Events about the whole.
BEGIN = frozenset({"response.created", "response.queued", "response.in_progress"})
END = frozenset({"response.completed", "response.incomplete", "response.failed"})
UNDER_WAY = frozenset({"queued", "in_progress"})


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole `response`, into `tally`."""
    try:
        kind = event.type
    except AttributeError:
        kind = View(event).type
    if isinstance(kind, str) and (kind in BEGIN or kind in END):
        _read(tally, View(event).object("response"))
    elif kind is None and View(event).get("object") == "response":
        _read(tally, View(event))


def _read(tally: Tally, response: View) -> None:
    tally.response_id = tally.response_id or response.text("id")
    tally.response_model = tally.response_model or response.text("model")
    tally.service_tier = response.text("service_tier") or tally.service_tier
    status = response.text("status")
    over = status not in UNDER_WAY
    tally.reasons[0] = (response.object("incomplete_details").text("reason") or status) if over else None
    usage = response.object("usage")
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens
        tally.provider_cost = charge(usage)


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of a response."""
    return reasoning_beside(counts(view(usage), COUNTS))
