"""Known bugs of other instrumentations, planted for `FAULT=name make corpus`, which has to find them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from chunkmeter import pricing, readers
from chunkmeter.readers import Reader
from chunkmeter.tally import Tally, Tokens
from tests.price_faults import double_cached

__all__ = ["FAULTS", "plant"]

Read = Callable[[Tally, Any], None]


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


def last_finish_only(read: Read) -> Read:
    """Takes what the last event says for why it stopped, and so forgets it where usage comes last."""

    def faulty(tally: Tally, event: Any) -> None:
        alone = Tally()
        read(alone, event)
        read(tally, event)
        tally.reasons = alone.reasons

    return faulty


def drop_cache(read: Read) -> Read:
    """Knows nothing of cached tokens."""

    def faulty(tally: Tally, event: Any) -> None:
        before = tally.count_tokens
        read(tally, event)
        count = tally.count_tokens
        if count is not None and count is not before:
            tally.count_tokens = lambda usage: replace(count(usage), cached_tokens=None, cache_write_tokens=None)

    return faulty


_IN_READERS = {"sum-usage": sum_usage, "last-finish-only": last_finish_only, "drop-cache": drop_cache}
_IN_PRICES = {"double-cached": double_cached}
FAULTS = (*_IN_READERS, *_IN_PRICES)


def plant(fault: str) -> None:
    """Put a known bug into every reader, or where it lies."""
    if fault in _IN_PRICES:
        pricing.price = _IN_PRICES[fault](pricing.price)
        return
    for wire in readers.WIRES:
        reader = readers.for_wire(wire)
        readers._loaded[wire] = Reader(wire, reader.operation, _IN_READERS[fault](reader.read))
