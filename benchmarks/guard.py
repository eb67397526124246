"""Ratios that a slower chunkmeter would change, each with a generous limit: half as high again as it is.

    make guard [FAULT=slow-chunk|slow-call|slow-price]

A figure is chunkmeter's cost over that of a floor in the same process, so the machine's speed falls out. Limits of
start-up are wider: few starts are timed, each once. FAULT makes a part of chunkmeter run twice, which it has to see.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from statistics import median

from support.faults import plant

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
    starts = [answer(sys.executable, "benchmarks.imports", "hook") for _ in range(STARTS)]
    for step, what in (("import", "`import chunkmeter`"), ("instrument", "`instrument()` of all libraries")):
        over = least(starts, step) / least(starts, "sdk")
        yield f"{what}, over importing opentelemetry.sdk", over, LIMITS[step]
    heavy = {name for start in starts for names in start["loaded"].values() for name in names}
    yield "SDKs and pydantic imported by either, by number", float(len(heavy)), LIMITS["heavy"]


LIMITS = {
    "for": 5.2,
    "next": 10.5,
    "async": 10.0,
    "call": 5.3,
    "price": 1.8,
    "held": 2.3,
    "import": 0.2,
    "instrument": 0.4,
    "heavy": 0.0,
}


def main() -> int:
    fault = plant("guard")
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
