"""Known bugs of other instrumentations in how a call ends."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from chunkmeter import Priced, pricing, threads
from chunkmeter.calls.call import Call
from chunkmeter.calls.keeper import Keeper, keeper
from chunkmeter.calls.lease import Lease
from chunkmeter.streams import methods, taps
from support.faults import fault, put


@fault("torture")
def double_settle() -> None:
    """Settles at each of the endings that come, not at the first of them."""
    settle = Call.settle

    def again(self: Call, *ending: Any, **given: Any) -> None:
        keeper.keep(self)
        settle(self, *ending, **given)

    put(Call, "settle", again)


@fault("torture")
def swallow_cancel() -> None:
    """Takes a cancellation for the end of the stream, so that the user's task goes on."""
    astep = taps.astep

    async def swallowing(*given: Any) -> Any:
        try:
            return await astep(*given)
        except asyncio.CancelledError:
            raise StopAsyncIteration from None

    for module in (taps, methods):
        put(module, "astep", swallowing)


@fault("torture")
def zero_cost() -> None:
    """Says that what has no price costs nothing."""
    price = pricing.price

    def free(*given: Any, **named: Any) -> Priced:
        answer = price(*given, **named)
        return answer if isinstance(answer, Priced) else Priced(Decimal(0), model="none", version="none")

    put(pricing, "price", free)


@fault("torture")
def never_end() -> None:
    """Ends a span only where the stream ran out or failed, not where it was left."""
    settle = Call.settle

    def running_out(self: Call, ending: Any, *rest: Any, **given: Any) -> None:
        if ending in ("exhausted", "error"):
            settle(self, ending, *rest, **given)

    put(Call, "settle", running_out)


@fault("stress")
def settle_in_finalizer() -> None:
    """Settles a stream that nobody ended where the collector finds it, inside whatever lock is held there."""

    def settle(lease: Lease) -> None:
        lease.begun().settle("collected")

    put(Lease, "__del__", settle)
    put(Keeper, "collecting", False)  # what would have caught it


@fault("test", "green")
def queue_at_import() -> None:
    """Waits in the queue of a process that nobody has patched, though the thread is a green one: its hub waits too."""
    put(threads, "green", lambda: False)
