"""What the entries of a price file say: prices of models, aliases, multipliers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, create_model, field_validator

from ..shown import quoted
from .answers import Question
from .instead import Stated
from .meant import factor, item, tier, token_price
from .selector import Name, Names, Part, Provider, Selector
from .tiers import is_prepaid, is_usual, service_tier
from .tokens import CLASSES, TokenClass

__all__ = ["Alias", "LongContext", "Multiplier", "OwnModel", "Prices", "Rates"]

Amount = Annotated[Decimal, Field(ge=Decimal(0), le=Decimal(1_000_000), allow_inf_nan=False)]
TokenPrice = Annotated[Amount, AfterValidator(token_price)]
Factor = Annotated[
    Decimal,
    Field(ge=Decimal(0), allow_inf_nan=False, json_schema_extra={"maximum": 10}),
    AfterValidator(factor),
]
Tier = Annotated[Name, AfterValidator(tier)]
ItemName = Annotated[Name, AfterValidator(item)]


class _Rates(Part):
    """Prices per million tokens, in USD or the entry's currency. A class left out is priced as the one it lies in."""

    @cached_property
    def by_class(self) -> dict[str, Decimal]:
        """The prices that the file has, by class of token."""
        return {name: amount for name in CLASSES if (amount := getattr(self, name)) is not None}


def _rate(each: TokenClass) -> Any:
    """The field for a class of token."""
    said = f"{each.meaning[:1].upper()}{each.meaning[1:]}; "
    said += (
        f"priced as {each.priced_as} if left out." if each.priced_as else "left out only where the entry has a base."
    )
    return (TokenPrice | None, Field(None, description=said))


if TYPE_CHECKING:
    Rates = _Rates
else:
    _prices = {name: _rate(each) for name, each in CLASSES.items()}
    Rates = create_model("Rates", __base__=_Rates, __module__=__name__, __doc__=_Rates.__doc__, **_prices)


class LongContext(Rates):
    """Prices of calls whose input is longer than `above`; they are for all tokens of such a call."""

    above: Annotated[int, Field(ge=1)] = Field(description="A number of input tokens, cached ones included.")


class Prices(Rates):
    """Prices of one tier, with others for calls with long input."""

    long_context: tuple[LongContext, ...] = ()

    def rates(self, input_tokens: int) -> Rates:
        """The prices of a call with so many input tokens."""
        return next(iter(self._long(input_tokens)), self)

    def stated(self, input_tokens: int, *, of_tier: bool) -> Iterator[Stated]:
        """The prices that are stated of a call with so many input tokens, what counts first before the rest."""
        for rates in self._long(input_tokens):
            yield Stated(rates.by_class, of_tier, of_length=True)
        # Where a class has a price for long input, the table's own for long input has no say.
        ruled = {name for rates in self.long_context for name in rates.by_class}
        for of_length in (True, False):
            chosen = {name: amount for name, amount in self.by_class.items() if (name in ruled) is of_length}
            if chosen:
                yield Stated(chosen, of_tier, of_length)

    def _long(self, input_tokens: int) -> list[LongContext]:
        fitting = [rates for rates in self.long_context if input_tokens > rates.above]
        return sorted(fitting, key=lambda rates: rates.above, reverse=True)


