"""MCP's SDK 1.x (`mcp`): the requests of a client's session, each a span whose context the server gets.

From its second major on the SDK makes such spans by itself, and is left alone.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, get_args
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context

from .. import semconv
from ..calls.context import leave, suppressed
from ..calls.raised import type_name
from ..reporting.telemetry import Telemetry
from ..reporting.tool_spans import end, start_request
from ._executing import Execution, current_execution
from ._library import Library, LibraryInstrumentor, Patches

__all__ = ["MCPInstrumentor", "install", "is_wanted"]

_LIBRARY = Library(name="MCP", distribution="mcp", least=(1, 3), below=(3,), last="2.x", cure="Install 'mcp>=1.3,<3'.")
_CALL = "tools/call"
_SENDING = "chunkmeter.mcp.sending"
"""Context key of the request that a hook is sending; another hook that it passes through lets it pass."""


def install(telemetry: Telemetry, patches: Patches) -> None:
    """Put the hooks in place, unless the SDK has spans of its own.

    Args:
        telemetry: where requests are reported.
        patches: what the hooks are put with.
    """
    if _LIBRARY.release() >= (2,):
        return
    hooks = _Hooks(telemetry, patches)
    patches.put("mcp.client.session", "ClientSession.send_request", hooks.on_request)
    patches.put("mcp.client.stdio", "stdio_client", hooks.on_stdio)


def is_wanted() -> bool:
    """Whether OpenTelemetry's own switch leaves these hooks on, for another library's instrumentor that brings them."""
    off = os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")
    return "chunkmeter_mcp" not in map(str.strip, off)


class _Request(NamedTuple):
    """A request that is being sent.

    Attributes:
        message: the request, with the context for the server.
        context: the context in which it is sent.
        span: its span, which may be that of a tool that does nothing else.
        execution: the run of that tool; None where the span is the request's own.
    """

    message: Any
    context: Context
    span: Span
    execution: Execution | None


class _Hooks:
    """The functions that are called in place of the SDK's own."""

    def __init__(self, telemetry: Telemetry, patches: Patches) -> None:
        self._telemetry, self._patches = telemetry, patches
        self._versions: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        """The version of the protocol that a session has agreed on."""
        self._pipes: WeakSet[Any] = WeakSet()
        """The streams that lead to a child process."""

    def on_stdio(self, wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `stdio_client(...)`, whose `async with` starts a server and gives the streams to it and from it."""
        return _Noting(wrapped(*args, **kwargs), self._note)

    def _note(self, streams: Any) -> None:
        with self._telemetry.guard("hook", "noting the streams of an MCP server"):
            self._pipes.add(streams[1])

    def on_request(self, wrapped: Callable[..., Any], session: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `send_request(request, ...)`."""
        given = args[0] if args else kwargs.get("request")
        sent = otel_context.get_value(_SENDING)
        if not self._patches.active or suppressed() or given is None or sent is given:
            return wrapped(*args, **kwargs)
        return self._requested(wrapped, session, given, args, kwargs)

    async def _requested(self, wrapped: Any, session: Any, given: Any, args: Any, kwargs: Any) -> Any:
        request: _Request | None = None
        with self._telemetry.guard("hook", "beginning an MCP request"):
            request = self._begun(session, given)
        if request is None:
            return await wrapped(*args, **kwargs)
        token = otel_context.attach(request.context)
        try:
            if args:
                result = await wrapped(request.message, *args[1:], **kwargs)
            else:
                result = await wrapped(**{**kwargs, "request": request.message})
        except BaseException as error:
            leave(token)
            self._end(request, session, error=error)
            raise
        leave(token)
        self._end(request, session, result=result)
        return result

    def _begun(self, session: Any, given: Any) -> _Request:
        root = getattr(given, "root", given)
        params, execution = root.params, current_execution() if root.method == _CALL else None
        known = {
            semconv.MCP_METHOD_NAME: root.method,
            semconv.MCP_PROTOCOL_VERSION: self._versions.get(session),
            semconv.JSONRPC_REQUEST_ID: _text(getattr(session, "_request_id", None)),
            semconv.NETWORK_TRANSPORT: semconv.PIPE if session._write_stream in self._pipes else None,
        }
        if execution is not None and execution.asked.is_mcp:
            span = execution.span
            span.set_attributes({name: value for name, value in known.items() if value is not None})
        else:
            execution = None
            target = _target(root)
            if root.method == _CALL:
                known |= {semconv.OPERATION_NAME: semconv.EXECUTE_TOOL, semconv.TOOL_NAME: target}
            else:
                known[semconv.PROMPT_NAME] = target
            span = start_request(self._telemetry, root.method, target, known)
        context = set_span_in_context(span)
        message = _carrying(given, root, params, context)
        return _Request(message, otel_context.set_value(_SENDING, message, context), span, execution)

    def _end(self, request: _Request, session: Any, *, result: Any = None, error: BaseException | None = None) -> None:
        error_type = None
        with self._telemetry.guard("hook", "reading an MCP result"):
            error_type = self._read(request.span, session, result) if error is None else _failure(request.span, error)
        with self._telemetry.guard("settle", "ending an MCP request"):
            if request.execution is None:
                end(request.span, error_type)
            elif error_type is not None:
                request.execution.fail(error_type)

    def _read(self, span: Span, session: Any, result: Any) -> str | None:
        """Read a result: `error.type` of one that tells of a failure."""
        version = getattr(result, "protocolVersion", None)
        if isinstance(version, str):
            self._versions[session] = version
            span.set_attribute(semconv.MCP_PROTOCOL_VERSION, version)
        return semconv.TOOL_ERROR if getattr(result, "isError", None) is True else None


class _Noting:
    """A context manager that has noted what another one gives."""

    def __init__(self, manager: Any, note: Callable[[Any], None]) -> None:
        self._manager, self._note = manager, note

    async def __aenter__(self) -> Any:
        given = await self._manager.__aenter__()
        self._note(given)
        return given

    async def __aexit__(self, *raised: object) -> Any:
        return await self._manager.__aexit__(*raised)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)


