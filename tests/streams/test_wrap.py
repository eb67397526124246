"""`wrap` on the real SDKs' streams: one span each with the wire's truth, and streams that behave as before."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import pytest
from anthropic import AsyncStream as AnthropicAsyncStream
from anthropic import Stream as AnthropicStream
from anthropic.lib.streaming import AsyncMessageStream, MessageStream
from botocore.eventstream import EventStreamBuffer
from openai import AsyncStream, RateLimitError, Stream
from openai.lib.streaming.chat import AsyncChatCompletionStream, ChatCompletionStream
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import INVALID_SPAN, SpanKind

from chunkmeter import ChunkSpanProcessor
from chunkmeter.readers import UnknownWireError
from chunkmeter.testing import Kit, attributes_of
from replay.check import count_on_span
from replay.scenarios import by_id
from replay.server import Server
from support import sdk
from support.sdk import PLAIN, count_once, expect
from support.streams import agenerated, events_of, generated

CLAUDE = "anthropic-plain-stream"
CLAUDE_TEXT = "".join(
    event["delta"]["text"]
    for written in by_id[CLAUDE].events
    for line in written.decode().splitlines()
    if line.startswith("data: ") and (event := json.loads(line[6:]))["type"] == "content_block_delta"
)
GEMINI = "google-plain-stream"
GROQ = "groq-plain-stream"
TEXT = "Lisbon lies on seven hills above the Tagus."
EVENTS: list[dict[str, Any]] = events_of(PLAIN)


def recorded(stream: Any) -> list[Any]:
    """Notes what an SDK's stream makes of each event, before any tap."""
    seen: list[Any] = []
    source = stream._iterator

    def watched() -> Iterator[Any]:
        for item in source:
            seen.append(item)
            yield item

    async def awatched() -> AsyncIterator[Any]:
        async for item in source:
            seen.append(item)
            yield item

    stream._iterator = watched() if hasattr(source, "__next__") else awatched()
    return seen


def identical(got: list[Any], seen: list[Any]) -> bool:
    return len(got) > 3 and [id(item) for item in got] == [id(item) for item in seen]


def by_for(stream: Any) -> list[Any]:
    return [item for item in stream]  # noqa: C416 -- it is the `for` that is meant


def by_next(stream: Any) -> list[Any]:
    items: list[Any] = []
    while (item := next(stream, None)) is not None:
        items.append(item)
    return items


def by_next_then_for(stream: Any) -> list[Any]:
    return [next(stream), next(stream), *stream]


def by_two_iterators(stream: Any) -> list[Any]:
    one, other = iter(stream), iter(stream)
    return [next(one), next(other), next(one), *other, *one]


async def by_async_for(stream: Any) -> list[Any]:
    return [item async for item in stream]


async def by_anext(stream: Any) -> list[Any]:
    items: list[Any] = []
    while (item := await anext(stream, None)) is not None:
        items.append(item)
    return items


async def by_two_async_iterators(stream: Any) -> list[Any]:
    one, other = aiter(stream), aiter(stream)
    return [await anext(one), await anext(other), *[item async for item in one], *[item async for item in other]]


SYNC_WAYS = [by_for, by_next, by_next_then_for, by_two_iterators]
ASYNC_WAYS = [by_async_for, by_anext, by_two_async_iterators]


# --- OpenAI's Stream ---


@pytest.mark.parametrize("way", SYNC_WAYS)
@pytest.mark.parametrize("scenario", [PLAIN, "openai-tools-stream", "openai-choices-stream", "openai-length-stream"])
def test_openai_stream_is_metered_however_it_is_iterated(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], list[Any]], scenario: str
) -> None:
    """The same objects in the same order, one CLIENT span with the wire's truth."""
    with sdk.openai_client(server, scenario) as client:
        stream = sdk.chat(client, scenario)
        seen = recorded(stream)
        metered = wrap(stream, model=by_id[scenario].model)
        assert metered is stream
        assert seen == []
        assert identical(way(metered), seen)
    expect(kit.span, scenario)
    count_once(kit, scenario)
    assert (kit.span.name, kit.span.kind) == (f"chat {by_id[scenario].model}", SpanKind.CLIENT)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == len(seen)
    assert attributes_of(kit.span)["server.address"] == "127.0.0.1"
    assert attributes_of(kit.span)["server.port"] == server.port


