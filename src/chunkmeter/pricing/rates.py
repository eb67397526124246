"""What tokens cost in calls that are alike, worked out once: the price of a token, and all else that they say. Pure.

Nearly every call counts classes of tokens whose price is a number, and that number is the same for the next call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from functools import reduce
from typing import Any, Final

from .. import semconv
from .answers import UNKNOWN_MODEL, Answer, Priced
from .tokens import CLASSES, LINEAR

__all__ = ["A_TOKEN", "DECIMALS", "Rates", "rates", "times"]

A_TOKEN: Final = Decimal("0.000001")
"""The factor from the price of a million tokens to that of one."""
DECIMALS: Final = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[DivisionByZero, InvalidOperation, Overflow])
"""The application may have set a coarser precision for its own decimals, and what is worked out once counts for all."""
_NOTHING: Final = Decimal(0)
_FINEST: Final = -17
"""The least exponent of the price of one token, which is below `_DEAREST`. A decimal has room for 28 digits: with these
no product with a count, and no sum of such products, is ever rounded, in whichever order it is worked out."""
_DEAREST: Final = 10
_multiply, _add = DECIMALS.multiply, DECIMALS.add

_Prices = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Rates:
    """What tokens cost in calls that are alike.

    Attributes:
        prices: the price of one token by class, of those of `LINEAR` that have one; all factors are in it.
        longer: the same for calls with more input than so many tokens, the longest first.
        model: the price table's id of the model.
        version: the name and version of the price table.
        currency: the currency's ISO 4217 code.
        unpriced: what no such price has, as in `Priced.unpriced`, sorted.
        multiplier: the factor of the price file that is in `prices`.
        assumed: whether nobody knows that the provider answers.
        own: whether the prices stand in the user's price file.
    """

    prices: _Prices
    longer: tuple[tuple[int, _Prices], ...]
    model: str
    version: str
    currency: str = semconv.CURRENCY
    unpriced: tuple[str, ...] = ()
    multiplier: Decimal = Decimal(1)
    assumed: bool = False
    own: bool = False
    _said: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    """What all calls' answers say, by the fields of `Priced`."""

    def __post_init__(self) -> None:
        same = Priced(
            _NOTHING, self.currency, "local", self.model, self.version,
            multiplier=self.multiplier, unpriced=self.unpriced, assumed=self.assumed,
        )  # fmt: skip
        object.__setattr__(self, "_said", vars(same))

    def cost(self, tokens: Mapping[str, int], input_tokens: int) -> Answer:
        """What a call costs; the model's answer is unknown where it has tokens that no price is for.

        Args:
            tokens: the counts by class, as `tokens.linear` gives them.
            input_tokens: all of the call's input, by which some prices change.
        """
        prices = self.prices
        if self.longer:
            prices = next((longer for above, longer in self.longer if input_tokens > above), prices)
        split = dict.fromkeys(tokens, _NOTHING)
        try:
            for name, number in tokens.items():
                if number:
                    split[name] = _multiply(prices[name], number)
        except KeyError:
            return UNKNOWN_MODEL
        answer = Priced.__new__(Priced)  # in one step: to set ten frozen fields takes as long as all of the above
        vars(answer).update(self._said, amount=reduce(_add, split.values()), split=split)
        return replace(answer, own=frozenset(split)) if self.own else answer


def rates(prices: _Prices, longer: Iterable[tuple[int, _Prices]], factor: Decimal, **said: Any) -> Rates | None:
    """The rates of prices times a factor; None where an amount of theirs might be rounded.

    Args:
        prices: a price by class. A class without one is priced as the class it is part of.
        longer: the same for calls with more input than so many tokens, in any order.
        factor: what all prices are multiplied with: `A_TOKEN`, where they are those of a million tokens.
        **said: the other attributes of `Rates`.
    """
    steps = sorted(longer, key=lambda step: step[0], reverse=True)
    with localcontext(DECIMALS) as context:
        context.traps[Inexact] = True
        try:
            first, *rest = (_multiplied(each, factor) for each in (prices, *(each for _, each in steps)))
        except Inexact:
            return None
    if not all(map(_are_exact, (first, *rest))):
        return None
    return Rates(first, tuple(zip((above for above, _ in steps), rest, strict=True)), **said)


def times(known: Rates, factor: Decimal, unpriced: tuple[str, ...]) -> Rates | None:
    """List prices times a factor of the price file's; None where an amount might be rounded.

    Args:
        known: the rates at list prices.
        factor: the factor.
        unpriced: what the answer lacks with that.
    """
    multiplied = rates(known.prices, known.longer, factor, model=known.model, version=known.version)
    return multiplied and replace(
        known, prices=multiplied.prices, longer=multiplied.longer, multiplier=factor, unpriced=unpriced
    )


def _multiplied(prices: _Prices, factor: Decimal) -> _Prices:
    return {name: price * factor for name in LINEAR if (price := _priced_as(name, prices)) is not None}


def _priced_as(name: str | None, prices: _Prices) -> Decimal | None:
    while name is not None and name not in prices:
        name = CLASSES[name].priced_as
    return None if name is None else prices[name]


def _are_exact(prices: _Prices) -> bool:
    return all(price < _DEAREST and _decimals(price) >= _FINEST for price in prices.values())


def _decimals(price: Decimal) -> int:
    exponent = price.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else _FINEST - 1
