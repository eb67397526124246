"""The dearest traces: their spans as rows of a tree, each with when it was and what it cost. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..otlp_json import Request
from .calls import Calls, Told
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
        root: its first span that lies in no other.
        rows: its spans, each after the one that it lies in; where they are many, the dearest and those around them.
        spans: how many it has.
        calls: how many calls were counted.
        spend: what they cost, in the report's currency.
        start: when it started, in nanoseconds since the epoch.
        end: when it ended.
    """

    id: bytes
    root: Span
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
    rows: dict[bytes, dict[bytes, Row]] = {trace: {} for trace in ids}
    counts = dict.fromkeys(rows, 0)
    calls = Calls()
    for export in exports:
        if isinstance(export, ExportTraceServiceRequest):
            for span in spans_of(export):
                known = rows.get(span.trace)
                if known is not None and span.id not in known:
                    counts[span.trace] += 1
                    if len(known) < _MOST_SPANS:
                        known[span.id] = _row(span, figures, calls)
    return [_trace(trace, [*known.values()], counts[trace], figures) for trace, known in rows.items() if known]


def _row(span: Span, figures: Figures, calls: Calls) -> Row:
    """The row, without the span's attributes, which may be long."""
    told = calls.read(span)[0] if (span.trace, span.id) in figures.counted else None
    bare = span._replace(attributes={})
    return Row(bare, 0, told and told._replace(span=bare))


def _trace(trace: bytes, rows: list[Row], count: int, figures: Figures) -> Trace:
    spend = Decimal()
    for row in rows:
        spend = add(spend, _cost(row.told, figures.currency))
    ordered = _in_order(rows)
    return Trace(
        id=trace,
        root=ordered[0].span,
        rows=_drawn(ordered, figures.currency),
        spans=count,
        calls=sum(row.told is not None for row in rows),
        spend=spend,
        start=min((row.span.start for row in rows if row.span.start), default=0),
        end=max(row.span.end for row in rows),
    )


def _cost(told: Told | None, currency: str) -> Decimal:
    return told.cost if told is not None and told.cost is not None and told.call.currency == currency else Decimal()


def _in_order(rows: list[Row]) -> list[Row]:
    """The rows with their depths, each after the one that it lies in. Spans in a circle come last, as roots."""
    below: dict[bytes, list[Row]] = {}
    ids = {row.span.id for row in rows}
    for row in sorted(rows, key=lambda each: (each.span.start, -each.span.end, each.span.id), reverse=True):
        below.setdefault(row.span.parent if row.span.parent in ids else b"", []).append(row)
    ordered: list[Row] = []
    left = below.pop(b"", [])
    while left or below:
        if not left:
            left = below.pop(next(iter(below)))
        row = left.pop()
        ordered.append(row)
        left += [each._replace(depth=row.depth + 1) for each in below.pop(row.span.id, [])]
    return ordered


def _drawn(rows: list[Row], currency: str) -> list[Row]:
    """The rows themselves, or of many the dearest calls with what they lie in, in the order in which they were."""
    if len(rows) <= _MOST_ROWS:
        return rows
    place = {row.span.id: index for index, row in enumerate(rows)}
    kept: set[int] = set()
    for index in sorted(range(len(rows)), key=lambda each: (-_cost(rows[each].told, currency), each)):
        path: dict[int, None] = {}
        step: int | None = index
        while step is not None and step not in kept and step not in path:
            path[step] = None
            step = place.get(rows[step].span.parent)
        if kept and len(kept) + len(path) > _MOST_ROWS:
            break
        kept.update([*path][:_MOST_ROWS])
    return [rows[index] for index in sorted(kept)]
