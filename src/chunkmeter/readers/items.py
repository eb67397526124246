"""Finds the events in what a stream hands out: events as they are, events in pairs, or pieces of a raw body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from ..facts.tally import Tally
from . import Reader, UnknownWireError, for_event
from ._framing import Framing, is_event, is_raw
from ._repeated import Repeated
from .quiet import Quiet, never

__all__ = ["Body", "Quiet", "Read", "Reading", "never", "reading"]

Read = Callable[[Tally, Any], None]
"""Folds one item into a tally."""


class Reading(NamedTuple):
    """What folds an item into a tally, and what tells that it need not."""

    read: Read
    quiet: Quiet


class Body:
    """Reads a raw body, whose pieces are the items of a stream.

    Args:
        reader: the reader of its events; None to tell the wire from the first of them.
        inside: gets the piece out of an item; None where the item is the piece.
    """

    def __init__(self, reader: Reader | None, inside: Callable[[Any], Any] | None) -> None:
        self._framing = Framing()
        self._reader, self._inside = reader, inside
        self._reading: Reading | None = None
        self._repeated = Repeated()
        self._alone: Any = None
        """The last piece, if nothing was under way before it and nothing is after it."""

    @property
    def is_text(self) -> bool:
        """Whether what comes is no body but text, such as an SDK's helper makes of events."""
        return self._framing.is_text

    def events(self, item: Any) -> list[Any]:
        """The events that this item completes."""
        piece, begun = item if self._inside is None else self._inside(item), not self._framing.at_rest
        events = self._framing.feed(piece)
        self._alone = None if begun or not self._framing.at_rest else piece
        return events

    def quiet(self, tally: Tally, item: Any) -> bool:
        """Whether a piece is one more event like the last quiet one."""
        if not self._repeated.fits(item if self._inside is None else self._inside(item)) or not self._framing.at_rest:
            return False
        self._framing.passed_over()
        return True

    def read(self, tally: Tally, events: list[Any]) -> None:
        """Fold events of this body into the tally."""
        for event in events:
            if not isinstance(event, dict):
                continue  # a text that is no JSON, which no reader knows
            if self._reading is None:
                self._reading = _native(tally, event, self._reader)
            if self._reading is None:
                continue
            if not self._reading.quiet(tally, event):
                self._reading.read(tally, event)
            elif len(events) == 1:
                self._repeated.learn(self._alone)


def reading(tally: Tally, first: Any, reader: Reader | None) -> Reading | Body | None:
    """Choose how the items of a stream are folded into its tally, by its first item.

    Args:
        tally: the tally of the call; its `wire` is set as soon as that is known.
        first: the first item.
        reader: the reader of the events; None to tell the wire from the first of them.

    Returns:
        What folds each item, the first included; a `Body` where the items are pieces of one; None where this item
        doesn't tell, and the next may.
    """
    if is_event(first):
        return _native(tally, first, reader)
    inside = _inside(first)
    event = first if inside is None else inside(first)
    if is_raw(event):
        return Body(reader, inside)
    native = _native(tally, event, reader)
    if native is None or inside is None:
        return native
    return Reading(lambda tally, item: native.read(tally, inside(item)), never)


def _native(tally: Tally, event: Any, reader: Reader | None) -> Reading | None:
    try:
        reader = reader or for_event(event)
    except UnknownWireError:
        return None  # perhaps a keep-alive
    tally.wire = reader.wire
    quiet = reader.quiet_json if isinstance(event, dict) else reader.quiet
    if tally.said is not None:
        return Reading(_kept(reader, quiet), never)  # every piece of text counts
    return Reading(reader.read, quiet)


def _kept(reader: Reader, quiet: Quiet) -> Read:
    """A function that reads an event, and keeps the text that it adds to the answer."""
    from .texts import texts  # needed for estimates only

    def read_and_keep(tally: Tally, event: Any) -> None:
        if not quiet(tally, event):
            reader.read(tally, event)
        if tally.said is not None:
            tally.said.extend(texts(reader.wire, event))

    return read_and_keep


def _inside(item: Any) -> Callable[[Any], Any] | None:
    """A function that gets the event out of a pair; None where the item is no pair.

    aiohttp pairs a piece with whether it ends a chunk of the body, Mirascope pairs a chunk with a tool.
    """
    if not isinstance(item, tuple) or not item:
        return None
    pair = cast("tuple[Any, ...]", item)
    return _first_part if is_raw(pair[0]) else _raw_chunk


def _first_part(item: Any) -> Any:
    return cast("tuple[Any, ...]", item)[0] if isinstance(item, tuple) and item else None


def _raw_chunk(item: Any) -> Any:
    """The raw event in a pair: Mirascope's has a chunk around it, xAI's SDK pairs it with the response so far."""
    first = _first_part(item)
    return item[-1] if first is not None and not hasattr(first, "chunk") else getattr(first, "chunk", None)
