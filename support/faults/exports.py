"""Known bugs in what an app exports."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Span

from chunkmeter import semconv
from chunkmeter.facts.ended import Ended, Facts
from chunkmeter.reporting import attributes
from chunkmeter.reporting.labelled import Labelled
from chunkmeter.reporting.points import Value
from chunkmeter.reporting.telemetry import Telemetry
from support.faults import fault, put

_COST = 3
"""The first points of a call: one for the call itself, two for its cost."""


@fault("e2e")
def lost_batch() -> None:
    """The exporter says that it has sent a batch, and has not."""
    export, lost = OTLPSpanExporter.export, list[bool]()

    def losing(self: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if not lost and any("gen_ai.usage.cost.amount" in (span.attributes or {}) for span in spans):
            lost.append(True)
            return SpanExportResult.SUCCESS
        return export(self, spans)

    put(OTLPSpanExporter, "export", losing)


@fault("e2e")
def double_count() -> None:
    """A call's cost is counted at its end and once more."""
    record = Telemetry._record

    def twice(self: Telemetry, labelled: Labelled, values: Sequence[Value], context: Context) -> None:
        record(self, labelled, values, context)
        record(self, labelled, values[:_COST], context)

    put(Telemetry, "_record", twice)


@fault("e2e")
def wrong_unit() -> None:
    """Spend has a unit that Prometheus makes a part of its name."""
    put(semconv, "SPEND", dataclasses.replace(semconv.SPEND, unit="USD"))


@fault("uis")
def lost_cost() -> None:
    """A call's span is exported without its cost."""
    counted = attributes._counted  # of our own spans and of others', so that no way of writing goes around it

    def losing(*given: Any, **named: Any) -> dict[str, Any]:
        return {name: value for name, value in counted(*given, **named).items() if name != semconv.COST_AMOUNT}

    put(attributes, "_counted", losing)


@fault("uis")
def second_span() -> None:
    """A call's facts are written on a second span too."""
    write = Telemetry.write

    def twice(self: Telemetry, span: Span, ended: Ended, facts: Facts, *, status: bool) -> None:
        second = self.start_span(ended.request, ended.start_ns, None)
        for each in (span, second):
            write(self, each, ended, facts, status=status)
        second.end()

    put(Telemetry, "write", twice)
