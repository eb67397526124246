"""Watches the HTTP response of an answer that comes in pieces: who closes it ends the call, who reads it is seen.

An SDK's helpers close the response and nothing else. An application may read the response by itself, without any
stream of the SDK's. The response's class is replaced, so that nothing holds the response longer than before.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

from ..calls.call import Call
from ..calls.lease import Lease
from ..calls.pulling import is_pulling
from ..streams.replace import LEASE, Methods, This, held, replace
from ..streams.taps import closed, tap

__all__ = ["contents", "is_raised_in", "lease_of", "loosen", "watch"]


def watch(response: Any, lease: Lease, *, always: bool = False) -> None:
    """Have a response's call settled when the response is closed, and its body observed if nothing else reads it.

    Args:
        response: an httpx response, sync or async, whose body has not been read.
        lease: holds the call, which must have begun, by a hook of the SDK that has got the response. It hangs on the
            response from now on.
        always: whether the body is observed also where a metered stream reads it.
    """
    replace(response, lease, _always_methods if always else _response_methods)


def lease_of(response: Any) -> Lease | None:
    """The lease that hangs on a response; None where there is none, or it is gone with the stream that held it."""
    lease = held(response).get(LEASE)
    if lease is None or isinstance(lease, Lease):
        return lease
    lease = lease() if isinstance(lease, weakref.ref) else None
    return lease if isinstance(lease, Lease) else None


def loosen(response: Any, lease: Lease) -> None:
    """Have a response hold its lease no longer, only know it: a stream that reads the response holds it now.

    httpx, unlike httpx2, keeps a response in a reference cycle: what that holds waits for a collection.
    """
    response.__dict__[LEASE] = weakref.ref(lease)


def _is_let_go(call: Call) -> bool:
    """Whether this is the end of a generator of the SDK's or of httpx's, which closes the response as it is finalized.

    Nobody has closed the stream then, and the lease tells when it is let go of. A generator of the application's that
    is closed, and closes the stream on its way out, does close it.
    """
    error = sys.exception()
    return isinstance(error, GeneratorExit) and is_raised_in(error, call.library, "httpx", "httpx2")


def is_raised_in(error: BaseException, *libraries: str | None) -> bool:
    """Whether an exception comes from the code of one of these libraries; so does one that has no traceback yet."""
    raised = error.__traceback__
    while raised is not None and raised.tb_next is not None:
        raised = raised.tb_next
    return raised is None or _package(raised.tb_frame.f_globals.get("__name__")) in map(_package, libraries)


def _package(module: object) -> str:
    return str(module).partition(".")[0]


def contents(response: Any) -> Any:
    """What a response says whose body has been read: an object, or text that is none."""
    try:
        return response.json()
    except ValueError:
        return response.text


class _Observed:
    """Hands on the pieces of a body, each observed; the metered stream that reads them tells how it ends."""

    __slots__ = ("_call", "_pieces")

    def __init__(self, call: Call, pieces: Any) -> None:
        self._call, self._pieces = call, pieces

    def __iter__(self) -> _Observed:
        return self

    def __next__(self) -> Any:
        piece = next(self._pieces)
        self._call.observe(piece)
        return piece

    def __aiter__(self) -> _Observed:
        return self

    async def __anext__(self) -> Any:
        piece = await self._pieces.__anext__()
        self._call.observe(piece)
        return piece


def _always_methods(kind: type[Any], this: This) -> Methods:
    return _response_methods(kind, this, _Observed)


def _as_they_are(call: Call, pieces: Any) -> Any:
    return pieces


def _response_methods(kind: type[Any], this: This, pulled: Callable[[Call, Any], Any] = _as_they_are) -> Methods:
    """Metered methods of a response.

    Args:
        kind: the response's own class.
        this: gives the response for a method's `self`.
        pulled: gives what a metered stream gets that asks for the body, from the call and the pieces.
    """
    base: Any = kind

    def closing(name: str) -> Callable[..., Any]:
        def close(self: Any, *args: Any, **kwargs: Any) -> Any:
            lease = lease_of(self)
            if lease is None or _is_let_go(lease.begun()):
                return getattr(base, name)(this(self), *args, **kwargs)
            return closed(lease.begun(), getattr(base, name), this(self), *args, **kwargs)

        return close

    def reading(name: str) -> Callable[..., Any]:
        def read(self: Any, *args: Any, **kwargs: Any) -> Any:
            pieces, lease = getattr(base, name)(this(self), *args, **kwargs), lease_of(self)
            if lease is None or lease.begun().ended:
                return pieces
            # A tapped stream that is asked for an event reads the body for it.
            return pulled(lease.begun(), pieces) if is_pulling(lease.begun()) else tap(lease, pieces)

        return read

    methods = {name: closing(name) for name in ("close", "aclose")}
    methods |= {name: reading(name) for name in ("iter_bytes", "aiter_bytes")}
    return {name: method for name, method in methods.items() if hasattr(kind, name)}
