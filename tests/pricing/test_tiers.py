"""Service tiers: which of them have a price, and that one without is named and never silently the standard one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chunkmeter import Priced, cli, price, wrap
from chunkmeter.pricing import Inner, tiers
from chunkmeter.testing import Kit
from support.chunks import Json
from support.price_lists import AT, micro_usd
from support.usage import tokens


def priced(provider: str, model: str, tier: str | None, at: datetime = AT) -> tuple[Decimal, tuple[str, ...]]:
    return micro_usd(provider, model, at, service_tier=tier)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("SERVICE_TIER_FLEX", "flex"), ("ON_DEMAND_PRIORITY", "priority"), ("ON_DEMAND", "on_demand"),
        ("TRAFFIC_TYPE_UNSPECIFIED", "unspecified"), (" Priority ", "priority"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_tier_has_one_word(raw: str | None, word: str | None) -> None:
    assert tiers.service_tier(raw) == word


@pytest.mark.parametrize(
    "tier", [None, "default", "standard", "auto", "on_demand", "ON_DEMAND", "SERVICE_TIER_STANDARD", "unspecified"]
)
@pytest.mark.parametrize("provider", ["openai", "azure", "azure_openai"])
def test_the_standard_tier_lacks_nothing(provider: str, tier: str | None) -> None:
    """gpt-5: 1000 * 1.25 + 100 * 10."""
    assert priced(provider, "gpt-5", tier) == (2250, ())


@pytest.mark.parametrize(
    ("provider", "model", "tier", "standard"),
    [
        # 1000 * 1.25 + 100 * 10
        ("openai", "gpt-5", "ultrafast", 2250),
        # OpenAI's price of it is not Azure's: 1000 * 2 + 100 * 10
        ("azure_openai", "gpt-6-sol", "priority", 3000),
        ("azure", "gpt-6-sol", "flex", 3000),
        ("azure_openai", "gpt-6-sol", "batch", 3000),
        # 1000 * 0.75 + 100 * 3.75
        ("google", "gemini-3.8-flash", "flex", 1125),
        ("vertex_ai", "gemini-3.8-flash", "ON_DEMAND_FLEX", 1125),
        ("vertex_ai", "gemini-3.8-flash", "ON_DEMAND_PRIORITY", 1125),
        # 1000 * 3 + 100 * 15
        ("anthropic", "claude-sonnet-4-5", "priority", 4500),
        ("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "priority", 4500),
        ("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "flex", 4500),
        ("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "optimized", 4500),
        # 1000 * 0.59 + 100 * 0.79
        ("groq", "llama-3.3-70b-versatile", "performance", 669),
    ],
)
def test_a_tier_without_a_price_is_named(provider: str, model: str, tier: str, standard: int) -> None:
    """Its tokens are counted at the standard price."""
    assert priced(provider, model, tier) == (standard, (f"tier:{tiers.service_tier(tier)}",))


def test_a_tier_has_its_price_from_the_day_on_that_the_table_knows() -> None:
    """gpt-6-sol: flex is half since 2026-10-12; before, 1000 * 2 + 100 * 10 and no word on flex."""
    assert priced("openai", "gpt-6-sol", "flex") == (1500, ())
    assert priced("openai", "gpt-6-sol", "flex", datetime(2026, 10, 1, tzinfo=UTC)) == (3000, ("tier:flex",))


@pytest.mark.parametrize(
    ("provider", "model", "tier"),
    [
        ("vertex_ai", "gemini-2.5-flash", "PROVISIONED_THROUGHPUT"),
        ("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "reserved"),
        ("openai", "gpt-5", "scale"),
    ],
)
def test_what_was_paid_for_in_advance_costs_nothing_a_token(provider: str, model: str, tier: str) -> None:
    """And is not for nothing: the tier is named. Searches are charged as ever."""
    assert priced(provider, model, tier) == (0, (f"tier:{tier.lower()}",))
    answer = price(
        tokens(1000, 100), model="gemini-2.5-flash", provider="vertex_ai", at=AT, items={"web_search": 1},
        service_tier="PROVISIONED_THROUGHPUT",
    )  # fmt: skip
    assert isinstance(answer, Priced)
    assert (answer.amount, answer.unpriced) == (Decimal("0.035"), ("tier:provisioned_throughput",))


def test_the_command_says_what_was_paid_for_in_advance(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["price", "gpt-5", "--provider", "openai", "--tier", "scale", "--input", "1000"]) == 0
    shown = capsys.readouterr().out
    assert "lacks    tier:scale: it is paid for in advance, and a token of it costs nothing" in shown
    assert ["total", "0"] in [line.split() for line in shown.splitlines()]


def test_each_model_inside_a_call_is_of_its_tier() -> None:
    """claude-haiku-4-5 1 / 5, claude-opus-4-7 5 / 25: 1000 + 500, 5000 + 2500."""
    inner = [Inner(tokens(1000, 100)), Inner(tokens(1000, 100), "claude-opus-4-7")]
    answer = price(
        tokens(2000, 200), model="claude-haiku-4-5", provider="anthropic", at=AT, inner=inner, service_tier="priority"
    )
    assert isinstance(answer, Priced)
    assert (answer.amount, answer.unpriced) == (Decimal("0.009"), ("tier:priority",))


@pytest.mark.parametrize(
    ("traffic", "unpriced"),
    [("ON_DEMAND", None), ("ON_DEMAND_FLEX", ["tier:flex"]), ("ON_DEMAND_PRIORITY", ["tier:priority"])],
)
def test_what_vertex_says_of_a_tier(kit: Kit, traffic: str, unpriced: list[str] | None) -> None:
    """500 * 0.30 + 300 * 2.50 in each."""
    usage: Json = {"promptTokenCount": 500, "candidatesTokenCount": 300, "trafficType": traffic}
    event: Json = {"candidates": [{"finishReason": "STOP"}], "modelVersion": "gemini-2.5-flash", "usageMetadata": usage}
    list(wrap(iter([event]), provider="vertex_ai", telemetry=kit.telemetry))
    assert kit.attributes.get("chunkmeter.cost.unpriced") == unpriced
    assert kit.total("chunkmeter.spend") == pytest.approx(0.0009, rel=1e-12)


FILE = """
[[models]]
names = ["plain"]
prices = { input = 1, output = 2 }

