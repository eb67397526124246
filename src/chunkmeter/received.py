"""Spans as they come over OTLP, from whichever instrumentation: the call that each tells of, by our own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from . import foreign, semconv
from .facts.ended import Ended
from .reporting.accounts import Account
from .reporting.attributes import span_attributes, start_attributes
from .reporting.once import Once
from .reporting.telemetry import SCOPE, Telemetry
from .settings import Settings

__all__ = ["Received", "ReceivedSpan", "Told"]

_FOR_COST = (semconv.COST_STATUS, semconv.COST_AMOUNT)
_LONGEST = 1000
"""How many characters of an id or of a name are compared."""
_OF_COST = (semconv.COST_SPLIT, "gen_ai.usage.cost.", "chunkmeter.price.")


class ReceivedSpan(NamedTuple):
    """A finished span in plain values.

    Attributes:
        scope: the name of the instrumentation scope that made it.
        trace_id: its trace.
        span_id: its own id.
        parent_id: the id of the span around it; 0 where there is none.
        start_ns: when it started, in nanoseconds since the epoch.
        end_ns: when it ended.
        failed: whether its status is an error.
        attributes: its attributes by name.
    """

    scope: str
    trace_id: int
    span_id: int
    parent_id: int
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, Any]


class Told(NamedTuple):
    """What a span tells of a call.

    Attributes:
        attributes: the call under the names that a span of chunkmeter's has.
        scope: the instrumentation that tells it; None for chunkmeter.
        again: whether another span has told of the same call before, so that this one is not to be counted.
    """

    attributes: Mapping[str, Any]
    scope: str | None
    again: bool


class Received:
    """Tells which spans are calls, prices those that nobody has priced, and knows a call that several spans tell of.

    It keeps the last few thousand calls to know them by, and no more.

    Args:
        settings: the price file, and which servers are whose; read from the environment if left out.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._telemetry = Telemetry(NoOpTracerProvider(), NoOpMeterProvider(), settings)
        self._once = Once()

    def read(self, span: ReceivedSpan) -> Told | None:
        """The call that a span tells of; None where it tells of none of its own.

        A span with `chunkmeter.metered` and without an outcome is another instrumentation's, inside or around a call
        that has a span already.
        """
        said = span.attributes
        if semconv.OUTCOME in said:
            return Told(said, None, self._once.earlier(_account(span, said)) is not None)
        if semconv.METERED in said or span.scope == SCOPE:
            return None
        told = None
        with self._telemetry.guard("reader", "reading a span"):
            told = self._told(span)
        return None if told is None else Told(told, span.scope, self._once.earlier(_account(span, told)) is not None)

    def _told(self, span: ReceivedSpan) -> Mapping[str, Any] | None:
        said = span.attributes
        read = foreign.read(said, span.scope)
        if read is None:
            return None
        request, tally = read
        outcome = "error" if span.failed else "completed"
        start_ns = foreign.start(said, span.start_ns)
        ended = Ended(request, tally, outcome, None, start_ns, 0, span.end_ns)
        facts = self._telemetry.assess(ended)
        told = {
            **start_attributes(request),
            **span_attributes(ended, facts, draft_cost=True, raw_reasons=False),
        }
        if any(name in said for name in _FOR_COST):  # whoever has priced it before knew its settings
            told = {name: value for name, value in told.items() if not name.startswith(_OF_COST)}
        return {**said, **told}


def _account(span: ReceivedSpan, said: Mapping[str, Any]) -> Account:
    def text(*names: str) -> str | None:
        found = next((value for name in names if isinstance(value := said.get(name), str) and value), None)
        return found and found[:_LONGEST]  # thousands of accounts are kept

    def count(name: str) -> int | None:
        value = said.get(name)
        return value if isinstance(value, int) else None

    return Account(
        SCOPE if semconv.OUTCOME in span.attributes else span.scope,
        text(semconv.OPERATION_NAME) or "",
        text(semconv.RESPONSE_ID),
        text(semconv.PROVIDER_NAME),
        text(semconv.RESPONSE_MODEL, semconv.REQUEST_MODEL),
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.start_ns,
        span.end_ns,
        (count(semconv.USAGE_INPUT_TOKENS), count(semconv.USAGE_OUTPUT_TOKENS)),
        asked=text(semconv.REQUEST_MODEL),
    )
