"""Streams an answer through OpenRouter, which says itself what it charged. It knows nothing of telemetry.

    export OPENROUTER_API_KEY=...
    chunkmeter run -- python examples/openrouter.py

The cost is OpenRouter's own figure, so that no price list is asked. `OPENROUTER_BASE_URL` names another address.
"""

from __future__ import annotations

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
    api_key=os.environ["OPENROUTER_API_KEY"],
)


def ask(question: str) -> str:
    stream = client.chat.completions.create(
        model="deepseek/deepseek-chat-v3.1",
        messages=[{"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},  # the last chunk says what was used, and what it cost
    )
    return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


if __name__ == "__main__":
    print("route:", ask("The way to Sagres, in one sentence."))
