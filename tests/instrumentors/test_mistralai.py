"""Mistral's SDK, metered: each resource, plain and streamed, sync and async; its copies for clouds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from mistralai import Mistral
from mistralai.models import SDKError
from mistralai_azure import MistralAzure
from mistralai_gcp import MistralGoogleCloud
from opentelemetry.instrumentation.utils import suppress_instrumentation

import chunkmeter
from chunkmeter.instrumentors import MistralAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer, Kind, by_id
from replay.scenarios.base import body, compact
from replay.server import Server
from support.cells import Cell, ThroughMirascope
from support.either import entered, first, given, items
from support.sdk import ASK, aeventually, count_once, ended, expect, route

pytestmark = pytest.mark.filterwarnings(
    # Mirascope's own, in each call.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Make = Callable[..., Any]
Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM, VECTORS = "mistral-plain-call", "mistral-plain-stream", "mistral-embeddings-call"
MODEL = "mistral-small-2603"
CHAT: dict[str, Any] = {"model": MODEL, "messages": ASK}
USED = {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100, "connector_tokens": 0}
SAID = {"object": "entry", "type": "message.output", "id": "msg_1", "role": "assistant", "content": "Faro"}
WHOLE = {
    "object": "conversation.response",
    "conversation_id": "conv_1",
    "outputs": [{**SAID, "model": MODEL}],
    "usage": USED,
}
HEARD = {"model": "voxtral-mini-2507", "text": "Faro", "language": None, "segments": [], "usage": USED}


def event(kind: str, **said: Any) -> dict[str, Any]:
    return {"type": kind, "created_at": "2026-11-02T09:00:00Z", **said}


TALKED = [
    event("conversation.response.started", conversation_id="conv_1"),
    event("message.output.delta", id="msg_1", model=MODEL, role="assistant", content="Faro"),
    event("conversation.response.done", usage=USED),
]
SCRIPTS: dict[str, tuple[bytes, ...]] = {
    "talk-call": body(WHOLE),
    "talk-stream": tuple(f"event: {each['type']}\ndata: {compact(each)}\n\n".encode() for each in TALKED),
    "heard-call": body(HEARD),
}


def instrument(kit: Kit) -> None:
    """Has the SDK report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    MistralAIInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"]
    )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


class Client:
    """A client, whose methods are found by name, sync or async."""

    def __init__(self, client: Any, *, is_async: bool) -> None:
        self._client, self._is_async = client, is_async

    def method(self, name: str) -> Any:
        """A bound method, `chat.stream`, or its async twin."""
        found = self._client
        for part in f"{name}{'_async' if self._is_async else ''}".split("."):
            found = getattr(found, part)
        return found


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Make]:
    """Makes a client, `make("mistral-plain-stream", "cut=1")`, closed after the test."""
    for name, events in SCRIPTS.items():
        server.scripts[name] = Answer(id=name, service="mistral", stream=name.endswith("stream"), events=events)
    async with AsyncExitStack() as stack:

        async def made(scenario: str, options: str = "") -> Client:
            client: Any = Mistral(api_key="none", server_url=route(server, scenario, options))
            if is_async:
                await stack.enter_async_context(client)
            else:
                stack.enter_context(client)
            return Client(client, is_async=is_async)

        yield made


async def chat(client: Client) -> Any:
    return await given(client.method("chat.complete")(**CHAT))


async def agent(client: Client) -> Any:
    return await given(client.method("agents.complete")(agent_id="ag_1", messages=ASK))


async def completed(client: Client) -> Any:
    return await given(client.method("fim.complete")(model=MODEL, prompt="def faro("))


async def streamed(client: Client) -> Any:
    return await items(client.method("chat.stream")(**CHAT))


async def agent_streamed(client: Client) -> Any:
    return await items(client.method("agents.stream")(agent_id="ag_1", messages=ASK))


async def completed_streamed(client: Client) -> Any:
    return await items(client.method("fim.stream")(model=MODEL, prompt="def faro("))


# --- every way in ---


