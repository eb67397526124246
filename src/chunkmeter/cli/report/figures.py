"""All that a report tells, as it comes together from spans and metrics, each call once. Pure, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from decimal import Decimal

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ... import semconv
from ..otlp import attributes
from ..otlp_json import Request
from ..totals import MeasuredTotals, SpanTotals
from .calls import Calls, Told
from .spans import Span, spans_of
from .sums import Group, Groups, Timeline, Times, add

__all__ = ["NOTHING", "Figures"]

NOTHING = ""
"""The name of the group of calls that say nothing of what they are grouped by."""
_MOST_IDS = 1_000_000
_MOST_NAMES = 1000
_MOST_LABELS = 12
_MOST_TIMES = 200_000
_MOST_TIMES_OF_A_MODEL = 20_000
_MOST_MODELS_TIMED = 50


class Counted(dict[tuple[bytes, bytes], None]):
    """The spans of the last million calls that were counted, by trace and span."""

    def note(self, span: Span) -> None:
        """Note a span; one without an id can't be told from others."""
        if span.id:
            self[span.trace, span.id] = None
            if len(self) > _MOST_IDS:
                del self[next(iter(self))]


class Figures:
    """Takes in exports.

    Attributes:
        spans: how many spans came.
        repeated: how many spans came again, or tell of a call that another span tells of.
        left_out: how many values can't be, and are in no figure.
        priced_here: how many calls have a cost that is not their span's own, but was worked out now.
        whole: all calls.
        by: what calls are grouped by (`model`, `provider`, `service`) -> the groups.
        by_label: the same by label.
        priced_in: currency -> how many calls have a cost in it.
        items: currency -> class of token or item -> its cost.
        item_tokens: class of token -> how many tokens.
        outcomes: outcome -> calls.
        reasons: finish reason -> calls.
        errors: `error.type` -> calls.
        cost_statuses: `chunkmeter.cost.status` -> calls by model. Calls of others have `NOTHING`.
        usage_statuses: `chunkmeter.usage.status` -> calls.
        unpriced: what costs lack -> calls.
        timeline: calls by when they started.
        first: times to the first chunk.
        first_by_model: the same by model.
        start: when the first call started, in nanoseconds since the epoch; 0 where nobody says.
        end: when the last one ended.
        counted: the spans whose calls were counted.
        traces: currency -> trace -> what its calls cost, near enough to rank them.
    """

    def __init__(self) -> None:
        self.spans = self.repeated = self.left_out = self.priced_here = self.start = self.end = 0
        self.whole, self.timeline = Group(), Timeline()
        self.by = {name: Groups(_MOST_NAMES) for name in ("model", "provider", "service")}
        self.by_label: dict[str, Groups] = {}
        self.priced_in: Counter[str] = Counter()
        self.items: dict[str, dict[str, Decimal]] = {}
        self.item_tokens: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.usage_statuses: Counter[str] = Counter()
        self.unpriced: Counter[str] = Counter()
        self.cost_statuses: dict[str, Groups] = {}
        self.first = Times(_MOST_TIMES)
        self.first_by_model: dict[str, Times] = {}
        self.counted, self._calls = Counted(), Calls()
        self.traces: dict[str, dict[bytes, float]] = {}
        self.by_spans, self.by_metrics = SpanTotals(), MeasuredTotals()

    def take(self, export: Request) -> None:
        """Take in one export."""
        if isinstance(export, ExportTraceServiceRequest):
            for span in spans_of(export):
                self.spans += 1
                self._span(span)
        else:
            self._measure(export)

    @property
    def currency(self) -> str:
        """The currency of most calls."""
        return max(sorted(self.priced_in), key=self.priced_in.__getitem__, default=semconv.CURRENCY)

    def _span(self, span: Span) -> None:
        if (span.trace, span.id) in self.counted:
            self.repeated += 1
            return
        told, again = self._calls.read(span)
        if again:
            self.repeated += 1
        elif told is not None:
            self.counted.note(span)
            self._count(told)

    def _count(self, told: Told) -> None:
        call, span = told.call, told.span
        self.left_out += len(call.left_out)
        self.priced_here += told.priced_here
        model = call.model or NOTHING
        self.whole.add(told)
        self.timeline.add(told)
        self.by_spans.add(call)
        self.by["model"].add(model, told)
        self.by["provider"].add(call.provider or NOTHING, told)
        self.by["service"].add(span.service or NOTHING, told)
        for name, value in told.labels.items():
            groups = self.by_label.get(name)
            if groups is None and len(self.by_label) < _MOST_LABELS:
                groups = self.by_label[name] = Groups(_MOST_NAMES)
            if groups is not None:
                groups.add(value, told)
        _up(self.outcomes, told.outcome or NOTHING)
        _up(self.reasons, told.reason or NOTHING)
        _up(self.usage_statuses, told.usage_status or NOTHING)
        if span.error:
            _up(self.errors, span.error)
        self._status(told, model)
        self._money(told)
        self._time(told, model)

    def _status(self, told: Told, model: str) -> None:
        status = told.cost_status or NOTHING
        if status not in self.cost_statuses and len(self.cost_statuses) >= 50:
            status = semconv.OTHER
        self.cost_statuses.setdefault(status, Groups(_MOST_NAMES)).add(model, told)
        for word in set(told.unpriced):
            _up(self.unpriced, word)

    def _money(self, told: Told) -> None:
        if told.cost is None:
            return
        currency = told.call.currency
        if currency not in self.items and len(self.items) >= 20:
            currency = semconv.OTHER
        self.priced_in[currency] += 1
        items = self.items.setdefault(currency, {})
        for name, part in told.parts.items():
            name = name if name in items or len(items) < _MOST_NAMES else semconv.OTHER
            items[name] = add(items.get(name, Decimal()), part)
            self.item_tokens[name] += told.tokens.get(name, 0)
        traces = self.traces.setdefault(currency, {})
        trace = told.span.trace
        traces[trace] = traces.get(trace, 0.0) + float(told.cost)
        if len(traces) > _MOST_IDS:
            self.traces[currency] = dict(heapq.nlargest(_MOST_IDS // 2, traces.items(), key=lambda each: each[1]))

    def _time(self, told: Told, model: str) -> None:
        span, first = told.span, told.call.time_to_first_chunk
        if span.start:
            self.start = min(self.start or span.start, span.start)
            self.end = max(self.end, span.end)
        if first is None:
            return
        self.first.add(first)
        times = self.first_by_model.get(model)
        if times is None and len(self.first_by_model) < _MOST_MODELS_TIMED:
            times = self.first_by_model[model] = Times(_MOST_TIMES_OF_A_MODEL)
        if times is not None:
            times.add(first)

    def _measure(self, export: ExportMetricsServiceRequest) -> None:
        for resource in export.resource_metrics:
            sender = repr(sorted(attributes(resource.resource.attributes).items()))
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.by_metrics.add(sender, metric)


def _up(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _MOST_NAMES else semconv.OTHER] += 1
