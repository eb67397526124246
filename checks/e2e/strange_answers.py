"""Answers that no provider should give, as bytes that a server can send: whoever answers a call may be anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from replay.scenarios import Answer, Service

__all__ = ["ANSWERS", "CHOICES", "read_by"]

MOST = 2**53 - 1
"""The highest whole number that JSON carries everywhere."""
LONG = 1_500_000
CHOICES = 500_000

_NOTHING = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def _event(**fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini-2024-07-18",
            "choices": [choice], **fields}  # fmt: skip


def _lines(events: Iterable[object]) -> tuple[bytes, ...]:
    """Server-sent events. What is no Unicode is written as JSON escapes it, which every parser takes."""
    return (*(f"data: {json.dumps(event)}\n\n".encode() for event in events), b"data: [DONE]\n\n")


def _chat(*events: object) -> tuple[bytes, ...]:
    return _lines(events)


def _named(text: str) -> tuple[bytes, ...]:
    """Every text that an answer has is this one."""
    choice = {"index": 0, "delta": {}, "finish_reason": text}
    return _chat(
        _event(id=text, model=text, service_tier=text, system_fingerprint=text, provider=text),
        _event(id=text, model=text, service_tier=text, choices=[choice]),
    )


def _charged(*costs: object) -> tuple[bytes, ...]:
    return _chat(*(_event(usage={**_NOTHING, "cost": cost}) for cost in costs))


def _claude() -> tuple[bytes, ...]:
    """The same kinds of strangeness in Anthropic's events."""
    usage = {"input_tokens": MOST, "output_tokens": 1, "service_tier": "\ud800" * 9}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {
            "id": "msg_\x00\udfff", "type": "message", "role": "assistant", "content": [],
            "model": "claude-\ud83d" + "m" * LONG, "stop_reason": None, "stop_sequence": None, "usage": usage}},
        {"type": "message_delta", "delta": {"stop_reason": "s" * LONG, "stop_sequence": None},
         "usage": {"output_tokens": MOST, "server_tool_use": {"web_search_requests": MOST}}},
        {"type": "message_stop"},
    ]  # fmt: skip
    return tuple(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def _choices() -> tuple[bytes, ...]:
    """Half a million choices, each with a reason of its own, in ten events that are whole."""
    each = CHOICES // 10
    choices = [{"index": at, "finish_reason": f"r{at}"} for at in range(CHOICES)]
    return _lines({"model": "gpt-4o-mini", "choices": choices[at : at + each]} for at in range(0, CHOICES, each))


def _bomb() -> tuple[bytes, ...]:
    """One event of 2 MB, each line of which may be its last: whoever parses it at each needs hours."""
    lines = b'data: ,"k": {"y": 1}\n' * 100_000
    return (b'data: {"a": 1\n', *(lines[at : at + 65_536] for at in range(0, len(lines), 65_536)), b"\n")


def _kinds() -> tuple[bytes, ...]:
    """Values of every wrong kind, and numbers beyond every kind of number."""
    huge = int("9" * 400)
    odd: list[Any] = [[1], {"a": [None]}, True, -1, huge, 1e308, float("nan"), float("inf"), "7", None, ""]
    return _lines(
        {**_event(model=value, id=value, service_tier=value), "usage": usage, "choices": choices}
        for value in odd
        for usage in (value, {"prompt_tokens": value, "completion_tokens": value, "cost": value})
        for choices in (value, [value], [{"index": value, "finish_reason": value}])
    )


_DEEP = b"data: " + b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"

_BY_OPENAI: dict[str, tuple[bytes, ...]] = {
    "strange-long-names": _named("m" * LONG),
    "strange-surrogates": _named("gpt-\ud800\udfff\ud83d" * 20),
    "strange-controls": _named("gpt\x00-4o\x1b[31m\r\n\x7f\u202e\u2028\ufeff\U000e0001"),
    "strange-tokens": _chat(_event(usage={"prompt_tokens": MOST, "completion_tokens": MOST, "total_tokens": 2 * MOST})),
    "strange-details": _chat(_event(usage={
        **_NOTHING, "prompt_tokens_details": {"cached_tokens": MOST, "audio_tokens": MOST},
        "completion_tokens_details": {"reasoning_tokens": MOST, "audio_tokens": MOST}})),
    "strange-costs": _charged(1e12, 1e308, MOST),
    "strange-negative-costs": _charged(-1e12),
    "strange-costs-of-no-number": _charged(float("nan"), float("inf"), -float("inf"), "1e999", "9" * 5000),
    "strange-error": _chat({"error": {"message": "\ud800" * 9, "type": "t" * LONG, "code": "\x00" * 9}}),
}  # fmt: skip
_BY_ANTHROPIC = {"strange-claude": _claude()}
_BY_NOBODY = {
    "strange-choices": _choices(),
    "strange-bomb": _bomb(),
    "strange-depth": (_DEEP, *_chat(_event(usage=_NOTHING))),
    "strange-kinds": _kinds(),
}
_ALL: tuple[tuple[Service, dict[str, tuple[bytes, ...]]], ...] = (
    ("openai", _BY_OPENAI), ("anthropic", _BY_ANTHROPIC), ("openai", _BY_NOBODY),
)  # fmt: skip

ANSWERS = {
    name: Answer(id=name, service=service, stream=True, events=events)
    for service, answers in _ALL
    for name, events in answers.items()
}
"""By its name."""
read_by = {"openai": [*_BY_OPENAI], "anthropic": [*_BY_ANTHROPIC], "lines": [*_BY_NOBODY], "bytes": ["strange-bomb"]}
"""Which of them are read by an SDK, and which as lines or bytes of an HTTP client: an SDK needs minutes for those."""
