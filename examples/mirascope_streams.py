"""Travel notes from ten providers, streamed and not, with Mirascope. It knows nothing of telemetry.

    python examples/mirascope_streams.py
    opentelemetry-instrument python examples/mirascope_streams.py

Keys and base URLs come from the SDKs' own environment variables; XAI_BASE_URL, MISTRAL_BASE_URL and LITELLM_API_BASE
stand in where an SDK has none.
"""

from __future__ import annotations

import asyncio
import os

import litellm
from google.genai import Client
from mirascope import llm
from mirascope.core import anthropic, azure, bedrock, cohere, google, groq, mistral, openai, prompt_template, xai
from mirascope.core import litellm as lite
from mistralai import Mistral
from openai import OpenAI
from pydantic import BaseModel

litellm.api_base = os.environ.get("LITELLM_API_BASE")

XAI = OpenAI(
    base_url=os.environ.get("XAI_BASE_URL", "https://api.x.ai/v1"),
    api_key=os.environ.get("XAI_API_KEY", ""),
)
MISTRAL = Mistral(
    server_url=os.environ.get("MISTRAL_BASE_URL"),
    api_key=os.environ.get("MISTRAL_API_KEY", ""),
)
# Held here, since a client that Mirascope makes for one call is closed before the call is made.
GOOGLE = Client()

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
# Azure tells what a stream of OpenAI's models used only if it is asked to, and Mirascope doesn't ask.
ASK_FOR_USAGE: azure.AzureCallParams = {"model_extras": {"stream_options": {"include_usage": True}}}


class Book(BaseModel):
    """A book to take along."""

    title: str
    author: str


