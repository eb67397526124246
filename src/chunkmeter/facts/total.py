"""What the calls of a run cost together, and what the sum lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Final

from ..pricing import Answer, CostStatus, Priced
from .ended import Facts
from .sums import EXACT

__all__ = ["MIXED", "OPEN", "Cost", "Total", "cost_in", "total_of"]

OPEN: Final = "open"
"""Stands in place of a reason for a call that had not ended with its run."""
MIXED: Final = "mixed_currencies"
"""Stands in place of a status where the calls' costs can't be added up."""
_DOUBTS: tuple[CostStatus, ...] = ("partial", "estimated", "incomplete", "assumed")
"""The worst first."""

Cost = tuple[CostStatus, Answer]
"""How far to trust what a call cost, and that; or why there is no cost, twice."""


@dataclass(frozen=True, slots=True)
class Total:
    """What calls cost together.

    Attributes:
        status: how far to trust `amount`: the worst word of the calls that have a cost; `partial`, a lower bound, where
            one has none. Without an amount the reason of the last call, `open` or `mixed_currencies`; None of no calls.
        unpriced: the reason of each call that `amount` lacks, in the order in which they ended; `open` comes last.
        amount: the sum, in `currency`; None where no call has a cost, or where the currencies differ.
        currency: the currency's ISO 4217 code; None without an amount.
    """

    status: str | None
    unpriced: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None


def cost_in(facts: Facts) -> Cost:
    """What of a call's facts a total is made of."""
    return facts.cost_status, facts.cost


def total_of(costs: Sequence[Cost], still_open: int) -> Total:
    """Add up what calls cost.

    Args:
        costs: of the calls that have ended, in the order in which they did.
        still_open: how many calls have not.
    """
    unpriced = (*(status for status, cost in costs if not isinstance(cost, Priced)), *[OPEN] * still_open)
    priced = [(status, cost) for status, cost in costs if isinstance(cost, Priced)]
    currencies = {cost.currency for _, cost in priced}
    if not priced:
        return Total(unpriced[-1] if unpriced else None, unpriced)
    if len(currencies) > 1:
        return Total(MIXED, unpriced)
    said = {status for status, _ in priced}
    doubt = "partial" if unpriced else next((word for word in _DOUBTS if word in said), "known")
    amount = reduce(EXACT.add, (cost.amount for _, cost in priced))
    return Total(doubt, unpriced, amount, currencies.pop())