@pytest.mark.parametrize("way", ASYNC_WAYS)
async def test_openai_async_stream_is_metered_however_it_is_iterated(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], Any]
) -> None:
    """The async twin: the same objects in the same order, one span with the wire's truth."""
    async with sdk.async_openai_client(server) as client:
        stream = await sdk.chat(client)
        seen = recorded(stream)
        metered = wrap(stream)
        assert metered is stream
        assert seen == []
        assert identical(await way(metered), seen)
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


def test_a_wrapped_stream_is_what_it_was(server: Server, wrap: Callable[..., Any]) -> None:
    """Class, attributes, context manager and close work as on the bare stream."""
    with sdk.openai_client(server) as client:
        stream = sdk.chat(client)
        response, told = stream.response, repr(stream)
        metered = wrap(stream)
        kind = cast("Any", type(metered))
        assert issubclass(kind, Stream)
        assert (kind.__name__, kind.__module__) == ("Stream", "openai")
        assert repr(metered) == told
        assert metered.response is response
        assert response.headers["content-type"].startswith("text/event-stream")
        with metered as entered:
            assert entered is metered
            assert not response.is_closed
        assert response.is_closed
        assert metered.close() is None


async def test_a_wrapped_async_stream_is_what_it_was(server: Server, wrap: Callable[..., Any]) -> None:
    """Class, attributes, context manager and close work as on the bare stream."""
    async with sdk.async_openai_client(server) as client:
        metered = wrap(await sdk.chat(client))
        assert issubclass(cast("Any", type(metered)), AsyncStream)
        async with metered as entered:
            assert entered is metered
            assert not metered.response.is_closed
        assert metered.response.is_closed
        assert await metered.close() is None


# --- OpenAI's helper ---


