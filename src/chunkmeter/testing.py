"""Helps to test apps that chunkmeter meters: telemetry in memory, scripted streams, and a clock that stands still.

No other module of the package imports this one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType
from typing import Any, Generic, Self, TypeVar

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from . import pricing
from .calls import call, keeper, run, sending
from .pricing import answers
from .reporting import gauges
from .reporting.telemetry import Telemetry
from .settings import Settings
from .streams import stepping, taps

__all__ = ["Clock", "Kit", "Scripted", "attributes_of", "fixed_clock", "scripted"]

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_READS_THE_TIME: tuple[tuple[ModuleType, str], ...] = (
    (call, "time_ns"),
    (stepping, "time_ns"),
    (taps, "time_ns"),
    (run, "time_ns"),
    (sending, "time_ns"),
    (keeper, "time"),
    (gauges, "time"),
    (pricing, "datetime"),
    (answers, "datetime"),
)
"""The modules that read the clock, each with the name by which it does."""


class Kit:
    """In-memory tracer and meter providers, a `Telemetry` that reports to them, and what they have received.

    Pass `kit.telemetry` to `chunkmeter.wrap`, or `kit.tracer_provider` and `kit.meter_provider` to an instrumentor. A
    kit is a context manager that shuts the providers down. A pytest fixture needs only `with Kit() as kit: yield kit`.

    Args:
        sampler: decides which spans are recorded; metrics don't depend on it.
        settings: how chunkmeter behaves; the defaults if left out. The environment is not read.

    Attributes:
        tracer_provider: gets the spans.
        meter_provider: gets the metrics.
        tracer: a tracer for the app's own spans.
        telemetry: where metered calls report.
    """

    def __init__(self, sampler: Sampler = ALWAYS_ON, settings: Settings | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(sampler=sampler)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter_provider = MeterProvider([self.reader])
        self.tracer = self.tracer_provider.get_tracer("app")
        self.telemetry = Telemetry(self.tracer_provider, self.meter_provider, settings or Settings())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    @property
    def spans(self) -> list[ReadableSpan]:
        """The finished spans, in the order they ended."""
        return list(self.exporter.get_finished_spans())

    @property
    def span(self) -> ReadableSpan:
        """The one finished span.

        Raises:
            ValueError: if there is none, or more than one.
        """
        (span,) = self.spans
        return span

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the one finished span, by name, with sequences as lists.

        Raises:
            ValueError: if there is none, or more than one.
        """
        return attributes_of(self.span)

    def points(self, name: str) -> list[Any]:
        """The data points of a metric, as objects of the SDK.

        Args:
            name: the metric's name, such as `chunkmeter.spend`.

        Returns:
            One point for each set of attributes; an empty list if the metric was never recorded.
        """
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def total(self, name: str, **labels: str) -> float:
        """The sum over a metric's points. For a histogram: the sum of the values that it recorded.

        Args:
            name: the metric's name.
            labels: only points with these attributes are summed. A keyword is the end of an attribute's name, with
                `__` for a dot: `outcome="completed"`, `token__type="input"`.

        Returns:
            The sum, in the metric's unit; 0 if no point fits.
        """
        return sum(
            point.value if hasattr(point, "value") else point.sum
            for point in self.points(name)
            if all(_label(point.attributes, label) == value for label, value in labels.items())
        )

    def shutdown(self) -> None:
        """Shut both providers down. The spans received stay readable."""
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    """The attributes of a finished span as a plain dict, with sequences as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in (span.attributes or {}).items()}


class Clock:
    """The time that chunkmeter sees inside `fixed_clock`.

    Args:
        at: the time that the clock starts at, with a time zone.

    Attributes:
        ns: the clock's time, in nanoseconds since the epoch, as `wrap` takes it for `start_time`.

    Raises:
        ValueError: if `at` has no time zone.
    """

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with its time zone: datetime(2026, 1, 1, tzinfo=UTC)")
        self.ns = (at - _EPOCH) // timedelta(microseconds=1) * 1_000

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: how many seconds pass; a negative number sets the clock back.
        """
        self.ns += round(seconds * 1e9)


@contextmanager
def fixed_clock(at: datetime = _NEW_YEAR) -> Iterator[Clock]:
    """Stop chunkmeter's clock, so that durations, times to first chunk and prices by date are the same in every run.

    Only chunkmeter sees this clock. The SDK's times of metric points stay real, and so do those of other people's
    spans. The clock stands still for the whole process, in other threads too.

    Args:
        at: the time that the clock shows, with a time zone; the start of 2026 if left out.

    Yields:
        The clock, to be advanced by hand or by `scripted`.

    Raises:
        ValueError: if `at` has no time zone.
    """
    clock = Clock(at)

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(clock.ns / 1e9, tz)

    stand_ins = {"time_ns": lambda: clock.ns, "time": _Time(clock), "datetime": Now}
    with ExitStack() as stack:
        for module, name in _READS_THE_TIME:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, stand_ins[name])
        yield clock


class _Time:
    """Stands in for the module `time`: it gives the clock's time, and waits as long as `time` itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        return self._clock.ns / 1e9

    def time_ns(self) -> int:
        return self._clock.ns


class Scripted(Generic[_T]):
    """A stream made by `scripted`. Like an SDK's stream it can be read once, by `for` or `async for`.

    Attributes:
        given: how many events the stream has handed out.
        closed: whether the stream was closed, by `close`, `aclose` or the end of a `with`.
    """

    def __init__(self, events: Iterable[_T], error: BaseException | None, clock: Clock | None, gap: float) -> None:
        self._events, self._error, self._clock, self._gap = iter(events), error, clock, gap
        self.given = 0
        self.closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _T:
        if self.closed:
            raise StopIteration
        for event in self._events:
            if self._clock is not None:
                self._clock.advance(self._gap)
            self.given += 1
            return event
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        try:
            return self.__next__()
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Close the stream: it gives no more events."""
        self.closed = True

    async def aclose(self) -> None:
        """Close the stream, as `close` does, in async code."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def scripted(
    events: Iterable[_T], *, error: BaseException | None = None, clock: Clock | None = None, gap: float = 0.0
) -> Scripted[_T]:
    """A stream of given events, to be metered by `chunkmeter.wrap` in place of a provider's stream.

    Args:
        events: the events, in order: raw events as JSON objects, an SDK's chunks, or anything else that `wrap` reads.
        error: raised after the last event; if left out, the stream just ends.
        clock: a clock of `fixed_clock`, which is advanced before each event.
        gap: by how many seconds the clock is advanced.
    """
    return Scripted(events, error, clock, gap)


def _label(attributes: Any, name: str) -> Any:
    return next((value for key, value in attributes.items() if key.endswith(name.replace("__", "."))), None)
