"""Sites: what is known of one call of a user's function through Mirascope before its request is sent."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from functools import lru_cache, partial
from types import FunctionType, MappingProxyType
from typing import Any

from opentelemetry.util.types import AttributeValue

from ... import readers, semconv
from ...attribution import NO_LABELS
from ...facts.request import Request
from ...readers import Reader
from ...reporting.telemetry import Telemetry
from .._include_usage import asked_azure, asked_openai
from .._parameters import request_of
from ._client import NOWHERE

__all__ = ["PROMPT", "Site", "current_site", "function_name", "new_site"]

PROMPT = "_chunkmeter_prompt"
"""Attribute of a function that Mirascope makes to run a prompt: the prompt's class, which the function stands for."""

# Providers with OpenAI's requests that may be asked for usage. Groq sends usage unasked, and LiteLLM asks by itself.
_OPENAIS = frozenset({"openai", "xai"})

_NO_TAGS: frozenset[str] = frozenset()

_site: ContextVar[Site | None] = ContextVar("chunkmeter_mirascope_site", default=None)


class Site:
    """One call of a user's function through Mirascope.

    Attributes:
        attributes: span attributes: the function's name, and the tags that the settings allow.
        endpoint: where the request goes.
        extras: the client's `model_extras` (Azure).
        finishing: whether the answer has come although no hook saw the request.
        labels: who is spending.
        metered: whether a hook has metered the request.
        provider: Mirascope's name of the provider.
    """

    # Those of the class stand for all that a call sets no value of its own for.
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})
    endpoint = NOWHERE
    extras: Mapping[str, Any] = MappingProxyType({})
    labels = NO_LABELS
    provider: str | None = None
    metered = False
    finishing = False

    def note_function(self, telemetry: Telemetry, function: Any, dynamic_config: Any) -> None:
        """Note the function's name, its tags, and who is spending.

        Args:
            telemetry: its settings say which tags go on the span.
            function: the user's function.
            dynamic_config: what the function returned, which may bring tags; None if nothing.
        """
        attributes: dict[str, AttributeValue] = {semconv.CODE_FUNCTION_NAME: function_name(function)}
        self.attributes = attributes
        config: dict[str, Any] = dynamic_config or {}
        metadata: dict[str, Any] | None = config.get("metadata") or getattr(function, "_metadata", None)
        tags: AbstractSet[str] = _NO_TAGS
        if metadata:
            allowed = telemetry.settings.mirascope_tags
            tags = {tag for tag in metadata.get("tags") or () if isinstance(tag, str)}
            chosen = sorted(tag for tag in tags if tag in allowed or tag.partition(":")[0] in allowed)
            if chosen:
                attributes[semconv.MIRASCOPE_TAGS] = chosen
        # Labels are captured in the caller's context. The function's stream may be read in another one.
        self.labels = telemetry.attribution.capture(tags=tags)

    def request(
        self, provider: str | None, parameters: Mapping[str, Any], *, stream: bool, keeps_prompt: bool
    ) -> tuple[Request, Reader | None]:
        """The request, and the reader of its answer.

        Args:
            provider: Mirascope's name of the provider.
            parameters: the arguments of the SDK's method, by name.
            stream: whether the answer comes in chunks.
            keeps_prompt: whether the request keeps the parameters, so that the prompt's tokens can be estimated.
        """
        reader = _reader(provider)
        request = request_of(
            parameters,
            self.endpoint,
            operation=reader.operation if reader else "chat",
            provider=provider,
            stream=stream,
            attributes=self.attributes,
            labels=self.labels,
            keeps_prompt=keeps_prompt,
            named=True,
        )
        return request, reader

    def asked(self, parameters: dict[str, Any]) -> dict[str, Any] | None:
        """The parameters of a stream's request, with the wish for usage added; None if they can't carry it.

        Args:
            parameters: the arguments of the SDK's method, by name.
        """
        if self.provider == "azure":
            return asked_azure(parameters, self.extras)
        return asked_openai(parameters) if self.provider in _OPENAIS else None


@lru_cache(maxsize=64)
def _reader(provider: str | None) -> Reader | None:
    return readers.known(provider)


def function_name(function: Any) -> str:
    """`code.function.name` of whatever can be called: module and qualified name, where it has a module."""
    if type(function) is FunctionType and PROMPT not in function.__dict__ and isinstance(function.__module__, str):
        return f"{function.__module__}.{function.__qualname__}"  # as below, for nearly all
    named = getattr(function, PROMPT, function)
    while isinstance(named, partial):
        named = named.func
    if not isinstance(getattr(named, "__qualname__", None), str):
        named = type(named)  # an object with `__call__`
    module = getattr(named, "__module__", None)
    return f"{module}.{named.__qualname__}" if isinstance(module, str) else named.__qualname__


def new_site() -> Site:
    """Begin a site, as a user's function is being called. Requests sent in this context belong to it."""
    site = Site()
    _site.set(site)
    return site


def current_site() -> Site | None:
    """The site begun last in this context; None if there is none."""
    return _site.get()
