"""Anthropic's SDK, metered: its endpoints, who answers, its own tracing, its middleware, its tool runner."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anthropic
import pytest
from anthropic import _base_client
from mirascope.core.anthropic import anthropic_call
from opentelemetry.trace import Span, StatusCode, use_span

from chunkmeter.instrumentors import AnthropicInstrumentor, MirascopeInstrumentor
from chunkmeter.instrumentors.anthropic import SDK
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer, by_id
from replay.scenarios.base import body, compact
from replay.scenarios.eventstream import event
from replay.server import Server
from support.cells import get_weather
from support.either import entered, first, given, items
from support.sdk import count_once, ended, eventually, expect, route
from support.stainless import ANTHROPIC, MESSAGE, Make, instrument
from support.streams import events_of

Way = Callable[[Any], Awaitable[Any]]
STREAM, CALL = "anthropic-plain-stream", "anthropic-plain-call"


async def plain(client: Any) -> Any:
    return await given(client.messages.create(**MESSAGE))


async def streamed(client: Any) -> Any:
    return await items(client.messages.create(**MESSAGE, stream=True))


async def helped(client: Any) -> Any:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        return await given(stream.get_final_message())


async def left(client: Any) -> Any:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        return await first(stream)


# --- its endpoints ---


async def test_a_beta_path_has_a_query(make: Make, metered: Kit, server: Server) -> None:
    await given(make(ANTHROPIC, CALL).beta.messages.create(**MESSAGE))
    assert server.requests[-1].path.endswith("/v1/messages")
    expect(metered.span, CALL)
    count_once(metered, CALL)


async def test_a_text_completion_is_one_call(make: Make, metered: Kit, server: Server) -> None:
    said = {"type": "completion", "id": "c1", "completion": "Hi", "stop_reason": "stop_sequence", "model": "claude-2.1"}
    server.scripts["complete"] = Answer(id="complete", service="anthropic", stream=False, events=body(said))
    create = make(ANTHROPIC, "complete").completions.create
    await given(create(model="claude-2.1", max_tokens_to_sample=64, prompt="\n\nHuman: Hi\n\nAssistant:"))
    attributes = ended(metered, "completed")
    assert metered.span.name == "text_completion claude-2.1"
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert attributes["chunkmeter.usage.status"] == "missing"


async def test_each_turn_of_the_tool_runner_is_a_call(make: Make, metered: Kit, is_async: bool) -> None:
    """The first answer asks for the tool, and so does the second: there are as many calls as turns."""

    async def aget_weather(city: str) -> str:
        return get_weather(city)

    if is_async:
        tool: Any = anthropic.beta_async_tool(aget_weather, name="get_weather", description="Tells the weather.")
    else:
        tool = anthropic.beta_tool(get_weather)
    client = make(ANTHROPIC, "anthropic-tools-call")
    runner = client.beta.messages.tool_runner(**MESSAGE, tools=[tool], max_iterations=2)
    assert len(await items(runner)) == 2
    truth = by_id["anthropic-tools-call"].truth
    assert [attributes_of(span)["gen_ai.usage.output_tokens"] for span in metered.spans] == [truth.output_tokens] * 2
    assert metered.total("chunkmeter.spend") == pytest.approx(2 * truth.usd, abs=1e-12)


# --- who answers ---

AT: dict[str, tuple[str, dict[str, Any], str]] = {
    "bedrock": (
        "AnthropicBedrock",
        {"aws_access_key": "none", "aws_secret_key": "none", "aws_region": "us-east-1"},
        "aws.bedrock",
    ),
    "vertex": (
        "AnthropicVertex",
        {"access_token": "none", "project_id": "us", "region": "us-east5"},
        "gcp.vertex_ai",
    ),
    "foundry": ("AnthropicFoundry", {"api_key": "none"}, "azure.ai.inference"),
}


@pytest.mark.parametrize("way", [plain, streamed])
@pytest.mark.parametrize("name", AT)
async def test_the_clients_class_tells_who_answers(
    name: str, way: Way, server: Server, metered: Kit, is_async: bool
) -> None:
    """Each rewrites the path later, below the hook. Bedrock frames the events of a stream in Amazon's way."""
    kind, options, provider = AT[name]
    scenario = CALL if way is plain else STREAM
    framed = [event("chunk", {"bytes": b64encode(compact(said).encode()).decode()}) for said in events_of(STREAM)]
    server.scripts["framed"] = Answer(id="framed", service="bedrock", stream=True, events=tuple(framed))
    at = "framed" if name == "bedrock" and way is streamed else scenario
    make: Any = getattr(anthropic, f"Async{kind}" if is_async else kind)
    client = make(base_url=route(server, at), max_retries=0, **options)
    async with entered(client):
        await way(client)
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.provider.name"] == provider
    assert attributes["gen_ai.request.model"] == "claude-sonnet-4-5"
    assert attributes["gen_ai.usage.output_tokens"] == by_id[scenario].truth.output_tokens


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("https://api.anthropic.com", "anthropic"),
        ("https://claude.googleapis.com/v1", "anthropic"),
        ("https://api.deepseek.com/anthropic", "deepseek"),
        ("https://llm.internal", "anthropic"),
    ],
)
def test_the_host_tells_who_answers(host: str, provider: str) -> None:
    assert SDK.place(anthropic.Anthropic(api_key="none"), host).provider == provider


