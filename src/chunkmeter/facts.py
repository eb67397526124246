"""A call's facts as data, and as span attributes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.util.types import AttributeValue

from . import semconv
from .attribution import NO_LABELS, Labels
from .cost_metadata import cost_metadata_attributes
from .pricing import CostStatus, Priced, Unpriced
from .tally import Outcome, Tally, Tokens, UsageStatus

__all__ = [
    "Ended",
    "Facts",
    "Request",
    "cost_attributes",
    "seconds",
    "server",
    "span_attributes",
    "span_name",
    "start_attributes",
]

# Wires whose finish reasons the published opentelemetry-instrumentation-genai-openai passes on unmapped.
_RAW_REASON_WIRES = frozenset({"openai_chat"})
_NANOSECONDS = 1e9
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a call when it starts.

    Attributes:
        operation: `gen_ai.operation.name`.
        provider: the conventions' name of the provider, None if unknown.
        model: the model asked for, None if unknown.
        stream: whether the answer comes in chunks.
        server_address: host the request goes to.
        server_port: its port.
        sent: whether the start time is when the request was sent, so that first-chunk time means something.
        attributes: further span attributes (`gen_ai.request.*`, function name, tags).
        labels: who is spending.
        tier: the service tier asked for.
        media: the images, videos, audio and pdf that the request has, each with what it says of them.
        context_cache: whether the request refers to a cache made before it (Google's `cached_content`).
        prompt: what the model is given, where tokens are to be estimated; never written anywhere.
    """

    operation: str = "chat"
    provider: str | None = None
    model: str | None = None
    stream: bool = True
    server_address: str | None = None
    server_port: int | None = None
    sent: bool = True
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    labels: Labels = NO_LABELS
    tier: str | None = None
    media: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    context_cache: bool = False
    prompt: Any = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over, or how it stands right now. Times are nanoseconds since the epoch, 0 for never."""

    request: Request
    tally: Tally
    outcome: Outcome
    error_type: str | None
    start_ns: int
    first_ns: int
    end_ns: int

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return seconds(self.start_ns, self.end_ns)

    @property
    def time_to_first_chunk(self) -> float | None:
        """Seconds from the request to the first chunk, where there was one and the request's time is known."""
        timed = self.request.stream and self.request.sent and self.first_ns
        return seconds(self.start_ns, self.first_ns) if timed else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What an ended call amounts to: its tokens, how far to trust them, and its cost or why there is none."""

    tokens: Tokens
    usage_status: UsageStatus
    cost: Priced | Unpriced
    raw_reasons: list[str | None]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the cost depends on, the seed's `cost_metadata`."""
    estimated_by: str | None = None
    """How tokens were counted that the provider did not count."""

    @property
    def cost_status(self) -> CostStatus:
        """How far to trust the cost, or why there is none. What the provider charged is known, whatever was counted."""
        if not isinstance(self.cost, Priced):
            return self.cost.reason
        if self.cost.source == "provider":
            return "known"
        return self.usage_status if self.usage_status in ("partial", "estimated") else "known"


def span_name(request: Request) -> str:
    """`{operation} {model}`, as the conventions have it."""
    return f"{request.operation} {request.model}" if request.model else request.operation


def start_attributes(request: Request) -> dict[str, AttributeValue]:
    """What is known when the span starts, so that a sampler can see it."""
    known: dict[str, AttributeValue | None] = {
        semconv.OPERATION_NAME: request.operation,
        semconv.PROVIDER_NAME: request.provider,
        semconv.REQUEST_MODEL: request.model,
        semconv.REQUEST_STREAM: request.stream or None,
        semconv.SERVER_ADDRESS: request.server_address,
        semconv.SERVER_PORT: request.server_port,
        **request.attributes,
        **request.labels.all(),
    }
    return {name: value for name, value in known.items() if value is not None}


