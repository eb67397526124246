"""One metered call, from its beginning until it is settled.

A call is settled exactly once, by whichever ending comes first. The keeper (`chunkmeter.calls.keeper`) settles calls
that nobody ends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import time_ns
from typing import Any, Literal

from opentelemetry.context import Context, get_current
from opentelemetry.trace import INVALID_SPAN, Span

from .. import readers, semconv
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..facts.tally import Ending, Tally
from ..pricing import ELSEWHERE
from ..readers import Reader, UnknownWireError
from ..readers.items import Body, Quiet, never, reading
from ..reporting.attributes import span_name, start_attributes
from ..reporting.once import is_counted
from ..reporting.recorded import recorded_by
from ..reporting.telemetry import Telemetry
from .blocks import Watching, joined
from .context import SPAN, end_in, span_in
from .keeper import keeper
from .pulling import ending_within
from .raised import left_by, type_name
from .run import Attempt

__all__ = ["Call", "Mode"]

Mode = Literal["owned", "enriched", "metrics_only"]

_LEARNED = ("provider", "model", "server_address", "server_port", "tier", "media", "context_cache", "prompt")
"""The fields of a request that another description of it may have."""
_WRAP_INSTEAD = (
    "What a stream's helper makes of it (its text, its parsed objects) says nothing of usage: wrap the stream of "
    "events that the provider's SDK gives."
)


class Call:
    """One metered call.

    Args:
        telemetry: where the call reports.
        request: what is known of the call at its start.
        reader: how its chunks are read; None to tell from the first chunk.
        parent: the context in which a span of its own starts; the current context if left out.
        span: somebody else's span to write on; None where `mode` is not `enriched`.
        mode: `owned`: the call starts a span and ends it. `enriched`: the facts go on `span`, and its owner ends it.
            `metrics_only`: the call has no span.
        start_ns: when the request was sent, in nanoseconds since the epoch; now if left out.
        library: the library whose hook began the call; None where the application did.
        peer: the module of another instrumentation's stream that the call is of; None where it is of none.
        attempt: the attempt of a run that the call belongs to; None where it is of none.
    """

    __slots__ = (
        "__weakref__", "_body", "_failed", "_read", "_reader", "attempt", "blocks", "chunks", "context", "ended",
        "facts", "first_ns", "last_ns", "leaving", "library", "mode", "open", "others", "peer", "quiet", "raw_tapped",
        "request", "span", "start_ns", "tally", "telemetry", "told",
    )  # fmt: skip

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
        library: str | None = None,
        peer: str | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        self.telemetry, self.request, self.mode, self.library = telemetry, request, mode, library
        self.peer, self.attempt = peer, attempt
        self.others: tuple[str, ...] = ()
        """The scopes of others whose span lies around the call, began in its request, or ended inside its stream."""
        self.tally = Tally(
            reader.wire if reader else None, keeps_text=telemetry.settings.estimate, request_model=request.model
        )
        self._read: Callable[[Tally, Any], None] = self._begin_reading
        self.quiet: Quiet = never  # whether an item is one more chunk and says nothing else; `read` takes the others
        self._reader = reader
        self._body: Body | None = None
        """How its chunks are read, where they are pieces of a raw body."""
        now = time_ns()
        self.start_ns = start_ns or now
        self.first_ns = self.last_ns = self.chunks = 0
        self._failed = False
        """Whether reading a chunk has failed."""
        self.raw_tapped = self.ended = False
        self.leaving: Ending | None = None
        """How it is about to end: the user is closing its stream."""
        self.told = False
        """Whether it is known to those who tell accounts of one call apart."""
        parent = get_current() if parent is None else parent
        self.span = span or INVALID_SPAN
        if mode == "owned":
            try:
                self.span = telemetry.start_span(request, self.start_ns, parent)
            except Exception as error:  # noqa: BLE001 -- here and below as a guard does it, in less time
                telemetry.guard.failed("hook", "starting a span", error)
        self.context = parent if mode == "metrics_only" else Context({**parent, SPAN: self.span})
        self.open = telemetry.gauges.opened(streamed=request.stream, at_ns=now)
        keeper.keep(self)
        self.facts: Facts | None = None  # what it amounts to, once it is settled
        self.blocks: tuple[Watching, ...] = joined(self, parent)
        if attempt is not None:
            attempt.joined_by(self)

    def learn(self, request: Request) -> None:
        """Take what this call's own request lacks from another description of it. May raise.

        Args:
            request: the same request, as a hook sees it through which it passes.
        """
        lacking = {name: getattr(request, name) for name in _LEARNED if not getattr(self.request, name)}
        attributes = {**request.attributes, **self.request.attributes}
        self.request = replace(self.request, **lacking, attributes=attributes)
        self.tally.request_model = self.request.model
        if self.mode == "owned":
            self.span.update_name(span_name(self.request))
        self.span.set_attributes(start_attributes(self.request) if self.mode == "owned" else attributes)

    # --- its chunks ---

    def observe(self, event: Any) -> None:
        """Count one raw event as a chunk, and read it unless it is quiet. Never raises."""
        if self.quiet(self.tally, event):
            self.last_ns, self.chunks = time_ns(), self.chunks + 1
        else:
            self.read(event)

    def read(self, event: Any) -> None:
        """Count one raw event that may say something, and read it. Never raises."""
        now = self.last_ns = time_ns()
        if not self.chunks:
            self.first_ns = now
        self.chunks += 1
        try:
            self._read(self.tally, event)
        except Exception as error:  # noqa: BLE001 -- a guard's context manager would cost too much for each chunk
            self._failed = True
            self.telemetry.guard.failed("reader", f"reading {self.tally.wire or 'an unknown wire'}", error)

    def _begin_reading(self, tally: Tally, item: Any) -> None:
        chosen = reading(tally, item, self._reader)
        if isinstance(chosen, Body):
            self._body, self._read, self.quiet = chosen, partial(self._read_body, chosen), chosen.quiet
        elif chosen is not None:
            self._read, self.quiet = chosen
        if chosen is not None:
            self._read(tally, item)

    def _read_body(self, body: Body, tally: Tally, item: Any) -> None:
        """Read a piece of a raw body; the events in it count as chunks, not the piece."""
        events = body.events(item)
        if not body.is_text:
            self.chunks += len(events) - 1
        body.read(tally, events)

    # --- its end ---

    def fail(self, error: BaseException) -> None:
        """Note that the source raised `error`: the call is settled, unless the user may still go on with the stream."""
        self.open.paused_ns = self.last_ns or self.start_ns
        if isinstance(error, Exception):
            self.settle("error", type_name(error))
            if self.attempt is not None:
                self.attempt.failed_by(error)
        elif not isinstance(error, GeneratorExit):  # A GeneratorExit closes one iterator; the stream may be read on.
            self.settle("cancelled")

    def closing(self) -> None:
        """The user is about to close the stream, perhaps on the way out of a cancellation."""
        self.leaving = left_by(sys.exception())

    def close(self) -> None:
        """Settle the call, as the user closed the stream."""
        self.settle(self.leaving or left_by(sys.exception()))

    def leave(self, error: BaseException | None) -> None:
        """Settle the call, as the user left the stream's `with`; `error` is what was raised in it, or None."""
        self.settle(left_by(error))

    def settle(self, ending: Ending, error_type: str | None = None, *, at_ns: int | None = None) -> None:
        """End the call, unless it has ended already, and write its facts on the span and into the metrics.

        Args:
            ending: how the call ended.
            error_type: `error.type`, where the source raised.
            at_ns: when the call ended, in nanoseconds since the epoch. If left out: the time of the last chunk for
                the ending `collected`, now for any other.
        """
        # Garbage collection, a timeout or the exit may come long after the last chunk, and that wait is no latency. The
        # wait for an error is.
        last_ns = (self.last_ns or self.start_ns) if ending == "collected" else time_ns()
        telemetry, end_ns = self.telemetry, at_ns or last_ns
        if keeper.collecting:
            keeper.later(partial(self.settle, ending, error_type, at_ns=end_ns))
            return
        if not keeper.release(self.open):
            return  # The call is settled already, or belongs to the process that this one was forked from.
        self._over()
        told: Ended | None = None
        facts: Facts | None = None
        reader, owned = self._reader, self.mode == "owned"
        if reader is None and not self._failed and self._unread:
            unread = UnknownWireError("none of its events fits a known wire")
            telemetry.guard.failed("reader", "telling the wire of a stream", unread, cure=_WRAP_INSTEAD)
        try:
            if reader is None or reader.wire != self.tally.wire or reader.operation != self.request.operation:
                self._correct_operation()
            ended = self._ended(ending, error_type, end_ns)
            self.facts = facts = telemetry.assess(ended)
            around, own = self.span if owned else span_in(self.context), self.mode != "metrics_only"
            if is_counted(telemetry, ended, facts, around, own=own, others=self.others):
                facts = replace(facts, cost=ELSEWHERE)
            self.told, told = True, ended
            try:
                telemetry.write(self.span, ended, facts, status=owned)
            except Exception as error:  # noqa: BLE001
                telemetry.guard.failed("settle", "writing the span", error)
            recorded = () if owned and not self.others else recorded_by(ended, self.peer, self.span, self.others)
            telemetry.record(ended, facts, self.context, recorded)
        except Exception as error:  # noqa: BLE001
            telemetry.guard.failed("settle", "settling", error)
        for block in self.blocks:
            block.settled(self, facts)
        self.tally.forget_text()
        if owned and self.span.is_recording():
            end_in(self.context, self.span, end_ns, telemetry.guard)
        if self.attempt is not None:
            self.attempt.left_by(self, told, facts)

    def disown(self) -> None:
        """Write nothing for this call: the parent process, which began it, settles it."""
        self.told = True
        self._over()

    def so_far(self, told: Tally | None = None) -> tuple[Ended, Facts]:
        """The call as if it ended now, in the way in which its source is ending if it is.

        Args:
            told: what another account of it has, which counts where the chunk with the usage is still on its way.
        """
        ending, error = ending_within(self) or (self.leaving or "collected", None)
        ended = self._ended(ending, None if error is None else type_name(error), time_ns())
        if told is not None and told.tokens() and ending == "exhausted" and not self.tally.tokens():
            ended = replace(ended, tally=told, outcome="completed", error_type=None)
        return ended, self.telemetry.assess(ended)

    @property
    def _unread(self) -> bool:
        """Whether chunks came that could not be read."""
        if self._body is not None and self._body.is_text:
            return True
        return self._failed or (self.tally.wire is None and self.chunks > 0)

    def _over(self) -> None:
        self.ended, self._read, self.quiet = True, self.telemetry.guard.late, never
        self.telemetry.gauges.closed(self.open)

    def _correct_operation(self) -> None:
        """Correct the operation to that of the wire, which may have been unknown until the first event came."""
        wire = self.tally.wire
        operation = readers.for_wire(wire).operation if wire else self.request.operation
        if operation == self.request.operation or self.mode == "enriched":
            return
        self.request = replace(self.request, operation=operation)
        self.span.update_name(span_name(self.request))
        self.span.set_attribute(semconv.OPERATION_NAME, operation)

    def _ended(self, ending: Ending, error_type: str | None, end_ns: int) -> Ended:
        outcome = self.tally.outcome(ending)
        if outcome == "interrupted":
            if self._unread or not self.request.stream:
                # A plain answer came whole even if it has no finish reason, and of a stream that could not be read
                # nobody knows the finish reason.
                outcome = "completed"
            error_type = semconv.STREAM_INTERRUPTED
        return Ended(
            self.request, self.tally, outcome, error_type if outcome in ("error", "interrupted") else None,
            self.start_ns, self.first_ns, end_ns, self.chunks, self._failed,
        )  # fmt: skip
