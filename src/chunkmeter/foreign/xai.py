"""The dialect of xAI's SDK, which traces itself: reasoning lies beside the output, and cost comes in ticks.

https://github.com/xai-org/xai-sdk-python/blob/main/src/xai_sdk/chat.py
"""

from __future__ import annotations

from dataclasses import replace

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally, Tokens, count
from . import genai
from ._fields import Attributes, read_named

__all__ = ["begins", "read"]

_OWN = "gen_ai.usage.prompt_text_tokens"
_TICKS = "gen_ai.usage.cost_in_usd_ticks"
_TICKS_A_USD = 10**10
_NAMES = replace(genai.NAMES, tokens={})


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's; it gets them at its end."""
    return _OWN in attributes and attributes.get(semconv.PROVIDER_NAME) == "xai"


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    if attributes.get(semconv.OPERATION_NAME) != "chat":
        return None
    request, tally = read_named(attributes, "chat", _NAMES, _tokens)
    ticks = count(attributes.get(_TICKS))
    if ticks is not None:
        tally.provider_cost = ticks / _TICKS_A_USD
    return request, tally


def _tokens(attributes: Attributes) -> Tokens:
    def said(name: str) -> int | None:
        return count(attributes.get(f"gen_ai.usage.{name}"))

    output, reasoning = said("output_tokens"), said("reasoning_tokens")
    return Tokens(
        input_tokens=said("input_tokens"),
        cached_tokens=said("cached_prompt_text_tokens"),
        output_tokens=None if output is None else output + (reasoning or 0),
        reasoning_tokens=reasoning,
        input_image_tokens=said("prompt_image_tokens"),
    )
