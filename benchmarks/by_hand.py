"""What one metered call writes, recorded without chunkmeter: the least that whoever tells as much has to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from time import time_ns
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, set_span_in_context

import chunkmeter
from chunkmeter.reporting.telemetry import Telemetry

from .contenders import MODEL, is_recorded, points
from .floors import Stream, read


class Recorded(SpanProcessor):
    """The last span, with what it had at its start."""

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self.started = dict(span.attributes or {})

    def on_end(self, span: Any) -> None:
        self.span = span


class ByHand:
    """The span and the points of one metered call, recorded again without chunkmeter: attributes, labels and values."""

    def __init__(self, chunks: Sequence[Any]) -> None:
        recorded, reader = Recorded(), InMemoryMetricReader()
        tracer_provider, meter_provider = TracerProvider(), MeterProvider([reader])
        tracer_provider.add_span_processor(recorded)
        metered(chunks, Telemetry(tracer_provider, meter_provider))
        self.name, self.start = recorded.span.name, recorded.started
        self.rest = {name: value for name, value in recorded.span.attributes.items() if name not in self.start}
        self.points = [
            (metric, getattr(point, "sum", getattr(point, "value", 0)), dict(point.attributes))
            for metric, point in points(reader)
            if is_recorded(metric)
        ]

    def recorder(self, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> Callable[[], None]:
        """What records it all once more."""
        tracer, meter = tracer_provider.get_tracer("by hand"), meter_provider.get_meter("by hand")
        adding: list[tuple[Callable[..., None], float, dict[str, Any]]] = []
        for metric, value, labels in self.points:
            if isinstance(metric.data, Histogram):
                bounds = list(metric.data.data_points[0].explicit_bounds)
                kept = meter.create_histogram(metric.name, metric.unit, explicit_bucket_boundaries_advisory=bounds)
                adding.append((kept.record, value, labels))
            else:
                adding.append((meter.create_counter(metric.name, metric.unit).add, value, labels))

        def record() -> None:
            span = tracer.start_span(self.name, kind=SpanKind.CLIENT, attributes={**self.start})
            if span.is_recording():
                span.set_attributes({**self.rest})
            context = set_span_in_context(span)
            for add, value, labels in adding:
                add(value, {**labels}, context)
            span.end()

        return record


def metered(chunks: Sequence[Any], telemetry: Telemetry) -> None:
    """One whole call: its stream wrapped, read and settled."""
    read(wrapped(Stream(chunks), telemetry))


def wrapped(stream: Any, telemetry: Telemetry) -> Any:
    return chunkmeter.wrap(stream, provider="openai", model=MODEL, telemetry=telemetry)


class Asking:
    """Streams whose every chunk is asked when it came, for its usage and for its reasons, and no more; then `record`.

    Args:
        record: what is done at a stream's end.
    """

    def __init__(self, record: Callable[[], None]) -> None:
        self._record = record
        self.chunks = self.last_ns = 0
        self.usage: Any = None
        self.reasons: list[str] = []

    def stream(self, stream: Any) -> Any:
        """A stream of the OpenAI SDK's, sync or async."""
        return self._aitems(stream) if hasattr(stream, "__anext__") else self._items(stream)

    def function(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """A function of Mirascope's: its stream of chunks with tools, or its plain answer."""

        def asked() -> Any:
            answer = function()
            if hasattr(answer, "stream"):
                return self._pairs(answer)
            self._ask(answer.response)
            self._record()
            return answer

        return asked

    def _items(self, stream: Any) -> Iterator[Any]:
        for chunk in stream:
            self._ask(chunk)
            yield chunk
        self._record()

    async def _aitems(self, stream: Any) -> AsyncIterator[Any]:
        async for chunk in stream:
            self._ask(chunk)
            yield chunk
        self._record()

    def _pairs(self, stream: Any) -> Iterator[Any]:
        for pair in stream:
            self._ask(pair[0].chunk)
            yield pair
        self._record()

    def _ask(self, chunk: Any) -> None:
        self.last_ns = time_ns()
        self.chunks += 1
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices:
            if choice.finish_reason is not None:
                self.reasons = [choice.finish_reason]
