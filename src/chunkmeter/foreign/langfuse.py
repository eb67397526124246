"""The dialect of Langfuse, whose usage is JSON: either what the provider sent, or Langfuse's own counts.

Langfuse's own counts lie apart (cached tokens beside `input`), unless `total` says that they lie inside.
https://langfuse.com/docs/observability/features/token-and-cost-tracking
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ..facts.request import Request
from ..facts.tally import Tally, Tokens, count
from ._fields import Attributes, Names, json_at, read_named, text

__all__ = ["begins", "read"]

_OPERATIONS = {"generation": "chat", "embedding": "embeddings"}
_TYPE = "langfuse.observation.type"
_USAGE = "langfuse.observation.usage_details"
_METADATA = "langfuse.observation.metadata."
_OPENAI_S = "text-embedding-"
"""How models begin that are OpenAI's. The spans name no provider, and of these names the price table can't tell it."""
_MODEL = ("langfuse.observation.model.name",)
_NAMES = Names(provider=(), request_model=_MODEL, response_model=_MODEL)

_INPUT = ("input_tokens", "prompt_tokens", "input")
_OUTPUT = ("output_tokens", "completion_tokens", "output")
_INPUT_DETAILS = ("input_tokens_details", "prompt_tokens_details")
_OUTPUT_DETAILS = ("output_tokens_details", "completion_tokens_details")
_CACHED = ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens")
_WRITTEN = ("input_cache_creation", "cache_creation_input_tokens")
_REASONING = ("output_reasoning_tokens", "output_reasoning")


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return _TYPE in attributes


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    operation = _OPERATIONS.get(text(attributes, (_TYPE,)) or "")
    if operation is None:
        return None
    request, tally = read_named(attributes, operation, _NAMES, _tokens)
    if (request.model or "").startswith(_OPENAI_S):
        request = replace(request, provider="openai")
    # What an OpenAI client answers is kept as metadata, each value as JSON.
    said = {name: json_at(attributes, _METADATA + name) for name in ("id", "service_tier", "finish_reason")}
    tally.response_id, tally.service_tier, reason = (word if isinstance(word, str) else None for word in said.values())
    if reason:
        tally.reasons[0] = reason
    return request, tally


def _tokens(attributes: Attributes) -> Tokens:
    usage = _mapping(json_at(attributes, _USAGE))
    into, out = _mapping(_first(usage, _INPUT_DETAILS)), _mapping(_first(usage, _OUTPUT_DETAILS))
    cached, written, reasoning = (count(_first(usage, names)) for names in (_CACHED, _WRITTEN, _REASONING))
    read_in, put_out = count(_first(usage, _INPUT)), count(_first(usage, _OUTPUT))
    total = count(_first(usage, ("total_tokens", "total")))
    if total is None or total != (read_in or 0) + (put_out or 0):
        read_in, put_out = _with(read_in, cached, written), _with(put_out, reasoning)
    return Tokens(
        input_tokens=read_in,
        cached_tokens=count(into.get("cached_tokens")) if cached is None else cached,
        cache_write_tokens=written,
        input_audio_tokens=count(into.get("audio_tokens")),
        output_tokens=put_out,
        reasoning_tokens=count(out.get("reasoning_tokens")) if reasoning is None else reasoning,
        output_audio_tokens=count(out.get("audio_tokens")),
        total_tokens=total,
    )


def _with(whole: int | None, *parts: int | None) -> int | None:
    known = [number for number in (whole, *parts) if number is not None]
    return sum(known) if known else None


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((usage[name] for name in names if usage.get(name) is not None), None)


def _mapping(said: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", said) if isinstance(said, dict) else {}
