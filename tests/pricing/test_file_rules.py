"""Rules of a price file that hold whatever it says: factors are multiplied, the table has what is left out, and a file
that asks for neither prices as it did before there was either."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from chunkmeter.pricing import UNKNOWN_MODEL, Answer, Priced, Question, Tokens, bundled, parse
from chunkmeter.pricing.items import Item
from chunkmeter.pricing.overlay import Overlay
from chunkmeter.pricing.parse import UnusableFileError
from chunkmeter.pricing.tokens import CLASSES, classes

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROVIDER = {"gpt-5": "openai", "gpt-5.4": "openai", "gpt-4o": "openai", "claude-sonnet-4-5": "anthropic"}

MODELS = st.sampled_from([*PROVIDER, "gpt-4o-mini"])
FACTORS = st.decimals("0.1", "10", places=2)
PRICES = st.decimals("0.001", "100", places=3)
USAGES = st.builds(
    lambda plain, cached, written, out: Tokens(
        input_tokens=plain + cached + written, cached_tokens=cached, cache_write_tokens=written, output_tokens=out
    ),
    st.integers(0, 400_000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000),
)  # fmt: skip
QUESTIONS = st.builds(
    lambda usage, model, tier, region, item: Question(
        None if item else usage, model, None, PROVIDER.get(model, "openai"), tier, region, at=AT, item=item
    ),
    USAGES, MODELS, st.sampled_from([None, None, "flex", "priority", "batch", "huge"]),
    st.sampled_from([None, "eu", "us"]), st.sampled_from([None, None, Item("web_search", 3), Item("code_session", 1)]),
)  # fmt: skip


def parsed(**lists: Sequence[Any]) -> Overlay:
    try:
        return parse.parse(json.dumps(lists, default=str).encode(), "p.json")
    except UnusableFileError as error:
        if "is never reached" in str(error):
            reject()
        raise


def listed(asked: Question) -> Answer:
    return bundled.price(asked, lambda _: UNKNOWN_MODEL)


def close(one: Decimal, other: Decimal) -> bool:
    """Decimals have 28 digits, and the order of a product changes the last."""
    return abs(one - other) <= abs(other) * Decimal("1e-25")


SELECTED = st.fixed_dictionaries(
    {},
    optional={
        "names": st.sampled_from([["gpt-*"], ["gpt-5"], ["*"], ["claude-*", "gpt-4o"]]),
        "provider": st.sampled_from(["openai", "anthropic"]),
        "regions": st.sampled_from([["eu"], ["us", "eu"]]),
    },
)


def selects(entry: dict[str, Any], asked: Question) -> bool:
    """By the definition, for the words above."""
    name = asked.model or ""
    begins = any(
        name == word or (word.endswith("*") and name.startswith(word[:-1])) for word in entry.get("names", ["*"])
    )
    return (
        begins
        and entry.get("provider") in (None, asked.provider)
        and ("regions" not in entry or asked.region in entry["regions"])
    )


@given(
    entries=st.lists(st.tuples(SELECTED, FACTORS, st.booleans()), max_size=6),
    asked=QUESTIONS,
)
def test_factors_that_combine_are_multiplied(
    entries: list[tuple[dict[str, Any], Decimal, bool]], asked: Question
) -> None:
    """Each that fits, in whatever order, and of the others the first."""
    rows: list[dict[str, Any]] = [
        {**chosen, "multiplier": factor, "combine": combine} for chosen, factor, combine in entries
    ]
    answer, bare = parsed(multipliers=rows).price(asked, listed), listed(asked)
    if not isinstance(bare, Priced):
        assert answer == bare
        return
    fitting = [row for row in rows if selects(row, asked)]
    alone = [row["multiplier"] for row in fitting if not row["combine"]][:1]
    product = math.prod([row["multiplier"] for row in fitting if row["combine"]] + alone, start=Decimal(1))
    assert isinstance(answer, Priced)
    assert close(answer.multiplier, product)
    assert close(answer.amount, bare.amount * product)
    assert all(close(answer.split[name], part * product) for name, part in bare.split.items())
    assert answer.unpriced == bare.unpriced


@given(stated=st.dictionaries(st.sampled_from(sorted(CLASSES)), PRICES, max_size=4), asked=QUESTIONS)
def test_the_table_has_what_an_entry_leaves_out(stated: dict[str, Decimal], asked: Question) -> None:
    """A part is the file's where the answer says so, and then at a stated price; else it is what the table has."""
    overlay = parsed(models=[{"names": [asked.model], "base": "table", "prices": stated}])
    answer, bare = overlay.price(asked, listed), listed(asked)
    if not isinstance(bare, Priced):
        assert answer == bare
        return
    assert isinstance(answer, Priced)
    assert answer.split.keys() == bare.split.keys()
    assert close(answer.amount, sum(answer.split.values(), Decimal(0)))
    tokens = {} if asked.usage is None else classes(asked.usage)
    for name, part in answer.split.items():
        if name in answer.own:
            price = next(stated[each] for each in chain(name) if each in stated)
            assert part == tokens[name] * price / 1_000_000
        else:
            assert part == bare.split[name]
    # In the tier and at the length that the table's own price is for, a stated class is never the table's.
    if asked.service_tier is None and (asked.usage is None or (asked.usage.input_tokens or 0) <= 200_000):
        assert {name for name in tokens if name in stated} <= answer.own


