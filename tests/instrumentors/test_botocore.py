"""Amazon Bedrock, metered: Converse and InvokeModel, plain and streamed, by boto3's clients and by aiobotocore's."""

from __future__ import annotations

import base64
import gc
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError, IncompleteReadError
from botocore.response import StreamingBody
from botocore.stub import Stubber

import chunkmeter
from chunkmeter.instrumentors import BotocoreInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer
from replay.scenarios.base import compact
from replay.scenarios.eventstream import event
from replay.server import Server
from support.cells import Cell, ThroughMirascope
from support.clients import new_async_client, new_client
from support.either import entered, first, given, items
from support.sdk import aeventually, count_once, ended, expect, route

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning",
    # Mirascope's own, in each call.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM = "bedrock-plain-call", "bedrock-plain-stream"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TALK: dict[str, Any] = {
    "modelId": HAIKU,
    "messages": [{"role": "user", "content": [{"text": "Where does Elvas lie?"}]}],
    "inferenceConfig": {"maxTokens": 64, "temperature": 0.5, "stopSequences": ["END"]},
}
BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "temperature": 0.5, "stop_sequences": ["END"]}
ASKED: dict[str, Any] = {"modelId": HAIKU, "body": json.dumps(BODY)}

MESSAGE = {
    "id": "msg_bdrk_01", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "In the Alentejo, by the border. " * 100}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 21, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 9},
}  # fmt: skip
WHOLE = compact(MESSAGE).encode()
COUNTED = {"x-amzn-bedrock-input-token-count": "21", "x-amzn-bedrock-cache-read-input-token-count": "100"}
COUNTED |= {"x-amzn-bedrock-output-token-count": "9", "x-amzn-bedrock-service-tier": "priority"}
SAID: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "In the Alentejo."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 21, "outputTokenCount": 9}},
)


def chunk(said: Mapping[str, Any]) -> bytes:
    """One event of InvokeModelWithResponseStream, as it stands on the wire."""
    return event("chunk", {"bytes": base64.b64encode(compact(said).encode()).decode(), "p": "abcde"})


def answer(name: str, *events: bytes, stream: bool = False, headers: Mapping[str, str]) -> Answer:
    return Answer(id=name, service="bedrock", stream=stream, events=events, headers=headers)


SCRIPTS = (
    answer("invoke-call", WHOLE, headers=COUNTED),
    answer("invoke-stream", *map(chunk, SAID), stream=True, headers={"x-amzn-bedrock-service-tier": "priority"}),
)


@pytest.fixture
def served(server: Server) -> Server:
    for script in SCRIPTS:
        server.scripts[script.id] = script
    return server


def instrument(kit: Kit) -> None:
    """Has the SDKs report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    BotocoreInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"]
    )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture
async def make(served: Server, is_async: bool) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Makes a client, `await make("bedrock-plain-stream", "cut=1")`, boto3's or aiobotocore's."""
    async with AsyncExitStack() as stack:

        async def made(scenario: str, options: str = "") -> Any:
            base = route(served, scenario, options)
            if is_async:
                return await new_async_client("bedrock", base, stack)
            return new_client("bedrock", base, stack.enter_context(ExitStack()))

        yield made


async def converse(client: Any) -> Any:
    return await given(client.converse(**TALK))


async def converse_streamed(client: Any) -> Any:
    return await items((await given(client.converse_stream(**TALK)))["stream"])


async def invoke(client: Any) -> Any:
    return await given((await given(client.invoke_model(**ASKED)))["body"].read())


async def invoke_streamed(client: Any) -> Any:
    return await items((await given(client.invoke_model_with_response_stream(**ASKED)))["body"])


@pytest.mark.parametrize(("way", "scenario"), [(converse, CALL), (converse_streamed, STREAM)])
async def test_a_conversation_is_one_call(way: Way, scenario: str, make: Any, metered: Kit) -> None:
    await way(await make(scenario))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    attributes = attributes_of(metered.span)
    expected = {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": HAIKU,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["END"],
        "server.address": "127.0.0.1",
    }
    assert metered.span.name == f"chat {HAIKU}"
    assert {name: attributes.get(name) for name in expected} == expected
    assert attributes.get("chunkmeter.chunks") == (8 if scenario == STREAM else None)


