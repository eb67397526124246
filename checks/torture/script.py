"""Answers written event by event, for what no provider sends on purpose."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from replay.scenarios import Answer, Service
from replay.scenarios.base import sse
from replay.server import Server

MODEL = "gpt-4o-mini-2024-07-18"
CLAUDE = "claude-sonnet-4-5-20250929"

_numbers = itertools.count(1)


def play(server: Server, events: Iterable[dict[str, Any] | bytes], service: Service = "openai") -> str:
    """Have the server answer with these events, one write each.

    Returns:
        The name to ask for.
    """
    name = f"script-{next(_numbers)}"
    written = tuple(event if isinstance(event, bytes) else _FRAMES[service](event) for event in events)
    if service == "openai":
        written = (*written, b"data: [DONE]\n\n")
    server.scripts[name] = Answer(id=name, service=service, stream=True, events=written)
    return name


def _openai(event: dict[str, Any]) -> bytes:
    return sse([event], done=False)[0]


def _anthropic(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _google(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\r\n\r\n".encode()


_FRAMES = {"openai": _openai, "anthropic": _anthropic, "google": _google}


# --- OpenAI's chunks ---


def chunk(*choices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chunk with these choices; `fields` add or replace."""
    envelope = {"id": "chatcmpl-torture", "object": "chat.completion.chunk", "created": 1763800000, "model": MODEL}
    return {**envelope, "choices": list(choices), **fields}


def choice(content: str | None = None, finish: str | None = None, index: int = 0, **fields: Any) -> dict[str, Any]:
    """A choice with a piece of text, or with nothing new."""
    delta = {} if content is None else {"content": content}
    return {"index": index, "delta": delta, "finish_reason": finish, **fields}


def spent(prompt: int, completion: int, **fields: Any) -> dict[str, Any]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **fields,
    }


TEXT = (chunk(choice("Lis")), chunk(choice("bon")))
"""Two chunks of text, which each script that says nothing of its own begins with."""
STOP = chunk(choice(finish="stop"))


def answered(*events: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], ...]:
    """Text, the finish reason, and what comes after it; `fields` add to each chunk, or replace."""
    return tuple(event | fields for event in (*TEXT, STOP, *events))


def billed(usage: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], ...]:
    """The usual stream with this usage in a chunk of its own."""
    return answered(chunk(usage=usage), **fields)


# --- Anthropic's events ---


def message_start(**usage: Any) -> dict[str, Any]:
    message = {"id": "msg_torture", "type": "message", "role": "assistant", "model": CLAUDE, "content": []}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}}


def text_block(text: str) -> tuple[dict[str, Any], ...]:
    return (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
    )


def message_end(stop: str = "end_turn", **usage: Any) -> tuple[dict[str, Any], ...]:
    delta = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
    return delta, {"type": "message_stop"}
