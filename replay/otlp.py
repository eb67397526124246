"""Recorded OTLP requests, decoded: spans as plain attributes, and the last point of every metric series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram point."""

    count: int
    sum: float


@dataclass(frozen=True, slots=True)
class Span:
    """One span, with what tells where it belongs."""

    id: bytes
    parent: bytes
    start: int
    name: str
    attributes: dict[str, Any]


Series = tuple[str, str, str, int]


@dataclass(slots=True)
class Recording:
    """Everything that was sent."""

    spans: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The attributes of each span, and its `name`."""
    placed: list[Span] = field(default_factory=list[Span])
    """The same spans, each with its parent."""
    series: dict[Series, tuple[dict[str, Any], float | Histogram]] = field(
        default_factory=dict[Series, tuple[dict[str, Any], "float | Histogram"]]
    )
    """By metric, resource, attributes and start: cumulative points replace each other."""

    def points(self, metric: str, labels: Mapping[str, object]) -> list[float | Histogram]:
        """The last points of a metric that carry these labels."""
        return [
            point
            for (name, *_), (attributes, point) in self.series.items()
            if name == metric and labels.items() <= attributes.items()
        ]

    def add(self, resource: str, metric: Metric) -> None:
        """Takes in one metric of one export."""
        kind = metric.WhichOneof("data")
        if kind in {"sum", "histogram"}:
            data = metric.sum if kind == "sum" else metric.histogram
            if data.aggregation_temporality != AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE:
                raise ValueError(f"{metric.name} is not cumulative")
        if kind == "sum":
            for point in metric.sum.data_points:
                value = point.as_double if point.WhichOneof("value") == "as_double" else float(point.as_int)
                self._keep(metric.name, resource, point.attributes, point.start_time_unix_nano, value)
        elif kind == "histogram":
            for point in metric.histogram.data_points:
                whole = Histogram(point.count, point.sum)
                self._keep(metric.name, resource, point.attributes, point.start_time_unix_nano, whole)

    def take(self, signal: str, payload: bytes) -> None:
        """Read one export of `traces` or `metrics`; of other signals there is nothing to keep."""
        if signal == "traces":
            for sent in ExportTraceServiceRequest.FromString(payload).resource_spans:
                for scope in sent.scope_spans:
                    for span in scope.spans:
                        attributes = decode(span.attributes)
                        self.spans.append({**attributes, "name": span.name})
                        start = span.start_time_unix_nano
                        self.placed.append(Span(span.span_id, span.parent_span_id, start, span.name, attributes))
        elif signal == "metrics":
            for measured in ExportMetricsServiceRequest.FromString(payload).resource_metrics:
                resource = repr(sorted(decode(measured.resource.attributes).items()))
                for scope in measured.scope_metrics:
                    for metric in scope.metrics:
                        self.add(resource, metric)

    def _keep(self, name: str, resource: str, pairs: Iterable[KeyValue], start: int, point: float | Histogram) -> None:
        attributes = decode(pairs)
        self.series[name, resource, repr(sorted(attributes.items())), start] = (attributes, point)


def decode(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as Python values."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return decode(value.kvlist_value.values)
        case _:
            return None


def read(directory: Path) -> Recording:
    """Reads a directory of `000001.traces.bin`, `000002.metrics.bin`, ... in order."""
    recording = Recording()
    for path in sorted(directory.glob("*.bin")):
        recording.take(path.name.split(".")[-2], path.read_bytes())
    return recording
