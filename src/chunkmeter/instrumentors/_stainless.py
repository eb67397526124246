"""Meters the SDKs that Stainless has made. Each has its own copy of one base client, whose methods see every call once.

- `request` begins the call, whichever resource, wrapper or helper leads there; all retries lie inside. A client that
  traces itself has its span current only inside `_request`, so there the call begins.
- `_process_response` reads a plain answer, before anybody can end that span or fail on the answer's contents.
- `Stream.__init__` puts taps on a stream, also where the application makes it from a raw response later.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextvars import Token
from functools import partial
from typing import Any

from opentelemetry.context import Context, attach, get_current

from ..calls.begin import begin
from ..calls.call import Call
from ..calls.context import leave
from ..calls.sending import asend, passing, send
from ..reporting.telemetry import Telemetry
from ._include_usage import Asking
from ._library import Patches
from ._method import Method
from ._stainless_answer import Answer, Answers, note_retries
from ._stainless_request import Given, Sdk, Sites

__all__ = ["Sdk", "install"]

_logger = logging.getLogger("chunkmeter")

_RETRY = "x-stainless-retry-count"


def install(sdk: Sdk, telemetry: Telemetry, patches: Patches) -> None:
    """Put every hook of an SDK in place; a module that is not imported yet gets its hooks when it is.

    Args:
        sdk: the SDK.
        telemetry: where calls report.
        patches: what the hooks are put with.
    """
    _Hooks(sdk, telemetry, patches).install()


class _Hooks:
    """The functions that are called in place of the SDK's own, as a request is sent."""

    def __init__(self, sdk: Sdk, telemetry: Telemetry, patches: Patches) -> None:
        self._sdk, self._telemetry, self._patches = sdk, telemetry, patches
        self._method = Method(telemetry, sdk.package, patches)
        self._answers = Answers(telemetry.guard)
        self._asking, self._sites = Asking(), Sites(sdk)

    def install(self) -> None:
        """Put each hook in place."""
        package = self._sdk.package
        self._patches.when_imported(f"{package}._base_client", self._hook_clients, "request")
        for name in ("Stream", "AsyncStream"):
            self._patches.put(f"{package}._streaming", f"{name}.__init__", self._answers.on_stream)

    def _hook_clients(self, module: Any) -> None:
        wrap = self._patches.wrap
        for client, on_request, on_response in (
            (module.SyncAPIClient, self._on_request, self._answers.on_response),
            (module.AsyncAPIClient, self._on_async_request, self._answers.on_async_response),
        ):
            for kind in _requesting(client):
                wrap(kind, "request", partial(on_request, False))
            if hasattr(client, "_request"):
                wrap(client, "_request", partial(on_request, True))
            wrap(client, "_process_response", on_response)

    def _on_request(self, traced: bool, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `request`, and of `_request`, which is for clients that trace themselves."""
        if not self._begins(traced, client):
            return wrapped(*args, **kwargs)
        here = get_current()
        passed = passing(self._sdk.package, here)
        if passed is not None:
            token = self._enter(*passed, client, args, kwargs)
            try:
                return wrapped(*args, **kwargs)
            finally:
                leave(token)
        answer = self._begin(here, client, args, kwargs)
        if answer is None:
            return wrapped(*args, **kwargs)
        call = answer.begun()
        self._answers.awaited[call] = answer
        try:
            if not self._asks(answer):
                return send(call, wrapped, *args, **kwargs)
            return send(call, self._send, answer, wrapped, args, kwargs)
        except BaseException as error:
            self._fail(call, error)
            raise
        finally:
            self._answers.awaited.pop(call, None)

    async def _on_async_request(
        self, traced: bool, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any
    ) -> Any:
        if not self._begins(traced, client):
            return await wrapped(*args, **kwargs)
        here = get_current()
        passed = passing(self._sdk.package, here)
        if passed is not None:
            token = self._enter(*passed, client, args, kwargs)
            try:
                return await wrapped(*args, **kwargs)
            finally:
                leave(token)
        answer = self._begin(here, client, args, kwargs)
        if answer is None:
            return await wrapped(*args, **kwargs)
        call = answer.begun()
        self._answers.awaited[call] = answer
        try:
            if not self._asks(answer):
                return await asend(call, wrapped, *args, **kwargs)
            return await asend(call, self._send, answer, wrapped, args, kwargs)
        except BaseException as error:
            self._fail(call, error)
            raise
        finally:
            self._answers.awaited.pop(call, None)

    def _enter(self, call: Call, context: Context, client: Any, args: Any, kwargs: Any) -> Token[Context]:
        """Have the request of a call that another hook has begun, or the application, pass through this one.

        A call of the application's, with `wrap` around a manager, is told what the request says.
        """
        if call.library is None:
            with self._telemetry.guard("hook", "describing a request"):
                given = self._given(client, args, kwargs)
                if given is not None:
                    call.learn(given.described(keeps_prompt=self._telemetry.settings.estimate)[0])
        return attach(context)

    def _begins(self, traced: bool, client: Any) -> bool:
        """Whether calls of this client begin here: in `_request` if the client traces itself, else in `request`."""
        return self._patches.active and traced == (getattr(client, "_tracer", None) is not None)

    def _begin(self, here: Context, client: Any, args: Any, kwargs: Any) -> Answer | None:
        if not self._method.works(here):
            return None
        telemetry = self._telemetry
        try:
            given = self._given(client, args, kwargs)
            if given is None:
                return None
            settings = telemetry.settings
            if given.is_untold and not (settings.include_usage or settings.estimate):
                _warn_of_usage()
            request, reader = given.described(keeps_prompt=settings.estimate)
            return Answer(begin(telemetry, request, reader, library=self._sdk.package, here=here), given)
        except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
            telemetry.guard.failed("hook", "beginning a call", error)
            return None

    def _given(self, client: Any, args: Any, kwargs: Any) -> Given | None:
        """What is given by position and by name; None where this is no request to a model."""
        options = args[1] if len(args) > 1 else kwargs["options"]
        site = self._sites.of(client, options)
        return None if site is None else Given(self._sdk, site, options, kwargs)

    def _asks(self, answer: Answer) -> bool:
        return answer.given.is_untold and self._telemetry.settings.include_usage

    def _send(self, answer: Answer, wrapped: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        given = answer.given

        def create(options: Any) -> Any:
            answer.asked = options is not given.options
            if len(args) > 1:
                return wrapped(args[0], options, *args[2:], **kwargs)
            return wrapped(*args, **{**kwargs, "options": options})

        def asked() -> dict[str, Any] | None:
            options = given.asked()
            return None if options is None else {"options": options}

        return self._asking.send(answer.begun(), asked, create, (), {"options": given.options})[0]

    def _fail(self, call: Call, error: BaseException) -> None:
        with self._telemetry.guard("hook", "counting retries"):
            request = getattr(error, "__dict__", {}).get("request")  # httpx's own errors raise where they have none
            note_retries(call, getattr(request, "headers", {}).get(_RETRY))
        call.fail(error)


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _requesting(client: type[Any]) -> list[type[Any]]:
    """The classes whose `request` is to be hooked: the client's, and each on which somebody has wrapped it before us.

    Such a wrapper leads to the SDK's own function. A method of the user's own calls the one that it inherits.
    """
    own = inspect.unwrap(vars(client)["request"])
    wrapped = [kind for kind in _subclasses(client) if inspect.unwrap(vars(kind).get("request", len)) is own]
    return [client, *wrapped]


@functools.cache
def _warn_of_usage() -> None:
    _logger.warning(
        "A stream's request does not ask for its usage, so its tokens and cost will be missing, unless the service "
        "sends them anyway: set CHUNKMETER_INCLUDE_USAGE=true, or write stream_options={'include_usage': True}."
    )
