"""MCP's SDK, traced: a real client, and a real server in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client import stdio
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest
from mirascope.mcp import client as mirascope_client
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id, get_current_span, get_tracer

import chunkmeter
from chunkmeter.instrumentors import MCPInstrumentor, MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import ROOT
from support.cells import Cell
from support.clients import new_async_client
from support.mcp_server import COMMAND

pytestmark = pytest.mark.slow

SERVER = StdioServerParameters(command=sys.executable, args=COMMAND, cwd=ROOT)
BOTH = (MCPInstrumentor, MirascopeInstrumentor)


def instrument(kit: Kit, *instrumentors: type[Any], **options: Any) -> None:
    for each in instrumentors or (MCPInstrumentor,):
        each().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, **options)


@asynccontextmanager
async def session() -> AsyncIterator[ClientSession]:
    """A session with the server."""
    async with stdio.stdio_client(SERVER) as (read, write), ClientSession(read, write) as opened:
        await opened.initialize()
        yield opened


def text(result: CallToolResult) -> str:
    (content,) = result.content
    return getattr(content, "text", "")


def traceparent(span: ReadableSpan) -> str:
    """What the W3C's propagator writes of a sampled span."""
    context = span.get_span_context()
    assert context is not None
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


def by_name(kit: Kit) -> dict[str, ReadableSpan]:
    spans = {span.name: span for span in kit.spans}
    assert len(spans) == len(kit.spans)
    return spans


@pytest.mark.parametrize(
    "instrumentors", [(MCPInstrumentor,), (MirascopeInstrumentor,), BOTH], ids=["mcp", "mirascope", "both"]
)
async def test_each_request_is_a_span(kit: Kit, instrumentors: tuple[type[Any], ...]) -> None:
    """With the conventions' attributes, once with the hooks of two instrumentors, and nothing stays current."""
    instrument(kit, *instrumentors)
    async with session() as opened:
        tools = await opened.list_tools()
        result = await opened.call_tool("get_weather", {"city": "Faro"})
        await opened.send_ping()
        assert not get_current_span().get_span_context().is_valid
    assert [tool.name for tool in tools.tools] == ["get_weather", "fail"]
    spans = by_name(kit)
    common = {"mcp.protocol.version": "2025-11-25", "network.transport": "pipe"}
    assert {name: attributes_of(span) for name, span in spans.items()} == {
        "initialize": {"mcp.method.name": "initialize", "jsonrpc.request.id": "0", **common},
        "tools/list": {"mcp.method.name": "tools/list", "jsonrpc.request.id": "1", **common},
        "tools/call get_weather": {
            "mcp.method.name": "tools/call",
            "jsonrpc.request.id": "2",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "get_weather",
            **common,
        },
        "ping": {"mcp.method.name": "ping", "jsonrpc.request.id": "3", **common},
    }
    assert {span.kind for span in spans.values()} == {SpanKind.CLIENT}
    assert {span.status.status_code for span in spans.values()} == {StatusCode.UNSET}
    assert text(result) == traceparent(spans["tools/call get_weather"])


async def test_the_span_lies_below_the_user_s(kit: Kit) -> None:
    """And what is sent is its own context, not the user's; labels that say who is spending are on it."""
    instrument(kit, metric_labels=("tenant",))
    async with session() as opened:
        with (
            get_tracer("app", tracer_provider=kit.tracer_provider).start_as_current_span("turn") as turn,
            chunkmeter.labels(tenant="acme"),
        ):
            result = await opened.call_tool("get_weather", {"city": "Faro"})
    span = by_name(kit)["tools/call get_weather"]
    assert span.parent == turn.get_span_context()
    assert text(result) == traceparent(span)
    assert attributes_of(span)["tenant"] == "acme"


async def test_a_request_of_the_user_s_own_stays_as_it_is(kit: Kit) -> None:
    """What is in its `_meta` is sent too, and goes before ours."""
    instrument(kit)
    meta = CallToolRequestParams.Meta.model_validate({"traceparent": "00-1-2-03", "theirs": 1})
    params = CallToolRequestParams(name="get_weather", arguments={"city": "Faro"}, _meta=meta)
    request = ClientRequest(CallToolRequest(params=params))
    before = request.model_dump()
    async with session() as opened:
        result = await opened.send_request(request=request, result_type=CallToolResult)
    assert text(result) == "00-1-2-03"
    assert request.model_dump() == before
    assert "tools/call get_weather" in by_name(kit)


