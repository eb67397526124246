"""What Mirascope 2 is checked for beside its ways to ask: tools, those of MCP servers, parsing, `wrap`, and mlx.

Each check is of the spans that it names, and of what the user gets; the truth is written beside it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id, get_current_span, get_tracer

import chunkmeter
from checks.matrix.ways import SERVERS
from chunkmeter.instrumentors import AnthropicInstrumentor, MirascopeInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.check import Report
from replay.scenarios import by_id
from replay.server import Server
from support import ROOT, mlx_stand_in
from support.cells import Book, get_weather
from support.clients import KEY
from support.either import given, items
from support.mcp_server import COMMAND

__all__ = ["CHECKS", "played"]

HOOKS: dict[str, tuple[Any, ...]] = {
    "mirascope": (MirascopeInstrumentor,),
    "sdks": (OpenAIInstrumentor, AnthropicInstrumentor),
    "none": (),
    "all": (MirascopeInstrumentor, OpenAIInstrumentor, AnthropicInstrumentor),
}
OPENAI = ("openai/gpt-4o-mini:completions", "openai")
ANTHROPIC = ("anthropic/claude-sonnet-4-5", "anthropic")
EXECUTED = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "get_weather", "gen_ai.tool.type": "function"}

Check = Callable[[Report, Kit, Server], Awaitable[None]]


def played(server: Server, runner: asyncio.Runner, check: Check, hooks: str) -> str:
    """The verdict on a check, with these hooks on."""
    report, kit = Report(), Kit()
    for each in HOOKS[hooks]:
        each().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS)
    try:
        runner.run(_at(check, report, kit, server))
    except Exception as error:  # noqa: BLE001 -- a verdict like any other
        report.lines.append(f"raised {error!r}")
    finally:
        for each in HOOKS[hooks]:
            each().uninstrument()
    report.expect("metric chunkmeter.errors", kit.total("chunkmeter.errors"), 0)
    kit.shutdown()
    return f"FAIL: {'; '.join(report.lines)}" if report.lines else "ok"


async def _at(check: Check, report: Report, kit: Kit, server: Server) -> None:
    await check(report, kit, server)


def ask(
    server: Server, scenario: str, asked: tuple[str, str], *, is_async: bool, context: bool = False, **more: Any
) -> Any:
    """A function of the user's that asks, by `llm.call`."""
    llm: Any = import_module("mirascope.llm")
    model, provider = asked
    llm.register_provider(provider, scope=f"{provider}/", api_key=KEY, base_url=f"{server.url}/id/{scenario}")

    def ask(city: str) -> str:
        return city

    async def aask(city: str) -> str:
        return city

    def with_context(ctx: Any, city: str) -> str:
        return city

    async def awith_context(ctx: Any, city: str) -> str:
        return city

    with_context.__annotations__["ctx"] = awith_context.__annotations__["ctx"] = llm.Context[str]
    functions = ((ask, aask), (with_context, awith_context))[context]
    return llm.call(model, **more)(functions[is_async])


def spans_of(kit: Kit, operation: str) -> list[ReadableSpan]:
    return [span for span in kit.spans if attributes_of(span).get("gen_ai.operation.name") == operation]


def wait_for_calls(kit: Kit, count: int) -> None:
    """Wait until the keeper's thread has settled so many calls."""
    deadline = time.monotonic() + 10
    while len(spans_of(kit, "chat")) < count and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.005)


# --- tools ---


def tools(*, is_async: bool, context: bool, stream: bool) -> Check:
    """`execute_tools`, whose tools lie below the user's span, and a tool's own work below the tool."""

    async def check(report: Report, kit: Kit, server: Server) -> None:
        llm: Any = import_module("mirascope.llm")
        tracer = get_tracer("app", tracer_provider=kit.tracer_provider)

        def work(city: str) -> str:
            with tracer.start_as_current_span("work"):
                return get_weather(city)

        def plain(city: str) -> str:
            return work(city)

        async def aplain(city: str) -> str:
            await asyncio.sleep(0)
            return work(city)

        def contextual(ctx: Any, city: str) -> str:
            return work(city)

        async def acontextual(ctx: Any, city: str) -> str:
            await asyncio.sleep(0)
            return work(city)

        contextual.__annotations__["ctx"] = acontextual.__annotations__["ctx"] = llm.Context[str]
        function = ((plain, aplain), (contextual, acontextual))[context][is_async]
        function.__name__ = "get_weather"
        told = (llm.Context(deps="Algarve"),) if context else ()
        scenario = f"openai-tools-{'stream' if stream else 'call'}"
        asking = ask(server, scenario, OPENAI, is_async=is_async, context=context, tools=[llm.tool(function)])
        response = await given((asking.stream if stream else asking)(*told, "Faro"))
        if stream:
            await given(response.finish())
        with tracer.start_as_current_span("turn") as turn:
            outputs = await given(response.execute_tools(*told))
            report.expect("current span", get_current_span() is turn, True)
        calls = {"call_Wt1a": "Lisbon", "call_Wt1b": "Porto"} if stream else {"call_Wt2a": "Lisbon"}
        report.expect("outputs", [output.result for output in outputs], [get_weather(city) for city in calls.values()])
        runs = spans_of(kit, "execute_tool")
        report.expect("tools", sorted(str(attributes_of(run)["gen_ai.tool.call.id"]) for run in runs), [*calls])
        for run in runs:
            told_of = dict(attributes_of(run))
            told_of.pop("gen_ai.tool.call.id")
            report.expect("attributes", told_of, EXECUTED)
            report.expect("name", run.name, "execute_tool get_weather")
            report.expect("kind", run.kind.name, "INTERNAL")
            report.expect("parent", run.parent, turn.get_span_context())
            report.expect("status", run.status.status_code, StatusCode.UNSET)
        below = [span.parent for span in kit.spans if span.name == "work"]
        report.expect("work", sorted(map(str, below)), sorted(str(run.context) for run in runs))
        report.expect("calls", kit.total("chunkmeter.calls"), 1)

    return check


