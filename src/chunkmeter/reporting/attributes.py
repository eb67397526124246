"""Turns a call's facts into span attributes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from opentelemetry.util.types import AttributeValue

from .. import semconv, text
from ..attribution import NO_LABELS
from ..facts.cost_metadata import MEDIA, cost_metadata
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..facts.tally import Tokens
from ..facts.total import Total
from ..pricing import Priced
from ..pricing.tiers import is_usual
from ..pricing.tokens import ATTRIBUTES
from ..readers import for_wire

__all__ = [
    "PARTS",
    "attempt_attributes",
    "counted_attributes",
    "one_reason",
    "parts_of",
    "run_attributes",
    "span_attributes",
    "span_name",
    "start_attributes",
]

# Wires whose finish reasons the published opentelemetry-instrumentation-genai-openai passes on unmapped.
_RAW_REASON_WIRES = frozenset({"openai_chat"})
# Fields of the seed's `cost_metadata` that have an attribute of the conventions, and so need none of ours.
_CONVENTIONAL = frozenset(
    ("input_tokens", "output_tokens", "cached_tokens", "context_length", "streaming_mode", "google")
)
# Counts whose 0 is worth a row: people add them up. The others are parts of these.
_WHOLES = (semconv.USAGE_INPUT_TOKENS, semconv.USAGE_OUTPUT_TOKENS, semconv.USAGE_TOTAL_TOKENS)
PARTS = tuple(attribute for attribute in ATTRIBUTES if attribute not in _WHOLES)
_wholes, parts_of = (attrgetter(*map(ATTRIBUTES.__getitem__, names)) for names in (_WHOLES, PARTS))
# Outcomes that a choice without a reason is told of: there, a reason was expected.
_FAILURES = frozenset({"error", "interrupted"})
# The attribute for the tokens of each medium that the conventions have no attribute for.
_MEDIA_TOKENS = {"images": "image_tokens", "videos": "video_tokens", "pdf": "pdf_tokens"}


def span_name(request: Request) -> str:
    """The name of a call's span, `{operation} {model}`, as the conventions ask.

    An agent's has the agent's name in place of the model. No request says that, so the operation stands alone.
    """
    named = request.model and request.operation != semconv.INVOKE_AGENT
    return f"{request.operation} {request.model}" if named else request.operation


def start_attributes(request: Request) -> dict[str, AttributeValue]:
    """The attributes that a span starts with, so that a sampler can see them, and change what it is given."""
    if request.starts is not None:
        return {**request.starts}
    known: dict[str, AttributeValue] = {semconv.OPERATION_NAME: request.operation}
    if request.provider is not None:
        known[semconv.PROVIDER_NAME] = request.provider
    if request.model is not None:
        known[semconv.REQUEST_MODEL] = request.model
    if request.stream:
        known[semconv.REQUEST_STREAM] = request.stream
    if request.server_address is not None:
        known[semconv.SERVER_ADDRESS] = request.server_address
    if request.server_port is not None:
        known[semconv.SERVER_PORT] = request.server_port
    known.update(request.attributes)
    if request.labels is not NO_LABELS:
        known.update(request.labels.all())
    request.starts = known
    return {**known}


def span_attributes(ended: Ended, facts: Facts, *, draft_cost: bool, raw_reasons: bool) -> dict[str, AttributeValue]:
    """The attributes that an ended call's span gets. Unknown facts have no attribute, nor has what says nothing.

    A 0 says nothing on a part of a whole, nor does a flag that is off, a default, or a repetition.

    Args:
        ended: the call.
        facts: what the call amounts to.
        draft_cost: whether cost is also written under the draft conventions' names.
        raw_reasons: whether finish reasons of OpenAI's wire stay in OpenAI's own words.
    """
    tally, tokens = ended.tally, facts.tokens
    known: dict[str, Any] = {
        semconv.RESPONSE_ID: tally.response_id or None,
        semconv.RESPONSE_MODEL: tally.response_model or None,
        semconv.RESPONSE_TIME_TO_FIRST_CHUNK: ended.time_to_first_chunk,
        semconv.OUTCOME: ended.outcome,
        semconv.ERROR_TYPE: ended.error_type,
        semconv.CHUNKS: ended.chunks if ended.request.stream else None,
        semconv.USAGE_STATUS: facts.usage_status,
        **dict(zip(_WHOLES, _wholes(tokens), strict=True)),
        semconv.USAGE_ESTIMATE: facts.estimated_by,
    }
    parts = parts_of(tokens)
    if any(parts):
        known.update((name, number) for name, number in zip(PARTS, parts, strict=True) if number)
    metadata = cost_metadata(tally, tokens, ended.request)
    if not metadata.keys() <= _CONVENTIONAL:
        known |= _cost_metadata_attributes(metadata, tokens, ended.request)
    if tally.reasons or tally.block_reason is not None:
        by_choice = facts.raw_reasons[: text.ITEMS]
        said = text.first([reason for reason in by_choice if reason is not None])
        said = said or ([tally.block_reason] if tally.block_reason is not None else [])
        reasons = _finish_reasons(ended, by_choice, raw=raw_reasons and tally.wire in _RAW_REASON_WIRES)
        known[semconv.RESPONSE_FINISH_REASONS] = text.first(reasons) or None
        known[semconv.RAW_FINISH_REASONS] = said if said and said != reasons else None
    known |= _counted(ended, facts, draft_cost=draft_cost)
    return {name: value for name, value in known.items() if value is not None}


def counted_attributes(ended: Ended, facts: Facts, *, draft_cost: bool) -> dict[str, AttributeValue]:
    """The attributes that only chunkmeter counts: the call's one finish reason, its cost or why there is none.

    Args:
        ended: the call.
        facts: what the call amounts to.
        draft_cost: whether cost is also written under the draft conventions' names.
    """
    known = _counted(ended, facts, draft_cost=draft_cost)
    return {name: value for name, value in known.items() if value is not None}


def _counted(ended: Ended, facts: Facts, *, draft_cost: bool) -> dict[str, Any]:
    """The same, None where there is nothing to say."""
    cost = facts.cost
    known: dict[str, Any] = {**one_reason(ended, facts), semconv.COST_STATUS: facts.cost_status}
    if isinstance(cost, Priced):
        known[semconv.PRICE_SOURCE] = cost.table
        known[semconv.PRICE_VERSION] = cost.version
        known[semconv.PRICE_MODEL] = cost.model
        known[semconv.COST_UNPRICED] = text.first(cost.unpriced) if cost.unpriced else None
        if cost.multiplier != 1:
            known[semconv.PRICE_MULTIPLIER] = float(cost.multiplier)
        for part, amount in cost.split.items():
            known[semconv.COST_SPLIT + part] = float(amount) or None
        if draft_cost:
            known[semconv.COST_AMOUNT] = float(cost.amount)
            known[semconv.COST_CURRENCY] = cost.currency
            known[semconv.COST_SOURCE] = cost.source
    return known


def one_reason(ended: Ended, facts: Facts) -> dict[str, AttributeValue]:
    """The call's finish reason in one word, the worst over its choices, as a label or attribute.

    Empty where there is no such word, whatever becomes of the call: for embeddings, and on wires that have none.
    """
    tally = ended.tally
    blocked = ["content_filter"] if tally.block_reason is not None else []
    said = [*facts.raw_reasons, *blocked]
    worded = ended.request.operation != semconv.EMBEDDINGS and (tally.wire is None or for_wire(tally.wire).reasons)
    return {semconv.FINISH_REASON: _worst_reason(tuple(said))} if said or worded else {}


@lru_cache(maxsize=512)
def _worst_reason(said: tuple[str | None, ...]) -> str:
    return semconv.worst_reason([*said])


def attempt_attributes(number: int, reason: str | None) -> dict[str, AttributeValue]:
    """The attributes of what belongs to an attempt: a call, or a run inside it.

    Args:
        number: the attempt's number, from 1.
        reason: why there is this attempt; None for the first.
    """
    return {semconv.ATTEMPT: number, **({} if reason is None else {semconv.ATTEMPT_REASON: reason})}


def run_attributes(attempts: int, total: Total) -> dict[str, AttributeValue]:
    """The attributes that the span of a run gets as it ends.

    Args:
        attempts: how many attempts were made.
        total: what the calls of all attempts cost together.
    """
    known: dict[str, Any] = {
        semconv.RUN_ATTEMPTS: attempts,
        semconv.RUN_COST: None if total.amount is None else float(total.amount),
        semconv.RUN_COST_CURRENCY: total.currency,
        semconv.RUN_COST_STATUS: total.status,
        semconv.RUN_COST_UNPRICED: text.first(total.unpriced) or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _cost_metadata_attributes(fields: Mapping[str, Any], tokens: Tokens, request: Request) -> dict[str, Any]:
    """The cost metadata as span attributes, without the fields that the conventions name or that say nothing.

    Args:
        fields: the fields that `facts.cost_metadata` gives.
        tokens: the call's token counts, some of them by medium.
        request: says how many images, videos, audio parts and PDFs the call has.
    """
    known = {name: value for name, value in fields.items() if name not in _CONVENTIONAL and name not in MEDIA}
    for field, count in MEDIA.items():
        if field not in fields:
            continue
        if request.media.get(field):
            known[field] = len(request.media[field])
        if field in _MEDIA_TOKENS and getattr(tokens, count) is not None:
            known[_MEDIA_TOKENS[field]] = getattr(tokens, count)
    if "tier" in known and is_usual(known["tier"]):
        known.pop("tier", None)
    # 0.0 is a price.
    return {semconv.COST_METADATA + name: value for name, value in known.items() if value or name == "cost"}


def _finish_reasons(ended: Ended, raw_reasons: list[str | None], *, raw: bool) -> list[str]:
    """By choice; one without a reason is missing only where the provider was to give one."""
    if ended.tally.block_reason is not None and not raw_reasons:
        return ["content_filter"]
    missing = semconv.MISSING_REASON if ended.outcome in _FAILURES else None
    known = [word for reason in raw_reasons if (word := missing if reason is None else reason) is not None]
    return known if raw else [semconv.finish_reason(word) for word in known]