def _failure(span: Span, error: BaseException) -> str | None:
    """`error.type` of what was raised: the code of an error that the server answered with, else the class."""
    code = getattr(getattr(error, "error", None), "code", None)
    if isinstance(code, int):
        span.set_attribute(semconv.RPC_STATUS_CODE, str(code))
        return str(code)
    # What cancels a request is no failure of it.
    return type_name(error) if isinstance(error, Exception) else None


def _target(root: Any) -> str | None:
    """The tool or the prompt that a request is about."""
    return root.params.name if root.method in (_CALL, "prompts/get") else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _carrying(given: Any, root: Any, params: Any, context: Context) -> Any:
    """A copy of a request that carries the context to the server, in `params._meta`; the user's own stands as it is.

    What the user has put there goes before.
    """
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context)
    params = _parameters(root) if params is None else params
    if not carrier or params is None:
        return given
    said = {} if params.meta is None else params.meta.model_dump(exclude_none=True)
    meta = type(params).Meta(**{**carrier, **said})
    carrying = root.model_copy(update={"params": params.model_copy(update={"meta": meta})})
    return carrying if given is root else given.model_copy(update={"root": carrying})


def _parameters(root: Any) -> Any:
    """Empty parameters of a request that has none; None where it can have none."""
    kinds = get_args(type(root).model_fields["params"].annotation)
    kind = next((kind for kind in kinds if hasattr(kind, "Meta")), None)
    return None if kind is None else kind()


class MCPInstrumentor(LibraryInstrumentor):
    """Has each request of an MCP client's session be a span, and its context be known to the server.

    `instrument()` takes the providers, and every field of `chunkmeter.Settings`.
    """

    library, install = _LIBRARY, staticmethod(install)
