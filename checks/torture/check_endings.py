"""Cases 1 to 18: how a stream ends, or is left."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from openai.lib.streaming.chat import AsyncChatCompletionStream, ChatCompletionStream

from checks.torture.script import TEXT, message_start, text_block
from checks.torture.way import Way, unmetered
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.server import Server
from support import sdk
from support.sdk import PLAIN, count_once, ended, eventually, expect

Wrap = Callable[..., Any]
Play = Callable[..., str]

CLAUDE = "anthropic-plain-stream"
GEMINI = "google-plain-stream"
EVENTS = 8
"""Chunks of the plain stream."""


# --- left by the user ---


async def test_01_break_with_the_stream_kept_ends_by_close_only(way: Way, kit: Kit, wrap: Wrap) -> None:
    stream = wrap(await way.create(way.openai()))
    await way.take(stream, 2)
    gc.collect()
    assert kit.spans == []
    assert kit.total("chunkmeter.streams.open") == 1
    await way.close(stream)
    assert ended(kit, "closed")["chunkmeter.chunks"] == 2
    assert not kit.telemetry.gauges.open


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_02_break_and_let_go_of_is_one_span_with_the_usage_so_far(
    way: Way, kit: Kit, wrap: Wrap, provider: str
) -> None:
    made = way.create(way.openai()) if provider == "openai" else way.message(way.anthropic(CLAUDE))
    held = [wrap(await made, provider=provider, model=None)]
    await way.take(held[0], 2)
    last = time.time_ns()
    await way.let_go(held)
    eventually(lambda: bool(kit.spans))
    attributes = ended(kit, "abandoned")
    assert (kit.span.end_time or 0) <= last
    assert attributes["chunkmeter.chunks"] == 2
    # Anthropic has said what went in with its first event, OpenAI says it with its last.
    expected = by_id[CLAUDE].truth.input_tokens if provider == "anthropic" else None
    assert attributes.get("gen_ai.usage.input_tokens") == expected
    assert attributes["chunkmeter.usage.status"] == ("partial" if expected else "missing")


async def test_03_break_inside_with(way: Way, kit: Kit, wrap: Wrap) -> None:
    async with way.inside(wrap(await way.create(way.openai()))) as stream:
        await way.take(stream, 2)
        assert kit.spans == []
    assert ended(kit, "closed")["chunkmeter.chunks"] == 2


async def test_04_break_inside_the_openai_helper_ends_with_its_context(way: Way, kit: Kit, wrap: Wrap) -> None:
    async with way.inside(wrap(sdk.chat_manager(way.openai()))) as stream:
        assert isinstance(stream, ChatCompletionStream | AsyncChatCompletionStream)
        await way.take(stream, 2)
        assert kit.spans == []
    ended(kit, "closed")


@pytest.mark.parametrize("helper", ["text_stream", "get_final_message", "until_done"])
async def test_05_break_inside_the_anthropic_helper_then_its_methods(
    way: Way, kit: Kit, wrap: Wrap, helper: str
) -> None:
    manager = wrap(sdk.message_manager(way.anthropic(CLAUDE), CLAUDE), provider="anthropic")
    async with way.inside(manager) as stream:
        await way.take(stream, 2)
        assert kit.spans == []
        if helper == "text_stream":
            await way.rest(stream.text_stream)
        else:
            await way.call(getattr(stream, helper))
    expect(kit.span, CLAUDE)
    count_once(kit, CLAUDE)


# Google's SDK subclasses aiohttp's session.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
@pytest.mark.parametrize("provider", ["openai", "google"])
async def test_06_close_and_aclose(way: Way, kit: Kit, wrap: Wrap, provider: str) -> None:
    """OpenAI's streams have `close` alone, Google's are generators: the async one has `aclose` alone."""
    if provider == "openai":
        stream = wrap(await way.create(way.openai()))
    else:
        stream = wrap(await way.contents(way.google(GEMINI), "gemini-2.5-flash"), provider="google")
    await way.next(stream)
    await way.close(stream)
    await way.close(stream)
    ended(kit, "closed")


async def test_07_entering_gives_the_metered_stream(way: Way, kit: Kit, wrap: Wrap) -> None:
    for stream in (
        wrap(await way.create(way.openai())),
        wrap(await way.message(way.anthropic(CLAUDE)), provider="anthropic"),
    ):
        async with way.inside(stream) as entered:
            assert entered is stream
            await way.rest(entered)
    outcomes = [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans]
    assert outcomes == ["completed", "completed"]


async def test_08_never_iterated_and_let_go_of(way: Way, kit: Kit, wrap: Wrap) -> None:
    held = [wrap(await way.create(way.openai()))]
    await way.let_go(held)
    eventually(lambda: bool(kit.spans))
    attributes = ended(kit, "abandoned")
    assert attributes["chunkmeter.chunks"] == 0
    assert "gen_ai.response.finish_reasons" not in attributes
    assert kit.span.end_time == kit.span.start_time


async def test_09_iterated_twice_ends_once(way: Way, kit: Kit, wrap: Wrap, caplog: pytest.LogCaptureFixture) -> None:
    stream = wrap(await way.create(way.openai()))
    assert len(await way.rest(stream)) == EVENTS
    assert await way.rest(stream) == []
    assert await way.next_or_none(stream) is None
    await way.close(stream)
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)
    # The SDK warns of whatever is done to a span that has ended.
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_10_two_iterators_and_next_are_one_stream(way: Way, kit: Kit, wrap: Wrap) -> None:
    bare = [event.model_dump() for event in await way.rest(await unmetered(way, way.openai()))]
    stream = wrap(await way.create(way.openai()))
    one, other = way.iter(stream), way.iter(stream)
    read = [await way.next(one), await way.next(other), await way.next(stream), await way.next(one)]
    read += [*await way.rest(other), *await way.rest(one), *await way.rest(stream)]
    assert [event.model_dump() for event in read] == bare
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == EVENTS


# --- failed or cut ---


def noting(stream: Any, raised: list[BaseException]) -> Any:
    """The SDK's stream, with what it raises noted before any tap."""
    source = stream._iterator

    def watched() -> Iterator[Any]:
        try:
            yield from source
        except Exception as error:
            raised.append(error)
            raise

    async def awatched() -> AsyncIterator[Any]:
        try:
            async for item in source:
                yield item
        except Exception as error:
            raised.append(error)
            raise

    stream._iterator = watched() if hasattr(source, "__next__") else awatched()
    return stream


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_11_an_error_event_after_some_chunks(way: Way, kit: Kit, wrap: Wrap, provider: str) -> None:
    """The SDK's own exception, the very object; the usage so far is told."""
    raised: list[BaseException] = []
    if provider == "openai":
        made, kind = way.create(way.openai(PLAIN, "error_after=4")), openai.APIError
    else:
        made, kind = way.message(way.anthropic(CLAUDE, "error_after=4")), anthropic.APIStatusError
    stream = wrap(noting(await made, raised), provider=provider, model=None)
    with pytest.raises(kind) as caught:
        await way.rest(stream)
    assert raised == [caught.value]
    error = type(caught.value)
    attributes = ended(kit, "error", f"{error.__module__}.{error.__qualname__}")
    assert str(caught.value) not in str(attributes)
    expected = by_id[CLAUDE].truth.input_tokens if provider == "anthropic" else None
    assert attributes.get("gen_ai.usage.input_tokens") == expected
    assert "gen_ai.usage.output_tokens" not in attributes


