"""Finished spans as an indented tree, one line each: what tests compare with literals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opentelemetry.sdk.trace import ReadableSpan

from chunkmeter.testing import attributes_of

__all__ = ["tree"]


def tree(spans: Sequence[ReadableSpan]) -> list[str]:
    """The spans by parent and start, each with its attempt, its attempts, its cost in USD and its error."""
    return list(_below(None, spans, ""))


def _below(parent: int | None, spans: Sequence[ReadableSpan], indent: str) -> Iterator[str]:
    known = {span.context.span_id for span in spans if span.context}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        above = span.parent.span_id if span.parent and span.parent.span_id in known else None
        if above == parent:
            yield indent + _line(span)
            if span.context:
                yield from _below(span.context.span_id, spans, indent + "  ")


def _line(span: ReadableSpan) -> str:
    attributes = attributes_of(span)
    told = [span.name]
    if "chunkmeter.attempt" in attributes:
        reason = attributes.get("chunkmeter.attempt.reason")
        told.append(f"attempt {attributes['chunkmeter.attempt']}" + (f" after {reason}" if reason else ""))
    if "chunkmeter.run.attempts" in attributes:
        told.append(f"attempts {attributes['chunkmeter.run.attempts']}")
        unpriced = attributes.get("chunkmeter.run.cost.unpriced")
        told.append(attributes["chunkmeter.run.cost.status"] + (f" without {' '.join(unpriced)}" if unpriced else ""))
    cost = attributes.get("chunkmeter.run.cost", attributes.get("gen_ai.usage.cost.amount"))
    if cost is not None:
        told.append(f"{cost:.8f}")
    if "error.type" in attributes:
        told.append(attributes["error.type"])
    return ", ".join(told)
