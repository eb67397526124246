"""An ASGI app that streams an LLM's answer, a chunk every 0.2 s, and knows of no telemetry but `wrap`.

`FLUSHES=code` has it call `flush_on_exit()`, as an app does that sees to its end by itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import chunkmeter

EVENTS: list[dict[str, Any]] = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini", **rest}
    for rest in (
        *[{"choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]}] * 5,
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}},
    )
]

if os.environ.get("FLUSHES") == "code":
    chunkmeter.flush_on_exit()


async def events() -> AsyncIterator[dict[str, Any]]:
    for event in EVENTS:
        await asyncio.sleep(0.2)
        yield event


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    async for _ in chunkmeter.wrap(events(), provider="openai", model="gpt-4o-mini"):
        await send({"type": "http.response.body", "body": b"chunk\n", "more_body": True})
    await send({"type": "http.response.body"})