@pytest.mark.parametrize("cut", ["drop", "reset"])
async def test_12_the_connection_is_cut_inside_a_chunk(way: Way, kit: Kit, wrap: Wrap, play: Play, cut: str) -> None:
    name = play([*TEXT, b'data: {"id": "chatcmpl-tor'])
    stream = wrap(await way.create(way.openai(name, f"cut=3,{cut},delay=0.02")))
    kind = httpx.RemoteProtocolError if cut == "drop" else httpx.ReadError
    with pytest.raises(kind):
        await way.rest(stream)
    attributes = ended(kit, "error", f"httpx.{kind.__name__}")
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_13_the_server_ends_without_a_last_event(
    way: Way, kit: Kit, wrap: Wrap, play: Play, provider: str
) -> None:
    if provider == "openai":
        made = way.create(way.openai(play(TEXT)))
    else:
        events = [message_start(input_tokens=40, output_tokens=1), *text_block("Lisbon")]
        made = way.message(way.anthropic(play(events, "anthropic")))
    await way.rest(wrap(await made, provider=provider, model=None))
    attributes = ended(kit, "interrupted", "stream_interrupted")
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert attributes.get("gen_ai.usage.input_tokens") == (40 if provider == "anthropic" else None)
    assert "gen_ai.usage.output_tokens" not in attributes


