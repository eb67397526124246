"""Taps on iteration, sync and async.

Two thin shells over one lifecycle (`chunkmeter.call`): pull an item, let the call observe it, hand it on; tell
the call how the stream ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from .call import Call, Lease

__all__ = ["AsyncTap", "SendingAsync", "Tap", "astep", "sending", "step"]


class Tap:
    """`items`, each observed before it is handed on; the call of `lease` ends as they end."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe", "_pull")

    def __init__(self, lease: Lease, items: Iterator[Any], observe: Callable[[Any], None] | None = None) -> None:
        self._lease, self._call, self._items = lease, lease.call, items
        self._observe = observe or lease.call.observe
        self._pull = items.__next__

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        return step(self._call, self._observe, self._pull)

    def send(self, value: Any) -> Any:
        """As the SDK's own generator has it."""
        return step(self._call, self._observe, self.__getattr__("send"), value)

    def throw(self, *error: Any) -> Any:
        """As the SDK's own generator has it."""
        return step(self._call, self._observe, self.__getattr__("throw"), *error)

    def __getattr__(self, name: str) -> Any:
        # close and what else the SDK's own iterator has.
        return getattr(self._items, name)


class AsyncTap:
    """`Tap` for an async iterator: an object too, since an async generator ends only when its loop gets to it."""

    __slots__ = ("__weakref__", "_call", "_items", "_lease", "_observe")

    def __init__(self, lease: Lease, items: AsyncIterator[Any], observe: Callable[[Any], None] | None = None) -> None:
        self._lease, self._call, self._items = lease, lease.call, items
        self._observe = observe or lease.call.observe

    def __aiter__(self) -> AsyncTap:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return astep(self._call, self._observe, self._items.__anext__)

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


def step(call: Call, observe: Callable[[Any], None], pull: Callable[..., Any], *args: Any) -> Any:
    """One item, pulled, observed and returned, for an iterator that is driven by hand."""
    if not call.paused_ns:
        return pull(*args)  # The class's own __iter__ asks through __next__: one of the two is enough.
    call.paused_ns = 0
    try:
        item = pull(*args)
    except StopIteration:
        call.settle("exhausted")
        raise
    except BaseException as error:
        call.fail(error)
        raise
    observe(item)
    call.paused_ns = call.last_ns or call.start_ns
    return item


async def astep(call: Call, observe: Callable[[Any], None], pull: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    """`step` for an async iterator."""
    if not call.paused_ns:
        return await pull(*args)
    call.paused_ns = 0
    try:
        item = await pull(*args)
    except StopAsyncIteration:
        call.settle("exhausted")
        raise
    except BaseException as error:
        call.fail(error)
        raise
    observe(item)
    call.paused_ns = call.last_ns or call.start_ns
    return item
