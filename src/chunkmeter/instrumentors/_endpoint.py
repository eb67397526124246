"""Tells who answers a request, from the client that sends it and from the host that it goes to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple, cast

from .. import providers
from ..facts.request import server

__all__ = ["Endpoint", "client_extras", "endpoint"]

# Where a `GenerativeModel` keeps its clients: google-generativeai's, then vertexai's.
_MADE = ("_client", "_async_client", "_prediction_client", "_prediction_async_client")


def _google_url(owner: Any) -> Any:
    options = owner._api_client._http_options
    return options["base_url"] if isinstance(options, dict) else options.base_url  # a dict in the first releases


def _mistral_url(owner: Any) -> Any:
    return owner.sdk_configuration.get_server_details()[0]


def _channel_url(owner: Any) -> Any:
    """The URL of a `GenerativeModel`'s client, in Google's older SDKs, once the model has made its client."""
    made: dict[str, Any] = getattr(owner, "__dict__", {})  # the model's property would make a client
    client = next((made[name] for name in _MADE if made.get(name) is not None), None)
    return f"https://{client.transport.host.rpartition('//')[2]}"  # pyrefly: ignore[missing-attribute]


def _grpc_url(owner: Any) -> Any:
    """The URL of a client of xAI's SDK, whose channels lie in one another, the sync ones behind a function."""
    method = owner._stub.GetCompletion
    thunk = getattr(method, "_thunk", None)
    channel = method if thunk is None else inspect.getclosurevars(thunk).nonlocals["self"]
    while hasattr(channel, "_channel"):
        channel = channel._channel
    target = channel.target if thunk is None else channel.target()
    return f"https://{target.decode().rpartition('/')[2]}"


_client_url = attrgetter("_client.base_url")
_azure_url = attrgetter("_config.endpoint")
_amazon_url = attrgetter("meta.endpoint_url")
_cohere_url = attrgetter("_client_wrapper._base_url")
# Where an SDK keeps its base URL, starting at the object whose method sends the request.
_URLS: tuple[Callable[[Any], Any], ...] = (
    _client_url,
    _google_url,
    _azure_url,
    _amazon_url,
    _cohere_url,
    _mistral_url,
    _grpc_url,
    _channel_url,
)
# The package of such an object -> where its SDK keeps it, which is looked at first: the others take long to say no.
_OWN_URLS: Mapping[str, Callable[[Any], Any]] = {
    "openai": _client_url,
    "groq": _client_url,
    "anthropic": _client_url,
    "google": _google_url,
    "azure": _azure_url,
    "botocore": _amazon_url,
    "aiobotocore": _amazon_url,
    "cohere": _cohere_url,
    "mistralai": _mistral_url,
    "xai_sdk": _grpc_url,
}
# Words in the class names of clients that use a model maker's SDK with another company's service.
_RESELLERS = {"Azure": "azure.ai.openai", "Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}
# Names by which wrapper functions hold the method that they wrap. Cohere's client wraps its own methods twice.
_WRAPPED = frozenset({"func", "method"})


class Endpoint(NamedTuple):
    """Where a request goes.

    Attributes:
        provider: the conventions' name of the provider; None where the client does not tell.
        address: the host.
        port: the host's port.
        model: the model, where the client is made for one; otherwise None.
    """

    provider: str | None = None
    address: str | None = None
    port: int | None = None
    model: str | None = None


def endpoint(method: Any) -> Endpoint:
    """Where an SDK's method sends its request.

    Args:
        method: a bound method, such as `client.chat.completions.create`, or a wrapper of one.
    """
    owner = _owner(method)
    read = _OWN_URLS.get(str(cast("type[Any]", type(owner)).__module__).partition(".")[0])
    url = None if read is None else _get(owner, read)
    if url and read is _amazon_url:
        return Endpoint(_provider_at(url), *server(url))  # its clients take long to say no, and tell no more
    if not url:
        url = next((url for url in (_get(owner, read) for read in _URLS) if url), None)
    # Only Google's `GenerativeModel` has this name: it is made for one model. The name may begin with a path.
    model = str(getattr(owner, "_model_name", "")).rpartition("/")[2]
    return Endpoint(_provider(owner, url), *server(url), model or None)


def client_extras(method: Any) -> Mapping[str, Any]:
    """The `model_extras` that an Azure client adds to each request without any; empty for other clients.

    Args:
        method: a bound method of the client, or a wrapper of one.
    """
    extras = _get(_owner(method), attrgetter("_model_extras"))
    return cast("Mapping[str, Any]", extras) if isinstance(extras, Mapping) else {}


def _owner(method: Any) -> Any:
    """The object that a method is bound to, found through its wrappers; None if there is none."""
    while method is not None:
        owner = getattr(method, "__self__", None)
        if owner is not None:
            return owner
        names = getattr(getattr(method, "__code__", None), "co_freevars", ())
        cells = zip(names, getattr(method, "__closure__", None) or (), strict=False)
        method = next((cell.cell_contents for name, cell in cells if name in _WRAPPED), None)
    return None


def _provider(owner: Any, url: Any) -> str | None:
    """The provider, as the client tells it by Google's `vertexai` flag, its URL or its class; None if it doesn't."""
    if hasattr(owner, "_api_client"):
        return "gcp.vertex_ai" if _get(owner, attrgetter("_api_client.vertexai")) else "gcp.gemini"
    known = _provider_at(url)
    if known is not None:
        return known
    client = type(getattr(owner, "_client", None)).__name__
    return next((provider for word, provider in _RESELLERS.items() if word in client), None)


def _provider_at(url: Any) -> str | None:
    known = providers.at_url(str(url))
    return None if known is None else known.name


def _get(owner: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(owner)
    except (AttributeError, KeyError):
        return None
