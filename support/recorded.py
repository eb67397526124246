"""Spans of other instrumentations as tests/foreign/recorded has them; they are played without these."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from support import ROOT

__all__ = ["CALLS", "FOLDER", "Recorded", "play"]

FOLDER = ROOT / "tests" / "foreign" / "recorded"
_DAY_NS = 1_767_225_600 * 10**9
"""2026-01-01, when the recorded calls are played, in nanoseconds since the epoch."""

Span = dict[str, Any]


class Recorded(NamedTuple):
    """The spans of one call, or of one run of an agent.

    Attributes:
        peer: the instrumentation, and its version.
        call: what was called.
        scenarios: the replay server's answers to it.
        spans: its spans, in the order in which they ended.
    """

    peer: str
    call: str
    scenarios: tuple[str, ...]
    spans: tuple[Span, ...]


def _loaded(path: Path) -> Iterator[Recorded]:
    for call, told in json.loads(path.read_text()).get("calls", {}).items():
        yield Recorded(path.stem, call, tuple(told["scenarios"]), tuple(told["spans"]))


CALLS = [recorded for path in sorted(FOLDER.glob("*.json")) for recorded in _loaded(path)]
"""Every recorded call, by peer."""


def play(recorded: Recorded, provider: TracerProvider) -> None:
    """Start and end the spans of a call as they were, on a provider.

    Args:
        recorded: the call.
        provider: gets the spans, under their own scopes, with times and parents as they were.
    """
    steps = [(span["start"], 0, order, span) for order, span in enumerate(_parents_first(recorded.spans))]
    steps += [(span["end"], 1, order, span) for order, span in enumerate(recorded.spans)]
    # By time; what ends at a moment ends before what starts then, unless it starts then too.
    steps.sort(key=lambda step: (step[0], step[1], step[2]))
    open_spans: dict[int, Any] = {}
    for at, ends, _, span in steps:
        if ends:
            open_spans[span["id"]].end(_DAY_NS + at * 1000)
        else:
            open_spans[span["id"]] = _started(span, provider, open_spans)


def _started(span: Span, provider: TracerProvider, begun: dict[int, Any]) -> Any:
    started = provider.get_tracer(span["scope"]).start_span(
        span["name"],
        _around(span, begun),
        SpanKind[span["kind"]],
        span["attributes"],
        start_time=_DAY_NS + span["start"] * 1000,
    )
    for event in span["events"]:
        started.add_event(event["name"], event["attributes"], timestamp=_DAY_NS + event["time"] * 1000)
    if span["status"] != "UNSET":
        started.set_status(Status(StatusCode[span["status"]]))
    return started


def _around(span: Span, begun: dict[int, Any]) -> Context:
    parent = begun.get(span["parent"])
    if parent is None and span["parent"] is not None:  # one that never ended
        parent = NonRecordingSpan(SpanContext(span["trace"], span["parent"], is_remote=True, trace_flags=TraceFlags(1)))
    return Context() if parent is None else trace.set_span_in_context(parent, Context())


def _parents_first(spans: tuple[Span, ...]) -> list[Span]:
    by_id = {span["id"]: span for span in spans}

    def depth(span: Span) -> int:
        around = by_id.get(span["parent"])
        return 0 if around is None else 1 + depth(around)

    return sorted(spans, key=depth)