@pytest.mark.parametrize(
    ("way", "scenario"),
    [
        (chat, CALL),
        (agent, CALL),
        (completed, CALL),
        (streamed, STREAM),
        (agent_streamed, STREAM),
        (completed_streamed, STREAM),
    ],
)
async def test_a_request_is_one_call(way: Way, scenario: str, make: Make, metered: Kit) -> None:
    assert await way(await make(scenario))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.provider.name"] == "mistral_ai"
    assert attributes["server.address"] == "127.0.0.1"
    assert attributes.get("gen_ai.request.stream", False) == (scenario == STREAM)
    is_agent = way in (agent, agent_streamed)
    assert attributes.get("gen_ai.agent.id") == ("ag_1" if is_agent else None)
    assert attributes.get("gen_ai.request.model") == (None if is_agent else MODEL)
    assert attributes.get("chunkmeter.chunks") == (by_id[STREAM].truth.events_on_wire if scenario == STREAM else None)


@pytest.mark.parametrize("method", ["start", "append", "restart"])
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_so_is_a_turn_of_a_conversation(stream: bool, method: str, make: Make, metered: Kit) -> None:
    client = await make("talk-stream" if stream else "talk-call")
    named = {"model": MODEL} if method == "start" else {"conversation_id": "conv_1"}
    named |= {"from_entry_id": "msg_0"} if method == "restart" else {}
    answer = client.method(f"beta.conversations.{method}{'_stream' if stream else ''}")(inputs="Faro?", **named)
    assert len(await items(answer)) == 3 if stream else await given(answer)
    attributes = ended(metered, "completed")
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.response.model": MODEL,
        "gen_ai.response.id": "msg_1",
        "gen_ai.usage.input_tokens": 80,
        "gen_ai.usage.output_tokens": 20,
        # USD 0.15 and 0.60 per million tokens
        "gen_ai.usage.cost.amount": pytest.approx(80 * 0.15e-6 + 20 * 0.60e-6, abs=1e-12),
        "chunkmeter.usage.status": "reported",
        "chunkmeter.chunks": 3 if stream else None,
    }
    assert {name: attributes.get(name) for name in expected} == expected


async def test_embeddings_are_one_call(make: Make, metered: Kit) -> None:
    embed = (await make(VECTORS)).method("embeddings.create")
    assert await given(embed(model="mistral-embed", inputs=["ebb", "flow"]))
    attributes, truth = ended(metered, "completed"), by_id[VECTORS].truth
    assert metered.span.name == "embeddings mistral-embed"
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(truth.usd, abs=1e-12)


async def test_a_transcription_is_one_call_though_its_form_is_not_read(make: Make, metered: Kit) -> None:
    hear = (await make("heard-call")).method("audio.transcriptions.complete")
    file = {"file_name": "a.mp3", "content": b"7"}
    assert (await given(hear(model="voxtral-mini-2507", file=file))).text == "Faro"
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.response.model"] == "voxtral-mini-2507"
    assert attributes["gen_ai.usage.output_tokens"] == 20


@pytest.mark.parametrize(
    ("kind", "provider"), [("azure", "azure.ai.inference"), ("gcp", "gcp.vertex_ai")], ids=["azure", "gcp"]
)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_its_copies_for_clouds_are_metered(
    stream: bool, kind: str, provider: str, is_async: bool, server: Server, metered: Kit
) -> None:
    url = route(server, STREAM if stream else CALL)

    def sync_hook(request: httpx.Request) -> None:
        request.url = httpx.URL(url)

    async def async_hook(request: httpx.Request) -> None:
        request.url = httpx.URL(url)

    with httpx.Client(event_hooks={"request": [sync_hook]}) as plain:
        async with httpx.AsyncClient(event_hooks={"request": [async_hook]}) as concurrent:
            http: dict[str, Any] = {"client": plain, "async_client": concurrent}
            client: Any = (
                MistralAzure(azure_api_key="none", azure_endpoint="https://faro.models.ai.azure.com", **http)
                if kind == "azure"
                else MistralGoogleCloud(access_token="none", project_id="faro", **http)
            )
            name = f"{'stream' if stream else 'complete'}{'_async' if is_async else ''}"
            answer = getattr(client.chat, name)(model="mistral-small-2503", messages=ASK)
            assert await items(answer) if stream else await given(answer)
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.provider.name"] == provider
    assert attributes["gen_ai.usage.output_tokens"] == by_id[STREAM if stream else CALL].truth.output_tokens


async def test_clients_and_methods_made_before_are_metered(make: Make, kit: Kit) -> None:
    ask, stream = (await make(CALL)).method("chat.complete"), (await make(STREAM)).method("chat.stream")
    instrument(kit)
    await given(ask(**CHAT))
    await items(stream(**CHAT))
    assert kit.total("chunkmeter.calls", outcome="completed") == 2


