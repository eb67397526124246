"""Spans that other instrumentations have around a call, and don't make current.

OpenLLMetry's for Anthropic is open when the call begins; its span for OpenAI's responses begins after it, and is dated
back.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from opentelemetry.trace import Span

from .. import pricing, semconv
from ..facts.request import Request
from ..reporting.accounts import Account, account_of, lies_around
from ..reporting.telemetry import SCOPE
from .call import Call

__all__ = ["begun", "is_around_one", "mark_beside", "opened"]

_opened: ContextVar[weakref.ref[Any] | None] = ContextVar("chunkmeter_opened", default=None)
"""The inference span of another instrumentation's that was started last in this thread or task."""

_begun: ContextVar[weakref.ref[Call] | None] = ContextVar("chunkmeter_begun", default=None)
"""The call that has begun last in this thread or task."""

_lately: deque[weakref.ref[Call]] = deque(maxlen=64)
"""The calls with a span of their own that have begun last, in any thread."""


def opened(span: Span) -> None:
    """Note that another instrumentation has started an inference span here, whose request is sent after that."""
    pricing.import_looked_for()
    _opened.set(weakref.ref(span))


def mark_beside(call: Call, current: Any, records: Callable[[Any, Request], bool]) -> None:
    """Mark a span that lies around a call beside the current one: the call is counted without it. May raise.

    Args:
        call: a call that begins, with a span of its own or without one.
        current: the current span.
        records: whether a span records the inference that a request asks for.
    """
    found = _opened.get()
    span: Any = None if found is None else found()
    if span is None or not span.is_recording() or semconv.METERED in (span.attributes or ()):
        return
    around = span.parent.span_id if span.parent else 0
    if around == current.get_span_context().span_id and records(span, call.request):
        span.set_attribute(semconv.METERED, value=True)
        call.others += (span.instrumentation_scope.name,)


def begun(call: Call) -> None:
    """Note that a call begins here."""
    found = weakref.ref(call)
    _begun.set(found)
    _lately.append(found)


def is_around_one(theirs: Account) -> bool:
    """Whether a span that tells nothing of its call lies around the one that has begun here last, and is still open.

    Or, where the span is a root, around one that has begun anywhere lately and is not counted yet: LiteLLM makes its
    span of a failed stream in another thread, while ours is on its way out.
    """
    found = _begun.get()
    call = None if found is None else found()
    if call is not None and not call.ended and call.mode == "owned" and _lies_around(theirs, call):
        return True
    if theirs.parent_id or theirs.response_id or any(theirs.tokens):
        return False
    for found in tuple(_lately):
        call = found()
        if call is not None and not call.told and call.mode == "owned" and _lies_around(theirs, call):
            with suppress(ValueError):  # Another thread came first: each call has one such span.
                _lately.remove(found)
                return True
    return False


def _lies_around(theirs: Account, call: Call) -> bool:
    return lies_around(theirs, account_of(call.so_far()[0], SCOPE, call.span))
