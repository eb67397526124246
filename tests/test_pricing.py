"""Prices worked out by hand, and the reasons for none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from genai_prices import data_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkmeter import Priced, Unpriced, Usage, price, pricing
from chunkmeter.pricing import genai

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


class Case(NamedTuple):
    """A call, and its cost as a sum of tokens x USD per million."""

    provider: str
    model: str
    usage: Usage
    micro_usd: str
    """USD per million tokens times tokens, added up: millionths of a USD."""
    tier: str | None = None


def tokens(
    input_tokens: int, output_tokens: int, cached: int | None = None, write: int | None = None, hour: int | None = None
) -> Usage:
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_tokens=write,
        cache_write_1h_tokens=hour,
    )


CASES = [
    # OpenAI, https://openai.com/api/pricing: USD a million in / cached / out.
    # gpt-4o 2.50 / 1.25 / 10: 1000 * 2.50 + 100 * 10 = 2500 + 1000
    Case("openai", "gpt-4o", tokens(1000, 100), "3500"),
    # Cached tokens lie inside the input: 600 * 2.50 + 400 * 1.25 + 100 * 10 = 1500 + 500 + 1000
    Case("openai", "gpt-4o-2024-08-06", tokens(1000, 100, 400), "3000"),
    # Cached altogether: 1000 * 1.25 + 100 * 10
    Case("openai", "gpt-4o", tokens(1000, 100, 1000), "2250"),
    # gpt-4o-mini 0.15 / 0.075 / 0.60: 31 * 0.15 + 8 * 0.60 = 4.65 + 4.80
    Case("openai", "gpt-4o-mini-2024-07-18", tokens(31, 8), "9.45"),
    # gpt-4.1 2 / 0.50 / 8: 100 * 2 + 100 * 8
    Case("openai", "gpt-4.1", tokens(100, 100), "1000"),
    # gpt-4.1-nano 0.10 / 0.025 / 0.40: 22 * 0.10 + 5 * 0.40
    Case("openai", "gpt-4.1-nano", tokens(22, 5), "4.2"),
    # o3 2 / 0.50 / 8 since 2025-06-10: 10 * 2 + 1000 * 8
    Case("openai", "o3", tokens(10, 1000), "8020"),
    # gpt-5 1.25 / 0.125 / 10: 600 * 1.25 + 400 * 0.125 + 100 * 10 = 750 + 50 + 1000
    Case("openai", "gpt-5", tokens(1000, 100, 400), "1800"),
    # ... the default tier is no tier
    Case("openai", "gpt-5", tokens(1000, 100, 400), "1800", "default"),
    Case("openai", "gpt-5", tokens(1000, 100, 400), "1800", "never-heard-of"),
    # ... flex is half: 0.625 / 0.0625 / 5
    Case("openai", "gpt-5", tokens(1000, 100, 400), "900", "flex"),
    # ... priority is double: 2.50 / 0.25 / 20
    Case("openai", "gpt-5", tokens(1000, 100, 400), "3600", "priority"),
    # ... batch is half
    Case("openai", "gpt-5", tokens(1000, 100, 400), "900", "batch"),
    # A fine-tuned gpt-4o-mini 0.30 / - / 1.20, whatever its owner called it: 1000 * 0.30 + 100 * 1.20
    Case("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", tokens(1000, 100), "420"),
    # Azure OpenAI, the same prices: 1000 * 2.50 + 100 * 10
    Case("azure.ai.openai", "gpt-4o", tokens(1000, 100), "3500"),
    Case("azure", "gpt-4o-mini", tokens(100, 100), "75"),
    # Anthropic, https://platform.claude.com/docs/en/about-claude/pricing: in / read / write 5m / write 1h / out.
    # claude-sonnet-4-5 3 / 0.30 / 3.75 / 6 / 15: 12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6 + 57 * 15
    #   = 36 + 614.4 + 2250 + 2400 + 855
    Case("anthropic", "claude-sonnet-4-5-20250929", tokens(3060, 57, 2048, 1000, 400), "6155.4"),
    # ... 5-minute writes alone: 500 * 3 + 500 * 3.75 + 10 * 15
    Case("anthropic", "claude-sonnet-4-5", tokens(1000, 10, None, 500), "3525"),
    # ... 1-hour writes alone: 500 * 3 + 500 * 6 + 10 * 15
    Case("anthropic", "claude-sonnet-4-5", tokens(1000, 10, 0, 500, 500), "4650"),
    # ... 200,000 tokens in are not yet over the cliff: 200000 * 3 + 100 * 15
    Case("anthropic", "claude-sonnet-4-5", tokens(200_000, 100), "601500"),
    # ... one more is, and all of them cost 6, those out 22.50: 200001 * 6 + 100 * 22.50
    Case("anthropic", "claude-sonnet-4-5", tokens(200_001, 100), "1202256"),
    # ... cached tokens count for the cliff: 1 * 6 + 200000 * 0.60 + 100 * 22.50
    Case("anthropic", "claude-sonnet-4-5", tokens(200_001, 100, 200_000), "122256"),
    # ... batch is half: 1000 * 1.50 + 100 * 7.50
    Case("anthropic", "claude-sonnet-4-5", tokens(1000, 100), "2250", "batch"),
    # claude-haiku-4-5 1 / 0.10 / 1.25 / 2 / 5: 100 * 1 + 900 * 0.10 + 20 * 5
    Case("anthropic", "claude-haiku-4-5", tokens(1000, 20, 900), "290"),
    # Google, https://ai.google.dev/gemini-api/docs/pricing
    # gemini-2.5-flash 0.30 / 0.03 / 2.50: 552 * 0.30 + 2048 * 0.03 + 72 * 2.50 = 165.6 + 61.44 + 180
    Case("google", "gemini-2.5-flash", tokens(2600, 72, 2048), "407.04"),
    Case("gcp.vertex_ai", "gemini-2.5-flash", tokens(2600, 72, 2048), "407.04"),
    # gemini-2.5-pro 1.25 / 0.125 / 10 up to 200,000, above 2.50 / 0.25 / 15: 300000 * 2.50 + 100 * 15
    Case("google", "gemini-2.5-pro", tokens(300_000, 100), "751500"),
    # Groq, https://groq.com/pricing: llama-3.3-70b-versatile 0.59 / - / 0.79: 39 * 0.59 + 5 * 0.79 = 23.01 + 3.95
    Case("groq", "llama-3.3-70b-versatile", tokens(39, 5), "26.96"),
    # xAI, https://docs.x.ai/docs/models: grok-3-mini 0.30 / 0.075 / 0.50: 23 * 0.30 + 4 * 0.075 + 144 * 0.50
    Case("xai", "grok-3-mini", tokens(27, 144, 4), "79.2"),
    # LiteLLM names the upstream in front: gpt-4o-mini, 33 * 0.15 + 5 * 0.60
    Case("litellm", "openai/gpt-4o-mini", tokens(33, 5), "7.95"),
    # ... Anthropic on Bedrock, regional, 10 % dearer: 1000 * 3.30 + 10 * 16.50
    Case("litellm", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 10), "3465"),
    # ... no upstream, so the model's name tells
    Case("litellm", "gpt-4o-mini", tokens(33, 5), "7.95"),
    # Nothing used costs nothing, which is not the same as no cost.
    Case("openai", "gpt-4o", tokens(0, 0, 0), "0"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider}-{case.model}-{case.tier or 'standard'}")
def test_a_price_is_what_is_worked_out_by_hand(case: Case) -> None:
    """To the last digit: `Decimal` inside."""
    priced = price(case.usage, model=case.model, provider=case.provider, service_tier=case.tier, at=AT)
    assert isinstance(priced, Priced), priced
    assert priced.amount == Decimal(case.micro_usd) / 1_000_000
    assert sum(priced.split.values()) == priced.amount
    assert (priced.currency, priced.source, priced.table) == ("USD", "local", "genai-prices")
    assert priced.version is not None
    assert priced.version.startswith("genai-prices 0.2.")


def test_the_split_says_what_each_class_cost() -> None:
    """claude-sonnet-4-5: 12 * 3, 2048 * 0.30, 600 * 3.75 + 400 * 6 and 57 * 15 millionths of a USD."""
    priced = price(tokens(3060, 57, 2048, 1000, 400), model="claude-sonnet-4-5", provider="anthropic", at=AT)
    assert isinstance(priced, Priced)
    assert priced.split == {
        "input": Decimal("0.000036"),
        "cache_read": Decimal("0.0006144"),
        "cache_write": Decimal("0.00465"),
        "output": Decimal("0.000855"),
    }


def test_cached_tokens_without_a_price_of_their_own_are_input() -> None:
    """llama-3.3-70b-versatile has one price for input: 39 * 0.59."""
    priced = price(tokens(39, 5, 30), model="llama-3.3-70b-versatile", provider="groq", at=AT)
    assert isinstance(priced, Priced)
    assert priced.split["input"] == Decimal("0.00002301")
    assert priced.split["cache_read"] == 0


@pytest.mark.parametrize(
    ("cached", "audio", "micro_usd", "read"),
    [
        # gemini-2.5-flash: text 0.30, cached text 0.03, audio 1, cached audio 0.10, out 2.50 a million.
        # 300 text, 400 cached text, 300 audio, 10 out: 90 + 12 + 300 + 25
        (400, 300, "427", "12"),
        # 900 cached and 300 audio of 1,000 are 200 both at least: 700 * 0.03 + 200 * 0.10 + 100 * 1 + 25
        (900, 300, "166", "41"),
    ],
)
def test_audio_and_cached_tokens_are_priced_together(cached: int, audio: int, micro_usd: str, read: str) -> None:
    """How many tokens are both, Google doesn't say in its totals: as few as the counts allow."""
    usage = Usage(input_tokens=1000, cached_tokens=cached, input_audio_tokens=audio, output_tokens=10)
    priced = price(usage, model="gemini-2.5-flash", provider="google", at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal(micro_usd) / 1_000_000
    assert priced.split["cache_read"] == Decimal(read) / 1_000_000
    assert sum(priced.split.values()) == priced.amount


def test_audio_has_its_own_price() -> None:
    """gpt-realtime 4 in, 32 audio in, 16 out, 64 audio out: 900 * 4 + 100 * 32 + 80 * 16 + 20 * 64 = 9360."""
    usage = Usage(input_tokens=1000, input_audio_tokens=100, output_tokens=100, output_audio_tokens=20)
    priced = price(usage, model="gpt-realtime", provider="openai", at=AT)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.00936")


def test_prices_are_those_of_the_day() -> None:
    """o3 cost 10 a million tokens before 2025-06-10, and 2 since."""
    for day, amount in ((9, "10"), (10, "2")):
        priced = price(tokens(1_000_000, 0), model="o3", provider="openai", at=datetime(2025, 6, day, tzinfo=UTC))
        assert isinstance(priced, Priced)
        assert priced.amount == Decimal(amount)


# --- the provider's own cost ---


@pytest.mark.parametrize("amount", [0.0, 0.000123, 0.1, 5])
@pytest.mark.parametrize("usage", [None, Usage(), tokens(10, 10)])
def test_the_providers_cost_passes_through_unmodified(amount: float, usage: Usage | None) -> None:
    """It beats any table, needs no usage, and 0.0 is a price."""
    priced = price(usage, model="nobody-knows", provider="openrouter", provider_cost=amount)
    assert priced == Priced(Decimal(str(amount)), source="provider")
    assert isinstance(priced, Priced)
    assert (float(priced.amount), priced.table, dict(priced.split)) == (amount, "provider", {})


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1.0])
def test_what_is_no_amount_is_no_cost(amount: float) -> None:
    """A cost that can't be is not passed on: the table speaks, 1000 * 2.50 + 100 * 10."""
    priced = price(tokens(1000, 100), model="gpt-4o", provider="openai", provider_cost=amount, at=AT)
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.source) == (Decimal("0.0035"), "local")


