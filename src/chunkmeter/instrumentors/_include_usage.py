"""Asks OpenAI-like streams for their usage, where the setting `include_usage` is on.

These streams bring their usage only if the request asks for it. The service then sends one chunk more, with the usage
and without choices. The application has not asked for this chunk and may fail on it, so the chunk is read but not
handed on.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, cast

from ..calls.call import Call

__all__ = ["Asking", "Hides", "asked_azure", "asked_openai", "only_usage", "says_usage", "shown"]

_logger = logging.getLogger("chunkmeter")

Hides = Callable[[Any], bool]
"""Says whether an event is to be kept from the application."""

_OPTIONS, _WISH = "stream_options", "include_usage"
_NONE: Mapping[str, Any] = {}
# The HTTP statuses by which a service says that it does not know a parameter.
_REFUSALS = frozenset({400, 422})
_MOST = 256  # how many refusing services are remembered
# Fields that come with every chunk, or only pad it. A chunk with no others can be left out without loss.
_ENVELOPE = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier", "obfuscation"}
)


class Asking:
    """Sends the requests of streams, and asks for usage in those that don't mention it.

    If a service refuses such a request, it gets the application's own request, and is not asked for usage again.
    """

    def __init__(self) -> None:
        # Keys are host, port and model. A dict keeps their order, so that the oldest can be forgotten first.
        self._refusing: dict[tuple[Any, ...], None] = {}

    def send(
        self,
        call: Call,
        asked: Callable[[], dict[str, Any] | None],
        create: Callable[..., Any],
        args: Any,
        kwargs: dict[str, Any],
    ) -> tuple[Any, Hides | None]:
        """Send a stream's request.

        Args:
            call: the call whose request it is.
            asked: gives `kwargs` with the wish for usage; None if the request can't carry it or mentions it already.
            create: sends the request, given `args` and `kwargs`.
            args: the application's positional arguments.
            kwargs: the application's keyword arguments.

        Returns:
            What `create` gives, which is events or an awaitable of them; and a function that says which events to keep
            from the application, None if all are the application's.
        """
        request: dict[str, Any] | None = None
        service: tuple[Any, ...] = ()
        if call.telemetry.settings.include_usage:
            with call.telemetry.guard("hook", "asking for usage"):
                service = call.request.server_address, call.request.server_port, call.request.model
                request = None if service in self._refusing else asked()
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
        # This is not done in the handler above: an error raised here must not have the refusal as its context.
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
            "A service refused a stream that asked for usage, and accepted it without. Its streams of that model no "
            "longer ask, so they have no usage."
        )


class _Hiding:
    """Hides the chunk with the usage, unless the service refused and so was not asked for it."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = True

    def __call__(self, event: Any) -> bool:
        return self.active and only_usage(event)


def asked_openai(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The parameters of a stream's request to OpenAI's SDK, with the wish for usage added.

    Args:
        parameters: the keyword arguments of the SDK's method; they are not changed.

    Returns:
        A new dict; None if the parameters mention `include_usage` already.
    """
    body = parameters.get("extra_body")
    if isinstance(body, Mapping) and _OPTIONS in body:  # the SDK lets `extra_body` replace the parameter
        return None if _OPTIONS in parameters else _asking_in(parameters, "extra_body", body)
    return _asking(parameters)


def asked_azure(parameters: dict[str, Any], extras: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of a stream's request to Azure's inference SDK, with the wish for usage added.

    Args:
        parameters: the keyword arguments of the SDK's method; they are not changed.
        extras: the client's `model_extras`.

    Returns:
        A new dict; None if the parameters mention `include_usage` already.
    """
    if _OPTIONS in parameters:
        return None
    # A request's `model_extras` replace those of its client, so they have to include the client's.
    return _asking_in(parameters, "model_extras", parameters.get("model_extras") or extras)


def says_usage(holder: Mapping[str, Any]) -> bool:
    """Whether a request's parameters say whether it wants its usage, either way or in a form that is not known."""
    options = holder.get(_OPTIONS, _NONE)
    return _WISH in options if type(options) is dict else not isinstance(options, Mapping) or _WISH in options


def shown(call: Call, events: Any, hides: Hides) -> Any:
    """The events of an iterator, sync or async, without those to hide. These are observed here, the others elsewhere.

    Args:
        call: observes what is hidden.
        events: an iterator or an async iterator of raw events.
        hides: says which events are to be kept from the application.
    """
    return _shown(call, events, hides) if hasattr(events, "__next__") else _ShownAsync(call, events, hides)


def _shown(call: Call, events: Iterator[Any], hides: Hides) -> Iterator[Any]:
    for event in events:
        if hides(event):
            call.observe(event)
        else:
            yield event


class _ShownAsync:
    """The async events to show. It is no async generator, since only the event loop can end one."""

    __slots__ = ("_call", "_events", "_hides")

    def __init__(self, call: Call, events: AsyncIterator[Any], hides: Hides) -> None:
        self._call, self._events, self._hides = call, events, hides

    def __aiter__(self) -> _ShownAsync:
        return self

    async def __anext__(self) -> Any:
        while self._hides(event := await self._events.__anext__()):
            self._call.observe(event)
        return event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)  # `aclose`, for one


def only_usage(event: Any) -> bool:
    """Whether a chunk holds the usage and nothing else, such as a choice or a filter's result. Never raises."""
    try:
        if getattr(event, "choices", None):
            return False  # nearly all; the rest takes longer
        # Azure's models are mappings.
        fields = cast("Mapping[str, Any]", event) if isinstance(event, Mapping) else vars(event)
        if fields.get("choices") or not fields.get("usage"):
            return False
        fields = {**fields, **(getattr(event, "model_extra", None) or {})}
        return all(name in _ENVELOPE or not value for name, value in fields.items())
    except Exception:  # noqa: BLE001 -- a chunk of an unknown shape goes to the application
        return False


def _asking_in(parameters: dict[str, Any], name: str, holder: Any) -> dict[str, Any] | None:
    held = _asking(holder) if isinstance(holder, Mapping) else None
    return None if held is None else {**parameters, name: held}


def _asking(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if says_usage(holder) else {**holder, _OPTIONS: {**holder.get(_OPTIONS, _NONE), _WISH: True}}


def _refused(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and status in _REFUSALS
