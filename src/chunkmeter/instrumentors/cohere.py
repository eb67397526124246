"""Cohere's SDK, 5.5.8 to 7.x: chat of both versions of the API, plain and streamed; embeddings; rerank.

All requests pass through `HttpClient`, whichever client, raw client or method sends them. A stream sends its request as
it is asked for its first item.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ._http_exchange import Exchange, answered, described
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method
from ._parameters import by_name

__all__ = ["CohereInstrumentor"]

_WIRES = {"chat": "cohere", "embed": "native_embeddings", "rerank": "cohere_rerank"}
"""The end of a path -> the wire of the answer."""


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "cohere", patches)
    plain = method.hook(partial(_described, method, False), answered)

    def on_request(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `request(path, *, method, json, ...)`, which calls itself to try again."""
        if kwargs.get("retries") or _wire(by_name(wrapped, args, kwargs)) is None:
            return wrapped(*args, **kwargs)
        return plain(wrapped, client, args, kwargs)

    def on_stream(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `stream(path, *, method, json, ...)`, which gives a context manager."""
        manager, given = wrapped(*args, **kwargs), by_name(wrapped, args, kwargs)
        if _wire(given) is None or not method.works():
            return manager
        return Exchange(method, partial(_described, method, True, wrapped, given), manager)

    for owner in ("HttpClient", "AsyncHttpClient"):
        patches.put("cohere.core.http_client", f"{owner}.request", on_request)
        patches.put("cohere.core.http_client", f"{owner}.stream", on_stream)


def _wire(given: dict[str, Any]) -> str | None:
    return _WIRES.get(str(given.get("path")).rpartition("/")[2]) if given.get("method") == "POST" else None


def _described(method: Method, stream: bool, send: Any, given: dict[str, Any]) -> tuple[Request, Reader]:
    client = send.__self__
    said = cast("dict[str, Any]", given.get("json") or {})
    asked = {name: value for name, value in said.items() if value is not ...}  # what the SDK leaves out
    url = client.get_base_url(given.get("base_url"))
    wire = _wire(given) or "cohere"
    return described(method, asked, url, wire=wire, provider=_answers(client), stream=stream)


def _answers(client: Any) -> str:
    """Who answers: the clients for AWS have a hook of the SDK's that rewrites each request."""
    hooks = cast("dict[str, list[Any]]", getattr(client.httpx_client, "event_hooks", None) or {})
    made_by = {getattr(hook, "__module__", None) for hook in hooks.get("request", ())}
    return "aws.bedrock" if "cohere.aws_client" in made_by else "cohere"


class CohereInstrumentor(LibraryInstrumentor):
    """Meters the calls of Cohere's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Cohere's SDK",
        distribution="cohere",
        least=(5, 5, 8),
        below=(8,),
        last="7.x",
        cure="Install 'cohere>=5.5.8,<8', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