# --- the reasons for none ---


@pytest.mark.parametrize("provider", ["openai", "nobody", None])
@pytest.mark.parametrize("model", ["my-own-model", "", "x" * 10_000, "gpt-4o\n", "💥"])
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
    assert set(priced.split) == {"input", "output", "cache_read", "cache_write"}


# --- what is known, and what is kept ---


@pytest.fixture
def empty_cache() -> Iterator[None]:
    genai._find.cache_clear()
    yield
    genai._find.cache_clear()


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
    info = genai._find.cache_info()
    assert (info.currsize, info.maxsize) == (512, 512)


def test_known_models_are_known() -> None:
    """By the same look-up that prices them."""
    assert pricing.knows("gpt-4o", "openai")
    assert pricing.knows("openai/gpt-4o", "litellm")
    assert pricing.knows("claude-sonnet-4-5-20250929")
    assert not pricing.knows("my-own-model", "openai")
    assert not pricing.knows("", "openai")


def test_the_table_has_a_version_and_a_day() -> None:
    """A bill can be audited, and an old table can be told."""
    pricing.warm_up()
    assert pricing.loaded()
    version, newest = pricing.price_table()
    assert version.startswith("genai-prices 0.2.")
    assert datetime(2026, 1, 1, tzinfo=UTC) < newest <= datetime.now(UTC)