async def test_the_request_is_described(make: Make, metered: Kit) -> None:
    ask = (await make(CALL)).method("chat.complete")
    await given(ask(**CHAT, temperature=0.5, max_tokens=64, stop=["END"], random_seed=3))
    attributes = attributes_of(metered.span)
    assert metered.span.name == f"chat {MODEL}"
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]
    assert attributes["gen_ai.request.seed"] == 3


async def test_other_requests_are_none_of_a_models(make: Make, metered: Kit, server: Server) -> None:
    judged = body({"id": "mod-1", "model": "mistral-moderation-2411", "results": []})
    server.scripts["judged"] = Answer(id="judged", service="mistral", stream=False, events=judged)
    judge = (await make("judged")).method("classifiers.moderate")
    assert (await given(judge(model="mistral-moderation-2411", inputs=["Faro"]))).id == "mod-1"
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


# --- every way out ---


async def test_a_stream_that_is_let_go_of_is_abandoned(make: Make, metered: Kit) -> None:
    await first(await given((await make(STREAM)).method("chat.stream")(**CHAT)))
    await aeventually(lambda: len(metered.spans) == 1)
    assert ended(metered, "abandoned")["chunkmeter.chunks"] == 1


async def test_a_stream_that_is_left_is_closed(make: Make, metered: Kit) -> None:
    async with entered(await given((await make(STREAM)).method("chat.stream")(**CHAT))) as stream:
        await first(stream)
    assert ended(metered, "closed")["chunkmeter.chunks"] == 1


@pytest.mark.parametrize(("way", "scenario"), [(chat, CALL), (streamed, STREAM)])
async def test_a_refusal_is_an_error(way: Way, scenario: str, make: Make, metered: Kit) -> None:
    """The SDK makes an exception of the response after the hook has seen it."""
    with pytest.raises(SDKError):
        await way(await make(scenario, "status=429"))
    ended(metered, "error", "429")


async def test_a_connection_that_breaks_is_an_error(make: Make, metered: Kit) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 -- whichever it is without us
        await streamed(await make(STREAM, "cut=2,drop"))
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_an_error_in_the_middle_is_an_error(make: Make, metered: Kit) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 -- whichever it is without us
        await streamed(await make(STREAM, "error_after=2"))
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_a_cut_stream_is_interrupted(make: Make, metered: Kit) -> None:
    await streamed(await make(STREAM, "cut=2"))
    ended(metered, "interrupted", "stream_interrupted")


# --- off, and below others ---


async def test_nothing_is_metered_where_instrumentation_is_suppressed(make: Make, metered: Kit) -> None:
    with suppress_instrumentation():
        await streamed(await make(STREAM))
        await chat(await make(CALL))
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_an_open_stream_is_metered_to_its_end_after_uninstrument(make: Make, metered: Kit) -> None:
    stream = await given((await make(STREAM)).method("chat.stream")(**CHAT))
    await first(stream)
    MistralAIInstrumentor().uninstrument()
    await items(stream)
    await streamed(await make(STREAM))
    count_once(metered, STREAM)


async def test_a_mistake_of_ours_is_kept_from_the_application(make: Make, metered: Kit, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr("chunkmeter.instrumentors._http_exchange.request_of", broken)
    assert await chat(await make(CALL))
    assert await streamed(await make(STREAM))
    assert metered.spans == []
    assert metered.total("chunkmeter.errors") == 2


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Make, metered: Kit) -> None:
    stream = await given((await make(STREAM)).method("chat.stream")(**CHAT))
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry))
    count_once(metered, STREAM)


KINDS: tuple[Kind, ...] = ("plain", "tools")
"""Mirascope itself fails on structured streams."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_a_call_through_mirascope_is_counted_once(
    stream: bool, kind: Kind, is_async: bool, through_mirascope: ThroughMirascope, metered: Kit
) -> None:
    """Mirascope's hook begins it, and the SDK's lets it pass."""
    cell = Cell("mistral", is_async=is_async, stream=stream, kind=kind)
    assert await through_mirascope(cell, metered)
    assert metered.total("chunkmeter.calls") == 1
    assert attributes_of(metered.span)["code.function.name"]
    assert metered.total("chunkmeter.spend") == pytest.approx(cell.scenario.truth.usd, abs=1e-12)
