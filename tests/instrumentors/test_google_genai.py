"""Google's SDK, metered: every way in, every way out, sync and async; laziness; its function calling; Vertex AI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, closing
from typing import Any

import pytest
from google import genai
from google.genai import errors
from google.genai.types import AutomaticFunctionCallingConfig, GenerateContentConfig, HttpOptions
from google.oauth2.credentials import Credentials
from opentelemetry.instrumentation.utils import suppress_instrumentation

import chunkmeter
from chunkmeter.instrumentors import GoogleGenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer, Kind, by_id
from replay.scenarios.base import body, compact
from replay.server import Server
from support.cells import Cell, ThroughMirascope, get_weather
from support.either import first, given, items
from support.sdk import aeventually, count_once, ended, expect, google_client, route

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning",
    "ignore:Interactions usage is experimental:UserWarning",
    "ignore:Async interactions client cannot use aiohttp:UserWarning",
    # Mirascope's own, in each call.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Make = Callable[..., Any]
Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM = "google-plain-call", "google-plain-stream"
ASK: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": "Where does Tomar lie?"}


def instrument(kit: Kit, **options: Any) -> None:
    """Has the SDK report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    providers = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    GoogleGenAIInstrumentor().instrument(**providers, servers=["127.0.0.1=*"], **options)


@pytest.fixture
def google(kit: Kit) -> Kit:
    """The SDK, metered."""
    instrument(kit)
    return kit


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Make]:
    """Makes a client, `make("google-plain-stream", "cut=1")`, sync or async."""
    async with AsyncExitStack() as stack:

        def made(scenario: str, options: str = "", **more: Any) -> Any:
            base_url = route(server, scenario, options)
            told: dict[str, Any] = more or {"api_key": "none"}
            client = genai.Client(http_options=HttpOptions(base_url=base_url), **told)
            stack.callback(id, client)  # holds it: it closes itself as it is collected
            if hasattr(client.aio, "aclose"):
                stack.push_async_callback(client.aio.aclose)
            return client.aio if is_async else client

        yield made


async def plain(client: Any) -> Any:
    return await given(client.models.generate_content(**ASK))


async def chat(client: Any) -> Any:
    return await given(client.chats.create(model=ASK["model"]).send_message(ASK["contents"]))


async def streamed(client: Any) -> Any:
    return await items(client.models.generate_content_stream(**ASK))


async def chat_streamed(client: Any) -> Any:
    return await items(client.chats.create(model=ASK["model"]).send_message_stream(ASK["contents"]))


# --- every way in ---


@pytest.mark.parametrize(
    ("way", "scenario"), [(plain, CALL), (chat, CALL), (streamed, STREAM), (chat_streamed, STREAM)]
)
async def test_a_request_is_one_call(way: Way, scenario: str, make: Make, google: Kit) -> None:
    await way(make(scenario))
    expect(google.span, scenario)
    count_once(google, scenario)
    attributes = attributes_of(google.span)
    assert google.span.name == "generate_content gemini-2.5-flash"
    assert attributes["gen_ai.provider.name"] == "gcp.gemini"
    assert attributes["server.address"] == "127.0.0.1"
    assert attributes.get("gen_ai.request.stream", False) == (scenario == STREAM)


async def test_methods_and_chats_made_before_are_metered(make: Make, kit: Kit) -> None:
    client = make(STREAM)
    generate, spoken = client.models.generate_content_stream, client.chats.create(model=ASK["model"])
    instrument(kit)
    await items(generate(**ASK))
    await items(spoken.send_message_stream("And Nazare?"))
    assert [attributes_of(span)["gen_ai.usage.output_tokens"] for span in kit.spans] == [72, 72]  # 11 + 61 each


async def test_the_request_is_described(make: Make, google: Kit) -> None:
    config = GenerateContentConfig(temperature=0.5, max_output_tokens=64, stop_sequences=["END"])
    await given(make(CALL).models.generate_content(**ASK, config=config))
    attributes = attributes_of(google.span)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]


async def test_vertex_ai_answers_its_own_clients(make: Make, google: Kit) -> None:
    credentials = Credentials(token="none")
    await streamed(make(STREAM, vertexai=True, project="lisbon", location="us-central1", credentials=credentials))
    attributes = ended(google, "completed")
    assert attributes["gen_ai.provider.name"] == "gcp.vertex_ai"
    assert attributes["gen_ai.usage.output_tokens"] == by_id[STREAM].truth.output_tokens
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(by_id[STREAM].truth.usd, abs=1e-12)


