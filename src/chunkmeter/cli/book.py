"""The book of what has arrived: the last calls as they are, and what all of them add up to. No input or output."""

from __future__ import annotations

import threading
from collections import deque
from fractions import Fraction
from typing import NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from .call import Call
from .totals import MeasuredTotals, SpanTotals, agree, written

__all__ = ["MOST", "Book", "Page", "Row"]

MOST = 1000
"""How many calls are kept."""


class Page(NamedTuple):
    """What a book shows: the newest `calls`, oldest first, out of `count` that came."""

    calls: tuple[Call, ...]
    count: int


class Row(NamedTuple):
    """One total from metrics and from spans, and whether they agree."""

    name: str
    metrics: str
    spans: str
    verdict: str


class Book:
    """Takes in calls and metrics, from any thread; forgets the oldest calls, and no total."""

    def __init__(self, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=most)
        self._count = 0
        self._spans, self._metrics = SpanTotals(), MeasuredTotals()
        self._left_out = 0
        self._example = "points of metrics"

    def add(self, call: Call) -> None:
        """Take in one call."""
        with self._lock:
            self._calls.append(call)
            self._count += 1
            self._spans.add(call)
            self._left_out += len(call.left_out)
            self._example = call.left_out[0] if call.left_out else self._example

    def measure(self, sender: str, metric: Metric) -> None:
        """Take in one metric of one export. `sender` is what tells its process from others."""
        with self._lock:
            self._metrics.add(sender, metric)

    def page(self, most: int = MOST) -> Page:
        """The newest calls, `most` of them at most."""
        with self._lock:
            skipped = max(len(self._calls) - most, 0)
            return Page(tuple(self._calls)[skipped:], self._count)

    def totals(self) -> list[Row]:
        """Each total, by name."""
        with self._lock:
            metrics = self._metrics.read()
            spans = self._spans.read(metrics)
        rows: list[Row] = []
        for name in sorted(metrics.keys() | spans.keys()):
            one, other = metrics.get(name, Fraction()), spans.get(name, Fraction())
            rows.append(Row(name, written(one), written(other), "agree" if agree(one, other) else "differ"))
        return rows

    def left_out(self) -> str:
        """One line on values that are in no column and no total, since they can't be; empty where there are none."""
        with self._lock:
            values = self._left_out + self._metrics.left_out
            example = self._example
        if not values:
            return ""
        return f"{values:,} odd value{'' if values == 1 else 's'} left out, such as {example}"
