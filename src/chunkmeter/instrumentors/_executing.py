"""Runs a tool that a model has asked for within a span of its own, sync or async."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from contextvars import Token
from typing import Any, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context

from ..calls.context import leave, suppressed
from ..calls.raised import type_name
from ..reporting.telemetry import Telemetry
from ..reporting.tool_spans import end, start_tool
from ._library import Patches

__all__ = ["Asked", "Execution", "Tools", "current_execution"]

_EXECUTING = "chunkmeter.executing"
"""Context key of the `Execution` of the tool that is being run."""


class Asked(NamedTuple):
    """What a model has asked for.

    Attributes:
        wish: the object that stands for it. A run of the same wish within its own run has no span of its own.
        name: the tool's name, as the model was told it.
        call_id: the id under which the model asked for it; None where there is none.
        is_mcp: whether the tool does nothing but call a tool of an MCP server.
    """

    wish: object
    name: object
    call_id: object
    is_mcp: bool = False


class Execution:
    """One run of a tool. While it is entered, its span is current.

    Attributes:
        asked: what the model has asked for.
        error_type: `error.type`, once it is known that the tool has failed.
        span: the tool's span.
    """

    __slots__ = ("_context", "_telemetry", "_token", "asked", "error_type", "span")

    def __init__(self, telemetry: Telemetry, asked: Asked, span: Span) -> None:
        self._telemetry, self.asked, self.span = telemetry, asked, span
        self.error_type: str | None = None
        self._context = otel_context.set_value(_EXECUTING, self, set_span_in_context(span))
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        self._token = otel_context.attach(self._context)

    def __exit__(self, _: object, error: BaseException | None, traceback: object) -> None:
        if self._token is not None:
            leave(self._token)
        if error is not None:
            # What cancels a tool, or ends the process, is no failure of the tool's.
            self.end(type_name(error) if isinstance(error, Exception) else None)

    def fail(self, error_type: str) -> None:
        """Note why the tool has failed, unless that is known already."""
        self.error_type = self.error_type or error_type

    def end(self, error_type: str | None) -> None:
        """End the span; `error_type` tells why the tool has failed, None where it is not known to have."""
        if error_type is not None:
            self.fail(error_type)
        with self._telemetry.guard("settle", "ending a tool"):
            end(self.span, self.error_type)


def current_execution() -> Execution | None:
    """The run of a tool that this code is part of; None if it is part of none."""
    found = otel_context.get_value(_EXECUTING)
    return found if isinstance(found, Execution) else None


class Tools:
    """Runs tools within spans.

    Args:
        telemetry: where the spans are reported.
        patches: say whether the hooks are still to meter.
    """

    def __init__(self, telemetry: Telemetry, patches: Patches) -> None:
        self._telemetry, self._patches = telemetry, patches

    def run(
        self,
        tool: Callable[..., Any],
        args: Any,
        kwargs: Any,
        ask: Callable[[], Asked],
        *,
        failure: Callable[[Any], BaseException | None] = lambda _: None,
        made: Context | None = None,
    ) -> Any:
        """Run a tool within a span.

        Args:
            tool: runs it, given `args` and `kwargs`.
            args: positional arguments for `tool`.
            kwargs: keyword arguments for `tool`.
            ask: tells what the model has asked for. It may raise.
            failure: gives the exception that the tool's result tells of; None where it tells of none. It may raise.
            made: the context in which the model was asked, which has the parent where there is no current span.

        Returns:
            What `tool` gives: a result, or a coroutine of one.
        """
        if not self._patches.active or suppressed():
            return tool(*args, **kwargs)
        if inspect.iscoroutinefunction(tool):
            # Its span begins when it is awaited, which may be in another task.
            return _named(self._run_awaited(tool, args, kwargs, ask, failure, made), tool)
        execution = self._begun(ask, made)
        if execution is None:
            return tool(*args, **kwargs)
        with execution:
            result = tool(*args, **kwargs)
        if inspect.iscoroutine(result):
            return _named(self._awaited(execution, result, failure), result)
        self._end(execution, result, failure)
        return result

    async def _run_awaited(
        self, tool: Callable[..., Any], args: Any, kwargs: Any, ask: Any, failure: Any, made: Context | None
    ) -> Any:
        execution = self._begun(ask, made)
        if execution is None:
            return await tool(*args, **kwargs)
        return await self._awaited(execution, tool(*args, **kwargs), failure)

    async def _awaited(self, execution: Execution, coroutine: Coroutine[Any, Any, Any], failure: Any) -> Any:
        with execution:
            result = await coroutine
        self._end(execution, result, failure)
        return result

    def _begun(self, ask: Callable[[], Asked], made: Context | None) -> Execution | None:
        """Begin a run; None where the wish is being run already, or that fails."""
        with self._telemetry.guard("hook", "beginning a tool"):
            asked, outer = ask(), current_execution()
            if outer is not None and outer.asked.wish is asked.wish:
                return None
            return Execution(self._telemetry, asked, start_tool(self._telemetry, asked.name, asked.call_id, made))
        return None

    def _end(self, execution: Execution, result: Any, failure: Any) -> None:
        error_type = None
        with self._telemetry.guard("hook", "reading a tool's result"):
            error = failure(result)
            error_type = None if error is None else type_name(error)
        execution.end(error_type)


def _named(coroutine: Coroutine[Any, Any, Any], after: Any) -> Coroutine[Any, Any, Any]:
    """Give a coroutine the name of what it stands for, which warnings and tasks show."""
    for name in ("__name__", "__qualname__"):
        setattr(coroutine, name, getattr(after, name, getattr(coroutine, name)))
    return coroutine
