"""`ChunkSpanProcessor`: counts the cost of inference spans that other instrumentations made.

With a next processor behind it, it also adds the cost to these spans. An ended span's attributes are frozen, so the
next processor gets a copy of the span.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import NonRecordingSpan, TracerProvider, set_span_in_context
from opentelemetry.trace import Span as ApiSpan

from . import foreign, semconv
from .attribution import NO_LABELS, Labels
from .calls.begin import adopt
from .calls.beside import is_around_one, opened
from .calls.blocks import Spent, blocks_here
from .calls.call import Call
from .calls.keeper import keeper
from .calls.pulling import within
from .calls.sending import current_call
from .facts.ended import Ended
from .facts.tally import Tally
from .finished import call_of, is_ours, scope_of, with_attributes
from .reporting.accounts import Account, account_of
from .reporting.attributes import counted_attributes
from .reporting.once import once_for
from .reporting.telemetry import SCOPE, for_providers
from .settings import Settings
from .streams.wrap import wrap as wrap_stream

__all__ = ["ChunkSpanProcessor", "seen_on"]

_MOST_REMEMBERED = 10_000


class _Remembered:
    """A set of spans, by trace and span id. It forgets the oldest when it is full."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[int, int], object] = OrderedDict()

    def __contains__(self, span: ReadableSpan | ApiSpan) -> bool:
        return _ids(span) in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, span: ReadableSpan | ApiSpan) -> bool:
        """Add a span. True if it was not in the set; of several threads that add it at once, only one gets True."""
        mark = object()
        new = self._ids.setdefault(_ids(span), mark) is mark
        if len(self._ids) > _MOST_REMEMBERED:
            self._ids.popitem(last=False)
        return new


class _Seen:
    """The spans that processors on one meter provider have seen. They share this."""

    def __init__(self) -> None:
        self.counted = _Remembered()
        """Spans whose cost has been counted, so that no second processor counts it again."""
        self.metered = _Remembered()
        """Spans of calls that are counted without them. Those begun while a metered call sent its request are among
        them: if one turns out to be an inference, it is that call's."""
        self._elsewhere: OrderedDict[tuple[int, int], Mapping[str, Any]] = OrderedDict()

    def elsewhere(self, span: ReadableSpan) -> Mapping[str, Any] | None:
        """What the span is to say of the cost of its call, where we have metered that call without a span."""
        return self._elsewhere.get(_ids(span))

    def count_elsewhere(self, span: ReadableSpan, counted: Mapping[str, Any]) -> None:
        """Note what a span is to say of the cost of its call."""
        self._elsewhere[_ids(span)] = counted
        if len(self._elsewhere) > _MOST_REMEMBERED:
            self._elsewhere.popitem(last=False)


_seen_on: WeakKeyDictionary[MeterProvider, _Seen] = WeakKeyDictionary()


def seen_on(provider: MeterProvider) -> _Seen:
    """What processors on a meter provider have seen."""
    return _seen_on.get(provider) or _seen_on.setdefault(provider, _Seen())