def failing_tools(*, is_async: bool) -> Check:
    """Mirascope packs what a tool raises, and a tool that there is none of, into the output; the span has its class."""

    async def check(report: Report, kit: Kit, server: Server) -> None:
        llm: Any = import_module("mirascope.llm")
        error = LookupError("no Faro")

        def failing(city: str) -> str:
            raise error

        async def afailing(city: str) -> str:
            raise error

        function = afailing if is_async else failing
        function.__name__ = "get_weather"
        asking = ask(server, "openai-tools-call", OPENAI, is_async=is_async, tools=[llm.tool(function)])
        response = await given(asking("Faro"))
        (output,) = await given(response.execute_tools())
        report.expect("exception", output.error.tool_exception, error)
        (tool,) = response.toolkit.tools_dict.values()
        await given(tool.execute(response.tool_calls[0]))
        response.toolkit.tools_dict.clear()
        (output,) = await given(response.execute_tools())
        report.expect("not found", type(output.error).__name__, "ToolNotFoundError")
        runs = spans_of(kit, "execute_tool")
        types = ["LookupError", "LookupError", "mirascope.llm.exceptions.ToolNotFoundError"]
        report.expect("error.type", [attributes_of(run).get("error.type") for run in runs], types)
        report.expect("status", {run.status.status_code for run in runs}, {StatusCode.ERROR})
        report.expect("events", [run.events for run in runs], [()] * 3)

    return check


async def mcp_tool(report: Report, kit: Kit, server: Server) -> None:
    """A tool of a server in a process of its own, which gives back the `traceparent` that it has seen."""
    mcp: Any = import_module("mirascope.llm.mcp")
    stdio: Any = import_module("mcp.client.stdio")
    parameters = stdio.StdioServerParameters(command=sys.executable, args=COMMAND, cwd=ROOT)
    async with mcp.stdio_client(parameters) as client:
        offered = await client.list_tools()
        report.expect("tools offered", [tool.name for tool in offered], ["get_weather", "fail"])
        response = await ask(server, "openai-tools-call", OPENAI, is_async=True, tools=offered)("Faro")
        (output,) = await response.execute_tools()
        result = await client.session.call_tool("get_weather", {"city": "Faro"})
    # `mirascope.llm.mcp` took hold of `stdio_client` before the hooks were there: there may be no transport.
    known = {"mcp.method.name": "tools/call", "mcp.protocol.version": "2025-11-25"}
    spans = {span.name: span for span in kit.spans}
    names = ["initialize", "tools/list", "chat gpt-4o-mini", "execute_tool get_weather", "tools/call get_weather"]
    report.expect("spans", [span.name for span in kit.spans], names)
    run, direct = spans["execute_tool get_weather"], spans["tools/call get_weather"]
    for span, expected in (
        (run, {**EXECUTED, **known, "gen_ai.tool.call.id": "call_Wt2a", "jsonrpc.request.id": "2"}),
        (direct, {**EXECUTED, **known, "jsonrpc.request.id": "3"}),
    ):
        got = {name: value for name, value in attributes_of(span).items() if name != "network.transport"}
        if span is direct:
            expected.pop("gen_ai.tool.type")
        report.expect(span.name, got, expected)
    report.expect("what the server saw of a tool", output.result[0]["text"], traceparent(run))
    report.expect("what the server saw of a request", result.content[0].text, traceparent(direct))
    report.expect("kind", direct.kind.name, "CLIENT")


def traceparent(span: ReadableSpan) -> str:
    """What the W3C's propagator writes of a span."""
    context = span.get_span_context()
    assert context is not None
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


# --- formats ---