def test_openai_helper_is_metered_by_its_final_completion(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """`get_final_completion` after a break: the helper iterates by itself, and is seen."""
    with sdk.openai_client(server) as client, wrap(sdk.chat_manager(client), model="gpt-4o-mini") as stream:
        assert isinstance(stream, ChatCompletionStream)
        for event in cast("Any", stream):
            if event.type == "content.delta":
                break
        assert kit.spans == []
        completion = cast("Any", stream).get_final_completion()
        assert completion.choices[0].message.content == TEXT
        assert cast("Any", stream).current_completion_snapshot.usage.total_tokens == 1245
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == len(EVENTS)
    assert attributes_of(kit.span)["gen_ai.response.time_to_first_chunk"] > 0


def test_openai_helper_is_metered_though_never_iterated_by_hand(
    server: Server, kit: Kit, wrap: Callable[..., Any]
) -> None:
    """`until_done` and `get_final_completion` alone."""
    with sdk.openai_client(server) as client, wrap(sdk.chat_manager(client)) as stream:
        assert stream.until_done() is stream
        assert stream.get_final_completion().usage.completion_tokens == 45
    expect(kit.span, PLAIN)


async def test_openai_async_helper_is_metered(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """The async twin: a break, then `get_final_completion`."""
    async with sdk.async_openai_client(server) as client, wrap(sdk.chat_manager(client)) as stream:
        assert isinstance(stream, AsyncChatCompletionStream)
        async for _ in cast("Any", stream):
            break
        assert kit.spans == []
        completion = await cast("Any", stream).get_final_completion()
        assert completion.choices[0].message.content == TEXT
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


def test_a_helper_gives_the_events_it_gives_bare(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """Event by event the same as without `wrap`."""
    with sdk.openai_client(server) as client:
        with sdk.chat_manager(client) as bare:
            expected = [event.model_dump() for event in bare]
        with wrap(sdk.chat_manager(client)) as metered:
            assert [event.model_dump() for event in metered] == expected
    expect(kit.span, PLAIN)


@pytest.mark.parametrize("read", [0, 2])
def test_a_helper_left_early_ends_with_its_context(
    server: Server, kit: Kit, wrap: Callable[..., Any], read: int
) -> None:
    """A break, or nothing read at all: the span is there when `with` ends, not before."""
    with sdk.openai_client(server) as client:
        with wrap(sdk.chat_manager(client)) as stream:
            for _ in range(read):
                next(stream)
            assert kit.spans == []
        assert attributes_of(kit.span)["chunkmeter.outcome"] == "closed"
    assert kit.total("chunkmeter.calls", outcome="closed", usage__status="missing") == 1


def test_a_manager_that_is_never_entered_is_no_call(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """It sends its request in `__enter__`; before that there is nothing to meter."""
    with sdk.openai_client(server) as client:
        manager = sdk.chat_manager(client)
        assert wrap(manager) is manager
        assert wrap(manager) is manager
        del manager
    assert not kit.telemetry.gauges.open
    assert kit.total("chunkmeter.calls") == 0


def test_a_manager_whose_request_fails_is_one_failed_call(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """The SDK's own exception reaches the user; the call is counted with its type."""
    with (
        sdk.openai_client(server, PLAIN, "status=429") as client,
        pytest.raises(RateLimitError),
        wrap(sdk.chat_manager(client)),
    ):
        pass
    assert attributes_of(kit.span)["error.type"] == "openai.RateLimitError"
    assert kit.total("chunkmeter.calls", outcome="error") == 1


# --- Anthropic ---


@pytest.mark.parametrize("way", SYNC_WAYS)
def test_anthropic_stream_is_metered(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], list[Any]]
) -> None:
    """`messages.create(stream=True)`: identical items, the wire's truth."""
    with sdk.anthropic_client(server, CLAUDE) as client:
        stream = sdk.message(client, CLAUDE)
        seen = recorded(stream)
        metered = wrap(stream, provider="anthropic", model="claude-sonnet-4-5")
        assert isinstance(metered, AnthropicStream)
        assert identical(way(metered), seen)
    expect(kit.span, CLAUDE)
    count_once(kit, CLAUDE)


async def test_anthropic_async_stream_is_metered(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """The async twin."""
    async with sdk.async_anthropic_client(server, CLAUDE) as client:
        stream = await sdk.message(client, CLAUDE)
        seen = recorded(stream)
        metered = wrap(stream, provider="anthropic")
        assert isinstance(metered, AnthropicAsyncStream)
        assert identical(await by_async_for(metered), seen)
    expect(kit.span, CLAUDE)


def by_text_stream(stream: Any) -> str:
    return "".join(stream.text_stream)


def by_final_message(stream: Any) -> str:
    return stream.get_final_message().content[0].text


def by_final_text(stream: Any) -> str:
    for _ in stream:
        break
    return stream.get_final_text()


def by_until_done(stream: Any) -> str:
    stream.until_done()
    return stream.current_message_snapshot.content[0].text


@pytest.mark.parametrize("way", [by_text_stream, by_final_message, by_final_text, by_until_done])
def test_anthropic_helper_is_metered_by_each_of_its_methods(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], str]
) -> None:
    """`messages.stream()`: the helpers iterate by themselves, and are seen."""
    with (
        sdk.anthropic_client(server, CLAUDE) as client,
        wrap(sdk.message_manager(client, CLAUDE), provider="anthropic") as stream,
    ):
        assert isinstance(stream, MessageStream)
        assert way(stream) == CLAUDE_TEXT
        assert cast("Any", stream).response.status_code == 200
    expect(kit.span, CLAUDE)
    count_once(kit, CLAUDE)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == (by_id[CLAUDE].truth.events_on_wire or 0) - 1


async def aby_text_stream(stream: Any) -> str:
    return "".join([text async for text in stream.text_stream])


async def aby_final_message(stream: Any) -> str:
    return (await stream.get_final_message()).content[0].text


async def aby_until_done(stream: Any) -> str:
    async for _ in stream:
        break
    await stream.until_done()
    return stream.current_message_snapshot.content[0].text


@pytest.mark.parametrize("way", [aby_text_stream, aby_final_message, aby_until_done])
async def test_anthropic_async_helper_is_metered_by_each_of_its_methods(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], Any]
) -> None:
    """The async twin."""
    async with (
        sdk.async_anthropic_client(server, CLAUDE) as client,
        wrap(sdk.message_manager(client, CLAUDE), provider="anthropic") as stream,
    ):
        assert isinstance(stream, AsyncMessageStream)
        assert await way(stream) == CLAUDE_TEXT
    expect(kit.span, CLAUDE)
    count_once(kit, CLAUDE)


