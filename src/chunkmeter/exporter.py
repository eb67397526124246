"""The exporter `chunkmeter_otlp`: OTLP, with the cost of each call on the spans of other instrumentations.

It counts nothing: at the exit the meter provider is gone before the last export. `ChunkSpanProcessor` counts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from . import semconv
from .finished import call_of, with_attributes
from .processor import seen_on
from .reporting.attributes import counted_attributes
from .reporting.telemetry import Telemetry, for_providers

__all__ = ["CostSpanExporter"]

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_MODULES = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
}


class CostSpanExporter(SpanExporter):
    """Exports by OTLP; a copy with cost and finish reason goes in place of another instrumentation's inference span.

    The protocol is that of OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, else of OTEL_EXPORTER_OTLP_PROTOCOL, else `grpc`. The
    exporter of that protocol reads endpoint, headers and all else from the environment, as it does by itself.

    Args:
        exporter: takes the place of OTLP's; left out by the SDK.
        telemetry: prices the calls; the one on the global providers if left out.
        **options: keywords for OTLP's exporter.

    Raises:
        ValueError: if the protocol is none of OTLP's.
    """

    def __init__(
        self, exporter: SpanExporter | None = None, *, telemetry: Telemetry | None = None, **options: Any
    ) -> None:
        self._exporter = exporter or _otlp(options)
        self._given = telemetry

    @cached_property
    def _telemetry(self) -> Telemetry:
        # The SDK makes its exporters before it has set the providers.
        return self._given or for_providers(None, None, None)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans, with the cost of those that are calls of other instrumentations'."""
        return self._exporter.export([self._priced(span) for span in spans])

    def shutdown(self) -> None:
        """Shut OTLP's exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush OTLP's exporter.

        Args:
            timeout_millis: how long that may take, in milliseconds.
        """
        return self._exporter.force_flush(timeout_millis)

    def _priced(self, span: ReadableSpan) -> ReadableSpan:
        """The span, or a copy with its cost if no processor has made one and no other span has the call's cost."""
        with self._telemetry.guard("price", "pricing a span"):
            if semconv.COST_STATUS in (span.attributes or ()):
                return span
            counted = self._counted(span)
            return span if counted is None else with_attributes(span, counted)
        return span

    def _counted(self, span: ReadableSpan) -> Mapping[str, Any] | None:
        telemetry = self._telemetry
        seen = seen_on(telemetry.meter_provider)
        ended = None if span in seen.metered else call_of(span)
        if ended is None:
            return None
        facts = telemetry.assess(ended)
        return seen.elsewhere(span) or counted_attributes(ended, facts, draft_cost=telemetry.draft_cost)


def _otlp(options: dict[str, Any]) -> SpanExporter:
    variable = next((name for name in _PROTOCOLS if os.environ.get(name, "").strip()), None)
    protocol = os.environ[variable].strip() if variable else "grpc"
    if protocol not in _MODULES:
        known = " nor ".join(_MODULES)
        raise ValueError(f"{variable} is neither {known}: write one of these, or leave it out for grpc")
    return import_module(_MODULES[protocol]).OTLPSpanExporter(**options)
