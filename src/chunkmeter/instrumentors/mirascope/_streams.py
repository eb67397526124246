"""Taps for Mirascope's streams: on the provider's raw events where a hook sees them, elsewhere on its own items."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import GeneratorType
from typing import Any

from ...calls.call import Call
from ...streams.taps import Hides, inner_async_tap, inner_tap

__all__ = ["tap_raw", "tuple_observer"]


def tuple_observer(call: Call) -> Callable[[Any], None]:
    """Observes the raw chunk in each of Mirascope 1's `(chunk, tool)` tuples, unless the raw events have a tap."""
    last: Any = None

    def observe(item: Any) -> None:
        nonlocal last
        if call.raw_tapped:
            return
        try:
            raw = item[0].chunk
        except Exception as error:  # noqa: BLE001 -- a guard's context manager would cost too much for each chunk
            call.telemetry.guard.failed("reader", "taking Mirascope's chunk", error)
            return
        # Mirascope hands out Google's chunk once for each function call in it.
        if raw is not last:
            last = raw
            call.observe(raw)

    return observe


def tap_raw(call: Call, events: Any, hides: Hides | None = None) -> Any:
    """Put a tap on a provider's raw events.

    Args:
        call: observes each event.
        events: an iterator, an async iterator, or an awaitable of one.
        hides: says which events are observed but not handed on; all are handed on if left out.
    """
    call.raw_tapped = True
    if type(events) is GeneratorType and not events.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return inner_tap(call, events, hides)  # as below, for nearly all that are sync
    if inspect.isawaitable(events):
        return _tap_raw_awaited(call, events, hides)
    if hasattr(events, "__next__") or not hasattr(events, "__aiter__"):
        return inner_tap(call, events, hides)
    return inner_async_tap(call, events, hides)


async def _tap_raw_awaited(call: Call, events: Any, hides: Hides | None) -> Any:
    return inner_async_tap(call, await events, hides)
