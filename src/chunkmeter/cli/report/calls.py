"""What a report counts of a call: what its span says, whoever made the span. Pure; nothing is raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, NamedTuple

from ... import foreign, semconv
from ...pricing.tokens import Tokens, classes
from ..call import Call, amount, count, read_call
from .spans import Span

__all__ = ["Told", "told_of"]

_ELSEWHERE = "elsewhere"
"""The status of a span whose call another span tells of."""
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
        parts: the amounts by class of token and by item.
        tokens: how many tokens are in each class; each token is in one.
        cost_status: `chunkmeter.cost.status`, None on spans without it.
        unpriced: what the cost lacks.
        usage_status: `chunkmeter.usage.status`, None on spans without it.
        outcome: what became of it; `error` where nothing but the span's status says so, None where nothing does.
        reason: why it stopped, one word; None where it doesn't say.
        labels: who is spending.
    """

    span: Span
    call: Call
    cost: Decimal | None
    parts: Mapping[str, Decimal]
    tokens: Mapping[str, int]
    cost_status: str | None
    unpriced: tuple[str, ...]
    usage_status: str | None
    outcome: str | None
    reason: str | None
    labels: Mapping[str, str]


def told_of(span: Span) -> Told | None:
    """The call that a span tells of; None where it is no call, or another span tells of its call."""
    attributes = span.attributes
    if attributes.get(semconv.COST_STATUS) == _ELSEWHERE:
        return None
    call = read_call(attributes) if semconv.OUTCOME in attributes else _of_others(span)
    if call is None:
        return None
    return Told(
        span=span,
        call=call,
        cost=_decimal(call.cost),
        parts=_parts(attributes),
        tokens=_classes(call.usage),
        cost_status=_text(attributes, semconv.COST_STATUS),
        unpriced=_words(attributes.get(semconv.COST_UNPRICED)),
        usage_status=_text(attributes, semconv.USAGE_STATUS),
        outcome=call.outcome or ("error" if span.failed else None),
        reason=_text(attributes, semconv.FINISH_REASON) or _worst(call.finish_reasons),
        labels=_labels(attributes),
    )


def _of_others(span: Span) -> Call | None:
    """The call that a span of another instrumentation tells of, in whichever dialect."""
    if semconv.METERED in span.attributes:
        return None
    try:
        found = foreign.read(span.attributes, span.scope)
    except Exception:  # noqa: BLE001 -- whatever a file says, the rest of it is reported
        return None
    if found is None:
        return None
    request, tally = found
    tokens = tally.tokens()
    usage = {name: number for name in _COUNTS if (number := count(getattr(tokens, name))) is not None}
    call = read_call({**span.attributes, semconv.OPERATION_NAME: semconv.EMBEDDINGS})
    assert call is not None  # that operation is one of a call
    return replace(
        call,
        provider=call.provider or request.provider,
        model=call.model or tally.response_model or request.model,
        finish_reasons=[reason for reason in tally.raw_reasons() if reason],
        usage=call.usage | usage,
        cost=amount(tally.provider_cost) if call.cost is None else call.cost,
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
                parts[name.removeprefix(semconv.COST_SPLIT)] = part
    return parts


def _classes(usage: Mapping[str, int]) -> dict[str, int]:
    return classes(Tokens(**{name: usage[name] for name in _COUNTS if name in usage}))


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return value or None if isinstance(value, str) else None


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _worst(reasons: list[str]) -> str | None:
    return semconv.worst_reason([*reasons]) if reasons else None


def _labels(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The labels that say who is spending: on spans that chunkmeter has priced, names that no convention has."""
    if semconv.OUTCOME not in attributes and semconv.COST_STATUS not in attributes:
        return {}
    return {
        name: value
        for name, value in attributes.items()
        if isinstance(value, str)
        and 0 < len(value) <= _LONGEST_LABEL
        and (name == semconv.CODE_FUNCTION_NAME or name.partition(".")[0] not in _NO_LABELS)
    }
