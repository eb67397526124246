"""What the bundled table charges for a token of a model, in one tier, place and period. Pure.

https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from genai_prices import Usage
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    calc_unit_price,
)

from . import places, tiers
from .answers import Question
from .rates import A_TOKEN, Rates, rates
from .resolved import Conditions
from .tokens import CLASSES

__all__ = ["FREE", "PRICES", "Price", "at_length", "conditions", "context_of", "missing_tier", "rates_of"]

Price = Decimal | TieredPrices
_DAY: Final = 24 * 60 * 60

PRICES: Final = {name: f"{'output_' * (name == 'reasoning')}{name}_mtok" for name in CLASSES}
"""The names that genai-prices has for the price of each of our classes of token."""

# The table has no prices of a free model, just as of a model whose prices it doesn't know. Only the name tells.
FREE: Final = {"input": Decimal(0), "output": Decimal(0)}


def conditions(model: ModelInfo, region: str | None) -> Conditions:
    """What says when the prices of a model hold."""
    told: list[Any] = []
    if not isinstance(model.prices, ModelPrice):
        told += (each.constraint for each in model.prices if each.constraint is not None)
    told += (each.constraint for each in model.price_variants or () if each.constraint is not None)
    if region:
        told += places.CHANGES
    return Conditions(tuple(told), by_day=all(map(_is_by_day, told)))


def _is_by_day(condition: Any) -> bool:
    if isinstance(condition, places.Change):
        return condition.since.timestamp() % _DAY == 0
    return type(condition) is StartDateConstraint


def rates_of(asked: Question, provider: Provider, model: ModelInfo, version: str) -> Rates | None:
    """The rates of a call; None where the table's own arithmetic has to be asked.

    Args:
        asked: the call, whose tier, place and time count.
        provider: the table's provider.
        model: the table's model.
        version: the table's name and version.
    """
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
    factor = Decimal(0) if tiers.is_prepaid(asked.service_tier) and not context else surcharge or Decimal(1)
    lengths = {step.start for price in known.values() if isinstance(price, TieredPrices) for step in price.tiers}
    missing = [*missing_tier(asked, context)]
    if surcharge is None:
        missing.append(f"region:{asked.region}")
    if listed.get("requests_kcount") is not None and not any(item.name == "request" for item in asked.items):
        missing.append("request")
    return rates(
        {name: at_length(price, 0) for name, price in known.items()},
        [(above, {name: at_length(price, above + 1) for name, price in known.items()}) for above in lengths],
        A_TOKEN * factor, model=model.id, version=version, unpriced=tuple(sorted(missing)), assumed=asked.assumed,
    )  # fmt: skip


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
