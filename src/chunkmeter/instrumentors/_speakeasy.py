"""Meters the SDKs that Speakeasy has made. Their requests pass through `do_request`, which gives the HTTP response.

It is hooked, and so is the class of streams, where the SDK has one: what is let go of then counts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..facts.request import Request
from ..readers import Reader
from ._http_exchange import answered, body_of, described, on_events, on_stream
from ._library import Patches
from ._method import Method
from ._parameters import by_name

__all__ = ["install"]

_CLIENTS = (("BaseSDK", "do_request"), ("BaseSDK", "do_request_async"), ("AsyncBaseSDK", "do_request_async"))
_STREAMS = ("EventStream", "EventStreamAsync", "Stream", "AsyncStream")


def install(method: Method, patches: Patches, package: str, provider: str, wires: Mapping[str, str]) -> None:
    """Put the hooks of one package in place; it need not be there.

    Args:
        method: meters the requests.
        patches: what the hooks are put with.
        package: the package that has the SDK's `basesdk`.
        provider: who answers, in any spelling, where the host does not tell.
        wires: the id of an operation -> the wire of its answer. Others are no calls of a model.
    """
    metered = method.hook(partial(_described, method, provider, wires), answered)

    def on_request(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `do_request(hook_ctx, request, error_status_codes, stream, retry_config)`."""
        if _operation(by_name(wrapped, args, kwargs)) not in wires:
            return wrapped(*args, **kwargs)
        return metered(wrapped, client, args, kwargs)

    def hook_clients(module: Any) -> None:
        for name, sends in _CLIENTS:
            client = getattr(module, name, None)
            if sends in getattr(client, "__dict__", {}):
                patches.wrap(client, sends, on_request)

    def hook_streams(module: Any) -> None:
        classes = [getattr(module, name) for name in _STREAMS if hasattr(module, name)]
        for kind in classes:
            patches.wrap(kind, "__init__", on_stream)
        for name in () if classes else ("stream_events", "stream_events_async"):  # early ones give a generator
            patches.wrap(module, name, on_events)

    patches.when_imported(f"{package}.basesdk", hook_clients, "do_request")
    patches.when_imported(f"{package}.utils.eventstreaming", hook_streams, "EventStream")


def _operation(given: dict[str, Any]) -> str | None:
    return getattr(given.get("hook_ctx"), "operation_id", None)


def _described(
    method: Method, provider: str, wires: Mapping[str, str], send: Any, given: dict[str, Any]
) -> tuple[Request, Reader]:
    request = given["request"]
    wire = wires[_operation(given) or ""]
    stream = bool(given.get("stream"))
    return described(method, body_of(request), str(request.url), wire=wire, provider=provider, stream=stream)
