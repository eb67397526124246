"""Tools that a model asks for through Mirascope 1.x: each run is a span, and gives what it gives without us."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from mirascope.core import BaseTool
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, get_tracer

import chunkmeter
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Service
from replay.server import Server
from support.cells import Cell, get_weather, instrument
from support.clients import new_async_client, new_client

pytestmark = pytest.mark.filterwarnings(
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Asked = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture
async def asked(server: Server) -> AsyncIterator[Asked]:
    """The tools that a model asks for: `asked("openai", [get_weather], api="llm.call", stream=True, is_async=True)`."""
    async with AsyncExitStack() as stack:

        async def ask(
            service: Service,
            tools: list[Any],
            *,
            api: str = "llm.call",
            stream: bool = False,
            is_async: bool = False,
        ) -> list[Any]:
            base = f"{server.url}/id/{service}-tools-{'stream' if stream else 'call'}"
            cell = Cell(service, is_async=is_async, stream=stream, kind="plain")
            if is_async:
                client = await new_async_client(service, base, stack)
            else:
                client = new_client(service, base, stack.enter_context(ExitStack()))
            answer = cell.decorate(api, client, tools=tools)("Faro")
            answer = await answer if is_async else answer
            if not stream:
                return list(answer.tools or [])
            pairs = [pair async for pair in answer] if is_async else list(answer)
            return [tool for _, tool in pairs if tool]

        yield ask


def tool_spans(kit: Kit) -> list[ReadableSpan]:
    return [span for span in kit.spans if attributes_of(span).get("gen_ai.operation.name") == "execute_tool"]


class Weather(BaseTool):
    """Tells the weather of a city."""

    city: str

    @classmethod
    def _name(cls) -> str:
        return "get_weather"

    def call(self) -> str:  # pyrefly: ignore[bad-override]
        return f"{self.city}: 21 degrees"


class Inner(Weather):
    """Tells the weather of a city, with the help of what it inherits."""

    def call(self) -> str:
        return super().call()


async def aget_weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The city's name.
    """
    await asyncio.sleep(0)
    return f"{city}: 21 degrees"


aget_weather.__name__ = "get_weather"

WEATHER = {"a function": get_weather, "a class": Weather, "a class that inherits": Inner}


@pytest.mark.parametrize("api", ["llm.call", "decorator"])
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("tool", WEATHER)
async def test_each_run_of_a_tool_is_a_span(metered: Kit, asked: Asked, tool: str, stream: bool, api: str) -> None:
    """With the conventions' attributes and no word of what it was given or gave."""
    tools = await asked("openai", [WEATHER[tool]], api=api, stream=stream)
    given = [tool.call() for tool in tools]
    # The scenarios openai-tools-stream, which has two calls, and openai-tools-call.
    ids = ["call_Wt1a", "call_Wt1b"] if stream else ["call_Wt2a"]
    assert given == ["Lisbon: 21 degrees", "Porto: 21 degrees"][: len(ids)]
    spans = tool_spans(metered)
    assert [attributes_of(span) for span in spans] == [
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "get_weather",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call_id,
        }
        for call_id in ids
    ]
    for span in spans:
        assert (span.name, span.kind, span.parent) == ("execute_tool get_weather", SpanKind.INTERNAL, None)
        assert (span.status.status_code, span.events) == (StatusCode.UNSET, ())
    assert metered.total("chunkmeter.calls") == 1


@pytest.mark.parametrize(
    ("service", "call_id"),
    [
        ("anthropic", "toolu_"),
        ("groq", ""),
        ("mistral", ""),
        ("cohere", None),
        ("google", None),
        ("bedrock", "tooluse_"),
    ],
)
async def test_every_provider_s_tools(metered: Kit, asked: Asked, service: Service, call_id: str | None) -> None:
    """By the id that the provider gave, where it gives one."""
    (tool, *_) = await asked(service, [get_weather], api="decorator")
    assert "21 degrees" in tool.call()
    (span,) = tool_spans(metered)
    told = attributes_of(span).get("gen_ai.tool.call.id")
    assert told is None if call_id is None else str(told).startswith(call_id)


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_an_async_tool(metered: Kit, asked: Asked, stream: bool) -> None:
    """It stays a coroutine function; its span begins when it is awaited, and ends when it is done."""
    tools = await asked("openai", [aget_weather], stream=stream, is_async=True)
    assert all(inspect.iscoroutinefunction(tool.call) for tool in tools)
    waiting = [tool.call() for tool in tools]
    assert all(each.__name__ == "call_async" for each in waiting)
    assert tool_spans(metered) == []
    assert await asyncio.gather(*waiting) == ["Lisbon: 21 degrees", "Porto: 21 degrees"][: len(tools)]
    assert len(tool_spans(metered)) == len(tools) == 1 + stream
    assert not get_current_span().get_span_context().is_valid