class OwnModel(Selector):
    """Prices of models: self-hosted ones, fine-tuned ones, or ones that the bundled table has wrong or lacks."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"not": {"required": ["base"]}},
            "then": {
                "required": ["prices"],
                "properties": {
                    "prices": {"required": ["input", "output"]},
                    "tiers": {"additionalProperties": {"required": ["input", "output"]}},
                },
            },
        }
    )

    names: Names = Field(
        description="Names of the model that answers or of the model asked for; ['*'] for all models of `servers`."
    )
    base: Literal["table"] | None = Field(
        None, description="'table' takes what the entry leaves out from the bundled table's prices of the model."
    )
    prices: Prices = Field(default_factory=Prices)
    tiers: dict[Tier, Prices] = Field(
        {},
        description="Prices of service tiers: flex, priority, batch, ...; without any, `prices` holds for every tier.",
    )
    fees: dict[ItemName, Amount] = Field(
        {},
        description="Prices of one item beside tokens: request, web_search, image, audio_second, ...; the same in "
        "every tier. The fee of a request is charged once a call.",
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field("USD", description="ISO 4217 code.")

    @field_validator("tiers")
    @classmethod
    def _are_several(cls, tiers: dict[str, Prices]) -> dict[str, Prices]:
        return _different(tiers)

    def of_tier(self, tier: str | None) -> tuple[Prices, tuple[str, ...]]:
        """The prices of a service tier, and what they lack: the tier, where the entry has others and not this one."""
        own = self._by_tier.get(tier)
        if own is not None:
            return own, ()
        lacks = bool(self.tiers) and not is_usual(tier)
        return self.prices, (f"tier:{tier}",) if lacks else ()

    def has_tier(self, tier: str | None) -> bool:
        """Whether the entry states prices of the tier."""
        return tier in self._by_tier

    def stated(self, tier: str | None, input_tokens: int) -> tuple[Stated, ...]:
        """The prices that are stated of a call, what counts first before the rest."""
        own = self._by_tier.get(tier)
        return (
            *(own.stated(input_tokens, of_tier=True) if own is not None else ()),
            *self.prices.stated(input_tokens, of_tier=is_usual(tier)),
        )

    @cached_property
    def _by_tier(self) -> dict[str | None, Prices]:
        return {service_tier(name): prices for name, prices in self.tiers.items()}


class Alias(Selector):
    """Calls that are priced as another model: deployments, fine-tuned models, a gateway's names."""

    names: Names = Field(description="Names of the model that answers or of the model asked for.")
    model: Name = Field(description="The model whose price such a call has, of this file or of the bundled table.")
    model_provider: Provider | None = Field(None, description="The provider of that model; the call's own if left out.")


class Multiplier(Selector):
    """A factor on list prices: a discount, such as 0.85, or a surcharge. Prices of this file are not multiplied."""

    multiplier: Factor = Field(description="Times the list price: 0.85 for 15 percent off.")
    tiers: dict[Tier, Factor] = Field(
        {},
        description="Factors on the tokens of service tiers, in place of `multiplier`: on the list price of the tier, "
        "or on the standard one where the list has none of that tier.",
    )
    combine: bool = Field(
        False, description="true to multiply beside all others that fit; else the first that fits counts alone."
    )

    @field_validator("tiers")
    @classmethod
    def _are_charged(cls, tiers: dict[str, Decimal]) -> dict[str, Decimal]:
        usual = next(filter(is_usual, tiers), None)
        if usual is not None:
            raise ValueError(f"{quoted(usual)} is the usual tier, whose factor is multiplier: leave it out")
        paid = next(filter(is_prepaid, tiers), None)
        if paid is not None:
            raise ValueError(
                f"{quoted(paid)} is paid for in advance, and no factor changes a list price of 0: write its prices in "
                "tiers of an entry of models"
            )
        return _different(tiers)

    def has_tier(self, tier: str | None) -> bool:
        """Whether the entry has a factor of the tier."""
        return tier in self._by_tier

    def factor(self, asked: Question) -> Decimal:
        """The factor on what is asked: fees have the same in every tier."""
        return self.multiplier if asked.item is not None else self._by_tier.get(asked.service_tier, self.multiplier)

    @cached_property
    def _by_tier(self) -> dict[str | None, Decimal]:
        return {service_tier(name): factor for name, factor in self.tiers.items()}


def _different(tiers: dict[str, Any]) -> dict[str, Any]:
    """The same tiers, if none of them has two spellings."""
    spelled: dict[str | None, str] = {}
    for name in tiers:
        other = spelled.setdefault(service_tier(name), name)
        if other != name:
            raise ValueError(f"{quoted(other)} and {quoted(name)} are one tier: leave one of them out")
    return tiers
