"""Replaces methods of one stream: the object gets a subclass of its class, or else a proxy.

After a class swap everybody who holds the stream still holds the same object, and an SDK's helpers that iterate it go
through the replaced methods too. Python forbids the swap for generators and classes with slots; those get a proxy.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..calls.lease import Lease

__all__ = ["LEASE", "Methods", "This", "held", "itself", "replace"]

LEASE = "_chunkmeter_lease"
"""Name of the instance attribute that holds the lease, on a metered stream or its manager."""

_STREAM = "_chunkmeter_stream"
This = Callable[[Any], Any]
"""Gives the stream for a method's `self`, which is the stream or its proxy."""
Methods = dict[str, Any]
"""Methods by name."""
_Make = Callable[[type, This], Methods]


def replace(stream: Any, lease: Lease, make: Callable[[type, This], Methods]) -> Any:
    """Replace methods of one stream.

    Args:
        stream: the object whose methods are replaced, a stream or its manager.
        lease: the lease that hangs on the stream from now on.
        make: makes the methods by name, given the stream's class. The results are cached by class and by `make`, so
            give a function of a module, not a new closure each time.

    Returns:
        `stream`, with its class replaced by a subclass; where Python forbids that, a proxy for `stream`.
    """
    kind: type[Any] = type(stream)
    try:
        attributes = stream.__dict__
        stream.__class__ = _subclass(kind, make)
        if type(stream) is kind:
            raise TypeError("its class takes the assignment for something else, as a mock's does")
        attributes[LEASE] = lease
    except (AttributeError, TypeError):
        proxy: Any = object.__new__(_proxy_class(kind, make))
        object.__setattr__(proxy, _STREAM, stream)
        object.__setattr__(proxy, LEASE, lease)
        return proxy
    return stream


def held(thing: Any) -> Mapping[str, Any]:
    """What an object holds by name; nothing if it has no dictionary, or gives none.

    A wrapt proxy whose class has a base in Python has a dictionary that it refuses to give, with a `TypeError`.
    """
    try:
        return thing.__dict__
    except (AttributeError, TypeError):
        return {}


@functools.lru_cache(maxsize=256)
def _subclass(kind: type[Any], make: _Make) -> type[Any]:
    body: Methods = {
        "__slots__": (),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
        "__reduce_ex__": _reducing(kind),
        **make(kind, itself),
    }
    return types.new_class(kind.__name__, (kind,), exec_body=lambda namespace: namespace.update(body))


def _reducing(kind: type[Any]) -> Callable[..., Any]:
    """Have a stream pickled and copied as if it were not metered: its call must not be counted twice."""
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
def _proxy_class(kind: type[Any], make: _Make) -> type[Any]:
    body = {"__slots__": (), **_forwarded(kind), **make(kind, _behind)}
    return type(f"Metered[{kind.__name__}]", (_Proxy,), body)


def _forwarded(kind: type[Any]) -> Methods:
    """Special methods that pass calls on to the stream: Python looks these up on the class, not on the object."""

    def forward(name: str) -> Callable[..., Any]:
        def forwarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(_behind(self), name)(*args, **kwargs)

        return forwarded

    names = [name for name in dir(kind) if name.startswith("__") and callable(getattr(kind, name))]
    return {name: forward(name) for name in names if name != "__del__" and not hasattr(_Proxy, name)}


class _Proxy:
    __slots__ = ("__weakref__", LEASE, _STREAM)

    @property
    def __class__(self) -> Any:  # `isinstance` asks for this
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


def itself(stream: Any) -> Any:
    """The stream for a method's `self`, where that is the stream."""
    return stream


def _behind(proxy: Any) -> Any:
    return object.__getattribute__(proxy, _STREAM)
