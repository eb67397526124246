"""Puts taps on a stream: its class replaced by a subclass that overrides only what it has, or a proxy.

Overridden are the iteration, close and context-manager methods of the stream's class, so that an SDK's helpers
that iterate by themselves are metered too.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Awaitable, Callable
from typing import Any, cast

from .call import Lease
from .context import suppressed
from .taps import astep, step, tap

__all__ = ["LEASE", "is_manager", "is_stream", "put_on", "put_on_manager"]

LEASE = "_chunkmeter_lease"
"""Instance attribute of a metered stream that keeps its call alive."""

_STREAM = "_chunkmeter_stream"
_Methods = dict[str, Any]
_This = Callable[[Any], Any]


def is_stream(kind: type[Any]) -> bool:
    """Whether objects of this class are iterated, sync or async."""
    return any(hasattr(kind, name) for name in ("__iter__", "__next__", "__aiter__", "__anext__"))


def is_manager(kind: type[Any]) -> bool:
    """Whether objects of this class give a stream from `with` or `async with`, and are none themselves."""
    return not is_stream(kind) and (hasattr(kind, "__enter__") or hasattr(kind, "__aenter__"))


def put_on(stream: Any, lease: Lease) -> Any:
    """Put taps on `stream` for the call of `lease`.

    Returns:
        `stream`, its class replaced by a subclass of it; where Python forbids that, a proxy for it. Where that can't
        be made either, `stream` as it was, and the call is over.
    """
    with lease.call.telemetry.guard("hook", "tapping a stream"):
        try:
            # An SDK's helper makes several events of its own from each raw chunk. The facts are read where they are
            # raw, the endings where the user causes them.
            raw = getattr(stream, "_raw_stream", None)
            if raw is not None and _swap(raw, lease, _stream_methods) is raw:
                return _swap(stream, lease, _ending_methods)
            return _swap(stream, lease, _stream_methods)
        except Exception:
            lease.call.settle("collected")  # The stream goes on unwatched, so nobody else would end the call.
            raise
    return stream


def put_on_manager(manager: Any, begin: Callable[[], Lease | None]) -> Any:
    """Put taps on a manager of streams; `begin` begins a call each time it is entered, None if that can't be."""
    return _swap(manager, _Entries(begin), _manager_methods)


class _Entries:
    """What a manager holds in place of a lease: how to begin a call, and the one of the last time it was entered."""

    __slots__ = ("begin", "lease")

    def __init__(self, begin: Callable[[], Lease | None]) -> None:
        self.begin = begin
        self.lease: Lease | None = None


def _swap(stream: Any, lease: Lease | _Entries, methods: Callable[[type, _This], _Methods]) -> Any:
    kind = _class(stream)
    try:
        attributes = stream.__dict__
        stream.__class__ = _subclass(kind, methods)
        attributes[LEASE] = lease
        if isinstance(lease, Lease) and not isinstance(stream, kind) and "_iterator" in attributes:
            stream.__class__ = kind
            _tap_inside(stream, lease)
    except (AttributeError, TypeError):
        proxy: Any = object.__new__(_proxy_class(kind, methods))
        object.__setattr__(proxy, _STREAM, stream)
        object.__setattr__(proxy, LEASE, lease)
        return proxy
    return stream


def _tap_inside(stream: Any, lease: Lease) -> None:
    """Taps on the iterator that an SDK's stream holds, where its class disowns subclasses (Anthropic's does)."""
    items, close = stream._iterator, stream.close
    stream._iterator = tap(lease, items)
    stream.close = lambda: _finally(close, lease.call.close)


@functools.lru_cache(maxsize=256)
def _subclass(kind: type[Any], methods: Callable[[type, _This], _Methods]) -> type[Any]:
    body: _Methods = {
        "__slots__": (),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
        "__reduce_ex__": _reducing(kind),
        **methods(kind, _itself),
    }
    return types.new_class(kind.__name__, (kind,), exec_body=lambda namespace: namespace.update(body))


def _reducing(kind: type[Any]) -> Callable[..., Any]:
    """Pickles and copies are of the stream as it was, and fail as it does: there is one call to be metered, not two."""
    base: Any = kind

    def reduced(self: Any, protocol: Any) -> Any:
        parts: Any = base.__reduce_ex__(self, protocol)
        if isinstance(parts, str):
            return parts
        make, given, *state = parts
        if getattr(make, "__name__", None) == "__newobj__":
            make = base.__new__  # pickle insists that `__newobj__` is given the object's own class
        if state and isinstance(state[0], dict):
            state[0] = {name: value for name, value in state[0].items() if name != LEASE}
        return make, tuple(kind if each is type(self) else each for each in given), *state

    return reduced


@functools.lru_cache(maxsize=256)
def _proxy_class(kind: type[Any], methods: Callable[[type, _This], _Methods]) -> type[Any]:
    body = {"__slots__": (), **_forwarded(kind), **methods(kind, _behind)}
    return type(f"Metered[{kind.__name__}]", (_Proxy,), body)


def _forwarded(kind: type[Any]) -> _Methods:
    """The special methods of `kind`, which Python looks up on the class: length, indexing, awaiting, ..."""

    def forward(name: str) -> Callable[..., Any]:
        def forwarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(_behind(self), name)(*args, **kwargs)

        return forwarded

    names = [name for name in dir(kind) if name.startswith("__") and callable(getattr(kind, name))]
    return {name: forward(name) for name in names if name != "__del__" and not hasattr(_Proxy, name)}


