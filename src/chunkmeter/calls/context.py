"""What chunkmeter needs of OpenTelemetry's context: whether instrumentation is off, and how to detach quietly."""

from __future__ import annotations

from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry.context import Context

__all__ = ["leave", "suppressed"]

# The two keys that opentelemetry.instrumentation.utils.suppress_instrumentation sets, without importing it.
_SUPPRESS_KEYS = (otel_context._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation")


def suppressed() -> bool:
    """Whether instrumentation is switched off in the current context."""
    context = otel_context.get_current()
    return bool(context.get(_SUPPRESS_KEYS[0]) or context.get(_SUPPRESS_KEYS[1]))


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
