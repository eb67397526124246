"""Tools of Mirascope 2, run by a stand-in for its toolkits: `make matrix` has the real ones."""

from __future__ import annotations

import asyncio
import inspect
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from chunkmeter.testing import Kit, attributes_of
from support.cells import instrument

WISH = SimpleNamespace(id="call_1", name="get_weather", args="{}")
EXECUTED = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "get_weather",
    "gen_ai.tool.type": "function",
    "gen_ai.tool.call.id": "call_1",
}


class Tool:
    """Runs a function, and packs what it raises."""

    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def execute(self, tool_call: Any) -> Any:
        try:
            return SimpleNamespace(result=self.fn(), error=None)
        except LookupError as error:
            return SimpleNamespace(result=str(error), error=SimpleNamespace(tool_exception=error))


class AsyncTool(Tool):
    async def execute(self, tool_call: Any) -> Any:
        await asyncio.sleep(0)
        return super().execute(tool_call)


class ContextTool(Tool):
    def execute(self, ctx: Any, tool_call: Any) -> Any:  # pyrefly: ignore[bad-override]
        return super().execute(tool_call)


class AsyncContextTool(Tool):
    async def execute(self, ctx: Any, tool_call: Any) -> Any:  # pyrefly: ignore[bad-override]
        return super().execute(tool_call)


class Toolkit:
    """Finds a tool by its name."""

    def __init__(self, tool: Any = None) -> None:
        self.tools_dict = {} if tool is None else {"get_weather": tool}

    def execute(self, tool_call: Any) -> Any:
        if not self.tools_dict:
            return SimpleNamespace(result="no tool", error=KeyError("get_weather"))
        return self.tools_dict[tool_call.name].execute(tool_call)


class AsyncToolkit(Toolkit):
    async def execute(self, tool_call: Any) -> Any:
        return await super().execute(tool_call)


class ContextToolkit(Toolkit):
    def execute(self, ctx: Any, tool_call: Any) -> Any:  # pyrefly: ignore[bad-override]
        return self.tools_dict[tool_call.name].execute(ctx, tool_call)


class AsyncContextToolkit(Toolkit):
    async def execute(self, ctx: Any, tool_call: Any) -> Any:  # pyrefly: ignore[bad-override]
        return await self.tools_dict[tool_call.name].execute(ctx, tool_call)


@pytest.fixture(autouse=True)
def _mirascope(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in is there in place of Mirascope 1; its classes are the tests' own again after each."""
    for name, kinds in (
        ("toolkit", (Toolkit, AsyncToolkit, ContextToolkit, AsyncContextToolkit)),
        ("tools", (Tool, AsyncTool, ContextTool, AsyncContextTool)),
    ):
        module = ModuleType(f"mirascope.llm.tools.{name}")
        for kind in kinds:
            setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mirascope": "2.8.2"}.get)


@pytest.mark.parametrize(
    "run",
    [
        lambda fn: Toolkit(Tool(fn)).execute(WISH),
        lambda fn: Toolkit(Tool(fn)).execute(tool_call=WISH),
        lambda fn: Tool(fn).execute(WISH),
        lambda fn: AsyncToolkit(AsyncTool(fn)).execute(WISH),
        lambda fn: AsyncTool(fn).execute(WISH),
        lambda fn: ContextToolkit(ContextTool(fn)).execute("deps", WISH),
        lambda fn: AsyncContextToolkit(AsyncContextTool(fn)).execute("deps", tool_call=WISH),
    ],
    ids=["toolkit", "keyword", "tool", "async toolkit", "async tool", "context", "async context"],
)
@pytest.mark.parametrize("fails", [False, True])
async def test_a_run_is_one_span(kit: Kit, run: Any, fails: bool) -> None:
    """Through the toolkit and the tool; the exception that the output has is told by its class."""
    instrument(kit)
    error = LookupError("the key is sk-1234")

    def fn() -> str:
        if fails:
            raise error
        return "21 degrees"

    output = run(fn)
    output = await output if inspect.isawaitable(output) else output
    assert output.error.tool_exception is error if fails else output.result == "21 degrees"
    assert (kit.span.name, kit.span.kind.name) == ("execute_tool get_weather", "INTERNAL")
    assert attributes_of(kit.span) == (EXECUTED | {"error.type": "LookupError"} if fails else EXECUTED)
    assert kit.span.status.status_code is (StatusCode.ERROR if fails else StatusCode.UNSET)


def test_a_tool_that_there_is_none_of(kit: Kit) -> None:
    """The model has made its name up."""
    instrument(kit)
    assert Toolkit().execute(WISH).result == "no tool"
    assert attributes_of(kit.span) == EXECUTED | {"error.type": "KeyError"}


def test_a_wish_of_an_odd_shape_runs_all_the_same(kit: Kit) -> None:
    """Without a span, and one failure of ours is counted."""
    instrument(kit)
    assert Tool(lambda: "21 degrees").execute(None).result == "21 degrees"
    assert kit.spans == []
    assert kit.total("chunkmeter.errors", error__stage="hook") == 1
