"""Known bugs of other instrumentations, planted for `FAULT=name make torture`, which has to find them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from chunkmeter import Priced, metered, pricing, taps
from chunkmeter.call import Call

__all__ = ["FAULTS"]

_patch = pytest.MonkeyPatch()


def double_settle() -> None:
    """Settles at each of the endings that come, not at the first of them."""
    settle = Call.settle

    def again(self: Call, *ending: Any, **given: Any) -> None:
        self.telemetry.open[id(self)] = self
        settle(self, *ending, **given)

    _patch.setattr(Call, "settle", again)


def swallow_cancel() -> None:
    """Takes a cancellation for the end of the stream, so that the user's task goes on."""
    astep = taps.astep

    async def swallowing(*given: Any) -> Any:
        try:
            return await astep(*given)
        except asyncio.CancelledError:
            raise StopAsyncIteration from None

    for module in (taps, metered):
        _patch.setattr(module, "astep", swallowing)


def zero_cost() -> None:
    """Says that what has no price costs nothing."""
    price = pricing.price

    def free(*given: Any, **named: Any) -> Priced:
        answer = price(*given, **named)
        return answer if isinstance(answer, Priced) else Priced(Decimal(0), model="none", version="none")

    _patch.setattr(pricing, "price", free)


def never_end() -> None:
    """Ends a span only where the stream ran out or failed, not where it was left."""
    settle = Call.settle

    def running_out(self: Call, ending: Any, *rest: Any, **given: Any) -> None:
        if ending in ("exhausted", "error"):
            settle(self, ending, *rest, **given)

    _patch.setattr(Call, "settle", running_out)


FAULTS: dict[str, Callable[[], None]] = {
    "double-settle": double_settle,
    "swallow-cancel": swallow_cancel,
    "zero-cost": zero_cost,
    "never-end": never_end,
}
