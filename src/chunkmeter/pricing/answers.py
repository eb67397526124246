"""What a price source is asked, what it answers, and how a cost is split by class of token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from .. import semconv, text
from .instead import Stated
from .items import Inner, Item
from .tokens import CLASSES, Tokens

__all__ = [
    "ELSEWHERE",
    "IMPOSSIBLE",
    "MOST_COST",
    "UNKNOWN_MODEL",
    "Answer",
    "CostStatus",
    "Otherwise",
    "Priced",
    "Question",
    "Unpriced",
    "cost_of",
    "possible",
]

CostStatus = Literal[
    "known", "partial", "estimated", "incomplete", "assumed", "unknown_model", "no_usage", "impossible_usage", "failed",
    "elsewhere",
]  # fmt: skip
"""The words before `unknown_model` say how far to trust a cost, the others why there is none: `elsewhere` where another
instrumentation's span of the same call has been counted first."""

MOST_COST: Final = 1_000_000
"""More USD than any call costs: what 1e9 tokens come to at 1,000 USD a million, a price that no list has.

A counter is a float. Behind a sum of 9e17 it would lose every later cent; behind this it keeps billionths of a USD."""
_MOST_OF_OTHERS = 1000 * MOST_COST
"""The same in other currencies. None is converted here, and a USD is hundreds or thousands of some."""
_MILLION = 1_000_000
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Question:
    """A call to be priced.

    Attributes:
        usage: token counts; input includes cached tokens, output includes reasoning.
        model: the model that answered.
        request_model: the model asked for.
        provider: the conventions' name of the provider, None if unknown.
        service_tier: the tier that served the call, in lower case (flex, priority, batch, fast, ...).
        region: where the call was served, as the provider names it.
        server_address: the host that served the call.
        provider_cost: the cost in USD that the provider itself returned.
        several_models: whether the usage is that of several models, whose prices differ.
        at: when the request was made.
        inner: the calls of models that this call is made of, where the provider charges each by itself.
        items: what else the call is charged for.
        item: the one item that a price source is asked about, instead of the usage.
        assumed: whether nobody knows that `provider` answers: then only a model that it lists by name has its price.
        stated: prices of the user's file that count instead of the table's own, what counts first before the rest.
    """

    usage: Tokens | None
    model: str | None = None
    request_model: str | None = None
    provider: str | None = None
    service_tier: str | None = None
    region: str | None = None
    server_address: str | None = None
    provider_cost: float | None = None
    several_models: bool = False
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    inner: tuple[Inner, ...] = ()
    items: tuple[Item, ...] = ()
    item: Item | None = None
    assumed: bool = False
    stated: tuple[Stated, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The model's names. The one that answered comes first, since that is the one to be paid for."""
        # No price table has a longer name: what comes after counts for nothing.
        return tuple(name[: text.NAME] for name in dict.fromkeys((self.model, self.request_model)) if name)


@dataclass(frozen=True)  # without slots, so that `Rates.cost` sets what calls share in one step
class Priced:
    """What a call cost.

    Attributes:
        amount: the cost, in `currency`.
        currency: the currency's ISO 4217 code.
        source: `provider` where the response carried the cost, else `local`.
        model: the price table's id of the model; None where the provider priced the call.
        version: the name and version of the price table; None where the provider priced the call.
        split: `amount` by class of token (see `tokens.CLASSES`) and by item (see `items.ITEMS`). The parts add up to
            the amount. `input` and `output` are for tokens of no narrower class. Empty if the provider priced the call.
        multiplier: the factor that your price file puts on the table's prices; 1 if it has none.
        unpriced: what the call is charged for and `amount` lacks, sorted: an item's name, such as `web_search`, or
            `tier:`, `region:`, `model:` or `class:` with the provider's word. Empty if the amount is complete.
        assumed: whether it is only assumed that this provider answered.
        own: the parts of `split` whose price comes from your price file; no multiplier changes them.
    """

    amount: Decimal
    currency: str = semconv.CURRENCY
    source: Literal["provider", "local"] = "local"
    model: str | None = None
    version: str | None = None
    split: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    multiplier: Decimal = Decimal(1)
    unpriced: tuple[str, ...] = ()
    assumed: bool = False
    own: frozenset[str] = frozenset()

    @property
    def table(self) -> str:
        """Where the price comes from: `provider`, or the name of the price table."""
        return "provider" if self.version is None else self.version.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """The reason why a call has no cost, which is not the same as a cost of 0."""

    reason: CostStatus


Answer = Priced | Unpriced
Otherwise = Callable[[Question], Answer]
"""The next source, which a source asks the same question, or a clearer one, where it doesn't answer itself."""
UNKNOWN_MODEL, IMPOSSIBLE = Unpriced("unknown_model"), Unpriced("impossible_usage")
ELSEWHERE = Unpriced("elsewhere")


def possible(answer: Answer) -> Answer:
    """`answer`, or `IMPOSSIBLE` in place of a cost that no call has."""
    if isinstance(answer, Priced):
        most = MOST_COST if answer.currency == semconv.CURRENCY else _MOST_OF_OTHERS
        return answer if answer.amount <= most else IMPOSSIBLE
    return answer


def cost_of(tokens: Mapping[str, int], prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the tokens of each class cost.

    Args:
        tokens: the token counts by class, as `tokens.classes` gives them.
        prices: the price of a million tokens by class; a class without one is priced as the class it is part of.

    Returns:
        The cost by class, in the currency of the prices.

    Raises:
        LookupError: if there are tokens that no price is for.
    """
    return {name: number * _price(name, prices) / _MILLION if number else _NOTHING for name, number in tokens.items()}


def _price(name: str | None, prices: Mapping[str, Decimal]) -> Decimal:
    while name is not None and name not in prices:
        name = CLASSES[name].priced_as
    if name is None:
        raise LookupError("no price for these tokens")
    return prices[name]
