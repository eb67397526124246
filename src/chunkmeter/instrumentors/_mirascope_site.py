"""One call of a decorated function of Mirascope's: what is known of it before its request."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..attribution import NO_LABELS
from ..facts import Request
from ..telemetry import Telemetry
from ._media import media
from ._request import Endpoint, refers_to_cache, request_attributes, requested_model, requested_tier

__all__ = ["Site", "current_site", "new_site"]

_site: ContextVar[Site | None] = ContextVar("chunkmeter_mirascope_site", default=None)


class Site:
    """One call of a decorated function.

    Attributes:
        attributes: the function's name and the tags that may be told.
        endpoint: whom its request goes to.
        extras: what its client adds to a request that has none.
        finishing: whether its answer is there, and its request was not seen.
        labels: who is spending.
        metered: whether its request has been metered.
        parent: the context in which its stream was asked for.
        provider: Mirascope's name of the provider.
    """

    __slots__ = ("attributes", "endpoint", "extras", "finishing", "labels", "metered", "parent", "provider")

    def __init__(self) -> None:
        self.attributes: dict[str, AttributeValue] = {}
        self.endpoint = Endpoint()
        self.extras: Mapping[str, Any] = {}
        self.labels = NO_LABELS
        self.provider: str | None = None
        self.parent: Context | None = None
        self.metered = False
        self.finishing = False

    def note_function(self, telemetry: Telemetry, function: Any, dynamic_config: Any) -> None:
        """Take down the function's name, its tags, and whose call it is."""
        self.attributes[semconv.CODE_FUNCTION_NAME] = f"{function.__module__}.{function.__qualname__}"
        allowed = telemetry.settings.mirascope_tags
        config: dict[str, Any] = dynamic_config or {}
        metadata: dict[str, Any] = config.get("metadata") or getattr(function, "_metadata", None) or {}
        tags: set[str] = metadata.get("tags") or set()
        chosen = sorted(tag for tag in tags if tag in allowed or tag.partition(":")[0] in allowed)
        if chosen:
            self.attributes[semconv.MIRASCOPE_TAGS] = chosen
        # Here, where the function is called: whoever reads its stream may be out of the caller's context.
        self.labels = telemetry.attribution.capture(tags=tags)

    def request(
        self, operation: str, provider: str | None, parameters: Mapping[str, Any], *, stream: bool, estimate: bool
    ) -> Request:
        """The request that is sent with `parameters`; `estimate` keeps hold of them, for the prompt's tokens."""
        return Request(
            operation=operation,
            provider=semconv.provider_name(self.endpoint.provider or provider),
            model=requested_model(parameters) or self.endpoint.model,
            stream=stream,
            server_address=self.endpoint.address,
            server_port=self.endpoint.port,
            attributes={**request_attributes(parameters), **self.attributes},
            labels=self.labels,
            tier=requested_tier(parameters),
            media=media(parameters),
            context_cache=refers_to_cache(parameters),
            prompt=parameters if estimate else None,
        )


def new_site() -> Site:
    """A decorated function is being called: the calls made from here on are its."""
    site = Site()
    _site.set(site)
    return site


def current_site() -> Site | None:
    """The call of a decorated function that is under way."""
    return _site.get()
