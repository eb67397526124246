"""Ratios that a slower chunkmeter would change, each with a generous limit: half as high again as it is.

    make guard [FAULT=slow-chunk|slow-call|slow-price]

A figure is chunkmeter's cost over that of a floor in the same process, so the machine's speed falls out. One beyond its
limit is measured again. Limits of start-up are wider: few starts are timed, each once. FAULT makes a part of chunkmeter
run twice, or anew for each call, which it has to see.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from support.faults import plant

from .bench import answer
from .bounds import least, noted, ratio
from .own import Own
from .timing import Pace

TURNS, STARTS = 7, 5
TRIES = 3
"""How often a figure beyond its limit is measured, the least of which counts: a busy machine slows the two sides of a
ratio by unlike parts, a slower chunkmeter is as slow each time."""
Figures = dict[str, float]
"""Ratios by the name of their limit."""


def _chunk(own: Own) -> Figures:
    turns = [own.chunk(turn) for turn in range(TURNS)]
    return noted(turns)


def _call(own: Own) -> Figures:
    return {"call": ratio([own.call(turn) for turn in range(TURNS)], "metered", "by hand")}


def _price(own: Own) -> Figures:
    return {"price": ratio([own.price(turn) for turn in range(TURNS)], "ours", "genai-prices")}


def _held(own: Own) -> Figures:
    held = own.held()
    return {"held": (held["metered"] - held["bare"]) / held["span"]}


def _start(_: Own) -> Figures:
    starts = [answer(sys.executable, "benchmarks.imports", "hook") for _ in range(STARTS)]
    heavy = {name for start in starts for names in start["loaded"].values() for name in names}
    return {
        **{step: least(starts, step) / least(starts, "sdk") for step in ("import", "instrument")},
        "heavy": float(len(heavy)),
    }


MEASURED = (_chunk, _call, _price, _held, _start)
# Each figure: what is held against what, and the most that this may come to.
LIMITS = {
    "for": ("a chunk by `for`, over an iterator that notes the time of each", 5.0),
    "next": ("a chunk by `next`, over an iterator that notes the time of each", 6.5),
    "async": ("a chunk by `async`, over an iterator that notes the time of each", 5.5),
    "call": ("a call, over its span and points by hand", 2.6),
    "price": ("a price, over genai-prices' own", 0.17),
    "held": ("memory of an open stream, over the SDK's span", 2.3),
    "import": ("`import chunkmeter`, over importing opentelemetry.sdk", 0.2),
    "instrument": ("`instrument()` of all libraries, over importing opentelemetry.sdk", 0.46),
    "heavy": ("SDKs and pydantic imported by either, by number", 0.0),
}


def least_of(measure: Callable[[Own], Figures], own: Own) -> Figures:
    """The figures, measured again while one is beyond its limit: the least of each."""
    found = measure(own)
    for _ in range(TRIES - 1):
        if all(over <= LIMITS[name][1] for name, over in found.items()):
            break
        again = measure(own)
        found = {name: min(over, again[name]) for name, over in found.items()}
    return found


def main() -> int:
    fault = plant("guard")
    own = Own(Pace())
    within = failed = 0
    for measure in MEASURED:
        for name, over in least_of(measure, own).items():
            what, limit = LIMITS[name]
            met = over <= limit
            within, failed = within + met, failed + (not met)
            verdict = f"within {limit:g}" if met else f"FAILED: expected at most {limit:g}"
            print(f"{what + ' ':.<75} {over:5.2f} x, {verdict}", flush=True)
            if fault and failed:
                print(f"guard: {within} ratios within their limits, {failed} failed")
                return 1
    print(f"guard: {within} ratios within their limits, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
