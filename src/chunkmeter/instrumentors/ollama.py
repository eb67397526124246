"""Ollama's SDK, 0.4 to 0.x: `chat`, `generate` and `embed`, sync and async, of clients and of the module itself.

All requests pass through `_request`. A stream sends its request as it is asked for its first item.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ._lazy import lazy_hook
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method

__all__ = ["OllamaInstrumentor"]

_WIRES = {"/api/chat": "ollama", "/api/generate": "ollama", "/api/embed": "native_embeddings"}


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "ollama", patches)
    described = {path: partial(_described, method, wire) for path, wire in _WIRES.items()}
    plain = {path: method.hook(describe) for path, describe in described.items()}
    streamed = {path: lazy_hook(method, describe) for path, describe in described.items()}

    def on_request(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_request(cls, method, path, *, json, stream)`."""
        if args[2:3] and args[2] in _WIRES:
            return (streamed if kwargs.get("stream") else plain)[args[2]](wrapped, client, args, kwargs)
        return wrapped(*args, **kwargs)

    for owner in ("Client", "AsyncClient"):
        patches.put("ollama._client", f"{owner}._request", on_request)


def _described(method: Method, wire: str, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    return method.described(send, given["json"], wire=wire, provider="ollama", stream=bool(given.get("stream")))


class OllamaInstrumentor(LibraryInstrumentor):
    """Meters the calls of Ollama's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Ollama's SDK",
        distribution="ollama",
        least=(0, 4),
        below=(1,),
        last="0.x",
        cure="Install 'ollama>=0.4,<1', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
