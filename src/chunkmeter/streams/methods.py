"""The metered methods of a stream: those that iterate it, and those by which the user ends it.

A stream gets only methods that its own class has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import isasyncgenfunction
from typing import Any

from ..calls.call import Call
from ..calls.lease import Lease
from ..calls.pulling import ends, is_pulling
from .peers import is_peer_s
from .replace import LEASE, Methods, This, held, itself, replace
from .stepping import Observe, astep, step, stepper
from .taps import closed, ignore, tap

__all__ = ["exit_methods", "is_stream", "put_on", "unread_methods"]


_CLOSES = frozenset({"close", "aclose"})


def is_stream(kind: type[Any]) -> bool:
    """Whether objects of this class are iterated, sync or async."""
    sync = hasattr(kind, "__iter__") or hasattr(kind, "__next__")
    return sync or hasattr(kind, "__aiter__") or hasattr(kind, "__anext__")


def put_on(stream: Any, lease: Lease) -> Any:
    """Put taps on a stream.

    Args:
        stream: what the user iterates, sync or async.
        lease: holds the stream's call, which must have begun.

    Returns:
        `stream`, with its class replaced by a subclass. Where Python forbids that, a proxy for `stream`. Where no
        proxy can be made either, `stream` unchanged; its call is settled then.
    """
    call: Call = lease.begun()
    try:
        # An SDK's helper makes several events of its own from each raw chunk. So chunks are observed on the raw
        # stream, and endings are noticed on the helper, which is what the user closes or leaves.
        raw = _raw_stream(stream)
        if raw is None:
            return _tapped(stream, lease)
        tapped = _tapped(raw, lease)
        if tapped is not raw:
            if not is_peer_s(raw):
                return _tapped(stream, lease)
            stream._raw_stream = tapped  # SDKs' helpers look at it when they are first asked for an item
        return replace(stream, lease, _ending_methods)
    except Exception:
        with call.telemetry.guard("hook", "tapping a stream"):
            call.settle("collected")  # The stream goes on without a tap, so nobody else would settle the call.
            raise
    return stream


def _raw_stream(stream: Any) -> Any:
    """The stream of raw events that an SDK's helper holds, None if it holds none.

    Others use the name too: botocore's `_raw_stream` is the body of the response, of another package than the stream.
    Another instrumentation may have put its own stream in between, which hands on the same events.
    """
    raw = held(stream).get("_raw_stream")
    if raw is None:
        return None
    known = is_stream(type(raw)) and (_package(type(raw)) in _packages(stream) or is_peer_s(raw))
    return raw if known else None


def _packages(stream: Any) -> set[str]:
    """The packages of a stream's class; if it is a proxy, also that of what it stands for."""
    return {_package(type(stream)), _package(stream.__class__)}


def _package(kind: type[Any]) -> str:
    return kind.__module__.partition(".")[0]


def _tapped(stream: Any, lease: Lease) -> Any:
    kind: type[Any] = type(stream)
    tapped = replace(stream, lease, _stream_methods)
    if tapped is not stream:
        return tapped
    attributes = vars(stream)
    if not isinstance(stream, kind) and "_iterator" in attributes:
        stream.__class__ = kind
        _tap_inside(stream, lease)
    elif not _CLOSES.isdisjoint(attributes):
        _tap_own_closes(stream, lease)
    return stream


def _tap_own_closes(stream: Any, lease: Lease) -> None:
    """Tap what ends this one stream and not others of its class: Langfuse puts its own `close` and `aclose` on each."""
    attributes = vars(stream)
    for name in _CLOSES:
        if callable(own := attributes.get(name)):
            attributes[name] = functools.partial(closed, lease.begun(), own)


def _tap_inside(stream: Any, lease: Lease) -> None:
    """Tap the iterator inside an SDK's stream. Anthropic's needs it: its `isinstance` says no to a subclass."""
    items, close = stream._iterator, stream.close
    stream._iterator = tap(lease, items)
    stream.close = functools.partial(closed, lease.begun(), close)


def _call(stream: Any) -> Any:
    return getattr(stream, LEASE).call


