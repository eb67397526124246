"""Meters lazy streams: those whose request is sent when their first item is asked for, and maybe never."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from ..calls.blocks import handed_on
from ..calls.call import Call
from ..calls.context import span_in
from ..calls.lease import Lease
from ..calls.pulling import within
from ..calls.run import WITHIN, attempt_in
from ..calls.within import made_here
from ..streams.metered import note_lazy
from ..streams.stepping import Observe
from ..streams.taps import SendingAsync, lazy_tap, tap
from ._library import Wrapper
from ._method import Describing, Method
from ._parameters import by_name

__all__ = ["Begin", "LazyAsync", "Observer", "is_wrapped", "lazy", "lazy_hook", "parent_of"]

Begin = Callable[[], Lease | None]
"""Gives the lease of a stream's call, which is begun unless it has begun; None if the stream goes unmetered."""
Observer = Callable[[Call], Observe]
"""Gives the function that has a call observe each item of its stream."""


def lazy_hook(method: Method, describe: Describing, *, observer: Observer | None = None) -> Wrapper:
    """Make the hook to put in place of a method that gives lazy streams.

    The call begins when the stream is asked for its first item: a stream that is never asked for one sends no request.

    Args:
        method: the metered method.
        describe: gives the request and its reader, as for `Method.hook`.
        observer: makes the function that is called with each item; the call's own `observe` if left out.
    """

    def metered(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        if method.passes() or not method.works():
            return method.run(wrapped, args, kwargs, lambda: describe(wrapped, by_name(wrapped, args, kwargs)))
        begin = partial(_begin, method, describe, made_here(), wrapped, args, kwargs)
        stream = wrapped(*args, **kwargs)
        return _awaited(begin, stream, observer) if inspect.isawaitable(stream) else lazy(begin, stream, observer)

    return metered


def is_wrapped() -> bool:
    """Whether a request is sent now because a stream that the application has wrapped is asked for an item.

    The call of that stream was begun by `chunkmeter.wrap`, before there was a request.
    """
    call = within()
    return call is not None and call.library is None


def parent_of(made: Context, here: Context | None = None) -> Context | None:
    """The context in which a stream's span starts, as its first item is asked for; None for the current one.

    A stream may be made in one context and iterated in another, as by a web framework that sends a response. The parent
    is the current span of the iterating context, if there is one, else that of the making context. But one that is made
    in a run stays with it, also when that is over.

    Args:
        made: the context in which the stream was made, as `made_here` gives it.
        here: the current context, of whoever has asked for it already.
    """
    if here is None:
        here = otel_context.get_current()
    if made is here and WITHIN not in here:
        return here  # as below, for nearly all
    return handed_on(made, _place_of(made, here))


def _place_of(made: Context, here: Context) -> Context | None:
    waiting, present = attempt_in(made), attempt_in(here)
    is_valid = span_in(here).get_span_context().is_valid
    if waiting is None:
        return None if is_valid or present is not None else made
    if present is None or present.run is not waiting.run:
        return made
    return waiting.carried_by(here if is_valid else made)


def _begin(method: Method, describe: Describing, made: Context, wrapped: Any, args: Any, kwargs: Any) -> Lease | None:
    """Begin the call of a stream; None where it belongs to another library's call, or goes unmetered."""
    here = otel_context.get_current()
    if method.passes(here) or not method.works(here) or is_wrapped():
        return None
    call = method.begin(
        lambda: describe(wrapped, by_name(wrapped, args, kwargs)), parent=parent_of(made, here), here=here
    )
    return None if call is None else Lease(call)


async def _awaited(begin: Begin, stream: Awaitable[Any], observer: Observer | None) -> Any:
    return lazy(begin, await stream, observer)


def lazy(begin: Begin, items: Any, observer: Observer | None = None) -> Any:
    """Meter a lazy stream, sync or async.

    Args:
        begin: called when the first item is asked for.
        items: the stream.
        observer: makes the function that is called with each item; the call's own `observe` if left out.
    """
    begun: list[Lease] = []

    def noted() -> Lease | None:
        lease = begin()
        if lease is not None:
            begun.append(lease)
        return lease

    stream = (LazyAsync if hasattr(items, "__anext__") else lazy_tap)(noted, items, observer)
    note_lazy(stream, begun)
    return stream


class LazyAsync:
    """Meters a lazy stream that is async. It is no async generator, since only the event loop can end one.

    Args:
        begin: called when the first item is asked for.
        items: the stream.
        observer: makes the function that is called with each item; the call's own `observe` if left out.
    """

    __slots__ = ("__weakref__", "_begin", "_items", "_observer", "_tapped")

    def __init__(self, begin: Begin, items: AsyncIterator[Any], observer: Observer | None = None) -> None:
        self._begin, self._items, self._observer = begin, items, observer
        self._tapped: Any = None

    def __aiter__(self) -> LazyAsync:
        return self

    def __anext__(self) -> Any:
        if self._tapped is None:
            self._tapped = self._tap()
        return self._tapped.__anext__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items if self._tapped is None else self._tapped, name)

    def _tap(self) -> Any:
        lease = self._begin()
        if lease is None:
            return self._items
        call = lease.begun()
        items = self._items if call.chunks else SendingAsync(call, self._items)
        return tap(lease, items, None if self._observer is None else self._observer(call))
