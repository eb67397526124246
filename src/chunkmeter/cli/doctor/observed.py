"""What a run of an app has told by OTLP: its calls by their spans, and how many its metrics count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ... import semconv
from ...received import Received
from ..book import Book
from ..call import read_call
from ..otlp import clean, received

__all__ = ["OURS", "Observed", "observe"]

OURS = "chunkmeter"
"""The scope of our own spans."""


@dataclass(slots=True)
class Observed:
    """What has arrived.

    Attributes:
        spans: how many spans came, of whatever kind.
        calls: the calls that spans tell of, their attributes under our own names and short enough to be shown, each
            with the scope of who told of it. Of several accounts of one call all of ours are here, and the first of
            others'.
        measured: how many calls the metrics count; None if no metric told.
    """

    spans: int = 0
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    measured: int | None = None

    def summary(self) -> Iterator[str]:
        """One line for each model: who told of it, how many calls there were, and what became of their cost."""
        rows: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for scope, call in self.calls:
            told = "" if scope == OURS else scope
            model = call.get(semconv.RESPONSE_MODEL) or call.get(semconv.REQUEST_MODEL) or "no model"
            rows.setdefault((str(call.get(semconv.PROVIDER_NAME) or "unknown"), str(model), told), []).append(call)
        for (provider, model, told), calls in sorted(rows.items()):
            costs = Counter(str(call.get(semconv.COST_STATUS) or "none") for call in calls)
            said = ", ".join(f"{number} {status}" for status, number in sorted(costs.items()))
            by = f", told by {told}" if told else ""
            number = f"{len(calls)} call{'' if len(calls) == 1 else 's'}"
            yield f"{provider} {model}: {number}{by}; cost: {said}"


def _short(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in attributes.items()}


def observe(folder: Path, book: Book) -> Observed:
    """Read what a receiver has kept.

    Args:
        folder: the receiver's records.
        book: the receiver's book, which has added up the metrics.
    """
    seen, known = Observed(), Received()
    for file in sorted(folder.glob("*.traces.bin")):
        try:
            request = ExportTraceServiceRequest.FromString(file.read_bytes())
        except DecodeError:  # the receiver has refused it
            continue
        for scope in (scope for resource in request.resource_spans for scope in resource.scope_spans):
            for span in scope.spans:
                seen.spans += 1
                told = known.read(received(span, scope.scope.name))
                if told is None or (told.scope and told.again) or read_call(told.attributes) is None:
                    continue
                seen.calls.append((told.scope or OURS, _short(told.attributes)))
    counted = [row.metrics for row in book.totals() if row.name == semconv.CALLS.name]
    seen.measured = round(float(counted[0])) if counted else None
    return seen
