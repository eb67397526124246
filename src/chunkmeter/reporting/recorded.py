"""What other instrumentations say of a call themselves, found by running each: metrics, and attributes of their span.

Our metric would double theirs, and our attribute replace what the owner of the span says in words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..semconv import (
    DURATION,
    ERROR_TYPE,
    RESPONSE_TIME_TO_FIRST_CHUNK,
    TIME_TO_FIRST_CHUNK,
    TOKEN_USAGE,
    Metric,
)

__all__ = ["recorded_by", "told_by"]

_Said = TypeVar("_Said")

# By scope, which is the package too in which its streams are.
_RECORDED = {
    "opentelemetry.instrumentation.genai.openai": (DURATION, TOKEN_USAGE, TIME_TO_FIRST_CHUNK),  # 1.3b0
    "opentelemetry.instrumentation.genai.anthropic": (DURATION, TOKEN_USAGE, TIME_TO_FIRST_CHUNK),  # 1.3b0
    "opentelemetry.instrumentation.openai": (DURATION, TOKEN_USAGE),  # OpenLLMetry 0.62.4; the scope ends in `.v1`
    "opentelemetry.instrumentation.anthropic": (DURATION, TOKEN_USAGE),  # OpenLLMetry 0.62.4
}


def recorded_by(module: str | None, span: Any) -> tuple[Metric, ...]:
    """The metrics of a call that the instrumentation which has its span or its stream records.

    Args:
        module: the module of its stream; None where it has none.
        span: the call's span.
    """
    return _of(module or _scope(span), _RECORDED)


# Anthropic's SDK has a scope for each service too, such as `.bedrock`.
_TOLD = {"com.anthropic.sdk.python": (ERROR_TYPE, RESPONSE_TIME_TO_FIRST_CHUNK)}  # 2.14.0


def told_by(span: Any) -> tuple[str, ...]:
    """The attributes that are left to the owner of a span, by their names."""
    return _of(_scope(span), _TOLD)


def _scope(span: Any) -> str:
    return getattr(getattr(span, "instrumentation_scope", None), "name", None) or ""


def _of(name: str, table: Mapping[str, tuple[_Said, ...]]) -> tuple[_Said, ...]:
    """What a table has for a scope, or for a part of it: its own name goes on behind a dot."""
    return next((said for scope, said in table.items() if name == scope or name.startswith(f"{scope}.")), ())
