"""Responses of Mirascope 2. They are no streams, but each holds one in `_chunk_iterator`, that all its views pull from.

What one view has pulled the others only repeat. So that is where the tap is, whoever puts it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from .. import providers
from ..calls.call import Call
from ..calls.lease import Lease
from ..facts.request import Request
from .peers import is_peer
from .replace import LEASE, held
from .taps import SendingAsync, sending, tap

__all__ = [
    "asked_of",
    "event_observer",
    "is_begun",
    "is_metered_inside",
    "lease_of",
    "note",
    "peer_of",
    "put_on_response",
    "response_of",
]

_PACKAGE = "mirascope."
_OURS = "chunkmeter."
_DEEPEST = 4
"""How many generators, one in the other, are looked into."""

_leases: WeakKeyDictionary[Any, Lease] = WeakKeyDictionary()
"""The leases of the iterators that have a tap, for as long as somebody holds these."""


def note(items: Any, lease: Lease) -> None:
    """Note that what a response holds has a tap, and whose."""
    _leases[items] = lease


def lease_of(response: Any) -> Lease | None:
    """The lease of a response's stream; None where it has no tap."""
    items = getattr(response, "_chunk_iterator", None)
    return None if items is None else _leases.get(items)


def response_of(stream: Any) -> Any:
    """The response that an object is, or that it is a view of; None if it is neither.

    Args:
        stream: whatever a user may iterate. A view is a generator, such as `response.chunk_stream()`.
    """
    frame = _frame(stream)
    found = stream if frame is None else frame.f_locals.get("self")
    kinds = (kind.__module__.startswith(_PACKAGE) for kind in type(found).__mro__)
    return found if "_chunk_iterator" in held(found) and any(kinds) else None


def peer_of(response: Any) -> str | None:
    """The module of another instrumentation that has put a generator of its own into a response; None without one."""
    frame = _frame(response._chunk_iterator)
    module = "" if frame is None else str(frame.f_globals.get("__name__"))
    return module if is_peer(module) else None


def is_begun(stream: Any, response: Any) -> bool:
    """Whether a response, or a view of it, has been read so far that a tap would be too late."""
    begun = getattr(stream, "gi_suspended", False) or getattr(stream, "ag_suspended", False)
    return bool(begun or response.consumed)


def asked_of(response: Any) -> Request:
    """Who was asked for a response, and which model, as far as it says."""
    provider, model = getattr(response, "provider_id", None), getattr(response, "model_id", None)
    if not isinstance(provider, str) or not isinstance(model, str):
        return Request()
    name = (model.partition("/")[2] or model).removesuffix(":responses").removesuffix(":completions")
    return Request(provider=providers.provider_name(provider.partition(":")[0].removesuffix("-beta")), model=name)


def put_on_response(response: Any, lease: Lease) -> None:
    """Put a tap on what a response holds.

    Args:
        response: the response.
        lease: holds its call, which must have begun.
    """
    call, items = lease.begun(), response._chunk_iterator
    # Some streams send their request as they are asked for their first item: hooks of an SDK find the call then.
    sent = SendingAsync(call, items) if hasattr(items, "__anext__") else sending(call, items)
    response._chunk_iterator = tap(lease, sent, event_observer(call))
    note(response._chunk_iterator, lease)


def event_observer(call: Call) -> Callable[[Any], None]:
    """Observes the raw event in each of the chunks that holds one."""

    def observe(item: Any) -> None:
        try:
            if item.type == "raw_stream_event_chunk":
                call.observe(item.raw_stream_event)
        except Exception as error:  # noqa: BLE001 -- a guard's context manager would cost too much for each chunk
            call.telemetry.guard.failed("reader", "taking Mirascope's raw event", error)

    return observe


def is_metered_inside(items: Any, deepest: int = _DEEPEST) -> bool:
    """Whether an iterator reads a metered stream, an SDK's or a response's, through generators in each other."""
    frame = _frame(items)
    if (frame is not None or type(items).__module__.startswith(_OURS)) and items in _leases:
        return True
    if frame is None:
        lease = held(items).get(LEASE)
        return isinstance(lease, Lease)
    return deepest > 0 and any(is_metered_inside(each, deepest - 1) for each in [*frame.f_locals.values()])


def _frame(items: Any) -> Any:
    """The frame of a generator, sync or async; None of anything else, and of one that has ended."""
    return getattr(items, "gi_frame", None) or getattr(items, "ag_frame", None)
