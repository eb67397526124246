"""What a metered stream must leave as it was, in the corners where a wrapper easily shows."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, Self

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from chunkmeter.reporting.telemetry import Telemetry
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import sdk
from support.sdk import eventually

CHUNK: dict[str, Any] = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}
LAST: dict[str, Any] = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


class Stream:
    """A stream as SDKs have them: iterated by a generator of its own, closed by its context manager."""

    def __init__(self, *chunks: Any) -> None:
        self._chunks = iter(chunks or (CHUNK, CHUNK, LAST))

    def __iter__(self) -> Iterator[Any]:
        yield from self._chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def outcome(kit: Kit) -> str:
    return attributes_of(kit.span)["chunkmeter.outcome"]


# --- iteration ---


class Conversation(Stream):
    """Its generator takes and gives more than items."""

    def __iter__(self) -> Generator[Any, Any, int]:
        try:
            heard = yield CHUNK
            try:
                yield heard or LAST
            except KeyError:
                yield LAST
        finally:
            self.closed = True
        return 42


def test_the_return_value_comes_through(wrap: Callable[..., Any]) -> None:
    """A `yield from` of the user's sees what the source returns."""

    def user() -> Iterator[Any]:
        stream: Generator[Any, Any, int] = wrap(Conversation())
        result = yield from stream
        yield result

    assert list(user()) == [CHUNK, LAST, 42]


def test_send_and_throw_reach_the_source(wrap: Callable[..., Any], kit: Kit) -> None:
    """What the source handles is no error of the stream's."""
    items: Any = iter(wrap(Conversation()))
    assert next(items) is CHUNK
    assert items.send(LAST) is LAST
    assert items.throw(KeyError()) is LAST
    assert list(items) == []
    assert outcome(kit) == "completed"


def test_closing_an_iterator_closes_the_source(wrap: Callable[..., Any]) -> None:
    """The source's own clean-up runs at once."""
    stream: Any = wrap(Conversation())
    items: Any = iter(stream)
    next(items)
    items.close()
    assert stream.closed


class Flaky:
    """An iterator that raises and goes on."""

    def __init__(self) -> None:
        self._left: list[Any] = [CHUNK, OSError("once"), CHUNK, LAST]

    def __iter__(self) -> Flaky:
        return self

    def __next__(self) -> Any:
        if not self._left:
            raise StopIteration
        item = self._left.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


class OverFlaky(Stream):
    def __iter__(self) -> Iterator[Any]:
        return Flaky()


@pytest.mark.parametrize("kind", [Flaky, OverFlaky])
def test_a_source_that_goes_on_after_an_error_is_followed(kind: Any, wrap: Callable[..., Any], kit: Kit) -> None:
    """The user gets the error and what comes after it; the call ended with the error."""
    items = iter(wrap(kind()))
    assert next(items) is CHUNK
    with pytest.raises(OSError, match="once"):
        next(items)
    assert list(items) == [CHUNK, LAST]
    assert outcome(kit) == "error"
    assert kit.total("chunkmeter.calls") == 1


@pytest.mark.parametrize("thing", [None, 5, object()])
def test_what_is_no_stream_is_given_back(thing: Any, wrap: Callable[..., Any], kit: Kit) -> None:
    """No call is begun for it; the mistake is counted."""
    assert wrap(thing) is thing
    assert kit.spans == []
    assert kit.total("chunkmeter.errors", stage="hook") == 1


class Listed(Stream):
    """A stream that can be pickled and copied."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = list(chunks)

    def __iter__(self) -> Iterator[Any]:
        yield from self.chunks


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_or_copy_is_of_the_bare_stream(protocol: int, wrap: Callable[..., Any], kit: Kit) -> None:
    """It has the stream's class and state, and no call of its own."""
    metered: Any = wrap(Listed(CHUNK, LAST))
    for twin in (pickle.loads(pickle.dumps(metered, protocol)), copy.copy(metered), copy.deepcopy(metered)):
        assert type(twin) is Listed
        assert vars(twin) == {"chunks": [CHUNK, LAST]}
        assert list(twin) == [CHUNK, LAST]
    assert kit.spans == []
    assert list(metered) == [CHUNK, LAST]
    assert outcome(kit) == "completed"


def test_a_proxy_is_pickled_and_copied_as_what_is_behind_it(wrap: Callable[..., Any]) -> None:
    """A generator can't be, a list's iterator can."""
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        pickle.dumps(wrap(chunk for chunk in (CHUNK, LAST)))
    metered = wrap(iter([CHUNK, LAST]))
    assert list(copy.copy(metered)) == [CHUNK, LAST]
    assert list(metered) == [CHUNK, LAST]


