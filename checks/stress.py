"""Streams collected while the SDK holds its metric lock must never hang the app, and every one must be settled.

    python -m checks.stress [--seconds 60]

Two threads leave streams behind in reference cycles, so that the collector, at its default thresholds, finds them
wherever it happens to run: also inside `record()` and `collect()`, which hold the SDK's non-reentrant lock. A third
thread collects metrics all the while. A parent process watches: the child that does this must neither hang nor crash
nor lose a stream. FAULT=settle-in-finalizer settles in the finalizer itself, and has to fail.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Self

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

import chunkmeter
from chunkmeter.reporting.telemetry import Telemetry
from support.faults import asked, plant

THREADS = 2
READERS = 2
MODELS = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini"]
"""Several, so that collecting has many points to make, each under a lock of its own."""
STALL = 10.0
"""Seconds without a new stream after which the app counts as hung."""
GRACE = 60.0
"""Seconds beyond its time that the child gets to start and to finish."""


def event(text: str | None, finish: str | None = None, usage: dict[str, int] | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {
        "id": "chatcmpl-stress",
        "object": "chat.completion.chunk",
        "model": "gpt-4o-mini",
        "choices": [] if usage else [choice],
        "usage": usage,
    }


EVENTS = [
    event("Lisbon"),
    event(" lies"),
    event(None, "stop"),
    event(None, usage={"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}),
]


class Stream:
    """Shaped as the SDKs' streams are: an iterator that it holds, and that holds it."""

    def __init__(self) -> None:
        self._iterator = self._events()

    def _events(self) -> Generator[Any, None, None]:
        yield from EVENTS

    def __iter__(self) -> Iterator[Any]:
        yield from self._iterator

    def __next__(self) -> Any:
        return next(self._iterator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._iterator.close()


class App:
    """What runs in the child: providers, threads, and what they have counted."""

    def __init__(self) -> None:
        self.readers = [InMemoryMetricReader() for _ in range(READERS)]
        self.models = itertools.cycle(MODELS)
        self.spans = itertools.count()
        tracer_provider = TracerProvider()
        tracer_provider.add_span_processor(_Counting(self.spans))
        self.tracer = tracer_provider.get_tracer("app")
        self.telemetry = Telemetry(tracer_provider, MeterProvider(self.readers))
        self.begun = [0] * THREADS
        self.collections = [0] * READERS
        self.stopping = False

    def stream(self, **keywords: Any) -> Any:
        return self.wrap(Stream(), **keywords)

    def wrap(self, stream: Any, **keywords: Any) -> Any:
        model = next(self.models)
        return chunkmeter.wrap(stream, provider="openai", model=model, telemetry=self.telemetry, **keywords)

    # --- ways to leave a stream behind ---

    def in_a_caught_exception(self) -> None:
        """The frame holds the exception, whose traceback holds the frame."""
        stream = self.stream()
        try:
            for chunk in stream:
                if chunk is EVENTS[-1]:
                    raise LookupError
        except LookupError as error:
            _held = error

    def in_a_list(self) -> None:
        """By `next()`, unread but for one chunk."""
        cycle: list[Any] = [self.stream()]
        cycle.append(cycle)
        next(cycle[0])

    def in_a_generator_of_the_user_s(self) -> None:
        """Whose `with` runs when the collector closes the generator."""

        def texts() -> Iterator[Any]:
            with self.stream() as stream:
                yield from stream

        cycle: list[Any] = [texts()]
        cycle.append(cycle)
        next(cycle[0])

    def behind_a_proxy(self) -> None:
        """A bare generator, which the collector closes by way of the user's."""

        def texts() -> Iterator[Any]:
            yield from self.wrap(chunk for chunk in EVENTS)

        cycle: list[Any] = [texts()]
        cycle.append(cycle)
        next(cycle[0])

    def on_the_user_s_span(self) -> None:
        """Its iterator is let go of while the span still records."""
        span = self.tracer.start_span("request")
        stream = self.stream(span=span)
        cycle: list[Any] = [iter(stream)]
        cycle.append(cycle)
        next(cycle[0])
        span.end()

    def read_to_the_end(self) -> None:
        """The ordinary way, in which `record()` runs and the collector in it."""
        cycle: list[Any] = [self.stream()]
        cycle.append(cycle)
        list(cycle[0])

    # --- the threads ---

    def work(self, number: int) -> None:
        """Begins streams, one way after the other."""
        ways: tuple[Callable[[], None], ...] = (
            self.in_a_caught_exception,
            self.in_a_list,
            self.read_to_the_end,
            self.in_a_generator_of_the_user_s,
            self.behind_a_proxy,
            self.on_the_user_s_span,
        )
        for leave in itertools.cycle(ways):
            if self.stopping:
                return
            leave()
            self.begun[number] += 1
            # Bounded, as an app's load is: more than this and it is memory that is put to the test.
            while len(self.telemetry.gauges.open) > 1_000 and not self.stopping:
                time.sleep(0.001)

    def collect(self, number: int) -> None:
        """Reads the metrics, over and over."""
        while not self.stopping:
            self.readers[number].get_metrics_data()
            self.collections[number] += 1

    def run(self, seconds: float) -> bool:
        """Whether the threads were at work until the end."""
        threads = [threading.Thread(target=self.work, args=[number], daemon=True) for number in range(THREADS)]
        threads += [threading.Thread(target=self.collect, args=[number], daemon=True) for number in range(READERS)]
        for thread in threads:
            thread.start()
        end = last = time.monotonic()
        end += seconds
        before: list[int] = []
        while (now := time.monotonic()) < end:
            time.sleep(0.2)
            state = [*self.begun, *self.collections]
            # Each for itself: two may hang while a third goes on.
            if not before or all(new > old for new, old in zip(state, before, strict=True)):
                before, last = state, now
            elif now - last > STALL:
                return False
        self.stopping = True
        for thread in threads:
            thread.join(STALL)
        return not any(thread.is_alive() for thread in threads)

    def settled(self) -> bool:
        """Whether no call is open any more, once the backlog has been worked off."""
        gc.collect()
        left, last = len(self.telemetry.gauges.open), time.monotonic()
        while left and time.monotonic() - last < STALL:
            time.sleep(0.05)
            if len(self.telemetry.gauges.open) < left:
                left, last = len(self.telemetry.gauges.open), time.monotonic()
        return not left

    def total(self, name: str) -> float:
        """The sum over a counter's points."""
        data: Any = self.readers[0].get_metrics_data()
        return sum(
            point.value
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        )


class _Counting(SpanProcessor):
    def __init__(self, spans: Iterator[int]) -> None:
        self._spans = spans

    def on_end(self, span: ReadableSpan) -> None:
        next(self._spans)


def child(seconds: float) -> int:
    """The app under stress; prints a line a check."""
    faulthandler.dump_traceback_later(seconds + GRACE - 5, exit=True)
    app = App()
    started = time.monotonic()
    if not app.run(seconds):
        faulthandler.dump_traceback(file=sys.stderr)
        print(f"{sum(app.begun):,} streams begun")
        # Nothing of the SDK can be asked any more.
        return report([(f"hung after {time.monotonic() - started - STALL:.1f} s", False)])
    begun, settled = sum(app.begun), app.settled()
    calls, spans = app.total("chunkmeter.calls"), next(app.spans)
    print(f"{begun:,} streams begun, {sum(app.collections):,} collections of metrics, thresholds {gc.get_threshold()}")
    return report(
        [
            ("never hung", True),
            (f"left open: {len(app.telemetry.gauges.open):,}", settled),
            (f"calls counted: {calls:,.0f}", calls == begun),
            (f"spans ended: {spans:,}", spans == begun),
            (f"errors counted: {app.total('chunkmeter.errors'):,.0f}", app.total("chunkmeter.errors") == 0),
        ]
    )


def report(checks: list[tuple[str, bool]]) -> int:
    for text, passed in checks:
        print(f"{'ok    ' if passed else 'FAILED'} {text}")
    failed = sum(not passed for _, passed in checks)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def watch(arguments: list[str], seconds: float) -> int:
    """Runs the child, with a deadline that no hang of its own can move."""
    command = [sys.executable, "-m", "checks.stress", "--child", *arguments]
    try:
        status = subprocess.run(command, timeout=seconds + GRACE, check=False).returncode
    except subprocess.TimeoutExpired:
        return report([(f"hung: not done {GRACE:.0f} s after its time", False)])
    if status < 0:  # what runs where the collector is at work may bring the interpreter down
        return report([(f"crashed, by signal {-status}", False)])
    return 1 if status else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.child:
        asked("stress")
        return watch(sys.argv[1:], options.seconds)
    plant("stress")
    status = child(options.seconds)
    sys.stdout.flush()
    os._exit(status)  # threads may hang


if __name__ == "__main__":
    sys.exit(main())
