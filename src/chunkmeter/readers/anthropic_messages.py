"""Anthropic messages: `message_start` opens the usage, each non-null field of a `message_delta` amends it.

https://docs.anthropic.com/en/docs/build-with-claude/streaming. The `output_tokens` of `message_start` are
provisional: they count only where that event brings the `stop_reason` too.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._view import view

WIRE = "anthropic_messages"
OPERATION = "chat"

_AMENDABLE = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "service_tier",
)


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole message, into `tally`."""
    kind = event.get("type") if isinstance(event, dict) else getattr(event, "type", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if kind == "message_delta":
        said = view(event)
        _amend(tally, said.usage)
        if said.delta is not None and said.delta.stop_reason is not None:
            tally.reasons[0] = said.delta.stop_reason
    elif kind == "message_start":
        _open(tally, view(event).message)
    elif kind == "message":
        _open(tally, view(event))


def _open(tally: Tally, message: Any) -> None:
    if message is None:
        return
    tally.response_id = tally.response_id or message.id
    tally.response_model = tally.response_model or message.model
    tally.reasons[0] = message.stop_reason
    _amend(tally, message.usage, provisional_output=message.stop_reason is None)


def _amend(tally: Tally, said: Any, *, provisional_output: bool = False) -> None:
    if said is None:
        return
    tally.usage, tally.count_tokens = dict(tally.usage or {}), tokens
    for name in _AMENDABLE:
        value = getattr(said, name)
        if value is not None and not (provisional_output and name == "output_tokens"):
            tally.usage[name] = value
    tally.service_tier = tally.usage.get("service_tier")


def tokens(usage: dict[str, Any]) -> Tokens:
    """The counts in the amended fields; Anthropic's `input_tokens` leave cached ones out, ours don't."""
    uncached, output = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    read_, write = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    written = view(usage.get("cache_creation"))
    parts = [number for number in (uncached, read_, write) if number is not None]
    total_input = sum(parts) if parts else None
    return Tokens(
        input_tokens=total_input,
        cached_tokens=read_,
        output_tokens=output,
        total_tokens=None if total_input is None or output is None else total_input + output,
        cache_write_tokens=write,
        cache_write_1h_tokens=None if written is None else count(written.ephemeral_1h_input_tokens),
    )
