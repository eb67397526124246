"""Cases 72 to 77: streams that end by themselves, and what only looks like a stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from openai import Stream

from checks.torture.script import STOP, TEXT, choice, chunk, spent
from checks.torture.way import Sync, Way
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import sdk

Wrap = Callable[..., Any]
Play = Callable[..., str]


def outcome(kit: Kit) -> Any:
    return attributes_of(kit.span)["chunkmeter.outcome"]


class ClosesItself(Stream[Any]):
    """OpenAI's stream, of an SDK that closes it as it fails."""

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except BaseException:
            self.close()
            raise


def test_72_a_stream_that_closes_itself_as_it_fails(server: Server, kit: Kit, wrap: Wrap) -> None:
    with sdk.openai_client(server, sdk.PLAIN, "cut=3,drop") as client:
        stream = sdk.chat(client)
        stream.__class__ = ClosesItself
        metered = wrap(stream)
        with pytest.raises(httpx.HTTPError):
            list(metered)
    assert outcome(kit) == "error"


@pytest.mark.wrap_alone("the app gives a span of its own")
async def test_73_its_owner_ends_the_span_on_the_way(way: Way, kit: Kit, wrap: Wrap) -> None:
    """The SDK's own tracing does. It reads as on a span of our own."""
    seen: dict[str, Any] = {}
    for options, expected in (("cut=3", "interrupted"), ("cut=3,drop", "error"), ("", "completed")):
        span = kit.tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"})
        stream = await way.create(way.openai(options=options))
        metered = wrap(_traced(stream, span, sync=isinstance(way, Sync)), span=span)
        try:
            await way.rest(metered)
        except httpx.HTTPError:
            seen["raised"] = options
        assert attributes_of(kit.spans[-1])["chunkmeter.outcome"] == expected
    assert seen == {"raised": "cut=3,drop"}


def _traced(stream: Any, span: Any, *, sync: bool) -> Any:
    def items() -> Any:
        try:
            yield from stream
        finally:
            span.end()

    async def aitems() -> AsyncIterator[Any]:
        try:
            async for item in stream:
                yield item
        finally:
            span.end()

    return items() if sync else aitems()


@pytest.mark.wrap_alone("a generator of the app's own")
async def test_74_its_text_is_no_stream_of_events(way: Way, kit: Kit, wrap: Wrap) -> None:
    """Whoever reads it to the end has not been interrupted."""
    stream = await way.create(way.openai())

    def text() -> Any:
        yield from (each.choices[0].delta.content or "" for each in stream if each.choices)

    async def atext() -> AsyncIterator[Any]:
        async for each in stream:
            if each.choices:
                yield each.choices[0].delta.content or ""

    assert "".join(await way.rest(wrap(text() if isinstance(way, Sync) else atext())))
    assert outcome(kit) == "completed"
    assert attributes_of(kit.span)["chunkmeter.usage.status"] == "missing"


@pytest.mark.wrap_alone("there is no SDK")
async def test_75_lines_are_cut_inside_of_json(way: Way, server: Server, kit: Kit, wrap: Wrap, play: Play) -> None:
    """httpx cuts at U+2028 too, which JSON may hold as it is."""
    script = play([*TEXT, chunk(choice("a\u2028b\u2029\x85c"), usage=None), STOP, chunk(usage=spent(10, 4))])
    url, body = f"{server.url}/id/{script}/v1/chat/completions", {"model": "gpt-4o-mini", "stream": True}
    if isinstance(way, Sync):
        with httpx.stream("POST", url, json=body) as response:
            list(wrap(response.iter_lines()))
    else:
        async with httpx.AsyncClient() as client, client.stream("POST", url, json=body) as response:
            _ = [line async for line in wrap(response.aiter_lines())]
    attributes = attributes_of(kit.span)
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (10, 4)
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert attributes["chunkmeter.chunks"] == 5


async def test_76_an_iterator_is_closed(way: Way, kit: Kit, wrap: Wrap) -> None:
    """An async one can tell: its reader is done. A sync one is closed by every `for` that is left."""
    stream = wrap(await way.create(way.openai()))
    if isinstance(way, Sync):
        items = way.iter(stream)
        next(items)
        getattr(items, "close", lambda: None)()
        assert kit.spans == []
        stream.close()
    else:
        async with aclosing(way.iter(stream)) as items:
            await anext(items)
    assert outcome(kit) == "closed"


async def test_77_asked_by_a_guard_while_another_call_is_sent(way: Way, kit: Kit, wrap: Wrap) -> None:
    """For the same model: two calls, two spans, the guard's below the other's."""
    inner: list[Any] = []
    client, guard = way.openai(), sdk.openai_client(way._server)
    manager = client.chat.completions.stream(model="gpt-4o-mini", messages=sdk.ASK)

    def ask() -> None:
        with guard as asked:
            inner.append(list(wrap(sdk.chat(asked))))

    way.on_request(client, ask)
    async with way.inside(wrap(manager)) as stream:
        await way.rest(stream)
    assert len(inner) == 1
    first, second = kit.spans
    assert first.parent is not None
    assert second.context is not None
    assert first.parent.span_id == second.context.span_id
    assert kit.total("chunkmeter.calls", outcome="completed") == 2
