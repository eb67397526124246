"""LiteLLM 1.60 to 1.x: `completion`, `text_completion`, `responses`, `embedding`, their async twins, and its `Router`.

`completion` and `embedding` are closures of LiteLLM's decorator `client`, which looks into caches and tries again
around the function that asks a provider. The hook lies around that function, where the closure keeps it: whoever holds
the closure, from before or by another name, asks through the hook, and an answer out of a cache is no call. Responses
pass through a method below, or through `completion` where a provider has none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import CellType
from typing import Any, cast

from .. import providers, readers
from ..calls.sending import is_within
from ..facts.request import Request, server
from ..facts.tally import Tally
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ._endpoint import Endpoint
from ._library import Library, LibraryInstrumentor, Patches, Wrapper
from ._method import Describing, Method
from ._parameters import by_name, request_of

__all__ = ["LiteLLMInstrumentor"]

_LIBRARY = "litellm"
_KEPT = "original_function"
_RESPONSES = "response_api_handler"
# A function of `litellm.main`, and the wire of what it gives. Text completions are asked for through `completion`.
_FUNCTIONS = {
    "completion": "openai_chat",
    "acompletion": "openai_chat",
    "embedding": "openai_embeddings",
    "aembedding": "openai_embeddings",
}
_MOCKS = ("mock_response", "mock_tool_calls", "mock_timeout")
"""With one of these LiteLLM makes the answer up."""
# LiteLLM's names of providers that are others here.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "anthropic_text": "anthropic",
    "custom_openai": "openai",
    "litellm_proxy": "litellm",
    "text-completion-codestral": "codestral",
}


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, _LIBRARY, patches)

    def hooked(describe: Describing) -> Wrapper:
        metered = method.hook(describe)

        def on_call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            """Hook of a function that asks a provider; one of them may ask another, for the same answer."""
            given = by_name(wrapped, args, kwargs)
            if is_within(_LIBRARY) or any(given.get(mock) for mock in _MOCKS) or _falls_back(given):
                return wrapped(*args, **kwargs)
            return metered(wrapped, instance, args, kwargs)

        return on_call

    def install(module: Any) -> None:
        for name, wire in _FUNCTIONS.items():
            patches.wrap_inside(_cell(getattr(module, name)), hooked(partial(_described, method, wire)))

    def install_responses(module: Any) -> None:
        if hasattr(module.BaseLLMHTTPHandler, _RESPONSES):  # since 1.63
            patches.wrap(module.BaseLLMHTTPHandler, _RESPONSES, hooked(partial(_described_response, method)))

    patches.when_imported("litellm.main", install, "completion")
    patches.when_imported("litellm.llms.custom_httpx.llm_http_handler", install_responses, _RESPONSES)


def _cell(function: Any) -> CellType:
    """Where LiteLLM's decorator keeps the function that `function` stands for, found through the wrappers of others."""
    while function is not None:
        names = getattr(getattr(function, "__code__", None), "co_freevars", ())
        if _KEPT in names:
            return function.__closure__[names.index(_KEPT)]
        function = getattr(function, "__wrapped__", None)
    raise LookupError("LiteLLM's function is none of its decorator's")


def _falls_back(given: Mapping[str, Any]) -> bool:
    """Whether several models may be asked, one after the other: each of them is a call."""
    return bool(given.get("fallbacks") or getattr(sys.modules[_LIBRARY], "model_fallbacks", None))


def _described(method: Method, wire: str, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    asked = given.get("model") or next(iter(given.get("args") or ()), None)  # `aembedding(*args, **kwargs)`
    provider, model = _place(str(asked), given.get("custom_llm_provider"))
    wire = "openai_completions" if given.get("text_completion") else wire
    return _request(method, wire, {**given, "model": model}, provider, given.get("api_base") or given.get("base_url"))


def _described_response(method: Method, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    """Of `response_api_handler(model, input, ..., response_api_optional_request_params, custom_llm_provider, ...)`."""
    asked = {**given["response_api_optional_request_params"], "model": given["model"], "input": given["input"]}
    base = getattr(given.get("litellm_params"), "api_base", None)
    return _request(method, "openai_responses", asked, str(given["custom_llm_provider"]), base)


def _request(
    method: Method, wire: str, asked: Mapping[str, Any], provider: str, base: Any
) -> tuple[Request, Reader | None]:
    reader = readers.for_wire(wire)
    reader = replace(reader, read=_uncosted(reader.read))
    return request_of(
        asked,
        Endpoint(None, *server(base)),
        operation=reader.operation,
        stream=bool(asked.get("stream")),
        provider=_PROVIDERS.get(provider, provider),
        keeps_prompt=method.telemetry.settings.estimate,
    ), reader


def _uncosted(read: Callable[[Tally, Any], None]) -> Callable[[Tally, Any], None]:
    """A function that reads an event, and leaves out the cost that LiteLLM computes: no provider has charged it."""

    def read_uncosted(tally: Tally, event: Any) -> None:
        charged = tally.provider_cost
        read(tally, event)
        if tally.provider_cost != charged:
            hidden = getattr(event, "_hidden_params", None)
            if isinstance(hidden, dict) and tally.provider_cost == hidden.get("response_cost"):
                tally.provider_cost = charged

    return read_uncosted


def _place(model: str, told: Any) -> tuple[str, str]:
    """Who answers, in LiteLLM's word, and the model without it.

    LiteLLM's own `get_llm_provider` prints where it knows no provider.
    """
    known, litellm = _known(), sys.modules[_LIBRARY]
    first, _, rest = model.partition("/")
    if told and isinstance(told, str):
        return told, rest if rest and first == told else model
    if rest and first in known:
        return first, rest
    listed = cast("Mapping[str, Any]", getattr(litellm, "model_cost", {})).get(model) or {}
    provider = str(listed.get("litellm_provider") or _LIBRARY)
    # `vertex_ai-language-models`: LiteLLM sorts the models of one provider.
    return "vertex_ai" if provider.startswith("vertex_ai") else provider, model


def _known() -> set[str]:
    """The providers that LiteLLM knows, by its names: enums, and strings of the user's."""
    listed = getattr(sys.modules[_LIBRARY], "provider_list", [])
    return {str(getattr(each, "value", each)) for each in listed} | {*providers.SPELLINGS}


class LiteLLMInstrumentor(LibraryInstrumentor):
    """Meters the calls of LiteLLM, whoever answers.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="LiteLLM",
        distribution="litellm",
        least=(1, 60),
        below=(2,),
        last="1.x",
        cure="Install 'litellm>=1.60,<2', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
