"""Streams of response models of Mirascope 1, which make a model of each chunk that they read from a stream inside.

A chunk that no model can be made of makes them fail, and so may what there is after the last one. What the user
iterates is the outer stream, so that one tells how the call ends; the inner one's chunks are only observed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

from ...calls.call import Call
from ...calls.lease import Lease
from ...streams.taps import SendingAsync, sending, tap
from .._library import Patches
from ._streams import tuple_observer

__all__ = ["hook_structured", "observed_within"]

_WITHIN = "_chunkmeter_within"
"""Attribute of a stream whose chunks an outer one makes models of."""

LeaseOf = Callable[[Any], Lease | None]
"""Gives the lease of an inner stream, whose call is begun unless it has begun; None if it goes unmetered."""


def hook_structured(patches: Patches, lease_of: LeaseOf) -> None:
    """Have the outer streams tell how their calls end.

    Args:
        patches: what the hooks are put with.
        lease_of: gives the lease of an inner stream.
    """
    for name, models in (("__iter__", _models), ("__aiter__", _Models)):
        patches.put(
            "mirascope.core.base.structured_stream", f"BaseStructuredStream.{name}", partial(_on, models, lease_of)
        )


def _on(models: Callable[..., Any], lease_of: LeaseOf, wrapped: Any, outer: Any, args: Any, kwargs: Any) -> Any:
    return models(partial(_begun, lease_of, outer), wrapped(*args, **kwargs))


def _begun(lease_of: LeaseOf, outer: Any) -> Lease | None:
    lease = lease_of(outer.stream)
    if lease is not None:
        outer.stream.__dict__[_WITHIN] = True
    return lease


def _models(begin: Callable[[], Lease | None], items: Iterator[Any]) -> Generator[Any, Any, Any]:
    lease = begin()
    return (yield from items if lease is None else tap(lease, items, _pass))


class _Models:
    """What `_models` is, async. It is no async generator, since only the event loop can end one."""

    __slots__ = ("__weakref__", "_begin", "_items", "_tapped")

    def __init__(self, begin: Callable[[], Lease | None], items: Any) -> None:
        self._begin, self._items = begin, items
        self._tapped: Any = None

    def __aiter__(self) -> _Models:
        return self

    def __anext__(self) -> Any:
        if self._tapped is None:
            lease = self._begin()
            self._tapped = self._items if lease is None else tap(lease, self._items, _pass)
        return self._tapped.__anext__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items if self._tapped is None else self._tapped, name)


def _pass(_: Any) -> None:
    """Observe nothing: a model is no chunk."""


def observed_within(stream: Any, call: Call, items: Any) -> Any:
    """The items of an inner stream, each observed, sync or async; None where the stream is read by the user himself.

    Args:
        stream: the stream.
        call: its call, which has begun.
        items: an iterator or an async iterator of its items.
    """
    if _WITHIN not in stream.__dict__:
        return None
    return (_Observed if hasattr(items, "__anext__") else _observed)(call, items)


def _observed(call: Call, items: Iterator[Any]) -> Iterator[Any]:
    observe = tuple_observer(call)
    for item in items if call.chunks else sending(call, items):
        observe(item)
        yield item


class _Observed:
    """What `_observed` is, async."""

    __slots__ = ("_items", "_observe")

    def __init__(self, call: Call, items: Any) -> None:
        self._items = items if call.chunks else SendingAsync(call, items)
        self._observe = tuple_observer(call)

    def __aiter__(self) -> _Observed:
        return self

    async def __anext__(self) -> Any:
        item = await self._items.__anext__()
        self._observe(item)
        return item