@pytest.mark.parametrize(("way", "script"), [(invoke, "invoke-call"), (invoke_streamed, "invoke-stream")])
async def test_an_invocation_is_one_call(way: Way, script: str, make: Any, metered: Kit) -> None:
    await way(await make(script))
    attributes = ended(metered, "completed")
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": HAIKU,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.response.id": "msg_bdrk_01",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 121,  # 21 + 100 from the cache
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.output_tokens": 9,
        "chunkmeter.usage.status": "reported",
    }
    assert {name: attributes.get(name) for name in expected} == expected
    assert attributes.get("chunkmeter.chunks") == (6 if script == "invoke-stream" else None)
    assert attributes["chunkmeter.cost_metadata.tier"] == "priority"


async def test_clients_and_methods_from_before_are_metered(make: Any, kit: Kit) -> None:
    client = await make(STREAM)
    ask = client.converse_stream
    instrument(kit)
    assert len(await items((await given(ask(**TALK)))["stream"])) == 8
    count_once(kit, STREAM)


# --- a body that the application reads ---


async def in_pieces(body: Any) -> bytes:
    read = list[bytes]()
    while piece := await given(body.read(100)):
        read.append(piece)
    return b"".join(read)


async def to_the_last_byte(body: Any) -> bytes:
    return await given(body.read(len(WHOLE)))


async def iterated(body: Any) -> bytes:
    return b"".join(await items(body))


async def by_chunks(body: Any) -> bytes:
    return b"".join(await items(body.iter_chunks(100)))


async def by_lines(body: Any) -> bytes:
    return b"".join(await items(body.iter_lines(100)))


async def as_lines(body: Any) -> bytes:
    return b"".join(await given(body.readlines()))


async def parsed(body: Any) -> bytes:
    return compact(json.loads(await given(body.read()))).encode()


@pytest.mark.parametrize("read", [in_pieces, to_the_last_byte, iterated, by_chunks, by_lines, as_lines, parsed])
async def test_a_body_is_read_as_the_application_likes(
    read: Callable[[Any], Awaitable[bytes]], make: Any, metered: Kit
) -> None:
    client = await make("invoke-call")
    BotocoreInstrumentor().uninstrument()
    bare = (await given(client.invoke_model(**ASKED)))["body"]
    assert await read(bare) == WHOLE
    instrument(metered)
    body = (await given(client.invoke_model(**ASKED)))["body"]
    assert isinstance(body, type(bare))
    assert await read(body) == WHOLE
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.response.id"] == "msg_bdrk_01"
    assert attributes["gen_ai.usage.input_tokens"] == 121


async def test_a_body_that_nobody_reads_is_priced_by_its_headers(make: Any, metered: Kit) -> None:
    """Nor is it read for our sake."""
    response = await given((await make("invoke-call")).invoke_model(**ASKED))
    assert metered.spans == []
    del response
    await aeventually(lambda: len(metered.spans) == 1)
    attributes = ended(metered, "abandoned")
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (121, 9)
    assert "gen_ai.response.id" not in attributes


async def test_a_body_within_a_with(make: Any, metered: Kit, is_async: bool) -> None:
    """What botocore's `with` gives is the bare response below, whose reading is not seen; aiohttp's keeps it."""
    response = await given((await make("invoke-call")).invoke_model(**ASKED))
    async with entered(response["body"]) as body:
        assert await given(body.read()) == WHOLE
    attributes = ended(metered, "completed" if is_async else "closed")
    assert attributes["gen_ai.usage.input_tokens"] == 121
    assert attributes.get("gen_ai.response.id") == ("msg_bdrk_01" if is_async else None)


async def test_a_body_that_is_closed_early(make: Any, metered: Kit) -> None:
    response = await given((await make("invoke-call")).invoke_model(**ASKED))
    assert await given(response["body"].read(10)) == WHOLE[:10]
    await given(response["body"].close())
    attributes = attributes_of(metered.span) if metered.spans else None
    if attributes is None:  # aiobotocore's body of old is a proxy, whose `close` is aiohttp's
        del response
        await aeventually(lambda: len(metered.spans) == 1)
        attributes = ended(metered, "abandoned")
    assert attributes["gen_ai.usage.output_tokens"] == 9


def test_a_body_that_is_cut_short_raises_what_it_raises(metered: Kit, server: Server) -> None:
    with ExitStack() as stack:
        client = new_client("bedrock", server.url, stack)
        stub = stack.enter_context(Stubber(client))
        body = StreamingBody(io.BytesIO(WHOLE), len(WHOLE) + 1)
        stub.add_response("invoke_model", {"body": body, "contentType": "application/json"})
        with pytest.raises(IncompleteReadError):
            client.invoke_model(**ASKED)["body"].read()
    ended(metered, "error", "botocore.exceptions.IncompleteReadError")


