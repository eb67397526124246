"""Anthropic's messages wire: named events, a ping among them, usage at both ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replay.scenarios.base import compact, pieces

_PING = {"type": "ping"}


@dataclass(frozen=True, slots=True)
class Messages:
    """Writes one answer, streamed or not."""

    id: str
    model: str = "claude-sonnet-4-5-20250929"

    def stream(
        self,
        opening: Mapping[str, Any],
        blocks: Sequence[Sequence[Mapping[str, Any]]],
        stop: str,
        closing: Mapping[str, Any],
    ) -> tuple[bytes, ...]:
        first, *rest = blocks
        events: list[Mapping[str, Any]] = [
            {"type": "message_start", "message": self.message([], None, opening)},
            first[0],
            _PING,
            *first[1:],
            *(event for block in rest for event in block),
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop, "stop_sequence": None},
                "usage": dict(closing),
            },
            {"type": "message_stop"},
        ]
        return tuple(f"event: {event['type']}\ndata: {compact(event)}\n\n".encode() for event in events)

    def message(
        self, content: Iterable[Mapping[str, Any]], stop: str | None, counts: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "model": self.model,
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "content": [dict(block) for block in content],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": dict(counts),
        }


def usage(plain: int, output: int, *, read: int = 0, write_5m: int = 0, write_1h: int = 0) -> dict[str, Any]:
    """The opening usage, or that of a whole message."""
    return {
        "input_tokens": plain,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
        "output_tokens": output,
        "service_tier": "standard",
    }


def _block(at: int, start: Mapping[str, Any], deltas: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": at, "content_block": dict(start)},
        *({"type": "content_block_delta", "index": at, "delta": dict(delta)} for delta in deltas),
        {"type": "content_block_stop", "index": at},
    ]


def text_block(text: str, at: int = 0) -> list[dict[str, Any]]:
    """The events of a text."""
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces(text, 12)]
    return _block(at, {"type": "text", "text": ""}, deltas)


def tool_block(use_id: str, name: str, arguments: Mapping[str, Any], at: int = 0) -> list[dict[str, Any]]:
    """The events of a call, its arguments in pieces."""
    # The first delta of a call is an empty string, always.
    parts = ["", *pieces(compact(arguments), 14)]
    start: dict[str, Any] = {"type": "tool_use", "id": use_id, "name": name, "input": {}}
    return _block(at, start, ({"type": "input_json_delta", "partial_json": part} for part in parts))


def served_block(
    use_id: str, name: str, arguments: Mapping[str, Any], found: Any, at: int = 0
) -> list[list[dict[str, Any]]]:
    """The events of a call that Anthropic serves itself, and those of what came of it, in the next place."""
    start: dict[str, Any] = {"type": "server_tool_use", "id": use_id, "name": name, "input": {}}
    parts = ["", *pieces(compact(arguments), 14)]
    result = {"type": f"{name}_tool_result", "tool_use_id": use_id, "content": found}
    called = _block(at, start, ({"type": "input_json_delta", "partial_json": part} for part in parts))
    return [called, _block(at + 1, result, ())]


def tool_use(use_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A whole call, as in a message."""
    return {"type": "tool_use", "id": use_id, "name": name, "input": dict(arguments)}
