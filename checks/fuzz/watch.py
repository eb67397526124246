"""What must be true of every stream, whatever is in it, checked chunk by chunk on its way through `wrap`.

The items are the user's own, in their order. Nothing of chunkmeter's fails. No count is what no count can be, or more
than the events up to there say, and each has a price or a reason why not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from functools import cache
from operator import attrgetter
from typing import Any, Self, get_args

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from checks.fuzz.bound import FIELDS, Bound
from checks.fuzz.given import SOURCES, SYNC, Given
from chunkmeter import pricing, wrap
from chunkmeter.calls.call import Call
from chunkmeter.facts.ended import Ended, Facts
from chunkmeter.facts.tally import Tally, Tokens, UsageStatus
from chunkmeter.guard import Guard, Stage
from chunkmeter.pricing import CostStatus, Priced, Unpriced
from chunkmeter.readers import UnknownWireError
from chunkmeter.reporting.telemetry import Telemetry
from chunkmeter.streams.replace import LEASE

__all__ = ["Watch", "check", "holds"]

_counts: Callable[[Tokens], tuple[Any, ...]] = attrgetter(*FIELDS)


class _Heard(Guard):
    """Keeps what it guards against."""

    def __init__(self, count: Callable[[Stage], None]) -> None:
        super().__init__(count)
        self.errors: list[Exception] = []

    def failed(self, stage: Stage, site: str, error: Exception, *, cure: str = "") -> None:
        super().failed(stage, site, error, cure=cure)
        self.errors.append(error)


class _Watched(Telemetry):
    """Keeps what went wrong, and what the last call came to."""

    def __init__(self) -> None:
        meter_provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
        super().__init__(TracerProvider(shutdown_on_exit=False), meter_provider)
        self.heard = _Heard(self._count_error)
        self.guard: Guard = self.heard
        self.facts: Facts | None = None

    def begin(self) -> Self:
        """Nothing has gone wrong yet with the next call."""
        self.heard.errors.clear()
        self.facts = None
        return self

    def assess(self, ended: Ended) -> Facts:
        self.facts = super().assess(ended)
        return self.facts


_watched = cache(_Watched)


class Watch:
    """One stream on its way through `wrap`, each item looked at as the user gets it."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.events, self.items = given.made()
        self.telemetry = _watched().begin()
        self.taken = 0
        self.counted = False
        """Whether the stream came to any count."""
        provider, model = given.asked
        self.stream: Any = wrap(
            SOURCES[given.source](self.items), provider=provider, model=model, telemetry=self.telemetry,
            wire=given.wire,
        )  # fmt: skip
        self.call: Call = getattr(self.stream, LEASE).call
        self._fitting: set[tuple[Any, ...]] = set()
        self._bound = Bound(given.wire)
        self._in_step = len(self.items) == len(self.events) and given.form != "body"
        if not self._in_step:
            for event in self.events:
                self._bound.add(event)

    def take(self, item: Any) -> None:
        """The user gets `item`."""
        own = self.items[self.taken] if self.taken < len(self.items) else "nothing"
        assert item is own, f"item {self.taken} of the user's is {own!r}, and wrap gave {item!r}"
        new = self._in_step and self._bound.add(self.events[self.taken])
        self.taken += 1
        if self.telemetry.heard.errors:
            raise self.telemetry.heard.errors[0]
        # What says nothing new can only add up, and so is seen a little later as well.
        if new or not self.taken % 8:
            self._look(self.call.tally)

    def _look(self, tally: Tally) -> None:
        """The counts so far can be, and can be priced."""
        tokens = tally.tokens()
        counts = _counts(tokens)
        if counts in self._fitting:
            return  # The bound only grows.
        self._fitting.add(counts)
        for field, count in zip(FIELDS, counts, strict=True):
            if count is None:
                continue
            assert type(count) is int, f"{field} is {count!r}"
            assert 0 <= count < 2**53, f"{field} is {count}"
            why = self._bound.broken_by(field, count) if self.given.form != "body" or self.given.body.intact else None
            assert why is None, why
        provider, model = self.given.asked
        cost = pricing.price(
            tally.billed(tokens), model=tally.response_model, request_model=model, provider=provider,
            service_tier=tally.service_tier, provider_cost=tally.provider_cost,
        )  # fmt: skip
        _explicit(cost)

    def end(self) -> None:
        """The user got the last item."""
        assert self.taken == len(self.items), f"{len(self.items)} items, of which wrap gave {self.taken}"
        assert self.call.ended, "the call goes on after its stream"
        for error in self.telemetry.heard.errors:
            # Nothing tells the wire of a stream that is garbled from its beginning.
            if self.given.wire or not isinstance(error, UnknownWireError):
                raise error
        facts = self.telemetry.facts
        assert facts is not None, "the call was not settled"
        assert facts.usage_status in set(get_args(UsageStatus)) - {"failed"}
        _explicit(facts.cost)
        self._look(self.call.tally)
        self.counted = bool(facts.tokens)


def _explicit(cost: Priced | Unpriced) -> None:
    if isinstance(cost, Priced):
        assert cost.amount >= 0, f"it costs {cost.amount}"
        assert math.isfinite(cost.amount), f"it costs {cost.amount}"
    else:
        assert cost.reason in set(get_args(CostStatus)) - {"known", "failed"}, f"it has no cost: {cost.reason}"


def check(given: Given) -> Watch:
    """Push one stream through `wrap` and check all of it."""
    watch = Watch(given)
    try:
        if given.source in SYNC:
            for item in watch.stream:
                watch.take(item)
        else:
            _run(_take_all(watch))
        watch.end()
    finally:
        # A call that is left open is settled by the keeper's thread, whose use of `random` hypothesis takes for ours.
        watch.call.settle("closed")
    return watch


async def _take_all(watch: Watch) -> None:
    async for item in watch.stream:
        watch.take(item)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing, for which no event loop is needed."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("wrap waits for what is there")


def holds(
    streams: st.SearchStrategy[Given],
    *,
    begin: int,
    examples: int,
    shrink: bool = True,
    tell: Callable[[Watch], None] = lambda watch: None,
) -> None:
    """Check so many streams; the same ones whenever `begin` is the same.

    Raises:
        Exception: what the smallest stream that was found failed with, hypothesis' description of it in its notes.
    """

    @seed(begin)
    @settings(
        max_examples=examples,
        database=None,
        derandomize=False,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(streams)
    def checked(given: Given) -> None:
        try:
            watch = check(given)
        except Exception as error:
            error.add_note(f"where that is {given}")
            raise
        tell(watch)

    checked()