async def test_each_request_of_its_function_calling_is_a_call(make: Make, google: Kit, server: Server) -> None:
    """The SDK calls the function and asks again, by itself. Here every answer asks for the function."""
    calling = AutomaticFunctionCallingConfig(maximum_remote_calls=2)
    config = GenerateContentConfig(tools=[get_weather], automatic_function_calling=calling)
    before = len(server.requests)
    await given(make("google-tools-call").models.generate_content(**ASK, config=config))
    requests = len(server.requests) - before
    assert requests >= 2
    truth = by_id["google-tools-call"].truth
    assert google.total("chunkmeter.calls") == requests
    assert google.total("chunkmeter.spend") == pytest.approx(requests * truth.usd, abs=1e-12)


# --- laziness ---


def test_a_stream_that_is_never_iterated_is_no_call(google: Kit, server: Server) -> None:
    models: Any = google_client(server, STREAM).models
    before = len(server.requests)
    models.generate_content_stream(**ASK).close()
    models.generate_content_stream(**ASK)
    assert len(server.requests) == before
    assert google.total("chunkmeter.calls") == 0
    assert google.total("chunkmeter.streams.open") == 0


async def test_the_span_is_a_child_of_the_one_around_it_and_of_no_chunks_work(make: Make, google: Kit) -> None:
    with google.tracer.start_as_current_span("request") as around:
        stream = await given(make(STREAM).models.generate_content_stream(**ASK))
        await first(stream)
        with google.tracer.start_as_current_span("work"):
            pass
        await items(stream)
    spans = {span.name: span for span in google.spans}
    outer = around.get_span_context().span_id
    parents = {name: span.parent and span.parent.span_id for name, span in spans.items()}
    assert parents == {"request": None, "work": outer, "generate_content gemini-2.5-flash": outer}


# --- every way out ---


async def left(client: Any) -> None:
    await first(await given(client.models.generate_content_stream(**ASK)))


async def closed(client: Any) -> None:
    stream = await given(client.models.generate_content_stream(**ASK))
    if hasattr(stream, "__anext__"):
        async with aclosing(stream):
            await stream.__anext__()
    else:
        with closing(stream):
            next(stream)


@pytest.mark.parametrize("way", [left, closed])
async def test_a_stream_that_is_left_is_abandoned_and_keeps_its_usage(way: Way, make: Make, google: Kit) -> None:
    """The SDK's own generator is what the application closes: whether by hand or as it is collected can't be told."""
    await way(make(STREAM))
    await aeventually(lambda: len(google.spans) == 1)
    attributes = ended(google, "abandoned")
    assert attributes["gen_ai.usage.input_tokens"] == 2600


@pytest.mark.parametrize("way", [plain, streamed])
async def test_a_refusal_is_an_error(way: Way, make: Make, google: Kit) -> None:
    with pytest.raises(errors.ClientError):
        await way(make(CALL, "status=429"))
    ended(google, "error", "google.genai.errors.ClientError")


async def test_an_error_in_the_middle_is_an_error(make: Make, google: Kit) -> None:
    with pytest.raises(errors.APIError) as raised:
        await streamed(make(STREAM, "error_after=1"))
    ended(google, "error", f"google.genai.errors.{type(raised.value).__name__}")


async def test_a_cut_stream_is_interrupted(make: Make, google: Kit) -> None:
    await streamed(make(STREAM, "cut=2"))
    ended(google, "interrupted", "stream_interrupted")


# --- embeddings ---


async def embedded(client: Any) -> Any:
    return await given(client.models.embed_content(model="text-embedding-005", contents=["ebb", "flow"]))


async def test_embeddings_are_one_call_at_vertex_ai(make: Make, google: Kit, server: Server) -> None:
    """Which alone tells how many tokens they were of."""
    said = [{"embeddings": {"values": [0.1], "statistics": {"token_count": count}}} for count in (3, 4)]
    server.scripts["embed"] = Answer(id="embed", service="google", stream=False, events=body({"predictions": said}))
    credentials = Credentials(token="none")
    client = make("embed", vertexai=True, project="lisbon", location="us-central1", credentials=credentials)
    assert len((await embedded(client)).embeddings) == 2
    attributes = ended(google, "completed")
    assert google.span.name == "embeddings text-embedding-005"
    assert attributes["gen_ai.provider.name"] == "gcp.vertex_ai"
    assert attributes["gen_ai.usage.input_tokens"] == 3 + 4
    assert attributes["chunkmeter.usage.status"] == "reported"


async def test_those_of_the_gemini_api_are_no_call(make: Make, google: Kit, server: Server) -> None:
    said = body({"embeddings": [{"values": [0.1]}, {"values": [0.2]}]})
    server.scripts["embed"] = Answer(id="embed", service="google", stream=False, events=said)
    assert len((await embedded(make("embed"))).embeddings) == 2
    assert (google.spans, google.total("chunkmeter.calls")) == ([], 0)


# --- interactions ---

