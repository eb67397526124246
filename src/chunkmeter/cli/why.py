"""Why totals of spans and of metrics differ, as far as what has arrived tells. Pure, and bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from .. import semconv
from .totals import agree

__all__ = ["Senders", "why"]

_MOST = 10_000
"""How many senders are told apart."""
_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE

_NO_METRICS = (
    "No metrics of chunkmeter's have come: these are the totals of spans alone. The app has none "
    "(OTEL_METRICS_EXPORTER), or has not exported them yet (once a minute by default, and at its end)."
)
_OTHER_PRICES = (
    "The same calls have other prices here. Give this command the app's own settings: CHUNKMETER_PRICES and "
    "CHUNKMETER_SERVERS."
)
_OTHER_TOKENS = "If a call is read from another instrumentation's span, its tokens are in that one's own metrics."


class Senders:
    """What each process has sent: calls by spans, and the count of them by metrics.

    Args:
        since_ns: when receiving began, in nanoseconds since the epoch.
    """

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._calls: dict[bytes, int] = {}
        self._counting: set[bytes] = set()
        self.began_before = False
        """Whether metrics count from before receiving began."""

    def called(self, sender: str) -> None:
        """Note a call by its span."""
        key = _key(sender)
        if key in self._calls or len(self._calls) < _MOST:
            self._calls[key] = self._calls.get(key, 0) + 1

    def measured(self, sender: str, metric: Metric) -> None:
        """Note a metric."""
        if metric.name != semconv.CALLS.name or metric.WhichOneof("data") != "sum":
            return
        if len(self._counting) < _MOST:
            self._counting.add(_key(sender))
        if metric.sum.aggregation_temporality == _CUMULATIVE:
            starts = [point.start_time_unix_nano for point in metric.sum.data_points]
            self.began_before = self.began_before or any(0 < start < self._since_ns for start in starts)

    @property
    def counts(self) -> bool:
        """Whether any process has sent the count of its calls."""
        return bool(self._counting)

    def uncounted(self) -> int:
        """How many calls came from processes that count none by metrics."""
        return sum(calls for sender, calls in self._calls.items() if sender not in self._counting)


def why(spans: Mapping[str, Fraction], metrics: Mapping[str, Fraction], senders: Senders) -> list[str]:
    """The reasons, a sentence or two each, why these totals differ; none where they agree.

    Args:
        spans: the totals by spans.
        metrics: those by metrics.
        senders: who has sent them.
    """
    pairs = {name: (spans.get(name, Fraction()), metrics.get(name, Fraction())) for name in {*spans, *metrics}}
    differing = {name: pair for name, pair in pairs.items() if not agree(*pair)}
    if not differing:
        return []
    if not senders.counts:
        return [_NO_METRICS]
    reasons: list[str] = []
    calls = pairs.get(semconv.CALLS.name, (Fraction(), Fraction()))
    uncounted = senders.uncounted()
    if uncounted:
        told = (
            "A call comes from an app that sends" if uncounted == 1 else f"{uncounted:,} calls come from apps that send"
        )
        reasons.append(f"{told} no metrics of chunkmeter's: spans alone count there.")
    if calls[1] > calls[0] - uncounted:
        reasons.append(
            "Metrics count from the start of an app that was running before this began to receive."
            if senders.began_before
            else "Metrics count calls whose spans have not come: a sampler drops them (OTEL_TRACES_SAMPLER), or they "
            "are still to come."
        )
    elif calls[1] < calls[0] - uncounted:
        reasons.append(
            "Spans tell of calls that the metrics have not counted yet: those are exported once a minute by default, "
            "and at the app's end."
        )
    elif not uncounted:
        spend = [name.startswith(semconv.SPEND.name) for name in differing]
        if any(spend):
            reasons.append(_OTHER_PRICES)
        if not all(spend):
            reasons.append(_OTHER_TOKENS)
    return reasons


def _key(sender: str) -> bytes:
    """What tells a sender from others, in a few bytes: its resource may be as long as a message."""
    return hashlib.blake2b(sender.encode("utf-8", "replace"), digest_size=16).digest()
