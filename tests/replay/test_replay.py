"""The scenarios tell the truth, and the server that plays them does as it is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from botocore.eventstream import EventStreamBuffer

from replay import check, server
from replay.scenarios import ALL, Kind, Scenario, Service, by_id

STREAMS = [scenario for scenario in ALL if scenario.stream]


@pytest.fixture(scope="module")
def replay() -> Iterator[server.Server]:
    with server.start() as running:
        yield running


def post(replay: server.Server, path: str, body: object = None, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", replay.port, timeout=10)
    connection.request("POST", path, json.dumps(body or {}), headers)
    response = connection.getresponse()
    try:
        return response, response.read()
    finally:
        connection.close()


def named(scenario: Scenario) -> str:
    return scenario.id


def test_ids_keys_and_calls_are_unique() -> None:
    for values in (
        [scenario.id for scenario in ALL],
        [scenario.key for scenario in ALL],
        [check.call_of_scenario(scenario) for scenario in ALL],
    ):
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_every_service_has_every_kind_streamed_and_not() -> None:
    there = {(scenario.service, scenario.kind, scenario.stream) for scenario in ALL}
    assert there >= {(s, k, stream) for s in get_args(Service) for k in get_args(Kind) for stream in (True, False)}


@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_truth_adds_up(scenario: Scenario) -> None:
    truth = scenario.truth
    read, written = truth.cached_tokens or 0, truth.cache_write_tokens or 0
    went_in, came_out = truth.input_tokens or 0, truth.output_tokens or 0
    embeds = truth.operation == "embeddings"
    assert (truth.input_tokens is None or embeds) is (truth.output_tokens is None)
    assert truth.total_tokens in (went_in + came_out, None)
    assert read + written <= went_in
    assert (truth.cache_write_1h_tokens or 0) <= written
    assert (truth.input_audio_tokens or 0) <= went_in
    assert max(truth.reasoning_tokens or 0, truth.output_audio_tokens or 0) <= came_out
    assert truth.usage_status == "reported" or truth.cost is None
    assert len(truth.finish_reasons) == len(truth.raw_finish_reasons)
    assert set(truth.finish_reasons) <= {"stop", "length", "content_filter", "tool_call"}
    assert truth.cost is None or truth.cost > 0


@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_the_wire_says_what_the_truth_says(scenario: Scenario) -> None:
    truth, events = scenario.truth, [json.loads(text) for text in json_of(scenario)]
    wire = b"".join(scenario.events).decode(errors="replace")
    assert truth.response_id is None or truth.response_id in wire
    assert all(f'"{reason}"' in wire for reason in truth.raw_finish_reasons)
    assert (truth.events_on_wire is None) is not scenario.stream
    assert len(events) == (truth.events_on_wire or 1)
    numbers = {number for event in events for number in integers(event)}
    for said in (truth.cached_tokens, truth.reasoning_tokens, truth.cache_write_1h_tokens):
        assert said is None or said in numbers


def json_of(scenario: Scenario) -> list[str]:
    """The JSON objects of an answer, out of its framing."""
    if not scenario.stream:
        return [scenario.events[0].decode()]
    if scenario.content_type == "application/vnd.amazon.eventstream":
        return [event.payload.decode() for event in framed(scenario.events)]
    lines = [line for event in scenario.events for line in event.decode().splitlines()]
    if scenario.content_type == "application/stream+json":
        return lines
    return [line[6:] for line in lines if line.startswith("data: {")]


def framed(events: Iterable[bytes]) -> list[Any]:
    """Messages of Amazon's framing, by its own decoder, which checks lengths and checksums."""
    buffer = EventStreamBuffer()
    for event in events:
        buffer.add_data(event)
    return list(buffer)


def integers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from integers(item)
    elif isinstance(value, int):
        yield value


@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_a_forced_scenario_comes_byte_for_byte(replay: server.Server, scenario: Scenario) -> None:
    response, body = post(replay, f"/id/{scenario.id}/anything")
    assert (response.status, body) == (200, b"".join(scenario.events))
    assert response.headers["content-type"] == scenario.content_type
    assert scenario.headers.items() <= dict(response.headers).items()
    assert replay.requests[-1].scenario == scenario.id


