"""Leases: a lease holds a call for as long as somebody may go on with the call's stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .call import Call
from .keeper import keeper

__all__ = ["Begin", "Lease"]

Begin = Callable[[Any], Call | None]
"""Begins the call of the stream or manager that it is given; returns None if the call goes unmetered."""


class Lease:
    """Holds a call on behalf of a metered stream and its iterators; when the last of them goes, the call is settled.

    Args:
        call: the call, if it has begun.
        begin: begins the call later, when a manager is entered or a lazy stream is first iterated.
    """

    __slots__ = ("__weakref__", "_begin", "broken", "call")

    def __init__(self, call: Call | None = None, *, begin: Begin | None = None) -> None:
        self.call, self._begin = call, begin
        self.broken: str | None = None
        """`error.type` of what has failed in what the stream has given; that is why its user leaves it, if he does."""

    def start(self, stream: Any) -> Call | None:
        """Begin the call of `stream`, unless it has begun, and return it; None if it goes unmetered."""
        if self.call is None and self._begin is not None:
            self.call = self._begin(stream)
        return self.call

    def begun(self) -> Call:
        """The call, which has begun.

        Raises:
            LookupError: if it has not.
        """
        if self.call is None:
            raise LookupError("the call of this lease has not begun")
        return self.call

    def renewed(self) -> Lease:
        """A new lease, for another call that is begun in the same way."""
        return Lease(begin=self._begin)

    def __reduce__(self) -> tuple[type[Lease], tuple[()]]:
        """A copy holds no call: there is one call to be metered, not two."""
        return Lease, ()

    def __del__(self) -> None:
        call = self.call
        if call is not None and not call.ended:
            ended = partial(call.settle, "collected")
            if self.broken is not None:
                ended = partial(call.settle, "error", self.broken, at_ns=call.last_ns or call.start_ns)
            keeper.later(ended)
