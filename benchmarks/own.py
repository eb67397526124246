"""What metering costs without an SDK, beside the least that the same could cost: one turn of each figure.

Chunks were made before, so nothing but metering is measured. The floors:
  a chunk: a generator that passes items on, and an iterator that notes the time of each, as each way of reading
           needs it, written by hand
  a call:  the same span and the same points, recorded by hand with OpenTelemetry's SDK
  a price: genai-prices asked for the same
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from itertools import count
from statistics import median
from typing import Any, TypeVar

import genai_prices
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind

from chunkmeter import pricing
from chunkmeter.facts.tally import Tokens
from chunkmeter.reporting.telemetry import Telemetry

from .by_hand import ByHand, metered, wrapped
from .contenders import MODEL, SHORTEST
from .floors import AsyncNoting, AsyncStream, Noting, Stream, aread, passed_on, read, read_by_next
from .timing import Pace, in_turns
from .workload import ready_chunks

_Side = TypeVar("_Side")

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
"""Chunks of a stream, over which a chunk's cost has to be flat."""
LENGTHS = (500, 2_500)
"""Chunks of the streams of which the difference is a chunk's cost."""
LONGEST_PART = 500
"""Chunks that are timed together."""


class Own:
    """All that is needed for a turn of each figure. A turn gives microseconds by side."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.tracer_provider, self.meter_provider = TracerProvider(), MeterProvider([InMemoryMetricReader()])
        self.telemetry = Telemetry(self.tracer_provider, self.meter_provider)
        self.unsampled = Telemetry(TracerProvider(sampler=ALWAYS_OFF), self.meter_provider)
        self.shortest = ready_chunks(SHORTEST)
        pricing.warm_up()
        self.by_hand = ByHand(self.shortest).recorder(self.tracer_provider, self.meter_provider)
        self._counts = count(1000)
        gc.freeze()

    def chunk(self, turn: int) -> dict[str, float]:
        """A chunk, bare, with each floor, and metered in each way: what a longer stream takes more than a shorter."""
        sides = {(side, length): run for length in LENGTHS for side, run in self._streams(length).items()}
        taken = _turn(sides, turn, 25, self._pace)
        fewer, more = LENGTHS
        return {
            side: (taken[side, more] - taken[side, fewer]) / (more - fewer) for side, length in sides if length == more
        }

    def _streams(self, length: int) -> dict[str, Callable[[], object]]:
        chunks = ready_chunks(length)
        return {
            "bare": lambda: read(Stream(chunks)),
            "generator": lambda: read(passed_on(Stream(chunks))),
            "noting": lambda: read(Noting(iter(Stream(chunks)))),
            "for": lambda: read(wrapped(Stream(chunks), self.telemetry)),
            "next": lambda: read_by_next(wrapped(Stream(chunks), self.telemetry)),
            "bare next": lambda: read_by_next(Stream(chunks)),
            "noting next": lambda: read_by_next(Noting(Stream(chunks))),
            "async": lambda: asyncio.run(aread(wrapped(AsyncStream(chunks), self.telemetry))),
            "bare async": lambda: asyncio.run(aread(AsyncStream(chunks))),
            "noting async": lambda: asyncio.run(aread(AsyncNoting(AsyncStream(chunks)))),
        }

    def call(self, turn: int) -> dict[str, float]:
        """A call of three chunks, metered, its span and points by hand, and a price alone."""
        sides: dict[str, Callable[[], object]] = {
            "bare": lambda: read(Stream(self.shortest)),
            "metered": lambda: metered(self.shortest, self.telemetry),
            "unsampled": lambda: metered(self.shortest, self.unsampled),
            "by hand": self.by_hand,
            "priced": self._price,
        }
        return _turn(sides, turn, 200, self._pace)

    def price(self, turn: int) -> dict[str, float]:
        """A price for usage that was never seen before."""

        def bare() -> None:
            seen = next(self._counts)
            usage = genai_prices.Usage(input_tokens=seen, output_tokens=seen + 7)
            genai_prices.calc_price(usage, model_ref=MODEL, provider_id="openai")

        return _turn({"ours": self._price, "genai-prices": bare}, turn, 500, self._pace)

    def _price(self) -> None:
        seen = next(self._counts)
        usage = Tokens(input_tokens=seen, output_tokens=seen + 7)
        pricing.price(usage, model=MODEL, provider="openai", prices=self.telemetry.prices)

    def flat(self, turn: int) -> dict[str, float]:
        """A chunk of streams of each of `SIZES`, less what it costs bare: the first and the last chunks aside."""
        sizes = SIZES if turn % 2 else SIZES[::-1]
        added = {size: self._inner(size, self.telemetry) - self._inner(size, None) for size in sizes}
        return {str(size): added[size] for size in SIZES}

    def _inner(self, size: int, telemetry: Telemetry | None) -> float:
        chunks, taken = ready_chunks(size), list[float]()
        part = min(size - SHORTEST, LONGEST_PART)
        gc.disable()
        for _ in range(max(1, 20 * LONGEST_PART // size)):
            stream: Any = Stream(chunks) if telemetry is None else wrapped(Stream(chunks), telemetry)
            items = iter(stream)
            next(items)
            for _ in range((size - SHORTEST) // part):
                start = time.process_time_ns()
                for _ in range(part):
                    next(items)
                taken.append(self._pace.scaled(time.process_time_ns() - start) / part)
        gc.enable()
        return median(taken)

    def held(self) -> dict[str, float]:
        """Bytes that a stream holds while it is open, after one chunk, after many, among many; and the SDK's span."""
        tracer = self.tracer_provider.get_tracer("by hand")
        start = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": MODEL}

        def open_stream(chunks: int, telemetry: Telemetry | None) -> Callable[[], object]:
            ready = ready_chunks(SIZES[-1])

            def opened() -> object:
                stream = Stream(ready) if telemetry is None else wrapped(Stream(ready), telemetry)
                items = iter(stream)
                for _ in range(chunks):
                    next(items)
                return stream, items

            return opened

        return {
            "span": held(lambda: tracer.start_span("chat", kind=SpanKind.CLIENT, attributes={**start})),
            "bare": held(open_stream(1, None)),
            "metered": held(open_stream(1, self.telemetry)),
            "metered, 10^4 chunks": held(open_stream(10_000, self.telemetry), number=20),
            "metered, of 10^4": held(open_stream(1, self.telemetry), number=10_000),
        }


def held(make: Callable[[], object], number: int = 200) -> float:
    """Bytes of memory for each of what `make` gives, while it is held."""
    kept: list[object] = [make()]
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept += [make() for _ in range(number)]
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / number
    finally:
        tracemalloc.stop()


def _turn(sides: dict[_Side, Callable[[], object]], turn: int, times: int, pace: Pace) -> dict[_Side, float]:
    prepared = [lambda side=side: side for side in sides.values()]
    return dict(zip(sides, in_turns(prepared, turn, times, pace), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--pace", type=float, help="see `Pace`")
    options = parser.parse_args()
    turns, own = range(options.turns), Own(Pace(options.pace))
    figures = {name: [getattr(own, name)(turn) for turn in turns] for name in ("chunk", "call", "price")}
    figures["flat"] = [own.flat(turn) for turn in turns[: len(turns) // 3 + 1]]
    print(json.dumps({**figures, "held": [own.held()]}))


if __name__ == "__main__":
    main()
