"""Streams that end by themselves, or whose span's owner ends it, while they are asked for an item or closed."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from botocore.eventstream import EventStream
from opentelemetry.trace import Span

import chunkmeter
from chunkmeter.testing import Kit, attributes_of
from support.sdk import PLAIN
from support.streams import agenerated, events_of, generated

EVENTS: list[dict[str, Any]] = events_of(PLAIN)
CUT = EVENTS[:3]
"""Without a finish reason."""


def outcome(kit: Kit) -> Any:
    return attributes_of(kit.span)["chunkmeter.outcome"]


class Stream:
    """An SDK's stream: gives its events, then what `at_end` does; closes itself when told to."""

    def __init__(self, events: list[Any], at_end: Callable[[Stream], None]) -> None:
        self._events, self._at_end = iter(events), at_end
        self.closed = False

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        for event in self._events:
            return event
        self._at_end(self)
        raise StopIteration

    def close(self) -> None:
        self.closed = True


def failing(stream: Stream) -> None:
    stream.close()
    raise ValueError("the provider's own")


# --- a stream that closes itself ---


def test_a_stream_that_closes_itself_on_an_error_is_an_error(kit: Kit, wrap: Callable[..., Any]) -> None:
    """As LiteLLM's does: the user has closed nothing."""
    stream = wrap(Stream(CUT, failing))
    with pytest.raises(ValueError, match="the provider's own"):
        list(stream)
    assert stream.closed
    assert outcome(kit) == "error"
    assert attributes_of(kit.span)["error.type"] == "ValueError"


@pytest.mark.parametrize(("events", "expected"), [(EVENTS, "completed"), (CUT, "interrupted")], ids=["whole", "cut"])
def test_a_stream_that_closes_itself_at_its_end_ran_out(
    kit: Kit, wrap: Callable[..., Any], events: list[Any], expected: str
) -> None:
    list(wrap(Stream(events, Stream.close)))
    assert outcome(kit) == expected


async def test_an_async_stream_that_closes_itself_on_an_error_is_an_error(kit: Kit, wrap: Callable[..., Any]) -> None:
    class Async:
        def __init__(self) -> None:
            self._events = iter(CUT)

        def __aiter__(self) -> Async:
            return self

        async def __anext__(self) -> Any:
            for event in self._events:
                return event
            await self.aclose()
            raise ValueError("the provider's own")

        async def aclose(self) -> None:
            await asyncio.sleep(0)

    with pytest.raises(ValueError, match="the provider's own"):
        _ = [event async for event in wrap(Async())]
    assert outcome(kit) == "error"


def test_a_close_by_the_user_is_closed(kit: Kit, wrap: Callable[..., Any]) -> None:
    stream = wrap(Stream(CUT, failing))
    next(stream)
    stream.close()
    assert outcome(kit) == "closed"


# --- iterators that are closed ---


async def test_closing_an_async_iterator_closes_the_stream(kit: Kit, wrap: Callable[..., Any]) -> None:
    """`aclosing(aiter(stream))` says that the reader is done; that iterator is an object, and can tell."""

    class Async:
        def __aiter__(self) -> AsyncIterator[Any]:
            return agenerated(CUT)

    stream = wrap(Async())
    async with aclosing(aiter(stream)) as items:
        async for _ in items:
            break
    assert outcome(kit) == "closed"


def test_closing_an_iterator_is_a_pause(kit: Kit, wrap: Callable[..., Any]) -> None:
    """A `for` that is left closes its iterator too, and the stream may be taken up again."""

    class Sync:
        def __iter__(self) -> Iterator[Any]:
            return generated(CUT)

    stream = wrap(Sync())
    items = iter(stream)
    next(items)
    items.close()
    assert kit.spans == []
    del items, stream
    kit.telemetry.guard.count("late")  # the thread that settles what is let go of is not asked here
    assert kit.total("chunkmeter.calls") in (0, 1)


# --- what only looks like an SDK's helper, or like a metered stream ---


