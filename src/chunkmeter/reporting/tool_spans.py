"""Spans of the tools that a model has the application run, and of requests to MCP servers.

They name what is run and tell how it ended. What a tool is given and what it gives is content, and stands nowhere.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/execute-tool.md
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from .. import semconv, text
from .telemetry import Telemetry

__all__ = ["end", "start_request", "start_tool"]


def start_tool(telemetry: Telemetry, name: object, call_id: object, parent: Context | None) -> Span:
    """Start the span of a tool that is run.

    Args:
        telemetry: where it is reported.
        name: the tool's name, as the model was told it.
        call_id: the id under which the model asked for it; None where there is none.
        parent: the context whose span becomes the parent; None for the current one.
    """
    tool = text.name(name)
    known = {
        semconv.OPERATION_NAME: semconv.EXECUTE_TOOL,
        semconv.TOOL_NAME: tool,
        semconv.TOOL_TYPE: semconv.FUNCTION,
        semconv.TOOL_CALL_ID: text.name(call_id, text.LONGEST),
    }
    return _started(telemetry, (semconv.EXECUTE_TOOL, tool), SpanKind.INTERNAL, known, parent)


def start_request(telemetry: Telemetry, method: str, target: object, known: Mapping[str, Any]) -> Span:
    """Start the span of a request to an MCP server.

    Args:
        telemetry: where it is reported.
        method: the request's method, such as `tools/call`.
        target: the tool or the prompt that it is about; None where it is about none.
        known: the span's attributes; those that are None are left out.
    """
    return _started(telemetry, (method, text.name(target)), SpanKind.CLIENT, known, None)


def end(span: Span, error_type: str | None) -> None:
    """End a span of either kind.

    Args:
        span: the span.
        error_type: `error.type`, where what it tells of has failed.
    """
    if error_type is not None:
        span.set_attribute(semconv.ERROR_TYPE, error_type)
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _started(
    telemetry: Telemetry,
    words: tuple[str | None, ...],
    kind: SpanKind,
    known: Mapping[str, Any],
    parent: Context | None,
) -> Span:
    attributes = {**text.attributes(known), **telemetry.attribution.capture().all()}
    return telemetry.tracer.start_span(" ".join(word for word in words if word), parent, kind, attributes)
