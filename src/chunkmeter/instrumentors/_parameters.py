"""Reads what a request asks for out of the arguments of a provider SDK's method."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from types import NoneType
from typing import Any, cast

from opentelemetry.util.types import AttributeValue

from .. import providers, semconv
from ..attribution import NO_LABELS, Labels
from ..facts.request import Request
from ._endpoint import Endpoint
from ._media import media

__all__ = ["by_name", "refers_to_cache", "request_attributes", "request_of", "requested_model", "requested_tier"]

_OTLP_LIMIT = 2**63  # a larger integer would fail the export of the whole batch of spans

# A provider's name of a parameter -> the conventions' attribute.
_PARAMETERS = {
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "topP": semconv.REQUEST_TOP_P,
    "p": semconv.REQUEST_TOP_P,
    "top_k": semconv.REQUEST_TOP_K,
    "k": semconv.REQUEST_TOP_K,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "maxTokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_new_tokens": semconv.REQUEST_MAX_TOKENS,
    "num_predict": semconv.REQUEST_MAX_TOKENS,
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
    "stopSequences": semconv.REQUEST_STOP_SEQUENCES,
    "seed": semconv.REQUEST_SEED,
    "random_seed": semconv.REQUEST_SEED,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "n": semconv.REQUEST_CHOICE_COUNT,
    "candidate_count": semconv.REQUEST_CHOICE_COUNT,
    "dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT,
    "output_dimension": semconv.EMBEDDINGS_DIMENSION_COUNT,
    "output_dimensionality": semconv.EMBEDDINGS_DIMENSION_COUNT,
    "encoding_format": semconv.REQUEST_ENCODING_FORMATS,
    "embedding_types": semconv.REQUEST_ENCODING_FORMATS,
    "assistant_id": semconv.AGENT_ID,
    "agent_id": semconv.AGENT_ID,
}
# Attributes that are lists of words.
_LISTS = frozenset({semconv.REQUEST_STOP_SEQUENCES, semconv.REQUEST_ENCODING_FORMATS})
# Parameters that hold others: of Google's SDKs (new, old), of Bedrock (for all models, for some), of Azure (for some),
# of Ollama.
_HOLDERS = ("config", "generation_config", "inferenceConfig", "additionalModelRequestFields", "model_extras", "options")
_TIERS = ("service_tier", "serviceTier")
# Where Bedrock is asked to answer faster for more money, in Converse and in InvokeModel.
_LATENCIES = ("performanceConfig", "performanceConfigLatency")
_TIER = re.compile(r"\w[\w.-]{0,31}")
_CACHES = ("cached_content", "cachedContent")
# The parameters that a request's facts are read from, but for those that may hold media.
_SAYING = frozenset({*_PARAMETERS, *_HOLDERS, *_TIERS, *_LATENCIES, "model", "modelId", "extra_body"})
# The classes whose equal objects say the same, where they are of one class: not float, since -0.0 equals 0.0.
_SIMPLE, _TEXT = frozenset({str, int, bool, NoneType}), frozenset({str})
# How many characters a text of a key has, and words a list; and how many keys there are. Nobody's requests fill the
# memory.
_LONGEST, _FEW, _MOST = 512, 16, 256

_known: dict[tuple[Any, ...], Request] = {}
"""Requests by what they were described from, but for what each has of its own."""


def request_of(
    parameters: Mapping[str, Any],
    endpoint: Endpoint,
    *,
    operation: str,
    stream: bool,
    provider: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
    labels: Labels = NO_LABELS,
    keeps_prompt: bool = False,
    named: bool = False,
) -> Request:
    """The request that an SDK's method sends.

    Args:
        parameters: the method's arguments, by name.
        endpoint: where the request goes.
        operation: the value of `gen_ai.operation.name`.
        stream: whether the answer comes in chunks.
        provider: the provider's name in any spelling, used if the endpoint doesn't tell it.
        attributes: further span attributes; they replace those of the parameters.
        labels: who is spending.
        keeps_prompt: whether the request keeps the parameters, so that the prompt's tokens can be estimated.
        named: whether the user named the provider; else it is inferred from the SDK.
    """
    found = media(parameters)
    said = _said(parameters, attributes) if provider is None or type(provider) is str else None
    key = None if said is None else (said, endpoint, operation, stream, provider, named)
    request = None if key is None else _known.get(key)
    if request is None:
        # What has a key is read from that: another thread may change the parameters.
        given = parameters if said is None else dict(zip(said[0], said[1], strict=True))
        request = Request(
            operation=operation,
            provider=providers.provider_name(endpoint.provider or provider),
            model=requested_model(given) or endpoint.model,
            stream=stream,
            server_address=endpoint.address,
            server_port=endpoint.port,
            attributes={**request_attributes(given), **(attributes or {})},
            tier=requested_tier(given),
            context_cache=refers_to_cache(given),
            named=named,
        )
        if said is not None and key is not None and _is_short(said, endpoint, provider):
            if len(_known) >= _MOST:
                _known.clear()
            _known[key] = request
    # A sampler is given the lists themselves, and may change them. So each request makes its own, and no two share one.
    if not found and not keeps_prompt and labels is NO_LABELS and _LISTS.isdisjoint(request.attributes):
        return request
    return replace(request, labels=labels, media=found, prompt=parameters if keeps_prompt else None)


_Said = tuple[tuple[str, ...], tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


def _said(parameters: Mapping[str, Any], attributes: Mapping[str, Any] | None) -> _Said | None:
    """What a request's facts are read from, as a key: names, values and types of the parameters, and the attributes.

    None where a value is no simple one: that is no key, or one that may change.
    """
    names = tuple(filter(_SAYING.__contains__, parameters))
    values = tuple(map(parameters.__getitem__, names))
    kinds: tuple[Any, ...] = tuple(map(type, values))  # 1 equals True and 1.0
    try:
        are_simple = _SIMPLE.issuperset(kinds)
    except Exception:  # noqa: BLE001 -- a class whose own class has no hash, or one that raises
        return None
    if not are_simple:
        told = [_told(value, kind) for value, kind in zip(values, kinds, strict=True)]
        if None in told:
            return None
        values, kinds = zip(*told, strict=True)
    if not attributes:
        return names, values, kinds, ()
    if not _TEXT.issuperset(map(type, attributes.values())):
        return None
    return names, values, kinds, tuple(attributes.items())


def _told(value: Any, kind: Any) -> tuple[Any, Any] | None:
    """A value as two keys, which only its like has too; None where it has none, or may change."""
    if kind is float:
        return value, str(value)
    if kind is list and len(value) <= _FEW:
        words = tuple(value)
        return (words, kind) if all(type(word) is str for word in words) else None
    return (value, kind) if any(kind is each for each in _SIMPLE) else None


def _is_short(said: _Said, endpoint: Endpoint, provider: str | None) -> bool:
    """Whether a request may be kept by what it was described from."""
    texts: list[Any] = ["".join(text or "" for text in (*endpoint[:2], endpoint.model, provider))]
    texts += [value for _, value in said[3]]
    for value in said[1]:
        if type(value) is int and abs(value) >= _OTLP_LIMIT:
            return False
        texts.append("".join(value) if type(value) in (str, tuple) else "")
    return all(len(text) <= _LONGEST for text in texts)


def by_name(method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a bound method is called with, by name; the keywords alone where its signature can't be told.

    Args:
        method: the method.
        args: its positional arguments.
        kwargs: its keyword arguments.
    """
    if not args:
        return kwargs
    try:
        bound = inspect.signature(method).bind_partial(*args, **kwargs)
    except (TypeError, ValueError):  # it has none, or the call is one that will fail
        return kwargs
    return {**bound.arguments, **kwargs}


