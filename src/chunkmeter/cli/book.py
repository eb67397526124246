"""The book of what has arrived: the last calls as they are, and what all of them add up to. No input or output."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from .call import Call
from .columns import Style
from .spending import Spending, table
from .totals import MeasuredTotals, SpanTotals, agree, written
from .trees import Node, Trace, Traces
from .warned import Warned
from .why import Senders, why

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
    """Takes in calls and metrics, from any thread; forgets the oldest calls, and no total.

    Args:
        most: how many calls are kept.
        by: what spend is grouped by, a list of names a table.
    """

    def __init__(self, most: int = MOST, by: Sequence[Sequence[str]] = ()) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=most)
        self._count = self._again = 0
        self._spans, self._metrics = SpanTotals(), MeasuredTotals()
        self._spendings = [Spending(names) for names in by]
        self._warned, self._traces = Warned(), Traces()
        self._senders = Senders(time.time_ns())
        self._left_out = 0
        self._example = "points of metrics"

    def add(self, call: Call, sender: str = "") -> None:
        """Take in one call. `sender` is what tells its process from others."""
        with self._lock:
            self._calls.append(call)
            self._count += 1
            self._spans.add(call)
            self._senders.called(sender)
            self._warned.add(call)
            for spending, group in zip(self._spendings, call.groups, strict=False):
                spending.add(call, group)
            self._left_out += len(call.left_out)
            self._example = call.left_out[0] if call.left_out else self._example

    def add_again(self) -> None:
        """Note a span that tells of a call that another span has told of."""
        with self._lock:
            self._again += 1

    def place(self, trace_id: int, node: Node, service: str | None) -> None:
        """Take in a span of a trace."""
        with self._lock:
            self._traces.add(trace_id, node, service)

    def measure(self, sender: str, metric: Metric) -> None:
        """Take in one metric of one export."""
        with self._lock:
            self._metrics.add(sender, metric)
            self._senders.measured(sender, metric)

    def page(self, most: int = MOST) -> Page:
        """The newest calls, `most` of them at most."""
        with self._lock:
            skipped = max(len(self._calls) - most, 0)
            return Page(tuple(self._calls)[skipped:], self._count)

    def take_traces(self, *, unfinished: bool = False) -> list[Trace]:
        """The traces with calls whose root has ended, each once; with `unfinished`, the others too."""
        with self._lock:
            return self._traces.take(unfinished=unfinished)

    def spending(self, style: Style, most: int = MOST) -> list[list[str]]:
        """The tables of what has been spent, the lines of each; `most` groups at most."""
        with self._lock:
            return [found for each in self._spendings if (found := table(each, style, most))]

    def warnings(self) -> list[str]:
        """What is wrong with the calls, in plain words, each with its cure."""
        with self._lock:
            return self._warned.texts()

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

    @property
    def spans_alone(self) -> bool:
        """Whether no metric has come that spans could be compared with."""
        with self._lock:
            return not self._metrics.read()

    def notes(self) -> list[str]:
        """Why totals differ, and what is in none of them."""
        with self._lock:
            metrics = self._metrics.read()
            spans = self._spans.read(metrics)
            notes = why(spans, metrics, self._senders)
            again = self._again
        if again:
            number = "A span tells" if again == 1 else f"{again:,} spans tell"
            notes.append(f"{number} of a call that another span had told of, and counts no more.")
        left_out = self.left_out()
        return [*notes, left_out] if left_out else notes

    def left_out(self) -> str:
        """One line on values that are in no column and no total, since they can't be; empty where there are none."""
        with self._lock:
            values = self._left_out + self._metrics.left_out
            example = self._example
        if not values:
            return ""
        return f"{values:,} odd value{'' if values == 1 else 's'} left out, such as {example}"
