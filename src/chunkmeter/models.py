"""The seed's normalized chunk, as pydantic models filled from the provider's raw event.

Field names are those of Mirascope 1.x `CallResponseChunk`, `Usage` and `CostMetadata`; what chunkmeter adds
to them stands after the seed's own fields.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from . import semconv
from .cost_metadata import cost_metadata
from .tally import Tally, Tokens

__all__ = ["CallResponseChunk", "CostMetadata", "FinishReason", "Usage"]

FinishReason = str
"""One of the conventions' words (stop, length, content_filter, tool_call, error), or a provider's unknown one."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(_Model):
    """Token counts; None where the provider said nothing, 0 where it said zero.

    `input_tokens` includes cached ones, `output_tokens` includes reasoning.
    """

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None

    @classmethod
    def from_tokens(cls, tokens: Tokens) -> Usage:
        """The same counts as a model."""
        return cls(**{name: getattr(tokens, name) for name in cls.model_fields})


class CostMetadata(_Model):
    """What a call's cost depends on; the seed's 22 fields, None where the wire doesn't tell."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    streaming_mode: bool | None = None
    cached_response: bool | None = None
    context_length: int | None = None
    realtime_mode: bool | None = None
    region: str | None = None
    tier: str | None = None
    batch_mode: bool | None = None
    images: list[dict[str, Any]] | None = None
    videos: list[dict[str, Any]] | None = None
    audio: list[dict[str, Any]] | None = None
    audio_output: list[dict[str, Any]] | None = None
    pdf: dict[str, Any] | None = None
    context_cache_tokens: int | None = None
    context_cache_hours: float | None = None
    google: dict[str, Any] | None = None
    realtime_tokens: int | None = None
    cache_write: bool | None = None
    tool_use_tokens: int | None = None
    cost: float | None = None

    @classmethod
    def from_tally(cls, tally: Tally, tokens: Tokens) -> CostMetadata:
        """The fields that the wire tells; `cost` only where the provider itself returned one."""
        return cls(**cost_metadata(tally, tokens))


class CallResponseChunk(_Model):
    """What one chunk says, whatever the provider.

    `finish_reasons` are in the conventions' words and in the order of choices, a choice without one left out;
    None where the chunk has none. A refused prompt, which has no choice at all, reads `content_filter`.
    `usage` is None where the chunk carries none.
    """

    finish_reasons: list[FinishReason] | None = None
    usage: Usage | None = None
    cost_metadata: CostMetadata = CostMetadata()
    raw_finish_reasons: list[str] | None = None
    id: str | None = None
    model: str | None = None

    @classmethod
    def from_tally(cls, tally: Tally) -> CallResponseChunk:
        """A tally's facts in the seed's shape."""
        tokens = tally.tokens()
        raw = [reason for reason in tally.raw_reasons() if reason is not None]
        reasons = [semconv.finish_reason(reason) for reason in raw]
        if tally.block_reason is not None and not reasons:
            reasons = ["content_filter"]
        return cls(
            finish_reasons=reasons or None,
            usage=Usage.from_tokens(tokens) if tokens else None,
            cost_metadata=CostMetadata.from_tally(tally, tokens),
            raw_finish_reasons=raw or None,
            id=tally.response_id or None,
            model=tally.response_model or None,
        )
