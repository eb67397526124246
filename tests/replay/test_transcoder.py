"""The gRPC front says what the replay server behind it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from replay.scenarios import by_id
from replay.server import Server, start
from replay.transcoder import Api, Transcoder, grpc
from support import protos

API = Api("replay.v1.Service", "v1", "support.protos")
MODEL = "projects/p/locations/l/publishers/google/models/gemini-2.0-flash"

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def replay() -> Iterator[Server]:
    with start() as running:
        yield running


@pytest.fixture
def ask(replay: Server) -> Ask:
    """Sends a request to a path of the replay server by gRPC, and yields its answers."""

    def send(path: str, *tools: str, stream: bool = True) -> Iterator[Any]:
        with closing(Transcoder(API, f"{replay.url}{path}")) as front, grpc.insecure_channel(front.address) as channel:
            codec = {
                "request_serializer": protos.GenerateContentRequest.serialize,
                "response_deserializer": protos.GenerateContentResponse.deserialize,
            }
            declared = [{"function_declarations": [{"name": name}]} for name in tools]
            request = protos.GenerateContentRequest(model=MODEL, contents=[], tools=declared)
            if stream:
                yield from channel.unary_stream(f"/{API.service}/StreamGenerateContent", **codec)(request)
            else:
                yield channel.unary_unary(f"/{API.service}/GenerateContent", **codec)(request)

    return send


def test_a_stream_comes_message_by_message(ask: Ask) -> None:
    """With what the scenario's JSON says."""
    truth = by_id["vertex-plain-stream"].truth
    messages = list(ask("/vertex"))
    assert len(messages) == truth.events_on_wire
    text = "".join(part.text for message in messages for part in message.candidates[0].content.parts)
    assert text == "Guimaraes is where the country began."
    assert [message.response_id for message in messages] == [truth.response_id] * 3
    assert [message.usage_metadata.prompt_token_count for message in messages] == [0, 0, truth.input_tokens]


def test_a_request_is_told_by_its_tools(ask: Ask, replay: Server) -> None:
    """The request arrives as the JSON that it stands for."""
    (message,) = ask("/vertex", "get_weather", stream=False)
    assert message.response_id == by_id["vertex-tools-call"].truth.response_id
    assert replay.requests[-1].path == f"/vertex/v1/{MODEL}:generateContent"
    assert replay.requests[-1].body["tools"] == [{"functionDeclarations": [{"name": "get_weather"}]}]


@pytest.mark.parametrize(
    ("stream", "options", "code"),
    [
        (False, "status=429", "RESOURCE_EXHAUSTED"),
        (True, "status=429", "RESOURCE_EXHAUSTED"),
        (True, "status=503", "UNAVAILABLE"),
    ],
)
def test_a_refusal_has_googles_status(ask: Ask, stream: bool, options: str, code: str) -> None:
    """An HTTP status is the gRPC status that Google's error body names."""
    with pytest.raises(grpc.RpcError) as refused:
        list(ask(f"/id/vertex-plain-stream~{options}", stream=stream))
    assert refused.value.code() is grpc.StatusCode[code]
    assert refused.value.details() == "replay: vertex-plain-stream was told to fail"


def test_an_error_comes_in_the_middle(ask: Ask) -> None:
    """After what came before it."""
    messages = ask("/id/vertex-plain-stream~error_after=1")
    assert next(messages).candidates
    with pytest.raises(grpc.RpcError) as failed:
        next(messages)
    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