async def test_14_an_exception_in_the_user_loop_is_not_the_provider_fault(way: Way, kit: Kit, wrap: Wrap) -> None:
    error = LookupError("the user's own")

    async def read() -> None:
        async with way.inside(wrap(await way.create(way.openai()))) as stream:
            await way.next(stream)
            raise error

    with pytest.raises(LookupError) as caught:
        await read()
    assert caught.value is error
    ended(kit, "closed")


# --- cancelled ---


@pytest.mark.parametrize("by", ["task.cancel", "wait_for", "timeout"])
async def test_15_a_cancellation_passes_unchanged(server: Server, kit: Kit, wrap: Wrap, by: str) -> None:
    async with sdk.async_openai_client(server, PLAIN, "stall=2") as client:
        stream = wrap(await sdk.chat(client))
        cancelled: list[asyncio.CancelledError] = []
        for _ in range(2):
            await anext(stream)

        async def read() -> None:
            try:
                await anext(stream)
            except asyncio.CancelledError as error:
                cancelled.append(error)
                raise

        if by == "task.cancel":
            task = asyncio.create_task(read())
            await asyncio.sleep(0.1)
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert cancelled[0].args == ("enough",)
        elif by == "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(read(), 0.1)
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await read()
        assert len(cancelled) == 1
        assert ended(kit, "cancelled")["chunkmeter.chunks"] == 2
        await stream.close()


@pytest.mark.parametrize("options", ["first=5", "stall=0"], ids=["before the headers", "before the first chunk"])
async def test_16_a_cancellation_before_the_first_chunk(server: Server, kit: Kit, wrap: Wrap, options: str) -> None:
    async with sdk.async_openai_client(server, PLAIN, options) as client:
        manager = wrap(sdk.chat_manager(client))

        async def read() -> None:
            async with manager as stream:
                async for _ in stream:
                    raise AssertionError("nothing was to come")

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read(), 1)
    attributes = ended(kit, "cancelled")
    assert attributes["chunkmeter.chunks"] == 0
    assert "gen_ai.response.finish_reasons" not in attributes


def raising(stream: Any, error: BaseException) -> Any:
    """The SDK's stream, whose third step raises."""
    source = stream._iterator

    def broken() -> Iterator[Any]:
        yield next(source)
        yield next(source)
        raise error

    async def abroken() -> AsyncIterator[Any]:
        yield await anext(source)
        yield await anext(source)
        raise error

    stream._iterator = broken() if hasattr(source, "__next__") else abroken()
    return stream


@pytest.mark.parametrize("kind", [GeneratorExit, KeyboardInterrupt, SystemExit])
async def test_17_an_interrupt_inside_next_passes_unchanged(
    way: Way, kit: Kit, wrap: Wrap, kind: type[BaseException]
) -> None:
    error = kind()
    stream = wrap(raising(await way.create(way.openai()), error))
    with pytest.raises(kind) as caught:
        await way.rest(stream)
    assert caught.value is error
    if kind is GeneratorExit:  # As one leaves a generator that is closed: the stream itself may still be read.
        assert kit.spans == []
    await way.close(stream)
    attributes = ended(kit, "closed" if kind is GeneratorExit else "cancelled")
    assert attributes["chunkmeter.chunks"] == 2


def test_18_loop_shutdown_closes_an_async_generator_in_another_task(
    server: Server, kit: Kit, wrap: Wrap, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[Any] = []

    async def main() -> None:
        client = sdk.async_openai_client(server)
        kept.append(client)

        async def texts() -> AsyncIterator[str]:
            async with wrap(await sdk.chat(client)) as stream:
                async for event in stream:
                    yield event.choices[0].delta.content

        items = texts()
        kept.append(items)
        with kit.tracer.start_as_current_span("request"):
            await anext(items)
        await client.close()

    asyncio.run(main())
    span = next(span for span in kit.spans if span.name != "request")
    assert attributes_of(span)["chunkmeter.outcome"] == "closed"
    assert len(kit.spans) == 2
    assert kit.total("chunkmeter.calls", outcome="closed") == kit.total("chunkmeter.calls") == 1
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
