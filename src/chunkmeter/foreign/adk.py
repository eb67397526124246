"""The dialect of Google's Agent Development Kit, whose spans of calls name no operation.

https://github.com/google/adk-python/blob/main/src/google/adk/telemetry/tracing.py
"""

from __future__ import annotations

from typing import Any, cast

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally, Tokens, count
from . import genai
from ._fields import Attributes, json_at, read_named

__all__ = ["begins", "read"]

_SYSTEM, _OWN = "gen_ai.system", "gcp.vertex.agent"
_ANSWER = "gcp.vertex.agent.llm_response"
_THOUGHTS = ("gen_ai.usage.experimental.reasoning_tokens", "gen_ai.usage.reasoning.output_tokens")


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's; it gets them after its start."""
    return attributes.get(_SYSTEM) == _OWN and semconv.OPERATION_NAME not in attributes


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    if semconv.REQUEST_MODEL not in attributes:
        return None
    without = {name: value for name, value in attributes.items() if name != _SYSTEM}
    return read_named(without, "generate_content", genai.NAMES, _tokens)


def _tokens(attributes: Attributes) -> Tokens:
    """The counts of the answer, which the span holds as JSON unless content is off, else those of the span."""
    answer = json_at(attributes, _ANSWER)
    usage = cast("Any", answer).get("usage_metadata") if isinstance(answer, dict) else None
    said: Any = usage if isinstance(usage, dict) else {}
    thoughts = count(said.get("thoughts_token_count", next(filter(None, map(attributes.get, _THOUGHTS)), None)))
    output = count(said.get("candidates_token_count", attributes.get(semconv.USAGE_OUTPUT_TOKENS)))
    return Tokens(
        input_tokens=count(said.get("prompt_token_count", attributes.get(semconv.USAGE_INPUT_TOKENS))),
        cached_tokens=count(said.get("cached_content_token_count", attributes.get(semconv.USAGE_CACHE_READ))),
        output_tokens=None if output is None else output + (thoughts or 0),
        reasoning_tokens=thoughts,
    )