def requested_model(parameters: Mapping[str, Any]) -> str | None:
    """The model that a request asks for, in the parameter `model`, or `modelId` for Bedrock; None if it names none."""
    return parameters.get("model") or parameters.get("modelId")


def request_attributes(parameters: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """The span attributes for a request's parameters, such as its temperature.

    Args:
        parameters: the method's arguments, by name.
    """
    said: dict[str, Any] = {}
    for name in _HOLDERS:
        said |= _fields(parameters.get(name))
    attributes: dict[str, AttributeValue] = {}
    for name, value in {**said, **parameters}.items():
        attribute = _PARAMETERS.get(name)
        if attribute is None or (attribute == semconv.REQUEST_CHOICE_COUNT and value == 1):
            continue
        if attribute in _LISTS:
            words = _words(value)
            if words:
                attributes[attribute] = words
        elif attribute == semconv.AGENT_ID:
            if value and isinstance(value, str):
                attributes[attribute] = value
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _OTLP_LIMIT:
            attributes[attribute] = value
    return attributes


def requested_tier(parameters: Mapping[str, Any]) -> str | None:
    """The service tier that a request asks for, in a parameter or in an extra field of its body; None if none.

    Args:
        parameters: the method's arguments, by name.
    """
    if any(_word(parameters.get(name), "latency") == "optimized" for name in _LATENCIES):
        return "optimized"
    config = _fields(parameters.get("config"))
    options = _fields(config.get("http_options"))
    places = (
        parameters,
        parameters.get("extra_body"),
        parameters.get("model_extras"),
        config,
        options.get("extra_body"),
    )
    for place in places:
        fields = _fields(place)
        tier = _word(next((fields[name] for name in _TIERS if fields.get(name) is not None), None), "type")
        if isinstance(tier, str) and _TIER.fullmatch(tier):
            return tier
    return None


def _word(value: Any, key: str) -> Any:
    """A word, which Bedrock's Converse holds in a dict under a key, and Google in an enum."""
    value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else value
    return value.value if isinstance(value, Enum) else value


def refers_to_cache(parameters: Mapping[str, Any]) -> bool:
    """Whether a request refers to a cache made before it, as Google's `config` may.

    Args:
        parameters: the method's arguments, by name.
    """
    config = _fields(parameters.get("config"))
    return any(isinstance(config.get(name), str) and config[name] != "" for name in _CACHES)


def _fields(held: Any) -> dict[str, Any]:
    """The fields of a parameter that is a dict, an object, or Vertex AI's wrapper around a protocol buffer."""
    if held is None:
        return {}
    message: Any = getattr(held, "_raw_generation_config", None)
    if message is None:
        return cast("dict[str, Any]", held if isinstance(held, dict) else getattr(held, "__dict__", {}))
    kind = cast("Any", type(message))
    fields: dict[str, Any] = {field.name: value for field, value in kind.pb(message).ListFields()}
    # A protocol buffer has numbers of single precision and lists of its own type.
    return {
        name: float(f"{value:.7g}") if isinstance(value, float) else [*value] if name == "stop_sequences" else value
        for name, value in fields.items()
    }


def _words(value: Any) -> list[str]:
    """Words as a list; empty if `value` is no string or list. An iterator is left for the request to read."""
    if isinstance(value, str):
        return [value]
    words = cast("list[Any]", value if isinstance(value, list | tuple) else [])
    return [*words] if all(isinstance(word, str) for word in words) else []
