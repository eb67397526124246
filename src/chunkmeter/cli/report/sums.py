"""What calls add up to, exactly and in bounded memory. Pure."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator
from decimal import Context, Decimal, Inexact
from typing import NamedTuple

from ... import semconv
from .calls import Told

__all__ = ["Group", "Groups", "Quantiles", "Timeline", "Times", "add"]

_EXACT = Context(prec=2000, traps=[Inexact])
"""Sums of floats of any size have some 650 digits at most; one that was rounded would be an error."""
_WIDTHS = (1, 5, 10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 364 * 86_400)
"""Seconds of a timeline's steps, each a multiple of the one before."""
_MOST_STEPS = 96


def add(one: Decimal, other: Decimal) -> Decimal:
    """The exact sum."""
    return _EXACT.add(one, other)


class Group:
    """What some calls add up to.

    Attributes:
        calls: how many they are.
        priced: how many of them have a cost.
        spend: their cost by currency.
        input: tokens in.
        output: tokens out.
    """

    __slots__ = ("calls", "input", "output", "priced", "spend")

    def __init__(self) -> None:
        self.calls = self.priced = self.input = self.output = 0
        self.spend: dict[str, Decimal] = {}

    def add(self, told: Told) -> None:
        """Take in one call."""
        self.calls += 1
        self.input += told.call.usage.get("input_tokens", 0)
        self.output += told.call.usage.get("output_tokens", 0)
        if told.cost is not None:
            self.priced += 1
            self._spend(told.call.currency, told.cost)

    def merge(self, other: Group) -> None:
        """Take in the calls of another group."""
        self.calls += other.calls
        self.priced += other.priced
        self.input += other.input
        self.output += other.output
        for currency, spend in other.spend.items():
            self._spend(currency, spend)

    def _spend(self, currency: str, cost: Decimal) -> None:
        if currency not in self.spend and len(self.spend) >= 20:
            currency = semconv.OTHER
        self.spend[currency] = add(self.spend.get(currency, Decimal()), cost)


class Groups:
    """Groups of calls by name; what comes once there are `most` names is of the group `_OTHER`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.by_name: dict[str, Group] = {}

    def add(self, name: str, told: Told) -> None:
        """Take in one call."""
        group = self.by_name.get(name)
        if group is None:
            if len(self.by_name) >= self._most:
                name = semconv.OTHER
            group = self.by_name.setdefault(name, Group())
        group.add(told)

    def ranked(self, currency: str) -> list[tuple[str, Group]]:
        """The names and groups, those that spent most in this currency first."""
        return sorted(
            self.by_name.items(), key=lambda each: (-each[1].spend.get(currency, Decimal()), -each[1].calls, each[0])
        )


class Timeline:
    """Groups of calls by when they started, in at most 96 steps, as short as that allows."""

    def __init__(self) -> None:
        self._width = 0
        self._groups: dict[int, Group] = {}
        self._first = self._last = 0

    @property
    def width(self) -> int:
        """Seconds of a step."""
        return _WIDTHS[self._width]

    def add(self, told: Told) -> None:
        """Take in one call; one without a time is in no step."""
        second = told.span.start // 1_000_000_000
        if not second:
            return
        if not self._groups:
            self._first = self._last = second
        self._first, self._last = min(self._first, second), max(self._last, second)
        while self._steps() > _MOST_STEPS and self._width < len(_WIDTHS) - 1:
            self._widen()
        self._groups.setdefault(second // self.width, Group()).add(told)

    def _steps(self) -> int:
        return self._last // self.width - self._first // self.width + 1

    def _widen(self) -> None:
        before, self._width = self.width, self._width + 1
        groups, self._groups = self._groups, {}
        for step, group in groups.items():
            self._groups.setdefault(step * before // self.width, Group()).merge(group)

    def __iter__(self) -> Iterator[tuple[int, Group]]:
        """Each step, from the first with a call to the last, by its seconds since the epoch."""
        if self._groups:
            for step in range(min(self._groups), max(self._groups) + 1):
                yield step * self.width, self._groups.get(step, Group())


class Quantiles(NamedTuple):
    """Of some times in seconds: how many they are, the middle, what 9 of 10 and 99 of 100 stay within, the longest."""

    count: int
    p50: float
    p90: float
    p99: float
    longest: float


class Times:
    """Times in seconds: a histogram of all, and quantiles, exact up to `most` times and of a fair sample beyond."""

    BOUNDS = semconv.TIME_TO_FIRST_CHUNK.buckets or ()

    def __init__(self, most: int) -> None:
        self._most, self._values = most, array("d")
        self._chance = random.Random(most)  # the same file gives the same page
        self.count, self.longest = 0, 0.0
        self.buckets = [0] * (len(self.BOUNDS) + 1)

    def add(self, seconds: float) -> None:
        """Take in one time."""
        self.count += 1
        self.longest = max(self.longest, seconds)
        self.buckets[sum(seconds > bound for bound in self.BOUNDS)] += 1
        if len(self._values) < self._most:
            self._values.append(seconds)
        elif (place := self._chance.randrange(self.count)) < self._most:
            self._values[place] = seconds

    @property
    def sampled(self) -> bool:
        """Whether the quantiles are of a sample."""
        return self.count > len(self._values)

    def quantiles(self) -> Quantiles | None:
        """The quantiles by nearest rank; None where there is no time."""
        if not self._values:
            return None
        values = sorted(self._values)
        p50, p90, p99 = (values[max(math.ceil(share * len(values) / 100) - 1, 0)] for share in (50, 90, 99))
        return Quantiles(self.count, p50, p90, p99, self.longest)
