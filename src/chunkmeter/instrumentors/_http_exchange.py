"""Meters the functions of SDKs that send an HTTP request and give its response, below all that is made of it.

What the wire says is read here, so that it makes no difference whether an SDK's own objects leave something out. An
answer that the SDK refuses to parse has been paid for, and counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from .. import providers, readers
from ..calls.lease import Lease
from ..calls.pulling import is_pulling, within
from ..facts.request import Request, server
from ..readers import Reader
from ..streams.methods import unread_methods
from ..streams.replace import replace
from ..streams.taps import ignore, tap
from ._endpoint import Endpoint
from ._http_response import contents, is_raised_in, lease_of, loosen, watch
from ._method import Describe, Method
from ._parameters import request_of

__all__ = ["Exchange", "answered", "body_of", "described", "is_of_a_stream", "on_events", "on_stream"]

_REFUSED = 400


def described(
    method: Method, asked: dict[str, Any], url: str, *, wire: str, provider: str, stream: bool
) -> tuple[Request, Reader]:
    """Describe a request by its body and its URL.

    Args:
        method: the metered function.
        asked: the body.
        url: where the request goes. A host of a provider's own tells who answers.
        wire: the wire of the answer.
        provider: who answers, in any spelling, where the URL does not tell.
        stream: whether the answer comes in events.
    """
    place = server(url)
    known = providers.at_host(place[0] or "") or providers.at_url(url)
    reader = readers.for_wire(wire)
    request = request_of(
        asked,
        Endpoint(None if known is None else known.name, *place),
        operation=reader.operation,
        stream=stream,
        provider=provider,
        keeps_prompt=method.telemetry.settings.estimate,
    )
    return request, reader


def body_of(request: Any) -> dict[str, Any]:
    """The JSON body of an httpx request; empty where it has another, such as a form with a file."""
    if "json" not in str(request.headers.get("content-type")):
        return {}
    body = json.loads(request.content)
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def answered(lease: Lease, response: Any) -> Any:
    """Meter a response, as `Method.send` has an answer metered.

    Args:
        lease: holds the call.
        response: an httpx response, sync or async. One that comes in events has not been read.
    """
    call = lease.begun()
    with call.telemetry.guard("hook", "reading a response"):
        if response.status_code >= _REFUSED:  # the SDK makes an exception of it later
            call.settle("error", str(response.status_code))
        elif call.request.stream:
            watch(response, lease, always=True)
        else:
            call.observe(contents(response))
            call.settle("exhausted")
    return response


def on_stream(wrapped: Callable[..., Any], stream: Any, args: Any, kwargs: Any) -> None:
    """Hook of the `__init__` of a stream that keeps its response as `response`, of a call that has begun."""
    wrapped(*args, **kwargs)
    lease = lease_of(stream.response)
    if lease is not None and not lease.begun().ended:
        with lease.begun().telemetry.guard("hook", "tapping a stream"):
            replace(stream, lease, unread_methods)
            loosen(stream.response, lease)


def on_events(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    """Hook of a function that makes a generator of events from a response, which is its first argument."""
    events, lease = wrapped(*args, **kwargs), lease_of(args[0]) if args else None
    if lease is None or lease.begun().ended:
        return events
    loosen(args[0], lease)
    return tap(lease, events, ignore)


def is_of_a_stream(library: str) -> bool:
    """Whether a request is sent because a stream is asked for its first item whose call has begun before.

    `chunkmeter.wrap` begins it, or the hook of a library above this one.

    Args:
        library: the library whose hook asks.
    """
    call = within()
    return call is not None and (call.library is None or (call.library != library and not call.chunks))


class Exchange:
    """Meters a context manager that sends a request as it is entered and gives the response, sync or async.

    Args:
        method: the metered method.
        describe: gives the request and its reader.
        manager: the context manager.
    """

    __slots__ = ("_describe", "_lease", "_manager", "_method")

    def __init__(self, method: Method, describe: Describe, manager: Any) -> None:
        self._method, self._describe, self._manager = method, describe, manager
        self._lease: Lease | None = None

    def __enter__(self) -> Any:
        return self._enter(self._manager.__enter__)

    def __aenter__(self) -> Any:
        return self._enter(self._manager.__aenter__)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> Any:
        self._leave(error)
        return self._manager.__exit__(kind, error, traceback)

    def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> Any:
        self._leave(error)
        return self._manager.__aexit__(kind, error, traceback)

    def _enter(self, enter: Callable[[], Any]) -> Any:
        if is_of_a_stream(self._method.library):
            return enter()
        return self._method.run(enter, (), {}, self._describe, self._entered)

    def _entered(self, lease: Lease, response: Any) -> Any:
        answered(lease, response)
        if lease_of(response) is lease:
            self._lease = lease
            loosen(response, lease)
        return response

    def _leave(self, error: BaseException | None) -> None:
        call = None if self._lease is None else self._lease.begun()
        # A GeneratorExit comes from the SDK's own generator, maybe as it is collected: the lease tells the end then.
        if call is None or call.ended or isinstance(error, GeneratorExit) or is_pulling(call):
            return
        if error is not None and is_raised_in(error, call.library):
            call.fail(error)
        else:
            call.leave(error)
