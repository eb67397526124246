"""A finished inference span of somebody else's, in any dialect of the conventions, read into a tally. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from . import semconv
from .tally import Tally, Tokens, count

__all__ = ["ForeignCall", "read"]

# Each fact under its names, newest first. The older ones are of the conventions before 1.27 and of OpenLLMetry.
_PROVIDER = (semconv.PROVIDER_NAME, "gen_ai.system")
_REQUEST_MODEL = (semconv.REQUEST_MODEL, "llm.request.model")
_RESPONSE_MODEL = (semconv.RESPONSE_MODEL, "llm.response.model")
_REASONS = (semconv.RESPONSE_FINISH_REASONS, "gen_ai.response.finish_reason", "gen_ai.completion.0.finish_reason")
_STREAM = (semconv.REQUEST_STREAM, "gen_ai.is_streaming", "llm.is_streaming")
_SERVICE_TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
_TOKENS = {
    "input_tokens": (semconv.USAGE_INPUT_TOKENS, "gen_ai.usage.prompt_tokens"),
    "output_tokens": (semconv.USAGE_OUTPUT_TOKENS, "gen_ai.usage.completion_tokens"),
    "cached_tokens": (semconv.USAGE_CACHE_READ, "gen_ai.usage.cache_read_input_tokens"),
    "cache_write_tokens": (
        semconv.USAGE_CACHE_WRITE,
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (semconv.USAGE_REASONING, "gen_ai.usage.reasoning_tokens"),
    "input_audio_tokens": (semconv.USAGE_AUDIO_INPUT,),
    "output_audio_tokens": (semconv.USAGE_AUDIO_OUTPUT,),
}
# OpenLLMetry names the kind of call instead of the operation.
_REQUEST_TYPE = "llm.request.type"
_OPERATIONS = {"chat": "chat", "completion": "text_completion"}


@dataclass(frozen=True, slots=True)
class ForeignCall:
    """What a foreign span says of its call."""

    operation: str
    provider: str | None
    model: str | None
    stream: bool
    tally: Tally


def read(attributes: Mapping[str, Any]) -> ForeignCall | None:
    """The call that a span's attributes tell of, None if it is no inference."""
    operation = _text(attributes, (semconv.OPERATION_NAME,)) or _OPERATIONS.get(str(attributes.get(_REQUEST_TYPE)))
    if operation not in semconv.INFERENCE_OPERATIONS:
        return None
    provider = semconv.provider(_text(attributes, _PROVIDER))
    tally = Tally()
    tally.response_id = _text(attributes, (semconv.RESPONSE_ID,))
    tally.response_model = _text(attributes, _RESPONSE_MODEL)
    tally.service_tier = _text(attributes, _SERVICE_TIER)
    tally.reasons.update(enumerate(_reasons(_first(attributes, _REASONS))))
    tally.usage, tally.count_tokens = attributes, _tokens
    if attributes.get(semconv.COST_SOURCE) == "provider":
        tally.provider_cost = _provider_cost(attributes)
    return ForeignCall(
        operation=operation,
        provider=provider.name if provider else None,
        model=_text(attributes, _REQUEST_MODEL),
        stream=_first(attributes, _STREAM) is True,
        tally=tally,
    )


def _tokens(attributes: Mapping[str, Any]) -> Tokens:
    return Tokens(**{field: count(_first(attributes, names)) for field, names in _TOKENS.items()})


def _reasons(said: Any) -> list[str | None]:
    words = cast("Sequence[Any]", [said] if isinstance(said, str) else said if isinstance(said, list | tuple) else [])
    return [word if word and isinstance(word, str) else None for word in words]


def _provider_cost(attributes: Mapping[str, Any]) -> float | None:
    """USD that the provider itself charged; another currency is not ours to convert."""
    amount, currency = attributes.get(semconv.COST_AMOUNT), attributes.get(semconv.COST_CURRENCY, semconv.CURRENCY)
    if currency != semconv.CURRENCY or isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    return amount


def _text(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    found = _first(attributes, names)
    return found if found and isinstance(found, str) else None


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)