class _Proxy:
    __slots__ = ("__weakref__", LEASE, _STREAM)

    @property
    def __class__(self) -> Any:  # read only, as isinstance needs it
        return _class(_behind(self))

    def __getattr__(self, name: str) -> Any:
        return getattr(_behind(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_behind(self), name, value)

    def __repr__(self) -> str:
        return repr(_behind(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _behind(self).__reduce_ex__(protocol)


def _class(stream: Any) -> type[Any]:
    return cast("type[Any]", type(stream))


def _itself(stream: Any) -> Any:
    return stream


def _behind(proxy: Any) -> Any:
    return object.__getattribute__(proxy, _STREAM)


def _lease(stream: Any) -> Lease:
    return getattr(stream, LEASE)


def _stream_methods(kind: type[Any], this: _This) -> _Methods:
    """The iteration and ending methods that `kind` has, metered. `this` gives the stream behind `self`."""
    base: Any = kind
    methods = _ending_methods(kind, this)

    def iter_(self: Any) -> Any:
        items = base.__iter__(this(self))
        return self if items is this(self) else tap(_lease(self), items)

    def aiter_(self: Any) -> Any:
        items = base.__aiter__(this(self))
        return self if items is this(self) else tap(_lease(self), items)

    def stepping(name: str) -> Callable[..., Any]:
        pull = getattr(base, name)

        def stepped(self: Any, *args: Any) -> Any:
            call = _lease(self).call
            return step(call, call.observe, functools.partial(pull, this(self), *args))

        return stepped

    def astepping(name: str) -> Callable[..., Any]:
        pull = getattr(base, name)

        def stepped(self: Any, *args: Any) -> Any:
            call = _lease(self).call
            return astep(call, call.observe, functools.partial(pull, this(self), *args))

        return stepped

    methods |= {"__iter__": iter_, "__aiter__": aiter_}
    methods |= {name: stepping(name) for name in ("__next__", "send", "throw") if hasattr(kind, name)}
    methods |= {name: astepping(name) for name in ("__anext__", "asend", "athrow") if hasattr(kind, name)}
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def _ending_methods(kind: type[Any], this: _This) -> _Methods:
    """The methods of `kind` by which the user ends a stream, metered."""
    base: Any = kind

    def enter(self: Any) -> Any:
        entered = base.__enter__(this(self))
        return self if entered is this(self) else entered

    async def aenter(self: Any) -> Any:
        entered = await base.__aenter__(this(self))
        return self if entered is this(self) else entered

    def closing(name: str) -> Callable[..., Any]:
        def close(self: Any, *args: Any, **kwargs: Any) -> Any:
            call = _lease(self).call
            return _finally(lambda: getattr(base, name)(this(self), *args, **kwargs), call.close)

        return close

    methods: _Methods = {"__enter__": enter, "__aenter__": aenter}
    methods |= {name: closing(name) for name in ("close", "aclose")}
    methods |= _exit_methods(kind, this)
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def _exit_methods(kind: type[Any], this: _This) -> _Methods:
    base: Any = kind

    def exiting(name: str) -> Callable[..., Any]:
        def leave(self: Any, kind: Any, error: BaseException | None, traceback: Any) -> Any:
            held: Lease | _Entries = getattr(self, LEASE)
            lease = held.lease if isinstance(held, _Entries) else held
            if lease is not None:
                lease.call.leave(error)
            return getattr(base, name)(this(self), kind, error, traceback)

        return leave

    return {name: exiting(name) for name in ("__exit__", "__aexit__")}


def _manager_methods(kind: type[Any], this: _This) -> _Methods:
    """The methods of a stream manager, metered: it sends the request when it is entered."""
    base: Any = kind

    def enter(self: Any) -> Any:
        lease = _begin(self)
        if lease is None:
            return base.__enter__(this(self))
        try:
            stream = lease.call.send(base.__enter__, this(self))
        except BaseException as error:
            lease.call.fail(error)
            raise
        return put_on(stream, lease)

    async def aenter(self: Any) -> Any:
        lease = _begin(self)
        if lease is None:
            return await base.__aenter__(this(self))
        try:
            stream = await lease.call.asend(base.__aenter__, this(self))
        except BaseException as error:
            lease.call.fail(error)
            raise
        return put_on(stream, lease)

    methods = {"__enter__": enter, "__aenter__": aenter, **_exit_methods(kind, this)}
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def _begin(manager: Any) -> Lease | None:
    entries: _Entries = getattr(manager, LEASE)
    entries.lease = None if suppressed() else entries.begin()
    return entries.lease


def _finally(act: Callable[[], Any], after: Callable[[], None]) -> Any:
    """`act()`, and `after()` once it is done: at once, or when the awaitable it gives is."""

    async def awaited(pending: Awaitable[Any]) -> Any:
        try:
            result = await pending
        except GeneratorExit:
            raise  # Let go of before it was done: it has not closed.
        except BaseException:
            after()
            raise
        after()
        return result

    try:
        result = act()
    except BaseException:
        after()
        raise
    if inspect.isawaitable(result):
        return awaited(result)
    after()
    return result
