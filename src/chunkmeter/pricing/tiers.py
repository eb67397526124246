"""The words for service tiers: which mean the list's own price, and which are paid for in advance. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["KNOWN", "is_prepaid", "is_usual", "service_tier"]

# Words for the tier whose price is the list's: of OpenAI and Bedrock, Anthropic and Google, Groq and Vertex AI. `auto`
# is a wish and no tier.
_USUAL: Final = frozenset({"default", "standard", "on_demand", "auto", "unspecified"})
# Tiers of throughput that is bought by the hour or the month, so that a token of theirs costs nothing: Vertex AI,
# https://docs.cloud.google.com/vertex-ai/generative-ai/docs/provisioned-throughput/overview, Bedrock,
# https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html, OpenAI,
# https://openai.com/api-scale-tier/.
_PREPAID: Final = frozenset({"provisioned_throughput", "reserved", "scale"})
KNOWN: Final = _USUAL | _PREPAID | {"flex", "priority", "batch", "fast", "optimized", "performance"}
"""The tiers that providers have."""
# What Google and Vertex AI write before a tier.
_PREFIXES: Final = ("service_tier_", "traffic_type_", "on_demand_")


@lru_cache(maxsize=256)  # several times a call, and always the same few words
def service_tier(raw: str | None) -> str | None:
    """A service tier as price lists have it; Google writes SERVICE_TIER_FLEX, Vertex AI ON_DEMAND_FLEX for `flex`."""
    word = (raw or "").strip().lower()
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    return word or None


def is_usual(raw: str | None) -> bool:
    """Whether the tier is the one that a call has where nobody asks for another."""
    word = service_tier(raw)
    return word is None or word in _USUAL


def is_prepaid(raw: str | None) -> bool:
    """Whether the tier's tokens were paid for in advance, whoever uses them."""
    return service_tier(raw) in _PREPAID
