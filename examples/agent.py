"""Plans a day, as an agent does: a tool, a tool's own model, an answer that is doubted, a model to fall back on.

    python examples/agent.py
    opentelemetry-instrument python examples/agent.py

With Mirascope 1.x. Of telemetry it knows its own span alone, so that one trace holds all that the plan takes. Keys and
base URLs come from the SDKs' own environment variables.
"""

from __future__ import annotations

from mirascope import llm
from mirascope.core import groq
from mirascope.retries import fallback
from mirascope.retries.tenacity import collect_errors
from openai import NotFoundError
from opentelemetry import trace
from tenacity import retry, stop_after_attempt

TRACER = trace.get_tracer("agent")


@groq.call("llama-3.3-70b-versatile")
def forecast(city: str) -> str:
    return f"The weather of {city}, in two words."


def get_weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The city's name.
    """
    return str(forecast(city).content)


@llm.call(provider="openai", model="gpt-4o-mini", tools=[get_weather])
def look_up(city: str) -> str:
    return f"What do I wear in {city}?"


@retry(stop=stop_after_attempt(2), after=collect_errors(AssertionError), reraise=True)
def answer(weather: str, *, errors: list[AssertionError] | None = None) -> str:
    """Asks twice: the first answer is always doubted."""
    said = suggest(weather, doubts=[str(error) for error in errors or ()])
    assert errors, "Are you sure?"
    return said.content


@llm.call(provider="openai", model="gpt-4o-mini")
def suggest(weather: str, doubts: list[str]) -> str:
    return f"What do I wear? The weather is: {weather}. {' '.join(doubts)}"


# Another provider's model, where the first one is no more.
@fallback(NotFoundError, [{"catch": NotFoundError, "provider": "anthropic", "model": "claude-sonnet-4-5"}])
@llm.call(provider="openai", model="gpt-4.5-preview")
def cheer(city: str) -> str:
    return f"Wish me a good day in {city}."


def plan(city: str) -> None:
    with TRACER.start_as_current_span("plan a day"):
        weather = [str(tool.call()) for tool in look_up(city).tools or ()]
        print("weather:", *weather)
        print("answer: ", answer(" ".join(weather)))
        print("cheer:  ", cheer(city).content)


if __name__ == "__main__":
    plan("Porto")
