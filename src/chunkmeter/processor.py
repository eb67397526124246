"""`ChunkSpanProcessor`: counts, and on the way to an exporter adds, the cost of inference spans that others made.

An ended span's attributes are frozen, so a span that gains attributes is forwarded as a new `ReadableSpan`.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import metrics
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    StatusCode,
    TracerProvider,
    set_span_in_context,
)
from opentelemetry.trace import (
    Span as ApiSpan,
)

from . import foreign, semconv
from .attribution import NO_LABELS, Labels
from .call import current_call
from .facts import Ended, Request, cost_attributes
from .foreign import ForeignCall
from .settings import Settings
from .stream import wrap as wrap_stream
from .telemetry import SCOPE, for_providers

__all__ = ["ChunkSpanProcessor"]

_MOST_REMEMBERED = 10_000
_OURS = (semconv.OUTCOME, semconv.METERED)


class _Remembered:
    """The spans noted last, by trace and span id."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[int, int], object] = OrderedDict()

    def __contains__(self, span: ReadableSpan | ApiSpan) -> bool:
        return _ids(span) in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, span: ReadableSpan | ApiSpan) -> bool:
        """Note the span; whether it was new, told to one caller only, whichever threads they run in."""
        mark = object()
        new = self._ids.setdefault(_ids(span), mark) is mark
        if len(self._ids) > _MOST_REMEMBERED:
            self._ids.popitem(last=False)
        return new


class _Seen:
    """What the processors on one meter provider know together."""

    def __init__(self) -> None:
        self.counted = _Remembered()
        """Spans whose cost is counted, so that each is once however many processors see it."""
        self.metered = _Remembered()
        """Spans begun while a metered call sent its request: what they turn out to be is counted already."""


_seen_on: WeakKeyDictionary[MeterProvider, _Seen] = WeakKeyDictionary()


class ChunkSpanProcessor(SpanProcessor):
    """Counts the cost of inference spans that other instrumentations made; with a next processor, adds it too.

    Spans that chunkmeter metered itself pass untouched and uncounted, and every span that is no inference is
    forwarded as the identical object. Foreign cost is exact only where spans are not sampled away at the head.

    Args:
        next_processor: gets every span; inference spans of others as a copy with cost attributes. Its errors are
            logged, never raised.
        tracer_provider: where streams that `wrap` meters get their spans; the global one if left out.
        meter_provider: where cost is counted; the global one if left out.
        settings: read from the environment if left out.
    """

    def __init__(
        self,
        next_processor: SpanProcessor | None = None,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.active = True
        """Whether spans are counted; switched off when the instrumentation that added the processor is."""
        self._next = next_processor
        self._meter_provider = meter_provider
        self._telemetry = for_providers(tracer_provider, meter_provider, settings)
        self._labels: OrderedDict[tuple[int, int], Labels] = OrderedDict()
        """Who is spending, of open spans that were begun where something says it."""

    def wrap(self, stream: Any, **options: Any) -> Any:
        """`chunkmeter.wrap`, reporting to this processor's providers."""
        return wrap_stream(stream, telemetry=self._telemetry, **options)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note whose a span is; mark one that another instrumentation starts while a metered call sends its request."""
        with self._telemetry.guard("hook", "noting a span"):
            if self.active:
                self._note(span, parent_context)
        if self._next is not None:
            with self._telemetry.guard("hook", "the next processor's on_start"):
                self._next.on_start(span, parent_context)

    def _note(self, span: Span, parent_context: Context | None) -> None:
        inference = any(name.startswith("gen_ai.") for name in span.attributes or ())
        if current_call(parent_context) is None:
            labels = self._telemetry.attribution.capture(parent_context)
            if labels and not _is_ours(span):
                self._labels[_ids(span)] = labels
                if len(self._labels) > _MOST_REMEMBERED:
                    self._labels.popitem(last=False)
                if inference:
                    span.set_attributes(_missing(span, labels))
        elif inference:
            span.set_attribute(semconv.METERED, value=True)
        else:
            self._seen.metered.add(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Count the span's cost if it is somebody else's inference, and forward it."""
        with self._telemetry.guard("settle", "counting a span"):
            span = self._counted(span)
        if self._next is not None:
            with self._telemetry.guard("settle", "the next processor's on_end"):
                self._next.on_end(span)

    def _on_ending(self, span: Span) -> None:
        if self._next is not None:
            with self._telemetry.guard("hook", "the next processor's _on_ending"):
                self._next._on_ending(span)

    def shutdown(self) -> None:
        """Shut the next processor down."""
        if self._next is not None:
            with self._telemetry.guard("hook", "the next processor's shutdown"):
                self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the next processor; False if it fails."""
        if self._next is None:
            return True
        with self._telemetry.guard("hook", "the next processor's force_flush"):
            return self._next.force_flush(timeout_millis)
        return False

    @property
    def _seen(self) -> _Seen:
        provider = self._meter_provider or metrics.get_meter_provider()
        return _seen_on.get(provider) or _seen_on.setdefault(provider, _Seen())

    def _counted(self, span: ReadableSpan) -> ReadableSpan:
        """`span` as it is to be forwarded: itself, or if it is somebody else's inference a copy with its cost."""
        attributes, seen = span.attributes, self._seen
        labels = self._labels.pop(_ids(span), NO_LABELS)
        if not self.active or not attributes or _is_ours(span) or span in seen.metered:
            return span
        call = foreign.read(attributes)
        if call is None:
            return span
        ended = _ended(span, call, labels)
        facts = self._telemetry.assess(ended)
        if seen.counted.add(span):
            self._telemetry.record_cost(ended, facts, _context(span))
        if self._next is None:
            return span
        cost = cost_attributes(facts, draft_cost=self._telemetry.draft_cost)
        return _with_attributes(span, {**_missing(span, labels), **cost})


def _is_ours(span: ReadableSpan) -> bool:
    """Whether the span's call is metered; our own is, even where a failure kept its facts from being written."""
    scope = span.instrumentation_scope
    return (scope is not None and scope.name == SCOPE) or any(name in (span.attributes or ()) for name in _OURS)


def _missing(span: ReadableSpan | Span, labels: Labels) -> dict[str, str]:
    """The labels that the span's owner has not set himself."""
    return {name: value for name, value in labels.all().items() if name not in (span.attributes or {})}


def _ended(span: ReadableSpan, call: ForeignCall, labels: Labels) -> Ended:
    failed = span.status.status_code is StatusCode.ERROR
    return Ended(
        request=Request(call.operation, call.provider, call.model, call.stream, labels=labels),
        tally=call.tally,
        outcome="error" if failed else "completed",
        error_type=None,
        start_ns=span.start_time or 0,
        first_ns=0,
        end_ns=span.end_time or 0,
    )


def _context(span: ReadableSpan) -> Context:
    """A context by which exemplars point to the span."""
    return set_span_in_context(NonRecordingSpan(span.get_span_context()))  # pyrefly: ignore[bad-argument-type]


def _with_attributes(span: ReadableSpan, added: dict[str, Any]) -> ReadableSpan:
    enriched = copy.copy(span)
    # As the SDK's own Span does it; a copy through a dict would lose the count of dropped attributes.
    bounded = BoundedAttributes(attributes={**(span.attributes or {}), **added}, immutable=True)
    bounded.dropped = span.dropped_attributes
    enriched._attributes = bounded
    return enriched


def _ids(span: ReadableSpan | ApiSpan) -> tuple[int, int]:
    context: Any = span.get_span_context()
    return context.trace_id, context.span_id
