"""Where providers publish their prices, and the calls that tests work out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from chunkmeter import Priced, Usage, price
from chunkmeter.pricing import Inner
from support.usage import tokens

# Prices change with the day and the hour: each is of this moment, a Sunday, unless a test names another.
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


class PriceList(NamedTuple):
    """Where a provider publishes its prices, and when they were last seen there."""

    url: str
    seen: str


OPENAI = PriceList("https://developers.openai.com/api/docs/pricing", "2026-11-05")
AZURE = PriceList("https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/", "2025-11")
ANTHROPIC = PriceList("https://platform.claude.com/docs/en/about-claude/pricing", "2026-09")
GOOGLE = PriceList("https://ai.google.dev/gemini-api/docs/pricing", "2026-10-07")
VERTEX = PriceList("https://cloud.google.com/vertex-ai/generative-ai/pricing", "2025-12")
BEDROCK = PriceList("https://aws.amazon.com/bedrock/pricing/", "2025-12")
XAI = PriceList("https://docs.x.ai/docs/models", "2026-10")
DEEPSEEK = PriceList("https://api-docs.deepseek.com/quick_start/pricing", "2026-11-15")
GROQ = PriceList("https://groq.com/pricing", "2025-11")
MISTRAL = PriceList("https://mistral.ai/pricing#api-pricing", "2026-06-17")
COHERE = PriceList("https://cohere.com/pricing", "2026-10-07")
MOONSHOT = PriceList("https://platform.moonshot.ai/docs/pricing/chat", "2025-11")
PERPLEXITY = PriceList("https://docs.perplexity.ai/getting-started/pricing", "2025-11")
TOGETHER = PriceList("https://www.together.ai/pricing", "2025-11")
FIREWORKS = PriceList("https://fireworks.ai/pricing", "2025-11")
OPENROUTER = PriceList("https://openrouter.ai/models", "2025-11")
ZAI = PriceList("https://docs.z.ai/guides/overview/pricing", "2026-01")
META = PriceList("https://llama.developer.meta.com/docs/pricing", "2026-10")
CLOUDFLARE = PriceList("https://developers.cloudflare.com/workers-ai/platform/pricing/", "2025-11")


class Case(NamedTuple):
    """A call, and its cost as a sum of tokens x USD per million: millionths of a USD."""

    list: PriceList
    provider: str
    model: str
    usage: Usage | None
    micro_usd: str
    """By the bundled table."""
    tier: str | None = None
    at: datetime = AT
    published: str | None = None
    """By the published list, where the table differs from it."""
    region: str | None = None
    provider_cost: float | None = None
    items: Mapping[str, float] = {}
    unpriced: tuple[str, ...] = ()
    """What the table has no price for."""
    inner: tuple[Inner, ...] = ()

    def __str__(self) -> str:
        more = [self.tier, self.region, None if self.at == AT else f"{self.at:%Y-%m-%dT%H:%M}"]
        more += [f"{name}={count}" for name, count in self.items.items()] + [each.model for each in self.inner]
        return " ".join([self.provider, self.model, *filter(None, more)])

    def priced(self) -> Priced:
        """What the bundled table makes of it."""
        answer = price(
            self.usage,
            model=self.model,
            provider=self.provider,
            service_tier=self.tier,
            region=self.region,
            provider_cost=self.provider_cost,
            items=self.items,
            inner=self.inner,
            at=self.at,
        )
        assert isinstance(answer, Priced), answer
        return answer


def micro_usd(provider: str, model: str, at: datetime = AT, **named: Any) -> tuple[Decimal, tuple[str, ...]]:
    """What 1,000 tokens in and 100 out cost, in millionths of a USD, and what that lacks."""
    answer = price(tokens(1000, 100), model=model, provider=provider, at=at, **named)
    assert isinstance(answer, Priced)
    assert sum(answer.split.values()) == answer.amount
    return answer.amount * 1_000_000, answer.unpriced
