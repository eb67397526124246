"""One metered call, from its request to its settlement: exactly once, by whichever ending comes first.

A call is held by a `Lease`. The stream and its iterators share the lease; when the last of them is gone, the
call is handed to `chunkmeter.keeper`, which settles it as abandoned.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from time import time_ns
from typing import Any, Literal

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, set_span_in_context

from . import readers, semconv
from .context import leave
from .facts import Ended, Request, span_name
from .keeper import keeper
from .readers import Reader, UnknownWireError
from .readers.items import reading
from .tally import Ending, Tally
from .telemetry import Telemetry

__all__ = ["CALL_KEY", "Call", "Lease", "Mode", "current_call"]

Mode = Literal["owned", "enriched", "metrics_only"]

CALL_KEY = "chunkmeter.call"
"""Context key that holds the call whose request is being sent; set around that step only."""


def current_call(context: Context | None = None) -> Call | None:
    """The call whose request is being sent in `context`, the current one if left out."""
    call = otel_context.get_value(CALL_KEY, context)
    return call if isinstance(call, Call) else None


class Call:
    """One call's lifecycle.

    Args:
        telemetry: where it reports.
        request: what is known at the start.
        reader: how its chunks are read; None to tell from the first one.
        parent: context the own span starts in, the current one if left out.
        span: a span of somebody else's to write on; None to start one.
        mode: `owned` ends the span it started, `enriched` leaves the end to the owner, `metrics_only` has no span.
        start_ns: when the request was sent, nanoseconds since the epoch; now if left out.
    """

    __slots__ = (
        "_read",
        "_reader",
        "context",
        "ended",
        "first_ns",
        "last_ns",
        "mode",
        "paused_ns",
        "raw_tapped",
        "request",
        "span",
        "start_ns",
        "tally",
        "telemetry",
    )

    def __init__(
        self,
        telemetry: Telemetry,
        request: Request,
        reader: Reader | None = None,
        *,
        parent: Context | None = None,
        span: Span | None = None,
        mode: Mode = "owned",
        start_ns: int | None = None,
    ) -> None:
        self.telemetry, self.request, self.mode = telemetry, request, mode
        self.tally = Tally()
        self._read: Callable[[Tally, Any], None] = self._begin_reading
        self._reader = reader
        if reader is not None:
            self.tally.wire = reader.wire
        now = time_ns()
        self.start_ns = start_ns or now
        self.first_ns = self.last_ns = 0
        self.paused_ns = now
        """When the user was last handed something, 0 while the source is being waited for."""
        self.raw_tapped = False
        self.ended = False
        parent = otel_context.get_current() if parent is None else parent
        self.span = span or INVALID_SPAN
        if mode == "owned":
            with telemetry.guard("hook", "starting a span"):
                self.span = telemetry.start_span(request, self.start_ns, parent)
        self.context = parent if mode == "metrics_only" else set_span_in_context(self.span, parent)
        telemetry.open[id(self)] = self
        keeper.watch(telemetry)

    # --- the request ---

    def send(self, step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run the step that sends the request, with our span current for just that long."""
        with _Sending(self):
            return step(*args, **kwargs)

    async def asend(self, step: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """`send` for a step that is awaited."""
        with _Sending(self):
            return await step(*args, **kwargs)

    # --- its chunks ---

    def observe(self, event: Any) -> None:
        """Take note of one raw event. Never raises."""
        now = self.last_ns = time_ns()
        tally = self.tally
        if not tally.chunks:
            self.first_ns = now
        tally.chunks += 1
        try:
            self._read(tally, event)
        except Exception as error:  # noqa: BLE001 -- the guard, without its context manager: this runs a chunk
            tally.failed = True
            self.telemetry.guard.failed("reader", f"reading {tally.wire or 'an unknown wire'}", error)

    def _begin_reading(self, tally: Tally, item: Any) -> None:
        if tally.said is None and self.telemetry.settings.estimate:
            tally.said = []
        read = reading(tally, item, self._reader)
        if read is not None:
            self._read = read
            read(tally, item)

    # --- its end ---

    def fail(self, error: BaseException) -> None:
        """The source raised `error`, which is on its way to the user."""
        self.paused_ns = self.last_ns or self.start_ns
        if isinstance(error, Exception):
            self.settle("error", _type_name(error))
        elif not isinstance(error, GeneratorExit):  # What is let go of may be taken up again.
            self.settle("cancelled")

    def close(self) -> None:
        """The user closed the stream, perhaps on the way out of a cancellation."""
        self.leave(sys.exception())

    def leave(self, error: BaseException | None) -> None:
        """The user left the stream's context manager, by `error` if there was one."""
        cancelled = error is not None and not isinstance(error, Exception | GeneratorExit)
        self.settle("cancelled" if cancelled else "closed")

    def settle(self, ending: Ending, error_type: str | None = None, *, at_ns: int | None = None) -> None:
        """End the call, unless it has ended already: its facts go on the span and into the metrics.

        Args:
            ending: how it came to its end.
            error_type: `error.type`, where the source raised.
            at_ns: when that was, nanoseconds since the epoch; as the ending tells if left out.
        """
        telemetry, end_ns = self.telemetry, at_ns or self._end_ns(ending)
        if keeper.collecting:
            keeper.finalized.put(partial(self.settle, ending, error_type, at_ns=end_ns))
            return
        if telemetry.open.pop(id(self), None) is None:
            return  # Whoever took it out of the open ones has settled it, or it is another process's.
        self._over()
        if self.tally.wire is None and self.tally.chunks and not self.tally.failed:
            unread = UnknownWireError("none of its events fits a known wire")
            telemetry.guard.failed("reader", "telling the wire of a stream", unread)
        with telemetry.guard("settle", "settling"):
            self._correct_operation()
            ended = self._ended(ending, error_type, end_ns)
            facts = telemetry.assess(ended)
            with telemetry.guard("settle", "writing the span"):
                telemetry.write(self.span, ended, facts, status=self.mode == "owned")
            telemetry.record(ended, facts, self.context)
        self.tally.said = None  # the user may hold the stream for long
        if self.mode == "owned":
            with telemetry.guard("settle", "ending the span"):
                self.span.end(end_ns)

    def disown(self) -> None:
        """Leave the call to the parent process that began it."""
        self._over()

    def publish(self) -> None:
        """Write the facts so far on a span that is somebody else's, who may end it before the call settles."""
        if self.mode != "enriched" or self.ended or not self.span.is_recording():
            return
        telemetry = self.telemetry
        with telemetry.guard("settle", "publishing"):
            ended = self._ended("collected", None, time_ns())
            telemetry.write(self.span, ended, telemetry.assess(ended), status=False)

    def _over(self) -> None:
        self.ended, self._read = True, self.telemetry.guard.late

    def _correct_operation(self) -> None:
        """Whose stream it is was known when it began, which of the provider's wires only by its events."""
        wire = self.tally.wire
        operation = readers.for_wire(wire).operation if wire else self.request.operation
        if operation == self.request.operation or self.mode == "enriched":
            return
        self.request = replace(self.request, operation=operation)
        self.span.update_name(span_name(self.request))
        self.span.set_attribute(semconv.OPERATION_NAME, operation)

    def _ended(self, ending: Ending, error_type: str | None, end_ns: int) -> Ended:
        outcome = self.tally.outcome(ending)
        unread = self.tally.failed or (self.tally.wire is None and self.tally.chunks > 0)
        if ending == "exhausted" and (unread or not self.request.stream):
            # An answer that came whole was not cut, whether or not it says why it stopped; and a stream that we could
            # not read says nothing of it.
            outcome = "completed"
        if outcome == "interrupted":
            error_type = semconv.STREAM_INTERRUPTED
        return Ended(
            self.request, self.tally, outcome, error_type if outcome in ("error", "interrupted") else None,
            self.start_ns, self.first_ns, end_ns,
        )  # fmt: skip

    def _end_ns(self, ending: Ending) -> int:
        # A collector, a sweep or a timeout comes long after the last chunk; a stall that ends in an error is latency.
        if ending == "collected":
            return self.last_ns or self.start_ns
        return time_ns()


class _Sending:
    """Around the step that sends a call's request: its span is current, and nobody takes the wait for idleness."""

    __slots__ = ("_call", "_paused", "_token")

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None:
        call = self._call
        self._paused, call.paused_ns = call.paused_ns, 0
        # Whoever takes the step may have baggage and switches of their own in the context: only the span is ours.
        context = otel_context.get_current()
        if call.mode != "metrics_only":
            context = set_span_in_context(call.span, context)
        self._token = otel_context.attach(otel_context.set_value(CALL_KEY, call, context))

    def __exit__(self, *_: object) -> None:
        if self._paused:
            self._call.paused_ns = time_ns()
        leave(self._token)


class Lease:
    """Shared by a stream and its iterators; the last of them to go takes the call with it."""

    __slots__ = ("__weakref__", "call")

    def __init__(self, call: Call) -> None:
        self.call = call

    def __del__(self) -> None:
        if not self.call.ended:
            keeper.finalized.put(partial(self.call.settle, "collected"))


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
