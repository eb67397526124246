"""Where a call is served, and what that adds to the list's prices of tokens. Pure.

The bundled table has the prices of providers' global hosts, and for Bedrock those of each kind of region. What others
add elsewhere stands here, each row with the list that says so. A surcharge is on tokens; fees are the same everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from .answers import Question

__all__ = ["CHANGES", "ROWS", "Change", "Row", "factor"]

_PLAIN, _TENTH, _QUARTER = Decimal(1), Decimal("1.1"), Decimal("1.25")
_ANY: Final = ".*"


@dataclass(frozen=True, slots=True)
class Row:
    """What calls to some models cost in some regions, times the list's price.

    Attributes:
        provider: the provider's id in the bundled table.
        regions: a pattern of the regions, in the provider's words.
        models: a pattern of the models' ids in the bundled table.
        factor: the factor; None where the lists don't tell one.
        source: the list that says so.
        seen: the day it was looked up.
        since: when the factor came into force; None where it always was.
    """

    provider: str
    regions: str
    models: str
    factor: Decimal | None
    source: str
    seen: str
    since: datetime | None = None
    _fits: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_fits", re.compile(f"(?:{self.regions}) (?:{self.models})"))

    def is_about(self, provider_id: str, region: str, model_id: str) -> bool:
        """Whether the row is about this model in this region."""
        return self.provider == provider_id and self._fits.fullmatch(f"{region} {model_id}") is not None


_OPENAI = "https://developers.openai.com/api/docs/guides/data-residency"
_ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing"
_CLAUDE_ON_VERTEX = "https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai"
_VERTEX = "https://cloud.google.com/vertex-ai/generative-ai/pricing"
_MISTRAL = "https://docs.mistral.ai/inference/regional-inference"
_XAI = "https://docs.x.ai/developers/advanced-api-usage/regions"
_TOGETHER = "https://docs.together.ai/docs/serverless/geo-specific-inference"
_SEEN = "2026-11-30"

ROWS: Final = (
    # OpenAI's data residency is charged for on models released since 2026-03-05, which was the day of GPT-5.4. What the
    # table lists beyond these and those that are certainly older is told by no list.
    Row("openai", _ANY, r"gpt-(5\.[4-9]|[6-9]|\d\d)\b.*", _TENTH, _OPENAI, _SEEN),
    Row(
        "openai", _ANY,
        r"(ft:|chat)?(gpt-(3\.5|4|4\.1|4\.5|4o|5|5\.[1-3])|o[134])(-.*)?|gpt-image-1(\.5|-mini)?|gpt-(audio|realtime)(-mini)?"
        r"|whisper-1|tts-1(-hd)?|text-embedding-.*",
        _PLAIN, _OPENAI, _SEEN,
    ),
    Row("openai", _ANY, _ANY, None, _OPENAI, _SEEN),
    # Anthropic's usage says "us" of calls that were kept in the United States, and knows no other region so far.
    Row("anthropic", "us", _ANY, _TENTH, _ANTHROPIC, _SEEN),
    Row("anthropic", _ANY, _ANY, None, _ANTHROPIC, _SEEN),
    # Claude on Vertex AI, from Sonnet 4.5 on.
    Row(
        "google", _ANY, r"claude-(v1|2|3|instant|4-(opus|sonnet)|(opus|sonnet)-4-[01])\b.*",
        _PLAIN, _CLAUDE_ON_VERTEX, _SEEN,
    ),
    Row("google", _ANY, r"claude-.*", _TENTH, _CLAUDE_ON_VERTEX, _SEEN),
    # Gemini on Vertex AI, from the third generation on.
    Row(
        "google", _ANY, r"gemini-((live-)?[12]\.\d.*|(pro|flash)-1\.5.*|pro)", _PLAIN, _VERTEX, _SEEN,
    ),
    Row("google", _ANY, r"gemini-([3-9]|\d\d)\b.*", _TENTH, _VERTEX, _SEEN, datetime(2026, 7, 1, tzinfo=UTC)),
    Row("google", _ANY, _ANY, None, _VERTEX, _SEEN),
    Row("mistral", "eu|us", _ANY, _TENTH, _MISTRAL, _SEEN),
    Row("mistral", _ANY, _ANY, None, _MISTRAL, _SEEN),
    Row("x-ai", "us", _ANY, _TENTH, _XAI, _SEEN),
    Row("x-ai", _ANY, _ANY, None, _XAI, _SEEN),
    Row("together", "us|ca", _ANY, _QUARTER, _TOGETHER, _SEEN),
    Row("together", _ANY, _ANY, None, _TOGETHER, _SEEN),
    # The table has the prices of the commercial regions.
    Row("aws", "us-gov-.*", _ANY, None, "https://aws.amazon.com/bedrock/pricing/", _SEEN),
)  # fmt: skip
"""The first row that is about a call counts. Where none is, the list's price holds everywhere."""


class Change(NamedTuple):
    """The moment at which a factor comes into force."""

    since: datetime

    def active(self, at: datetime) -> bool:
        """Whether it is in force."""
        return at >= self.since


CHANGES: Final = tuple(map(Change, sorted({row.since for row in ROWS if row.since is not None})))
"""All such moments."""


def factor(provider_id: str, model_id: str, asked: Question) -> Decimal | None:
    """What the list's price is multiplied with where the call was served; None where no list tells.

    Args:
        provider_id: the provider's id in the bundled table.
        model_id: the model's id in the bundled table.
        asked: the call.
    """
    region = (asked.region or "global").lower()
    if region == "global":
        return _PLAIN
    row = next((row for row in ROWS if row.is_about(provider_id, region, model_id)), None)
    if row is None or (row.since is not None and asked.at < row.since):
        return _PLAIN
    return row.factor
