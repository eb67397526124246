"""Request facts out of what a provider SDK's method is called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts import server

__all__ = ["Endpoint", "endpoint", "request_attributes"]

_OTLP_LIMIT = 2**63  # a larger integer would fail the export of all the spans beside it

# The providers' parameter names for the conventions' attributes.
_PARAMETERS = {
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "top_k": semconv.REQUEST_TOP_K,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
    "seed": semconv.REQUEST_SEED,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "n": semconv.REQUEST_CHOICE_COUNT,
    "candidate_count": semconv.REQUEST_CHOICE_COUNT,
}

# Clients that reach somebody else's service through the SDK of the model's maker.
_RESELLERS = {"Azure": "azure.ai.openai", "Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}


class Endpoint(NamedTuple):
    """Whom a request goes to: the conventions' provider, where the client's class tells it, and the host."""

    provider: str | None = None
    address: str | None = None
    port: int | None = None


def endpoint(method: Any) -> Endpoint:
    """Whom the bound method of an SDK resource, such as `client.chat.completions.create`, sends its request to."""
    resource = getattr(method, "__self__", None)
    client = getattr(resource, "_client", None)
    google = getattr(resource, "_api_client", None)
    name = type(client).__name__
    provider = next((provider for word, provider in _RESELLERS.items() if word in name), None)
    if google is not None:
        provider = "gcp.vertex_ai" if getattr(google, "vertexai", False) else "gcp.gemini"
        url = getattr(getattr(google, "_http_options", None), "base_url", None)
    else:
        url = getattr(client, "base_url", None)
    return Endpoint(provider, *server(url))


def request_attributes(parameters: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """The span attributes that a request's parameters amount to; those of Google stand in its `config`."""
    config: Any = parameters.get("config")
    nested = cast("dict[str, Any]", config if isinstance(config, dict) else getattr(config, "__dict__", {}))
    attributes: dict[str, AttributeValue] = {}
    for name, value in {**nested, **parameters}.items():
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


def _words(value: Any) -> list[str]:
    """Stop sequences as they are given: one or a list of them. An iterator is the request's to consume."""
    if isinstance(value, str):
        return [value]
    words = cast("list[Any]", value if isinstance(value, list | tuple) else [])
    return [*words] if all(isinstance(word, str) for word in words) else []
