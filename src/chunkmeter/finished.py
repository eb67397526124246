"""Finished spans of other instrumentations: the calls that they tell of, and copies, since an ended span is frozen."""

from __future__ import annotations

import copy
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
    enriched = copy.copy(span)
    enriched._name = text.encodable(span.name)
    kept = {name: text.encodable(value) for name, value in (span.attributes or {}).items()}
    # A plain dict would lose the count of dropped attributes.
    bounded = BoundedAttributes(attributes={**kept, **added}, immutable=True)
    bounded.dropped = span.dropped_attributes
    enriched._attributes = bounded
    return enriched
