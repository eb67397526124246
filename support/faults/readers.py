"""Known bugs of other instrumentations in what they make of a stream's events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from chunkmeter import readers
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.readers import Reader
from chunkmeter.readers._growing import Json
from support.faults import fault, put

__all__ = ["sum_usage"]

Read = Callable[[Tally, Any], None]


def _every_reader(faulty: Callable[[Read], Read]) -> None:
    for wire in readers.WIRES:
        reader = readers.for_wire(wire)
        readers._loaded[wire] = Reader(wire, reader.operation, faulty(reader.read))


@fault("corpus", "fuzz", into=_every_reader)
def sum_usage(read: Read) -> Read:
    """Adds up what each event says was used, as Mirascope does."""

    def faulty(tally: Tally, event: Any) -> None:
        before, alone = tally.tokens(), Tally()
        read(alone, event)
        said = asdict(alone.tokens())
        read(tally, event)
        if alone.tokens():
            known: dict[str, Any] = asdict(before)
            total = {name: n if known[name] is None else known[name] + (n or 0) for name, n in said.items()}
            tally.count_tokens = lambda usage: Tokens(**total)

    return faulty


@fault("corpus", into=_every_reader)
def last_finish_only(read: Read) -> Read:
    """Takes what the last event says for why it stopped, and so forgets it where usage comes last."""

    def faulty(tally: Tally, event: Any) -> None:
        alone = Tally()
        read(alone, event)
        read(tally, event)
        tally.reasons = alone.reasons

    return faulty


@fault("corpus", into=_every_reader)
def drop_cache(read: Read) -> Read:
    """Knows nothing of cached tokens."""

    def faulty(tally: Tally, event: Any) -> None:
        before = tally.count_tokens
        read(tally, event)
        count = tally.count_tokens
        if count is not None and count is not before:
            tally.count_tokens = lambda usage: replace(count(usage), cached_tokens=None, cache_write_tokens=None)

    return faulty


@fault("test")
def quadratic_framing() -> None:
    """Parses all of an event anew with each piece that may be its last."""
    grow = Json.grow

    def growing(text: Json, part: str) -> bool:
        grow(text, part)
        return part.rstrip().endswith(("}", "]"))

    put(Json, "grow", growing)
