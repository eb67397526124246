"""A small Mirascope app, unaware of telemetry, for tests to run under `opentelemetry-instrument`.

It streams and calls OpenAI and streams from Anthropic; base URLs and keys are in the environment.
"""

from __future__ import annotations

import sys
from typing import Any

# Mirascope imports every SDK that it finds, and these take their time: as if they were not installed.
hidden: dict[str, Any] = dict.fromkeys(("azure.ai", "cohere", "google.genai", "groq", "litellm", "mistralai"))
sys.modules.update(hidden)

from mirascope.core import anthropic, openai  # noqa: E402 - the line above comes first


@openai.call("gpt-4o-mini", stream=True)
def describe(city: str) -> str:
    return f"Describe {city}."


@openai.call("gpt-4o-mini")
def surprise(city: str) -> str:
    return f"Tell me something surprising about {city}."


@anthropic.call("claude-sonnet-4-5", stream=True)
def history(city: str) -> str:
    return f"The history of {city}."


if __name__ == "__main__":
    texts = [
        "".join(chunk.content for chunk, _ in describe("Faro")),
        surprise("Faro").content,
        "".join(chunk.content for chunk, _ in history("Faro")),
    ]
    assert all(texts)