def get_weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The city's name.
    """
    return f"{city}: 21 degrees, a light wind from the sea"


@openai.call("gpt-4o-mini", stream=True)
@prompt_template("Describe {city} in one sentence.")
def describe(city: str): ...


@llm.call(provider="openai", model="gpt-4o-mini")
def surprise(city: str) -> str:
    return f"Tell me something surprising about {city}."


@llm.call(provider="openai", model="gpt-4o-mini", stream=True, tools=[get_weather])
def pack(first: str, second: str) -> str:
    return f"What do I wear in {first} and in {second}?"


@openai.call("gpt-4o-mini", stream=True, response_model=Book)
def novel(topic: str) -> str:
    return f"Recommend a novel about {topic}."


@llm.call(provider="openai", model="gpt-5-mini", stream=True)
def count(what: str) -> str:
    return f"How many {what}?"


@llm.call(provider="openai", model="gpt-4.1-nano", stream=True, call_params={"max_tokens": 5})
def begin(what: str) -> str:
    return f"Begin {what}."


@groq.call("llama-3.3-70b-versatile", stream=True)
def birds(city: str) -> str:
    return f"Which birds live in {city}?"


@llm.call(provider="groq", model="llama-3.3-70b-versatile")
def bells(city: str) -> str:
    return f"Describe {city} in two words."


@groq.call("llama-3.3-70b-versatile", stream=True, tools=[get_weather])
def umbrella(city: str) -> str:
    return f"Do I need an umbrella in {city}?"


@xai.call("grok-3-mini", stream=True, client=XAI)
def haiku(city: str) -> str:
    return f"A haiku about {city}."


@llm.call(provider="xai", model="grok-3-mini", client=XAI)
def riddle(region: str) -> str:
    return f"Name a walled town in {region}."


@xai.call("grok-code-fast-1", stream=True, client=XAI)
def code(task: str) -> str:
    return f"Python, please: {task}."


@llm.call(provider="litellm", model="openai/gpt-4o-mini", stream=True)
def compare(first: str, second: str) -> str:
    return f"Compare {first} with {second}."


@lite.call("openai/gpt-4o-mini")
def boats(city: str) -> str:
    return f"What about the boats of {city}?"


@anthropic.call("claude-sonnet-4-5", stream=True)
def history(city: str) -> str:
    return f"The history of {city}, in one sentence."


@anthropic.call("claude-sonnet-4-5")
async def mood(city: str) -> str:
    return f"The mood of {city}, in three words."


@llm.call(provider="anthropic", model="claude-sonnet-4-5", stream=True, response_model=Book)
def memoir(topic: str) -> str:
    return f"Recommend a memoir about {topic}."


@llm.call(provider="google", model="gemini-2.5-flash", stream=True, client=GOOGLE)
async def templars(city: str) -> str:
    return f"Who lived in {city}?"


@google.call("gemini-2.5-flash", client=GOOGLE)
def waves(city: str) -> str:
    return f"What is {city} famous for?"


@google.call("gemini-2.5-flash", stream=True, tools=[get_weather], client=GOOGLE)
def sunscreen(first: str, second: str) -> str:
    return f"Do I need sunscreen in {first} and in {second}?"


@azure.call("Phi-4-mini-instruct", stream=True)
def lake(town: str) -> str:
    return f"What does {town} look down on?"


@azure.call("gpt-4o-mini", stream=True)
def port(town: str) -> str:
    return f"What was {town} once?"


@azure.call("gpt-4.1-mini", stream=True, call_params=ASK_FOR_USAGE)
def plain(town: str) -> str:
    return f"Is {town} flat?"


@llm.call(provider="azure", model="gpt-4o-mini")
def village(region: str) -> str:
    return f"Name a high village in {region}."


@bedrock.call(HAIKU, stream=True)
def fortress(town: str) -> str:
    return f"What shape has {town}?"


@llm.call(provider="bedrock", model=HAIKU)
def night(town: str) -> str:
    return f"{town} at night, in two words."


@bedrock.call(HAIKU, stream=True, tools=[get_weather])
def snow(city: str) -> str:
    return f"Is there snow in {city}?"


@cohere.call("command-r-08-2024", stream=True)
def grottoes(town: str) -> str:
    return f"Where are the beaches of {town}?"


@llm.call(provider="cohere", model="command-r-08-2024")
def colour(town: str) -> str:
    return f"What colour is {town}?"


@cohere.call("command-r-08-2024", tools=[get_weather])
def surf(town: str) -> str:
    return f"Can I surf in {town}?"


@mistral.call("mistral-small-2603", stream=True, client=MISTRAL)
def temple(city: str) -> str:
    return f"What did the Romans leave in {city}?"


@llm.call(provider="mistral", model="mistral-small-2603", client=MISTRAL)
async def arches(city: str) -> str:
    return f"How does the water come to {city}?"


@mistral.call("mistral-small-2603", tools=[get_weather], client=MISTRAL)
def picnic(city: str) -> str:
    return f"Can I picnic in {city}?"


def stream_all() -> None:
    print("describe:", "".join(chunk.content for chunk, _ in describe("Lisbon")))
    print("birds:   ", "".join(chunk.content for chunk, _ in birds("Faro")))
    print("haiku:   ", "".join(chunk.content for chunk, _ in haiku("Sintra")))
    print("compare: ", "".join(chunk.content for chunk, _ in compare("Coimbra", "Porto")))
    print("history: ", "".join(chunk.content for chunk, _ in history("Guimaraes")))
    print("count:   ", "".join(chunk.content for chunk, _ in count("bridges cross the Douro")))
    print("begin:   ", "".join(chunk.content for chunk, _ in begin("a fairy tale")))
    print("code:    ", "".join(chunk.content for chunk, _ in code("the sum of a sorted list")))
    print("lake:    ", "".join(chunk.content for chunk, _ in lake("Monsaraz")))
    print("port:    ", "".join(chunk.content for chunk, _ in port("Mértola")))
    print("plain:   ", "".join(chunk.content for chunk, _ in plain("Beja")))
    print("fortress:", "".join(chunk.content for chunk, _ in fortress("Almeida")))
    print("grottoes:", "".join(chunk.content for chunk, _ in grottoes("Lagos")))
    print("temple:  ", "".join(chunk.content for chunk, _ in temple("Évora")))


def call_all() -> None:
    print("surprise:", surprise("Porto").content)
    print("bells:   ", bells("Braga").content)
    print("riddle:  ", riddle("Alentejo").content)
    print("boats:   ", boats("Aveiro").content)
    print("waves:   ", waves("Nazare").content)
    print("village: ", village("Alentejo").content)
    print("night:   ", night("Sortelha").content)
    print("colour:  ", colour("Silves").content)


def use_tools() -> None:
    print("pack:    ", [tool.call() for _, tool in pack("Lisbon", "Porto") if tool])  # pyrefly: ignore[missing-attribute]
    print("umbrella:", [tool.call() for _, tool in umbrella("Faro") if tool])
    print("sunscreen:", [tool.call() for _, tool in sunscreen("Tomar", "Nazare") if tool])
    print("snow:    ", [tool.call() for _, tool in snow("Guarda") if tool])
    print("surf:    ", [tool.call() for tool in surf("Lagos").tools or []])
    print("picnic:  ", [tool.call() for tool in picnic("Évora").tools or []])


def read_books() -> None:
    *_, found = novel("exile")
    print("novel:   ", found.title, "by", found.author)
    *_, found = memoir("exile")
    print("memoir:  ", found.title, "by", found.author)


async def wait_for_some() -> None:
    print("mood:    ", (await mood("Viseu")).content)  # pyrefly: ignore[not-async]
    print("arches:  ", (await arches("Elvas")).content)
    stream = await templars("Tomar")
    print("templars:", "".join([chunk.content async for chunk, _ in stream]))


if __name__ == "__main__":
    stream_all()
    call_all()
    use_tools()
    read_books()
    asyncio.run(wait_for_some())
