"""Ratios that a slower chunkmeter would change, each with a generous limit: half as high again as it is.

    make guard [FAULT=slow-chunk|slow-call|slow-price]

A figure is chunkmeter's cost over that of a floor in the same process, so the machine's speed falls out. Limits of
start-up are wider: few starts are timed, each once. FAULT makes a part of chunkmeter run twice, which it has to see.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from .bench import answer
from .bounds import least, ratio
from .own import Own
from .timing import Pace

TURNS, STARTS = 7, 5
Figure = tuple[str, float, float]


def figures(own: Own) -> Iterator[Figure]:
    """What is held against what, its ratio, and the limit of that."""
    chunk = [own.chunk(turn) for turn in range(TURNS)]
    for side, bare in (("for", "bare"), ("next", "bare next"), ("async", "bare async")):
        over = median((turn[side] - turn[bare]) / (turn["noting"] - turn["bare"]) for turn in chunk)
        yield f"a chunk by `{side}`, over an iterator that notes the time of each", over, LIMITS[side]
    call = [own.call(turn) for turn in range(TURNS)]
    yield "a call, over its span and points by hand", ratio(call, "metered", "by hand"), LIMITS["call"]
    price = [own.price(turn) for turn in range(TURNS)]
    yield "a price, over genai-prices' own", ratio(price, "ours", "genai-prices"), LIMITS["price"]
    held = own.held()
    yield (
        "memory of an open stream, over the SDK's span",
        (held["metered"] - held["bare"]) / held["span"],
        LIMITS["held"],
    )
    starts = [answer(sys.executable, "benchmarks.imports", "chunkmeter") for _ in range(STARTS)]
    for step in ("import", "instrument"):
        yield f"`{step}`, over importing opentelemetry.sdk", least(starts, step) / least(starts, "sdk"), LIMITS[step]


LIMITS = {
    "for": 5.2,
    "next": 10.5,
    "async": 10.0,
    "call": 5.3,
    "price": 1.8,
    "held": 2.3,
    "import": 0.2,
    "instrument": 0.5,
}


# --- known faults ---


def _twice(owner: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def doubled(*args: Any, **keywords: Any) -> Any:
        original(*args, **keywords)
        return original(*args, **keywords)

    setattr(owner, name, doubled)


def _slow_chunk() -> None:
    from chunkmeter.call import Call

    _twice(Call, "observe")


def _slow_call() -> None:
    from chunkmeter.telemetry import Telemetry

    for step in ("start_span", "assess", "write", "record"):
        _twice(Telemetry, step)


def _slow_price() -> None:
    from chunkmeter.pricing import genai

    _twice(genai, "price")


FAULTS = {"slow-chunk": _slow_chunk, "slow-call": _slow_call, "slow-price": _slow_price}


def main() -> int:
    fault = os.environ.get("FAULT")
    if fault:
        FAULTS[fault]()
    within = failed = 0
    for what, over, limit in figures(Own(Pace())):
        met = over <= limit
        within, failed = within + met, failed + (not met)
        verdict = f"within {limit:g}" if met else f"FAILED: expected at most {limit:g}"
        print(f"{what + ' ':.<75} {over:5.2f} x, {verdict}", flush=True)
        if fault and failed:
            break
    print(f"guard: {within} ratios within their limits, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
