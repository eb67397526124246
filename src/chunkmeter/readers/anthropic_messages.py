"""Anthropic messages: `message_start` opens the usage, each non-null field of a `message_delta` amends it.

https://docs.anthropic.com/en/docs/build-with-claude/streaming. The `output_tokens` of `message_start` are
provisional: they count only where that event brings the `stop_reason` too.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._usage import sum_of
from ._view import View

WIRE = "anthropic_messages"
OPERATION = "chat"

# What `inference_geo` says where no place was agreed.
_NOWHERE = ("not_available", "global")


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole message, into `tally`."""
    try:
        kind = event.type
    except AttributeError:
        kind = View(event).type
    if kind == "message_delta":
        said = View(event)
        _amend(tally, said.object("usage"))
        _stop(tally, said.object("delta"))
    elif kind == "message_start":
        _open(tally, View(event).object("message"))
    elif kind == "message":
        _open(tally, View(event))


def _open(tally: Tally, message: View) -> None:
    tally.response_id = tally.response_id or message.text("id")
    tally.response_model = tally.response_model or message.text("model")
    _amend(tally, message.object("usage"), provisional_output=message.text("stop_reason") is None)
    _stop(tally, message)


def _stop(tally: Tally, said: View) -> None:
    reason = said.text("stop_reason")
    if reason is not None or 0 not in tally.reasons:
        tally.reasons[0] = reason


def _amend(tally: Tally, said: View, *, provisional_output: bool = False) -> None:
    stated = {
        "input": count(said.input_tokens),
        "output": None if provisional_output else count(said.output_tokens),
        "cache_read": count(said.cache_read_input_tokens),
        "cache_write": count(said.cache_creation_input_tokens),
        "cache_write_1h": count(said.object("cache_creation").ephemeral_1h_input_tokens),
        "thinking": count(said.object("output_tokens_details").thinking_tokens),
    }
    known: dict[str, int] = tally.usage if isinstance(tally.usage, dict) else {}
    tally.usage = known | {name: number for name, number in stated.items() if number is not None}
    tally.count_tokens = tokens
    # The fast mode has prices of its own, whatever the tier. https://docs.anthropic.com/en/docs/build-with-claude/fast-mode
    fast = "fast" if said.text("speed") == "fast" else None
    tally.service_tier = fast or said.text("service_tier") or tally.service_tier
    geo = said.text("inference_geo")
    tally.region = tally.region if geo in (None, *_NOWHERE) else geo


def tokens(usage: dict[str, int]) -> Tokens:
    """The counts in the amended fields; Anthropic's `input_tokens` leave cached ones out, ours don't."""
    input_tokens = sum_of(usage.get("input"), usage.get("cache_read"), usage.get("cache_write"))
    output_tokens = usage.get("output")
    return Tokens(
        input_tokens=input_tokens,
        cached_tokens=usage.get("cache_read"),
        output_tokens=output_tokens,
        total_tokens=None if input_tokens is None or output_tokens is None else sum_of(input_tokens, output_tokens),
        cache_write_tokens=usage.get("cache_write"),
        cache_write_1h_tokens=usage.get("cache_write_1h"),
        reasoning_tokens=usage.get("thinking"),
    )
