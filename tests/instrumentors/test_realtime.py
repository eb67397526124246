"""OpenAI's Realtime sessions, metered: each response and each transcription is a call, by either client of the SDK."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from websockets.sync.server import ServerConnection, serve

from chunkmeter.instrumentors import OpenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from support.either import entered, given
from support.sdk import eventually

pytestmark = pytest.mark.slow

Json = dict[str, Any]
CREATED: Json = {"type": "session.created", "session": {"type": "realtime", "model": "gpt-realtime-2025-08-28"}}
UPDATED: Json = {
    "type": "session.updated",
    "session": {
        "type": "realtime",
        "model": "gpt-realtime-2025-08-28",
        "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
    },
}
TRANSCRIBED: Json = {
    "type": "conversation.item.input_audio_transcription.completed", "item_id": "item_1", "transcript": "Where?",
    "usage": {
        "type": "tokens", "input_tokens": 40, "input_token_details": {"text_tokens": 0, "audio_tokens": 40},
        "output_tokens": 6, "total_tokens": 46,
    },
}  # fmt: skip
USAGE: Json = {
    "total_tokens": 300, "input_tokens": 200, "output_tokens": 100,
    "input_token_details": {
        "text_tokens": 50, "audio_tokens": 150, "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 24, "audio_tokens": 40},
    },
    "output_token_details": {"text_tokens": 20, "audio_tokens": 80},
}  # fmt: skip
# gpt-realtime, USD per million: text 4 in, 0.40 cached, 16 out; audio 32 in, 0.40 cached, 64 out
SPEND = ((50 - 24) * 4 + 24 * 0.40 + (150 - 40) * 32 + 40 * 0.40 + 20 * 16 + 80 * 64) / 1e6
# gpt-4o-mini-transcribe: audio 3 in, text 5 out
HEARD = (40 * 3 + 6 * 5) / 1e6


def response(number: int, status: str = "completed", **more: Any) -> list[Json]:
    """What the server sends of one response: 4 pieces between its beginning and its end."""
    about: Json = {"id": f"resp_{number}", "object": "realtime.response"}
    piece: Json = {"type": "response.output_audio.delta", "response_id": f"resp_{number}", "delta": "AAAA"}
    done = about | {"status": status, "usage": USAGE} | more
    return [
        {"type": "response.created", "response": about | {"status": "in_progress"}},
        *[piece] * 4,
        {"type": "response.done", "response": done},
    ]


class Service:
    """Answers what a client sends, by the type of it."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Json]] = {}
        self.cuts = False
        self.url = ""

    def talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps(CREATED))
        for message in connection:
            for event in self.answers.get(json.loads(message)["type"], []):
                connection.send(json.dumps(event))
            if self.cuts:
                connection.socket.shutdown(socket.SHUT_RDWR)
                return


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with serve(service.talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        service.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        yield service
        server.shutdown()
        thread.join()


def instrument(kit: Kit) -> None:
    OpenAIInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"]
    )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture(params=["realtime", "beta"])
def resource(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def connect(service: Service, is_async: bool, resource: str) -> AsyncIterator[Callable[[], Any]]:
    """Opens a connection, closed after the test."""
    async with AsyncExitStack() as stack:

        async def connected() -> Any:
            client: Any = (AsyncOpenAI if is_async else OpenAI)(api_key="none", websocket_base_url=service.url)
            stack.push_async_callback(lambda: given(client.close()))
            home = client.realtime if resource == "realtime" else client.beta.realtime
            return await stack.enter_async_context(entered(home.connect(model="gpt-realtime")))

        yield connected


async def received(connection: Any, last: str) -> list[Any]:
    """The events up to the first of a type."""
    events = list[Any]()
    while not events or events[-1].type != last:
        events.append(await given(connection.recv()))
    return events


async def test_each_response_is_a_call(connect: Any, service: Service, metered: Kit) -> None:
    connection = await connect()
    await received(connection, "session.created")
    for number in (1, 2):
        service.answers["response.create"] = response(number)
        await given(connection.response.create())
        events = await received(connection, "response.done")
        assert [event.type for event in events] == [event["type"] for event in response(number)]
    assert len(metered.spans) == 2
    for number, span in enumerate(metered.spans, 1):
        attributes = attributes_of(span)
        expected = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-realtime-2025-08-28",
            "gen_ai.response.model": "gpt-realtime-2025-08-28",
            "gen_ai.response.id": f"resp_{number}",
            "gen_ai.response.finish_reasons": ["stop"],
            "server.address": "127.0.0.1",
            "chunkmeter.outcome": "completed",
            "chunkmeter.chunks": 5,
            "chunkmeter.usage.status": "reported",
            "gen_ai.usage.input_tokens": 200,
            "gen_ai.usage.cache_read.input_tokens": 64,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.cost.amount": pytest.approx(SPEND),
        }
        assert {name: attributes.get(name) for name in expected} == expected
        assert 150 in attributes.values()  # audio in
        assert 80 in attributes.values()  # audio out
    assert metered.total("chunkmeter.spend") == pytest.approx(2 * SPEND)
    assert metered.total("chunkmeter.errors") == 0


