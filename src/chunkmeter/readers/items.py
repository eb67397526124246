"""How to read what a stream hands out: its events as they are, inside something else, or in pieces of a raw body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ..tally import Tally
from . import Reader, UnknownWireError, for_event
from ._framing import Framing, is_raw

__all__ = ["reading"]

_Read = Callable[[Tally, Any], None]


def reading(tally: Tally, first: Any, reader: Reader | None) -> _Read | None:
    """How to fold the items of a stream into its tally, told by its first.

    Args:
        tally: where they will be folded; its `wire` is set as soon as that is known.
        first: the first item.
        reader: how the events are read; None to tell from them too.

    Returns:
        What folds each item, the first included; None where this one doesn't tell, but the next may.
    """
    inside = _inside(first)
    event = first if inside is None else inside(first)
    read = _framed(reader) if is_raw(event) else _native(tally, event, reader)
    return read if read is None or inside is None else lambda tally, item: read(tally, inside(item))


def _native(tally: Tally, event: Any, reader: Reader | None) -> _Read | None:
    try:
        reader = reader or for_event(event)
    except UnknownWireError:
        return None  # a keep-alive, maybe
    tally.wire = reader.wire
    return reader.read if tally.said is None else _kept(reader)


def _kept(reader: Reader) -> _Read:
    """Reads, and keeps the text that each event adds to the answer."""
    from .texts import texts  # most never need it

    def read_and_keep(tally: Tally, event: Any) -> None:
        reader.read(tally, event)
        if tally.said is not None:
            tally.said.extend(texts(reader.wire, event))

    return read_and_keep


def _framed(reader: Reader | None) -> _Read:
    """Reads the events of a raw body, and counts them instead of the pieces they came in."""
    framing = Framing()
    read: _Read | None = None

    def read_framed(tally: Tally, item: Any) -> None:
        nonlocal read
        events = framing.feed(item)
        tally.chunks += len(events) - 1
        for event in events:
            if not isinstance(event, dict):
                continue  # no JSON, so nothing that any reader knows
            if read is None:
                read = _native(tally, event, reader)
            if read is not None:
                read(tally, event)

    return read_framed


def _inside(item: Any) -> Callable[[Any], Any] | None:
    """What gets at the event in a pair: aiohttp's has whether a chunk ends on the wire, Mirascope's a tool."""
    if not isinstance(item, tuple) or not item:
        return None
    pair = cast("tuple[Any, ...]", item)
    return _first_part if is_raw(pair[0]) else _raw_chunk


def _first_part(item: Any) -> Any:
    return cast("tuple[Any, ...]", item)[0] if isinstance(item, tuple) and item else None


def _raw_chunk(item: Any) -> Any:
    """The raw event in a pair that a Mirascope stream hands out."""
    return getattr(_first_part(item), "chunk", None)
