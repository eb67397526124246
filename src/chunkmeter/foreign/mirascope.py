"""The dialect of Mirascope 2's own spans, by `ops.instrument_llm`: the conventions' names, Mirascope's ids in them.

The counts of caches and of reasoning are in its JSON alone. A function under `ops.trace` has that too, and is no call.

https://github.com/Mirascope/mirascope/blob/main/python/mirascope/ops/_internal/instrumentation/llm/common.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from .. import providers, semconv
from ..facts.request import Request
from ..facts.tally import Tally, Tokens, count
from . import genai
from ._fields import Attributes, json_at, read_named, text

__all__ = ["begins", "provider", "read", "without_interface"]

_USAGE = "mirascope.response.usage"
_OUTPUT_TYPE = "gen_ai.output.type"
_ROUTER = "mirascope"
"""The id of the provider that leaves all to those whose names the models begin with."""


def begins(attributes: Attributes) -> bool:
    """Whether a span that has these attributes is one of this dialect's; it gets them after its start.

    Until there is an answer nothing tells but the model's id, which begins with the provider's.
    """
    if any(name.startswith("mirascope.") for name in attributes):
        return True
    told, asked = text(attributes, (semconv.PROVIDER_NAME,)) or "", text(attributes, (semconv.REQUEST_MODEL,)) or ""
    prefix, slash, _ = asked.partition("/")
    return bool(slash) and _OUTPUT_TYPE in attributes and told.partition(":")[0] in (prefix, _ROUTER)


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    if attributes.get(semconv.OPERATION_NAME) != "chat":
        return None
    request, tally = read_named(attributes, "chat", genai.NAMES, _tokens)
    if semconv.ERROR_TYPE in attributes:
        tally.reasons.clear()  # A stream that fails is told to have stopped.
    who = provider(text(attributes, (semconv.PROVIDER_NAME,)), request.model)
    tally.response_model = _model(tally.response_model)
    return replace(request, provider=who, model=_model(request.model)), tally


def provider(told: str | None, model_id: str | None) -> str | None:
    """Who answers: the provider's id without its interface or version; behind the router, the model's prefix.

    Args:
        told: the id under which the provider is registered with Mirascope.
        model_id: Mirascope's id of the model, where the span has it whole.
    """
    name = model_id.partition("/")[0] if told == _ROUTER and model_id else told or ""
    return providers.provider_name(name.partition(":")[0].removesuffix("-beta") or None)


def without_interface(name: str | None) -> str | None:
    """A model's name without the API that is asked for it: `gpt-4o` of `gpt-4o:completions`."""
    return name and name.removesuffix(":completions").removesuffix(":responses")


def _model(model_id: str | None) -> str | None:
    """The model as the provider's API names it: `gpt-4o` of `openai/gpt-4o:completions`."""
    return without_interface(model_id and (model_id.partition("/")[2] or model_id))


def _tokens(attributes: Attributes) -> Tokens:
    """The counts of the JSON; without it those of the span, which has no caches."""
    usage = json_at(attributes, _USAGE)
    said = cast("Mapping[str, Any]", usage) if isinstance(usage, dict) else {}
    everything = count(said.get("input_tokens", attributes.get(semconv.USAGE_INPUT_TOKENS)))
    cached, written = count(said.get("cache_read_tokens")), count(said.get("cache_write_tokens"))
    of_caches = (cached or 0) + (written or 0)
    if everything is not None and of_caches > everything:
        everything += of_caches  # Before 2.8.1 those of Anthropic's streams lie beside the input.
    return Tokens(
        input_tokens=everything,
        cached_tokens=cached,
        cache_write_tokens=written,
        output_tokens=count(said.get("output_tokens", attributes.get(semconv.USAGE_OUTPUT_TOKENS))),
        reasoning_tokens=count(said.get("reasoning_tokens")),
    )
