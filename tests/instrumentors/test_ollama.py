"""Ollama's SDK, metered: chat and generate, plain and streamed, sync and async, by a client and by the module."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, closing
from typing import Any

import ollama
import pytest

import chunkmeter
from chunkmeter.instrumentors import OllamaInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer
from replay.scenarios.base import body
from replay.server import Server
from support.either import first, given, items
from support.sdk import ASK, aeventually, ended, route

Way = Callable[[Any], Awaitable[Any]]
CHAT: dict[str, Any] = {"model": "llama3.2", "messages": ASK}
GENERATE: dict[str, Any] = {"model": "llama3.2", "prompt": "Where does Beja lie?"}
MADE = {"model": "llama3.2", "created_at": "2026-11-02T09:00:00Z"}
LAST = {"done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 7, "total_duration": 4883583458}


def lines(*said: dict[str, Any]) -> tuple[bytes, ...]:
    """What a stream writes: one object of JSON a line."""
    return tuple(f"{json.dumps({**MADE, **each})}\n".encode() for each in said)


def chatted(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}, "done": False, **more}


def generated(text: str, **more: Any) -> dict[str, Any]:
    return {"response": text, "done": False, **more}


SCRIPTS: dict[str, tuple[bytes, ...]] = {
    "chat-call": body({**MADE, **chatted("In the Alentejo.", **LAST)}),
    "chat-stream": lines(chatted("In the "), chatted("Alentejo."), chatted("", **LAST)),
    "generate-call": body({**MADE, **generated("In the Alentejo.", **LAST)}),
    "generate-stream": lines(generated("In the "), generated("Alentejo."), generated("", **LAST)),
    "failing-stream": lines(chatted("In the "), {"error": "the model has stopped"}),
    "show": body({"template": "none", "model_info": {}}),
    "embed": body({"model": "all-minilm", "embeddings": [[0.1, 0.2]], "prompt_eval_count": 3}),
}


@pytest.fixture
def served(server: Server) -> Server:
    for name, events in SCRIPTS.items():
        server.scripts[name] = Answer(id=name, service="openai", stream=name.endswith("stream"), events=events)
    return server


@pytest.fixture
def metered(kit: Kit) -> Kit:
    OllamaInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    return kit


@pytest.fixture
async def make(served: Server, is_async: bool) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        def made(script: str, options: str = "") -> Any:
            client: Any = (ollama.AsyncClient if is_async else ollama.Client)(host=route(served, script, options))
            stack.push_async_callback(lambda: given(client.close()))
            return client

        yield made


async def chat(client: Any) -> Any:
    return await given(client.chat(**CHAT))


async def chat_streamed(client: Any) -> Any:
    return await items(client.chat(**CHAT, stream=True))


async def generate(client: Any) -> Any:
    return await given(client.generate(**GENERATE))


async def generate_streamed(client: Any) -> Any:
    return await items(client.generate(**GENERATE, stream=True))


@pytest.mark.parametrize(
    ("way", "script"),
    [
        (chat, "chat-call"),
        (chat_streamed, "chat-stream"),
        (generate, "generate-call"),
        (generate_streamed, "generate-stream"),
    ],
)
async def test_a_request_is_one_call(way: Way, script: str, make: Any, metered: Kit) -> None:
    answer = await way(make(script))
    attributes = ended(metered, "completed")
    assert metered.span.name == "chat llama3.2"
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": "llama3.2",
        "gen_ai.response.model": "llama3.2",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 26,
        "gen_ai.usage.output_tokens": 7,
        "server.address": "127.0.0.1",
        "chunkmeter.usage.status": "reported",
    }
    assert {name: attributes.get(name) for name in expected} == expected
    assert attributes.get("chunkmeter.chunks") == (3 if "stream" in script else None)
    kind = ollama.ChatResponse if "chat" in script else ollama.GenerateResponse
    assert all(isinstance(each, kind) for each in (answer if isinstance(answer, list) else [answer]))


def test_the_modules_own_functions_and_clients_made_before_are_metered(
    served: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's functions are methods of a client that it makes as it is imported."""
    with ollama.Client(host=route(served, "chat-stream")) as client:
        ask = client.chat
        OllamaInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
        list(ask(**CHAT, stream=True))
        monkeypatch.setattr(ollama.chat.__self__, "_client", client._client)
        list(ollama.chat(**CHAT, stream=True))
    assert kit.total("chunkmeter.calls", outcome="completed") == 2