def test_anthropic_helper_left_early_ends_with_its_context(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """A break in `text_stream`: closed, and the provisional output count is not reported."""
    with sdk.anthropic_client(server, CLAUDE) as client:
        with wrap(sdk.message_manager(client, CLAUDE), provider="anthropic") as stream:
            next(stream.text_stream)
            assert kit.spans == []
        attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == "closed"
    assert attributes["chunkmeter.usage.status"] == "partial"
    assert "gen_ai.usage.output_tokens" not in attributes


# --- Google, Groq, LiteLLM ---


def test_google_generator_is_metered_behind_a_proxy(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """A generator's class can't be replaced: the proxy shows the generator's."""
    with sdk.google_client(server, GEMINI) as client:
        bare: Any = client.models.generate_content_stream(model="gemini-2.5-flash", contents="Where?")
        metered = wrap(bare, provider="google", model="gemini-2.5-flash")
        assert metered.__class__ is bare.__class__
        assert isinstance(metered, type(bare))
        assert repr(metered) == repr(bare)
        assert metered.gi_frame is bare.gi_frame
        chunks = list(metered)
    assert len(chunks) == by_id[GEMINI].truth.events_on_wire
    expect(kit.span, GEMINI)
    count_once(kit, GEMINI)


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
async def test_google_async_generator_is_metered_behind_a_proxy(
    server: Server, kit: Kit, wrap: Callable[..., Any]
) -> None:
    """The async twin."""
    async with sdk.google_client(server, GEMINI).aio as client:
        bare: Any = await client.models.generate_content_stream(model="gemini-2.5-flash", contents="Where?")
        metered = wrap(bare, provider="gemini")
        assert isinstance(metered, type(bare))
        chunks = [chunk async for chunk in metered]
    assert len(chunks) == by_id[GEMINI].truth.events_on_wire
    expect(kit.span, GEMINI)


def test_groq_stream_is_metered(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """Groq's SDK, whose usage comes in `x_groq`."""
    with sdk.groq_client(server, GROQ) as client:
        stream = sdk.chat(client, GROQ)
        seen = recorded(stream)
        assert identical(list(wrap(stream, provider="groq")), seen)
    expect(kit.span, GROQ)
    count_once(kit, GROQ)


@pytest.mark.parametrize("scenario", ["bedrock-plain-stream", "bedrock-cached-stream", "bedrock-guarded-stream"])
def test_bedrock_stream_is_metered(kit: Kit, wrap: Callable[..., Any], scenario: str) -> None:
    """Events as a boto3 that knows prompt caching hands them on; none names a model, so the one asked for counts."""
    buffer: Any = EventStreamBuffer()
    for written in by_id[scenario].events:
        buffer.add_data(written)
    events = [{event.headers[":event-type"]: json.loads(event.payload)} for event in buffer]
    model, truth = by_id[scenario].model, by_id[scenario].truth
    assert len(list(wrap(generated(events), provider="bedrock", model=model))) == truth.events_on_wire
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == list(truth.finish_reasons)
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.output_tokens"] == truth.output_tokens
    assert attributes.get("gen_ai.usage.cache_read.input_tokens") == count_on_span(truth, "cached_tokens")
    assert attributes.get("gen_ai.usage.cache_write.input_tokens") == count_on_span(truth, "cache_write_tokens")
    assert {"gen_ai.response.id", "gen_ai.response.model"}.isdisjoint(attributes)
    count_once(kit, scenario)


LITELLM = "litellm-plain-stream"
litellm_s_own_warnings = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def litellm_arguments(server: Server) -> dict[str, Any]:
    return {
        "model": by_id[LITELLM].app_model,
        "messages": sdk.ASK,
        "api_base": sdk.route(server, LITELLM),
        "api_key": "none",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@litellm_s_own_warnings
@pytest.mark.parametrize("way", [by_for, by_next, by_next_then_for])
def test_litellm_stream_is_metered(
    server: Server, kit: Kit, wrap: Callable[..., Any], way: Callable[[Any], list[Any]]
) -> None:
    """LiteLLM's wrapper is its own iterator: each chunk counts once."""
    import litellm

    stream: Any = cast("Any", litellm).completion(**litellm_arguments(server))
    metered = wrap(stream, provider="openai", model="gpt-4o-mini")
    assert metered is stream
    assert isinstance(metered, litellm.CustomStreamWrapper)
    items = way(metered)
    expect(kit.span, LITELLM)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == len(items)
    count_once(kit, LITELLM)


@litellm_s_own_warnings
async def test_litellm_async_stream_is_metered(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """The same class by its async protocol."""
    import litellm

    metered = wrap(await cast("Any", litellm).acompletion(**litellm_arguments(server)), model="gpt-4o-mini")
    assert isinstance(metered, litellm.CustomStreamWrapper)
    items = [item async for item in cast("Any", metered)]
    expect(kit.span, LITELLM)
    assert attributes_of(kit.span)["chunkmeter.chunks"] == len(items)


# --- raw events ---


def test_a_generator_of_dicts_is_metered(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Raw JSON events from a generator, the very same dicts."""
    metered = wrap(generated(EVENTS))
    assert iter(metered) is metered
    assert identical(list(metered), EVENTS)
    expect(kit.span, PLAIN)


async def test_an_async_generator_of_dicts_is_metered(kit: Kit, wrap: Callable[..., Any]) -> None:
    """The async twin."""
    metered = wrap(agenerated(EVENTS))
    assert aiter(metered) is metered
    assert identical([item async for item in metered], EVENTS)
    expect(kit.span, PLAIN)


def test_a_list_of_chunks_is_metered_and_still_a_list(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Recorded chunks count as a stream; length and indexing work as before."""
    metered = wrap(list(EVENTS))
    assert isinstance(metered, list)
    assert len(cast("list[Any]", metered)) == len(EVENTS)
    assert metered[-1] is EVENTS[-1]
    assert EVENTS[0] in metered
    assert identical(list(cast("list[Any]", metered)), EVENTS)
    expect(kit.span, PLAIN)


def test_a_generator_keeps_send_throw_and_its_return_value(kit: Kit, wrap: Callable[..., Any]) -> None:
    """What a generator can do beside iteration, it still can."""

    def talking() -> Iterator[Any]:
        heard = cast("Any", (yield EVENTS[0]))
        try:
            yield heard
        except LookupError:
            yield from EVENTS[1:]
        return "said"

    metered = wrap(talking())
    assert next(metered) is EVENTS[0]
    assert metered.send("heard") == "heard"
    assert metered.throw(LookupError()) is EVENTS[1]

    def outer() -> Iterator[Any]:
        result = cast("Any", (yield from metered))
        yield result

    assert [*outer()] == [*EVENTS[2:], "said"]
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


def test_nothing_is_consumed_before_iteration(wrap: Callable[..., Any]) -> None:
    """Not by wrap, nor by iter()."""
    taken: list[Any] = []

    def source() -> Iterator[Any]:
        for event in EVENTS:
            taken.append(event)
            yield event

    metered = wrap(source())
    items = iter(metered)
    assert taken == []
    next(items)
    assert taken == EVENTS[:1]


def test_an_unread_stream_of_the_sdk_has_read_nothing(server: Server, wrap: Callable[..., Any]) -> None:
    """An OpenAI stream takes its first event when the user does, not before."""
    with sdk.openai_client(server) as client, sdk.chat(client) as stream:
        seen = recorded(stream)
        items = iter(wrap(stream))
        assert seen == []
        next(items)
        assert len(seen) == 1


def test_wrapping_twice_is_wrapping_once(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """Streams, managers and proxies alike."""
    with sdk.openai_client(server) as client:
        stream: Any = wrap(wrap(sdk.chat(client)))
        chunks = [*stream]
    proxy = wrap(generated(EVENTS))
    assert wrap(proxy) is proxy
    assert len(list(proxy)) == len(chunks)
    assert len(kit.spans) == 2
    assert kit.total("chunkmeter.calls") == 2


def test_two_streams_interleaved_keep_their_facts_apart(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Each has its own span; neither is the other's parent."""
    one, other = wrap(generated(EVENTS), model="one"), wrap(generated(EVENTS[:2]), model="other")
    _ = [next(one), next(other), next(one), *other, *one]
    by_name = {span.name: span for span in kit.spans}
    expect(by_name["chat one"], PLAIN)
    assert attributes_of(by_name["chat other"])["chunkmeter.outcome"] == "interrupted"
    assert by_name["chat one"].parent is None
    assert by_name["chat other"].parent is None


def test_the_span_is_not_current_in_the_loop(kit: Kit, wrap: Callable[..., Any]) -> None:
    """The user's own span stays current, before, in and after the loop, and is the parent."""
    with kit.tracer.start_as_current_span("request") as mine:
        for _ in wrap(generated(EVENTS)):
            assert trace.get_current_span() is mine
        assert trace.get_current_span() is mine
    metered = kit.spans[0]
    assert metered.parent is not None
    assert metered.parent.span_id == mine.get_span_context().span_id


# --- whose span ---


def test_facts_go_on_a_given_span_which_its_owner_ends(kit: Kit, wrap: Callable[..., Any]) -> None:
    """`span=`: enriched, not ended, its status left alone; metrics once."""
    span = kit.tracer.start_span("mine")
    list(wrap(generated(EVENTS), span=span))
    assert kit.spans == []
    count_once(kit, PLAIN)
    span.end()
    assert kit.span.name == "mine"
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.input_tokens"] == 1200
    assert attributes["chunkmeter.outcome"] == "completed"
    assert kit.span.status.is_unset
    assert kit.total("chunkmeter.calls") == 1


def test_an_interrupted_stream_leaves_the_status_of_a_given_span_alone(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Status is the owner's to set; what happened is told by attributes."""
    span = kit.tracer.start_span("mine")
    list(wrap(generated(EVENTS[:2]), span=span))
    span.end()
    assert kit.span.status.is_unset
    assert attributes_of(kit.span)["error.type"] == "stream_interrupted"


def test_the_owner_may_end_a_span_before_the_stream_is_done(kit: Kit, wrap: Callable[..., Any]) -> None:
    """The facts so far are on it; the metrics tell the whole call."""
    span = kit.tracer.start_span("mine")
    metered = wrap(generated(EVENTS), span=span)
    _ = [next(metered), next(metered)]
    span.end()
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.chunks"] == 2
    assert attributes["chunkmeter.usage.status"] == "missing"
    assert attributes["gen_ai.response.id"] == by_id[PLAIN].truth.response_id
    list(metered)
    assert len(kit.spans) == 1
    count_once(kit, PLAIN)


def test_a_span_that_ended_before_wrap_costs_no_metrics(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Nothing can be written any more; the call still counts."""
    span = kit.tracer.start_span("mine")
    span.end()
    list(wrap(generated(EVENTS), span=span))
    assert len(kit.spans) == 1
    count_once(kit, PLAIN)


def test_the_invalid_span_is_not_tampered_with(kit: Kit, wrap: Callable[..., Any]) -> None:
    """`span=get_current_span()` where none is current gives OpenTelemetry's shared one."""
    before = INVALID_SPAN.end
    list(wrap(generated(EVENTS), span=trace.get_current_span()))
    assert INVALID_SPAN.end == before
    assert kit.spans == []
    count_once(kit, PLAIN)


@pytest.mark.parametrize("asked", ["gpt-4o-mini", None])
@pytest.mark.parametrize("wrapped", ["gpt-4o-mini", None])
def test_a_current_inference_span_is_enriched(
    kit: Kit, wrap: Callable[..., Any], asked: str | None, wrapped: str | None
) -> None:
    """If nobody claimed it and its request model is absent or equal."""
    attributes = {"gen_ai.operation.name": "chat", **({"gen_ai.request.model": asked} if asked else {})}
    with kit.tracer.start_as_current_span("theirs", attributes=attributes):
        list(wrap(generated(EVENTS), model=wrapped))
    assert kit.span.name == "theirs"
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


@pytest.mark.parametrize(
    "theirs",
    [
        {"llm.request.type": "chat", "gen_ai.request.model": "gpt-4o-mini"},
        {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"},
        {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o-mini"},
    ],
    ids=["OpenLLMetry", "OpenInference", "Langfuse"],
)
def test_a_current_inference_span_of_any_dialect_is_enriched_and_counts_once(
    kit: Kit, wrap: Callable[..., Any], theirs: dict[str, str]
) -> None:
    """It gets the conventions' names beside its own, so that those who look for these find its cost."""
    kit.tracer_provider.add_span_processor(ChunkSpanProcessor(meter_provider=kit.meter_provider))
    with kit.tracer.start_as_current_span("theirs", attributes=theirs):
        list(wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini"))
    assert kit.span.name == "theirs"
    expect(kit.span, PLAIN)
    assert attributes_of(kit.span)["gen_ai.provider.name"] == "openai"
    count_once(kit, PLAIN)


def test_a_current_inference_span_is_claimed_once(kit: Kit, wrap: Callable[..., Any]) -> None:
    """The second stream under it gets a span of its own."""
    with kit.tracer.start_as_current_span("theirs", attributes={"gen_ai.operation.name": "chat"}):
        one, other = wrap(generated(EVENTS)), wrap(generated(EVENTS))
        _ = [*other, *one]
    own, theirs = kit.spans
    assert (own.name, theirs.name) == ("chat", "theirs")
    expect(own, PLAIN)
    expect(theirs, PLAIN)
    assert kit.total("chunkmeter.calls") == 2


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "another"},
        {"gen_ai.operation.name": "invoke_agent"},
        {"openinference.span.kind": "CHAIN"},
        {"langfuse.observation.type": "span"},
        {"gen_ai.operation.name": "embeddings"},
        {"http.request.method": "POST"},
    ],
    ids=["another model", "an agent", "a chain", "a span of Langfuse's", "embeddings", "no inference"],
)
def test_another_current_span_is_left_alone(kit: Kit, wrap: Callable[..., Any], attributes: dict[str, str]) -> None:
    """It becomes the parent of a span of our own."""
    with kit.tracer.start_as_current_span("theirs", attributes=attributes):
        list(wrap(generated(EVENTS), model="gpt-4o-mini"))
    own, theirs = kit.spans
    assert own.name == "chat gpt-4o-mini"
    assert attributes_of(theirs) == attributes
    assert own.parent == theirs.get_span_context()


def test_a_wrapper_of_a_known_peer_is_counted_without_a_span(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Its span is another producer's: metrics only, once."""

    class Peer:
        def __init__(self) -> None:
            self.items = iter(EVENTS)

        def __iter__(self) -> Peer:
            return self

        def __next__(self) -> Any:
            return next(self.items)

    Peer.__module__ = "opentelemetry.instrumentation.genai.openai.patch"
    list(wrap(Peer()))
    assert kit.spans == []
    count_once(kit, PLAIN)


# --- times ---


def test_a_known_start_is_the_span_s_and_gives_a_first_chunk_time(kit: Kit, wrap: Callable[..., Any]) -> None:
    """`start_time=` is when the request was sent."""
    sent = time.time_ns() - 2_000_000_000
    list(wrap(generated(EVENTS), start_time=sent))
    assert kit.span.start_time == sent
    first = attributes_of(kit.span)["gen_ai.response.time_to_first_chunk"]
    assert 2 <= first < 60
    assert kit.total("gen_ai.client.operation.time_to_first_chunk") == first
    assert kit.total("gen_ai.client.operation.duration") >= first


def test_an_unknown_start_gives_no_first_chunk_time(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Without it the span starts at wrap, and the time to the first chunk would be a guess."""
    before = time.time_ns()
    list(wrap(generated(EVENTS)))
    assert (kit.span.start_time or 0) >= before
    assert "gen_ai.response.time_to_first_chunk" not in attributes_of(kit.span)
    assert kit.points("gen_ai.client.operation.time_to_first_chunk") == []


# --- the wire ---


def test_a_named_wire_is_read_as_such(kit: Kit, wrap: Callable[..., Any]) -> None:
    """`wire=` where the provider's name says nothing."""
    list(wrap(generated(EVENTS), wire="openai_chat", provider=None))
    assert attributes_of(kit.span)["gen_ai.usage.output_tokens"] == 45
    assert "gen_ai.provider.name" not in attributes_of(kit.span)


def test_an_unknown_wire_is_the_caller_s_mistake(wrap: Callable[..., Any]) -> None:
    """It is said at once, with the names there are."""
    with pytest.raises(UnknownWireError, match=r"wire='morse' .*openai_chat"):
        wrap(generated(EVENTS), wire="morse")


def test_the_wire_is_told_from_a_later_event_if_the_first_says_nothing(kit: Kit, wrap: Callable[..., Any]) -> None:
    """A gateway's keep-alive may come first; it is no failure."""
    events = [{"keep": "alive"}, *EVENTS]
    assert identical(list(wrap(generated(events), provider=None)), events)
    assert attributes_of(kit.span)["gen_ai.usage.output_tokens"] == 45
    assert kit.total("chunkmeter.errors") == 0


def test_unreadable_events_pass_untouched(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Counted once as a reader's failure; the usage is missing, the call counts."""
    events = [object() for _ in range(5)]
    assert identical(list(wrap(generated(events), provider=None)), events)
    assert kit.total("chunkmeter.errors", stage="reader") == 1
    assert kit.total("chunkmeter.calls", usage__status="missing", cost__status="no_usage") == 1
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.chunks"] == 5
    assert "gen_ai.usage.input_tokens" not in attributes


@pytest.mark.parametrize(
    ("spelling", "conventional"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("azure_openai", "azure.ai.openai"),
        ("azure", "azure.ai.inference"),
        ("gemini", "gcp.gemini"),
        ("google", "gcp.gemini"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("xai", "x_ai"),
        ("x-ai", "x_ai"),
        ("mistral", "mistral_ai"),
        ("groq", "groq"),
        ("deepseek", "deepseek"),
        ("anthropic", "anthropic"),
    ],
)
def test_providers_are_known_by_all_their_spellings(
    kit: Kit, wrap: Callable[..., Any], spelling: str, conventional: str
) -> None:
    """Mirascope's, the conventions' and genai-prices' names give the conventions'."""
    list(wrap(generated(EVENTS), provider=spelling))
    assert attributes_of(kit.span)["gen_ai.provider.name"] == conventional
    assert kit.total("chunkmeter.calls", provider__name=conventional) == 1


def test_an_unknown_provider_stands_for_itself(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Its usage is read; it has no prices, which is counted."""
    list(wrap(generated(EVENTS), provider="Acme-LLM"))
    assert attributes_of(kit.span)["gen_ai.provider.name"] == "acme-llm"
    assert kit.total("chunkmeter.calls", usage__status="reported", cost__status="unknown_model") == 1
    assert kit.points("chunkmeter.spend") == []


# --- silence ---


def test_suppressed_instrumentation_gives_the_stream_itself(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """No span, no count, no class replaced, for streams, managers and generators."""
    with sdk.openai_client(server) as client, suppress_instrumentation():
        stream = sdk.chat(client)
        assert wrap(stream) is stream
        assert type(stream) is Stream
        assert len([*cast("Any", stream)]) == len(EVENTS)
        source = generated(EVENTS)
        assert wrap(source) is source
        with wrap(sdk.chat_manager(client)) as helped:
            assert type(helped) is ChatCompletionStream
    assert kit.spans == []
    assert kit.total("chunkmeter.calls") == 0


def test_a_stream_that_cannot_be_tapped_is_given_back(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Whatever goes wrong in wrap, the user has a working stream; the failure is counted."""

    class Sealed:
        def __init_subclass__(cls) -> None:
            raise RuntimeError("no subclasses")

        def __iter__(self) -> Iterator[Any]:
            return iter(EVENTS)

    stream = Sealed()
    assert wrap(stream) is stream
    assert identical(list(stream), EVENTS)
    assert kit.total("chunkmeter.errors", stage="hook") == 1
    assert not kit.telemetry.gauges.open
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "abandoned"


def test_each_stream_has_its_own_request(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Also where another one differs in one thing alone, and where nothing can be kept for the next."""

    class Word(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    long = "m" * 600
    asked: list[dict[str, Any]] = [
        {"provider": "openai", "model": "gpt-4o"},
        {"provider": "openai", "model": "gpt-4o"},
        {"provider": "groq", "model": "gpt-4o"},
        {"model": "gpt-4o"},
        {"provider": "openai"},
        {"provider": "openai", "model": Word("gpt-4o-mini")},
        {"provider": "openai", "model": long},
        {"provider": "openai", "model": ["gpt-4o"]},
    ]
    for options in asked:
        list(wrap(generated(EVENTS), wire="openai_chat", **options))
    told = [attributes_of(span) for span in kit.spans]
    assert [each.get("gen_ai.provider.name") for each in told] == [
        "openai", "openai", "groq", "openai", "openai", "openai", "openai", "openai",
    ]  # fmt: skip
    assert [each.get("gen_ai.request.model") for each in told] == [
        "gpt-4o", "gpt-4o", "gpt-4o", "gpt-4o", None, "gpt-4o-mini", long[:200], None,
    ]  # fmt: skip
