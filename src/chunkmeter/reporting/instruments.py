"""The counters, histograms and gauges that the settings switch on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..semconv import HISTOGRAMS, SEMCONV, Metric
from ..settings import Settings
from .inherited_sums import Sums

__all__ = ["Instruments", "Record"]

Record = Callable[[float, Mapping[str, AttributeValue], Context | None], None]
"""A counter's `add` or a histogram's `record`."""


class Instruments:
    """The counters and histograms of one meter, by metric.

    Args:
        meter: makes the instruments.
        settings: say which conventions and histograms are on.
    """

    def __init__(self, meter: Meter, settings: Settings) -> None:
        self.sums = Sums()
        self._meter = meter
        metrics = [semconv.SPEND, semconv.CALLS, semconv.ERRORS]
        if settings.cost_semconv == "draft":
            metrics.append(semconv.COST)
        for conventions in SEMCONV[settings.semconv]:
            metrics += conventions.metrics
        histograms = {metric for name in settings.histograms for metric in HISTOGRAMS[name]}
        self._by_name: dict[str, Record] = {
            metric.name: self._make(metric) for metric in metrics if not metric.buckets or metric in histograms
        }

    def recorder(self, metric: Metric) -> Record | None:
        """What records a point of a metric: its value, labels and context. None if the metric is switched off."""
        return self._by_name.get(metric.name)

    def record(
        self, metric: Metric, value: float, labels: Mapping[str, AttributeValue], context: Context | None = None
    ) -> None:
        """Record one point, if the metric is switched on.

        Args:
            metric: the metric to record.
            value: the point's value, in the metric's unit.
            labels: the point's attributes.
            context: holds the span that exemplars point to; None for the current context.
        """
        self.sums.note()
        record = self.recorder(metric)
        if record is not None:
            record(value, labels, context)

    def observe(self, metric: Metric, observations: Callable[[], Iterable[Observation]]) -> None:
        """Create a gauge that calls `observations` for its values whenever metrics are read."""

        def callback(_: CallbackOptions) -> Iterable[Observation]:
            return observations()

        self._meter.create_observable_gauge(metric.name, [callback], metric.unit, metric.description)

    def _make(self, metric: Metric) -> Record:
        if not metric.buckets:
            return self._meter.create_counter(metric.name, metric.unit, metric.description).add
        return self._meter.create_histogram(
            metric.name,
            metric.unit,
            metric.description,
            explicit_bucket_boundaries_advisory=list(metric.buckets),
        ).record
