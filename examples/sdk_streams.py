"""Notes of a journey, streamed by OpenAI's SDK, Anthropic's and LangChain. It knows nothing of telemetry.

    python examples/sdk_streams.py
    opentelemetry-instrument python examples/sdk_streams.py

Keys and base URLs come from the SDKs' own environment variables.
"""

from __future__ import annotations

import asyncio

from anthropic import Anthropic
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI


async def archive(city: str) -> str:
    """OpenAI's SDK. Its stream says what it used only if it is asked to."""
    async with AsyncOpenAI() as client:
        stream = await client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": f"Sum up the archive of {city}."}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join([choice.delta.content or "" async for chunk in stream for choice in chunk.choices])


def legend(city: str) -> str:
    """Anthropic's SDK, by its helper."""
    question = f"Tell a legend of {city}."
    with (
        Anthropic() as client,
        client.messages.stream(
            model="claude-haiku-4-5", max_tokens=6, messages=[{"role": "user", "content": question}]
        ) as stream,
    ):
        return "".join(stream.text_stream)


def walk(city: str) -> str:
    """LangChain, which sends its requests through OpenAI's SDK."""
    model = ChatOpenAI(model="gpt-5", stream_usage=True)
    return "".join(chunk.text for chunk in model.stream(f"A walk through {city}, in one sentence."))


if __name__ == "__main__":
    print("archive: ", asyncio.run(archive("Coimbra")))
    print("legend:  ", legend("Braga"))
    print("walk:    ", walk("Porto"))
