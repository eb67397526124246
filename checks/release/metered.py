"""A program of a user's who has chunkmeter and nothing else: it meters one stream, and prints what that came to.

Run in an environment of its own, it imports nothing of this checkout. It fails if chunkmeter is not the installed one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import chunkmeter

EVENTS: list[dict[str, Any]] = [
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]},
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"model": "gpt-4o-mini", "choices": [], "usage": {"prompt_tokens": 1200, "completion_tokens": 45}},
]


def answer() -> Iterator[dict[str, Any]]:
    yield from EVENTS


def main() -> None:
    assert str(chunkmeter.__file__).startswith(sys.prefix), f"chunkmeter is {chunkmeter.__file__}"
    spans, points = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([points]))
    assert list(chunkmeter.wrap(answer(), provider="openai")) == EVENTS
    (span,) = spans.get_finished_spans()
    data = points.get_metrics_data()
    told = {
        metric.name: [getattr(point, "value", None) for point in metric.data.data_points]
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    attributes = span.attributes or {}
    print(
        json.dumps(
            {
                "python": "{}.{}".format(*sys.version_info),
                "span": span.name,
                "reasons": list(attributes["gen_ai.response.finish_reasons"]),  # pyrefly: ignore[bad-argument-type]
                "cost": attributes["gen_ai.usage.cost.amount"],
                "spend": told["chunkmeter.spend"],
                "calls": told["chunkmeter.calls"],
            }
        )
    )


if __name__ == "__main__":
    main()
