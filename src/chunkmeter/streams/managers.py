"""Managers of streams. Entering a manager with `with` sends the request and gives the stream."""

from __future__ import annotations

from typing import Any

from ..calls.context import suppressed
from ..calls.lease import Begin, Lease
from ..calls.sending import asend, send
from .methods import exit_methods, is_stream, put_on
from .replace import LEASE, Methods, This, replace

__all__ = ["is_manager", "put_on_manager"]


def is_manager(kind: type[Any]) -> bool:
    """Whether objects of this class give a stream from `with` or `async with`, and are no streams themselves."""
    return not is_stream(kind) and (hasattr(kind, "__enter__") or hasattr(kind, "__aenter__"))


def put_on_manager(manager: Any, begin: Begin) -> Any:
    """Have a manager's streams metered, each as a call of its own.

    Args:
        manager: an object whose `with` or `async with` gives a stream.
        begin: begins a call each time the manager is entered.

    Returns:
        `manager`, with its class replaced by a subclass; where Python forbids that, a proxy for `manager`.
    """
    return replace(manager, Lease(begin=begin), _manager_methods)


def _manager_methods(kind: type[Any], this: This) -> Methods:
    """Metered versions of the methods by which a manager is entered and left."""
    base: Any = kind

    def enter(self: Any) -> Any:
        lease = _entered(self)
        if lease is None:
            return base.__enter__(this(self))
        try:
            stream = send(lease.begun(), base.__enter__, this(self))
        except BaseException as error:
            lease.begun().fail(error)
            raise
        return put_on(stream, lease)

    async def aenter(self: Any) -> Any:
        lease = _entered(self)
        if lease is None:
            return await base.__aenter__(this(self))
        try:
            stream = await asend(lease.begun(), base.__aenter__, this(self))
        except BaseException as error:
            lease.begun().fail(error)
            raise
        return put_on(stream, lease)

    methods = {"__enter__": enter, "__aenter__": aenter, **exit_methods(kind, this)}
    return {name: method for name, method in methods.items() if hasattr(kind, name)}


def _entered(manager: Any) -> Lease | None:
    """Begin a call for a manager that is being entered, and give its lease; None where the call goes unmetered."""
    lease: Lease = getattr(manager, LEASE).renewed()
    object.__setattr__(manager, LEASE, lease)
    return lease if not suppressed() and lease.start(manager) else None