def test_picks_by_model_stream_and_tools(replay: server.Server) -> None:
    request: dict[str, Any] = {"model": "gpt-4o-mini", "stream": True, "messages": []}
    post(replay, "/openai/chat/completions", request)
    assert replay.requests[-1].scenario == "openai-plain-stream"
    assert replay.requests[-1].body == request
    tool = {"type": "function", "function": {"name": "get_weather"}}
    post(replay, "/openai/chat/completions", {**request, "tools": [tool]})
    assert replay.requests[-1].scenario == "openai-tools-stream"
    post(replay, "/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    assert replay.requests[-1].scenario == "google-plain-stream"
    post(replay, "/anthropic/v1/messages", {"model": "claude-sonnet-4-5", "tools": [{"name": "Book"}]})
    assert replay.requests[-1].scenario == "anthropic-structured-call"
    post(replay, "/bedrock/model/us.amazon.nova-lite-v1%3A0/converse-stream")
    assert replay.requests[-1].scenario == "bedrock-guarded-stream"
    specified = {"toolConfig": {"tools": [{"toolSpec": {"name": "get_weather"}}]}}
    post(replay, "/bedrock/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/converse", specified)
    assert replay.requests[-1].scenario == "bedrock-tools-call"


def test_what_a_tool_gave_is_put_into_words(replay: server.Server) -> None:
    """As a model does, unless it is to call a tool of that name again."""
    tool = {"type": "function", "function": {"name": "get_weather"}}
    request: dict[str, Any] = {"model": "gpt-4o-mini", "tools": [tool], "messages": [{"role": "tool", "content": "1"}]}
    post(replay, "/openai/chat/completions", request)
    assert replay.requests[-1].scenario == "openai-plain-call"
    post(replay, "/openai/chat/completions", {**request, "tool_choice": tool})
    assert replay.requests[-1].scenario == "openai-tools-call"
    given = {"model": "gpt-5-nano", "tools": [{"type": "function", "name": "get_weather"}], "input": "What of Beja?"}
    post(replay, "/responses/responses", given)
    assert replay.requests[-1].scenario == "responses-tools-call"
    post(replay, "/responses/responses", {**given, "input": [{"type": "function_call_output", "output": "1"}]})
    assert replay.requests[-1].scenario == "responses-plain-call"
    path, tools = (
        "/google/v1beta/models/gemini-2.5-flash:generateContent",
        [{"functionDeclarations": [{"name": "get_weather"}]}],
    )
    post(replay, path, {"tools": tools, "contents": [{"parts": [{"text": "What of Beja?"}]}]})
    assert replay.requests[-1].scenario == "google-tools-call"
    post(replay, path, {"tools": tools, "contents": [{"parts": [{"functionResponse": {"response": {"result": "1"}}}]}]})
    assert replay.requests[-1].scenario == "google-plain-call"


# Services whose requests name the model in their path.
NOBODY = {
    "bedrock": "model/nobody/converse",
    "gemini": "v1beta/models/nobody:generateContent",
    "google": "v1beta/models/nobody:generateContent",
    "vertex": "v1/projects/p/locations/l/publishers/google/models/nobody:generateContent",
}


@pytest.mark.parametrize("service", get_args(Service))
def test_says_what_it_does_not_know(replay: server.Server, service: str) -> None:
    response, body = post(replay, f"/{service}/{NOBODY.get(service, 'chat')}", {"model": "nobody"})
    assert response.status == 404
    assert "'nobody'" in json.dumps(json.loads(body))
    assert f"{service}-plain-stream" in body.decode()


@pytest.mark.parametrize("service", NOBODY)
def test_says_which_route_there_is_none_of(replay: server.Server, service: str) -> None:
    response, body = post(replay, f"/{service}/elsewhere", {"model": "nobody"})
    assert response.status == 404
    assert f"replay: no {service} route /elsewhere" in body.decode()


def test_bedrock_fails_in_its_own_framing(replay: server.Server) -> None:
    response, body = post(replay, "/id/bedrock-plain-stream~error_after=1/x")
    assert response.status == 200
    begun, failed = framed([body])
    assert begun.headers[":event-type"] == "messageStart"
    assert failed.headers[":message-type"] == "exception"
    assert failed.headers[":exception-type"] == "modelStreamErrorException"
    assert json.loads(failed.payload)["message"] == "replay: the provider gave up"
    response, body = post(replay, "/id/bedrock-plain-call~status=429/x")
    assert response.headers["x-amzn-errortype"] == "ThrottlingException"
    assert json.loads(body) == {"message": "replay: bedrock-plain-call was told to fail"}


def test_options_cut_and_fail(replay: server.Server) -> None:
    events = by_id["openai-plain-stream"].events
    assert post(replay, "/id/openai-plain-stream~cut=3/x")[1] == b"".join(events[:3])
    with pytest.raises(IncompleteRead):
        post(replay, "/id/openai-plain-stream~cut=3,drop/x")
    with pytest.raises(ConnectionResetError):
        post(replay, "/id/openai-plain-stream~cut=3,reset/x")
    assert b'"server_error"' in post(replay, "/id/openai-plain-stream~error_after=2/x")[1]
    response, body = post(replay, "/id/anthropic-plain-stream~status=529/x")
    assert response.status == 529
    assert json.loads(body)["error"]["type"] == "overloaded_error"
    assert post(replay, "/id/openai-plain-stream~nonsense=1/x")[0].status == 400


def test_refuses_browsers_and_floods(replay: server.Server) -> None:
    path = "/id/openai-plain-call/x"
    assert post(replay, path, Origin="http://example.com")[0].status == 403
    assert post(replay, path, **{"Content-Length": str(server.MAX_BODY + 1)})[0].status == 413
    assert post(replay, path, [1])[0].status == 400


def test_the_checker_wants_to_see_something(tmp_path: Path) -> None:
    assert check.main([str(tmp_path)]) == 1
    calls, mismatches = check.check(tmp_path, [by_id["openai-plain-call"]])
    assert (calls, mismatches) == (0, ["openai-plain-call spans: got 0, expected 1"])


def test_the_checker_sees_each_difference() -> None:
    scenario, report = by_id["openai-plain-call"], check.Report()
    truth = scenario.truth
    span: dict[str, Any] = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": truth.response_model,
        "gen_ai.response.finish_reasons": ["stop"],
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "reported",
        "chunkmeter.cost.status": "known",
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
        "gen_ai.usage.cost.amount": truth.usd,
        "gen_ai.usage.input_tokens": 31,
        "gen_ai.usage.output_tokens": 8,
    }
    check.check_call(report, scenario, span)
    assert report.lines == []
    for name in span:
        worse = check.Report()
        check.check_call(worse, scenario, {key: value for key, value in span.items() if key != name})
        assert len(worse.lines) == 1, name
    for name, value in {
        "chunkmeter.response.raw_finish_reasons": ["stop"],
        "chunkmeter.cost_metadata.tier": "default",
        "chunkmeter.cost_metadata.batch_mode": False,
        "chunkmeter.cost.cache_read": 0.0,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "gen_ai.usage.audio.input_tokens": 0,
        "gen_ai.usage.audio.output_tokens": 0,
    }.items():
        worse = check.Report()
        check.check_call(worse, scenario, {**span, name: value})
        assert len(worse.lines) == 1, name
