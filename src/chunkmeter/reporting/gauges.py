"""Observable gauges, asked whenever metrics are read: open streams, the longest pause, the price table's age."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable

from opentelemetry.metrics import MeterProvider, Observation

from .. import pricing, semconv
from ..facts.ended import seconds
from ..guard import Guard
from ..semconv import Metric
from .inherited_sums import warn_of_inherited_sums
from .instruments import Instruments

__all__ = ["Gauges", "OpenCall"]


class OpenCall:
    """What the gauges and the keeper know of a call that is not settled. The call keeps it up to date.

    Args:
        streamed: whether the answer comes in chunks.
        paused_ns: since when the stream waits for its user, in nanoseconds since the epoch; 0 while the user waits for
            the source.
    """

    __slots__ = ("paused_ns", "streamed")

    def __init__(self, *, streamed: bool, paused_ns: int) -> None:
        self.streamed, self.paused_ns = streamed, paused_ns


class Gauges:
    """The observable gauges of one `Telemetry`.

    Args:
        instruments: where the gauges are registered.
        meter_provider: gives the provider of that meter; asked each time, as the global provider may be set later.
        guard: keeps our failures away from the application.
    """

    def __init__(self, instruments: Instruments, meter_provider: Callable[[], MeterProvider], guard: Guard) -> None:
        self._instruments, self._meter_provider, self._guard = instruments, meter_provider, guard
        self.open: set[OpenCall] = set()
        """Calls that are not settled."""
        _all.add(self)
        self._observe(semconv.STREAMS_OPEN, self._streams_open)
        self._observe(semconv.STREAMS_OLDEST_IDLE, self._oldest_idle)
        self._observe(semconv.PRICE_TABLE_AGE, _price_table_age)

    def opened(self, *, streamed: bool, at_ns: int) -> OpenCall:
        """Note that a call has begun.

        Args:
            streamed: whether the answer comes in chunks.
            at_ns: when the call began, in nanoseconds since the epoch.
        """
        call = OpenCall(streamed=streamed, paused_ns=at_ns)
        self.open.add(call)
        return call

    def closed(self, call: OpenCall) -> None:
        """Forget a call that is over or belongs to another process."""
        self.open.discard(call)

    def _observe(self, metric: Metric, observe: Callable[[], Iterable[Observation]]) -> None:
        def guarded() -> Iterable[Observation]:
            with self._guard("settle", metric.name):
                return observe()
            return ()

        self._instruments.observe(metric, guarded)

    def _here(self) -> list[Gauges]:
        # The SDK keeps only the first gauge of a name on a meter. So that one reports for all that share the meter.
        mine = self._meter_provider()
        return [gauges for gauges in list(_all) if gauges._meter_provider() is mine]

    def _streams(self) -> list[OpenCall]:
        return [call for gauges in self._here() for call in list(gauges.open) if call.streamed]

    def _streams_open(self) -> list[Observation]:
        # Metrics are being read, so inherited sums are exported now, even if this process makes no calls.
        if any(gauges._instruments.sums.inherited for gauges in self._here()):
            warn_of_inherited_sums()
        return [Observation(len(self._streams()))]

    def _oldest_idle(self) -> list[Observation]:
        paused = [call.paused_ns for call in self._streams() if call.paused_ns]
        return [Observation(seconds(min(paused), time.time_ns()) if paused else 0.0)]


_all: weakref.WeakSet[Gauges] = weakref.WeakSet()


def _price_table_age() -> list[Observation]:
    if not pricing.loaded():
        return []
    version, newest = pricing.price_table()
    return [Observation(max(0.0, time.time() - newest.timestamp()), {semconv.PRICE_SOURCE: version.partition(" ")[0]})]
