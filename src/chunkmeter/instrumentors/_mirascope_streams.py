"""How Mirascope's streams are tapped: the provider's raw events where they can be seen, its tuples elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from ..call import Call, Lease
from ..taps import SendingAsync, sending, tap

__all__ = ["LazyAsync", "answered", "await_answer", "iterate", "tap_raw"]


def iterate(lease: Lease, items: Iterator[Any]) -> Iterator[Any]:
    """A stream's tuples, for the call of `lease`."""
    call = lease.call
    return tap(lease, items if call.tally.chunks else sending(call, items), _tuple_observer(call))


class LazyAsync:
    """A stream's async iterator, metered from its first step on: nothing is sent before."""

    __slots__ = ("_begin", "_items", "_tapped")

    def __init__(self, begin: Callable[[], Lease | None], items: AsyncIterator[Any]) -> None:
        self._begin, self._items = begin, items
        self._tapped: Any = None

    def __aiter__(self) -> LazyAsync:
        return self

    def __anext__(self) -> Any:
        if self._tapped is None:
            self._tapped = self._tap()
        return self._tapped.__anext__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items, name)

    def _tap(self) -> Any:
        lease = self._begin()
        if lease is None:
            return self._items
        call = lease.call
        items = self._items if call.tally.chunks else SendingAsync(call, self._items)
        return tap(lease, items, _tuple_observer(call))


def _tuple_observer(call: Call) -> Callable[[Any], None]:
    """Reads the raw chunk out of Mirascope's `(chunk, tool)`, where the raw events are not tapped themselves."""
    last: Any = None

    def observe(item: Any) -> None:
        nonlocal last
        if call.raw_tapped:
            return
        try:
            raw = item[0].chunk
        except Exception as error:  # noqa: BLE001 -- the guard, without its context manager: this runs a chunk
            call.telemetry.guard.failed("reader", "taking Mirascope's chunk", error)
            return
        # Google's chunk is handed out once for each function call in it.
        if raw is not last:
            last = raw
            call.observe(raw)

    return observe


def tap_raw(call: Call, events: Any, hides: Callable[[Any], bool] | None = None) -> Any:
    """The provider's raw events, sync or async, each observed for `call`; those that `hides` tells end there."""
    call.raw_tapped = True
    if inspect.isawaitable(events):
        return _tap_raw_awaited(call, events, hides)
    if hasattr(events, "__next__") or not hasattr(events, "__aiter__"):
        return _observed(call, events, hides)
    return _aobserved(call, events, hides)


async def _tap_raw_awaited(call: Call, events: Any, hides: Callable[[Any], bool] | None) -> Any:
    return _aobserved(call, await events, hides)


def _observed(call: Call, events: Any, hides: Callable[[Any], bool] | None) -> Any:
    for event in events:
        call.observe(event)
        if hides is None or not hides(event):
            yield event


async def _aobserved(call: Call, events: Any, hides: Callable[[Any], bool] | None) -> Any:
    async for event in events:
        call.observe(event)
        if hides is None or not hides(event):
            yield event


async def await_answer(lease: Lease, answer: Any) -> Any:
    """The answer to a plain call that is awaited, metered; the lease is held by whoever awaits it."""
    call = lease.call

    async def awaited() -> Any:
        return await answer

    try:
        result = await call.asend(awaited)
    except BaseException as error:
        call.fail(error)
        raise
    answered(call, result)
    return result


def answered(call: Call, answer: Any) -> None:
    """A plain call has its answer."""
    call.observe(answer)
    call.settle("exhausted")
