"""CPU of a process, bare and metered in turns, and what the turns say together."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

_TOGETHER = 5
"""Runs of one side before it is another's turn."""


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


class Pace:
    """Makes times comparable that are taken minutes apart, on a machine whose speed changes meanwhile.

    They are scaled by what a fixed piece of work takes beside them.

    Args:
        usual: nanoseconds that the piece of work takes where nothing is scaled; as it is right now if left out.
    """

    def __init__(self, usual: float | None = None) -> None:
        self.usual = usual or statistics.median(self.work(200))

    def work(self, times: int = 3) -> list[int]:
        """Nanoseconds that the piece of work takes now, each of so many times."""
        return [_once(_work) for _ in range(times)]

    def scaled(self, nanoseconds: float, work: Sequence[int] = ()) -> float:
        """Microseconds, of a time beside which the work took so long; just taken, if that is left out."""
        return nanoseconds / 1e3 * self.usual / statistics.median(work or self.work())


def in_turns(prepared: Sequence[Callable[[], Callable[[], object]]], turn: int, times: int, pace: Pace) -> list[float]:
    """Microseconds of this process's CPU, all threads, that each side takes: the median of runs, each timed alone.

    A few runs of one side, then of the next: often enough for all to see the same machine, and long enough for a side
    not to be cold at each. The other way round every other time, so that neither is always first. The garbage
    collector's work falls on none.

    Args:
        prepared: for each side, what makes it ready, untimed, and gives what is timed.
        turn: how many there have been.
        times: how often each side runs.
        pace: what times are scaled by.
    """
    taken: list[list[float]] = [[] for _ in prepared]
    gc.collect()
    gc.disable()
    try:
        for group in range(turn, turn + max(1, times // _TOGETHER)):
            for side in _order(len(prepared), group):
                run = prepared[side]()
                runs = [_once(run) for _ in range(min(times, _TOGETHER))]
                taken[side].append(pace.scaled(statistics.median(runs)))
    finally:
        gc.enable()
    return [statistics.median(side) for side in taken]


def rounds(
    prepared: Sequence[Callable[[], Callable[[], object]]], seconds: float, pace: Pace, fewest: int = 3
) -> Iterator[list[float]]:
    """Microseconds of CPU of each side, once a round: sides that follow each other closely see the same machine.

    The collector runs as it does in life, since who keeps many objects makes work for it.

    Args:
        prepared: see `in_turns`.
        seconds: of CPU that all rounds may take together.
        pace: what times are scaled by, those of a round by the same.
        fewest: rounds, however long they take.
    """
    end = time.process_time() + seconds
    for number in count():
        if number >= fewest and time.process_time() > end:
            return
        gc.collect()
        taken: dict[int, int] = {}
        work: list[int] = []
        for side in _order(len(prepared), number):
            taken[side] = _once(prepared[side]())
            work += pace.work()
        yield [pace.scaled(taken[side], work) for side in range(len(prepared))]


def _order(sides: int, turn: int) -> Iterable[int]:
    return range(sides) if turn % 2 else reversed(range(sides))


def _work() -> int:
    total = 0
    for number in range(1000):
        total += number
    return total


def _once(run: Callable[[], object]) -> int:
    start = time.process_time_ns()
    run()
    return time.process_time_ns() - start
