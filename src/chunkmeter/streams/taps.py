"""Taps on iteration, sync and async.

A tap pulls an item, lets the call (`chunkmeter.calls.call`) observe it, and hands it on. At the end it tells the call
how the stream ended. This code runs once for each chunk, so it is kept short: of a quiet chunk it notes the time, and
counts it, without a call of `Call.observe`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from functools import partial
from time import time_ns
from typing import Any

from ..calls.call import Call
from ..calls.lease import Lease
from ..calls.pulling import ends, is_pulling, pulls
from ..calls.sending import asend, send
from .stepping import Observe, astep, step

__all__ = [
    "Hides",
    "Observe",
    "SendingAsync",
    "ignore",
    "inner_async_tap",
    "inner_tap",
    "lazy_tap",
    "sending",
    "tap",
]

Hides = Callable[[Any], bool]
"""Says which events are not handed on; a quiet one never is of them."""


def ignore(item: Any) -> None:
    """Observe an item of which nothing is to be known."""


def tap(lease: Lease, items: Any, observe: Observe | None = None) -> Any:
    """Put a tap on an iterator, sync or async: each item is observed before it is handed on.

    Args:
        lease: holds the call, which must have begun. The tap settles that call when the iterator ends or fails.
        items: a generator, an iterator or an async iterator.
        observe: called with each item; left out where the items are the call's own events.

    Returns:
        A generator for a generator, otherwise an iterator of the same kind, sync or async.
    """
    if isinstance(items, Generator):
        return _through(lambda: lease, items, None if observe is None else lambda _: observe, sends=False)
    return (Tap if hasattr(items, "__next__") else AsyncTap)(lease, items, observe)


def lazy_tap(
    begin: Callable[[], Lease | None], items: Iterator[Any], observer: Callable[[Call], Observe] | None = None
) -> Generator[Any, Any, Any]:
    """Put a tap on a sync stream that sends its request when its first item is asked for; its call begins then.

    Args:
        begin: gives the lease of the call, which is begun unless it has begun; None if the stream goes unmetered.
        items: the stream.
        observer: makes the function that is called with each item; left out where the items are the call's own events.
    """
    source = items if isinstance(items, Generator) else _handed_on(items)
    return _through(begin, source, observer, sends=True)


@pulls
def _through(
    begin: Callable[[], Lease | None],
    items: Generator[Any, Any, Any],
    observer: Callable[[Call], Observe] | None,
    *,
    sends: bool,
) -> Generator[Any, Any, Any]:
    """Do what `yield from items` does, and observe each item. For each chunk it costs half of what a `Tap` does."""
    # Whoever iterates this may close it as it is collected. So the end of the call is left to the lease.
    lease = begin()
    if lease is None:
        return (yield from items)
    call, next_item = lease.begun(), items.send
    opened, tally, own = call.open, call.tally, observer is None
    look = call.read if observer is None else observer(call)
    pull: Callable[[Any], Any] = partial(send, call, next_item) if sends and not call.chunks else next_item
    given: Any = None
    try:
        while True:
            opened.paused_ns = 0
            item = pull(given)
            if own and call.quiet(tally, item):
                call.chunks += 1
                call.last_ns = opened.paused_ns = time_ns()
            else:
                look(item)
                opened.paused_ns = call.last_ns or call.start_ns
            try:
                given = yield item
                if call.raw_tapped and given is None:
                    break  # A tap further inside does for each item what is to be done.
                pull = next_item
            except GeneratorExit:
                # The garbage collector may be closing this, so only the source is closed. The lease settles the call.
                items.close()
                raise
            except BaseException as error:  # noqa: BLE001 -- the consumer threw it, so the source gets it
                pull, given = items.throw, error
        result = yield from items
        call.settle("exhausted")
        return result
    except StopIteration as end:
        call.settle("exhausted")
        return end.value
    except BaseException as error:
        given = None  # It may be this very error. Its traceback holds this frame, and that would be a reference cycle.
        call.fail(error)
        raise


class Tap:
    """A tap on an iterator that is no generator. Such an iterator may go on after it has raised."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe")

    def __init__(self, lease: Lease, items: Iterator[Any], observe: Observe | None) -> None:
        self._lease, self._call, self._items, self._observe = lease, lease.begun(), items, observe

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        return step(self._call, self._observe, next, self._items)

    def __getattr__(self, name: str) -> Any:
        # The SDK's own iterator may have further methods, such as `close`.
        return getattr(self._items, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._items.__reduce_ex__(protocol)  # a copy is of the bare iterator


class AsyncTap:
    """A tap on an async iterator. It is no async generator, since only the event loop can end one."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe")

    def __init__(self, lease: Lease, items: AsyncIterator[Any], observe: Observe | None) -> None:
        self._lease, self._call, self._items, self._observe = lease, lease.begun(), items, observe

    def __aiter__(self) -> AsyncTap:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return astep(self._call, self._observe, anext, self._items)

    def __getattr__(self, name: str) -> Any:
        # The SDK's own iterator may have further methods, such as `aclose` and `asend`.
        found = getattr(self._items, name)
        return partial(closed, self._call, found) if name == "aclose" else found

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._items.__reduce_ex__(protocol)


@ends
def closed(call: Call, close: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what `close(...)` gives, by which the user ends the stream of `call`, and settle the call when it is done.

    A close that is awaited is done when it has been awaited.
    """
    if is_pulling(call):
        return close(*args, **kwargs)  # The stream closes itself. The item that was asked for tells how it ends.
    call.closing()
    try:
        result = close(*args, **kwargs)
    except BaseException:
        call.close()
        raise
    if inspect.isawaitable(result):
        return _closed(call, result)
    call.close()
    return result


@ends
async def _closed(call: Call, closing: Awaitable[Any]) -> Any:
    try:
        result = await closing
    except GeneratorExit:
        raise  # The awaitable was dropped before it was done, so the stream has not been closed.
    except BaseException:
        call.close()
        raise
    call.close()
    return result


def inner_tap(call: Call, events: Iterable[Any], hides: Hides | None = None) -> Iterator[Any]:
    """Observe a call's events below a tap on what is made of them, which tells how the stream ends.

    A generator's tap only hands items on once this one runs, so this one also notes since when the user has the last.
    """
    opened, tally = call.open, call.tally
    for event in events:
        if call.quiet(tally, event):
            call.chunks += 1
            call.last_ns = opened.paused_ns = time_ns()
        else:
            call.read(event)
            if hides is not None and hides(event):
                continue
            opened.paused_ns = call.last_ns
        yield event
        opened.paused_ns = 0


async def inner_async_tap(call: Call, events: AsyncIterable[Any], hides: Hides | None = None) -> AsyncIterator[Any]:
    """The same for async events; the tap outside notes since when the user has the last."""
    tally = call.tally
    async for event in events:
        if call.quiet(tally, event):
            call.chunks += 1
            call.last_ns = time_ns()
        else:
            call.read(event)
            if hides is not None and hides(event):
                continue
        yield event


def _handed_on(items: Iterator[Any]) -> Generator[Any, Any, Any]:
    return (yield from items)


def sending(call: Call, items: Iterator[Any]) -> Iterator[Any]:
    """Hand on `items`; the call's span is current while the first one is pulled, as that sends the request."""
    try:
        first = send(call, next, items)
    except StopIteration:
        return
    yield first
    yield from items


class SendingAsync:
    """Hands on the items of an async iterator, as `sending` does those of an iterator."""

    __slots__ = ("_call", "_items", "_sent")

    def __init__(self, call: Call, items: AsyncIterator[Any]) -> None:
        self._call, self._items, self._sent = call, items, False

    def __aiter__(self) -> SendingAsync:
        return self

    def __anext__(self) -> Awaitable[Any]:
        if self._sent:
            return self._items.__anext__()
        self._sent = True
        return asend(self._call, self._items.__anext__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items, name)