[[models]]
names = ["tiered"]
prices = { input = 1, output = 2 }
tiers.Flex = { input = 0.5, output = 1 }
tiers.reserved = { input = 0.1, output = 0.1 }
"""


@pytest.mark.parametrize(
    ("model", "tier", "micro_usd", "unpriced"),
    [
        # 1000 * 1 + 100 * 2: an entry without tiers is for all of them
        ("plain", None, 1200, ()),
        ("plain", "flex", 1200, ()),
        ("plain", "provisioned_throughput", 1200, ()),
        ("tiered", "default", 1200, ()),
        ("tiered", "ON_DEMAND", 1200, ()),
        # 1000 * 0.5 + 100 * 1
        ("tiered", "ON_DEMAND_FLEX", 600, ()),
        # 1000 * 0.1 + 100 * 0.1
        ("tiered", "reserved", 110, ()),
        ("tiered", "priority", 1200, ("tier:priority",)),
    ],
)
def test_tiers_of_a_price_file(
    tmp_path: Path, model: str, tier: str | None, micro_usd: int, unpriced: tuple[str, ...]
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(FILE)
    answer = price(tokens(1000, 100), model=model, service_tier=tier, prices=str(path))
    assert isinstance(answer, Priced)
    assert (answer.amount * 1_000_000, answer.unpriced) == (micro_usd, unpriced)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"serviceTier": {"type": "default"}}, "known"),
        ({"serviceTier": {"type": "flex"}}, "incomplete"),
        ({"performanceConfig": {"latency": "optimized"}}, "incomplete"),
        ({"performanceConfig": {"latency": "standard"}}, "known"),
    ],
)
def test_what_bedrock_says_of_a_tier(kit: Kit, said: Json, status: str) -> None:
    usage: Json = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
    events: list[Json] = [{"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": usage} | said}]
    model = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
    list(wrap(iter(events), provider="bedrock", model=model, telemetry=kit.telemetry))
    assert kit.attributes["chunkmeter.cost.status"] == status