# --- managers ---


class Manager:
    """Gives a new stream each time it is entered."""

    def __enter__(self) -> Stream:
        return Stream()

    def __exit__(self, *_: object) -> None:
        return None


def test_a_manager_entered_twice_is_two_calls(kit: Kit, wrap: Callable[..., Any]) -> None:
    """As it is two requests."""
    manager = wrap(Manager())
    for _ in range(2):
        with manager as stream:
            assert len(list(stream)) == 3
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["completed", "completed"]


def test_the_sdks_manager_entered_twice(server: Server, kit: Kit, wrap: Callable[..., Any]) -> None:
    """With the real SDK's."""
    with sdk.openai_client(server) as client:
        manager = wrap(sdk.chat_manager(client), model="gpt-4o-mini")
        for _ in range(2):
            with manager as stream:
                list(stream)
    assert len(kit.spans) == 2


def test_a_manager_that_cannot_be_metered_gives_its_stream(
    kit: Kit, wrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our failure in entering it is counted, the user's `with` goes on."""

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError("planted")

    manager = wrap(Manager())
    monkeypatch.setattr("chunkmeter.calls.begin.Call", fail)
    with manager as stream:
        assert list(stream) == [CHUNK, CHUNK, LAST]
    assert kit.total("chunkmeter.errors", stage="hook") == 1


def test_suppression_holds_where_a_manager_is_entered(kit: Kit, wrap: Callable[..., Any]) -> None:
    """That is where its request is sent."""
    manager = wrap(Manager())
    with suppress_instrumentation(), manager as stream:
        list(stream)
    assert kit.spans == []


# --- endings ---


def test_leaving_normally_inside_a_handler_is_no_cancellation(kit: Kit, wrap: Callable[..., Any]) -> None:
    """The exception that is being handled around the `with` is not the one that leaves it."""
    try:
        raise asyncio.CancelledError
    except asyncio.CancelledError:
        with wrap(Stream()) as stream:
            next(iter(stream))
    assert outcome(kit) == "closed"


def test_other_frameworks_cancellations_are_cancellations(kit: Kit, wrap: Callable[..., Any]) -> None:
    """They derive from BaseException, as asyncio's does."""

    class Cancelled(BaseException):
        """As trio's and gevent's."""

    def source() -> Iterator[Any]:
        yield CHUNK
        raise Cancelled

    with pytest.raises(Cancelled):
        list(wrap(source()))
    assert outcome(kit) == "cancelled"
    assert kit.span.status.is_unset


def test_a_stream_that_cannot_be_read_did_not_break(kit: Kit, wrap: Callable[..., Any]) -> None:
    """It ran out as streams do, and why it stopped we could not read: no ERROR for that."""
    list(wrap(iter([{"type": "somebody's"}, {"type": "own"}]), provider="replicate"))
    assert outcome(kit) == "completed"
    assert kit.span.status.is_unset
    assert attributes_of(kit.span)["chunkmeter.usage.status"] == "missing"
    assert kit.total("chunkmeter.errors", stage="reader") == 1


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_with_that_the_collector_leaves_is_settled_elsewhere(
    swallowed: bool, kit: Kit, wrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the user's generator lets the GeneratorExit through: the collector may hold the SDK's lock."""
    threads: list[str] = []
    record = Telemetry.record

    def noting(self: Telemetry, *given: Any) -> None:
        if self is kit.telemetry:  # the collection may find streams that other tests have left
            threads.append(threading.current_thread().name)
        record(self, *given)

    monkeypatch.setattr(Telemetry, "record", noting)

    def answer() -> Iterator[Any]:
        with wrap(Stream()) as stream:
            try:
                yield from stream
            except GeneratorExit:
                if not swallowed:
                    raise

    abandoned = answer()
    next(abandoned)
    cycle: list[Any] = [abandoned]
    cycle.append(cycle)
    del abandoned, cycle
    gc.collect()
    eventually(lambda: bool(kit.spans))
    assert threads == ["chunkmeter"]
    assert outcome(kit) in ("closed", "abandoned")
    assert kit.total("chunkmeter.calls") == 1


def test_a_thread_that_cannot_start_costs_the_user_nothing(
    kit: Kit, wrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At interpreter shutdown there are no new threads; what is collected then is settled by the exit sweep."""
    from chunkmeter.calls import keeper as module

    lonely = module.Keeper()
    monkeypatch.setattr("chunkmeter.calls.call.keeper", lonely)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    stream = wrap(Stream())
    assert next(iter(stream)) is CHUNK
    del stream
    gc.collect()
    lonely.sweep()
    assert outcome(kit) == "abandoned"
    gc.callbacks.remove(lonely.on_collection)
