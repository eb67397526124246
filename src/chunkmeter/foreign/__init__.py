"""Reads the finished inference spans of other instrumentations into tallies. Each dialect has one file.

A dialect has the same two functions as this module. docs/architecture.md says how to add one.
"""

from __future__ import annotations

from ..facts.request import Request
from ..facts.tally import Tally
from . import (
    adk,
    anthropic,
    genai,
    langfuse,
    litellm,
    logfire,
    mirascope,
    openinference,
    openllmetry,
    respan,
    vercel,
    xai,
)
from ._fields import Attributes

__all__ = ["begins", "read", "start"]

DIALECTS = (
    openinference, langfuse, logfire, litellm, mirascope, respan, openllmetry, anthropic, xai, vercel, adk, genai,
)  # fmt: skip
"""The dialects in the order in which they are asked; the first that knows a span reads it.

Those that write names of their own beside the conventions' come first."""

_WITHOUT_CACHED = frozenset({"opentelemetry.instrumentation.openai_v2", "opentelemetry.util.genai.handler"})
"""Instrumentation scopes of which spans without cached tokens don't say that there were none.

openai-v2 tells of none at all, genai-openai 1.0b0 of none of streams. Providers charge them at a price of their own.
"""

_TELLS_TOO_MUCH = {"opentelemetry.instrumentation.anthropic": ("gen_ai.is_streaming", "class:output")}
"""Instrumentation scope -> the attribute of spans that count wrongly, and what.

OpenLLMetry's of Anthropic's streams add what the first event says of the output to the last one's, which has it in it.
"""


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes looks like an inference in some dialect."""
    return any(dialect.begins(attributes) for dialect in DIALECTS)


def read(attributes: Attributes, scope: str | None = None) -> tuple[Request, Tally] | None:
    """The call that a finished span's attributes tell of; None if the span is no inference.

    Args:
        attributes: the span's attributes.
        scope: the name of the instrumentation scope that made the span.
    """
    own = next((dialect for dialect in DIALECTS if dialect.begins(attributes)), None)
    call = None if own is None else own.read(attributes)
    if call is not None:
        call[1].untold += _untold(attributes, call[1], scope)
    return call


def start(attributes: Attributes, start_ns: int) -> int:
    """When the call of a span started, in nanoseconds since the epoch.

    Args:
        attributes: the span's attributes.
        start_ns: when the span started.
    """
    return start_ns - logfire.earlier_ns(attributes)


def _untold(attributes: Attributes, tally: Tally, scope: str | None) -> tuple[str, ...]:
    tokens, never = tally.tokens(), ()
    if scope in _WITHOUT_CACHED and tokens.cached_tokens is None and not tally.vectors:  # no cache keeps vectors
        never = ("class:cached_tokens",)
    sign, wrong = _TELLS_TOO_MUCH.get(scope or "", ("", ""))
    if attributes.get(sign) is True:
        never = (*never, wrong)
    # Claude's cache keeps what is written for five minutes or an hour, each at its price. Spans have one count of both.
    if tokens.cache_write_tokens and tokens.cache_write_1h_tokens is None and "claude" in (tally.response_model or ""):
        never = (*never, "class:cache_write_1h")
    return never
