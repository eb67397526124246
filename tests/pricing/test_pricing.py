"""How a price is found and split, and the reasons for none; the prices themselves are in `test_price_table`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from genai_prices import data_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkmeter import Priced, Unpriced, Usage, price, pricing
from chunkmeter.pricing import Inner
from chunkmeter.pricing.table import in_use
from support.usage import tokens

# Prices of the table change with the day and the hour, so each price here is of this moment.
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices are local: whoever opens a connection fails the test."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("pricing went to the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


# --- the provider's own cost ---


@pytest.mark.parametrize("amount", [0.0, 0.000123, 0.1, 5])
@pytest.mark.parametrize("usage", [None, Usage(), tokens(10, 10)])
def test_the_providers_cost_passes_through_unmodified(amount: float, usage: Usage | None) -> None:
    """It beats any table, needs no usage, and 0.0 is a price."""
    priced = price(usage, model="nobody-knows", provider="openrouter", provider_cost=amount)
    assert priced == Priced(Decimal(str(amount)), source="provider")
    assert isinstance(priced, Priced)
    assert (float(priced.amount), priced.table, dict(priced.split)) == (amount, "provider", {})


@pytest.mark.parametrize("amount", [float("nan"), -float("inf"), -1.0, True])
def test_what_is_no_amount_is_no_cost(amount: float) -> None:
    """A cost that can't be is not passed on: the table speaks, 1000 * 2.50 + 100 * 10."""
    priced = price(tokens(1000, 100), model="gpt-4o", provider="openai", provider_cost=amount, at=AT)
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.source) == (Decimal("0.0035"), "local")


@pytest.mark.parametrize("amount", [1_000_000.01, 9e17, 1e308, float("inf"), pytest.param(10**5000, id="long")])
@pytest.mark.parametrize("usage", [None, tokens(1000, 100)])
def test_a_charge_that_no_call_has_is_impossible(amount: float, usage: Usage | None) -> None:
    """Nor are the tokens beside it priced. A million USD is the most that is believed."""
    named: dict[str, Any] = {"model": "gpt-4o", "provider": "openai"}
    assert price(usage, **named, provider_cost=amount) == Unpriced("impossible_usage")
    assert price(usage, **named, provider_cost=1e6) == Priced(Decimal("1E+6"), source="provider")


