"""What calls and metrics add up to, exactly and in bounded memory, whatever is added. Pure.

Sums are fractions: two amounts of 1e308 have a sum as any others, and the order of adding changes nothing. A sum of
floats has some 2,100 bits at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint

from .. import semconv
from .call import Call, amount
from .otlp import attributes, clean

__all__ = ["MeasuredTotals", "SpanTotals", "agree", "written"]

_MOST_SERIES = 100_000
"""How many series of metrics are told apart; points of others are left out."""
_MOST_NAMES = 100
"""How many totals there are; what has no name among them is added to that of `_OTHER`."""
_SPLIT = {
    semconv.CALLS.name: "",
    semconv.SPEND.name: semconv.COST_CURRENCY,
    semconv.TOKEN_USAGE.name: semconv.TOKEN_TYPE,
    semconv.INFERENCE_INPUT_TOKENS.name: "",
    semconv.INFERENCE_OUTPUT_TOKENS.name: "",
}
"""The metrics that are totalled -> the label that splits each; empty where none does."""
_TOKENS = (
    {f"{semconv.TOKEN_USAGE.name} input": "input_tokens", f"{semconv.TOKEN_USAGE.name} output": "output_tokens"},
    {
        semconv.INFERENCE_INPUT_TOKENS.name: "input_tokens",
        semconv.INFERENCE_OUTPUT_TOKENS.name: "output_tokens",
    },
)
"""Totals of tokens, by the names of the released conventions and of the latest -> the usage that each adds up."""
_KINDS_OF_SUM = ("sum", "histogram", "exponential_histogram")
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


class _Sums:
    """Exact sums by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Fraction] = {}

    def add(self, metric: str, label: str, number: float) -> None:
        """Add to the sum of this metric and label, or to that of `_OTHER` where there are too many."""
        name = f"{metric} {label}".rstrip()
        if name not in self.by_name and len(self.by_name) >= _MOST_NAMES:
            name = f"{metric} {semconv.OTHER}"
        self.by_name[name] = self.by_name.get(name, Fraction()) + Fraction(number)


class SpanTotals:
    """What all calls add up to, by their spans."""

    def __init__(self) -> None:
        self._spend = _Sums()
        self._calls = 0
        self._tokens = {"input_tokens": 0, "output_tokens": 0}

    def add(self, call: Call) -> None:
        """Take in one call."""
        self._calls += 1
        self._spend.add(semconv.SPEND.name, call.currency, call.cost or 0)
        for name in self._tokens:
            self._tokens[name] += call.usage.get(name, 0)

    def read(self, measured: Iterable[str] = ()) -> dict[str, Fraction]:
        """The totals, under the names of `MeasuredTotals.read`.

        Args:
            measured: the names of totals from metrics. Tokens are totalled under those conventions that some of these
                names are of, else under the released ones.
        """
        if not self._calls:
            return {}
        spoken = [names for names in _TOKENS if not names.keys().isdisjoint(measured)] or _TOKENS[:1]
        tokens = {name: Fraction(self._tokens[kind]) for names in spoken for name, kind in names.items()}
        return {semconv.CALLS.name: Fraction(self._calls), **self._spend.by_name, **tokens}


class MeasuredTotals:
    """What metrics add up to. A cumulative series counts by its last point, a delta series by the sum of all.

    Attributes:
        left_out: how many points are not in the totals: their value is no amount, or there are too many series.
    """

    def __init__(self) -> None:
        self._cumulative: dict[bytes, tuple[str, str, float]] = {}
        self._delta = _Sums()
        self.left_out = 0

    def add(self, sender: str, metric: Metric) -> None:
        """Take in one metric of one export. `sender` is what tells its process from others."""
        kind = metric.WhichOneof("data")
        if metric.name not in _SPLIT or kind not in _KINDS_OF_SUM:
            return
        data = getattr(metric, kind)
        for point in data.data_points:
            if isinstance(point, NumberDataPoint):
                said = point.WhichOneof("value")
                number = None if said is None else amount(getattr(point, said))
            else:
                number = amount(point.sum) if point.HasField("sum") else None
            if number is None:
                self.left_out += 1
                continue
            labels = attributes(point.attributes)
            label = clean(str(labels.get(_SPLIT[metric.name], "")))
            key = _key(metric.name, sender, labels, point.start_time_unix_nano)
            if data.aggregation_temporality == _DELTA:
                self._delta.add(metric.name, label, number)
            elif key in self._cumulative or len(self._cumulative) < _MOST_SERIES:
                self._cumulative[key] = (metric.name, label, number)
            else:
                self.left_out += 1

    def read(self) -> dict[str, Fraction]:
        """The totals, by the name of the metric and the value of the label that splits it."""
        sums = _Sums()
        sums.by_name.update(self._delta.by_name)
        for metric, label, number in self._cumulative.values():
            sums.add(metric, label, number)
        return sums.by_name


def _key(name: str, sender: str, labels: Mapping[str, object], start: int) -> bytes:
    """What tells a series from others, in a few bytes: its labels may be as long as a message."""
    whole = repr((name, sender, sorted(labels.items()), start))
    return hashlib.blake2b(whole.encode("utf-8", "replace"), digest_size=16).digest()


def agree(one: Fraction, other: Fraction) -> bool:
    """Whether two totals are the same, but for what adding floats in another order can change."""
    return abs(one - other) <= max(Fraction(1e-9), Fraction(1e-12) * max(abs(one), abs(other)))


def written(total: Fraction) -> str:
    """A total in 12 digits."""
    try:
        return f"{float(total):.12g}"
    except OverflowError:  # beyond every float, yet a sum
        digits = f"{Decimal(total.numerator) / Decimal(total.denominator):.11e}"
        return f"{Decimal(digits).normalize():g}"
