"""Short calls at a steady rate, well below what the bare app could send: CPU, and how long a call takes.

    python -m benchmarks.steady [--seconds 60]

All hooks are in place, as `opentelemetry-instrument` has it. A call is due at its time, whether or not the one before
has ended, and its latency counts from then: an app that can't keep up shows it.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Sequence
from statistics import quantiles
from typing import Any

from .contenders import SHORTEST
from .worker import Worker

SHARE = 0.6
"""Of the rate at which the bare app is busy all the time."""
PART = 5.0
"""Seconds that one side runs before it is the other's turn."""
Figures = dict[str, Any]


def flat_out(call: Callable[[], object], seconds: float) -> float:
    """Calls a second, one after the other."""
    calls, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        call()
        calls += 1
    return calls / taken


def at_rate(call: Callable[[], object], rate: float, seconds: float) -> tuple[float, list[float]]:
    """Seconds of CPU that so many calls a second take, and how long after it was due each had ended, in seconds."""
    latencies: list[float] = []
    busy, start = time.process_time(), time.perf_counter()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        if (early := due - time.perf_counter()) > 0:
            time.sleep(early)
        call()
        latencies.append(time.perf_counter() - due)
    return time.process_time() - busy, latencies


def figures(cpu: Sequence[float], latencies: list[float], seconds: float) -> Figures:
    """CPU in percent of one core, and the median and the 99th percentile of latency in milliseconds."""
    cuts = quantiles(latencies, n=100)
    return {"cpu": 100 * sum(cpu) / seconds, "p50": 1e3 * cuts[49], "p99": 1e3 * cuts[98]}


def measured(worker: Worker, seconds: float) -> Figures:
    """Both sides for so many seconds each, in turns."""
    worker.workload.serve(SHORTEST)

    def side(*, metered: bool) -> Callable[[], object]:
        worker.switch.turn(on=metered)
        return lambda: worker.workload.read("openai", None)

    for metered in (True, False):
        flat_out(side(metered=metered), min(1.0, seconds))  # caches fill
    rate = SHARE * flat_out(side(metered=False), min(PART, seconds))
    part = min(PART, seconds)
    sides: dict[str, tuple[list[float], list[float]]] = {"bare": ([], []), "metered": ([], [])}
    for turn in range(max(1, round(seconds / part))):
        for name in sorted(sides, reverse=bool(turn % 2)):
            gc.collect()
            cpu, latencies = at_rate(side(metered=name == "metered"), rate, part)
            sides[name][0].append(cpu)
            sides[name][1].extend(latencies)
    return {"rate": rate, **{name: figures(*found, part * len(found[0])) for name, found in sides.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    print(json.dumps(measured(Worker("hook", content=False), options.seconds)))


if __name__ == "__main__":
    main()
