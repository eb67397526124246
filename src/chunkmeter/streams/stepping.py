"""One item of a stream pulled, observed and handed on, for iterators that are no generators. It runs for each chunk.

`stepper` does for the stream's own `__next__` what `step` does for any pull, with no call more for each chunk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time_ns
from typing import Any

from ..calls.call import Call
from ..calls.pulling import pulls

__all__ = ["Observe", "astep", "step", "stepper"]

Observe = Callable[[Any], None]


def stepper(pull: Callable[[Any], Any]) -> Any:
    """A method of a stream that does for its own events what `step` does.

    Args:
        pull: gives the next item of the stream, or raises `StopIteration`.
    """

    @pulls
    def stepped(self: Any) -> Any:
        call = self._chunkmeter_lease.call  # `LEASE`, which is quicker to find by a name that is written out
        opened = call.open
        if not opened.paused_ns:
            return pull(self)  # as in `step`
        opened.paused_ns = 0
        try:
            item = pull(self)
        except BaseException as error:
            _ended(call, error)
            raise
        if call.quiet(call.tally, item):
            call.chunks += 1
            call.last_ns = opened.paused_ns = time_ns()
        else:
            call.read(item)
            opened.paused_ns = call.last_ns or call.start_ns
        return item

    return stepped


@pulls
def step(call: Call, observe: Observe | None, pull: Callable[[Any], Any], source: Any) -> Any:
    """Pull one item, have it observed, and return it. The call is settled if the pull ends the stream or fails.

    Args:
        call: the call whose stream it is.
        observe: called with the item; None where it is one of the call's own events.
        pull: gives the next item of `source`, or raises `StopIteration`.
        source: the iterator.
    """
    opened = call.open
    if not opened.paused_ns:
        # An outer tap is pulling already and will observe this item: some classes call `__next__` in `__iter__`.
        return pull(source)
    opened.paused_ns = 0
    try:
        item = pull(source)
    except BaseException as error:
        _ended(call, error)
        raise
    if observe is None and call.quiet(call.tally, item):
        call.chunks += 1
        call.last_ns = opened.paused_ns = time_ns()
    else:
        (observe or call.read)(item)
        opened.paused_ns = call.last_ns or call.start_ns
    return item


@pulls
async def astep(call: Call, observe: Observe | None, pull: Callable[[Any], Awaitable[Any]], source: Any) -> Any:
    """Pull one item of an async iterator, as `step` does; `pull` gives an awaitable of the item."""
    opened = call.open
    if not opened.paused_ns:
        return await pull(source)
    opened.paused_ns = 0
    try:
        item = await pull(source)
    except StopAsyncIteration:
        call.settle("exhausted")
        raise
    except BaseException as error:
        call.fail(error)
        raise
    if observe is None and call.quiet(call.tally, item):
        call.chunks += 1
        call.last_ns = opened.paused_ns = time_ns()
    else:
        (observe or call.read)(item)
        opened.paused_ns = call.last_ns or call.start_ns
    return item


def _ended(call: Call, error: BaseException) -> None:
    """Note that a pull has ended the stream, or failed."""
    if isinstance(error, StopIteration):
        call.settle("exhausted")
    else:
        call.fail(error)
