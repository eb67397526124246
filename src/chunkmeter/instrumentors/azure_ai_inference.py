"""Azure's inference SDK (`azure.ai.inference`), 1.0.0b9, the last one: `ChatCompletionsClient.complete`.

It has no function below that all calls pass and that knows what is asked for. So a method that the application took
hold of before is not metered.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method

__all__ = ["AzureAIInferenceInstrumentor"]

_DEFAULTS = (
    "model",
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "model_extras",
)
"""What a client may be made with, for the requests that don't say it themselves."""


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "azure.ai.inference", patches)
    complete = method.hook(partial(_described, method))
    for module in ("azure.ai.inference._patch", "azure.ai.inference.aio._patch"):
        patches.put(module, "ChatCompletionsClient.complete", complete)


def _described(method: Method, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    body = given.get("body")
    if isinstance(body, dict):
        asked = cast("dict[str, Any]", body)
    else:
        asked = {name: getattr(send.__self__, f"_{name}", None) for name in _DEFAULTS}
        asked |= {name: value for name, value in given.items() if value is not None}
    stream = bool(given.get("stream")) or asked.get("stream") is True
    return method.described(send, asked, wire="openai_chat", provider="azure.ai.inference", stream=stream)


class AzureAIInferenceInstrumentor(LibraryInstrumentor):
    """Meters the calls of Azure's inference SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Azure's inference SDK",
        distribution="azure-ai-inference",
        least=(1, 0, 0),
        below=(1, 0, 1),
        last="1.0.0b9",
        cure="Install 'azure-ai-inference==1.0.0b9', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
