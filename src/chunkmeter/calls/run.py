"""Runs: all attempts at one thing that something retries, held together by a span that says what they cost.

Whoever retries (an instrumentor's hook knows) begins a run and does its work within it. A call that begins there joins
the run by the context: it gets the number of its attempt and the run's span as parent, and its cost goes into the
run's total when it is settled. Runs may be nested; then a call is in the total of each.

A run has no lock: each thing that two threads may do at once is one operation on a dictionary, a list or a set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from time import time_ns
from typing import Final
from weakref import WeakSet

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span, set_span_in_context
from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..facts.total import Cost, cost_in, total_of
from ..pricing import Unpriced
from ..reporting.attributes import attempt_attributes, run_attributes
from ..reporting.telemetry import Telemetry
from .context import leave
from .keeper import keeper
from .raised import type_name

__all__ = ["WITHIN", "Attempt", "Run", "attempt_in"]

WITHIN: Final = "chunkmeter.run"
"""Context key of a run, whose present attempt is meant, or of one attempt."""
_FAILED: Cost = ("failed", Unpriced("failed"))
_MOST_CALLS: Final = 100
"""Something that is retried and goes on asking is a service, no run: its later calls are left to themselves."""


class Run:
    """All attempts at one thing.

    Args:
        telemetry: where its span goes.
        kind: what holds the attempts together, as the first word of the span's name: `retry`, `fallback`.
        function: `code.function.name` of what is retried; None if it has none.
        retrier: whoever makes the attempts, so that others may be told from it.
        sure: whether what is retried is known to ask a model. Then the run's span begins at once, and is current within
            the run; otherwise with the first call, so that what asks none has no span.
        goes_on: says of an exception that a stream raises whether another attempt follows. Left out, the run ends where
            it is left; given, with the stream that no further attempt follows.

    Attributes:
        outside: the context in which the run began.
        outer: the attempt of another run that this one belongs to; None if there is none.
        attempt: the present attempt.
        retrier: as it was given.
        sure: as it was given.
        failure: the type of the exception that ended the attempt before, until the next one begins; None if none did.
        waiting: the attempts that wait in lazy streams, whose calls have not begun.
    """

    __slots__ = (
        "_begun", "_costs", "_full", "_function", "_goes_on", "_kind", "_lapsed", "_last_ns", "_open", "_over", "_pid",
        "_span", "_start_ns", "_telemetry", "_unended", "attempt", "failure", "outer", "outside", "retrier", "sure",
        "waiting",
    )  # fmt: skip

    def __init__(
        self,
        telemetry: Telemetry,
        kind: str,
        *,
        function: str | None = None,
        retrier: object = None,
        sure: bool = True,
        goes_on: Callable[[Exception], bool] | None = None,
    ) -> None:
        self._telemetry, self._kind, self._function, self.retrier = telemetry, kind, function, retrier
        self.sure, self._goes_on, self._pid = sure, goes_on, os.getpid()
        self._start_ns = time_ns()
        self.outside = otel_context.get_current()
        self.outer = attempt_in(self.outside)
        self.attempt = Attempt(self, 1, None)
        self.failure: str | None = None
        self.waiting: WeakSet[Attempt] = WeakSet()
        self._open: dict[object, None] = {}
        self._costs: list[Cost] = []
        self._begun = 0
        self._full = self._over = self._lapsed = False
        self._last_ns: int | None = None
        self._unended = [None]
        self._span: dict[None, Span] = {}
        if sure:
            self.begin()

    def takes(self, attempt: Attempt) -> bool:
        """Whether a call that begins now, in the context of one of its attempts, joins it.

        A run that is over still takes in the streams that were made within it, but nothing of a task that outlives it.
        """
        return not self._full and (not self._over or (attempt in self.waiting and bool(self._span)))

    def begin(self) -> Span:
        """The run's span, which is started now unless it has been."""
        span = self._span.get(None)
        if span is not None:
            return span
        context, attributes = self.outside, dict[str, AttributeValue]()
        if self.outer is not None:
            context, attributes = self.outer.place(context), self.outer.attributes
        name = self._kind
        if self._function is not None:
            attributes[semconv.CODE_FUNCTION_NAME] = self._function
            name += f" {self._function.rpartition('.')[2]}"
        span = self._telemetry.tracer.start_span(
            name, context, SpanKind.INTERNAL, attributes, start_time=self._start_ns
        )
        return self._span.setdefault(None, span)

    def again(self, reason: str | None) -> None:
        """Note that another attempt begins.

        Args:
            reason: the type of the exception that ended the one before; None if that is not known.
        """
        self.attempt = Attempt(self, self.attempt.number + 1, reason)

    def add(self, call: object) -> None:
        """Note that a call has begun."""
        self._open[call] = None
        self._begun += 1
        self._full = self._begun >= _MOST_CALLS

    def settled(self, call: object, ended: Ended | None, cost: Cost) -> None:
        """Note that a call is settled. May end the run: that of streams, or one that takes no further calls."""
        self._costs.append(cost)
        self._open.pop(call, None)
        self._last_ns = ended.end_ns if ended else self._last_ns
        last = self._goes_on is not None and (ended is None or ended.outcome != "error")
        if last or (self._full and not self._open):
            self.end(at_ns=ended.end_ns if ended else None)

    def raised(self, error: Exception) -> None:
        """Note that a stream has raised; ends a run of streams that makes no further attempt then."""
        if self._goes_on is not None and (self._lapsed or not self._goes_on(error)):
            self.end(error)

    def lapse(self) -> None:
        """Note that nobody can make a further attempt, or read a stream; the run ends then, with the last of them."""
        self._lapsed = True
        self.waiting.clear()
        if not self._open:
            self.end(at_ns=self._last_ns)

    def end(self, error: BaseException | None = None, *, at_ns: int | None = None) -> None:
        """End the run's span, if there is one, unless it has ended. Never raises.

        Args:
            error: what was raised instead of an answer; None if nothing was.
            at_ns: when the run ended, in nanoseconds since the epoch; now if left out.
        """
        error_type = type_name(error) if isinstance(error, Exception) else None
        end = partial(self._end, error_type, at_ns or time_ns())
        if keeper.collecting:
            keeper.later(end)
        else:
            end()

    def _end(self, error_type: str | None, end_ns: int) -> None:
        self._over = True
        span = self._span.get(None)
        if span is None or os.getpid() != self._pid:
            return  # It has no calls, or belongs to the process that this one was forked from.
        try:
            self._unended.pop()
        except IndexError:
            return
        with self._telemetry.guard("settle", "ending a run"):
            total = total_of(self._costs.copy(), len(self._open) + len(self.waiting))
            span.set_attributes(run_attributes(self.attempt.number, total))
            if error_type is not None:
                span.set_attribute(semconv.ERROR_TYPE, error_type)
                span.set_status(Status(StatusCode.ERROR))
            # As for a call's span: what ends under suppression may be dropped.
            token = otel_context.attach(self.outside)
            span.end(end_ns)
            leave(token)


