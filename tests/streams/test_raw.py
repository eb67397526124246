"""Streams without an SDK: what HTTP clients give of a body, metered by `wrap`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from operator import methodcaller
from typing import Any

import aiohttp
import httpx
import pytest
import requests

import chunkmeter
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.server import Server
from support.sdk import PLAIN, count_once, expect, route
from support.streams import events_of

ASK: dict[str, Any] = {"json": {"model": by_id[PLAIN].model, "stream": True}}
CHUNKS = len(by_id[PLAIN].events) - 1  # without [DONE]


def url(server: Server, scenario: str = PLAIN) -> str:
    return f"{route(server, scenario)}/v1/chat/completions"


def metered(kit: Kit, stream: Any, *, provider: str | None = "openai", **keywords: Any) -> Any:
    return chunkmeter.wrap(stream, telemetry=kit.telemetry, provider=provider, **keywords)


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(methodcaller("iter_lines"), id="lines"),
        pytest.param(methodcaller("iter_bytes"), id="bytes"),
        pytest.param(methodcaller("iter_bytes", chunk_size=7), id="sevens"),
        pytest.param(methodcaller("iter_text"), id="text"),
    ],
)
@pytest.mark.parametrize("wire", [None, "openai_chat"])
def test_httpx(kit: Kit, server: Server, items: Callable[[httpx.Response], Any], wire: str | None) -> None:
    """The items are the user's own; the call is read from them, its wire told or found out."""
    with httpx.Client() as client, client.stream("POST", url(server), **ASK) as response:
        bare = list(items(response))
    with httpx.Client() as client, client.stream("POST", url(server), **ASK) as response:
        assert list(metered(kit, items(response), model=by_id[PLAIN].model, wire=wire)) == bare
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == CHUNKS


async def test_async_httpx(kit: Kit, server: Server) -> None:
    """The same, async."""
    async with httpx.AsyncClient() as client, client.stream("POST", url(server), **ASK) as response:
        lines = [line async for line in metered(kit, response.aiter_lines())]
    assert lines[-2] == "data: [DONE]"
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


def itself(content: aiohttp.StreamReader) -> aiohttp.StreamReader:
    return content


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(itself, id="the reader itself"),
        pytest.param(methodcaller("iter_any"), id="any"),
        pytest.param(methodcaller("iter_chunks"), id="chunks, in pairs"),
    ],
)
async def test_aiohttp(kit: Kit, server: Server, items: Callable[[aiohttp.StreamReader], Any]) -> None:
    """Lines that keep their ends, pieces, and pieces in pairs with whether they end a chunk."""
    async with aiohttp.ClientSession() as session, session.post(url(server), **ASK) as response:
        stream: AsyncIterator[Any] = metered(kit, items(response.content))
        assert [item async for item in stream]
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


def test_requests(kit: Kit, server: Server) -> None:
    """Lines of bytes."""
    with requests.post(url(server), stream=True, timeout=10, **ASK) as response:
        assert list(metered(kit, response.iter_lines()))
    expect(kit.span, PLAIN)


def test_json_events(kit: Kit) -> None:
    """A proxy that has parsed them already."""
    events = events_of(PLAIN)
    assert list(metered(kit, (event for event in events))) == events
    expect(kit.span, PLAIN)


def test_the_wire_tells_the_operation(kit: Kit) -> None:
    """Whose stream it is was said, that it is a text completion its events tell; the span's name follows."""
    choice = {"index": 0, "text": "Hi", "finish_reason": "stop"}
    line = json.dumps({"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [choice]})
    list(metered(kit, (text for text in [f"data: {line}", "", "data: [DONE]", ""]), model="m"))
    assert kit.span.name == "text_completion m"
    assert attributes_of(kit.span)["gen_ai.operation.name"] == "text_completion"
    assert kit.total("chunkmeter.calls", operation__name="text_completion") == 1


def test_somebody_else_s_span_keeps_its_operation(kit: Kit) -> None:
    """Its owner named it."""
    line = {"model": "gemini", "candidates": [{"index": 0, "finishReason": "STOP"}]}
    with kit.tracer.start_as_current_span("chat gemini", attributes={"gen_ai.operation.name": "chat"}):
        list(metered(kit, (event for event in [line]), provider="google"))
    assert (kit.span.name, attributes_of(kit.span)["gen_ai.operation.name"]) == ("chat gemini", "chat")


def test_ollama_s_lines(kit: Kit) -> None:
    """JSON lines, their wire told by themselves."""
    lines = [
        '{"model":"llama3","message":{"content":"Hi"},"done":false}',
        '{"model":"llama3","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":17,"eval_count":5}',
    ]
    list(metered(kit, (line for line in lines), provider="ollama", model="llama3"))
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (17, 5)


def test_first_chunk_time_is_the_first_event_s(kit: Kit) -> None:
    """A comment that keeps the connection alive is no chunk."""
    line = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    stream = metered(kit, (text for text in [": PROCESSING", "", f"data: {line}", ""]), start_time=1_000_000_000)
    next(stream)
    next(stream)
    call = stream._chunkmeter_lease.call
    waiting = call.first_ns
    next(stream)
    assert call.first_ns > waiting
    list(stream)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == 1


def test_text_that_is_no_json(kit: Kit) -> None:
    """It is counted, read as nothing, and no failure of the provider's."""
    items = ["event: output", "data: Sure", "", "event: done", "data: {}", ""]
    assert list(metered(kit, (item for item in items), provider=None)) == items
    attributes = attributes_of(kit.span)
    assert (attributes["chunkmeter.outcome"], attributes["chunkmeter.usage.status"]) == ("completed", "missing")
    assert kit.total("chunkmeter.errors", stage="reader") == 1
