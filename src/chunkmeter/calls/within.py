"""What is done within a run: how its calls find it by the context, and its attempts are told apart."""

from __future__ import annotations

from contextvars import Token
from types import TracebackType

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import set_span_in_context

from .blocks import blocks_here, carried
from .context import leave
from .raised import type_name
from .run import WITHIN, Attempt, Run, attempt_in

__all__ = ["Trying", "Within", "made_here"]


class Trying:
    """A context manager for one attempt, which may be entered again: it notes by what exception it is left.

    Args:
        run: the run.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        run = self._run
        if run.failure is not None:
            run.again(run.failure)
            run.failure = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._run.failure = type_name(error)


class Within:
    """A context manager: calls that begin while it is entered join a run.

    Args:
        run: the run.
        ends: whether the run ends when it is left.
    """

    __slots__ = ("_ends", "_run", "_token")

    def __init__(self, run: Run, *, ends: bool = False) -> None:
        self._run, self._ends = run, ends
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        run, context = self._run, otel_context.get_current()
        if run.sure:
            context = set_span_in_context(run.begin(), context)
        self._token = otel_context.attach(otel_context.set_value(WITHIN, run, context))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            leave(self._token)
        if self._ends:
            self._run.end(error)


def made_here() -> Context:
    """The current context, for a lazy stream that is made now and begins its call later.

    The call will belong to the attempt of now, and to the blocks of now that count what is spent. Until it begins, the
    run's total lacks it.
    """
    context = otel_context.get_current()
    if WITHIN not in context and not blocks_here():
        return context  # as below, for nearly all
    context = carried(context)
    attempt = attempt_in(context)
    if attempt is None:
        return context
    waiting = Attempt(attempt.run, attempt.number, attempt.reason)
    for run in waiting.runs():
        run.waiting.add(waiting)
    return waiting.carried_by(context)
