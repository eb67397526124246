"""Asks streams of OpenAI's shape for the usage that they don't bring unasked, where the settings say so.

The service then sends one chunk more, with the usage and without choices. The application hasn't asked for it and may
take its first choice for granted, so it is read and not handed on.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from ..call import Call
from ._mirascope_site import Site

__all__ = ["Asking", "Hides", "asked", "only_usage"]

_logger = logging.getLogger("chunkmeter")

Hides = Callable[[Any], bool]
"""Whether an event is to be kept from the application."""

_OPTIONS, _WISH = "stream_options", "include_usage"
# Whose requests are OpenAI's. Groq's are too, but it tells usage unasked; LiteLLM asks whoever it goes on to by itself.
_OPENAIS = frozenset({"openai", "xai"})
# What services answer that don't know what they are asked.
_REFUSALS = frozenset({400, 422})
_MOST = 256  # services kept in mind
# What comes with every chunk, or stuffs it, so that its absence is no loss.
_ENVELOPE = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier", "obfuscation"}
)


class Asking:
    """Sends the requests of streams, those that lack it with the wish for usage.

    A service that refuses such a request gets it once more as the application wrote it, and is not asked again.
    """

    def __init__(self) -> None:
        # By host, port and model; in order, as a set has none. The one that has refused first is forgotten first.
        self._refusing: dict[tuple[Any, ...], None] = {}

    def send(
        self, call: Call, site: Site | None, create: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> tuple[Any, Hides | None]:
        """What `create` gives, events or an awaitable of them, and which of the events are not the application's."""
        request: dict[str, Any] | None = None
        service: tuple[Any, ...] = ()
        if site is not None and call.telemetry.settings.include_usage:
            with call.telemetry.guard("hook", "asking for usage"):
                service = site.endpoint.address, site.endpoint.port, call.request.model
                request = None if service in self._refusing else asked(site.provider, kwargs, site.extras)
        if request is None:
            return create(*args, **kwargs), None
        try:
            result = create(*args, **request)
        except Exception as error:
            if not _refused(error):
                raise
        else:
            if not inspect.isawaitable(result):
                return result, only_usage
            hiding = _Hiding()
            return self._awaited(service, result, hiding, lambda: create(*args, **kwargs)), hiding
        # Out of the handler: what this raises is the application's, and has nothing of ours for its context.
        result = create(*args, **kwargs)
        self._remember(service)
        return result, None

    async def _awaited(
        self, service: tuple[Any, ...], sent: Awaitable[Any], hiding: _Hiding, again: Callable[[], Any]
    ) -> Any:
        try:
            return await sent
        except Exception as error:
            if not _refused(error):
                raise
        hiding.active = False
        result = await again()
        self._remember(service)
        return result

    def _remember(self, service: tuple[Any, ...]) -> None:
        if len(self._refusing) >= _MOST:
            self._refusing.pop(next(iter(list(self._refusing)), service), None)
        self._refusing[service] = None
        _logger.info(
            "A service refused a stream because it was asked for usage, and took it unasked: its streams of that model "
            "are not asked again, and go without usage."
        )


class _Hiding:
    """Hides what was asked for, unless the service has refused and the request went out as it was."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = True

    def __call__(self, event: Any) -> bool:
        return self.active and only_usage(event)


def asked(provider: str | None, parameters: dict[str, Any], extras: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of a stream's request with the wish for usage; None where it is not OpenAI's or has its say.

    Args:
        provider: Mirascope's name of the provider.
        parameters: what the SDK's method is to be called with; left as they are.
        extras: what an Azure client adds to requests that have no `model_extras`.
    """
    if provider == "azure" and _OPTIONS not in parameters:
        # Extras of a request replace those of its client, so the client's go along.
        return _asking_in(parameters, "model_extras", parameters.get("model_extras") or extras)
    if provider in _OPENAIS:
        body = parameters.get("extra_body")
        if isinstance(body, Mapping) and _OPTIONS in body:  # it replaces what is beside it
            return None if _OPTIONS in parameters else _asking_in(parameters, "extra_body", body)
        return _asking(parameters)
    return None


def only_usage(event: Any) -> bool:
    """Whether a chunk has its usage to tell and nothing else: no choice, no word of a filter. Never raises."""
    try:
        # Azure's models are mappings.
        fields = cast("Mapping[str, Any]", event) if isinstance(event, Mapping) else vars(event)
        if fields.get("choices") or not fields.get("usage"):
            return False
        fields = {**fields, **(getattr(event, "model_extra", None) or {})}
        return all(name in _ENVELOPE or not value for name, value in fields.items())
    except Exception:  # noqa: BLE001 -- not a chunk as we know them: the application's
        return False


def _asking_in(parameters: dict[str, Any], name: str, holder: Any) -> dict[str, Any] | None:
    held = _asking(holder) if isinstance(holder, Mapping) else None
    return None if held is None else {**parameters, name: held}


def _asking(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    options = holder.get(_OPTIONS, {})
    if not isinstance(options, Mapping) or _WISH in options:
        return None
    return {**holder, _OPTIONS: {**options, _WISH: True}}


def _refused(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and status in _REFUSALS