class Attempt:
    """One attempt of a run.

    Args:
        run: the run.
        number: the attempt's number, from 1.
        reason: why there is this attempt: the type of the exception that ended the one before; None for the first.
    """

    __slots__ = ("__weakref__", "number", "reason", "run")

    def __init__(self, run: Run, number: int, reason: str | None) -> None:
        self.run, self.number, self.reason = run, number, reason

    @property
    def attempt(self) -> Attempt:
        """Itself: the context may hold an attempt, or a run, whose present attempt is meant."""
        return self

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """The attributes of what belongs to the attempt."""
        return attempt_attributes(self.number, self.reason)

    def place(self, context: Context) -> Context:
        """Where something of this attempt starts its span: below the run's, or below one of the app's own in between.

        Args:
            context: the context in which it would start otherwise.
        """
        run = self.run
        current, outside = get_current_span(context), get_current_span(run.outside)
        if current.get_span_context() != outside.get_span_context():
            run.begin()
            return context
        return set_span_in_context(run.begin(), context)

    def carried_by(self, context: Context) -> Context:
        """A context in which calls belong to this attempt, whichever the run has come to by then."""
        return otel_context.set_value(WITHIN, self, context)

    def joined_by(self, call: object) -> None:
        """Note that a call of this attempt has begun."""
        for run in self.runs():
            run.waiting.discard(self)
            run.add(call)

    def left_by(self, call: object, ended: Ended | None, facts: Facts | None) -> None:
        """Note that a call of this attempt is settled.

        Args:
            call: the call.
            ended: what became of it; None if we failed to tell.
            facts: what it amounts to; None likewise.
        """
        cost = _FAILED if facts is None else cost_in(facts)
        for run in self.runs():
            run.settled(call, ended, cost)

    def failed_by(self, error: Exception) -> None:
        """Note that a call of this attempt is settled since its source raised."""
        for run in self.runs():
            run.raised(error)

    def runs(self) -> Iterator[Run]:
        """The runs that the attempt is in, the innermost first."""
        attempt: Attempt | None = self
        while attempt is not None:
            yield attempt.run
            attempt = attempt.run.outer


def attempt_in(context: Context | None = None) -> Attempt | None:
    """The attempt that a call would belong to that begins in `context`; None if it would be on its own.

    Args:
        context: the current context if left out.
    """
    found = (otel_context.get_current() if context is None else context).get(WITHIN)
    if found is None:
        return None
    attempt: Attempt | None = getattr(found, "attempt", None)
    while attempt is not None and not attempt.run.takes(attempt):
        attempt = attempt.run.outer
    return attempt
