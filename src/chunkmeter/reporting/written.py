"""The span attributes of calls that are alike, worked out once: only the numbers differ, and an id. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..pricing import Priced
from ..pricing.tokens import CLASSES
from .attributes import PARTS, parts_of

__all__ = ["Written"]

_MOST = 1024
"""How many kinds of calls are kept."""
_MOST_CHOICES = 16
"""What a call with more choices has is not kept: each has a reason of its own."""

_SPLIT = {name: semconv.COST_SPLIT + name for name in CLASSES}

_Attributes = dict[str, AttributeValue]


class Written:
    """The attributes of ended calls, as `attributes.span_attributes` gives them.

    Args:
        draft_cost: whether cost is also written under the draft conventions' names.
    """

    def __init__(self, *, draft_cost: bool) -> None:
        self._draft_cost = draft_cost
        self._kept: dict[Hashable, tuple[dict[str, Any], tuple[str, ...]]] = {}
        """What the first call of a kind had, and the names of those of its attributes that are lists."""

    def __call__(self, ended: Ended, facts: Facts, work_out: Callable[[], _Attributes]) -> _Attributes:
        """The attributes of a call. The caller may change them.

        Args:
            ended: the call.
            facts: what the call amounts to.
            work_out: gives the same in more time.
        """
        try:
            own = _own(ended, facts, draft_cost=self._draft_cost)
            kind = None if own is None else (*_same(ended, facts), tuple(own))
            like = self._kept.get(kind)
        except Exception:  # noqa: BLE001 -- what a failed reader has left may be no key
            return work_out()
        if own is None:
            return work_out()
        if like is not None:
            first, lists = like
            return _copied({**first, **own}, lists)
        attributes = work_out()
        if own.items() <= attributes.items() and len(facts.raw_reasons) <= _MOST_CHOICES:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            lists = tuple([name for name, value in attributes.items() if isinstance(value, list)])
            self._kept[kind] = _copied({**attributes}, lists), lists
        return attributes


def _copied(attributes: dict[str, Any], lists: tuple[str, ...]) -> dict[str, Any]:
    for name in lists:
        attributes[name] = attributes[name].copy()
    return attributes


def _own(ended: Ended, facts: Facts, *, draft_cost: bool) -> _Attributes | None:
    """The attributes that calls which are alike have each for itself; None where a call has further ones."""
    request, tally, tokens, cost = ended.request, ended.tally, facts.tokens, facts.cost
    if (
        request.media
        or request.context_cache
        or tally.provider_cost is not None
        or tally.cached_response is not None
        or tokens.tool_use_tokens
        or tokens.input_image_tokens
        or tokens.input_video_tokens
        or tokens.input_document_tokens
    ):
        return None
    own: _Attributes = {}
    if tally.response_id:
        own[semconv.RESPONSE_ID] = tally.response_id
    if (first := ended.time_to_first_chunk) is not None:
        own[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = first
    if request.stream:
        own[semconv.CHUNKS] = ended.chunks
    if tokens.input_tokens is not None:
        own[semconv.USAGE_INPUT_TOKENS] = tokens.input_tokens
    if tokens.output_tokens is not None:
        own[semconv.USAGE_OUTPUT_TOKENS] = tokens.output_tokens
    if tokens.total_tokens is not None:
        own[semconv.USAGE_TOTAL_TOKENS] = tokens.total_tokens
    if (
        tokens.cached_tokens
        or tokens.cache_write_tokens
        or tokens.cache_write_1h_tokens
        or tokens.reasoning_tokens
        or tokens.input_audio_tokens
        or tokens.output_audio_tokens
    ):
        own.update((name, number) for name, number in zip(PARTS, parts_of(tokens), strict=True) if number)
    if isinstance(cost, Priced):
        for part, amount in cost.split.items():
            if amount and (number := float(amount)):
                own[_SPLIT.get(part) or semconv.COST_SPLIT + part] = number
        if draft_cost:
            own[semconv.COST_AMOUNT] = float(cost.amount)
    return own


def _same(ended: Ended, facts: Facts) -> tuple[Hashable, ...]:
    """All that decides the others."""
    request, tally, tokens, cost = ended.request, ended.tally, facts.tokens, facts.cost
    priced = isinstance(cost, Priced) and (
        cost.version, cost.model, cost.currency, cost.source, cost.multiplier, cost.unpriced,
        tuple(cost.split),
    )  # fmt: skip
    return (
        ended.outcome, ended.error_type, facts.usage_status, facts.estimated_by, facts.cost_status, priced,
        request.operation, request.tier, request.server_address, tally.response_model, tally.wire, tally.service_tier,
        tally.region, tally.block_reason, bool(tally.reasons), (tokens.cache_write_tokens or 0) > 0,
        tuple(facts.raw_reasons),
    )  # fmt: skip
