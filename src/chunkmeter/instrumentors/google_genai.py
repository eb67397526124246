"""Google's SDK (`google.genai`), 1.0 to 3.x: `generate_content`, its stream, chats, interactions, also on Vertex AI.

The hooks are below the loop that calls the application's functions by itself: each of its requests is a call. The SDK
has another inside for interactions, which Stainless has made at first, and Speakeasy later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..reporting.telemetry import Telemetry
from . import _speakeasy, _stainless
from ._lazy import is_wrapped, lazy_hook
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method

__all__ = ["GoogleGenAIInstrumentor"]

_INTERACTIONS = _stainless.Sdk(
    package="google.genai._interactions",
    provider="gcp.gemini",
    wires={"/interactions": "google_interactions"},
    clients={},
)


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "google.genai", patches)
    described = partial(method.described, wire="google_generate_content")
    streamed = partial(described, stream=True)
    sent = method.hook(streamed)

    def on_async_stream(wrapped: Callable[..., Any], models: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_generate_content_stream`, which sends the request as it is awaited, often inside a generator."""
        return wrapped(*args, **kwargs) if is_wrapped() else sent(wrapped, models, args, kwargs)

    embeds = method.hook(partial(method.described, wire="native_embeddings"))

    def on_embed(wrapped: Callable[..., Any], models: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `embed_content`, whose answer has a count of tokens at Vertex AI alone."""
        at_vertex = getattr(getattr(models, "_api_client", None), "vertexai", False)
        return embeds(wrapped, models, args, kwargs) if at_vertex else wrapped(*args, **kwargs)

    for name, wrapper in (
        ("Models.embed_content", on_embed),
        ("AsyncModels.embed_content", on_embed),
        ("Models._generate_content", method.hook(described)),
        ("AsyncModels._generate_content", method.hook(described)),
        ("Models._generate_content_stream", lazy_hook(method, streamed)),
        ("AsyncModels._generate_content_stream", on_async_stream),
    ):
        patches.put("google.genai.models", name, wrapper)
    _stainless.install(_INTERACTIONS, telemetry, patches)
    created = {"CreateInteraction": "google_interactions"}
    _speakeasy.install(method, patches, "google.genai._gaos", "gcp.gemini", created)


class GoogleGenAIInstrumentor(LibraryInstrumentor):
    """Meters the calls of Google's SDK, of the Gemini API and of Vertex AI.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Google's SDK",
        distribution="google-genai",
        least=(1,),
        below=(4,),
        last="3.x",
        cure="Install 'google-genai>=1,<4', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
