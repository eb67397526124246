"""Taps on iteration, sync and async.

Thin shells over one lifecycle (`chunkmeter.call`): pull an item, let the call observe it, hand it on; tell the call
how the stream ended. What runs a chunk runs here, so it is short.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any, cast

from .call import Call, Lease

__all__ = ["SendingAsync", "astep", "sending", "step", "tap"]

Observe = Callable[[Any], None]


def tap(lease: Lease, items: Any, observe: Observe | None = None) -> Any:
    """`items`, sync or async, each observed before it is handed on; the call of `lease` ends as they end."""
    observe = observe or lease.call.observe
    if isinstance(items, Generator):
        return _through(lease, cast("Generator[Any, Any, Any]", items), observe)
    return (Tap if hasattr(items, "__next__") else AsyncTap)(lease, items, observe)


def _through(lease: Lease, items: Generator[Any, Any, Any], observe: Observe) -> Generator[Any, Any, Any]:
    """A generator for a generator, at half of an object's cost a chunk: `yield from`, each item observed on its way."""
    call, send = lease.call, items.send
    pull: Callable[[Any], Any] = send
    given: Any = None
    try:
        while True:
            call.paused_ns = 0
            item = pull(given)
            observe(item)
            call.paused_ns = call.last_ns or call.start_ns
            try:
                given = yield item
                pull = send
            except GeneratorExit:
                items.close()  # By the collector too: what else there is to do waits until the lease goes.
                raise
            except BaseException as error:  # noqa: BLE001 -- it is the source's to raise it
                pull, given = items.throw, error
    except StopIteration as end:
        call.settle("exhausted")
        return end.value
    except BaseException as error:
        given = None  # Where it is the error itself, whose traceback has this frame: no cycle is left behind.
        call.fail(error)
        raise


class Tap:
    """A tap on an iterator that is no generator: it may go on after it has raised."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe", "_pull")

    def __init__(self, lease: Lease, items: Iterator[Any], observe: Observe) -> None:
        self._lease, self._call, self._items, self._observe = lease, lease.call, items, observe
        self._pull = items.__next__

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        return step(self._call, self._observe, self._pull)

    def __getattr__(self, name: str) -> Any:
        # close and what else the SDK's own iterator has.
        return getattr(self._items, name)


class AsyncTap:
    """A tap on an async iterator: an object, since an async generator ends only when its loop gets to it."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe", "_pull")

    def __init__(self, lease: Lease, items: AsyncIterator[Any], observe: Observe) -> None:
        self._lease, self._call, self._items, self._observe = lease, lease.call, items, observe
        self._pull = items.__anext__

    def __aiter__(self) -> AsyncTap:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return astep(self._call, self._observe, self._pull)

    def __getattr__(self, name: str) -> Any:
        # aclose, asend and what else the SDK's own iterator has.
        return getattr(self._items, name)


def sending(call: Call, items: Iterator[Any]) -> Iterator[Any]:
    """`items`, the first of which is asked for with the call's span current: that is what sends the request."""
    try:
        first = call.send(next, items)
    except StopIteration:
        return
    yield first
    yield from items


class SendingAsync:
    """`sending` for an async iterator."""

    __slots__ = ("_call", "_items", "_sent")

    def __init__(self, call: Call, items: AsyncIterator[Any]) -> None:
        self._call, self._items, self._sent = call, items, False

    def __aiter__(self) -> SendingAsync:
        return self

    def __anext__(self) -> Awaitable[Any]:
        if self._sent:
            return self._items.__anext__()
        self._sent = True
        return self._call.asend(self._items.__anext__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items, name)


def step(call: Call, observe: Observe, pull: Callable[[], Any]) -> Any:
    """One item, pulled, observed and returned, for an iterator that is driven by hand."""
    if not call.paused_ns:
        return pull()  # The class's own __iter__ asks through __next__: one of the two is enough.
    call.paused_ns = 0
    try:
        item = pull()
    except StopIteration:
        call.settle("exhausted")
        raise
    except BaseException as error:
        call.fail(error)
        raise
    observe(item)
    call.paused_ns = call.last_ns or call.start_ns
    return item


async def astep(call: Call, observe: Observe, pull: Callable[[], Awaitable[Any]]) -> Any:
    """`step` for an async iterator."""
    if not call.paused_ns:
        return await pull()
    call.paused_ns = 0
    try:
        item = await pull()
    except StopAsyncIteration:
        call.settle("exhausted")
        raise
    except BaseException as error:
        call.fail(error)
        raise
    observe(item)
    call.paused_ns = call.last_ns or call.start_ns
    return item
