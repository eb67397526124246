"""Every scenario, and the ways to find one."""

from __future__ import annotations

from replay.scenarios import (
    anthropic,
    azure,
    bedrock,
    cohere,
    gemini,
    google,
    groq,
    litellm,
    mistral,
    openai,
    operations,
    parsed,
    responses,
    together,
    vertex,
    xai,
)
from replay.scenarios.base import Answer, Key, Kind, Scenario, Service, Truth

ALL: tuple[Scenario, ...] = (
    *openai.SCENARIOS,
    *groq.SCENARIOS,
    *xai.SCENARIOS,
    *litellm.SCENARIOS,
    *anthropic.SCENARIOS,
    *google.SCENARIOS,
    *azure.SCENARIOS,
    *bedrock.SCENARIOS,
    *cohere.SCENARIOS,
    *mistral.SCENARIOS,
    *gemini.SCENARIOS,
    *vertex.SCENARIOS,
    *responses.SCENARIOS,
    *together.SCENARIOS,
    *parsed.SCENARIOS,
    *operations.SCENARIOS,
)
by_id: dict[str, Scenario] = {scenario.id: scenario for scenario in ALL}
by_key: dict[Key, Scenario] = {scenario.key: scenario for scenario in ALL}

__all__ = ["ALL", "Answer", "Key", "Kind", "Scenario", "Service", "Truth", "by_id", "by_key"]
