"""CPU of a process, bare and metered in turns, and what the turns say together."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Median with the quartiles about it."""

    low: float
    middle: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of at least one value."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def cpu(run: Callable[[], object], times: int = 1) -> float:
    """Microseconds of this process's CPU that `run` takes, all threads.

    The median over `times` runs, each timed alone: where a machine takes memory back, a page fault costs more than all
    the rest, and it falls on few of them. The collector's work falls on none.
    """
    gc.collect()
    gc.disable()
    try:
        return statistics.median(_once(run) for _ in range(times)) / 1e3
    finally:
        gc.enable()


def in_turns(prepared: Sequence[Callable[[], Callable[[], object]]], turn: int, times: int = 1) -> list[float]:
    """`cpu` of each side, the other way round every other turn, so that neither is always first.

    Args:
        prepared: for each side, what makes it ready, untimed, and gives what is timed.
        turn: how many there have been.
        times: how often each side runs, for the median.
    """
    order = range(len(prepared)) if turn % 2 else reversed(range(len(prepared)))
    taken = {number: cpu(prepared[number](), times) for number in order}
    return [taken[number] for number in range(len(prepared))]


def _once(run: Callable[[], object]) -> int:
    start = time.process_time_ns()
    run()
    return time.process_time_ns() - start
