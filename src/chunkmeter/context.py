"""What chunkmeter needs of OpenTelemetry's context: leaving one quietly, and whether it says to keep silent."""

from __future__ import annotations

from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry.context import Context

__all__ = ["leave", "suppressed"]

# The two keys that opentelemetry.instrumentation.utils.suppress_instrumentation sets, without importing it.
_SUPPRESS_KEYS = (otel_context._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation")


def suppressed() -> bool:
    """Whether instrumentation is switched off in the current context."""
    return any(otel_context.get_value(key) for key in _SUPPRESS_KEYS)


def leave(token: Token[Context]) -> None:
    """Detach what `opentelemetry.context.attach` gave the token for.

    Where that happens in another context, as in a loop that shuts down or a generator that is finalized, there is
    nothing to undo, and the public `detach` would log an error about it.
    """
    try:
        otel_context._RUNTIME_CONTEXT.detach(token)
    except ValueError:
        return
