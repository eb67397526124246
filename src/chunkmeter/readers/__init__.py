"""The readers: one module for each wire, which folds raw events into a `Tally`. None imports OpenTelemetry or an SDK.

A reader module has `WIRE`, `OPERATION` and `read(tally, event)`, and `REASONS = False` where its wire has no word for
why an answer ended. One that can tell quickly that an event says nothing has `quiet` or `quiet_json` (`readers.quiet`).
docs/architecture.md says how to add one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ..facts.tally import Tally
from ..providers import SPELLINGS
from ..providers import provider as provider_row
from . import _wires
from .quiet import Quiet, never

if TYPE_CHECKING:
    from ..models import CallResponseChunk

__all__ = ["WIRES", "Reader", "UnknownWireError", "for_event", "for_provider", "for_wire", "known", "normalize"]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one wire is read.

    Attributes:
        wire: its name, as `wrap(wire=...)` takes it.
        operation: `gen_ai.operation.name` of a call on this wire.
        read: folds one raw event into a tally.
        reasons: whether the wire has a word for why an answer ended.
        quiet: whether an SDK's event says nothing but that it has come.
        quiet_json: whether a JSON event does.
    """

    wire: str
    operation: str
    read: Callable[[Tally, Any], None]
    reasons: bool = True
    quiet: Quiet = never
    quiet_json: Quiet = never


class UnknownWireError(LookupError):
    """No reader fits. The message says what was given and what to give instead."""


WIRES: tuple[str, ...] = tuple(sorted(_wires.ROWS))
_loaded: dict[str, Reader] = {}


def for_wire(wire: str) -> Reader:
    """The reader of a wire, by the wire's name.

    Raises:
        UnknownWireError: if there is no such wire.
    """
    if wire not in _loaded:
        if wire not in _wires.ROWS:
            raise UnknownWireError(f"wire={wire!r} is not known: write one of {', '.join(WIRES)}")
        module = import_module(f"{__name__}.{wire}")
        told = vars(module)
        _loaded[wire] = Reader(
            module.WIRE,
            module.OPERATION,
            module.read,
            told.get("REASONS", True),
            told.get("quiet", never),
            told.get("quiet_json", never),
        )
    return _loaded[wire]


def for_provider(provider: str) -> Reader:
    """The reader of the wire that a provider speaks, by any spelling of the provider.

    Raises:
        UnknownWireError: if the provider is not known.
    """
    reader = known(provider)
    if reader is None:
        names = ", ".join(sorted(name for name, row in SPELLINGS.items() if row.wire))
        raise UnknownWireError(f"provider={provider!r} has no reader: write one of {names}, or name a wire")
    return reader


def known(provider: str | None) -> Reader | None:
    """The reader of the wire that a provider speaks; None where it is not known."""
    row = provider_row(provider)
    return for_wire(row.wire) if row and row.wire else None


def for_event(event: Any) -> Reader:
    """The reader that fits a raw event. The class of an SDK's event tells it, or what a dict says.

    Raises:
        UnknownWireError: if no reader fits.
    """
    wire = _wires.of_event(event)
    if wire is None:
        kind = cast("type[Any]", type(event))
        named = f"{kind.__module__}.{kind.__qualname__}"
        raise UnknownWireError(f"an event of {named} fits no known wire: name its provider or its wire")
    return for_wire(wire)


def normalize(raw_chunk: Any, provider: str | None = None, *, wire: str | None = None) -> CallResponseChunk:
    """Read one raw chunk by itself.

    Args:
        raw_chunk: the provider SDK's event object, or its JSON as a dict.
        provider: any spelling of the provider; it counts where the chunk doesn't tell its wire itself.
        wire: the wire's name, one of `WIRES`; it counts before anything else.

    Returns:
        What this chunk says, as a `CallResponseChunk`.

    Raises:
        UnknownWireError: if nothing tells how to read the chunk.
    """
    from ..models import CallResponseChunk

    reader = for_wire(wire) if wire else _reader(raw_chunk, provider)
    tally = Tally()
    tally.wire = reader.wire
    reader.read(tally, raw_chunk)
    return CallResponseChunk.from_tally(tally)


def _reader(raw_chunk: Any, provider: str | None) -> Reader:
    """The reader of a chunk, by its shape first: a provider may speak another's wire, as Google does OpenAI's."""
    try:
        return for_event(raw_chunk)
    except UnknownWireError:
        if provider is None:
            raise
        return for_provider(provider)