def parsing(*, is_async: bool, left: bool) -> Check:
    """`parse()` raises in the midst of a stream: the call has failed by that if the user leaves it, and not else."""

    async def check(report: Report, kit: Kit, server: Server) -> None:
        exceptions: Any = import_module("mirascope.llm.exceptions")
        asking = ask(server, "anthropic-parsed-stream", ANTHROPIC, is_async=is_async, format=Book)
        response = await given(asking.stream("Faro"))
        partials = response.structured_stream()
        await anext(partials) if is_async else next(partials)
        try:
            response.parse()
        except exceptions.ParseError:
            pass
        else:
            report.expect("parse()", "no exception", "ParseError")
        truth = by_id["anthropic-parsed-stream"].truth
        if not left:
            await given(response.finish())
            report.expect("book", type(response.parse()), Book)
        del partials, response
        gc.collect()
        await asyncio.sleep(0.05)  # the loop closes async generators
        wait_for_calls(kit, 1)
        (span,) = kit.spans
        attributes = attributes_of(span)
        report.expect("outcome", attributes.get("chunkmeter.outcome"), "error" if left else "completed")
        error = "mirascope.llm.exceptions.ParseError" if left else None
        report.expect("error.type", attributes.get("error.type"), error)
        report.expect("status", span.status.status_code, StatusCode.ERROR if left else StatusCode.UNSET)
        report.expect("input tokens", attributes.get("gen_ai.usage.input_tokens"), truth.input_tokens)
        if left:
            report.expect("some cost", 0 < kit.total("chunkmeter.spend") < float(truth.cost or 0), True)
        else:
            report.close("cost", kit.total("chunkmeter.spend"), float(truth.cost or 0))

    return check


# --- wrap ---


def wrapped(asked: tuple[str, str], view: str, *, is_async: bool) -> Check:
    """`wrap` of a response, or of a view of it, counts once, whoever else is hooked; a view stays what it is."""

    async def check(report: Report, kit: Kit, server: Server) -> None:
        scenario = by_id[f"{asked[1]}-plain-stream"]
        response = await given(ask(server, scenario.id, asked, is_async=is_async).stream("Faro"))
        stream = response if view == "response" else getattr(response, view)()
        said = chunkmeter.wrap(stream, telemetry=kit.telemetry)
        report.expect("the same object", said is stream, True)
        taken = await items(said.chunk_stream() if view == "response" else said)
        chunkmeter.wrap(response, telemetry=kit.telemetry)  # once more, now that all is read
        report.expect("something came", bool(taken), True)
        report.expect("calls", kit.total("chunkmeter.calls", outcome="completed"), 1)
        report.expect("all calls", kit.total("chunkmeter.calls"), 1)
        report.close("cost", kit.total("chunkmeter.spend"), float(scenario.truth.cost or 0))
        (span,) = kit.spans
        report.expect("provider", attributes_of(span).get("gen_ai.provider.name"), asked[1])
        report.expect("name", span.name, f"chat {scenario.app_model}")

    return check


# --- mlx ---


def mlx(*, is_async: bool, stream: bool) -> Check:
    """mlx, by a stand-in for its generator: 11 tokens of a prompt, one token for each of three pieces of text."""

    async def check(report: Report, kit: Kit, server: Server) -> None:
        llm: Any = import_module("mirascope.llm")

        def ask(city: str) -> str:
            return city

        async def aask(city: str) -> str:
            return city

        asking = llm.call(mlx_stand_in.MODEL)(aask if is_async else ask)
        response = await given((asking.stream if stream else asking)("Faro"))
        if stream:
            await given(response.finish())
        report.expect("text", response.text(), "".join(mlx_stand_in.TEXTS))
        (span,) = kit.spans
        attributes = attributes_of(span)
        for name, expected in (
            ("gen_ai.provider.name", "mlx"),
            ("gen_ai.request.model", mlx_stand_in.MODEL),
            ("gen_ai.usage.input_tokens", 11),
            ("gen_ai.usage.output_tokens", 3),
            ("gen_ai.response.finish_reasons", ["stop"]),
            ("chunkmeter.usage.status", "reported"),
            ("chunkmeter.outcome", "completed"),
            ("chunkmeter.chunks", 3 if stream else None),
        ):
            report.expect(name, attributes.get(name), expected)

    return check


def _checks() -> Iterator[tuple[tuple[str, str, str, str], Check, str]]:
    for is_async in (False, True):
        mode = "async" if is_async else "sync"
        for context in (False, True):
            for stream in (False, True):
                by, how = "context" if context else "llm.call", "stream" if stream else "call"
                yield (mode, "tools", how, by), tools(is_async=is_async, context=context, stream=stream), "mirascope"
                if not context:
                    yield (mode, "mlx", how, by), mlx(is_async=is_async, stream=stream), "mirascope"
        yield (mode, "tools", "call", "failing"), failing_tools(is_async=is_async), "mirascope"
        for left in (True, False):
            yield (
                (mode, "parse", "left" if left else "read on", "llm.call"),
                parsing(is_async=is_async, left=left),
                "all",
            )
        for asked in (OPENAI, ANTHROPIC):
            for view in ("response", "chunk_stream", "text_stream"):
                for hooks in HOOKS:
                    yield (mode, "wrap", view, hooks), wrapped(asked, view, is_async=is_async), hooks
    yield ("async", "tools", "mcp", "llm.call"), mcp_tool, "mirascope"


CHECKS = tuple(_checks())
"""What each is called in the matrix (mode, kind, how and by), the check, and whose hooks are on."""