def span_attributes(ended: Ended, facts: Facts, *, draft_cost: bool, raw_reasons: bool) -> dict[str, AttributeValue]:
    """The facts of a call that is over; what is not known is not there.

    Args:
        ended: the call.
        facts: what it amounts to.
        draft_cost: whether cost goes under the draft conventions' names too.
        raw_reasons: whether OpenAI's wire keeps its own words for finish reasons.
    """
    tally, tokens = ended.tally, facts.tokens
    known: dict[str, Any] = {
        semconv.RESPONSE_ID: tally.response_id or None,
        semconv.RESPONSE_MODEL: tally.response_model or None,
        semconv.RESPONSE_TIME_TO_FIRST_CHUNK: ended.time_to_first_chunk,
        semconv.OUTCOME: ended.outcome,
        semconv.ERROR_TYPE: ended.error_type,
        semconv.CHUNKS: tally.chunks if ended.request.stream else None,
        semconv.USAGE_STATUS: facts.usage_status,
        semconv.USAGE_INPUT_TOKENS: tokens.input_tokens,
        semconv.USAGE_OUTPUT_TOKENS: tokens.output_tokens,
        semconv.USAGE_TOTAL_TOKENS: tokens.total_tokens,
        semconv.USAGE_CACHE_READ: tokens.cached_tokens,
        semconv.USAGE_CACHE_WRITE: tokens.cache_write_tokens,
        semconv.USAGE_CACHE_WRITE_1H: tokens.cache_write_1h_tokens,
        semconv.USAGE_REASONING: tokens.reasoning_tokens,
        semconv.USAGE_AUDIO_INPUT: tokens.input_audio_tokens,
        semconv.USAGE_AUDIO_OUTPUT: tokens.output_audio_tokens,
        semconv.USAGE_ESTIMATE: facts.estimated_by,
        **cost_metadata_attributes(facts.metadata, tokens, ended.request),
    }
    if tally.reasons or tally.block_reason is not None:
        said = [reason for reason in facts.raw_reasons if reason is not None]
        raw = raw_reasons and tally.wire in _RAW_REASON_WIRES
        known[semconv.RESPONSE_FINISH_REASONS] = _finish_reasons(tally, facts.raw_reasons, raw=raw) or None
        known[semconv.RAW_FINISH_REASONS] = said or ([tally.block_reason] if tally.block_reason is not None else None)
    known.update(cost_attributes(facts, draft_cost=draft_cost))
    return {name: value for name, value in known.items() if value is not None}


def cost_attributes(facts: Facts, *, draft_cost: bool) -> dict[str, AttributeValue]:
    """The cost as span attributes, or only why there is none."""
    cost = facts.cost
    known: dict[str, Any] = {semconv.COST_STATUS: facts.cost_status}
    if isinstance(cost, Priced):
        known[semconv.PRICE_SOURCE] = cost.table
        known[semconv.PRICE_VERSION] = cost.version
        known[semconv.PRICE_MODEL] = cost.model
        if cost.multiplier != 1:
            known[semconv.PRICE_MULTIPLIER] = float(cost.multiplier)
        for part, amount in cost.split.items():
            known[semconv.COST_SPLIT + part] = float(amount)
        if draft_cost:
            known[semconv.COST_AMOUNT] = float(cost.amount)
            known[semconv.COST_CURRENCY] = cost.currency
            known[semconv.COST_SOURCE] = cost.source
    return {name: value for name, value in known.items() if value is not None}


def server(url: object) -> tuple[str | None, int | None]:
    """Host and port of a URL, the port its scheme's if it names none; nothing where it is no URL."""
    try:
        parts = urlsplit(str(url or ""))
        return parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # no URL, or no port: whoever sends the request will say so
        return None, None


def seconds(start_ns: int, end_ns: int) -> float:
    """The time between two clock readings; a clock set back in between gives 0."""
    return max(0, end_ns - start_ns) / _NANOSECONDS


def _finish_reasons(tally: Tally, raw_reasons: list[str | None], *, raw: bool) -> list[str]:
    if tally.block_reason is not None and not raw_reasons:
        return ["content_filter"]
    known = [semconv.MISSING_REASON if reason is None else reason for reason in raw_reasons]
    return known if raw else [semconv.finish_reason(word) for word in known]
