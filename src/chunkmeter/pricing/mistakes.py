"""What is wrong in a price file whose parts each have the right form. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import semconv
from .entry import Multiplier, OwnModel, Prices, Rates
from .items import ITEMS
from .meant import fee_of_many
from .overlay import Overlay
from .reached import Place, unreached

__all__ = ["mistakes"]

Mistake = tuple[Place, str]

_NO_PRICES = (
    "is missing: write prices per million tokens, such as prices = { input = 2.50, output = 10 }; or where tokens are "
    'free, prices = { input = 0, output = 0 }; or base = "table" for the prices of the bundled table'
)
_OTHER_CURRENCY = "the table's prices are in USD, and nothing is converted: leave it out, or leave out base"
_TWICE = (
    "multipliers[%d] is about the same calls from a later day on, and both would count: leave combine out of both for "
    "the later one to replace the earlier, or write the earlier one above for both to count"
)


def mistakes(overlay: Overlay) -> Iterator[Mistake]:
    """Where each mistake is, and what to write instead."""
    for number, entry in enumerate(overlay.models):
        for place, message in (*_incomplete(entry), *_dear(entry)):
            yield ("models", number, *place), message
    alone = [number for number, entry in enumerate(overlay.multipliers) if not entry.combine]
    yield from unreached("models", overlay.models, range(len(overlay.models)))
    yield from unreached("aliases", overlay.aliases, range(len(overlay.aliases)))
    yield from unreached("multipliers", overlay.multipliers, alone)
    yield from _counted_twice(overlay.multipliers)


def _incomplete(entry: OwnModel) -> Iterator[Mistake]:
    if entry.base is not None:
        if entry.currency != semconv.CURRENCY:
            yield ("currency",), _OTHER_CURRENCY
    elif "prices" not in entry.model_fields_set:
        yield ("prices",), _NO_PRICES
    else:
        yield from _lacking(("prices",), entry.prices)
        for name, prices in entry.tiers.items():
            yield from _lacking(("tiers", name), prices)


def _lacking(place: Place, rates: Rates) -> Iterator[Mistake]:
    for name in ("input", "output"):
        if getattr(rates, name) is None:
            yield (*place, name), f"is missing: write {name} = a number, such as 2.50"
    if isinstance(rates, Prices):
        for at, each in enumerate(rates.long_context):
            yield from _lacking((*place, "long_context", at), each)


def _dear(entry: OwnModel) -> Iterator[Mistake]:
    """Fees that are those of many items. What a currency other than USD is worth isn't known."""
    if entry.currency != semconv.CURRENCY:
        return
    for name, amount in entry.fees.items():
        wrong = fee_of_many(ITEMS[name], amount) if name in ITEMS else None
        if wrong is not None:
            yield ("fees", name), wrong


def _counted_twice(entries: Sequence[Multiplier]) -> Iterator[Mistake]:
    """Factors of which the later one stands above the earlier as if to replace it, though both count."""
    above: dict[object, int] = {}
    for number, entry in enumerate(entries):
        if not entry.combine:
            continue
        calls = entry.same_calls()
        other = above.get(calls)
        later = None if other is None else entries[other].since
        if later is not None and (entry.since is None or entry.since < later):
            yield ("multipliers", number, "combine"), _TWICE % other
        above[calls] = number
