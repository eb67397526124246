"""Parts of chunkmeter that run twice or anew for each call, so that they take longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chunkmeter import readers
from chunkmeter.pricing.resolved import InUse, Resolved
from chunkmeter.reporting.telemetry import Telemetry
from support.faults import fault, put


def _doubled(original: Callable[..., Any]) -> Callable[..., Any]:
    def doubled(*args: Any, **keywords: Any) -> Any:
        original(*args, **keywords)
        return original(*args, **keywords)

    return doubled


def _twice(owner: Any, name: str) -> None:
    put(owner, name, _doubled(getattr(owner, name)))


@fault("guard")
def slow_chunk() -> None:
    """Each event is asked twice whether it is quiet."""
    for wire in readers.WIRES:
        reader = readers.for_wire(wire)
        readers._loaded[wire] = replace(reader, quiet=_doubled(reader.quiet))


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
    put(InUse, "known", lambda *_: None)