def test_botocores_event_stream_is_metered(kit: Kit) -> None:
    """Its `_raw_stream` is the body of the response, and no stream of events."""

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield b""

        def __iter__(self) -> Iterator[bytes]:
            return self.stream()

        def close(self) -> None: ...

    events = [
        {"contentBlockDelta": {"delta": {"text": "hi"}, "contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}}},
    ]
    stream: Any = EventStream(Body(), cast("Any", None), cast("Any", None), "ConverseStream")
    stream._event_generator = iter(events)
    stream._parse_event = lambda event: event
    metered = chunkmeter.wrap(stream, provider="bedrock", model="amazon.nova-lite-v1:0", telemetry=kit.telemetry)
    assert [*metered] == events
    assert outcome(kit) == "completed"
    assert attributes_of(kit.span)["gen_ai.usage.input_tokens"] == 10


def test_a_mock_is_no_metered_stream(kit: Kit, wrap: Callable[..., Any]) -> None:
    """It has whatever attribute it is asked for."""
    mock = MagicMock()
    mock.__next__ = MagicMock(side_effect=EVENTS)
    metered = wrap(mock)
    with suppress(StopIteration):
        while True:
            next(metered)
    assert outcome(kit) == "completed"


def test_a_copy_is_of_the_bare_stream(kit: Kit, wrap: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Deep or not, of the stream or its iterator; nothing is printed by what is left of a copy that failed."""

    class Holder:
        def __init__(self, items: list[Any]) -> None:
            self.items = items

        def __iter__(self) -> Iterator[Any]:
            return iter(self.items)

    stream = wrap(Holder(EVENTS))
    copies = [copy.copy(stream), copy.deepcopy(stream), copy.copy(iter(stream)), copy.deepcopy(iter(stream))]
    assert [[*each] for each in copies] == [EVENTS] * 4
    assert kit.total("chunkmeter.calls") == 0
    source = wrap(generated(EVENTS))
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copied(source)
    del copies, stream, source
    assert capsys.readouterr().err == ""


# --- text, and what is no stream of events ---


@pytest.mark.parametrize(
    "text",
    [
        ["The ", "answer", " is", " 42."],
        ["d", "ata", " science"],
        ["# Title\n", "- item: one\n", "id: 7\n"],
        ["🙂"],
        [b"\x00\x01audio"],
    ],
)
def test_text_is_completed_and_says_what_to_wrap(
    kit: Kit, wrap: Callable[..., Any], caplog: pytest.LogCaptureFixture, text: list[Any]
) -> None:
    """`response.text_stream()` and the like: whoever reads it to its end has not been interrupted."""
    assert [*wrap(piece for piece in text)] == text
    assert outcome(kit) == "completed"
    assert attributes_of(kit.span)["chunkmeter.usage.status"] == "missing"
    assert kit.total("chunkmeter.errors", stage="reader") == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert "wrap the stream of events that the provider's SDK gives" in line


@pytest.mark.parametrize(
    "body", ["data: ", ": keep-alive\n\n", "event: message\n", "dat", '[{"a": 1', "\ufeff\n\nid: 1"]
)
def test_a_body_that_ends_before_its_first_event_is_interrupted(kit: Kit, wrap: Callable[..., Any], body: str) -> None:
    list(wrap(piece for piece in [body]))
    assert outcome(kit) == "interrupted"


# --- on a span that is somebody else's, who ends it on the way ---


class Traced(Stream):
    """A stream whose SDK has a span of its own, and ends it as the stream ends."""

    def __init__(self, span: Span, events: list[Any], at_end: Callable[[Stream], None]) -> None:
        super().__init__(events, at_end)
        self._span = span

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except BaseException:
            self._span.end()
            raise

    def close(self) -> None:
        super().close()
        self._span.end()


@pytest.fixture
def traced(kit: Kit) -> Callable[..., Any]:
    def make(events: list[Any], at_end: Callable[[Stream], None] = lambda _: None) -> Any:
        span = kit.tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"})
        stream = Traced(span, events, at_end)
        return chunkmeter.wrap(stream, provider="openai", span=span, telemetry=kit.telemetry)

    return make


def raising(_: Stream) -> None:
    raise ValueError("the provider's own")


def stopping(_: Stream) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("events", "at_end", "expected", "error_type"),
    [
        (EVENTS, lambda _: None, "completed", None),
        (CUT, lambda _: None, "interrupted", "stream_interrupted"),
        (CUT, raising, "error", "ValueError"),
        (CUT, stopping, "cancelled", None),
    ],
    ids=["whole", "cut", "error", "cancelled"],
)
def test_it_reads_as_on_a_span_of_our_own(
    kit: Kit, traced: Callable[..., Any], events: list[Any], at_end: Any, expected: str, error_type: str | None
) -> None:
    """Also where the user is handling an exception of his own."""
    try:
        raise RuntimeError("the user's, handled")
    except RuntimeError:
        with suppress(ValueError, KeyboardInterrupt):
            list(traced(events, at_end))
    assert outcome(kit) == expected
    assert attributes_of(kit.span).get("error.type") == error_type
    assert kit.total("chunkmeter.calls", outcome=expected) == 1


def test_closed_by_its_user_it_is_closed(kit: Kit, traced: Callable[..., Any]) -> None:
    stream = traced(CUT)
    next(stream)
    stream.close()
    assert outcome(kit) == "closed"


def test_what_its_owner_has_told_counts_where_the_last_chunk_is_on_its_way(kit: Kit) -> None:
    """genai-openai 1.0b0 ends the span of a response as it is done, before it hands on the event that says so."""
    span = kit.tracer.start_span(
        "chat",
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
        },
    )

    def events() -> Iterator[Any]:
        yield from EVENTS[:-1]
        used = {"gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 45}
        span.set_attributes({**used, "gen_ai.usage.cache_read.input_tokens": 1024})
        span.end()
        yield EVENTS[-1]

    list(chunkmeter.wrap(events(), provider="openai", model="gpt-4o-mini", span=span, telemetry=kit.telemetry))
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == "completed"
    # 176 tokens at 0.15, 1,024 at 0.075 and 45 at 0.60 USD a million.
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(130.2e-6, abs=1e-12)
    assert kit.total("chunkmeter.spend") == pytest.approx(130.2e-6, abs=1e-12)
    assert kit.total("chunkmeter.calls") == 1


def test_left_by_a_break_it_is_abandoned(kit: Kit) -> None:
    """Nobody has said that the stream is over."""
    span = kit.tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"})

    def events() -> Iterator[Any]:
        try:
            yield from CUT
        finally:
            span.end()

    for _ in chunkmeter.wrap(events(), provider="openai", span=span, telemetry=kit.telemetry):
        break
    assert outcome(kit) == "abandoned"
