"""In-memory providers, and what they have received, as tests want to read it."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from chunkmeter import Settings
from chunkmeter.telemetry import Telemetry


class Kit:
    """In-memory tracer and meter providers, a `Telemetry` on them, and what they have received."""

    def __init__(self, sampler: Sampler = ALWAYS_ON, settings: Settings | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(sampler=sampler)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter_provider = MeterProvider([self.reader])
        self.tracer = self.tracer_provider.get_tracer("app")
        self.telemetry = Telemetry(self.tracer_provider, self.meter_provider, settings or Settings())

    @property
    def spans(self) -> list[ReadableSpan]:
        """The finished spans, in the order they ended."""
        return list(self.exporter.get_finished_spans())

    @property
    def span(self) -> ReadableSpan:
        """The one finished span."""
        (span,) = self.spans
        return span

    def points(self, name: str) -> list[Any]:
        """The data points of a metric; none if it was never recorded."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def total(self, name: str, **labels: str) -> float:
        """The sum over a metric's points; `labels` selects by the last part of an attribute's name."""
        return sum(
            point.value if hasattr(point, "value") else point.sum
            for point in self.points(name)
            if all(_label(point.attributes, label) == value for label, value in labels.items())
        )

    def shutdown(self) -> None:
        """Shut both providers down."""
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()


def _label(attributes: Any, name: str) -> Any:
    return next((value for key, value in attributes.items() if key.endswith(name.replace("__", "."))), None)


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    """A span's attributes as a plain dict, sequences as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in (span.attributes or {}).items()}


def ended(kit: Kit, outcome: str, error_type: str | None = None) -> dict[str, Any]:
    """One span and one count of that outcome; the span's attributes."""
    span, attributes = kit.span, attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == outcome
    assert attributes.get("error.type") == error_type
    expected = StatusCode.ERROR if outcome in ("error", "interrupted") else StatusCode.UNSET
    assert (span.status.status_code, span.status.description) == (expected, None)
    assert span.events == ()
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.calls", outcome=outcome) == 1
    assert kit.total("chunkmeter.errors") == 0
    assert kit.total("chunkmeter.streams.open") == 0
    durations = kit.points("gen_ai.client.operation.duration")
    assert [(point.count, point.attributes.get("error.type")) for point in durations] == [(1, error_type)]
    return attributes
