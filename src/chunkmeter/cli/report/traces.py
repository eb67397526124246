"""The dearest traces: their spans as rows of a tree, each with when it was and what it cost. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..otlp_json import Request
from .calls import Told, told_of
from .figures import Figures
from .spans import Span, spans_of
from .sums import add

__all__ = ["Row", "Trace", "dearest", "traces_of"]

_MOST_SPANS = 2000
"""How many spans of a trace are looked at."""
_MOST_ROWS = 80
"""How many of them are drawn."""


class Row(NamedTuple):
    """One span of a trace.

    Attributes:
        span: the span.
        depth: how many spans of the trace it lies in.
        told: the call that it tells of, where that was counted; else None.
    """

    span: Span
    depth: int
    told: Told | None


class Trace(NamedTuple):
    """One trace.

    Attributes:
        id: its id.
        rows: its spans, each after the one that it lies in; where they are many, the dearest and those around them.
        spans: how many it has.
        calls: how many calls were counted.
        spend: what they cost, in the report's currency.
        start: when it started, in nanoseconds since the epoch.
        end: when it ended.
    """

    id: bytes
    rows: list[Row]
    spans: int
    calls: int
    spend: Decimal
    start: int
    end: int


def dearest(figures: Figures, most: int) -> list[bytes]:
    """The ids of the traces whose calls cost most, in the report's currency; at most so many."""
    traces = figures.traces.get(figures.currency, {})
    ranked = heapq.nsmallest(most, traces.items(), key=lambda each: (-each[1], each[0]))
    return [trace for trace, spend in ranked if trace and spend > 0]


def traces_of(ids: Iterable[bytes], exports: Iterable[Request], figures: Figures) -> list[Trace]:
    """The traces of these ids, in their order, from the exports that have spans of them."""
    spans: dict[bytes, dict[bytes, Span]] = {trace: {} for trace in ids}
    counts = dict.fromkeys(spans, 0)
    for export in exports:
        if isinstance(export, ExportTraceServiceRequest):
            for span in spans_of(export):
                known = spans.get(span.trace)
                if known is not None and span.id not in known:
                    counts[span.trace] += 1
                    if len(known) < _MOST_SPANS:
                        known[span.id] = span
    return [_trace(trace, list(known.values()), counts[trace], figures) for trace, known in spans.items() if known]


def _trace(trace: bytes, spans: list[Span], count: int, figures: Figures) -> Trace:
    rows = [Row(span, depth, _counted(span, figures)) for span, depth in _in_order(spans)]
    spend, calls = Decimal(), 0
    for _, _, told in rows:
        calls += told is not None
        spend = add(spend, _cost(told, figures.currency))
    started = [span.start for span in spans if span.start]
    return Trace(
        id=trace,
        rows=_drawn(rows, figures.currency),
        spans=count,
        calls=calls,
        spend=spend,
        start=min(started, default=0),
        end=max(span.end for span in spans),
    )


def _counted(span: Span, figures: Figures) -> Told | None:
    return told_of(span) if (span.trace, span.id) in figures.counted else None


def _cost(told: Told | None, currency: str) -> Decimal:
    return told.cost if told is not None and told.cost is not None and told.call.currency == currency else Decimal()


def _in_order(spans: list[Span]) -> list[tuple[Span, int]]:
    """The spans with their depths, each after the one that it lies in. Spans in a circle come last, as roots."""
    below: dict[bytes, list[Span]] = {}
    ids = {span.id for span in spans}
    for span in sorted(spans, key=lambda each: (each.start, -each.end, each.id), reverse=True):
        below.setdefault(span.parent if span.parent in ids else b"", []).append(span)
    ordered: list[tuple[Span, int]] = []
    left = [(span, 0) for span in below.pop(b"", [])]
    while left or below:
        if not left:
            left = [(span, 0) for span in below.pop(next(iter(below)))]
        span, depth = left.pop()
        ordered.append((span, depth))
        left += [(each, depth + 1) for each in below.pop(span.id, [])]
    return ordered


def _drawn(rows: list[Row], currency: str) -> list[Row]:
    """The rows themselves, or of many the dearest calls with what they lie in, in the order in which they were."""
    if len(rows) <= _MOST_ROWS:
        return rows
    place = {row.span.id: index for index, row in enumerate(rows)}
    kept: set[int] = set()
    for index in sorted(range(len(rows)), key=lambda each: (-_cost(rows[each].told, currency), each)):
        path: set[int] = set()
        step: int | None = index
        while step is not None and step not in kept and step not in path:
            path.add(step)
            step = place.get(rows[step].span.parent)
        if len(kept) + len(path) > _MOST_ROWS:
            break
        kept |= path
    return [rows[index] for index in sorted(kept)]