def test_a_stubbed_answer_is_handed_on(metered: Kit, server: Server) -> None:
    """The SDK's own stub for tests answers with what it is given, such as a plain file for a body."""
    with ExitStack() as stack:
        client = new_client("bedrock", server.url, stack)
        stub = stack.enter_context(Stubber(client))
        body = io.BytesIO(WHOLE)
        stub.add_response("invoke_model", {"body": body, "contentType": "application/json"})
        assert client.invoke_model(**ASKED)["body"] is body
    ended(metered, "abandoned")


def test_a_body_that_is_a_file_is_left_to_be_sent(metered: Kit, served: Server) -> None:
    with ExitStack() as stack:
        client = new_client("bedrock", route(served, "invoke-call"), stack)
        file = io.BytesIO(json.dumps(BODY).encode())
        assert client.invoke_model(modelId=HAIKU, body=file)["body"].read() == WHOLE
    assert served.requests[-1].body == BODY
    assert "gen_ai.request.max_tokens" not in ended(metered, "completed")


# --- endings ---


async def test_a_stream_that_is_closed(make: Any, metered: Kit) -> None:
    stream = (await given((await make(STREAM)).converse_stream(**TALK)))["stream"]
    await first(stream)
    await given(stream.close())
    ended(metered, "closed")


@pytest.mark.parametrize("asks", [True, False])
async def test_a_stream_that_is_let_go_of(asks: bool, make: Any, metered: Kit) -> None:
    response = await given((await make(STREAM)).converse_stream(**TALK))
    if asks:
        await first(response["stream"])
    below = response["stream"]._raw_stream
    del response
    # aiobotocore's objects hold each other: only the collector frees them.
    await aeventually(lambda: gc.collect() >= 0 and len(metered.spans) == 1)
    below.close()
    assert ended(metered, "abandoned")["chunkmeter.chunks"] == (1 if asks else 0)


async def test_a_cut_stream_is_interrupted(make: Any, metered: Kit) -> None:
    await converse_streamed(await make(STREAM, "cut=3"))
    ended(metered, "interrupted", "stream_interrupted")


@pytest.mark.parametrize("way", [converse, converse_streamed, invoke, invoke_streamed])
async def test_a_refusal_is_an_error(way: Way, make: Any, metered: Kit) -> None:
    with pytest.raises(ClientError, match="ValidationException") as raised:
        await way(await make(CALL, "status=400"))
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_an_error_in_the_middle_is_an_error(make: Any, metered: Kit) -> None:
    client = await make(STREAM, "error_after=2")
    stream = (await given(client.converse_stream(**TALK)))["stream"]
    with pytest.raises(EventStreamError):
        await items(stream)
    stream._raw_stream.close()
    ended(metered, "error", "botocore.exceptions.EventStreamError")


async def test_what_the_sdk_refuses_to_send_is_an_error(make: Any, metered: Kit) -> None:
    with pytest.raises(Exception, match="Parameter validation failed"):
        await given((await make(CALL)).converse(modelId=HAIKU, messages="nothing"))
    ended(metered, "error", "botocore.exceptions.ParamValidationError")


async def test_other_requests_are_none_of_a_models(make: Any, metered: Kit) -> None:
    client = await make(CALL)
    await given(client.apply_guardrail(guardrailIdentifier="g", guardrailVersion="1", source="INPUT", content=[]))
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


# --- beside others ---


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Any, metered: Kit) -> None:
    stream = (await given((await make(STREAM)).converse_stream(**TALK)))["stream"]
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry))
    count_once(metered, STREAM)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_mirascope_asks_is_counted_once(
    stream: bool, metered: Kit, is_async: bool, through_mirascope: ThroughMirascope
) -> None:
    await through_mirascope(Cell("bedrock", is_async, stream, "plain"), metered)
    count_once(metered, STREAM if stream else CALL)


async def test_uninstrumented_it_is_bare(make: Any, metered: Kit) -> None:
    response = await given((await make(STREAM)).converse_stream(**TALK))
    BotocoreInstrumentor().uninstrument()
    assert len(await items(response["stream"])) == 8
    assert len(await converse_streamed(await make(STREAM))) == 8
    assert metered.total("chunkmeter.calls") == 1