async def test_a_transcription_is_a_call_of_its_own_model(connect: Any, service: Service, metered: Kit) -> None:
    connection = await connect()
    service.answers["input_audio_buffer.commit"] = [UPDATED, *response(1)[:3], TRANSCRIBED, *response(1)[3:]]
    await given(connection.input_audio_buffer.commit())
    await received(connection, "response.done")
    models = {attributes_of(span)["gen_ai.request.model"]: attributes_of(span) for span in metered.spans}
    assert set(models) == {"gpt-realtime-2025-08-28", "gpt-4o-mini-transcribe"}
    assert models["gpt-4o-mini-transcribe"]["gen_ai.usage.cost.amount"] == pytest.approx(HEARD)
    assert metered.total("chunkmeter.spend") == pytest.approx(SPEND + HEARD)


async def test_responses_side_by_side(connect: Any, service: Service, metered: Kit) -> None:
    both = [event for pair in zip(response(1), response(2), strict=True) for event in pair]
    service.answers["response.create"] = both
    connection = await connect()
    await given(connection.response.create())
    for _ in range(1 + len(both)):
        await given(connection.recv())
    told = {
        attributes_of(span)["gen_ai.response.id"]: attributes_of(span)["chunkmeter.chunks"] for span in metered.spans
    }
    assert told == {"resp_1": 5, "resp_2": 5}


async def test_raw_messages_are_seen_too(connect: Any, service: Service, metered: Kit) -> None:
    """Byte for byte what the server has sent."""
    service.answers["response.create"] = response(1)
    connection = await connect()
    await given(connection.response.create())
    messages = [await given(connection.recv_bytes()) for _ in range(7)]
    assert [json.loads(message) for message in messages] == [CREATED, *response(1)]
    assert metered.total("chunkmeter.spend") == pytest.approx(SPEND)


async def test_a_response_that_is_cancelled(connect: Any, service: Service, metered: Kit) -> None:
    details = {"type": "cancelled", "reason": "client_cancelled"}
    service.answers["response.create"] = response(1, "cancelled", status_details=details)
    connection = await connect()
    await given(connection.response.create())
    await received(connection, "response.done")
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["client_cancelled"]
    assert attributes["chunkmeter.outcome"] == "completed"


async def test_a_connection_that_is_closed_in_the_middle(connect: Any, service: Service, metered: Kit) -> None:
    service.answers["response.create"] = response(1)[:3]
    connection = await connect()
    await given(connection.response.create())
    await received(connection, "response.output_audio.delta")
    await given(connection.close())
    assert attributes_of(metered.span)["chunkmeter.outcome"] == "closed"


async def test_a_connection_that_is_lost_in_the_middle(connect: Any, service: Service, metered: Kit) -> None:
    service.answers["response.create"], service.cuts = response(1)[:3], True
    connection = await connect()
    await given(connection.response.create())
    with pytest.raises(Exception, match="no close frame"):
        await received(connection, "response.done")
    attributes = attributes_of(metered.span)
    assert attributes["chunkmeter.outcome"] == "error"
    assert attributes["error.type"] == "websockets.exceptions.ConnectionClosedError"


async def test_a_connection_that_is_let_go_of(connect: Any, service: Service, metered: Kit, is_async: bool) -> None:
    service.answers["response.create"] = response(1)[:3]
    connection = await connect()
    await given(connection.response.create())
    await received(connection, "response.output_audio.delta")
    vars(connection).pop("_chunkmeter_session")  # as if it were gone: what holds it here is its manager
    eventually(lambda: metered.total("chunkmeter.calls", outcome="abandoned") == 1)


async def test_a_connection_from_before_is_metered(connect: Any, service: Service, kit: Kit) -> None:
    """The session was told before anybody listened: its address names the model."""
    service.answers["response.create"] = response(1)
    connection = await connect()
    await received(connection, "session.created")
    instrument(kit)
    await given(connection.response.create())
    await received(connection, "response.done")
    assert attributes_of(kit.span)["gen_ai.request.model"] == "gpt-realtime"
    assert kit.total("chunkmeter.spend") == pytest.approx(SPEND)


async def test_what_is_no_json_is_handed_on(connect: Any, service: Service, metered: Kit) -> None:
    service.answers["response.create"] = [{"kind": "odd"}, {"type": "response.done"}, {"type": "error", "error": {}}]
    connection = await connect()
    await given(connection.response.create())
    messages = [json.loads(await given(connection.recv_bytes())) for _ in range(4)]
    assert messages[1:] == service.answers["response.create"]


async def test_uninstrumented_it_is_bare(connect: Any, service: Service, metered: Kit) -> None:
    OpenAIInstrumentor().uninstrument()
    service.answers["response.create"] = response(1)
    connection = await connect()
    await given(connection.response.create())
    await received(connection, "response.done")
    assert metered.spans == []
