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
from ..book import Book
from ..call import read_call
from ..otlp import attributes

__all__ = ["Observed", "observe"]

OURS = "chunkmeter"
"""The scope of our own spans."""


@dataclass(slots=True)
class Observed:
    """What has arrived.

    Attributes:
        spans: how many spans came, of whatever kind.
        calls: the attributes of the spans that tell of a call, with the name of their scope.
        measured: how many calls the metrics count; None if no metric told.
    """

    spans: int = 0
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    measured: int | None = None

    def summary(self) -> Iterator[str]:
        """One line for each model: who told of it, how many calls there were, and what became of their cost."""
        rows: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for scope, call in self.calls:
            told = "" if scope == OURS or semconv.OUTCOME in call else scope
            model = call.get(semconv.RESPONSE_MODEL) or call.get(semconv.REQUEST_MODEL) or "no model"
            rows.setdefault((str(call.get(semconv.PROVIDER_NAME) or "unknown"), str(model), told), []).append(call)
        for (provider, model, told), calls in sorted(rows.items()):
            costs = Counter(str(call.get(semconv.COST_STATUS) or "none") for call in calls)
            said = ", ".join(f"{number} {status}" for status, number in sorted(costs.items()))
            by = f", told by {told}" if told else ""
            number = f"{len(calls)} call{'' if len(calls) == 1 else 's'}"
            yield f"{provider} {model}: {number}{by}; cost: {said}"


def observe(folder: Path, book: Book) -> Observed:
    """Read what a receiver has kept.

    Args:
        folder: the receiver's records.
        book: the receiver's book, which has added up the metrics.
    """
    seen = Observed()
    for file in sorted(folder.glob("*.traces.bin")):
        try:
            request = ExportTraceServiceRequest.FromString(file.read_bytes())
        except DecodeError:  # the receiver has refused it
            continue
        for scope in (scope for resource in request.resource_spans for scope in resource.scope_spans):
            for span in scope.spans:
                seen.spans += 1
                told = attributes(span.attributes)
                if read_call(told) is not None:
                    seen.calls.append((scope.scope.name, told))
    counted = [row.metrics for row in book.totals() if row.name == semconv.CALLS.name]
    seen.measured = round(float(counted[0])) if counted else None
    return seen
