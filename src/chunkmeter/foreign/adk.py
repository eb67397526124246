"""The dialect of Google's Agent Development Kit in schema 1, its older one, whose spans of calls name no operation.

In 1.28 and later a `generate_content` span lies inside, which may tell less (1.28 no thoughts): `call_llm` is the call.
Schema 2 has no `call_llm`; its spans name the provider, and are read as the conventions have them.

https://github.com/google/adk-python/blob/main/src/google/adk/telemetry/tracing.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally, Tokens, count
from . import genai
from ._fields import Attributes, json_at, read_named

__all__ = ["begins", "read"]

_SYSTEM, _OWN = "gen_ai.system", "gcp.vertex.agent"
_ANSWER, _EVENT = "gcp.vertex.agent.llm_response", "gcp.vertex.agent.event_id"
_THOUGHTS = "gen_ai.usage.experimental.reasoning_tokens"


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's; it gets them after its start."""
    if semconv.OPERATION_NAME in attributes:
        return _EVENT in attributes and semconv.PROVIDER_NAME not in attributes
    return attributes.get(_SYSTEM) == _OWN


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    if semconv.OPERATION_NAME in attributes or semconv.REQUEST_MODEL not in attributes:
        return None
    without = {name: value for name, value in attributes.items() if name != _SYSTEM}
    request, tally = read_named(without, "generate_content", genai.NAMES, _tokens)
    tally.untold = _untold(attributes)
    return request, tally


def _tokens(attributes: Attributes) -> Tokens:
    """The counts of the answer, which the span holds as JSON unless content is off, else those of the span."""
    said = _usage(attributes)
    if said:
        thoughts = beside = count(said.get("thoughts_token_count"))
        output = count(said.get("candidates_token_count"))
    else:
        beside = count(attributes.get(_THOUGHTS))
        inside = count(attributes.get(semconv.USAGE_REASONING))  # the output of 2.6 and later has them in it
        thoughts, output = beside if inside is None else inside, count(attributes.get(semconv.USAGE_OUTPUT_TOKENS))
    return Tokens(
        input_tokens=count(said.get("prompt_token_count", attributes.get(semconv.USAGE_INPUT_TOKENS))),
        cached_tokens=count(said.get("cached_content_token_count", attributes.get(semconv.USAGE_CACHE_READ))),
        output_tokens=None if output is None else output + (beside or 0),
        reasoning_tokens=thoughts,
    )


def _untold(attributes: Attributes) -> tuple[str, ...]:
    """What a span without the answer may keep to itself: in 1.28 cached tokens, in 1.20 thoughts as well."""
    if _usage(attributes) or semconv.USAGE_REASONING in attributes:
        return ()
    named = {"class:cached_tokens": semconv.USAGE_CACHE_READ, "class:reasoning": _THOUGHTS}
    return tuple(name for name, attribute in named.items() if attribute not in attributes)


def _usage(attributes: Attributes) -> Mapping[str, Any]:
    answer = json_at(attributes, _ANSWER)
    usage = cast("Any", answer).get("usage_metadata") if isinstance(answer, dict) else None
    return cast("Mapping[str, Any]", usage) if isinstance(usage, dict) else {}
