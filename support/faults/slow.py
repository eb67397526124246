"""Parts of chunkmeter that run twice or anew for each call, so that they take longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chunkmeter.calls.call import Call
from chunkmeter.pricing.resolved import Resolved
from chunkmeter.reporting.telemetry import Telemetry
from support.faults import fault, put


def _twice(owner: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def doubled(*args: Any, **keywords: Any) -> Any:
        original(*args, **keywords)
        return original(*args, **keywords)

    put(owner, name, doubled)


@fault("guard")
def slow_chunk() -> None:
    _twice(Call, "observe")


@fault("guard")
def slow_call() -> None:
    for step in ("start_span", "assess", "write", "record"):
        _twice(Telemetry, step)


@fault("guard")
def slow_price() -> None:
    """What a token costs is worked out anew for each call."""

    kept = Resolved.rates

    def anew(_: Resolved, *asked: Any) -> Any:
        return kept(Resolved(), *asked)

    put(Resolved, "rates", anew)
