"""The tools that models ask for through Mirascope, each run within a span of its own.

Mirascope 1 makes a class for each tool anew whenever a function is called, and of these classes are the tools that the
model asks for. Mirascope 2 runs a tool by `execute` of the toolkit that the response has, or of the tool itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import wrapt
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from .._executing import Asked, Tools
from .._lazy import parent_of
from .._library import Patches

__all__ = ["hook_toolkits", "meter_tools"]

_KINDS = ("", "Async", "Context", "AsyncContext")
_MCP = ("mirascope.mcp._utils", "mirascope.llm.mcp.mcp_client")
"""The modules whose functions call a tool of an MCP server: of Mirascope 1 and 2."""


def meter_tools(tools: Tools, kinds: Iterable[type[Any]]) -> None:
    """Have the tools of Mirascope 1 run within spans.

    Args:
        tools: runs them.
        kinds: the classes that Mirascope has just made for one call of a user's function.
    """
    made = otel_context.get_current()
    for kind in kinds:
        own = inspect.getattr_static(kind, "call")
        is_mcp = getattr(own, "__module__", None) in _MCP
        setattr(kind, "call", wrapt.FunctionWrapper(own, partial(_called, tools, made, is_mcp)))  # noqa: B010


def _called(
    tools: Tools, made: Context, is_mcp: bool, wrapped: Callable[..., Any], tool: Any, args: Any, kwargs: Any
) -> Any:
    """`tool.call(...)`, by which a user runs what the model has asked for."""

    def ask() -> Asked:
        return Asked(tool, tool._name(), _call_id(tool), is_mcp)

    return tools.run(wrapped, args, kwargs, ask, made=parent_of(made))


def _call_id(tool: Any) -> object:
    """The id under which the model asked for a tool of Mirascope 1; None where the provider gives none."""
    # A field of the user's may have the name `id`, and is an argument then. The first releases have no property of it.
    if "id" not in type(tool).model_fields and hasattr(tool, "id"):
        return tool.id
    wish = getattr(tool, "tool_call", None)
    return wish["toolUse"]["toolUseId"] if isinstance(wish, dict) else getattr(wish, "id", None)


def hook_toolkits(tools: Tools, patches: Patches) -> None:
    """Have the tools of Mirascope 2 run within spans.

    Args:
        tools: runs them.
        patches: what the hooks are put with.
    """
    for module, name in (("toolkit", "Toolkit"), ("tools", "Tool")):
        for kind in _KINDS:
            patches.put(f"mirascope.llm.tools.{module}", f"{kind}{name}.execute", partial(_executed, tools))


def _executed(tools: Tools, wrapped: Callable[..., Any], owner: Any, args: Any, kwargs: Any) -> Any:
    """`execute([ctx, ]tool_call)` of a toolkit or of a tool."""

    def ask() -> Asked:
        wish = kwargs["tool_call"] if "tool_call" in kwargs else args[-1]
        tool = owner.tools_dict.get(wish.name) if hasattr(owner, "tools_dict") else owner
        return Asked(wish, wish.name, wish.id, getattr(getattr(tool, "fn", None), "__module__", None) in _MCP)

    return tools.run(wrapped, args, kwargs, ask, failure=_failure)


def _failure(output: Any) -> BaseException | None:
    """The exception of a tool, which Mirascope 2 keeps in the tool's output."""
    error = getattr(output, "error", None)
    return getattr(error, "tool_exception", error)
