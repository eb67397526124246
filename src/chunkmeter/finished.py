"""Finished spans of other instrumentations: the calls that they tell of, and copies, since an ended span is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from . import foreign, semconv, text
from .attribution import NO_LABELS, Labels
from .facts.ended import Ended
from .reporting.telemetry import SCOPE

__all__ = ["call_of", "is_ours", "scope_of", "with_attributes"]

_OURS = (semconv.OUTCOME, semconv.METERED)


def is_ours(span: ReadableSpan) -> bool:
    """Whether we meter the span's call. Our own spans are told by scope: a failure may have kept attributes off."""
    return scope_of(span) == SCOPE or any(name in (span.attributes or ()) for name in _OURS)


def scope_of(span: ReadableSpan) -> str | None:
    """The name of the instrumentation scope that made the span."""
    scope = span.instrumentation_scope
    return None if scope is None else scope.name


def call_of(span: ReadableSpan, labels: Labels = NO_LABELS) -> Ended | None:
    """The call that a finished span tells of; None if we meter that call, or the span is no inference.

    Args:
        span: the finished span.
        labels: who is spending.
    """
    attributes = span.attributes
    told = None if not attributes or is_ours(span) else foreign.read(attributes, scope_of(span))
    if told is None:
        return None
    request, tally = told
    return Ended(
        request=replace(request, labels=labels),
        tally=tally,
        outcome="error" if span.status.status_code is StatusCode.ERROR else "completed",
        error_type=None,
        start_ns=foreign.start(attributes or {}, span.start_time or 0),
        first_ns=0,
        end_ns=span.end_time or 0,
    )


def with_attributes(span: ReadableSpan, added: Mapping[str, Any]) -> ReadableSpan:
    """A copy of a finished span with further attributes, since the span's own are frozen.

    What OTLP can't carry is not copied: it would keep other spans from being exported.

    Args:
        span: the finished span.
        added: the further attributes; they replace the span's own of the same name.
    """
    return _Enriched(span, added)


class _Enriched(ReadableSpan):
    """A finished span with further attributes; all else is what the span itself has whenever it is asked.

    Processors that come later may still put something on the span, or take out what is nobody's business, and a batch
    is exported after that. What is set on this one stays on it.
    """

    __slots__ = ("_added", "_merged", "_span", "_told")

    def __init__(self, span: ReadableSpan, added: Mapping[str, Any]) -> None:
        self._span, self._added = span, added
        self._told: Mapping[str, Any] = {**(span._attributes or {})}
        self._merged = self._merge(self._told)

    def __getattr__(self, name: str) -> Any:
        # Asked only for what this one has not itself: it has no fields of a span's until somebody sets one.
        said: Any = getattr(object.__getattribute__(self, "_span"), name)
        if name == "_attributes":
            return self._with_added(said or {})
        return text.encodable(said) if name == "_name" else said

    def _with_added(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            if told != self._told:
                self._told = {**told}
                self._merged = self._merge(self._told)
            return self._merged
        except Exception:  # noqa: BLE001 -- whatever has been put there, it must not keep a whole batch from its export
            return told

    def _merge(self, told: Mapping[str, Any]) -> BoundedAttributes:
        kept = {name: text.encodable(value) for name, value in told.items()}
        # A plain dict would lose the count of dropped attributes.
        bounded = BoundedAttributes(attributes={**kept, **self._added}, immutable=True)
        bounded.dropped = self._span.dropped_attributes
        return bounded
