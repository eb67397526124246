"""Hugging Face's client (`huggingface_hub`): `chat_completion`, and `text_generation`, sync and async.

All requests pass through `_inner_post`, which gives the body or its lines. What the client makes of these has no cached
tokens any more, so they are read here.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from .. import providers, readers
from ..facts.request import Request, server
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ._endpoint import Endpoint
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method
from ._parameters import by_name, request_of

__all__ = ["HuggingFaceHubInstrumentor"]

_TASKS = frozenset({"conversational", "text-generation"})
_PLACES = {
    "huggingface_hub.inference._client": "InferenceClient._inner_post",
    "huggingface_hub.inference._generated._async_client": "AsyncInferenceClient._inner_post",
}


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "huggingface_hub", patches)
    metered = method.hook(partial(_described, method))

    def on_post(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_inner_post(request_parameters, *, stream)`."""
        asked = by_name(wrapped, args, kwargs).get("request_parameters")
        if getattr(asked, "task", None) in _TASKS and isinstance(getattr(asked, "json", None), dict):
            return metered(wrapped, client, args, kwargs)
        return wrapped(*args, **kwargs)

    for module, name in _PLACES.items():
        patches.put(module, name, on_post)


def _described(method: Method, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    asked = given["request_parameters"]
    body = cast("dict[str, Any]", asked.json)
    url = str(asked.url)
    place = server(url)
    known = providers.at_host(place[0] or "") or providers.at_url(url)
    # A client that is made for a server of the user's own keeps its address where others have the model's name.
    model = None if "://" in str(asked.model) else asked.model
    reader = readers.for_wire(_wire(asked.task, body))
    request = request_of(
        {"model": model, **(body.get("parameters") or {}), **body},
        Endpoint(None if known is None else known.name, *place),
        operation=reader.operation,
        stream=bool(given.get("stream")),
        provider="huggingface",
        keeps_prompt=method.telemetry.settings.estimate,
    )
    return request, reader


def _wire(task: str, body: dict[str, Any]) -> str:
    """The wire of an answer: text generation is asked for in Hugging Face's way, or in that of OpenAI's completions."""
    if task == "conversational":
        return "openai_chat"
    return "tgi" if "inputs" in body else "openai_completions"


class HuggingFaceHubInstrumentor(LibraryInstrumentor):
    """Meters the calls of Hugging Face's client, at Hugging Face, at its partners and at servers of one's own.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Hugging Face's client",
        distribution="huggingface-hub",
        least=(1,),
        below=(3,),
        last="2.x",
        cure="Install 'huggingface-hub>=1,<3', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
