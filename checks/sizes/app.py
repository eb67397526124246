"""A metered app that makes so many calls a second: `python -m checks.sizes.app RATE SECONDS`.

Scripted streams, the SDK's own OTLP exporters. On a busy machine they are fewer. At the end it says, as JSON, how many
calls it made, how many of their spans were exported, and how long that took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

import chunkmeter
from checks.sizes.series import MODELS, TENANTS
from chunkmeter.reporting.telemetry import Telemetry


class Counting(OTLPSpanExporter):
    """Counts the spans that were taken."""

    exported = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them."""
        result = super().export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        return result


def events(number: int, model: str) -> Iterator[dict[str, Any]]:
    """A short answer."""
    told = {"id": f"chatcmpl-{number:020}", "object": "chat.completion.chunk", "model": model}
    yield {**told, "choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]}
    yield {**told, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 1200, "completion_tokens": 45 + number % 50, "total_tokens": 1245 + number % 50}
    yield {**told, "choices": [], "usage": usage}


def call(number: int, telemetry: Telemetry | None = None) -> None:
    """One call; models and tenants take turns, so that every pair comes."""
    model = MODELS[number % len(MODELS)]
    with chunkmeter.labels(tenant=TENANTS[number // len(MODELS) % len(TENANTS)]):
        stream = chunkmeter.wrap(
            events(number, model), provider="openai", model=model, start_time=time.time_ns(), telemetry=telemetry
        )
        for _ in stream:
            pass


def main() -> None:
    """Make the calls, evenly."""
    rate, seconds = int(sys.argv[1]), int(sys.argv[2])
    exporter = Counting()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(measured := MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
    began, made = time.monotonic(), 0
    while (took := time.monotonic() - began) < seconds:
        call(made)
        made += 1
        time.sleep(max(0.0, began + made / rate - time.monotonic()))
    provider.shutdown()
    measured.shutdown()
    print(json.dumps({"calls": made, "exported": exporter.exported, "seconds": took}))


if __name__ == "__main__":
    main()
