"""The step that sends a call's request: while it runs, our span is current, and hooks inside can find the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Token
from time import time_ns
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import set_span_in_context

from .call import Call
from .context import leave
from .pulling import pulls

__all__ = ["Passing", "asend", "current_call", "is_within", "reaching", "send"]

_SENDING = "chunkmeter.sending"
"""Context key of a `_Sent`; set only while a request is being sent."""


class _Sent:
    """What the context says while a request is being sent.

    Attributes:
        call: the call whose request it is.
        libraries: the libraries whose hooks the request has passed through, the call's own first.
        step: the step that sends it. Another instrumentation that attaches a context in it, and detaches that after it,
            brings its context back when it is over.
    """

    __slots__ = ("call", "libraries", "step")

    def __init__(self, call: Call, libraries: tuple[str | None, ...], step: _Sending) -> None:
        self.call, self.libraries, self.step = call, libraries, step


def current_call(context: Context | None = None) -> Call | None:
    """The call whose request is being sent in `context`, or None; the current context if left out."""
    sent = _sent(context)
    return None if sent is None else sent.call


def is_within(library: str) -> bool:
    """Whether the request that is being sent has passed through a hook of this library, which has not returned yet."""
    sent = _sent()
    return sent is not None and library in sent.libraries


def reaching(library: str) -> Call | None:
    """The call whose request has come to a library and not passed through a hook of it yet; None if there is none."""
    sent = _sent()
    return sent.call if sent is not None and library not in sent.libraries else None


class Passing:
    """Notes, while it is entered, that a request passes through a library's hook; another hook began its call."""

    __slots__ = ("_library", "_token")

    def __init__(self, library: str) -> None:
        self._library = library
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        sent = _sent()
        if sent is not None:
            passed = _Sent(sent.call, (*sent.libraries, self._library), sent.step)
            self._token = otel_context.attach(Context({**otel_context.get_current(), _SENDING: passed}))

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            leave(self._token)


def _sent(context: Context | None = None) -> _Sent | None:
    sent = (otel_context.get_current() if context is None else context).get(_SENDING)
    return sent if isinstance(sent, _Sent) and not sent.step.over else None


@pulls
def send(call: Call, step: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run the step that sends a call's request; the call's span is current during that step only.

    Args:
        call: the call whose request is sent.
        step: sends the request.
        *args: positional arguments for `step`.
        **kwargs: keyword arguments for `step`.
    """
    with _Sending(call):
        return step(*args, **kwargs)


@pulls
async def asend(call: Call, step: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any) -> Any:
    """Run the step that sends a call's request, as `send` does, where the step has to be awaited."""
    with _Sending(call):
        return await step(*args, **kwargs)


class _Sending:
    """Makes the call's span current while it is entered, and keeps the wait from counting as a pause of the user's."""

    __slots__ = ("_before", "_call", "_context", "_paused", "_token", "over")

    def __init__(self, call: Call) -> None:
        self._call = call
        self.over = False

    def __enter__(self) -> None:
        call = self._call
        self._paused, call.open.paused_ns = call.open.paused_ns, 0
        # The current context may hold baggage and switches of the caller's, so it is kept, and only the span replaced.
        self._before = before = otel_context.get_current()
        context = Context(before) if call.mode == "metrics_only" else set_span_in_context(call.span, before)
        dict.__setitem__(context, _SENDING, _Sent(call, (call.library,), self))  # no one else has it yet
        self._context, self._token = context, otel_context.attach(context)

    def __exit__(self, *_: object) -> None:
        self.over = True
        if self._paused:
            self._call.open.paused_ns = time_ns()
        if otel_context.get_current() is not self._context:
            # Another instrumentation has attached a context on top of ours, and not detached it yet. When it does, it
            # brings ours back: that is to be the user's then.
            dict.clear(self._context)
            dict.update(self._context, self._before)
        leave(self._token)
        # The context leads back here, and a call in a circle would wait for the garbage collector.
        del self._before, self._call, self._context, self._token