INTERACTION: dict[str, Any] = {
    "object": "interaction",
    "id": "int_1",
    "model": "gemini-2.5-flash",
    "status": "completed",
    "role": "model",
    "outputs": [{"type": "text", "text": "Tomar"}],
    "usage": {
        "total_input_tokens": 90,
        "total_cached_tokens": 64,
        "total_output_tokens": 20,
        "total_thought_tokens": 8,
        "total_tokens": 118,
    },
}
INTERACTING: list[dict[str, Any]] = [
    {"event_type": "interaction.start", "interaction": {**INTERACTION, "status": "in_progress", "usage": None}},
    {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Tomar"}},
    {"event_type": "interaction.complete", "interaction": INTERACTION},
]


@pytest.fixture
def interacting(server: Server) -> None:
    """The server answers with interactions."""
    events = tuple(f"event: {each['event_type']}\ndata: {compact(each)}\n\n".encode() for each in INTERACTING)
    server.scripts["int-stream"] = Answer(id="int-stream", service="google", stream=True, events=events)
    server.scripts["int-call"] = Answer(id="int-call", service="google", stream=False, events=body(INTERACTION))


async def interacted(client: Any, **more: Any) -> Any:
    return await given(client.interactions.create(model=ASK["model"], input="Where does Tomar lie?", **more))


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
@pytest.mark.usefixtures("interacting")
async def test_an_interaction_is_one_call(stream: bool, make: Make, google: Kit) -> None:
    answer = await interacted(make("int-stream" if stream else "int-call"), **({"stream": True} if stream else {}))
    assert len(await items(answer)) == 3 if stream else answer.id == "int_1"
    attributes = ended(google, "completed")
    expected = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.response.id": "int_1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 90,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.output_tokens": 28,  # 20 and 8 of thoughts
        # USD 0.30, 0.03 and 2.50 per million tokens
        "gen_ai.usage.cost.amount": pytest.approx((26 * 0.30 + 64 * 0.03 + 28 * 2.50) / 1e6, abs=1e-12),
        "chunkmeter.chunks": 3 if stream else None,
    }
    assert {name: attributes.get(name) for name in expected} == expected


@pytest.mark.usefixtures("interacting")
async def test_a_refused_interaction_is_an_error(make: Make, google: Kit) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 -- of a private module of the SDK's
        await interacted(make("int-call", "status=400"))
    kind = type(raised.value)
    ended(google, "error", f"{kind.__module__}.{kind.__qualname__}")


@pytest.mark.usefixtures("interacting")
async def test_an_interaction_that_is_cut_is_interrupted(make: Make, google: Kit) -> None:
    await items(interacted(make("int-stream", "cut=2"), stream=True))
    ended(google, "interrupted", "stream_interrupted")


# --- off ---


async def test_nothing_is_metered_where_instrumentation_is_suppressed(make: Make, google: Kit) -> None:
    with suppress_instrumentation():
        await streamed(make(STREAM))
        await plain(make(CALL))
    assert (google.spans, google.total("chunkmeter.calls")) == ([], 0)


async def test_an_open_stream_is_metered_to_its_end_after_uninstrument(make: Make, google: Kit) -> None:
    stream = await given(make(STREAM).models.generate_content_stream(**ASK))
    await first(stream)
    GoogleGenAIInstrumentor().uninstrument()
    await items(stream)
    await streamed(make(STREAM))
    count_once(google, STREAM)


async def test_a_mistake_of_ours_is_kept_from_the_application(make: Make, google: Kit, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr("chunkmeter.instrumentors._method.request_of", broken)
    assert await plain(make(CALL))
    assert await streamed(make(STREAM))
    assert google.spans == []
    assert google.total("chunkmeter.errors") == 2


# --- below others ---


async def test_a_stream_that_the_application_wraps_is_counted_once(make: Make, google: Kit) -> None:
    """It has begun the call before there was a request."""
    stream = await given(make(STREAM).models.generate_content_stream(**ASK))
    await items(chunkmeter.wrap(stream, telemetry=google.telemetry, provider="google", model=ASK["model"]))
    expect(google.span, STREAM)
    count_once(google, STREAM)


KINDS: tuple[Kind, ...] = ("plain", "structured", "tools")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_a_call_through_mirascope_is_counted_once(
    stream: bool, kind: Kind, is_async: bool, through_mirascope: ThroughMirascope, google: Kit
) -> None:
    """Mirascope's hook begins it, and the SDK's lets it pass."""
    cell = Cell("google", is_async=is_async, stream=stream, kind=kind)
    assert await through_mirascope(cell, google)
    assert google.total("chunkmeter.calls") == 1
    assert attributes_of(google.span)["code.function.name"]
    assert google.total("chunkmeter.spend") == pytest.approx(cell.scenario.truth.usd, abs=1e-12)