async def test_the_options_of_a_request_are_on_its_span(make: Any, metered: Kit) -> None:
    options = {"temperature": 0.5, "num_predict": 64, "stop": ["END"], "num_ctx": 4096}
    await given(make("chat-call").chat(**CHAT, options=options))
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]


async def test_a_stream_that_is_never_iterated_is_no_call(make: Any, metered: Kit, served: Server) -> None:
    before = len(served.requests)
    stream = await given(make("chat-stream").chat(**CHAT, stream=True))
    del stream
    assert len(served.requests) == before
    assert metered.total("chunkmeter.calls") == 0
    assert metered.total("chunkmeter.streams.open") == 0


async def test_a_stream_that_is_let_go_of_is_abandoned(make: Any, metered: Kit) -> None:
    await first(await given(make("chat-stream").chat(**CHAT, stream=True)))
    await aeventually(lambda: len(metered.spans) == 1)
    assert ended(metered, "abandoned")["chunkmeter.chunks"] == 1


async def test_a_stream_that_is_closed_ends_its_request(make: Any, metered: Kit, is_async: bool) -> None:
    stream = await given(make("chat-stream").chat(**CHAT, stream=True))
    if is_async:
        async with aclosing(stream):
            await stream.__anext__()
        ended(metered, "closed")
    else:
        with closing(stream):
            next(stream)
        del stream
        await aeventually(lambda: len(metered.spans) == 1)
        ended(metered, "abandoned")


@pytest.mark.parametrize("way", [chat, chat_streamed])
async def test_a_refusal_is_an_error(way: Way, make: Any, metered: Kit) -> None:
    with pytest.raises(ollama.ResponseError):
        await way(make("chat-call", "status=404"))
    ended(metered, "error", "ollama._types.ResponseError")


async def test_an_error_in_the_middle_is_an_error(make: Any, metered: Kit) -> None:
    with pytest.raises(ollama.ResponseError, match="stopped"):
        await chat_streamed(make("failing-stream"))
    ended(metered, "error", "ollama._types.ResponseError")


async def test_a_cut_stream_is_interrupted(make: Any, metered: Kit) -> None:
    await chat_streamed(make("chat-stream", "cut=2"))
    ended(metered, "interrupted", "stream_interrupted")


async def test_embeddings_are_one_call(make: Any, metered: Kit) -> None:
    assert (await given(make("embed").embed(model="all-minilm", input="Beja"))).embeddings == [[0.1, 0.2]]
    attributes = ended(metered, "completed")
    assert metered.span.name == "embeddings all-minilm"
    assert attributes["gen_ai.usage.input_tokens"] == 3
    assert attributes["chunkmeter.usage.status"] == "reported"


async def test_other_requests_are_none_of_a_models(make: Any, metered: Kit) -> None:
    assert (await given(make("show").show("all-minilm"))).template == "none"
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Any, metered: Kit) -> None:
    stream = await given(make("chat-stream").chat(**CHAT, stream=True))
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry))
    assert metered.total("chunkmeter.calls") == 1


async def test_uninstrumented_it_is_bare(make: Any, metered: Kit) -> None:
    stream = await given(make("chat-stream").chat(**CHAT, stream=True))
    OllamaInstrumentor().uninstrument()
    assert len(await items(stream)) == 3
    assert len(await chat_streamed(make("chat-stream"))) == 3
    assert metered.total("chunkmeter.calls") == 0
