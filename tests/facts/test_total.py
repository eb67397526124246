"""What a run's calls cost together, and what is said of a sum that lacks something."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from chunkmeter.facts.total import Cost, Total, total_of
from chunkmeter.pricing import CostStatus, Priced, Unpriced


def cost(amount: str, status: CostStatus = "known", currency: str = "USD") -> Cost:
    return status, Priced(Decimal(amount), currency)


def none(reason: CostStatus) -> Cost:
    return reason, Unpriced(reason)


@pytest.mark.parametrize(
    ("costs", "still_open", "total"),
    [
        ([], 0, Total(None)),
        ([], 2, Total("open", ("open", "open"))),
        ([cost("0.1"), cost("0.2")], 0, Total("known", (), Decimal("0.3"), "USD")),
        ([cost("0")], 0, Total("known", (), Decimal(0), "USD")),
        ([none("no_usage"), cost("0.2")], 0, Total("partial", ("no_usage",), Decimal("0.2"), "USD")),
        ([cost("0.2")], 1, Total("partial", ("open",), Decimal("0.2"), "USD")),
        ([none("no_usage"), none("unknown_model")], 0, Total("unknown_model", ("no_usage", "unknown_model"))),
        ([none("elsewhere")], 1, Total("open", ("elsewhere", "open"))),
        ([cost("1", "assumed"), cost("1", "incomplete")], 0, Total("incomplete", (), Decimal(2), "USD")),
        ([cost("1", "estimated"), cost("1", "incomplete")], 0, Total("estimated", (), Decimal(2), "USD")),
        ([cost("1", "estimated"), cost("1", "partial")], 0, Total("partial", (), Decimal(2), "USD")),
        ([cost("1"), cost("1", currency="EUR"), none("no_usage")], 0, Total("mixed_currencies", ("no_usage",))),
        ([cost("1", currency="EUR"), cost("2", currency="EUR")], 0, Total("known", (), Decimal(3), "EUR")),
    ],
)
def test_a_total_says_what_it_lacks(costs: list[Cost], still_open: int, total: Total) -> None:
    assert total_of(costs, still_open) == total


def test_the_decimals_of_the_application_round_no_total() -> None:
    with localcontext(prec=3):
        assert total_of([cost("0.12345"), cost("1.00001")], 0).amount == Decimal("1.12346")
