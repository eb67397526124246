"""Prices of a file that count instead of the bundled table's for some classes of a listed model's tokens. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal

from .tokens import CLASSES

__all__ = ["Stated", "instead"]


@dataclass(frozen=True, slots=True)
class Stated:
    """Prices that an entry states.

    Attributes:
        rates: USD per million tokens, by class.
        of_tier: whether they are stated for the call's service tier. Others count only where the table has no prices
            of that tier.
        of_length: whether they are stated for input as long as the call's. Others count only where the table has no
            price of its own for input as long as that.
    """

    rates: Mapping[str, Decimal]
    of_tier: bool
    of_length: bool


def instead(
    stated: Sequence[Stated],
    classes: AbstractSet[str],
    listed: AbstractSet[str],
    *,
    tier_is_listed: bool,
    long: AbstractSet[str],
) -> dict[str, tuple[Decimal, Stated]]:
    """The classes that have a stated price, with it. A class without any price is priced as the one it lies in.

    Args:
        stated: what the entry states, what counts first before the rest.
        classes: the classes of the call's tokens.
        listed: the classes that the table has a price of its own for.
        tier_is_listed: whether the table's prices are those of the call's service tier, and not the usual ones.
        long: the classes whose price in the table is another one because the input is long.
    """
    found: dict[str, tuple[Decimal, Stated]] = {}
    for name in classes:
        priced_as: str | None = name
        while priced_as is not None:
            for each in stated:
                if (
                    priced_as in each.rates
                    and (each.of_tier or not tier_is_listed)
                    and (each.of_length or priced_as not in long)
                ):
                    found[name] = each.rates[priced_as], each
                    break
            if name in found or priced_as in listed:
                break
            priced_as = CLASSES[priced_as].priced_as
    return found
