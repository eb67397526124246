"""The real SDKs, aimed at the replay server, and what its scenarios must come to on a span."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from google import genai
from google.genai.types import HttpOptions
from groq import Groq
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from chunkmeter.testing import Kit, attributes_of
from replay.check import RAW_WORDS, count_on_span, raw_reasons_on_span
from replay.scenarios import by_id
from replay.server import Server

PLAIN = "openai-plain-stream"
ASK: list[Any] = [{"role": "user", "content": "Where does Lisbon lie?"}]


def route(server: Server, scenario: str, options: str = "") -> str:
    """The address at which one scenario is played, with the server's options."""
    return f"{server.url}/id/{scenario}{'~' if options else ''}{options}"


def openai_client(server: Server, scenario: str = PLAIN, options: str = "") -> OpenAI:
    return OpenAI(base_url=f"{route(server, scenario, options)}/v1", api_key="none", max_retries=0)


def async_openai_client(server: Server, scenario: str = PLAIN, options: str = "") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{route(server, scenario, options)}/v1", api_key="none", max_retries=0)


def anthropic_client(server: Server, scenario: str, options: str = "") -> Anthropic:
    return Anthropic(base_url=route(server, scenario, options), api_key="none", max_retries=0)


def async_anthropic_client(server: Server, scenario: str, options: str = "") -> AsyncAnthropic:
    return AsyncAnthropic(base_url=route(server, scenario, options), api_key="none", max_retries=0)


def google_client(server: Server, scenario: str) -> genai.Client:
    return genai.Client(api_key="none", http_options=HttpOptions(base_url=route(server, scenario)))


def groq_client(server: Server, scenario: str) -> Groq:
    return Groq(base_url=route(server, scenario), api_key="none", max_retries=0)


def chat(client: OpenAI | AsyncOpenAI | Groq, scenario: str = PLAIN) -> Any:
    """`chat.completions.create` of a stream that brings its usage; a coroutine for an async client."""
    create: Any = client.chat.completions.create
    extra: dict[str, Any] = {} if isinstance(client, Groq) else {"stream_options": {"include_usage": True}}
    return create(model=by_id[scenario].model, messages=ASK, stream=True, **extra)


def chat_manager(client: OpenAI | AsyncOpenAI, scenario: str = PLAIN) -> Any:
    """`chat.completions.stream`, the SDK's helper."""
    stream: Any = client.chat.completions.stream
    return stream(model=by_id[scenario].model, messages=ASK, stream_options={"include_usage": True})


def message(client: Anthropic | AsyncAnthropic, scenario: str) -> Any:
    """`messages.create` of a stream; a coroutine for an async client."""
    create: Any = client.messages.create
    return create(model=by_id[scenario].model, messages=ASK, max_tokens=64, stream=True)


def message_manager(client: Anthropic | AsyncAnthropic, scenario: str) -> Any:
    """`messages.stream`, the SDK's helper."""
    stream: Any = client.messages.stream
    return stream(model=by_id[scenario].model, messages=ASK, max_tokens=64)


def expect(span: ReadableSpan, scenario: str, outcome: str = "completed") -> None:
    """The span says what the scenario's literals say."""
    attributes, truth = attributes_of(span), by_id[scenario].truth
    words = truth.raw_finish_reasons if by_id[scenario].service in RAW_WORDS else truth.finish_reasons
    expected = {
        "gen_ai.operation.name": "generate_content" if truth.provider.startswith("gcp") else "chat",
        "gen_ai.response.id": truth.response_id,
        "gen_ai.response.model": truth.response_model,
        "gen_ai.response.finish_reasons": list(words),
        "chunkmeter.response.raw_finish_reasons": raw_reasons_on_span(truth, words),
        "chunkmeter.outcome": outcome,
        "chunkmeter.usage.status": "reported",
        "chunkmeter.cost.status": "known",
        "gen_ai.usage.input_tokens": truth.input_tokens,
        "gen_ai.usage.output_tokens": truth.output_tokens,
        "gen_ai.usage.cost.amount": pytest.approx(truth.usd, abs=1e-12),
    }
    assert {name: attributes.get(name) for name in expected} == expected
    assert attributes.get("gen_ai.usage.cache_read.input_tokens") == count_on_span(truth, "cached_tokens")


def count_once(kit: Kit, scenario: str, outcome: str = "completed") -> None:
    """One call in the metrics, with the scenario's cost."""
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.calls", outcome=outcome, usage__status="reported") == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(by_id[scenario].truth.usd, abs=1e-12)
    assert kit.total("chunkmeter.errors") == 0


def ended(kit: Kit, outcome: str, error_type: str | None = None) -> dict[str, Any]:
    """One span and one count of that outcome; the span's attributes."""
    eventually(lambda: bool(kit.spans))  # the keeper's thread ends it after it has counted the call
    span, attributes = kit.span, attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == outcome
    assert attributes.get("error.type") == error_type
    expected = StatusCode.ERROR if outcome in ("error", "interrupted") else StatusCode.UNSET
    assert (span.status.status_code, span.status.description) == (expected, None)
    assert span.events == ()
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.calls", outcome=outcome) == 1
    assert kit.total("chunkmeter.errors") == 0
    assert kit.total("chunkmeter.streams.open") == 0
    durations = kit.points("gen_ai.client.operation.duration")
    assert [(point.count, point.attributes.get("error.type")) for point in durations] == [(1, error_type)]
    return attributes


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for what another thread does; collects garbage meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        began = time.monotonic()
        gc.collect()
        # All threads stand still while it collects: the other one's turn, but no more of it than `make quick` allows.
        time.sleep(min(time.monotonic() - began + 0.005, 0.05))


async def aeventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """The async twin: the loop goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.01)
