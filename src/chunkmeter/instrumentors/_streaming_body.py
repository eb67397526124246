"""Taps the body of an answer that Amazon's SDKs leave to the application to read, in one piece or in many.

What the application has read is observed, as it is. Nothing is read for our own sake, and nothing is kept.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, cast

from ..calls.call import Call
from ..calls.lease import Lease
from ..calls.pulling import ends, is_pulling
from ..streams.stepping import astep, step
from ..streams.taps import closed

__all__ = ["is_body", "tap_body"]

_LEASE = "_self_chunkmeter_lease"
"""Name of the attribute that holds the lease. aiobotocore's bodies were proxies: what begins so stays on a proxy."""
# A proxy hands the assignment of its class on to what it stands for.
_set_class: Any = cast("Any", object).__dict__["__class__"].__set__


def is_body(body: Any) -> bool:
    """Whether it is a body of these SDKs, rather than a file that a test has put in its place."""
    return cast("type[Any]", type(body)).__module__ in ("botocore.response", "aiobotocore.response")


def tap_body(body: Any, lease: Lease) -> None:
    """Have a call observe what is read of its answer's body. May raise, before anything is changed.

    Args:
        body: a `StreamingBody` of botocore or of aiobotocore.
        lease: holds the call, which must have begun. It hangs on the body from now on.
    """
    _set_class(body, _tapped(cast("type[Any]", type(body))))
    setattr(body, _LEASE, lease)


@functools.lru_cache(maxsize=16)
def _tapped(kind: type[Any]) -> type[Any]:
    methods: dict[str, Any] = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    for name in ("read", "readinto", "readlines"):
        if name in vars(kind) and not (name == "readlines" and inspect.iscoroutinefunction(kind.read)):
            methods[name] = _reading(kind, name)
    methods |= {name: _closing(kind, name) for name in ("close", "aclose") if hasattr(kind, name)}
    methods |= {name: _leaving(kind, name) for name in ("__exit__", "__aexit__") if hasattr(kind, name)}
    return types.new_class(kind.__name__, (kind,), exec_body=lambda namespace: namespace.update(methods))


def _call(body: Any) -> Call:
    return getattr(body, _LEASE).begun()


def _reading(kind: type[Any], name: str) -> Callable[..., Any]:
    """A method that reads: `read(amt)` gives bytes, `readinto(buffer)` a number of them, `readlines()` all lines."""
    base = getattr(kind, name)

    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = _call(self)
        if call.ended:
            return base(self, *args, **kwargs)
        given = step(call, _observing(call, args), lambda body: base(body, *args, **kwargs), self)
        _note_end(call, self, name, given, args, kwargs)
        return given

    async def aread(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = _call(self)
        if call.ended:
            return await base(self, *args, **kwargs)
        given = await astep(call, _observing(call, args), lambda body: base(body, *args, **kwargs), self)
        _note_end(call, self, name, given, args, kwargs)
        return given

    return aread if inspect.iscoroutinefunction(base) else read


def _observing(call: Call, args: Any) -> Callable[[Any], None]:
    def observe(given: Any) -> None:
        piece = given
        if isinstance(given, list):
            piece = b"".join(cast("list[bytes]", given))
        elif isinstance(given, int):
            piece = bytes(args[0][:given])
        if piece:
            call.observe(piece)

    return observe


def _note_end(call: Call, body: Any, name: str, given: Any, args: Any, kwargs: Any) -> None:
    """Settle the call if all has been read."""
    amount = None if name == "readlines" else args[0] if args else kwargs.get("amt")
    asked_all = amount is None or (isinstance(amount, int) and amount < 0)
    asked_none = amount == 0 or (name == "readinto" and not len(args[0]))
    if asked_all or (not given and not asked_none) or _is_whole(body):
        call.settle("exhausted")


def _is_whole(body: Any) -> bool:
    """Whether as much has been read as the service said that there is."""
    for before in ("", "_self"):
        length, read = (getattr(body, f"{before}_{name}", None) for name in ("content_length", "amount_read"))
        if length is not None and read is not None:
            return str(read) == str(length)
    return False


def _closing(kind: type[Any], name: str) -> Callable[..., Any]:
    base = getattr(kind, name)

    def close(self: Any, *args: Any, **kwargs: Any) -> Any:
        return closed(_call(self), base, self, *args, **kwargs)

    return close


def _leaving(kind: type[Any], name: str) -> Callable[..., Any]:
    base = getattr(kind, name)

    @ends
    def leave(self: Any, kind: Any, error: BaseException | None, traceback: Any) -> Any:
        call = _call(self)
        # A proxy's `async with` gives what it stands for, aiohttp's response, which keeps what has been read of it.
        read = getattr(getattr(self, "__wrapped__", None), "_body", None)
        if isinstance(read, bytes) and not call.ended:
            call.observe(read)
            call.settle("exhausted")
        if not is_pulling(call):
            call.leave(error)
        return base(self, kind, error, traceback)

    return leave