# --- a client that traces itself, as Anthropic's does from 1.0 on ---


@pytest.fixture
def traced(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Span]]:
    """The shape of those releases: `request` starts a span around `_request`, which does what `request` did.

    A plain answer's span ends with it, that of a stream when the test ends it.
    """
    begun: list[Span] = []

    def start() -> Span:
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5"}
        begun.append(kit.tracer.start_span("anthropic.messages.create", attributes=attributes))
        return begun[-1]

    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        with use_span(start(), end_on_exit=not kwargs.get("stream")):
            return self._request(*args, **kwargs)

    async def arequest(self: Any, *args: Any, **kwargs: Any) -> Any:
        with use_span(start(), end_on_exit=not kwargs.get("stream")):
            return await self._request(*args, **kwargs)

    for kind, tracing in ((_base_client.SyncAPIClient, request), (_base_client.AsyncAPIClient, arequest)):
        monkeypatch.setattr(kind, "_request", kind.request, raising=False)
        monkeypatch.setattr(kind, "request", tracing)
        monkeypatch.setattr(kind, "_tracer", kit.tracer, raising=False)
    yield begun
    AnthropicInstrumentor().uninstrument()


@pytest.mark.parametrize(("way", "outcome"), [(plain, "completed"), (streamed, "completed"), (left, "closed")])
async def test_the_sdks_own_span_gets_the_facts_and_is_the_only_one(
    way: Way, outcome: str, make: Make, kit: Kit, traced: list[Span]
) -> None:
    instrument(ANTHROPIC, kit)
    await way(make(ANTHROPIC, CALL if way is plain else STREAM))
    for span in traced:
        span.end()
    assert [span.name for span in kit.spans] == ["anthropic.messages.create"]
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == outcome
    assert attributes["chunkmeter.metered"] is True
    assert attributes["gen_ai.usage.input_tokens"] == by_id[CALL if way is plain else STREAM].truth.input_tokens
    assert kit.total("chunkmeter.calls") == 1


async def test_a_refusal_is_on_the_sdks_own_span(make: Make, kit: Kit, traced: list[Span]) -> None:
    instrument(ANTHROPIC, kit)
    with pytest.raises(anthropic.RateLimitError):
        await plain(make(ANTHROPIC, CALL, "status=429"))
    assert len(traced) == 1
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == "error"
    assert attributes["error.type"] == "anthropic.RateLimitError"


