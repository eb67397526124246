"""What calls cost by group, exactly and in bounded memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from .. import semconv
from .call import Call
from .columns import NOTHING, Column, Style, lines
from .totals import written

__all__ = ["Spending", "amounts", "by_of", "money", "table"]

_MOST = 1000
"""How many groups are told apart; calls of others are added to `_OTHER`."""
_MOST_CURRENCIES = 20
_PLACES = 9


@dataclass(slots=True)
class _Sum:
    """What the calls of one group add up to; tokens are None while no call has told any."""

    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    unpriced: int = 0
    spent: dict[str, Fraction] = field(default_factory=dict[str, Fraction])

    def add(self, call: Call) -> None:
        self.calls += 1
        self.input_tokens = _plus(self.input_tokens, call.usage.get("input_tokens"))
        self.output_tokens = _plus(self.output_tokens, call.usage.get("output_tokens"))
        if call.cost is None:
            self.unpriced += 1
            return
        currency = call.currency
        if currency not in self.spent and len(self.spent) >= _MOST_CURRENCIES:
            currency = semconv.OTHER
        self.spent[currency] = self.spent.get(currency, Fraction()) + Fraction(call.cost)


class Spending:
    """The spend of calls by what they have in common.

    Args:
        by: the names of what they are grouped by.
    """

    def __init__(self, by: Sequence[str]) -> None:
        self.by = tuple(by)
        self._sums: dict[tuple[str, ...], _Sum] = {}
        self._whole = _Sum()

    def add(self, call: Call, group: tuple[str, ...]) -> None:
        """Add a call to its group."""
        if group not in self._sums and len(self._sums) >= _MOST:
            group = (semconv.OTHER,) * len(self.by)
        self._sums.setdefault(group, _Sum()).add(call)
        self._whole.add(call)

    def currency(self) -> str:
        """The one currency of all that has been spent; empty where there are several, or none."""
        return next(iter(self._whole.spent)) if len(self._whole.spent) == 1 else ""

    def rows(self, most: int = _MOST) -> list[tuple[str, ...]]:
        """A row a group, the dearest first, `most` at most; then what the others come to, and the sum of all."""
        ranked = sorted(self._sums.items(), key=lambda item: (-sum(item[1].spent.values()), -item[1].calls, item[0]))
        shown = ranked if len(ranked) <= most else ranked[: max(most - 1, 0)]
        rows = [self._row(group, found) for group, found in shown]
        rest = ranked[len(shown) :]
        if rest:
            others = _Sum()
            for _, each in rest:
                _merge(others, each)
            rows.append(self._row((f"{len(rest):,} others", *[""] * (len(self.by) - 1)), others))
        if len(ranked) > 1:
            rows.append(self._row(("all", *[""] * (len(self.by) - 1)), self._whole))
        return rows

    def _row(self, group: tuple[str, ...], found: _Sum) -> tuple[str, ...]:
        currency = self.currency()
        told = [NOTHING if number is None else f"{number:,}" for number in (found.input_tokens, found.output_tokens)]
        unpriced = f"{found.unpriced:,}" if found.unpriced else NOTHING
        cost = money(found.spent[currency]) if currency and found.spent else amounts(found.spent)
        return (*group, f"{found.calls:,}", *told, cost, unpriced)


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


def _merge(one: _Sum, other: _Sum) -> None:
    one.calls += other.calls
    one.input_tokens = _plus(one.input_tokens, other.input_tokens)
    one.output_tokens = _plus(one.output_tokens, other.output_tokens)
    one.unpriced += other.unpriced
    for currency, amount in other.spent.items():
        one.spent[currency] = one.spent.get(currency, Fraction()) + amount


def amounts(spent: dict[str, Fraction]) -> str:
    """Amounts of money with their currencies, `-` for none."""
    return " + ".join(f"{money(amount)} {currency}" for currency, amount in sorted(spent.items())) or NOTHING


def money(amount: Fraction) -> str:
    """An amount with nine decimal places, where it is one that people have."""
    if amount >= 10**9:
        return written(amount)
    # Half a unit of the last place up: a float would lose digits that a sum of fractions has.
    whole, rest = divmod((amount * 10**_PLACES + Fraction(1, 2)).__floor__(), 10**_PLACES)
    return f"{whole}.{rest:0{_PLACES}}"


def table(spending: Spending, style: Style, most: int = _MOST) -> list[str]:
    """The spend by group as a table: the heading and a line a group; nothing where no call has come."""
    rows = spending.rows(most)
    names = [
        Column(name, rank=place and 5 + place, least=12 if place else 26) for place, name in enumerate(spending.by)
    ]
    columns = [
        *names,
        Column("calls", right=True, rank=4),
        Column("in", right=True, rank=2),
        Column("out", right=True, rank=3),
        Column(f"cost {spending.currency()}".rstrip(), right=True, rank=1, stays=True),
        Column("unpriced", right=True, rank=4),
    ]
    return lines(columns, rows, style) if rows else []


def by_of(text: str) -> tuple[str, ...]:
    """The names in a list such as `model,tenant`.

    Raises:
        ValueError: if there is none, or one twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"{text!r} is no list of names: write some of model, provider, service and your labels")
    return names
