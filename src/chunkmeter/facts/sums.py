"""What calls have spent, as sums that can be added up: amounts, tokens, and what has no price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Final

from ..pricing import Priced
from ..pricing.tokens import Tokens, absurd
from .ended import Facts

__all__ = ["EXACT", "FAILED", "Sums", "sum_of", "sums_of"]

EXACT: Final = Context(prec=60, Emin=MIN_EMIN, Emax=MAX_EMAX)
"""The application may have set a coarser precision for its own decimals."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What some calls have spent.

    Attributes:
        calls: how many they are.
        amounts: by the currency's ISO 4217 code and by how far to trust them, a word of `CostStatus`.
        tokens: by the field of `Tokens` that counts them; what nobody has told is left out.
        unpriced: the calls without an amount, by the reason.
        incomplete: the calls whose amount lacks something, by what that is, as `Priced.unpriced` names it.
    """

    calls: int = 0
    amounts: Mapping[tuple[str, str], Decimal] = field(default_factory=dict[tuple[str, str], Decimal])
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    unpriced: Mapping[str, int] = field(default_factory=dict[str, int])
    incomplete: Mapping[str, int] = field(default_factory=dict[str, int])


FAILED: Final = Sums(1, unpriced={"failed": 1})
"""Of a call of which we failed to tell what it has spent."""


def sums_of(facts: Facts) -> Sums:
    """What one call has spent.

    Args:
        facts: what the call amounts to.
    """
    cost, told = facts.cost, facts.tokens
    counts = {each.name: getattr(told, each.name) for each in fields(Tokens)} if not absurd(told) else {}
    tokens = {name: count for name, count in counts.items() if count is not None}
    if not isinstance(cost, Priced):
        return Sums(1, tokens=tokens, unpriced={cost.reason: 1})
    amounts: dict[tuple[str, str], Decimal] = {(cost.currency, facts.cost_status): cost.amount}
    return Sums(1, amounts, tokens, incomplete=dict.fromkeys(cost.unpriced, 1))


def sum_of(parts: Iterable[Sums]) -> Sums:
    """Add sums up, without an error of rounding.

    Args:
        parts: the sums, of calls that are each in one of them only.
    """
    calls = 0
    amounts: dict[tuple[str, str], Decimal] = {}
    tokens: dict[str, int] = {}
    unpriced: dict[str, int] = {}
    incomplete: dict[str, int] = {}
    for part in parts:
        calls += part.calls
        for key, amount in part.amounts.items():
            amounts[key] = EXACT.add(amounts.get(key, Decimal(0)), amount)
        for total, counts in ((tokens, part.tokens), (unpriced, part.unpriced), (incomplete, part.incomplete)):
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
    return Sums(calls, amounts, tokens, unpriced, incomplete)
