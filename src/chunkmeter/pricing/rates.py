"""What the bundled table charges for a token, worked out once for each model, tier, place and period. Pure.

genai-prices works a price out anew for each call, which takes longer than all else of it. Nearly every call counts
classes of tokens whose price is a number, and that number is the same for the next call.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from genai_prices import Usage
from genai_prices.types import ModelInfo, ModelPrice, Provider, Tier, TieredPrices, calc_unit_price

from . import places, tiers
from .answers import Question
from .tokens import CLASSES

__all__ = [
    "FREE", "LINEAR", "PRICES", "Price", "Rates", "at_length", "context_of", "kept", "missing_tier",
]  # fmt: skip

Price = Decimal | TieredPrices

PRICES: Final = {name: f"{'output_' * (name == 'reasoning')}{name}_mtok" for name in CLASSES}
"""The names that genai-prices has for the price of each of our classes of token."""

# The table has no prices of a free model, just as of a model whose prices it doesn't know. Only the name tells.
FREE: Final = {"input": Decimal(0), "output": Decimal(0)}

LINEAR: Final = frozenset(("input", "cache_read", "cache_write", "output", "reasoning"))
"""The classes of which no token lies in two: their cost is their count times a price, whatever else a call counts."""

_MILLION: Final = 1_000_000
_NOTHING: Final = Decimal(0)
_MOST_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class Rates:
    """What tokens cost by a model's list, in one tier, place and period.

    Attributes:
        model: the table's id of the model.
        prices: the price of one token by class, of those of `LINEAR` that have one.
        unpriced: what no such price has, as in `Priced.unpriced`.
        by_request: whether the list has a fee for each request, too.
    """

    model: str
    prices: Mapping[str, Price]
    unpriced: tuple[str, ...]
    by_request: bool

    def cost(self, tokens: Mapping[str, int], input_tokens: int) -> dict[str, Decimal] | None:
        """The cost by class; None where there are tokens that no price is for.

        Args:
            tokens: the counts by class, of classes in `LINEAR` alone.
            input_tokens: all of the call's input, by which some prices change.
        """
        split: dict[str, Decimal] = {}
        for name, number in tokens.items():
            if not number:
                split[name] = _NOTHING
                continue
            price = self.prices.get(name)
            if price is None:
                return None
            if not isinstance(price, Decimal):
                price = at_length(price, input_tokens)
            split[name] = number * price
        return split


def kept(
    rates: MutableMapping[Hashable, Rates | None], name: tuple[str, str | None], asked: Question,
    provider: Provider, model: ModelInfo,
) -> Rates | None:  # fmt: skip
    """The rates of a call; None where the table's own arithmetic has to be asked.

    Args:
        rates: those of the same table that were worked out before.
        name: the model's name and the provider's id, by which the table has found the next two.
        asked: the call, whose tier, place and time count.
        provider: the table's provider.
        model: the table's model.
    """
    at = asked.at if asked.at.tzinfo else asked.at.replace(tzinfo=UTC)
    since = tuple(since <= at for since in places.CHANGES) if asked.region else ()
    key = (name, asked.service_tier, asked.region, since, *(rule.active(at) for rule in _rules(model)))
    try:
        return rates[key]
    except KeyError:
        if len(rates) >= _MOST_KEPT:
            rates.clear()
        found = rates[key] = _worked_out(asked, provider, model)
        return found


def _rules(model: ModelInfo) -> Iterator[Any]:
    """What says when a price of the model holds."""
    if not isinstance(model.prices, ModelPrice):
        yield from (each.constraint for each in model.prices if each.constraint is not None)
    yield from (each.constraint for each in model.price_variants or () if each.constraint is not None)


def _worked_out(asked: Question, provider: Provider, model: ModelInfo) -> Rates | None:
    context = context_of(provider, model, asked)
    try:  # the table refuses lists that lack the price of a whole
        model.calc_price(Usage(input_tokens=0), provider, genai_request_timestamp=asked.at, price_context=context)
    except ValueError:
        return None
    listed = vars(model.get_prices(asked.at, context))
    known: Mapping[str, Price] = {
        name: listed[theirs] for name, theirs in PRICES.items() if listed.get(theirs) is not None
    }  # fmt: skip
    if not known and model.id.endswith(":free"):
        known = FREE
    surcharge = places.factor(provider.id, model.id, asked)
    factor = _NOTHING if tiers.is_prepaid(asked.service_tier) and not context else surcharge or Decimal(1)
    prices = {name: _times(price, factor) for name in LINEAR if (price := _priced_as(name, known)) is not None}
    elsewhere = (f"region:{asked.region}",) if surcharge is None else ()
    by_request = listed.get("requests_kcount") is not None
    return Rates(model.id, prices, (*missing_tier(asked, context), *elsewhere), by_request)


def _priced_as(name: str | None, known: Mapping[str, Price]) -> Price | None:
    while name is not None and name not in known:
        name = CLASSES[name].priced_as
    return None if name is None else known[name]


def _times(price: Price, factor: Decimal) -> Price:
    """The price of one token, from that of a million."""
    if isinstance(price, Decimal):
        return price * factor / _MILLION
    steps = [Tier(step.start, step.price * factor / _MILLION) for step in price.tiers]
    return TieredPrices(price.base * factor / _MILLION, steps)


def context_of(provider: Provider, model: ModelInfo, asked: Question) -> dict[str, str]:
    """The table's name of a tier; empty where it has no prices of the model for it, at that time.

    The table calls batches a way of processing, and Anthropic's fast mode a speed. Where a provider sells another's
    model, as Azure does OpenAI's, it takes that one's list, and not its tiers.
    """
    tier = asked.service_tier
    if not tier or not any(model is each for each in provider.models):
        return {}
    kind = "processing" if tier == "batch" else "service_tier"
    if (provider.id, tier) == ("anthropic", "fast"):
        kind = "speed"
    context = {kind: tier}
    # A variant without prices, such as that of OpenAI's `default`, would only slow the table down.
    differs = any(
        variant.when == context
        and any(vars(variant.prices).values())
        and (variant.constraint is None or variant.constraint.active(asked.at))
        for variant in model.price_variants or ()
    )
    return context if differs else {}


def missing_tier(asked: Question, context: Mapping[str, str]) -> tuple[str, ...]:
    """The service tier, if it is not the usual one and the table has no prices of it."""
    return () if context or tiers.is_usual(asked.service_tier) else (f"tier:{asked.service_tier}",)


def at_length(price: Price, input_tokens: int) -> Decimal:
    """The price in a call with so much input: some prices change with that."""
    return price if isinstance(price, Decimal) else calc_unit_price(price, 1, input_tokens, 1)
