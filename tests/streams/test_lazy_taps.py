"""A lazy stream's tap leaves its source as it was, and sends its request within the call."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from chunkmeter.calls.begin import begin
from chunkmeter.calls.lease import Lease
from chunkmeter.calls.pulling import within
from chunkmeter.calls.sending import current_call
from chunkmeter.facts.request import Request
from chunkmeter.streams.taps import lazy_tap, tap
from chunkmeter.testing import Kit, attributes_of

CHUNK: dict[str, Any] = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}
LAST: dict[str, Any] = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


class Source:
    """A generator that takes and gives more than items, and tells what became of it.

    Attributes:
        sending: for each step, whether a call's request was being sent in it.
        heard: what it was sent.
        closed: whether it was told to end.
    """

    def __init__(self) -> None:
        self.sending: list[bool] = []
        self.heard: list[Any] = []
        self.closed = False

    def items(self) -> Generator[Any, Any, int]:
        try:
            self.sending.append(current_call() is not None)
            try:
                self.heard.append((yield CHUNK))
            except KeyError as error:
                self.heard.append(type(error))
            self.sending.append(current_call() is not None)
            yield LAST
        finally:
            self.closed = True
        return 42


@pytest.fixture
def lease(kit: Kit) -> Callable[[], Lease]:
    return lambda: Lease(begin(kit.telemetry, Request(provider="openai", model="gpt-4o"), None))


def test_only_the_first_step_sends_the_request(kit: Kit, lease: Callable[[], Lease]) -> None:
    source = Source()
    assert list(lazy_tap(lease, source.items())) == [CHUNK, LAST]
    assert source.sending == [True, False]
    assert attributes_of(kit.span)["chunkmeter.chunks"] == 2


def test_nothing_is_begun_before_the_first_item_is_asked_for(kit: Kit, lease: Callable[[], Lease]) -> None:
    source = Source()
    lazy_tap(lease, source.items()).close()
    assert (source.sending, kit.spans) == ([], [])


def test_the_return_value_comes_through(lease: Callable[[], Lease]) -> None:
    returned: list[Any] = []

    def user() -> Iterator[Any]:
        returned.append((yield from lazy_tap(lease, Source().items())))

    assert list(user()) == [CHUNK, LAST]
    assert returned == [42]


def test_what_is_sent_after_the_first_item_reaches_the_source(lease: Callable[[], Lease]) -> None:
    source = Source()
    items = lazy_tap(lease, source.items())
    next(items)
    assert items.send("word") is LAST
    assert source.heard == ["word"]


def test_what_is_thrown_after_the_first_item_reaches_the_source(kit: Kit, lease: Callable[[], Lease]) -> None:
    source = Source()
    items = lazy_tap(lease, source.items())
    next(items)
    assert items.throw(KeyError()) is LAST
    assert source.heard == [KeyError]
    assert list(items) == []
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


def test_closing_it_after_the_first_item_closes_the_source(lease: Callable[[], Lease]) -> None:
    source = Source()
    inside = source.items()  # held, so that nothing but a close ends it
    items = lazy_tap(lease, inside)
    next(items)
    items.close()
    assert source.closed


def test_an_iterator_that_is_no_generator_is_tapped_too(kit: Kit, lease: Callable[[], Lease]) -> None:
    assert list(lazy_tap(lease, iter([CHUNK, LAST]))) == [CHUNK, LAST]
    assert attributes_of(kit.span)["chunkmeter.chunks"] == 2


def test_an_unmetered_one_is_its_source(kit: Kit) -> None:
    source = Source()
    assert list(lazy_tap(lambda: None, source.items())) == [CHUNK, LAST]
    assert (source.sending, kit.spans) == ([False, False], [])


def test_a_call_that_begins_inside_a_metered_stream_finds_that_streams_call(lease: Callable[[], Lease]) -> None:
    """The tap of the inner one runs already then, and has no call yet."""
    outer, found = lease(), list[Any]()

    def inner_begins() -> None:
        found.append(within())

    def items() -> Iterator[Any]:
        yield from lazy_tap(inner_begins, iter([CHUNK, LAST]))

    assert list(tap(outer, items())) == [CHUNK, LAST]
    assert found == [outer.call]
