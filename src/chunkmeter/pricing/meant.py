"""What was probably meant by a value that would price wrongly. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from .. import semconv
from ..shown import quoted
from .items import ITEMS, ItemKind
from .tiers import KNOWN, service_tier
from .tokens import CLASSES

__all__ = ["GPU_HOURS", "UNTIL", "factor", "fee_of_many", "field", "item", "shown", "tier", "token_price"]

_LEAST_PRICE = Decimal("0.001")
"""USD a million tokens. No list has less, but 0."""
_MOST_FACTOR = 10
_MOST_LISTED = 1000
"""USD. No list has more for as many items as its price is for: a thousand searches, an hour of audio."""
_MILLION = 1_000_000
_DIGITS = 20

GPU_HOURS: Final = (
    "hours of a GPU are paid for whether calls come or not, so no call has a price of them: write prices of a million "
    "tokens, the USD an hour / the tokens an hour * 1,000,000; or prices of 0, and add the hours from the invoice"
)
UNTIL: Final = (
    "an entry ends where another begins: write another one above it, about the same calls, with valid_from = the day "
    "after and what is charged from then on"
)
_HOURLY: Final = frozenset(("gpu", "gpus", "hour", "hours", "hourly", "gpuhour", "gpuhours"))
_ENDS: Final = frozenset(
    (
        "valid_until",
        "valid_to",
        "valid_till",
        "valid_through",
        "until",
        "end",
        "ends",
        "end_date",
        "expires",
        "expires_at",
    )
)
_SHORT: Final = {
    "search": "web_search", "second": "audio_second", "char": "character", "call": "request", "minute": "audio_second",
    "audio_hour": "audio_second", "audio_minute": "audio_second",
    "rerank": "search_unit", "generated_image": "image", "grounding": "web_search",
}  # fmt: skip
_TAKEN: Final = frozenset(
    value.removeprefix(semconv.COST_SPLIT)
    for value in vars(semconv).values()
    if isinstance(value, str) and value.startswith(semconv.COST_SPLIT)
) - {""}
"""What stands behind `chunkmeter.cost.` and is no part of an amount."""


def token_price(amount: Decimal) -> Decimal:
    """A price of a million tokens. Raises a ValueError for one that is that of one token."""
    if not 0 < amount < _LEAST_PRICE:
        return amount
    said = f"{shown(amount)} for a million tokens is less than any model costs"
    million = amount * _MILLION
    if million < _LEAST_PRICE:
        raise ValueError(f"{said}: write the price of a million tokens, or 0 for none")
    raise ValueError(f"{said}: write {shown(million)} if it is the price of one token")


def factor(number: Decimal) -> Decimal:
    """A factor on list prices. Raises a ValueError for one above 10, which is probably a percentage."""
    if number <= _MOST_FACTOR:
        return number
    said = f"{shown(number)} times the list price is more than anybody pays"
    if number > 100 * _MOST_FACTOR:
        raise ValueError(f"{said}: write a factor, such as 0.85 for 15 percent off")
    meant = f"write {shown(number / 100)} for {shown(number)} percent of the list price"
    if number < 100:
        meant += f", or {shown(1 - number / 100)} for {shown(number)} percent off"
    raise ValueError(f"{said}: {meant}")


def fee_of_many(kind: ItemKind, amount: Decimal) -> str | None:
    """What is wrong with a fee in USD that is that of as many items as lists give prices for; None if it isn't.

    A request may cost anything.
    """
    if kind.per == 1 or kind.name == "request" or amount * kind.per <= _MOST_LISTED:
        return None
    return (
        f"{shown(amount)} USD for one of the {kind.meaning} is more than any list has: write "
        f"{shown(amount / kind.per)} if it is the price of {kind.per:,}"
    )


def tier(name: str) -> str:
    """A service tier in any spelling. Raises a ValueError for one that is nearly a known one, and fits no call."""
    word = service_tier(name)
    near = _near(word or "", KNOWN, 0.85)
    if word not in KNOWN and near is not None:
        raise ValueError(f"{quoted(name)} is the tier of no call: write {near}")
    return name


def item(name: str) -> str:
    """An item's name. Raises a ValueError for one that no call is charged for, or that means something else."""
    wrong = _wrong_item(name)
    if wrong is not None:
        raise ValueError(wrong)
    return name


@lru_cache(maxsize=512)
def _wrong_item(name: str) -> str | None:
    word = name.lower().replace("-", "_").replace(" ", "_")
    if word in _TAKEN:
        return f"{quoted(name)} is no item, as chunkmeter.cost.{word} on a span is something else: write another name"
    if word in CLASSES or word.removesuffix("_tokens") in CLASSES:
        return f"{quoted(name)} is a class of tokens, and no item: write its price in prices"
    if _is_hourly(word):
        return f"{quoted(name)}: {GPU_HOURS}"
    if ":" in word:
        return f"{quoted(name)} is no item: write the price of a tier in tiers, that of a model in an entry of its own"
    kind = ITEMS.get(word) or next((ITEMS[each] for each in _singular(word) if each in ITEMS), None)
    if kind is None:
        near = next((_SHORT[each] for each in (word, *_singular(word)) if each in _SHORT), None)
        near = near or _near(word, ITEMS, 0.85)
        kind = ITEMS[near] if near else None
    if kind is None or kind.name == name:
        return None
    return f"{quoted(name)} is no item: write {kind.name}, the price of one of the {kind.meaning}"


def field(name: str) -> str | None:
    """What to write in place of a field that people expect and that no price file has; None for any other."""
    word = name.lower().replace("-", "_")
    if word in _ENDS:
        return UNTIL
    return GPU_HOURS if _is_hourly(word) else None


def _is_hourly(word: str) -> bool:
    """Whether a word speaks of hours, and not of those of audio, which are told by the second."""
    parts = set(word.split("_"))
    return bool(parts & _HOURLY) and "audio" not in parts


def shown(number: Decimal) -> str:
    """The number as people write it."""
    return f"{number.normalize():f}" if abs(number.adjusted()) < _DIGITS else str(number)


def _singular(word: str) -> tuple[str, ...]:
    return tuple(word.removesuffix(end) for end in ("s", "es") if word.endswith(end))


def _near(word: str, known: Iterable[str], least: float) -> str | None:
    found = difflib.get_close_matches(word, list(known), 1, least)
    return found[0] if found else None