class ChunkSpanProcessor(SpanProcessor):
    """Counts the cost of inference spans that other instrumentations made; adds it to them for a next processor.

    If chunkmeter metered a call itself, spans of it are not counted again; those of others are forwarded with
    `chunkmeter.metered`. A span that is no inference is forwarded unchanged. Spans that a sampler drops never get here,
    so their cost is not counted.

    Args:
        next_processor: gets every span; inference spans of other instrumentations as a copy with cost and finish
            reason. Errors that it raises are logged, not passed on.
        tracer_provider: where streams that `wrap` meters get their spans; the global provider if left out.
        meter_provider: where cost is counted; the global provider if left out.
        settings: how chunkmeter behaves; read from the environment if left out.
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
        """Whether spans are counted. The instrumentor that added the processor sets this to False at the end."""
        self._next = next_processor
        self._meter_provider = meter_provider
        self._telemetry = for_providers(tracer_provider, meter_provider, settings)
        once_for(self._telemetry.meter_provider)  # so that calls settled before the first foreign span are known
        self._began: OrderedDict[tuple[int, int], tuple[Labels, tuple[Spent, ...]]] = OrderedDict()
        """Of open spans: the labels of where each began, and the blocks that count what is spent, if there are any."""

    def wrap(self, stream: Any, **options: Any) -> Any:
        """Meter a stream as `chunkmeter.wrap` does, and report to this processor's providers.

        Args:
            stream: a stream or manager, as `chunkmeter.wrap` takes it.
            **options: keywords of `chunkmeter.wrap`, except `telemetry`.

        Returns:
            What `chunkmeter.wrap` returns.

        Raises:
            UnknownWireError: if `wire` is not the name of a wire.
        """
        return wrap_stream(stream, telemetry=self._telemetry, **options)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Capture the labels of a span, and mark it if it is of a metered call that is sending its request."""
        if self.active:
            try:
                call = current_call(parent_context)
                if call is not None or scope_of(span) != SCOPE:
                    self._note(span, parent_context, call)
            except Exception as error:  # noqa: BLE001 -- here and below as a guard does it, in less time
                self._telemetry.guard.failed("hook", "noting a span", error)
        if self._next is not None:
            with self._telemetry.guard("hook", "the next processor's on_start"):
                self._next.on_start(span, parent_context)

    def _note(self, span: Span, parent_context: Context | None, call: Call | None) -> None:
        if call is None and is_ours(span):
            return
        inference = foreign.begins(span.attributes or {})
        if call is None:
            labels, blocks = self._telemetry.attribution.capture(parent_context), blocks_here()
            if labels or blocks:
                self._began[_ids(span)] = labels, blocks
                if len(self._began) > _MOST_REMEMBERED:
                    self._began.popitem(last=False)
            if labels and inference:
                span.set_attributes(_missing(span, labels))
            if inference:
                opened(span)
        elif inference:
            span.set_attribute(semconv.METERED, value=True)
            if foreign.read(span.attributes or {}) is not None:
                call.others += (scope_of(span) or "",)
                adopt(call, span)
        else:
            self._seen.metered.add(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Count the span's cost if it is another instrumentation's inference, and forward the span."""
        try:
            if scope_of(span) != SCOPE:
                span = self._counted(span)
        except Exception as error:  # noqa: BLE001
            self._telemetry.guard.failed("settle", "counting a span", error)
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
        """Flush the next processor.

        Args:
            timeout_millis: how long that may take, in milliseconds.

        Returns:
            What the next processor returns; True without one, False if it raises.
        """
        if self._next is None:
            return True
        with self._telemetry.guard("hook", "the next processor's force_flush"):
            return self._next.force_flush(timeout_millis)
        return False

    @property
    def _seen(self) -> _Seen:
        return seen_on(self._meter_provider or metrics.get_meter_provider())

    def _counted(self, span: ReadableSpan) -> ReadableSpan:
        """Count the span if it is another's inference, and return what to forward: the span, or a copy with cost."""
        seen = self._seen
        labels, blocks = self._began.pop(_ids(span), (NO_LABELS, ()))
        if not self.active or not span.attributes:
            return span
        ended = call_of(span, labels)
        if ended is None:
            return span
        if span in seen.metered:
            return self._marked(span)
        keeper.watch(self._telemetry)  # whose thread sees to a changed price file, and to newer prices
        facts = self._telemetry.assess(ended)
        counted: Mapping[str, Any] = counted_attributes(ended, facts, draft_cost=self._telemetry.draft_cost)
        if seen.counted.add(span):
            earlier = self._earlier(span, ended, counted)
            if earlier is None:
                for block in blocks:
                    block.settled(span, facts)
                self._telemetry.record_cost(ended, facts, _context(span))
            elif earlier.counted is None:
                seen.metered.add(span)  # Another span has the call's cost.
            else:
                seen.count_elsewhere(span, earlier.counted)
        counted = seen.elsewhere(span) or counted
        if span in seen.metered:
            return self._marked(span)
        return span if self._next is None else with_attributes(span, {**_missing(span, labels), **counted})

    def _marked(self, span: ReadableSpan) -> ReadableSpan:
        """The span of a call that is counted without it, for a next processor: who sums up tokens can leave it out."""
        return span if self._next is None else with_attributes(span, {semconv.METERED: True})

    def _earlier(self, span: ReadableSpan, ended: Ended, counted: Mapping[str, Any]) -> Account | None:
        """The account by which the span's call counts without it; None if the span is what it counts by.

        Args:
            span: the span.
            ended: the call that it tells of.
            counted: what it is to say of that call's cost, by what it tells itself.
        """
        account = account_of(ended, scope_of(span) or "", span)
        call = within()
        if isinstance(call, Call) and _is_of(call, ended.tally):
            call.others += (account.source,)
            if call.mode != "metrics_only":
                return account
            if call.tally.tokens().input_tokens is not None:
                counted = counted_attributes(*call.so_far(), draft_cost=self._telemetry.draft_cost)
            # Else its owner has seen the event with the usage, and ends the span before handing that event on.
            return account._replace(counted=counted)
        return account if is_around_one(account) else once_for(self._telemetry.meter_provider).earlier(account)


def _is_of(call: Call, tally: Tally) -> bool:
    """Whether a span that ends while `call` waits for its source, or has it end, is of that call."""
    ids = (call.tally.response_id, tally.response_id)
    if all(ids):
        return ids[0] == ids[1]
    if call.mode == "metrics_only":
        return True
    told, theirs = call.tally.tokens(), tally.tokens()
    counts = (told.input_tokens, told.output_tokens), (theirs.input_tokens, theirs.output_tokens)
    return counts[0] == counts[1] and call.tally.response_model == tally.response_model is not None


def _missing(span: ReadableSpan | Span, labels: Labels) -> dict[str, str]:
    """Those labels that the span does not have as attributes yet."""
    return {name: value for name, value in labels.all().items() if name not in (span.attributes or {})}


def _context(span: ReadableSpan) -> Context:
    """A context that makes exemplars point to the span."""
    return set_span_in_context(NonRecordingSpan(span.get_span_context()))  # pyrefly: ignore[bad-argument-type]


def _ids(span: ReadableSpan | ApiSpan) -> tuple[int, int]:
    context: Any = span.get_span_context()
    return context.trace_id, context.span_id
