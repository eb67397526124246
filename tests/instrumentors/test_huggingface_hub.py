"""Hugging Face's client, metered: chat and text generation, plain and streamed, sync and async."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from chunkmeter.instrumentors import HuggingFaceHubInstrumentor
from chunkmeter.instrumentors.huggingface_hub import _described
from chunkmeter.testing import Kit, attributes_of
from replay.check import count_on_span
from replay.scenarios import Answer, by_id
from replay.scenarios.base import sse
from replay.server import Server
from support.either import entered, first, given, items
from support.sdk import ASK, aeventually, ended, route

Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM = "openai-plain-call", "openai-plain-stream"
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": ASK}
DETAILS = {"finish_reason": "length", "generated_tokens": 3, "input_length": 12, "prefill": [], "tokens": []}


def token(text: str, **more: Any) -> dict[str, Any]:
    """One event of a stream of text generation."""
    return {"token": {"id": 7, "text": text, "logprob": -0.1, "special": False}, "generated_text": None, **more}


SCRIPTS: dict[str, tuple[bytes, ...]] = {
    "tgi-call": (json.dumps([{"generated_text": "Evora lies", "details": DETAILS}]).encode(),),
    "tgi-stream": sse([token("Evora"), token(" lies"), token(" in", details=DETAILS)], done=False),
}


def instrument(kit: Kit) -> None:
    HuggingFaceHubInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Callable[..., Any]]:
    """Makes a client, `make("openai-plain-stream", "cut=1")`, sync or async, closed after the test."""
    for name, events in SCRIPTS.items():
        server.scripts[name] = Answer(id=name, service="openai", stream=name.endswith("stream"), events=events)
    async with AsyncExitStack() as stack:

        async def made(scenario: str, options: str = "") -> Any:
            kind: Any = AsyncInferenceClient if is_async else InferenceClient
            client = kind(base_url=route(server, scenario, options), api_key="none")
            return await stack.enter_async_context(entered(client))

        yield made


async def plain(client: Any) -> Any:
    return await given(client.chat_completion(**CHAT))


async def openai_plain(client: Any) -> Any:
    return await given(client.chat.completions.create(**CHAT))


async def streamed(client: Any) -> Any:
    return await items(client.chat_completion(**CHAT, stream=True))


@pytest.mark.parametrize(("way", "scenario"), [(plain, CALL), (openai_plain, CALL), (streamed, STREAM)])
async def test_a_chat_is_one_call(way: Way, scenario: str, make: Any, metered: Kit) -> None:
    """The client's own objects have no cached tokens."""
    assert await way(await make(scenario))
    await aeventually(lambda: len(metered.spans) == 1)
    attributes, truth = ended(metered, "completed"), by_id[scenario].truth
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "huggingface",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": truth.response_model,
        "gen_ai.response.finish_reasons": list(truth.finish_reasons),
        "gen_ai.usage.input_tokens": truth.input_tokens,
        "gen_ai.usage.cache_read.input_tokens": count_on_span(truth, "cached_tokens"),
        "gen_ai.usage.output_tokens": truth.output_tokens,
        "server.address": "127.0.0.1",
    }
    assert {name: attributes.get(name) for name in expected} == expected


async def test_text_generation_is_one_call(make: Any, metered: Kit) -> None:
    client = await make("tgi-call")
    said = await given(client.text_generation("Where does Evora lie?", details=True, max_new_tokens=3))
    assert said.generated_text == "Evora lies"
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.operation.name"] == "text_completion"
    assert attributes["gen_ai.request.max_tokens"] == 3


async def test_streamed_text_generation_is_one_call(make: Any, metered: Kit) -> None:
    client = await make("tgi-stream")
    texts = await items(client.text_generation("Where does Evora lie?", stream=True))
    assert texts == ["Evora", " lies", " in"]
    await aeventually(lambda: len(metered.spans) == 1)
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.response.finish_reasons"] == ["length"]
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (12, 3)


async def test_a_method_and_client_made_before_are_metered(make: Any, kit: Kit) -> None:
    ask = (await make(CALL)).chat_completion
    instrument(kit)
    await given(ask(**CHAT))
    assert kit.total("chunkmeter.calls", outcome="completed") == 1


async def test_a_stream_that_is_left_is_abandoned(make: Any, metered: Kit) -> None:
    await first(await given((await make(STREAM)).chat_completion(**CHAT, stream=True)))
    await aeventually(lambda: len(metered.spans) == 1)
    ended(metered, "abandoned")


async def test_a_refusal_is_an_error(make: Any, metered: Kit) -> None:
    with pytest.raises(HfHubHTTPError) as raised:
        await plain(await make(CALL, "status=429"))
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_a_cut_stream_is_interrupted(make: Any, metered: Kit) -> None:
    await streamed(await make(STREAM, "cut=2"))
    ended(metered, "interrupted", "stream_interrupted")


@pytest.mark.parametrize(
    ("url", "model", "provider", "asked"),
    [
        ("https://router.huggingface.co/v1/chat/completions", "openai/gpt-oss-120b", "huggingface", "gpt"),
        ("https://api.groq.com/openai/v1/chat/completions", "openai/gpt-oss-120b", "groq", "gpt"),
        ("https://llm.internal/v1/chat/completions", "https://llm.internal", "huggingface", "gpt"),
    ],
)
def test_the_host_tells_who_answers(url: str, model: str, provider: str, asked: str, kit: Kit) -> None:
    """A partner that is asked with a key of its own is asked at its own host."""
    body = {"model": asked, "messages": ASK}
    parameters = SimpleNamespace(url=url, task="conversational", model=model, json=body)
    method: Any = SimpleNamespace(telemetry=kit.telemetry)
    request, _ = _described(method, None, {"request_parameters": parameters, "stream": True})
    assert (request.provider, request.model, request.stream) == (provider, asked, True)


def test_other_tasks_are_none_of_ours(metered: Kit, server: Server) -> None:
    judged = (b'[[{"label": "good", "score": 0.9}]]',)
    server.scripts["judged"] = Answer(id="judged", service="openai", stream=False, events=judged)
    with InferenceClient(route(server, "judged"), token="none") as client:
        assert client.text_classification("Evora is fine.")[0].label == "good"
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


def test_the_span_is_named_after_the_model(metered: Kit, server: Server) -> None:
    with InferenceClient(base_url=route(server, CALL), api_key="none") as client:
        client.chat_completion(**CHAT, temperature=0.5)
    assert metered.span.name == "chat gpt-4o-mini"
    assert attributes_of(metered.span)["gen_ai.request.temperature"] == 0.5