def unread_methods(kind: type[Any], this: This) -> Methods:
    """Metered methods for a stream whose items say nothing, since the body that they are made of is read.

    Args:
        kind: the stream's own class.
        this: gives the stream for a method's `self`, which may be a proxy.
    """
    return _stream_methods(kind, this, ignore)


def _stream_methods(kind: type[Any], this: This, observe: Observe | None = None) -> Methods:
    """Metered versions of the iterating and ending methods that `kind` has.

    Args:
        kind: the stream's own class.
        this: gives the stream for a method's `self`, which may be a proxy.
        observe: called with each item; left out where the items are the call's own events.
    """
    base: Any = kind
    methods = _ending_methods(kind, this)

    def iter_(self: Any) -> Any:
        stream = this(self)
        items = base.__iter__(stream)
        return self if items is stream else tap(getattr(self, LEASE), items, observe)

    def aiter_(self: Any) -> Any:
        stream = this(self)
        items = base.__aiter__(stream)
        return self if items is stream else tap(getattr(self, LEASE), items, observe)

    def stepping(name: str) -> Callable[..., Any]:
        pull = getattr(base, name)

        def stepped(self: Any) -> Any:
            return step(getattr(self, LEASE).call, observe, pull, this(self))

        if name == "__next__" and observe is None and this is itself:
            return stepper(pull)

        def given(self: Any, *args: Any) -> Any:
            return step(getattr(self, LEASE).call, observe, lambda stream: pull(stream, *args), this(self))

        return stepped if name == "__next__" else given

    def astepping(name: str) -> Callable[..., Any]:
        pull = getattr(base, name)

        def stepped(self: Any) -> Any:
            return astep(getattr(self, LEASE).call, observe, pull, this(self))

        def given(self: Any, *args: Any) -> Any:
            return astep(getattr(self, LEASE).call, observe, lambda stream: pull(stream, *args), this(self))

        return stepped if name == "__anext__" else given

    methods |= {"__iter__": iter_, "__aiter__": aiter_}
    methods |= {name: stepping(name) for name in ("__next__", "send", "throw") if hasattr(kind, name)}
    # aiobotocore's streams have an `__anext__` that is the generator of all their items: `__aiter__` gives that.
    stepped = [name for name in ("__anext__", "asend", "athrow") if not isasyncgenfunction(getattr(kind, name, None))]
    methods |= {name: astepping(name) for name in stepped if hasattr(kind, name)}
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def _ending_methods(kind: type[Any], this: This) -> Methods:
    """Metered versions of those methods of `kind` by which the user ends a stream."""
    base: Any = kind

    def enter(self: Any) -> Any:
        entered = base.__enter__(this(self))
        return self if entered is this(self) else entered

    async def aenter(self: Any) -> Any:
        entered = await base.__aenter__(this(self))
        return self if entered is this(self) else entered

    def closing(name: str) -> Callable[..., Any]:
        def close(self: Any, *args: Any, **kwargs: Any) -> Any:
            return closed(_call(self), getattr(base, name), this(self), *args, **kwargs)

        return close

    methods: Methods = {"__enter__": enter, "__aenter__": aenter}
    methods |= {name: closing(name) for name in ("close", "aclose")}
    methods |= exit_methods(kind, this)
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def exit_methods(kind: type[Any], this: This) -> Methods:
    """Metered versions of `__exit__` and `__aexit__`, whether or not `kind` has both.

    Args:
        kind: the class of the stream or of its manager.
        this: gives the stream or manager for a method's `self`, which may be a proxy.
    """
    base: Any = kind

    def exiting(name: str) -> Callable[..., Any]:
        @ends
        def leave(self: Any, kind: Any, error: BaseException | None, traceback: Any) -> Any:
            call = _call(self)
            # A manager may have been entered unmetered, and then has no call. A stream may leave its own `with` while
            # it is asked for an item: then the item tells how it ends.
            if call is not None and not is_pulling(call):
                call.leave(error)
            return getattr(base, name)(this(self), kind, error, traceback)

        return leave

    return {name: exiting(name) for name in ("__exit__", "__aexit__")}
