"""The span attributes of calls that are alike, worked out once: only the numbers differ, and an id. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..pricing import Priced
from ..pricing.tokens import CLASSES
from .alike import Alike
from .attributes import PARTS, parts_of

__all__ = ["written"]

_MOST = 64
"""How many sets of names are kept of one kind of calls; there are but a few."""

_SPLIT = {name: semconv.COST_SPLIT + name for name in CLASSES}

_Attributes = dict[str, AttributeValue]


def written(
    alike: Alike, ended: Ended, facts: Facts, work_out: Callable[[], _Attributes], *, draft_cost: bool
) -> _Attributes:
    """The attributes of an ended call, as `attributes.span_attributes` gives them. The caller may change them.

    Args:
        alike: what the call shares with its like.
        ended: the call.
        facts: what the call amounts to.
        work_out: gives the same in more time.
        draft_cost: whether cost is also written under the draft conventions' names.
    """
    own = _own(ended, facts, draft_cost=draft_cost) if alike.is_kept else None
    if own is None:
        return work_out()
    names = tuple(own)
    like = alike.written.get(names)
    if like is not None:
        first, lists = like
        return _copied({**first, **own}, lists)
    attributes = work_out()
    if own.items() <= attributes.items() and len(alike.written) < _MOST:
        lists = tuple([name for name, value in attributes.items() if isinstance(value, list)])
        alike.written[names] = _copied({**attributes}, lists), lists
    return attributes


def _copied(attributes: dict[str, Any], lists: tuple[str, ...]) -> dict[str, Any]:
    for name in lists:
        attributes[name] = attributes[name].copy()
    return attributes


def _own(ended: Ended, facts: Facts, *, draft_cost: bool) -> _Attributes | None:
    """The attributes that calls which are alike have each for itself; None where a call has further ones."""
    request, tally, tokens, cost = ended.request, ended.tally, facts.tokens, facts.cost
    if request.media or request.context_cache or not (tally.provider_cost is None is tally.cached_response):
        return None
    if not facts.linear and (
        tokens.tool_use_tokens or tokens.input_image_tokens or tokens.input_video_tokens or tokens.input_document_tokens
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
        or tokens.reasoning_tokens
        or (not facts.linear and any(parts_of(tokens)))
    ):
        own.update((name, number) for name, number in zip(PARTS, parts_of(tokens), strict=True) if number)
    if isinstance(cost, Priced):
        for part, amount in cost.split.items():
            if number := float(amount):
                own[_SPLIT.get(part) or semconv.COST_SPLIT + part] = number
        if draft_cost:
            own[semconv.COST_AMOUNT] = float(cost.amount)
    return own
