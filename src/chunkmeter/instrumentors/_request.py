"""Request facts out of what a provider SDK's method is called with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple, cast

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts import server

__all__ = [
    "Endpoint",
    "client_extras",
    "endpoint",
    "refers_to_cache",
    "request_attributes",
    "requested_model",
    "requested_tier",
]

_OTLP_LIMIT = 2**63  # a larger integer would fail the export of all the spans beside it

# The providers' parameter names for the conventions' attributes.
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
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
    "stopSequences": semconv.REQUEST_STOP_SEQUENCES,
    "seed": semconv.REQUEST_SEED,
    "random_seed": semconv.REQUEST_SEED,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "n": semconv.REQUEST_CHOICE_COUNT,
    "candidate_count": semconv.REQUEST_CHOICE_COUNT,
}
# Parameters that hold others: Google's, new and old; Bedrock's for all models, and for some; Azure's for some.
_HOLDERS = ("config", "generation_config", "inferenceConfig", "additionalModelRequestFields", "model_extras")
_TIERS = ("service_tier", "serviceTier")
_TIER = re.compile(r"\w[\w.-]{0,31}")
_CACHES = ("cached_content", "cachedContent")


# Where a `GenerativeModel` keeps its clients: google-generativeai's, then vertexai's.
_MADE = ("_client", "_async_client", "_prediction_client", "_prediction_async_client")


def _mistral_url(owner: Any) -> Any:
    return owner.sdk_configuration.get_server_details()[0]


def _channel_url(owner: Any) -> Any:
    """The host of a `GenerativeModel`'s client, of Google's older SDKs, once the model has made it."""
    made: dict[str, Any] = getattr(owner, "__dict__", {})  # asking the model itself would make one
    client = next((made[name] for name in _MADE if made.get(name) is not None), None)
    return f"https://{client.transport.host.rpartition('//')[2]}"  # pyrefly: ignore[missing-attribute]


# Where an SDK keeps its base URL, seen from what the method that sends a request is bound to.
_URLS: tuple[Callable[[Any], Any], ...] = (
    attrgetter("_client.base_url"),  # OpenAI, Groq, Anthropic
    attrgetter("_api_client._http_options.base_url"),  # Google
    attrgetter("_config.endpoint"),  # Azure
    attrgetter("meta.endpoint_url"),  # boto3, aiobotocore
    attrgetter("_client_wrapper._base_url"),  # Cohere
    _mistral_url,
    _channel_url,
)
# Clients that reach somebody else's service through the SDK of the model's maker.
_RESELLERS = {"Azure": "azure.ai.openai", "Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}
_AZURE_OPENAI = re.compile(r"//[^/]+\.openai\.azure\.|//[^/]+\.azure\.\w+/openai(/|$)")
# What a wrapper calls the method it wraps. Cohere's client puts two of them around its own methods.
_WRAPPED = frozenset({"func", "method"})


class Endpoint(NamedTuple):
    """Whom a request goes to: the conventions' provider and the model, where the client tells them, and the host."""

    provider: str | None = None
    address: str | None = None
    port: int | None = None
    model: str | None = None


def endpoint(method: Any) -> Endpoint:
    """Whom the method of an SDK, such as `client.chat.completions.create`, sends its request to."""
    owner = _owner(method)
    url = next((url for url in (_get(owner, read) for read in _URLS) if url), None)
    # A `GenerativeModel` is of one model, named with the path to it.
    model = str(getattr(owner, "_model_name", "")).rpartition("/")[2]
    return Endpoint(_provider(owner, url), *server(url), model or None)


def requested_model(parameters: Mapping[str, Any]) -> str | None:
    """The model that a request asks for; Bedrock calls it by another name."""
    return parameters.get("model") or parameters.get("modelId")


def request_attributes(parameters: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """The span attributes that a request's parameters amount to."""
    said: dict[str, Any] = {}
    for name in _HOLDERS:
        said |= _fields(parameters.get(name))
    attributes: dict[str, AttributeValue] = {}
    for name, value in {**said, **parameters}.items():
        attribute = _PARAMETERS.get(name)
        if attribute is None or (attribute == semconv.REQUEST_CHOICE_COUNT and value == 1):
            continue
        if attribute == semconv.REQUEST_STOP_SEQUENCES:
            words = _words(value)
            if words:
                attributes[attribute] = words
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _OTLP_LIMIT:
            attributes[attribute] = value
    return attributes


def requested_tier(parameters: Mapping[str, Any]) -> str | None:
    """The service tier that a request asks for: a parameter, or a field of the body that the SDK doesn't know."""
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
        tier = next((fields[name] for name in _TIERS if fields.get(name) is not None), None)
        tier = cast("dict[str, Any]", tier).get("type") if isinstance(tier, dict) else tier  # Bedrock's
        tier = tier.value if isinstance(tier, Enum) else tier
        if isinstance(tier, str) and _TIER.fullmatch(tier):
            return tier
    return None


def refers_to_cache(parameters: Mapping[str, Any]) -> bool:
    """Whether a request names a cache that was made before, as Google's `config` may."""
    config = _fields(parameters.get("config"))
    return any(isinstance(config.get(name), str) and config[name] != "" for name in _CACHES)


def client_extras(method: Any) -> Mapping[str, Any]:
    """What an Azure client adds to each request that has no `model_extras` of its own."""
    extras = _get(_owner(method), attrgetter("_model_extras"))
    return cast("Mapping[str, Any]", extras) if isinstance(extras, Mapping) else {}


def _fields(held: Any) -> dict[str, Any]:
    """What a parameter holds that is a dict, an object, or Vertex AI's wrapper around a protocol buffer."""
    message: Any = getattr(held, "_raw_generation_config", None)
    if message is None:
        return cast("dict[str, Any]", held if isinstance(held, dict) else getattr(held, "__dict__", {}))
    kind = cast("Any", type(message))
    fields: dict[str, Any] = {field.name: value for field, value in kind.pb(message).ListFields()}
    # Its numbers have single precision, and its lists are of a kind of their own.
    return {
        name: float(f"{value:.7g}") if isinstance(value, float) else [*value] if name == "stop_sequences" else value
        for name, value in fields.items()
    }


def _words(value: Any) -> list[str]:
    """Stop sequences as they are given: one or a list of them. An iterator is the request's to consume."""
    if isinstance(value, str):
        return [value]
    words = cast("list[Any]", value if isinstance(value, list | tuple) else [])
    return [*words] if all(isinstance(word, str) for word in words) else []


def _owner(method: Any) -> Any:
    """What a method is bound to, wrappers aside."""
    while method is not None:
        owner = getattr(method, "__self__", None)
        if owner is not None:
            return owner
        names = getattr(getattr(method, "__code__", None), "co_freevars", ())
        cells = zip(names, getattr(method, "__closure__", None) or (), strict=False)
        method = next((cell.cell_contents for name, cell in cells if name in _WRAPPED), None)
    return None


def _provider(owner: Any, url: Any) -> str | None:
    """The provider where the client tells it: by its class, by Google's switch, or by its address."""
    vertex = _get(owner, attrgetter("_api_client.vertexai"))
    if hasattr(owner, "_api_client"):
        return "gcp.vertex_ai" if vertex else "gcp.gemini"
    if _AZURE_OPENAI.search(str(url)):
        return "azure.ai.openai"
    client = type(getattr(owner, "_client", None)).__name__
    return next((provider for word, provider in _RESELLERS.items() if word in client), None)


def _get(owner: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(owner)
    except AttributeError:
        return None
