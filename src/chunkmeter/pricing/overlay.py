"""The user's own prices: models, aliases and multipliers, as a price file lists them.

In each of the three lists the first entry that fits a call counts, in the order of the file; of multipliers also each
that combines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from pydantic import Field, field_validator

from .. import providers
from ..servers import Servers, server_of
from ..shown import quoted
from .answers import UNKNOWN_MODEL, Answer, Otherwise, Priced, Question, cost_of
from .entry import Alias, Multiplier, OwnModel
from .items import Item
from .rates import A_TOKEN, Rates, rates, times
from .selector import Entries, Fit, Name, Part
from .tokens import Tokens, classes

__all__ = ["Overlay"]

_REQUEST = Item("request", 1)


class Overlay(Part):
    """A file of your own prices."""

    version: Name | None = Field(
        None, description="Stands on spans in `chunkmeter.price.version`; a hash of the file if left out."
    )
    models: list[OwnModel] = Field([])
    aliases: list[Alias] = Field([])
    multipliers: list[Multiplier] = Field([])
    servers: dict[Name, Name] = Field(
        {},
        description="Who answers at a server: its host, with its port or without, and the provider; '*' for the one "
        "that the SDK or the span tells.",
    )

    @field_validator("servers")
    @classmethod
    def _are_servers(cls, servers: dict[str, str]) -> dict[str, str]:
        for place, provider in servers.items():
            try:
                server_of(place, provider)
            except ValueError as error:
                raise ValueError(
                    f"{quoted(place)} = {quoted(provider)} is no server and its provider: write {error}"
                ) from None
        return servers

    @cached_property
    def providers_at(self) -> Servers:
        """The servers whose providers the file names."""
        return Servers(server_of(place, provider) for place, provider in self.servers.items())

    def ready(self) -> Overlay:
        """The same, made ready now, so that no price waits for that."""
        _ = self._models, self._aliases, self._multipliers, self._combining, self._listed, self._moments
        _ = self.charges_requests
        return self

    def counted(self, asked: Question) -> Question:
        """The call with one request among its items, if this file has a fee for it and the call is charged at all."""
        if not self.charges_requests or any(item.name == _REQUEST.name for item in asked.items):
            return asked
        usage = asked.usage
        counted = usage is not None and (usage.input_tokens is not None or usage.output_tokens is not None)
        if not (counted or asked.inner or any(item.count for item in asked.items)):
            return asked
        line = replace(asked, item=_REQUEST)
        return replace(asked, items=(*asked.items, _REQUEST)) if self._own_or_meant(line)[0] else asked

    def price(self, asked: Question, otherwise: Otherwise) -> Answer:
        """The price of this file; else the list price, of what the call is an alias of, times the multipliers."""
        own, fit, meant = self._own_or_meant(asked)
        if own is not None:
            return own
        if fit is not None and fit.entry.base is not None:
            answer = self._on_base(fit, asked, meant, otherwise)
        else:
            answer = otherwise(meant)
        return self._multiplied(answer, asked, meant) if isinstance(answer, Priced) else answer

    def period(self, at: datetime) -> int:
        """Which of the periods it is between which something of this file begins to count."""
        return bisect_right(self._moments, at)

    def rates(self, asked: Question, otherwise: Callable[[Question], Rates | None]) -> Rates | None:
        """The rates of a call's tokens; None where `price` has to be asked.

        Args:
            asked: the call. All others of the same period have the same rates.
            otherwise: gives those of the next source.
        """
        own, fit, meant = self._own_or_meant(asked)
        if own is not None and fit is not None:
            return self._own_rates(fit, asked.service_tier)
        if fit is not None:  # prices on the table's depend on the classes that a call counts
            return None
        return self._multiplied_rates(otherwise(meant), asked, meant)

    def knows(self, provider: str | None, model: str) -> bool:
        """Whether an entry has this name, spelled like this. One that only fits a pattern may be made up by a user."""
        return (model, provider) in self._listed or (model, None) in self._listed

    @cached_property
    def _models(self) -> Entries[OwnModel]:
        return Entries(self.models)

    @cached_property
    def _aliases(self) -> Entries[Alias]:
        return Entries(self.aliases)

    @cached_property
    def _multipliers(self) -> Entries[Multiplier]:
        return Entries([entry for entry in self.multipliers if not entry.combine])

    @cached_property
    def _combining(self) -> Entries[Multiplier]:
        return Entries([entry for entry in self.multipliers if entry.combine], each=True)

    @cached_property
    def _moments(self) -> list[datetime]:
        entries = (*self.models, *self.aliases, *self.multipliers)
        return sorted({since for entry in entries if (since := entry.since) is not None})

    @cached_property
    def charges_requests(self) -> bool:
        """Whether an entry has a fee for a request."""
        return any(_REQUEST.name in entry.fees for entry in self.models)

    @cached_property
    def _listed(self) -> frozenset[tuple[str, str | None]]:
        """Each name, as the file spells it, with the provider that it has a price at; None for all."""
        return frozenset(
            (name, entry._provider)
            for entry in (*self.models, *self.aliases, *self.multipliers)
            for name in entry.names
        )

    def _own_or_meant(self, asked: Question) -> tuple[Priced | None, Fit[OwnModel] | None, Question]:
        """This file's own price if it has one, the entry about the call, and the call that an alias stands for."""
        fit = self._models.first(asked)
        own = self._own(fit, asked)
        if own is not None:
            return own, fit, asked
        alias = self._aliases.first(asked)
        if alias is None:
            return None, fit, asked
        provider = providers.provider_name(alias.entry.model_provider) or asked.provider
        meant = replace(asked, model=alias.entry.model, request_model=None, provider=provider, assumed=False)
        # An entry about the alias itself counts before one about the model that it stands for.
        if fit is None or asked.item is not None:
            its = self._models.first(meant)
            own, fit = self._own(its, meant), fit or its
        return own, fit, meant

    def _own(self, fit: Fit[OwnModel] | None, asked: Question) -> Priced | None:
        """What an entry alone makes of a line of a bill; None where another price source has a say."""
        if fit is None:
            return None
        if asked.item is not None:
            fee = fit.entry.fees.get(asked.item.name)
            return None if fee is None else self._priced(fit, {asked.item.name: Decimal(repr(asked.item.count)) * fee})
        return None if asked.usage is None or fit.entry.base is not None else self._of_tokens(fit, asked, asked.usage)

    def _of_tokens(self, fit: Fit[OwnModel], asked: Question, usage: Tokens) -> Priced:
        """The price of tokens by an entry alone. Raises a LookupError if it lacks one."""
        prices, unpriced = fit.entry.of_tier(asked.service_tier)
        return self._priced(fit, cost_of(classes(usage), prices.rates(usage.input_tokens or 0).by_class), unpriced)

    def _priced(self, fit: Fit[OwnModel], split: dict[str, Decimal], unpriced: tuple[str, ...] = ()) -> Priced:
        return Priced(
            sum(split.values(), Decimal(0)),
            currency=fit.entry.currency,
            model=fit.name,
            version=self._version,
            split=split,
            unpriced=unpriced,
            own=frozenset(split),
        )

    def _on_base(self, fit: Fit[OwnModel], asked: Question, meant: Question, otherwise: Otherwise) -> Answer:
        """The table's price, but for what an entry states."""
        entry, tier, usage = fit.entry, asked.service_tier, asked.usage
        if usage is None:
            answer = otherwise(meant)
            return _without_tier(answer, tier) if isinstance(answer, Priced) and entry.has_tier(tier) else answer
        answer = otherwise(replace(meant, stated=entry.stated(tier, usage.input_tokens or 0)))
        if isinstance(answer, Priced):
            return replace(answer, version=f"{self._version} on {answer.version}") if answer.own else answer
        if answer != UNKNOWN_MODEL:
            return answer
        try:  # the table doesn't list the model, and an entry that leaves nothing out needs no table
            return self._of_tokens(fit, asked, usage)
        except LookupError:
            return answer

    def _multiplied(self, answer: Priced, asked: Question, meant: Question) -> Priced:
        """List prices times the factors that are about them: each that combines, and the first other one."""
        fits = list(self._factors(asked, meant))
        listed = answer.split.keys() - answer.own
        if not fits or (answer.own and not listed):
            return answer
        factor = _product(fits, asked)
        split = {name: amount * factor if name in listed else amount for name, amount in answer.split.items()}
        amount = sum(split.values(), Decimal(0)) if answer.own else answer.amount * factor
        answer = replace(answer, amount=amount, split=split, multiplier=factor)
        said = any(entry.has_tier(asked.service_tier) for entry in fits)
        return _without_tier(answer, asked.service_tier) if said else answer

    def _own_rates(self, fit: Fit[OwnModel], tier: str | None) -> Rates | None:
        prices, unpriced = fit.entry.of_tier(tier)
        longer = [(each.above, each.by_class) for each in prices.long_context]
        return rates(
            prices.by_class, longer, A_TOKEN, model=fit.name, version=self._version, currency=fit.entry.currency,
            unpriced=unpriced, own=True,
        )  # fmt: skip

    def _multiplied_rates(self, known: Rates | None, asked: Question, meant: Question) -> Rates | None:
        fits = list(self._factors(asked, meant))
        if known is None or not fits:
            return known
        said = any(entry.has_tier(asked.service_tier) for entry in fits)
        unpriced = _but_tier(known.unpriced, asked.service_tier) if said else known.unpriced
        return times(known, _product(fits, asked), unpriced)

    def _factors(self, asked: Question, meant: Question) -> Iterator[Multiplier]:
        """The entries whose factors are on a price, the call being an alias of another or not."""
        found = {id(fit.entry): fit.entry for each in (asked, meant) for fit in self._combining.fitting(each)}
        yield from found.values()
        alone = self._multipliers.first(asked) or self._multipliers.first(meant)
        if alone is not None:
            yield alone.entry

    @property
    def _version(self) -> str:
        return f"overlay {self.version}"


def _without_tier(answer: Priced, tier: str | None) -> Priced:
    """The answer, whose tier the file has a price of."""
    return replace(answer, unpriced=_but_tier(answer.unpriced, tier))


def _but_tier(unpriced: tuple[str, ...], tier: str | None) -> tuple[str, ...]:
    return tuple(name for name in unpriced if name != f"tier:{tier}")


def _product(entries: list[Multiplier], asked: Question) -> Decimal:
    factor = Decimal(1)
    for entry in entries:
        factor *= entry.factor(asked)
    return factor
