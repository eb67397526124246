"""OpenTelemetry's context: its span, whether instrumentation is off, how to detach quietly, how a span ends in one."""

from __future__ import annotations

from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, set_span_in_context

from ..guard import Guard

__all__ = ["SPAN", "end_in", "leave", "span_in", "suppressed"]

# The two keys that opentelemetry.instrumentation.utils.suppress_instrumentation sets, without importing it.
_SUPPRESS, _SUPPRESS_TOO = otel_context._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation"

(SPAN,) = set_span_in_context(INVALID_SPAN, Context())
"""The key of a context's current span. A context that gets several keys is made at once, with this among them."""


def span_in(context: Context) -> Span:
    """The current span of a context, as OpenTelemetry's `get_current_span` gives it."""
    span = context.get(SPAN)
    return span if span is not None and isinstance(span, Span) else INVALID_SPAN


def suppressed(context: Context | None = None) -> bool:
    """Whether instrumentation is switched off in a context; the current one if left out."""
    if context is None:
        context = otel_context.get_current()
    return bool(context.get(_SUPPRESS) or context.get(_SUPPRESS_TOO))


def leave(token: Token[Context]) -> None:
    """Undo one `opentelemetry.context.attach`, and log nothing where that is not possible.

    An event loop that shuts down, or the collection of a generator, may run this in another context. There is nothing
    to undo there, and the public `detach` would log an error.

    Args:
        token: what `attach` returned.
    """
    try:
        otel_context._RUNTIME_CONTEXT.detach(token)
    except ValueError:
        return


def end_in(context: Context, span: Span, at_ns: int, guard: Guard) -> None:
    """End a span with a context current: Logfire, which has an SDK run under suppression, drops what ends there.

    Args:
        context: the context.
        span: the span.
        at_ns: when it ended, in nanoseconds since the epoch.
        guard: is told of a failure.
    """
    token = otel_context.attach(context)
    try:
        span.end(at_ns)
    except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
        guard.failed("settle", "ending the span", error)
    finally:
        leave(token)