async def test_a_tool_that_gives_a_coroutine(metered: Kit, asked: Asked) -> None:
    """A plain function too may give one: its span ends when that is done."""

    class Later(Weather):
        """Tells the weather of a city, later."""

        def call(self) -> Any:
            return aget_weather(self.city)

    tool, *_ = await asked("openai", [Later])
    coroutine = tool.call()
    assert tool_spans(metered) == []
    assert await coroutine == "Lisbon: 21 degrees"
    assert len(tool_spans(metered)) == 1


async def test_what_a_tool_does_lies_below_it(metered: Kit, asked: Asked) -> None:
    """And the tool lies below the span that was current where it was run; none of it stays current."""
    tracer = get_tracer("app", tracer_provider=metered.tracer_provider)

    class Looked(Weather):
        """Looks the weather up."""

        def call(self) -> str:
            with tracer.start_as_current_span("look up"):
                return super().call()

    with tracer.start_as_current_span("turn") as turn:
        tool, *_ = await asked("openai", [Looked])
        tool.call()
        assert get_current_span() is turn
    spans = {span.name: span for span in metered.spans}
    run = spans["execute_tool get_weather"]
    assert run.parent == spans["chat gpt-4o-mini"].parent == turn.get_span_context()
    assert spans["look up"].parent == run.context


async def test_a_tool_of_a_stream_that_is_read_elsewhere(metered: Kit, asked: Asked) -> None:
    """Without a current span its parent is that of the call, which is where the function was called."""
    tracer = get_tracer("app", tracer_provider=metered.tracer_provider)
    with tracer.start_as_current_span("request") as request:
        tool, *_ = await asked("openai", [get_weather])
    tool.call()
    (span,) = tool_spans(metered)
    assert span.parent == request.get_span_context()


class BrokenError(Exception):
    """What a tool of a user's raises."""


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_tool_that_fails(metered: Kit, asked: Asked, is_async: bool) -> None:
    """The user gets the same exception; the span says its class, and not its text."""
    error = BrokenError("the key is sk-1234")

    def get_weather(city: str) -> str:
        """Tells the weather."""
        raise error

    async def failing(city: str) -> str:
        """Tells the weather."""
        raise error

    failing.__name__ = "get_weather"
    tool, *_ = await asked("openai", [failing if is_async else get_weather])
    with pytest.raises(BrokenError) as raised:
        await tool.call() if is_async else tool.call()
    assert raised.value is error
    (span,) = tool_spans(metered)
    assert attributes_of(span)["error.type"] == f"{__name__}.BrokenError"
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


async def test_a_tool_that_is_cancelled(metered: Kit, asked: Asked) -> None:
    """That is no failure of its own."""
    begun = asyncio.Event()

    async def get_weather(city: str) -> str:
        """Tells the weather."""
        begun.set()
        await asyncio.Event().wait()
        return city

    tool, *_ = await asked("openai", [get_weather])
    task = asyncio.create_task(tool.call())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = tool_spans(metered)
    assert "error.type" not in attributes_of(span)
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.filterwarnings(r"ignore:Field name \"id\" in .* shadows an attribute:UserWarning")
async def test_a_field_of_the_user_s_is_no_id(metered: Kit, asked: Asked) -> None:
    """It is an argument, and those are content."""

    class Named(Weather):
        """Tells the weather of a city."""

        id: str = "a secret"

    tool, *_ = await asked("openai", [Named], api="decorator")
    assert tool.call() == "Lisbon: 21 degrees"
    (span,) = tool_spans(metered)
    assert attributes_of(span)["gen_ai.tool.call.id"] == "call_Wt2a"


@pytest.mark.parametrize("service", ["openai", "bedrock"])
async def test_the_first_releases_have_no_id(
    metered: Kit, asked: Asked, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1.x: there it is read from what the provider sent."""
    tool, *_ = await asked(service, [get_weather], api="decorator")
    expected = tool.id
    for kind in type(tool).__mro__:
        if "id" in vars(kind):
            monkeypatch.delattr(kind, "id")
    assert not hasattr(tool, "id")
    tool.call()
    (span,) = tool_spans(metered)
    assert attributes_of(span)["gen_ai.tool.call.id"] == expected


async def test_labels_are_on_its_span(kit: Kit, asked: Asked) -> None:
    """Those that say who is spending, so that a search by tenant finds it."""
    instrument(kit, metric_labels=("tenant",))
    tool, *_ = await asked("openai", [get_weather])
    with chunkmeter.labels(tenant="acme"):
        tool.call()
    (span,) = tool_spans(kit)
    assert attributes_of(span)["tenant"] == "acme"


@pytest.mark.parametrize("way", ["suppressed", "removed"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_without_hooks_a_tool_only_runs(metered: Kit, asked: Asked, way: str, is_async: bool) -> None:
    """Also one that was asked for while they were there."""
    tool, *_ = await asked("openai", [aget_weather if is_async else get_weather])
    if way == "suppressed":
        with suppress_instrumentation():
            got = await tool.call() if is_async else tool.call()
    else:
        MirascopeInstrumentor().uninstrument()
        got = await tool.call() if is_async else tool.call()
    assert got == "Lisbon: 21 degrees"
    assert tool_spans(metered) == []
