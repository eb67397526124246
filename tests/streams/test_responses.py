"""Responses of Mirascope 2, wrapped: a stand-in with its shape, since the real one can't be installed beside 1.x."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import chunkmeter
from chunkmeter.calls.sending import current_call
from chunkmeter.streams import wrap as wrapping
from chunkmeter.testing import Kit, attributes_of

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
SPENT = 0.0035
"""gpt-4o: 1000 x 2.50 and 100 x 10.00 USD a million."""


def chunk(content: str | None, **more: Any) -> Any:
    """A raw event of OpenAI's chat, in what Mirascope packs it in."""
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": None if content else "stop"}]
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices, **more}
    return SimpleNamespace(type="raw_stream_event_chunk", raw_stream_event=event)


TEXT = SimpleNamespace(type="text_chunk", delta="Faro")
CHUNKS = (chunk("Fa"), TEXT, chunk("ro"), TEXT, chunk(None, usage=USAGE))


class StreamResponse:
    """Holds what it iterates, keeps the chunks that came, and has a view of them."""

    __module__ = "mirascope.llm.responses.stream_response"

    def __init__(self, items: Any, *, model_id: Any = "openai/gpt-4o:completions") -> None:
        self._chunk_iterator, self.consumed = items, False
        self.provider_id, self.model_id = "openai:completions", model_id

    def chunk_stream(self) -> Iterator[Any]:
        for item in self._chunk_iterator:
            if item is TEXT:
                yield item
        self.consumed = True


class AsyncStreamResponse(StreamResponse):
    __module__ = StreamResponse.__module__

    async def chunk_stream(self) -> AsyncIterator[Any]:  # pyrefly: ignore[bad-override]
        async for item in self._chunk_iterator:
            if item is TEXT:
                yield item
        self.consumed = True


def events() -> Iterator[Any]:
    yield from CHUNKS


async def aevents() -> AsyncIterator[Any]:
    for each in CHUNKS:
        yield each


@pytest.fixture(autouse=True)
def _warn_again() -> None:
    wrapping._warn_of_begun.cache_clear()


@pytest.mark.parametrize("is_view", [False, True], ids=["response", "view"])
def test_it_is_metered_where_all_views_pull_from(kit: Kit, is_view: bool) -> None:
    """The same object comes back, and the response tells what `wrap` is not told."""
    response = StreamResponse(events())
    stream: Any = response.chunk_stream() if is_view else response
    wrapped = chunkmeter.wrap(stream, telemetry=kit.telemetry)
    assert wrapped is stream
    assert list(wrapped if is_view else wrapped.chunk_stream()) == [TEXT, TEXT]
    attributes = attributes_of(kit.span)
    assert kit.span.name == "chat gpt-4o"
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["chunkmeter.chunks"] == 3
    assert attributes["chunkmeter.outcome"] == "completed"
    assert kit.total("chunkmeter.spend") == pytest.approx(SPENT)


@pytest.mark.parametrize("is_view", [False, True], ids=["response", "view"])
async def test_an_async_one_is_metered_in_the_same_way(kit: Kit, is_view: bool) -> None:
    response = AsyncStreamResponse(aevents())
    stream: Any = response.chunk_stream() if is_view else response
    wrapped = chunkmeter.wrap(stream, telemetry=kit.telemetry)
    assert wrapped is stream
    assert [item async for item in (wrapped if is_view else wrapped.chunk_stream())] == [TEXT, TEXT]
    assert attributes_of(kit.span)["chunkmeter.chunks"] == 3


def test_wrapped_twice_it_counts_once(kit: Kit) -> None:
    """As a response, and as a view of it."""
    response = chunkmeter.wrap(StreamResponse(events()), telemetry=kit.telemetry)
    list(chunkmeter.wrap(response.chunk_stream(), telemetry=kit.telemetry))
    assert kit.total("chunkmeter.calls") == 1


def test_a_stream_that_is_metered_inside_counts_once(kit: Kit) -> None:
    """The SDK's own stream, which its hook has metered, lies generators below."""

    def inner(stream: Any) -> Iterator[Any]:
        for event in stream:
            yield SimpleNamespace(type="raw_stream_event_chunk", raw_stream_event=event)

    def outer(items: Any) -> Iterator[Any]:
        yield from items

    class Stream:
        def __init__(self) -> None:
            self.items = iter([each.raw_stream_event for each in CHUNKS if each is not TEXT])

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            return next(self.items)

    stream = chunkmeter.wrap(Stream(), provider="openai", model="gpt-4o", telemetry=kit.telemetry)
    response = StreamResponse(outer(inner(stream)))
    assert list(chunkmeter.wrap(response, telemetry=kit.telemetry).chunk_stream()) == []
    assert kit.total("chunkmeter.calls") == 1


def test_what_has_been_read_is_left_alone_with_one_line(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """A tap would come too late. The user gets what he has."""
    begun = StreamResponse(events()).chunk_stream()
    assert next(begun) is TEXT
    done = StreamResponse(events())
    list(done.chunk_stream())
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        assert chunkmeter.wrap(begun, telemetry=kit.telemetry) is begun
        assert chunkmeter.wrap(done, telemetry=kit.telemetry) is done
    assert list(begun) == [TEXT]
    (line,) = [record.getMessage() for record in caplog.records]
    assert "has been read already. It goes unmetered" in line
    assert kit.total("chunkmeter.calls") == 0


def test_a_lazy_request_is_sent_within_the_call(kit: Kit) -> None:
    """So that an SDK's hook knows that it has been begun."""
    found: list[Any] = []

    def lazy() -> Iterator[Any]:
        found.append(current_call())
        yield from CHUNKS

    list(chunkmeter.wrap(StreamResponse(lazy()), telemetry=kit.telemetry).chunk_stream())
    (call,) = found
    assert call.span.get_span_context() == kit.span.get_span_context()


def test_what_the_user_says_goes_before(kit: Kit) -> None:
    """And a response of an odd shape is metered all the same."""
    response = StreamResponse(events(), model_id=7)
    list(chunkmeter.wrap(response, provider="groq", model="llama", telemetry=kit.telemetry).chunk_stream())
    attributes = attributes_of(kit.span)
    assert (attributes["gen_ai.provider.name"], attributes["gen_ai.request.model"]) == ("groq", "llama")
