"""Prices that were worked out before are those of genai-prices' own arithmetic, to the digit, over its whole table."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices.data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter.pricing import Priced, Question, Tokens, bundled, price
from chunkmeter.pricing.rates import kept
from chunkmeter.pricing.table import Table, in_use

ROWS = [(provider, model) for provider in genai_prices.data.providers for model in provider.models]
TIERS = (None, "default", "flex", "priority", "batch", "fast", "provisioned_throughput", "made-up")
REGIONS = (None, "global", "us", "eu", "us-gov-west-1")
# Before and after what changes of late, and in both halves of a day.
TIMES = [
    datetime(year, month, day, hour, 30, tzinfo=UTC)
    for year, month, day in ((2024, 1, 1), (2025, 11, 5), (2026, 6, 30), (2026, 7, 1), (2026, 11, 30))
    for hour in (0, 8, 17)
]
# Nothing, little, and on both sides of each length at which some price changes.
LENGTHS = (0, 1, 999, 32_000, 32_001, 128_000, 128_001, 200_000, 200_001, 256_001, 272_000, 272_001, 512_001, 10**6)


def usages(length: int) -> list[Tokens]:
    """Usage with so much input, and every class whose price is a number."""
    part = length // 3
    return [
        Tokens(input_tokens=length, output_tokens=0),
        Tokens(input_tokens=length, output_tokens=777, reasoning_tokens=111),
        Tokens(input_tokens=length, cached_tokens=part, cache_write_tokens=part, output_tokens=13),
        Tokens(input_tokens=length),
        Tokens(output_tokens=length),
    ]


def both(asked: Question, provider: Any, model: Any, table: Table) -> tuple[Any, Any]:
    """The answers of the short way and of the long one; the second twice where there is no short way."""
    assert asked.usage is not None
    long = bundled._price(asked, provider, model)
    rates = kept(table.rates, (model.id, provider.id), asked, provider, model)
    if rates is None:
        return long, long
    short = bundled._by_rates(asked, rates, bundled.classes(asked.usage), table.version)
    if isinstance(long, Priced):
        long = replace(long, version=table.version, assumed=asked.assumed)
    return short, long


def assert_same(asked: Question, provider: Any, model: Any, table: Table) -> bool:
    """True if the call has a price."""
    short, long = both(asked, provider, model, table)
    assert short == long, (provider.id, model.id, asked)
    return isinstance(short, Priced)


@pytest.mark.slow
def test_each_model_of_the_table() -> None:
    """Each in one combination of time, place and length, which differ from model to model."""
    table, asked_in = Table(in_use().snapshot), itertools.cycle(itertools.product(TIMES, REGIONS, LENGTHS))
    priced = 0
    for (provider, model), (at, region, length) in zip(ROWS, asked_in, strict=False):
        for usage in usages(length):
            asked = Question(usage, model.id, provider=provider.id, region=region, at=at)
            priced += assert_same(asked, provider, model, table)
    assert priced > len(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("tier", TIERS)
def test_each_model_that_has_tiers_or_rules_of_time(tier: str | None) -> None:
    table, priced = Table(in_use().snapshot), 0
    for provider, model in ROWS:
        if not (model.price_variants or isinstance(model.prices, list)):
            continue
        for at, region in zip(TIMES, itertools.cycle(REGIONS), strict=False):
            asked = Question(usages(999)[2], model.id, provider=provider.id, service_tier=tier, region=region, at=at)
            priced += assert_same(asked, provider, model, table)
    assert priced > 100


@pytest.mark.slow
def test_each_length_at_which_a_price_changes() -> None:
    """Also the lengths one token below and above it."""
    table, tried = Table(in_use().snapshot), 0
    for provider, model in ROWS:
        listed = vars(model.get_prices(TIMES[-1], {}))
        for start in {step.start for each in listed.values() for step in getattr(each, "tiers", ())}:
            for usage in (usage for length in (start - 1, start, start + 1) for usage in usages(length)):
                asked = Question(usage, model.id, provider=provider.id, at=TIMES[-1])
                tried += assert_same(asked, provider, model, table)
    assert tried > 100


@given(
    row=st.sampled_from(ROWS),
    counts=st.lists(st.integers(0, 10**7), min_size=5, max_size=5),
    tier=st.sampled_from(TIERS),
    region=st.sampled_from(REGIONS),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    naive=st.booleans(),
)
def test_any_call(
    row: tuple[Any, Any], counts: list[int], tier: str | None, region: str | None, at: datetime, naive: bool
) -> None:
    alone, cached, written, spoken, reasoned = counts
    usage = Tokens(
        input_tokens=alone + cached + written, cached_tokens=cached, cache_write_tokens=written,
        output_tokens=spoken + reasoned, reasoning_tokens=reasoned,
    )  # fmt: skip
    moment = at if naive and region is None else at.replace(tzinfo=UTC)
    assert_same(Question(usage, row[1].id, service_tier=tier, region=region, at=moment), *row, in_use())


def test_the_answer_to_a_user_is_that_of_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def long(*_: object) -> Any:
        raise AssertionError("the long way was gone")

    monkeypatch.setattr(bundled, "_price", long)
    # gpt-4o: 2.50 USD a million in, 1.25 cached, 10 out: (700 x 2.5 + 300 x 1.25 + 100 x 10) / 10^6.
    usage = Tokens(input_tokens=1000, cached_tokens=300, output_tokens=100)
    answer = price(usage, model="gpt-4o-2024-08-06", provider="openai")
    assert isinstance(answer, Priced)
    assert answer.amount == Decimal("0.003125")
    assert answer.split == {
        "input": Decimal("0.00175"), "cache_read": Decimal("0.000375"), "output": Decimal("0.001"),
    }  # fmt: skip


def test_what_was_worked_out_is_kept_and_bounded() -> None:
    table = Table(in_use().snapshot)
    provider, model = next(row for row in ROWS if row[1].id == "gpt-4o")
    usage = Tokens(input_tokens=1, output_tokens=1)
    first = kept(table.rates, ("gpt-4o", "openai"), Question(usage, "gpt-4o"), provider, model)
    assert kept(table.rates, ("gpt-4o", "openai"), Question(usage, "gpt-4o"), provider, model) is first
    for number in range(2000):
        kept(table.rates, ("gpt-4o", "openai"), Question(usage, service_tier=f"tier {number}"), provider, model)
    assert 0 < len(table.rates) <= 512