async def test_a_tool_that_fails(kit: Kit) -> None:
    """The user gets the same result; the span says that it tells of a failure, and not of which."""
    instrument(kit)
    async with session() as opened:
        result = await opened.call_tool("fail", {"city": "Faro"})
    assert result.isError
    span = by_name(kit)["tools/call fail"]
    assert attributes_of(span)["error.type"] == "tool_error"
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


async def test_a_request_that_is_refused(kit: Kit) -> None:
    """By the code that the server answered with."""
    instrument(kit)
    async with session() as opened:
        with pytest.raises(McpError) as raised:
            await opened.get_prompt("nobody's")
    span = by_name(kit)["prompts/get nobody's"]
    attributes = attributes_of(span)
    assert raised.value.error.code == 0
    assert (attributes["error.type"], attributes["rpc.response.status_code"]) == ("0", "0")
    assert attributes["gen_ai.prompt.name"] == "nobody's"
    assert "gen_ai.operation.name" not in attributes
    assert span.status.status_code is StatusCode.ERROR


async def test_a_request_that_is_cancelled(kit: Kit) -> None:
    """That is no failure of its own."""
    instrument(kit)
    async with session() as opened:
        task = asyncio.create_task(opened.call_tool("get_weather", {"city": "Faro"}))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    span = by_name(kit)["tools/call get_weather"]
    assert "error.type" not in attributes_of(span)
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("way", ["suppressed", "removed"])
async def test_without_hooks_a_request_is_sent_as_it_is(kit: Kit, way: str) -> None:
    """Also in a session that was opened while they were there."""
    instrument(kit)
    async with session() as opened:
        count = len(kit.spans)
        if way == "suppressed":
            with suppress_instrumentation():
                result = await opened.call_tool("get_weather", {"city": "Faro"})
        else:
            MCPInstrumentor().uninstrument()
            result = await opened.call_tool("get_weather", {"city": "Faro"})
    assert text(result) == "None"
    assert len(kit.spans) == count


async def test_the_switch_holds_for_mirascope_s_instrumentor_too(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which brings the same hooks."""
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "urllib, chunkmeter_mcp")
    instrument(kit, MirascopeInstrumentor)
    async with session() as opened:
        result = await opened.call_tool("get_weather", {"city": "Faro"})
    assert text(result) == "None"
    assert kit.spans == []


async def test_the_second_major_is_left_alone(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes spans by itself: ours would be further ones."""
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mcp": "2.0.0"}.get)
    instrument(kit)
    async with session() as opened:
        result = await opened.call_tool("get_weather", {"city": "Faro"})
    assert text(result) == "None"
    assert kit.spans == []


@pytest.mark.filterwarnings(r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*")
@pytest.mark.parametrize("name", ["get_weather", "fail"])
async def test_mirascope_s_tool_of_a_server_has_one_span(
    kit: Kit, server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the conventions have it: the tool's span tells of the request too, and its context is what the server gets."""
    instrument(kit, *BOTH)
    # Mirascope took hold of it when it was imported, which the tests of other files have done before.
    monkeypatch.setattr(mirascope_client, "mcp_stdio_client", stdio.stdio_client)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(mirascope_client.stdio_client(SERVER))
        kinds = {kind.__name__: kind for kind in await client.list_tools()}
        kind = kinds["Fail" if name == "fail" else "GetWeather"]
        kind.__custom_name__ = "get_weather"  # that is what the scenario's model asks for
        asking = await new_async_client("openai", f"{server.url}/id/openai-tools-call", stack)
        cell = Cell("openai", is_async=True, stream=False, kind="plain")
        answer = await cell.decorate("llm.call", asking, tools=[kind])("Faro")
        (tool,) = answer.tools
        given = None
        if name == "fail":
            with pytest.raises(RuntimeError, match="MCP Server returned error"):
                await tool.call()
        else:
            (given,) = await tool.call()
    spans = by_name(kit)
    assert list(spans) == ["initialize", "tools/list", "chat gpt-4o-mini", "execute_tool get_weather"]
    span = spans["execute_tool get_weather"]
    expected = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_Wt2a",
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-11-25",
        "jsonrpc.request.id": "2",
        "network.transport": "pipe",
    }
    if name == "fail":
        assert attributes_of(span) == {**expected, "error.type": "tool_error"}
        assert span.status.status_code is StatusCode.ERROR
    else:
        assert attributes_of(span) == expected
        assert given == traceparent(span)
