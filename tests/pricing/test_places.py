"""What is added to the list's prices by where a call is served, and that what no list tells is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chunkmeter import Priced, price
from chunkmeter.facts.cost_metadata import region_of
from chunkmeter.pricing import places
from support.price_lists import AT, micro_usd
from support.usage import tokens


def priced(provider: str, model: str, region: str | None, at: datetime = AT) -> tuple[Decimal, tuple[str, ...]]:
    return micro_usd(provider, model, at, region=region)


@pytest.mark.parametrize(
    ("provider", "model", "region", "micro_usd"),
    [
        # OpenAI, models since 2026-03-05: (1000 * 2.50 + 100 * 15) * 1.1, (1000 * 2 + 100 * 10) * 1.1
        ("openai", "gpt-5.4", "eu", 4400),
        ("openai", "gpt-6-sol", "us", 3300),
        # ... and before: 1000 * 1.25 + 100 * 10, 1000 * 1.75 + 100 * 14, 1000 * 1.10 + 100 * 4.40
        ("openai", "gpt-5-2025-08-07", "eu", 2250),
        ("openai", "gpt-5.3-codex", "jp", 3150),
        ("openai", "o4-mini", "eu", 1540),
        # Gemini on Vertex AI, from 3 on: (1000 * 1.50 + 100 * 9) * 1.1; before: 1000 * 0.30 + 100 * 2.50
        ("vertex_ai", "gemini-3.5-flash", "us-central1", 2640),
        ("vertex_ai", "gemini-3.5-flash", "eu", 2640),
        ("vertex_ai", "gemini-2.5-flash", "us-central1", 550),
        ("vertex_ai", "gemini-3.5-flash", "global", 2400),
        ("google", "gemini-3.5-flash", None, 2400),
        # Claude on Vertex AI, from Sonnet 4.5 on: (1000 * 3 + 100 * 15) * 1.1, (1000 + 500) * 1.1, (5000 + 2500) * 1.1
        ("vertex_ai", "claude-sonnet-4-5@20250929", "us-east5", 4950),
        ("vertex_ai", "claude-haiku-4-5", "europe-west1", 1650),
        ("vertex_ai", "claude-opus-4-6", "us", 8250),
        ("vertex_ai", "claude-sonnet-4-5", "global", 4500),
        # ... before: 1000 * 3 + 100 * 15, 1000 * 15 + 100 * 75
        ("vertex_ai", "claude-3-7-sonnet", "us-east5", 4500),
        ("vertex_ai", "claude-4-opus", "us-east5", 22_500),
        # Anthropic, kept in the United States: (1000 * 5 + 100 * 25) * 1.1
        ("anthropic", "claude-opus-4-6", "us", 8250),
        # Mistral: (1000 * 0.50 + 100 * 1.50) * 1.1
        ("mistral", "mistral-large-2512", "eu", 715),
        # Together: (1000 * 0.88 + 100 * 0.88) * 1.25
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "us", 1210),
        # Azure's hosts tell where a resource is, and not where its deployments are: 1000 * 1.25 + 100 * 10
        ("azure_openai", "gpt-5", "eastus", 2250),
    ],
)
def test_what_a_region_costs(provider: str, model: str, region: str | None, micro_usd: int) -> None:
    assert priced(provider, model, region) == (micro_usd, ())


@pytest.mark.parametrize(
    ("provider", "model", "region"),
    [
        ("openai", "gpt-realtime-2", "eu"),
        ("anthropic", "claude-opus-4-6", "eu"),
        ("vertex_ai", "gemini-omni-1.1-flash", "us-central1"),
        ("xai", "grok-4.3", "eu-west-1"),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-west-1"),
    ],
)
def test_a_region_that_no_list_tells_is_named(provider: str, model: str, region: str) -> None:
    """Its tokens are counted at the list's price."""
    assert priced(provider, model, region) == (priced(provider, model, None)[0], (f"region:{region}",))


def test_a_surcharge_begins() -> None:
    """Gemini on Vertex AI, on 2026-07-01: 1000 * 1.50 + 100 * 9."""
    assert priced("vertex_ai", "gemini-3.5-flash", "us", datetime(2026, 6, 30, 23, tzinfo=UTC)) == (2400, ())
    assert priced("vertex_ai", "gemini-3.5-flash", "us", datetime(2026, 7, 1, tzinfo=UTC)) == (2640, ())


def test_a_fee_is_the_same_everywhere() -> None:
    """(1000 * 1.50 + 100 * 9) * 1.1, and 2 searches at 14,000."""
    answer = price(
        tokens(1000, 100), model="gemini-3.5-flash", provider="vertex_ai", region="us", at=AT, items={"web_search": 2}
    )
    assert isinstance(answer, Priced)
    assert answer.amount == Decimal("0.03064")


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("eu.api.openai.com", "eu"), ("api.openai.com", None), ("api.eu.mistral.ai", "eu"), ("api.mistral.ai", None),
        ("us-api.together.ai", "us"), ("api.together.ai", None), ("us.api.x.ai", "us"),
        ("us-aiplatform.googleapis.com", "us"), ("aiplatform.googleapis.com", "global"),
    ],
)  # fmt: skip
def test_hosts_tell_the_region(host: str, region: str | None) -> None:
    assert region_of(host) == region


def test_every_row_has_its_source() -> None:
    """And a provider's row that is about all comes after those that are about some."""
    seen: set[tuple[str, str, str]] = set()
    for row in places.ROWS:
        assert row.source.startswith("https://")
        assert datetime.fromisoformat(row.seen) <= datetime(2026, 12, 31)
        assert (row.provider, ".*", ".*") not in seen
        seen.add((row.provider, row.regions, row.models))