@pytest.mark.parametrize(
    "count", ["input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "total_tokens"]
)
def test_more_tokens_than_any_call_has_are_impossible(count: str) -> None:
    """A billion is believed: 1e9 in at 2.50 USD a million, 1e9 out at 10, are 12,500 USD."""
    whole = {"input_tokens": 10**9, "output_tokens": 10**9}
    named: dict[str, Any] = {"model": "gpt-4o", "provider": "openai", "at": AT}
    priced = price(Usage(**whole), **named)
    assert isinstance(priced, Priced)
    assert priced.amount == 12_500
    for absurd in (10**9 + 1, 2**53 - 1, 10**30):
        assert price(Usage(**{**whole, count: absurd}), **named) == Unpriced("impossible_usage")


# --- the reasons for none ---


@pytest.mark.parametrize("provider", ["openai", "nobody", None])
@pytest.mark.parametrize("model", ["my-own-model", "", "x" * 10_000, "gpt-4o\x00", "💥"])
def test_an_unknown_model_has_no_price(provider: str | None, model: str) -> None:
    """And says so: no cost is not a cost of 0."""
    assert price(tokens(10, 10), model=model, provider=provider) == Unpriced("unknown_model")
    assert price(tokens(10, 10), model=None, provider=provider) == Unpriced("unknown_model")


def test_an_unknown_provider_has_no_price() -> None:
    """A model known elsewhere may cost something else here."""
    assert price(tokens(10, 10), model="gpt-4o", provider="nobody") == Unpriced("unknown_model")
    assert price(tokens(10, 10), model="llama", provider="litellm", request_model="nobody/llama") == Unpriced(
        "unknown_model"
    )


def test_the_models_name_tells_where_the_provider_is_not_known() -> None:
    """gpt-4o is OpenAI's: 1000 * 2.50 + 100 * 10."""
    priced = price(tokens(1000, 100), model="GPT-4o", at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.0035")


def test_the_model_asked_for_stands_in_for_an_unknown_one_that_answered() -> None:
    """A deployment's or a preview's name is often in no table: 1000 * 2.50 + 100 * 10."""
    priced = price(tokens(1000, 100), model="my-deployment", request_model="gpt-4o", provider="azure", at=AT)
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.model) == (Decimal("0.0035"), "gpt-4o")


def test_the_model_that_answered_comes_first() -> None:
    """Whoever answers is paid: gpt-4o-mini, 1000 * 0.15 + 100 * 0.60."""
    priced = price(tokens(1000, 100), model="gpt-4o-mini", request_model="gpt-4o", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.00021")


@pytest.mark.parametrize("usage", [None, Usage(), Usage(cached_tokens=5), Usage(total_tokens=7)])
def test_without_usage_there_is_no_cost(usage: Usage | None) -> None:
    """Neither input nor output said: nothing to price."""
    assert price(usage, model="gpt-4o", provider="openai") == Unpriced("no_usage")


def test_input_alone_is_priced() -> None:
    """A stream cut before its output was counted has cost its input at least: 1000 * 3."""
    priced = price(Usage(input_tokens=1000), model="claude-sonnet-4-5", provider="anthropic", at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.003")


@pytest.mark.parametrize("model", ["gpt-4o", "llama-3.3-70b-versatile"])
@pytest.mark.parametrize(
    "usage",
    [
        tokens(10, 10, 11),
        tokens(10, 10, 6, 5),
        tokens(10, 10, 0, 5, 6),
        tokens(10, 10, None, None, 1),
        Usage(
            input_tokens=10, output_tokens=10, cache_write_tokens=5, cache_write_1h_tokens=3, cache_write_12h_tokens=3
        ),
        Usage(input_tokens=10, output_tokens=10, cached_tokens=5, cached_audio_tokens=3, cached_image_tokens=3),
        Usage(input_tokens=10, output_tokens=10, cached_audio_tokens=1),
        Usage(input_tokens=10, output_tokens=10, reasoning_tokens=11),
        Usage(output_tokens=10, cached_tokens=1),
        Usage(input_tokens=10, output_tokens=10, input_audio_tokens=11),
        Usage(input_tokens=10, output_tokens=10, output_audio_tokens=11),
        tokens(-1, 10),
        tokens(10, -1),
    ],
)
def test_a_part_above_its_whole_is_impossible(model: str, usage: Usage) -> None:
    """Counts that contradict each other have no price, also where the table has none for the part."""
    provider = "openai" if model == "gpt-4o" else "groq"
    assert price(usage, model=model, provider=provider) == Unpriced("impossible_usage")


# --- the split ---


def micro_usd(priced: Priced) -> dict[str, Decimal]:
    """The split in millionths of a USD, which are tokens times USD per million."""
    return {name: part * 1_000_000 for name, part in priced.split.items()}


def test_the_split_says_what_each_class_cost() -> None:
    """claude-sonnet-4-5: 12 * 3, 2048 * 0.30, 600 * 3.75, 400 * 6 and 57 * 15 millionths of a USD."""
    priced = price(tokens(3060, 57, 2048, 1000, 400), model="claude-sonnet-4-5", provider="anthropic", at=AT)
    assert isinstance(priced, Priced)
    assert priced.split == {
        "input": Decimal("0.000036"),
        "cache_read": Decimal("0.0006144"),
        "cache_write": Decimal("0.00225"),
        "cache_write_1h": Decimal("0.0024"),
        "output": Decimal("0.000855"),
    }


@pytest.mark.parametrize(
    ("usage", "classes"),
    [
        (Usage(input_tokens=9), {"input"}),
        (Usage(output_tokens=9), {"output"}),
        (Usage(input_tokens=9, output_tokens=0), {"input", "output"}),
        (tokens(9, 9, 0), {"input", "cache_read", "output"}),
        (tokens(9, 9, None, 0), {"input", "cache_write", "output"}),
        (tokens(9, 9, 1, 1, 1), {"input", "cache_read", "cache_write", "cache_write_1h", "output"}),
        (Usage(input_tokens=9, output_tokens=9, reasoning_tokens=0), {"input", "output", "reasoning"}),
        (Usage(input_tokens=9, output_tokens=9, input_audio_tokens=0), {"input", "input_audio", "output"}),
        (Usage(input_tokens=9, output_tokens=9, output_audio_tokens=1), {"input", "output", "output_audio"}),
        (Usage(input_tokens=9, output_tokens=9, input_image_tokens=1), {"input", "input_image", "output"}),
        (Usage(input_tokens=9, output_tokens=9, output_image_tokens=0), {"input", "output", "output_image"}),
        # A part of what nobody counted: how much of it there was besides is not known.
        (Usage(input_tokens=9, reasoning_tokens=3), {"input"}),
        (Usage(output_tokens=9, cached_tokens=0), {"output"}),
        (Usage(input_tokens=9, output_tokens=9, cache_write_1h_tokens=0), {"input", "cache_write_1h", "output"}),
    ],
)
@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-4o"), ("google", "gemini-2.5-flash")])
def test_the_split_has_the_classes_that_the_usage_states(
    provider: str, model: str, usage: Usage, classes: set[str]
) -> None:
    """Also where it is 0; a class that nobody counted is not there, since its cost is not known to be 0."""
    priced = price(usage, model=model, provider=provider, at=AT)
    assert isinstance(priced, Priced)
    assert set(priced.split) == classes
    assert sum(priced.split.values()) == priced.amount


def test_cached_tokens_without_a_price_of_their_own_cost_what_others_do() -> None:
    """llama-3.3-70b-versatile has one price for input: 9 * 0.59 and 30 * 0.59; 5 * 0.79 out."""
    priced = price(tokens(39, 5, 30), model="llama-3.3-70b-versatile", provider="groq", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": Decimal("5.31"), "cache_read": Decimal("17.7"), "output": Decimal("3.95")}


def test_reasoning_stands_apart_at_the_price_of_output() -> None:
    """o4-mini: 1000 * 1.10 in, 400 * 4.40 of reasoning, and 100 * 4.40 of what was read."""
    usage = Usage(input_tokens=1000, output_tokens=500, reasoning_tokens=400)
    priced = price(usage, model="o4-mini", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 1100, "reasoning": 1760, "output": 440}


@pytest.mark.parametrize(
    ("cached", "audio", "split"),
    [
        # gemini-2.5-flash: text 0.30, cached text 0.03, audio 1, cached audio 0.10, out 2.50 a million.
        # 300 text, 400 cached text, 300 audio, 10 out
        (400, 300, {"input": 90, "cache_read": 12, "input_audio": 300, "output": 25}),
        # 900 cached and 300 audio of 1,000 are 200 both at least: 700 * 0.03 + 200 * 0.10, 100 * 1
        (900, 300, {"input": 0, "cache_read": 41, "input_audio": 100, "output": 25}),
    ],
)
def test_audio_and_cached_tokens_are_priced_together(cached: int, audio: int, split: dict[str, int]) -> None:
    """How many tokens are both, Google doesn't say in its totals: as few as the counts allow, and those are cached."""
    usage = Usage(input_tokens=1000, cached_tokens=cached, input_audio_tokens=audio, output_tokens=10)
    priced = price(usage, model="gemini-2.5-flash", provider="google", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == split
    assert priced.amount == Decimal(sum(split.values())) / 1_000_000


@pytest.mark.parametrize(
    ("both", "split"),
    [
        # 100 text, 500 cached text, 200 cached audio, 200 audio, 10 out
        (200, {"input": 30, "cache_read": 15, "cache_audio_read": 20, "input_audio": 200, "output": 25}),
        # ... of 300 text and 700 cached text: 400 audio, which leaves no text at all
        (0, {"input": 0, "cache_read": 21, "cache_audio_read": 0, "input_audio": 300, "output": 25}),
        # ... all audio is cached: 300 text, 300 cached text, 400 cached audio
        (400, {"input": 90, "cache_read": 9, "cache_audio_read": 40, "input_audio": 0, "output": 25}),
    ],
)
def test_cached_audio_that_is_told_is_priced_as_told(both: int, split: dict[str, int]) -> None:
    """gemini-2.5-flash: text 0.30, cached text 0.03, audio 1, cached audio 0.10, out 2.50 a million."""
    usage = Usage(
        input_tokens=1000, cached_tokens=700, input_audio_tokens=400, output_tokens=10, cached_audio_tokens=both
    )
    priced = price(usage, model="gemini-2.5-flash", provider="google", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == split
    assert priced.amount == Decimal(sum(split.values())) / 1_000_000


def test_cached_images_that_are_told_are_priced_as_told() -> None:
    """gpt-image-1: 400 * 5 of text, 100 * 1.25 cached, 300 * 10 of images, 200 * 2.50 cached; 100 * 40 out."""
    usage = Usage(
        input_tokens=1000, cached_tokens=300, input_image_tokens=500, cached_image_tokens=200, output_tokens=100
    )
    priced = price(usage, model="gpt-image-1", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    split = {"input": 2000, "cache_read": 125, "input_image": 3000, "cache_image_read": 500, "output": 4000}
    assert micro_usd(priced) == split


def test_writes_kept_for_half_a_day_have_no_price() -> None:
    """gpt-6.1-sol 2 / 0.10 / 2.50 / 10: they are counted as others, 2000 * 2 + 1000 * 0.10 + 5000 * 2.50 + 500 * 10."""
    usage = Usage(
        input_tokens=8000, cached_tokens=1000, cache_write_tokens=5000, cache_write_12h_tokens=4000, output_tokens=500
    )
    priced = price(usage, model="gpt-6.1-sol", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {
        "input": 4000, "cache_read": 100, "cache_write": 2500, "cache_write_12h": 10_000, "output": 5000,
    }  # fmt: skip
    assert priced.unpriced == ("class:cache_write_12h",)


def test_writes_kept_for_an_hour_are_named_where_only_others_have_a_price() -> None:
    """claude-3-5-sonnet on Vertex AI 3 / 3.75 / 15: 500 * 3 + 500 * 3.75 + 10 * 15."""
    priced = price(tokens(1000, 10, 0, 500, 200), model="claude-3-5-sonnet", provider="vertex_ai", at=AT)
    assert isinstance(priced, Priced)
    assert (priced.amount * 1_000_000, priced.unpriced) == (3525, ("class:cache_write_1h",))


def test_audio_has_its_own_price() -> None:
    """gpt-realtime 4 in, 32 audio in, 16 out, 64 audio out."""
    usage = Usage(input_tokens=1000, input_audio_tokens=100, output_tokens=100, output_audio_tokens=20)
    priced = price(usage, model="gpt-realtime", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 3600, "input_audio": 3200, "output": 1280, "output_audio": 1280}


def test_images_have_their_own_price() -> None:
    """gemini-2.5-flash-image 2.50 out, 30 for images out; gpt-image-1 5 in, 10 for images in, 40 out."""
    usage = Usage(input_tokens=0, output_tokens=1307, output_image_tokens=1290)
    priced = price(usage, model="gemini-2.5-flash-image", provider="google", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 0, "output": Decimal("42.5"), "output_image": 38700}
    usage = Usage(input_tokens=1000, input_image_tokens=600, output_tokens=100)
    priced = price(usage, model="gpt-image-1", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 2000, "input_image": 6000, "output": 4000}


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any usage that is possible."""
    inputs, outputs = draw(st.integers(0, 400_000)), draw(st.integers(0, 100_000))
    cached = draw(st.integers(0, inputs))
    write = draw(st.integers(0, inputs - cached))
    return tokens(inputs, outputs, cached, write, draw(st.integers(0, write)))


@given(
    usage=usages(),
    model=st.sampled_from(
        [
            ("openai", "gpt-4o"),
            ("openai", "gpt-4"),
            ("anthropic", "claude-sonnet-4-5"),
            ("anthropic", "claude-haiku-4-5"),
            ("google", "gemini-2.5-pro"),
            ("groq", "openai/gpt-oss-120b"),
            ("x-ai", "grok-4"),
        ]
    ),
    tier=st.sampled_from([None, "flex", "priority", "batch"]),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_split_adds_up_to_the_amount(usage: Usage, model: tuple[str, str], tier: str | None) -> None:
    """For any possible usage, exactly, and no part is negative."""
    provider, name = model
    priced = price(usage, model=name, provider=provider, service_tier=tier, at=AT)
    assert isinstance(priced, Priced)
    assert sum(priced.split.values()) == priced.amount
    assert min(priced.split.values()) >= 0
    assert set(priced.split) == {"input", "output", "cache_read", "cache_write", "cache_write_1h"}


def any_usage(draw: Random) -> Usage:
    """Any usage that is possible, in which anything but input and output may be left unsaid."""

    def said(most: int) -> int | None:
        return None if draw.random() < 0.4 else draw.randint(0, most)

    inputs, outputs = draw.randint(0, 10 ** draw.randint(0, 6)), draw.randint(0, 10 ** draw.randint(0, 5))
    cached, audio_in, audio_out = said(inputs), said(inputs), said(outputs)
    write = said(inputs - (cached or 0))
    return Usage(
        input_tokens=inputs,
        cached_tokens=cached,
        cache_write_tokens=write,
        cache_write_1h_tokens=None if write is None else said(write),
        input_audio_tokens=audio_in,
        input_image_tokens=said(inputs - (audio_in or 0)),
        output_tokens=outputs,
        reasoning_tokens=said(outputs),
        output_audio_tokens=audio_out,
        output_image_tokens=said(outputs - (audio_out or 0)),
    )


def test_the_split_adds_up_for_any_model_of_the_table() -> None:
    """2,000 models and usages of a seeded draw: the parts add up, none is negative, and nearly all have a price.

    Models that the table lists without a price of both input and output are left out: embeddings, what is free.
    """
    draw, pairs, priced, wrong = Random(0), 2000, 0, list[str]()
    models = [
        (row.id, model.id)
        for row in data_snapshot.get_snapshot().providers
        for model in row.models
        if (prices := model.get_prices(AT)).input_mtok is not None and prices.output_mtok is not None
    ]
    for _ in range(pairs):
        provider, name = draw.choice(models)
        usage, tier = any_usage(draw), draw.choice([None, None, "flex", "priority", "batch"])
        answer = price(usage, model=name, provider=provider, service_tier=tier, at=AT)
        if isinstance(answer, Priced):
            priced += 1
            off = abs(sum(answer.split.values()) - answer.amount)
            if off > Decimal("1e-12") or min(answer.split.values()) < 0:
                wrong.append(f"{provider} {name} {tier} {usage!r}: {answer.amount} as {dict(answer.split)}")
    assert not wrong
    assert priced >= 0.9 * pairs


def test_a_fee_for_the_call_is_a_part_of_its_own() -> None:
    """The table charges 0.012 USD a call of sonar, and 1 USD a million in and out: 1000 * 1 + 100 * 1."""
    priced = price(tokens(1000, 100), model="sonar", provider="perplexity", at=AT, items={"request": 1})
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 1000, "output": 100, "request": 12_000}


# --- items ---


def test_each_item_is_a_line_of_the_bill() -> None:
    """gpt-5: 1000 * 1.25 + 100 * 10, 3 searches of the web at 10 a thousand, 2 of files at 2.50 a thousand."""
    items = {"web_search": 3, "file_search": 2}
    priced = price(tokens(1000, 100), model="gpt-5", provider="openai", at=AT, items=items)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 1250, "output": 1000, "web_search": 30_000, "file_search": 5000}
    assert sum(priced.split.values()) == priced.amount
    assert priced.unpriced == ()


def test_an_item_without_a_price_is_named() -> None:
    """The others are priced all the same: 1000 * 1.25 + 100 * 10 + 1 * 10_000."""
    items = {"web_search": 1, "wolfram": 2, "code_session": 1, "x_search": 0}
    priced = price(tokens(1000, 100), model="gpt-5", provider="openai", at=AT, items=items)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.01225")
    assert priced.unpriced == ("code_session", "wolfram")


def test_items_without_tokens_are_a_bill() -> None:
    """An hour of whisper-1 costs 0.36 USD: 90 seconds are 0.009."""
    priced = price(None, model="whisper-1", provider="openai", at=AT, items={"audio_second": 90})
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.unpriced) == (Decimal("0.009"), ())
    lacking = price(None, model="rerank-v3.5", provider="cohere", at=AT, items={"search_unit": 1})
    assert lacking == Priced(Decimal(0), unpriced=("search_unit",))


def test_items_of_an_unknown_model_make_no_cost() -> None:
    """Its tokens have no price, and are most of the bill."""
    assert price(tokens(1000, 100), model="nobody-knows", items={"web_search": 1}) == Unpriced("unknown_model")


@pytest.mark.parametrize("count", [-1, 10**10, float("inf"), float("nan")])
def test_an_impossible_number_of_items_has_no_price(count: float) -> None:
    answer = price(tokens(1000, 100), model="gpt-5", items={"web_search": count})
    assert answer == Unpriced("impossible_usage")


def test_models_inside_a_call_are_priced_by_themselves() -> None:
    """claude-haiku-4-5 1 / 5: 1000 * 1 + 100 * 5; claude-opus-4-7 5 / 25: 2000 * 5 + 10 * 25; the third is unknown."""
    inner = [
        Inner(tokens(2000, 10), "claude-opus-4-7"), Inner(tokens(1000, 100)), Inner(tokens(5, 5), "nobody-knows"),
    ]  # fmt: skip
    priced = price(tokens(3005, 115), model="claude-haiku-4-5", provider="anthropic", at=AT, inner=inner)
    assert isinstance(priced, Priced)
    assert micro_usd(priced) == {"input": 11_000, "output": 750}
    assert (priced.model, priced.unpriced) == ("claude-haiku-4-5", ("model:nobody-knows",))


def test_a_tier_without_a_price_is_named() -> None:
    """Its tokens are counted at the standard rate: 1000 * 1.25 + 100 * 10."""
    priced = price(tokens(1000, 100), model="gpt-5", provider="openai", at=AT, service_tier="Tomorrow")
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.unpriced) == (Decimal("0.00225"), ("tier:tomorrow",))


# --- names ---


@pytest.mark.parametrize(
    ("provider", "model", "asked_for", "micro_usd"),
    [
        # What answers on Bedrock is a model's name; the id that was asked for has the price: claude-sonnet-4-5 is 3 a
        # million in everywhere ("global"), 3.30 in a region.
        ("bedrock", "claude-sonnet-4-5-20250929", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3000),
        ("bedrock", "claude-sonnet-4-5-20250929", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3300),
        ("bedrock", "claude-sonnet-4-5-20250929", None, 3300),
        # Google's names come with the path to them: gemini-2.5-flash is 0.30.
        ("vertex_ai", "publishers/google/models/gemini-2.5-flash", None, 300),
        ("vertex_ai", "google/gemini-2.5-flash", None, 300),
        ("google", "models/gemini-2.5-flash", None, 300),
        # A free model costs 0, which is not the same as one without a price.
        ("openrouter", "allenai/molmo-7b-d:free", None, 0),
    ],
)
def test_a_name_is_looked_up_as_its_provider_has_it(
    provider: str, model: str, asked_for: str | None, micro_usd: int
) -> None:
    """1,000 tokens in."""
    priced = price(tokens(1000, 0), model=model, request_model=asked_for, provider=provider, at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal(micro_usd) / 1_000_000


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "tts-1"), ("groq", "whisper-large-v3"), ("cerebras", "qwen-3-coder-480b")]
)
def test_what_is_listed_without_a_price_for_tokens_is_unknown(provider: str, model: str) -> None:
    """By the character, by the hour, or with no price at all: not 0."""
    assert price(tokens(1000, 100), model=model, provider=provider, at=AT) == Unpriced("unknown_model")


# --- what is known, and what is kept ---


@pytest.fixture
def empty_cache() -> Iterator[None]:
    in_use().find.cache_clear()
    yield
    in_use().find.cache_clear()


@pytest.mark.usefixtures("empty_cache")
def test_invented_names_grow_no_cache() -> None:
    """5,000 names that a user made up leave the table's own caches as they were, and ours at its bound."""
    snapshot: Any = data_snapshot.get_snapshot()
    caches = ("_lookup_cache", "_provider_cache", "_provider_misses")
    before = [len(getattr(snapshot, name)) for name in caches]
    for number in range(5000):
        provider = ("openai", None, "litellm")[number % 3]
        assert price(tokens(1, 1), model=f"made-up-{number}", provider=provider) == Unpriced("unknown_model")
    assert [len(getattr(snapshot, name)) for name in caches] == before
    info = in_use().find.cache_info()
    assert (info.currsize, info.maxsize) == (512, 512)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("azure", "gpt-4o"),  # resold
        ("litellm", "openai/gpt-4o"),
        ("litellm", "gpt-4o"),
        (None, "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
        ("groq", "meta-llama/llama-4-scout-17b-16e-instruct"),
    ],
)
def test_known_models_are_known(provider: str | None, model: str) -> None:
    """As the table spells them; LiteLLM writes the provider before the name."""
    assert pricing.knows(model, provider)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "my-own-model"),
        ("openai", ""),
        ("openai", "GPT-4o"),
        ("openai", "gpt-4o "),
        ("openai", "gpt-4o-2024-11-20@latest"),
        ("openai", "gpt-4o-9999-12-31"),
        ("anthropic", "gpt-4o"),
        ("my-gateway", "gpt-4o"),
        (None, "claude-sonnet-4-5-20250929"),
        ("google", "p1/gemini-2.5-pro"),
        ("google", "models/gemini-2.5-pro"),
        ("litellm", "OpenAI/gpt-4o"),
        ("litellm", "p1/gpt-4o"),
        ("litellm", "openai/openai/gpt-4o"),
    ],
)
def test_other_spellings_of_known_models_are_not(provider: str | None, model: str) -> None:
    """They have a price, or some of them have, and there are as many as anybody likes."""
    assert not pricing.knows(model, provider)


def test_the_table_has_a_version_and_a_day() -> None:
    """A bill can be audited, and an old table can be told."""
    pricing.warm_up()
    assert pricing.loaded()
    version, newest = pricing.price_table()
    assert version.startswith("genai-prices 0.2.")
    assert datetime(2026, 1, 1, tzinfo=UTC) < newest <= datetime.now(UTC)
