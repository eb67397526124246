"""Checks that an agent's trace adds up, level by level: `python -m replay.agent DIR`.

The trace is that of `examples/agent.py`, in recorded OTLP bytes. Beside each span stands what the calls below it cost
together. A run's own total has to be the same, and so has the counter of the whole. It imports nothing of chunkmeter.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replay.check import Report
from replay.otlp import Recording, Span, read
from replay.scenarios import by_id

__all__ = ["TREE", "Line", "check", "lines"]


_HTTP = frozenset({"http.method", "http.request.method"})


class Line(NamedTuple):
    """A span of the tree: how deep it is, what it is called, its attempt or attempts, and its cost in USD."""

    depth: int
    name: str
    told: str
    cost: float


def _cost(*scenarios: str) -> float:
    return math.fsum(by_id[scenario].truth.usd for scenario in scenarios)


TOOLS, NESTED, PLAIN, CLAUDE = "openai-tools-call", "groq-plain-call", "openai-plain-call", "anthropic-plain-call"
TREE = (
    Line(0, "plan a day", "", _cost(TOOLS, NESTED, PLAIN, PLAIN, CLAUDE)),
    Line(1, "chat gpt-4o-mini", "", _cost(TOOLS)),
    Line(1, "execute_tool get_weather", "", _cost(NESTED)),
    Line(2, "chat llama-3.3-70b-versatile", "", _cost(NESTED)),
    Line(1, "retry answer", "2 attempts, known", _cost(PLAIN, PLAIN)),
    Line(2, "chat gpt-4o-mini", "attempt 1", _cost(PLAIN)),
    Line(2, "chat gpt-4o-mini", "attempt 2 after AssertionError", _cost(PLAIN)),
    Line(1, "fallback cheer", "2 attempts, partial: no_usage", _cost(CLAUDE)),
    Line(2, "chat gpt-4.5-preview", "attempt 1", 0.0),
    Line(2, "chat claude-sonnet-4-5", "attempt 2 after openai.NotFoundError", _cost(CLAUDE)),
)
"""What the agent leaves."""


def lines(spans: Sequence[Span]) -> list[Line]:
    """The spans by parent and start, without those of HTTP, each with what the calls below it cost together."""
    return list(_below(b"", [span for span in spans if not _HTTP & span.attributes.keys()], 0))


def _below(parent: bytes, spans: Sequence[Span], depth: int) -> Iterator[Line]:
    known = {span.id for span in spans}
    for span in sorted(spans, key=lambda span: span.start):
        if (span.parent if span.parent in known else b"") == parent:
            children = list(_below(span.id, spans, depth + 1))
            below = [child.cost for child in children if child.depth == depth + 1]
            own = span.attributes.get("gen_ai.usage.cost.amount", 0.0)
            yield Line(depth, span.name, _told(span), math.fsum((own, *below)))
            yield from children


def _told(span: Span) -> str:
    """What a span says of attempts."""
    attributes = span.attributes
    if "chunkmeter.run.attempts" in attributes:
        lacks = " ".join(attributes.get("chunkmeter.run.cost.unpriced", ()))
        status = attributes["chunkmeter.run.cost.status"]
        return f"{attributes['chunkmeter.run.attempts']} attempts, {status}{lacks and ': '}{lacks}"
    reason = attributes.get("chunkmeter.attempt.reason")
    number = attributes.get("chunkmeter.attempt")
    return "" if number is None else f"attempt {number}" + (f" after {reason}" if reason else "")


def check(recording: Recording) -> list[str]:
    """What is wrong with the trace, or with the counter."""
    report, found = Report(), lines(recording.placed)
    report.expect("spans", [line[:3] for line in found], [line[:3] for line in TREE])
    for got, expected in zip(found, TREE, strict=False):
        report.close(f"cost of {expected.name}", got.cost, expected.cost)
    for span in recording.placed:
        if (total := span.attributes.get("chunkmeter.run.cost")) is not None:
            below = next(line.cost for line in found if line.name == span.name)
            report.close(f"chunkmeter.run.cost of {span.name}", total, below)
    spent = math.fsum(float(point) for point in recording.points("chunkmeter.spend", {}) if isinstance(point, float))
    report.close("metric chunkmeter.spend", spent, TREE[0].cost)
    return report.lines


def main(arguments: Sequence[str]) -> int:
    """Prints what is wrong with the tree; 1 if anything is."""
    recording = read(Path(arguments[0]))
    mismatches = check(recording)
    for mismatch in mismatches:
        print(mismatch)
    print(f"{len(recording.placed)} spans checked, {len(mismatches)} mismatches")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
