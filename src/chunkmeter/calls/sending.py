"""The step that sends a call's request: while it runs, our span is current, and hooks inside can find the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time_ns
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from .call import Call
from .context import SPAN, leave
from .pulling import pulls

__all__ = ["asend", "current_call", "is_within", "passing", "reaching", "send"]

_SENDING: Final = "chunkmeter.sending"
"""Context key of the `_Sending` whose request is being sent; set only meanwhile."""

_PASSED: Final = "chunkmeter.passed"
"""Context key of the libraries whose hooks the request has passed through, the call's own first; set with the other."""


def current_call(context: Context | None = None) -> Call | None:
    """The call whose request is being sent in `context`, or None; the current context if left out."""
    if context is None:
        context = otel_context.get_current()
    sending = context.get(_SENDING)
    return sending.call if sending is not None and isinstance(sending, _Sending) and not sending.over else None


def is_within(library: str) -> bool:
    """Whether the request that is being sent has passed through a hook of this library, which has not returned yet."""
    context = otel_context.get_current()
    return current_call(context) is not None and library in _passed(context)


def reaching(library: str, context: Context | None = None) -> Call | None:
    """The call whose request has come to a library and not passed through a hook of it yet; None if there is none.

    Args:
        library: the library.
        context: the current context if left out.
    """
    if context is None:
        context = otel_context.get_current()
    call = current_call(context)
    return None if call is None or library in _passed(context) else call


def passing(library: str, context: Context) -> tuple[Call, Context] | None:
    """The call that `reaching` gives, and the context in which its request has passed through the library's hook.

    That is to be the current one while the hook sends the request on.

    Args:
        library: the library.
        context: the current context.
    """
    call = reaching(library, context)
    return None if call is None else (call, Context({**context, _PASSED: (*_passed(context), library)}))


def _passed(context: Context) -> tuple[str | None, ...]:
    libraries: Any = context[_PASSED]
    return libraries


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
    """Makes the call's span current while it is entered, and keeps the wait from counting as a pause of the user's.

    The context says so meanwhile.

    Attributes:
        call: the call whose request is sent.
        over: whether it has been sent. Another instrumentation that attaches a context in this step, and detaches that
            after it, brings the step's context back when it is over.
    """

    __slots__ = ("_before", "_context", "_paused", "_token", "call", "over")

    def __init__(self, call: Call) -> None:
        self.call, self.over = call, False

    def __enter__(self) -> None:
        call = self.call
        opened = call.open
        self._paused, opened.paused_ns = opened.paused_ns, 0
        # The current context may hold baggage and switches of the caller's, so it is kept, and only the span replaced.
        self._before = before = otel_context.get_current()
        span = {} if call.mode == "metrics_only" else {SPAN: call.span}
        self._context = Context({**before, **span, _SENDING: self, _PASSED: (call.library,)})
        self._token = otel_context.attach(self._context)

    def __exit__(self, *_: object) -> None:
        self.over = True
        if self._paused:
            self.call.open.paused_ns = time_ns()
        if otel_context.get_current() is not self._context:
            # Another instrumentation has attached a context on top of ours, and not detached it yet. When it does, it
            # brings ours back: that is to be the user's then.
            dict.clear(self._context)
            dict.update(self._context, self._before)
        leave(self._token)
        # The context leads back here, and a call in a circle would wait for the garbage collector.
        del self._before, self._context, self._token
