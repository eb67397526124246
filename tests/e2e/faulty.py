"""Runs an app as `opentelemetry-instrument` does, with a known bug planted: `faulty.py FAULT app.py ...`."""

from __future__ import annotations

import dataclasses
import runpy
import sys
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.auto_instrumentation import initialize
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.util.types import AttributeValue

from chunkmeter import semconv
from chunkmeter.facts import Ended, Facts
from chunkmeter.telemetry import Telemetry


def lost_batch() -> None:
    """The exporter says that it has sent a batch, and has not."""
    export, lost = OTLPSpanExporter.export, list[bool]()

    def losing(self: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if not lost and any("gen_ai.usage.cost.amount" in (span.attributes or {}) for span in spans):
            lost.append(True)
            return SpanExportResult.SUCCESS
        return export(self, spans)

    OTLPSpanExporter.export = losing  # pyrefly: ignore[method-assign]


def double_count() -> None:
    """A call's cost is counted at its end and once more."""
    record_cost = Telemetry.record_cost

    def twice(self: Telemetry, ended: Ended, facts: Facts, context: Context) -> dict[str, AttributeValue]:
        record_cost(self, ended, facts, context)
        return record_cost(self, ended, facts, context)

    Telemetry.record_cost = twice  # pyrefly: ignore[method-assign]


def wrong_unit() -> None:
    """Spend has a unit that Prometheus makes a part of its name."""
    semconv.SPEND = dataclasses.replace(semconv.SPEND, unit="USD")


FAULTS = {"lost-batch": lost_batch, "double-count": double_count, "wrong-unit": wrong_unit}

if __name__ == "__main__":
    fault, app = sys.argv[1:3]
    FAULTS[fault]()
    initialize()
    sys.argv = sys.argv[2:]
    runpy.run_path(app, run_name="__main__")