async def test_a_client_that_does_not_trace_itself_begins_its_call_above(
    make: Make, kit: Kit, traced: list[Span], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same release, with its tracing switched off."""
    client = make(ANTHROPIC, CALL)
    monkeypatch.setattr(type(client), "_tracer", None, raising=False)
    instrument(ANTHROPIC, kit)
    await plain(client)
    traced[0].end()
    assert kit.total("chunkmeter.calls") == 1
    owned = next(span for span in kit.spans if span.name == "chat claude-sonnet-4-5")
    assert attributes_of(owned)["chunkmeter.outcome"] == "completed"
    assert owned.status.status_code is StatusCode.UNSET


# --- its middleware ---


async def test_an_answer_that_passes_through_middleware_is_read_once(make: Make, metered: Kit, is_async: bool) -> None:
    async def apass(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    def passing(request: Any, call_next: Any) -> Any:
        return call_next(request)

    middleware = [apass if is_async else passing]
    await plain(make(ANTHROPIC, CALL, middleware=middleware))
    await helped(make(ANTHROPIC, STREAM, middleware=middleware))
    assert [attributes_of(span)["chunkmeter.outcome"] for span in metered.spans] == ["completed", "completed"]
    spent = by_id[CALL].truth.usd + by_id[STREAM].truth.usd
    assert metered.total("chunkmeter.spend") == pytest.approx(spent, abs=1e-12)


async def test_middleware_that_asks_a_model_makes_a_call_of_its_own(make: Make, metered: Kit, is_async: bool) -> None:
    """A guardrail, say. What it is refused is its own affair."""
    guard = make(ANTHROPIC, CALL)

    async def acheck(request: Any, call_next: Any) -> Any:
        await plain(guard)
        return await call_next(request)

    def check(request: Any, call_next: Any) -> Any:
        guard.messages.create(**MESSAGE)
        return call_next(request)

    await helped(make(ANTHROPIC, STREAM, middleware=[acheck if is_async else check]))
    tokens = [attributes_of(span)["gen_ai.usage.output_tokens"] for span in metered.spans]
    assert tokens == [by_id[CALL].truth.output_tokens, by_id[STREAM].truth.output_tokens]


async def test_a_refusal_that_middleware_sees_is_an_error(make: Make, metered: Kit, is_async: bool) -> None:
    async def apass(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    def passing(request: Any, call_next: Any) -> Any:
        return call_next(request)

    with pytest.raises(anthropic.RateLimitError):
        await plain(make(ANTHROPIC, CALL, "status=429", middleware=[apass if is_async else passing]))
    ended(metered, "error", "anthropic.RateLimitError")


# --- below Mirascope ---


def test_a_plain_call_of_mirascopes_that_was_decorated_before_is_counted_once(server: Server, kit: Kit) -> None:
    """Mirascope's last resort sees the answer, whose request the SDK's hook has metered."""
    with anthropic.Anthropic(base_url=route(server, CALL), api_key="none", max_retries=0) as client:

        @anthropic_call("claude-sonnet-4-5", client=client)
        def ask() -> str:
            return "Where does Lisbon lie?"

        providers = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
        MirascopeInstrumentor().instrument(**providers)
        ask()
        assert kit.total("chunkmeter.calls") == 1
        kit.exporter.clear()
        instrument(ANTHROPIC, kit)
        ask()
    expect(kit.span, CALL)
    assert kit.total("chunkmeter.calls") == 2


# --- a collection ---


def test_what_is_let_go_of_is_settled_by_the_keeper(server: Server, metered: Kit, monkeypatch: Any) -> None:
    """The SDK's generator closes the response as it is finalized, wherever that is: nothing is reported from there."""
    reported: list[str] = []
    record = type(metered.telemetry).record

    def recorded(*args: Any, **kwargs: Any) -> None:
        reported.append(threading.current_thread().name)
        record(*args, **kwargs)

    monkeypatch.setattr(type(metered.telemetry), "record", recorded)
    with anthropic.Anthropic(base_url=route(server, STREAM), api_key="none") as client:
        for _ in client.messages.create(**MESSAGE, stream=True):
            break
        stream = client.messages.stream(**MESSAGE).__enter__()
        next(iter(stream))
        del stream
        eventually(lambda: len(reported) == 2)
    assert threading.current_thread().name not in reported
    assert {attributes_of(span)["chunkmeter.outcome"] for span in metered.spans} == {"abandoned"}
