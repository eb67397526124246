"""Streams an answer of a deployment at Azure, whose name says nothing of its model. It knows nothing of telemetry.

    export AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_API_KEY=... OPENAI_API_VERSION=2024-10-21
    CHUNKMETER_PRICES=examples/azure_alias.toml chunkmeter run -- python examples/azure_alias.py

The price file says which model the deployment is. Without it the call would be `unknown_model`, where the answer has no
other name than the deployment's.
"""

from __future__ import annotations

from openai import AzureOpenAI


def ask(question: str) -> str:
    with AzureOpenAI() as client:
        stream = client.chat.completions.create(
            model="travel-desk",  # the deployment
            messages=[{"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


if __name__ == "__main__":
    print("desk:", ask("When does the ferry leave?"))
