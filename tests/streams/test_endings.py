"""How a stream may end, by the truth table: exactly one span and one count, with the right outcome, every time."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openai import APIError
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

import chunkmeter
from chunkmeter import Settings
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.server import Server
from support import sdk
from support.sdk import PLAIN, count_once, ended, eventually, expect
from support.streams import agenerated, events_of, generated

EVENTS: list[dict[str, Any]] = events_of(PLAIN)
FINISHED = 7
"""Events up to and with the one that brings the finish reason."""


@pytest.fixture
def wrap(kit: Kit) -> Callable[[Any], Any]:
    return lambda stream: chunkmeter.wrap(stream, provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry)


# --- exhaustion ---


def test_exhausted_and_final_is_completed(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Every choice has said why it stopped."""
    with sdk.openai_client(server) as client:
        list(wrap(sdk.chat(client)))
    expect(kit.span, PLAIN)
    ended(kit, "completed")


def test_exhausted_but_not_final_is_interrupted(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The provider went away without a word: an error, on the span a choice without reason reads `error`."""
    with sdk.openai_client(server, PLAIN, "cut=3") as client:
        assert len(list(wrap(sdk.chat(client)))) == 3
    attributes = ended(kit, "interrupted", "stream_interrupted")
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert "chunkmeter.response.raw_finish_reasons" not in attributes
    assert attributes["chunkmeter.finish_reason"] == "none"
    assert attributes["chunkmeter.usage.status"] == "missing"
    assert kit.total("chunkmeter.calls", finish_reason="none") == 1


def test_exhausted_without_usage_is_completed_all_the_same(
    server: Server, kit: Kit, wrap: Callable[[Any], Any]
) -> None:
    """Missing usage never changes the outcome, and is no zero."""
    with sdk.openai_client(server, PLAIN, f"cut={FINISHED}") as client:
        list(wrap(sdk.chat(client)))
    attributes = ended(kit, "completed")
    assert attributes["chunkmeter.usage.status"] == "missing"
    assert attributes["chunkmeter.cost.status"] == "no_usage"
    assert not {"gen_ai.usage.input_tokens", "gen_ai.usage.cost.amount"} & attributes.keys()
    assert kit.points("gen_ai.client.token.usage") == []
    assert kit.points("chunkmeter.spend") == []


def test_a_stream_without_any_chunk_is_interrupted(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """With nothing seen, the finish reasons are left out."""
    with sdk.openai_client(server, PLAIN, "cut=0") as client:
        assert list(wrap(sdk.chat(client))) == []
    attributes = ended(kit, "interrupted", "stream_interrupted")
    assert "gen_ai.response.finish_reasons" not in attributes
    assert attributes["chunkmeter.chunks"] == 0


async def test_async_exhaustion(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The async twin: final or not."""
    async with sdk.async_openai_client(server) as client:
        assert len([chunk async for chunk in wrap(await sdk.chat(client))]) == len(EVENTS)
    expect(kit.span, PLAIN)
    async with sdk.async_openai_client(server, PLAIN, "cut=3") as client:
        assert len([chunk async for chunk in wrap(await sdk.chat(client))]) == 3
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["completed", "interrupted"]


def test_a_stream_asked_again_after_its_end_is_not_ended_again(
    server: Server, kit: Kit, wrap: Callable[[Any], Any]
) -> None:
    """A second pass is empty, closing afterwards changes nothing."""
    with sdk.openai_client(server) as client:
        stream = wrap(sdk.chat(client))
        list(stream)
        assert list(stream) == []
        assert next(stream, None) is None
        stream.close()
    count_once(kit, PLAIN)
    ended(kit, "completed")


# --- errors ---


def test_a_dropped_connection_is_an_error(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The SDK's exception reaches the user, its type is told."""
    with sdk.openai_client(server, PLAIN, "cut=3,drop") as client, pytest.raises(httpx.RemoteProtocolError):
        list(wrap(sdk.chat(client)))
    assert ended(kit, "error", "httpx.RemoteProtocolError")["chunkmeter.chunks"] == 3


def test_a_reset_connection_is_an_error(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The same, by RST. What had arrived before may be lost with it."""
    with sdk.openai_client(server, PLAIN, "cut=3,reset,delay=0.02") as client, pytest.raises(httpx.ReadError):
        list(wrap(sdk.chat(client)))
    ended(kit, "error", "httpx.ReadError")


def test_an_error_event_is_an_error(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The provider gives up in the middle: its text, which may hold secrets, is not told."""
    with sdk.openai_client(server, PLAIN, "error_after=4") as client, pytest.raises(APIError) as caught:
        list(wrap(sdk.chat(client)))
    attributes = ended(kit, "error", "openai.APIError")
    assert attributes["chunkmeter.chunks"] == 4
    assert caught.value.message not in str(attributes.values())


async def test_async_errors(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The async twin of an error event and a dropped connection."""
    for options, kind in (("error_after=4", APIError), ("cut=3,drop", httpx.RemoteProtocolError)):
        async with sdk.async_openai_client(server, PLAIN, options) as client:
            with pytest.raises(kind):
                _ = [chunk async for chunk in wrap(await sdk.chat(client))]
    assert [attributes_of(span)["error.type"] for span in kit.spans] == [
        "openai.APIError",
        "httpx.RemoteProtocolError",
    ]
    assert kit.total("chunkmeter.calls", outcome="error") == 2


def next_by_next(items: Any) -> list[Any]:
    return [next(items), next(items), next(items)]


@pytest.mark.parametrize("pull", [list[Any], next_by_next])
def test_the_user_s_own_exception_passes_unchanged(
    kit: Kit, wrap: Callable[[Any], Any], pull: Callable[[Any], Any]
) -> None:
    """The very object, without cause or context added."""
    error = ValueError("sk-secret")
    with pytest.raises(ValueError, match="sk-secret") as caught:
        pull(wrap(generated(EVENTS[:2], error)))
    assert caught.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    assert "sk-secret" not in str(ended(kit, "error", "ValueError").values())


async def test_the_user_s_own_exception_passes_unchanged_async(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The async twin."""
    error = ValueError("sk-secret")
    with pytest.raises(ValueError, match="sk-secret") as caught:
        _ = [chunk async for chunk in wrap(agenerated(EVENTS[:2], error))]
    assert caught.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    ended(kit, "error", "ValueError")


def test_an_exception_of_the_loop_s_body_is_not_the_provider_s(
    server: Server, kit: Kit, wrap: Callable[[Any], Any]
) -> None:
    """Inside `with` the stream is closed by it, not failed."""

    def read(stream: Any) -> None:
        with stream as entered:
            for _ in entered:
                raise ValueError("mine")

    with sdk.openai_client(server) as client, pytest.raises(ValueError, match="mine"):
        read(wrap(sdk.chat(client)))
    ended(kit, "closed")


# --- cancellation ---


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("seen", [0, 2])
def test_an_interrupt_inside_next_is_a_cancellation(
    kit: Kit, wrap: Callable[[Any], Any], kind: type[BaseException], seen: int
) -> None:
    """It passes unchanged and is no error."""
    error = kind()
    with pytest.raises(kind) as caught:
        list(wrap(generated(EVENTS[:seen], error)))
    assert caught.value is error
    assert ended(kit, "cancelled")["chunkmeter.chunks"] == seen


@pytest.mark.parametrize("options", ["first=5", "delay=5"], ids=["before the headers", "before the first chunk"])
async def test_a_task_cancelled_while_it_waits(
    server: Server, kit: Kit, wrap: Callable[[Any], Any], options: str
) -> None:
    """CancelledError at the await inside the stream, before any chunk."""
    async with sdk.async_openai_client(server, PLAIN, options) as client:
        manager = wrap(sdk.chat_manager(client))
        waiting = asyncio.Event()

        async def read() -> None:
            waiting.set()
            async with manager as stream:
                async for _ in stream:
                    pass

        task = asyncio.create_task(read())
        await waiting.wait()
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert ended(kit, "cancelled")["chunkmeter.chunks"] == 0


async def test_a_task_cancelled_between_chunks(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """After some chunks, at the await for the next."""
    async with sdk.async_openai_client(server, PLAIN, "delay=0.15") as client:
        stream = wrap(await sdk.chat(client))
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in stream:
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 1 <= ended(kit, "cancelled")["chunkmeter.chunks"] < len(EVENTS)
        await stream.close()


async def test_wait_for_on_one_chunk_cancels_the_call(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """`wait_for(anext(stream))` runs the step in a task of its own."""
    async with sdk.async_openai_client(server, PLAIN, "delay=2") as client:
        stream = wrap(await sdk.chat(client))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.1)
        ended(kit, "cancelled")
        await stream.close()


async def test_a_task_cancelled_in_the_loop_s_body(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """At an await of the user's own, inside `async with`: cancelled, though the context manager closes the stream."""
    async with sdk.async_openai_client(server) as client:
        reading = asyncio.Event()

        async def read() -> None:
            async with wrap(await sdk.chat(client)) as stream:
                async for _ in stream:
                    reading.set()
                    await asyncio.sleep(60)

        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    ended(kit, "cancelled")


def test_an_interrupt_in_the_loop_s_body(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The sync twin, on a stream and on the helper's manager."""

    def read(stream: Any) -> None:
        with stream as entered:
            for _ in entered:
                raise KeyboardInterrupt

    with sdk.openai_client(server) as client:
        for stream in (sdk.chat(client), sdk.chat_manager(client)):
            with pytest.raises(KeyboardInterrupt):
                read(wrap(stream))
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["cancelled", "cancelled"]


# --- close and context exit ---


def leave_by_close(stream: Any) -> None:
    for _ in stream:
        break
    stream.close()


def leave_by_with(stream: Any) -> None:
    with stream:
        for _ in stream:
            break


@pytest.mark.parametrize("leave", [leave_by_close, leave_by_with])
def test_a_stream_left_early_is_closed(
    server: Server, kit: Kit, wrap: Callable[[Any], Any], leave: Callable[[Any], None]
) -> None:
    """By close or by its context; partial facts are told."""
    with sdk.openai_client(server) as client:
        leave(wrap(sdk.chat(client)))
    attributes = ended(kit, "closed")
    assert attributes["chunkmeter.chunks"] == 1
    assert attributes["gen_ai.response.id"] == by_id[PLAIN].truth.response_id


async def test_an_async_stream_left_early_is_closed(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The async twin of both."""
    async with sdk.async_openai_client(server) as client:
        async with wrap(await sdk.chat(client)) as stream:
            async for _ in stream:
                break
            assert kit.spans == []
        ended(kit, "closed")
        stream = wrap(await sdk.chat(client))
        await anext(stream)
        await stream.close()
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["closed", "closed"]


def test_a_final_stream_left_early_is_completed(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """All had been said but the usage."""
    items = wrap(generated(EVENTS))
    for _ in range(FINISHED):
        next(items)
    items.close()
    assert ended(kit, "completed")["gen_ai.response.finish_reasons"] == ["stop"]


async def test_an_async_generator_is_closed_by_aclose(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """As by close."""
    items = wrap(agenerated(EVENTS))
    await anext(items)
    await items.aclose()
    ended(kit, "closed")


def test_break_is_a_pause(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """While the stream is referenced, nothing settles; iteration goes on where it was."""
    with sdk.openai_client(server) as client:
        stream = wrap(sdk.chat(client))
        for _ in stream:
            break
        gc.collect()
        assert kit.spans == []
        assert kit.total("chunkmeter.streams.open") == 1
        assert len(list(stream)) == len(EVENTS) - 1
    expect(kit.span, PLAIN)
    ended(kit, "completed")


def test_an_iterator_keeps_its_stream_s_call_open(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The stream itself may be gone."""
    with sdk.openai_client(server) as client:
        items = iter(wrap(sdk.chat(client)))
        next(items)
        gc.collect()
        assert kit.spans == []
        list(items)
    expect(kit.span, PLAIN)


def test_a_generator_let_go_of_closes_the_stream_in_it(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Its `with` runs in a finalizer, so the settling is left to the thread: closed, at that time."""

    def texts(client: Any) -> Iterator[str]:
        with wrap(sdk.chat(client)) as stream:
            for chunk in stream:
                yield chunk.choices[0].delta.content

    with sdk.openai_client(server) as client:
        items = texts(client)
        next(items)
        del items
        eventually(lambda: bool(kit.spans))
    ended(kit, "closed")


# --- garbage, idleness, exit, fork ---


def test_a_stream_let_go_of_is_abandoned(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Found by the collector: it ends with the last chunk it gave, not when it was found."""
    with sdk.openai_client(server) as client:
        stream = wrap(sdk.chat(client))
        for _ in stream:
            break
        after = time.time_ns()
        del stream
        time.sleep(0.05)
        eventually(lambda: bool(kit.spans))
    assert ended(kit, "abandoned")["chunkmeter.chunks"] == 1
    assert (kit.span.end_time or 0) <= after


def test_a_final_stream_let_go_of_is_completed(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Nobody waited for the usage."""
    items = wrap(generated(EVENTS))
    for _ in range(FINISHED):
        next(items)
    del items
    eventually(lambda: bool(kit.spans))
    ended(kit, "completed")


def test_a_stream_never_read_is_abandoned(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """It ends when it began."""
    wrap(generated(EVENTS))
    eventually(lambda: bool(kit.spans))
    assert ended(kit, "abandoned")["chunkmeter.chunks"] == 0
    assert kit.span.start_time == kit.span.end_time


async def test_an_async_stream_let_go_of_is_abandoned(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """The async twin."""
    async with sdk.async_openai_client(server) as client:
        stream = wrap(await sdk.chat(client))
        async for _ in stream:
            break
        response = stream.response
        del stream
        await asyncio.sleep(0.05)  # The loop holds the SDK's own generator until it has closed it.
        eventually(lambda: bool(kit.spans))
        await response.aclose()
    ended(kit, "abandoned")


def test_an_idle_stream_is_abandoned(server: Server) -> None:
    """After idle_timeout; later chunks pass on, each counted as late."""
    kit = Kit(settings=Settings(idle_timeout=1))
    with sdk.openai_client(server) as client:
        stream: Any = chunkmeter.wrap(sdk.chat(client), provider="openai", telemetry=kit.telemetry)
        next(stream)
        last = time.time_ns()
        eventually(lambda: bool(kit.spans))
        assert ended(kit, "abandoned")["chunkmeter.chunks"] == 1
        assert (kit.span.end_time or 0) <= last
        rest = list(stream)
    assert len(rest) == len(EVENTS) - 1
    assert len(kit.spans) == 1
    assert kit.total("chunkmeter.errors", stage="late") == len(rest)
    assert kit.total("chunkmeter.calls") == 1
    kit.shutdown()


def test_a_stream_is_not_idle_while_it_is_waited_for(server: Server) -> None:
    """However long the provider takes for the headers or a chunk: that is latency."""
    kit = Kit(settings=Settings(idle_timeout=1))
    with sdk.openai_client(server, PLAIN, "first=2.5,cut=1") as client:
        manager: Any = chunkmeter.wrap(sdk.chat_manager(client), provider="openai", telemetry=kit.telemetry)
        with manager as stream:
            list(stream)
    with sdk.openai_client(server, PLAIN, "delay=2.5,cut=1") as client:
        list(chunkmeter.wrap(sdk.chat(client), provider="openai", telemetry=kit.telemetry))
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["interrupted", "interrupted"]
    assert kit.total("chunkmeter.errors") == 0
    kit.shutdown()


def test_a_request_sent_long_ago_makes_no_stream_idle() -> None:
    """Idleness counts from when the user was handed the stream."""
    kit = Kit(settings=Settings(idle_timeout=5))
    items = chunkmeter.wrap(generated(EVENTS), start_time=time.time_ns() - 10**10, telemetry=kit.telemetry)
    assert kit.total("chunkmeter.streams.oldest_idle") < 5
    list(items)
    kit.shutdown()


@pytest.mark.slow
def test_open_streams_and_the_oldest_idle_one_are_observable(kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Two gauges tell how many there are, and how long the oldest has been paused."""
    assert kit.total("chunkmeter.streams.open") == 0
    assert kit.total("chunkmeter.streams.oldest_idle") == 0
    old, new = wrap(generated(EVENTS)), wrap(generated(EVENTS))
    began = time.time()
    next(old)
    time.sleep(0.1)
    later = time.time()
    next(new)
    assert kit.total("chunkmeter.streams.open") == 2
    assert 0.1 <= kit.total("chunkmeter.streams.oldest_idle") <= time.time() - began
    list(old)
    assert kit.total("chunkmeter.streams.open") == 1
    assert kit.total("chunkmeter.streams.oldest_idle") <= time.time() - later
    list(new)
    assert kit.total("chunkmeter.streams.open") == 0


# --- exactly once ---


@pytest.mark.parametrize("attempt", range(5))
def test_racing_endings_settle_once(kit: Kit, wrap: Callable[[Any], Any], attempt: int) -> None:
    """Many threads close, one call is counted and one span ended."""
    items = wrap(generated(EVENTS))
    for _ in range(attempt):
        next(items)
    barrier = threading.Barrier(8)

    def close() -> None:
        barrier.wait()
        items.close()

    threads = [threading.Thread(target=close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended(kit, "closed")


def test_a_stream_may_be_read_by_another_thread(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """Made in one thread, read in another."""
    with sdk.openai_client(server) as client:
        stream = wrap(sdk.chat(client))
        thread = threading.Thread(target=lambda: list(stream))
        thread.start()
        thread.join()
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


async def test_each_step_may_run_in_a_task_of_its_own(server: Server, kit: Kit, wrap: Callable[[Any], Any]) -> None:
    """As some frameworks drive a stream; contexts don't mix."""
    async with sdk.async_openai_client(server) as client:
        stream = wrap(await sdk.chat(client))
        chunks: list[Any] = []

        async def step() -> Any:
            return await anext(stream, None)

        while (chunk := await asyncio.create_task(step())) is not None:
            chunks.append(chunk)
    assert len(chunks) == len(EVENTS)
    expect(kit.span, PLAIN)


# --- sampling ---


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "unsampled"])
def test_metrics_don_t_depend_on_sampling(server: Server, sampler: Sampler) -> None:
    """The same points; exemplars lead to the span where there is one to be found."""
    kit = Kit(sampler)
    with sdk.openai_client(server) as client:
        list(chunkmeter.wrap(sdk.chat(client), provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry))
    # An exemplar is there for one collection only.
    collected: Any = kit.reader.get_metrics_data()
    metrics = collected.resource_metrics[0].scope_metrics[0].metrics
    led_to = {
        (exemplar.trace_id, exemplar.span_id)
        for metric in metrics
        for point in metric.data.data_points
        for exemplar in getattr(point, "exemplars", ())
    }
    spans = [span.get_span_context() for span in kit.spans]
    assert len(spans) == (sampler is ALWAYS_ON)
    assert led_to == {(span.trace_id, span.span_id) for span in spans if span}
    count_once(kit, PLAIN)
    assert kit.total("gen_ai.client.token.usage", token__type="input") == 1200
    assert kit.total("gen_ai.client.token.usage", token__type="output") == 45
    kit.shutdown()
