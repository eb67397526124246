"""Readers: one module a wire format, each folding raw events into a `Tally`. No OpenTelemetry, no SDK.

A reader module has `WIRE`, `OPERATION` and `read(tally, event)`. To add one: write the module, add its row to
`_wires.ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ..tally import Tally
from . import _wires

if TYPE_CHECKING:
    from ..models import CallResponseChunk

__all__ = ["WIRES", "Reader", "UnknownWireError", "for_event", "for_provider", "for_wire", "known", "normalize"]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one wire format is read.

    Attributes:
        wire: its name, as `wrap(wire=...)` takes it.
        operation: `gen_ai.operation.name` of a call on this wire.
        read: folds one raw event into a tally.
    """

    wire: str
    operation: str
    read: Callable[[Tally, Any], None]


class UnknownWireError(LookupError):
    """No reader fits. The message says what was given and what to give instead."""


WIRES: tuple[str, ...] = tuple(sorted(_wires.ROWS))
_loaded: dict[str, Reader] = {}


def for_wire(wire: str) -> Reader:
    """The reader of a wire format by its name.

    Raises:
        UnknownWireError: if there is no such wire.
    """
    if wire not in _loaded:
        if wire not in _wires.ROWS:
            raise UnknownWireError(f"wire={wire!r} is not known: write one of {', '.join(WIRES)}")
        module = import_module(f"{__name__}.{wire}")
        _loaded[wire] = Reader(module.WIRE, module.OPERATION, module.read)
    return _loaded[wire]


def for_provider(provider: str) -> Reader:
    """The reader of a provider's native wire, by any spelling of the provider.

    Raises:
        UnknownWireError: if the provider is not known.
    """
    wire = _wires.of_provider(provider)
    if wire is None:
        names = ", ".join(_wires.PROVIDERS)
        raise UnknownWireError(f"provider={provider!r} has no reader: write one of {names}, or name a wire")
    return for_wire(wire)


def known(provider: str | None) -> Reader | None:
    """The reader of a provider's native wire, None where there is none."""
    wire = _wires.of_provider(provider) if provider else None
    return for_wire(wire) if wire else None


def for_event(event: Any) -> Reader:
    """The reader that fits a raw event, told by the module of its class or, for a dict, by what it says.

    Raises:
        UnknownWireError: if none does.
    """
    wire = _wires.of_event(event)
    if wire is None:
        kind = cast("type[Any]", type(event))
        raise UnknownWireError(f"an event of {kind.__module__}.{kind.__qualname__} fits no known wire")
    return for_wire(wire)


def normalize(raw_chunk: Any, provider: str | None = None, *, wire: str | None = None) -> CallResponseChunk:
    """What one raw chunk alone says, as a `CallResponseChunk`.

    Args:
        raw_chunk: the provider SDK's event object, or its JSON as a dict.
        provider: any spelling of the provider, for a chunk that doesn't tell its format by itself.
        wire: the wire format's name, where neither tells (see `WIRES`).

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
    """The chunk's own shape decides: a provider may speak another's wire, as Google does OpenAI's."""
    try:
        return for_event(raw_chunk)
    except UnknownWireError:
        if provider is None:
            raise
        return for_provider(provider)