def chain(name: str | None) -> list[str]:
    """A class, and those that it lies in."""
    return [] if name is None else [name, *chain(CLASSES[name].priced_as)]


@given(asked=QUESTIONS)
def test_an_entry_that_leaves_all_out_prices_as_the_table(asked: Question) -> None:
    overlay = parsed(models=[{"names": ["*"], "base": "table", "fees": {"visit": "0.5"}}])
    assert overlay.price(asked, listed) == listed(asked)


@given(
    models=st.lists(st.tuples(SELECTED, PRICES, PRICES), max_size=4),
    factors=st.lists(st.tuples(SELECTED, FACTORS), max_size=4),
    asked=QUESTIONS,
)
@settings(max_examples=200)
def test_a_file_with_nothing_new_prices_as_it_did(
    models: list[tuple[dict[str, Any], Decimal, Decimal]],
    factors: list[tuple[dict[str, Any], Decimal]],
    asked: Question,
) -> None:
    """The first entry's prices of tokens alone; else the list's price times the first factor, fees among it."""
    rows: list[dict[str, Any]] = [
        {"names": ["*"], **chosen, "prices": {"input": one, "output": two}} for chosen, one, two in models
    ]
    others = [{**chosen, "multiplier": factor} for chosen, factor in factors]
    overlay = parsed(models=rows, multipliers=others)
    answer = overlay.price(asked, listed)
    first = next((row for row in rows if selects(row, asked)), None)
    usage = asked.usage
    if first is not None and usage is not None:
        input_cost = (usage.input_tokens or 0) * first["prices"]["input"]
        assert isinstance(answer, Priced)
        assert answer.amount == (input_cost + (usage.output_tokens or 0) * first["prices"]["output"]) / 1_000_000
        assert (answer.multiplier, answer.unpriced) == (1, ())
        return
    bare = listed(asked)
    factor = next((row["multiplier"] for row in others if selects(row, asked)), Decimal(1))
    if not isinstance(bare, Priced):
        assert answer == bare
        return
    assert answer == replace(
        bare,
        amount=bare.amount * factor,
        split={name: part * factor for name, part in bare.split.items()},
        multiplier=factor,
    )
    assert overlay.counted(asked) is asked


@given(
    fee=PRICES, count=st.integers(1, 1000), factor=FACTORS, tier=st.sampled_from([None, "flex", "huge"]), model=MODELS
)
def test_a_fee_is_as_it_stands(fee: Decimal, count: int, factor: Decimal, tier: str | None, model: str) -> None:
    """Whatever the tier, and whatever factor is on list prices."""
    overlay = parsed(
        models=[{"names": ["*"], "base": "table", "fees": {"visit": fee}}],
        multipliers=[{"multiplier": factor, "tiers": {"flex": 2}}],
    )
    asked = Question(None, model, provider="openai", service_tier=tier, at=AT, item=Item("visit", count))
    answer = overlay.price(asked, listed)
    assert isinstance(answer, Priced)
    assert (answer.amount, answer.split, answer.multiplier) == (fee * count, {"visit": fee * count}, 1)
    assert answer.own == {"visit"}


WORDS = st.text(max_size=12) | st.sampled_from(
    [
        "gpt-4o",
        "gpt-*",
        "^gpt.*$",
        "*",
        "a|b",
        "table",
        "flex",
        "Flex",
        "reserved",
        "status",
        "web_search",
        "requests",
        "x:y",
    ]
)
NUMBERS = st.sampled_from([0, 1, 2.5, "1e-7", "85", "1e999999999", "nan", "-1", True, None, "0.0000025"])
FIELDS = st.sampled_from(
    ["names", "provider", "servers", "regions", "valid_from", "valid_until", "base", "prices", "tiers", "fees",
     "combine", "multiplier", "currency", "model", "input", "output", "long_context", "above", "gpu_hours",
     "models", "aliases", "multipliers", "version"]
) | WORDS  # fmt: skip
ANYTHING = st.recursive(
    WORDS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "names": st.lists(WORDS, max_size=3),
        "prices": st.fixed_dictionaries({}, optional={"input": NUMBERS, "output": NUMBERS}),
        "base": st.just("table"),
        "tiers": st.dictionaries(WORDS, NUMBERS | st.just({"input": 1, "output": 2}), max_size=3),
        "fees": st.dictionaries(WORDS, NUMBERS, max_size=3),
        "multiplier": NUMBERS,
        "combine": st.booleans(),
        "model": WORDS,
        "valid_from": st.sampled_from(["2026-01-01", "2026-02-01T00:00:00Z", "soon"]),
    },
)


@given(
    st.dictionaries(FIELDS, ANYTHING, max_size=4)
    | st.fixed_dictionaries({name: st.lists(ENTRY, max_size=4) for name in ("models", "aliases", "multipliers")})
)
@settings(max_examples=300)
def test_whatever_a_file_says_it_is_read_or_refused(data: dict[str, Any]) -> None:
    """With a place and words on a line of its own, for each mistake; and what was read has a price or a reason."""
    try:
        overlay = parse.parse(json.dumps(data).encode(), "p.json")
    except UnusableFileError as error:
        for line in str(error).split("\n"):
            assert line.startswith("p.json: ")
            assert line.isprintable()
            assert len(line) < 1500
    else:
        asked = Question(Tokens(input_tokens=10, output_tokens=1), "gpt-4o", provider="openai", at=AT)
        assert overlay.price(asked, listed) is not None
