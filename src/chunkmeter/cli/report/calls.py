"""What a report counts of a call: what its span says, whoever made the span. Nothing is raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, NamedTuple

from ... import semconv
from ...pricing.tokens import Tokens, classes
from ...received import Received, ReceivedSpan
from ..call import Call, amount, read_call
from ..otlp import clean
from .spans import Span

__all__ = ["Calls", "Told"]

_ELSEWHERE = "elsewhere"
"""The status of a span whose call another span tells of."""
_PRICED = (semconv.COST_AMOUNT, semconv.COST_STATUS)
_NO_PART = frozenset({semconv.COST_STATUS, semconv.COST_UNPRICED})
_LONGEST_LABEL = 64
_NO_LABELS = (
    "gen_ai", "chunkmeter", "server", "error", "code", "http", "url", "network", "rpc", "openai", "aws", "azure", "az",
    "otel", "thread", "telemetry", "llm", "openinference", "traceloop", "langfuse", "logfire", "input", "output",
)  # fmt: skip
"""The first words of names that are no labels of anybody's own."""
_COUNTS = tuple(field.name for field in fields(Tokens))


class Told(NamedTuple):
    """One call.

    Attributes:
        span: the span that tells of it.
        call: what that span says, under Mirascope's names.
        cost: what the call cost, as the span writes it; None where it says nothing.
        priced_here: whether the cost is not the span's own, but worked out now.
        parts: the amounts by class of token and by item.
        tokens: how many tokens are in each class; each token is in one.
        cost_status: `chunkmeter.cost.status`, None on spans without it.
        unpriced: what the cost lacks.
        usage_status: `chunkmeter.usage.status`, None on spans without it.
        outcome: what became of it.
        reason: why it stopped, one word; None where it doesn't say.
        labels: who is spending.
    """

    span: Span
    call: Call
    cost: Decimal | None
    priced_here: bool
    parts: Mapping[str, Decimal]
    tokens: Mapping[str, int]
    cost_status: str | None
    unpriced: tuple[str, ...]
    usage_status: str | None
    outcome: str | None
    reason: str | None
    labels: Mapping[str, str]


class Calls:
    """Tells the calls of spans as `chunkmeter tail` does: in any dialect, priced where nobody has priced them."""

    def __init__(self) -> None:
        self._received = Received()

    def read(self, span: Span) -> tuple[Told | None, bool]:
        """The call that a span tells of, None where it is no call; and whether another span has told of it before."""
        attributes = span.attributes
        if attributes.get(semconv.COST_STATUS) == _ELSEWHERE:
            return None, True
        found = self._received.read(
            ReceivedSpan(
                scope=span.scope,
                trace_id=int.from_bytes(span.trace, "big"),
                span_id=int.from_bytes(span.id, "big"),
                parent_id=int.from_bytes(span.parent, "big"),
                start_ns=span.start,
                end_ns=span.end,
                failed=span.failed,
                attributes=attributes,
            )
        )
        call = None if found is None else read_call(found.attributes)
        if found is None or call is None:
            return None, False
        return _told(span, found.attributes, call), found.again


def _told(span: Span, attributes: Mapping[str, Any], call: Call) -> Told:
    return Told(
        span=span,
        call=call,
        cost=_decimal(call.cost),
        priced_here=call.cost is not None and not any(name in span.attributes for name in _PRICED),
        parts=_parts(attributes),
        tokens=_classes(call.usage),
        cost_status=call.cost_status or None,
        unpriced=call.unpriced,
        usage_status=_text(attributes, semconv.USAGE_STATUS),
        outcome=call.outcome,
        reason=_text(attributes, semconv.FINISH_REASON) or _worst(call.finish_reasons),
        labels=_labels(span.attributes),
    )


def _decimal(value: float | None) -> Decimal | None:
    """The decimal that a float is written as: 0.1 is a tenth."""
    return None if value is None else Decimal(repr(value))


def _parts(attributes: Mapping[str, Any]) -> dict[str, Decimal]:
    parts: dict[str, Decimal] = {}
    for name, value in attributes.items():
        if name.startswith(semconv.COST_SPLIT) and name not in _NO_PART:
            part = _decimal(amount(value))
            if part is not None:
                parts[clean(name.removeprefix(semconv.COST_SPLIT))] = part
    return parts


def _classes(usage: Mapping[str, int]) -> dict[str, int]:
    return classes(Tokens(**{name: usage[name] for name in _COUNTS if name in usage}))


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return clean(value) or None if isinstance(value, str) else None


def _worst(reasons: list[str]) -> str | None:
    return semconv.worst_reason([*reasons]) if reasons else None


def _labels(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The labels that say who is spending: on spans that chunkmeter has priced, names that no convention has."""
    if semconv.OUTCOME not in attributes and semconv.COST_STATUS not in attributes:
        return {}
    return {
        clean(name): clean(value)
        for name, value in attributes.items()
        if isinstance(value, str)
        and 0 < len(value) <= _LONGEST_LABEL
        and (name == semconv.CODE_FUNCTION_NAME or name.partition(".")[0] not in _NO_LABELS)
    }
