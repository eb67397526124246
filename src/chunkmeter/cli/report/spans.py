"""A span of an export, as plain values. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from ... import semconv
from ..otlp import clean, read_attributes

__all__ = ["Span", "spans_of"]


class Span(NamedTuple):
    """One span.

    Attributes:
        trace: the trace's id.
        id: the span's own.
        parent: the id of the span that it lies in; empty for a root.
        name: its name, cleaned.
        start: nanoseconds since the epoch.
        end: nanoseconds since the epoch, not before `start`.
        failed: whether its status is an error.
        service: `service.name` of its resource.
        scope: the instrumentation scope that made it.
        error: its `error.type`, cleaned.
        attributes: its attributes by name, as `read_attributes` has them: what is shown of them has to be cleaned.
    """

    trace: bytes
    id: bytes
    parent: bytes
    name: str
    start: int
    end: int
    failed: bool
    service: str | None
    scope: str
    error: str | None
    attributes: dict[str, Any]


def spans_of(export: ExportTraceServiceRequest) -> Iterator[Span]:
    """Each span of an export."""
    for resource in export.resource_spans:
        named = next((pair.value for pair in resource.resource.attributes if pair.key == "service.name"), None)
        service = None if named is None else clean(named.string_value) or None
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = read_attributes(span.attributes)
                error = attributes.get(semconv.ERROR_TYPE)
                yield Span(
                    span.trace_id,
                    span.span_id,
                    span.parent_span_id,
                    clean(span.name),
                    span.start_time_unix_nano,
                    max(span.end_time_unix_nano, span.start_time_unix_nano),
                    span.status.code == Status.STATUS_CODE_ERROR,
                    service,
                    scope.scope.name,
                    clean(error) or None if isinstance(error, str) else None,
                    attributes,
                )
