"""Asks about a long text that Anthropic keeps in its cache. It knows nothing of telemetry.

    chunkmeter run -- python examples/prompt_caching.py
    opentelemetry-instrument python examples/prompt_caching.py

What is read from the cache costs a tenth of what goes in otherwise, what is written to it a quarter more, or twice as
much if it is kept for an hour. Each has its own count and its own part of the cost on the span. The key comes from the
SDK's own environment variable.
"""

from __future__ import annotations

from anthropic import Anthropic

GUIDE = "Sintra, a guide. " * 400
NOTES = "Notes of today's walk. " * 100


def ask(question: str) -> str:
    with (
        Anthropic() as client,
        client.messages.stream(
            model="claude-sonnet-4-5",
            max_tokens=200,
            system=[{"type": "text", "text": GUIDE, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": NOTES, "cache_control": {"type": "ephemeral"}},
                        {"type": "text", "text": question},
                    ],
                }
            ],
        ) as stream,
    ):
        return "".join(stream.text_stream)


if __name__ == "__main__":
    print("guide:", ask("What did I miss?"))
