"""The normalized chunk, as pydantic models that are filled from a raw event of any provider.

Class and field names are those of Mirascope 1.x: `CallResponseChunk`, `Usage` and `CostMetadata`. Fields that
chunkmeter adds stand after Mirascope's.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, create_model

from . import semconv
from .facts.cost_metadata import cost_metadata
from .facts.tally import Tally, Tokens
from .pricing.tokens import CLASSES

__all__ = ["CallResponseChunk", "CostMetadata", "FinishReason", "Usage"]

FinishReason = str
"""One of the conventions' words (stop, length, content_filter, tool_call, error), or a provider's word unlike them."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Usage(_Model):
    """Token counts: None where the provider said nothing, 0 where it said 0.

    `input_tokens` includes cached tokens, `output_tokens` includes reasoning.
    """

    @classmethod
    def from_tokens(cls, tokens: Tokens) -> Usage:
        """Make a `Usage` of these counts."""
        return Usage(**{name: getattr(tokens, name) for name in cls.model_fields})


if TYPE_CHECKING:

    class Usage(Tokens, _Usage):
        """The counts of `Tokens` that have a price, and the total."""

else:
    _public = ["total_tokens", *(each.count for each in CLASSES.values())]
    Usage = create_model(
        "Usage",
        __base__=_Usage,
        __module__=__name__,
        __doc__=_Usage.__doc__,
        **{each.name: (int | None, None) for each in fields(Tokens) if each.name in _public},
    )


class CostMetadata(_Model):
    """What a call's cost depends on, in the 22 fields of Mirascope; None where the wire doesn't tell."""

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
        """Make the metadata that a tally tells. It has a `cost` only where the provider itself returned one."""
        return cls(**cost_metadata(tally, tokens))


class CallResponseChunk(_Model):
    """What one chunk says, whatever the provider.

    `finish_reasons` are in the conventions' words and in the order of choices. A choice without one is left out, and
    None stands where the chunk has no finish reason. A refused prompt has no choice, and reads `content_filter`.
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
        """Make the normalized chunk that a tally tells."""
        tally.clean()
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
