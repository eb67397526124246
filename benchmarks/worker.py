"""One contender, in a process and an environment of its own: measures what it is asked to.

    python -m benchmarks.worker NAME off|content

Each line of stdin is a JSON object, {"do": METHOD of `Worker`, ARGUMENT: value, ...}; each of stdout is the answer.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from .contenders import CONTENDERS, SHORTEST, Providers, points
from .switch import Switch
from .timing import Pace, in_turns, rounds
from .workload import COMPLETION_TOKENS, PROMPT_TOKENS, REASON, Workload, Wrap

Answer = Any
_COUNTS = (PROMPT_TOKENS, COMPLETION_TOKENS)


class Worker:
    """A contender switched on, beside the bare SDK in the same process."""

    def __init__(self, name: str, *, content: bool) -> None:
        self.contender = CONTENDERS[name]
        self.providers = Providers()
        decorate = self.contender.decorate
        self.workload = Workload(decorate(self.providers) if decorate else _untouched)
        for through in ("openai", "mirascope"):
            self.workload.serve_plain()
            self.workload.ask(through, metered=False)
            self.workload.serve(SHORTEST)
            self.workload.read(through, None)  # What is imported at the first use is there before anything is patched.
        self.pace = Pace()
        self.workload.crowded(0, None, 1, self.pace)
        self._entered = ExitStack()  # left when the process ends
        self._entered.enter_context(self.workload.beneath())
        self.switch = Switch(lambda: self.contender.install(self.providers, content))
        gc.freeze()  # what has been loaded stays, and need not be gone through between the turns
        self.wrap: Callable[[Any], Any] = self.contender.wrap(self.providers) if self.contender.wrap else _untouched

    # --- what it is, and what it tells ---

    def hello(self) -> Answer:
        """Versions, what is patched, and what the contender tells of one stream."""
        names = (*self.contender.packages, "openai", "opentelemetry-sdk")
        return {
            "versions": {name: _version(name) for name in names},
            "patched": self.switch.patched,
            "tells": {through: self.tells(through) for through in self.contender.through},
        }

    def tells(self, through: str) -> Answer:
        """Which facts of a stream are found, anywhere, in the spans that end with it and in the metrics.

        Raises:
            RuntimeError: if the bare side is metered too, or the metered one is not.
        """
        self.workload.serve(10)
        self.providers.ended.spans = spans = []
        try:
            self.workload.read(through, self._side(metered=False))
            bare, before = len(spans), self._points()
            self.workload.read(through, self._side(metered=True))
        finally:
            self.providers.ended.spans = None
        told = {
            key: (number - earlier[0], sum_ - earlier[1])
            for key, (number, sum_) in self._points().items()
            if (number, sum_) != (earlier := before.get(key, (0, 0.0)))
        }
        if bare:
            raise RuntimeError(f"{bare} spans of the bare side")
        if not spans and not told:
            raise RuntimeError("nothing tells of the metered stream")
        said = {
            str(name): str(value)
            for span in spans
            for attributes in (span.attributes or {}, *(event.attributes or {} for event in span.events))
            for name, value in attributes.items()
        }
        tokens = [any(re.search(rf"\b{count}\b", text) for text in said.values()) for count in _COUNTS]
        return {
            "spans": len(spans),
            "finish reason": any(re.search(rf"\b{REASON}\b", text) for text in said.values()),
            "usage": all(tokens),
            "cost": any("cost" in name and _is_amount(text) for name, text in said.items()),
            "usage metric": any(sum_ in _COUNTS for _, sum_ in told.values()),
            "cost metric": any("cost" in name or "spend" in name for name, _ in told),
            "metrics": sorted({name for name, _ in told}),
        }

    def _points(self) -> dict[tuple[str, str], tuple[int, float]]:
        return {
            (metric.name, json.dumps(dict(point.attributes or {}), sort_keys=True, default=str)): (
                int(getattr(point, "count", 0)),
                float(getattr(point, "sum", getattr(point, "value", 0))),
            )
            for metric, point in points(self.providers.reader)
        }

    # --- what it costs ---

    def keep(self, usual: float | None) -> Answer:
        """Scale times to that pace, see `Pace`, or keep the own; says which it is."""
        if usual is not None:
            self.pace = Pace(usual)
        return self.pace.usual

    def parsed(self, through: str, chunks: int, seconds: float) -> Answer:
        """A whole stream that the SDK decodes: microseconds of CPU bare, and metered over bare."""
        return self._beside([self._stream(through, chunks, metered=metered) for metered in (False, True)], seconds)

    def plain(self, through: str, seconds: float) -> Answer:
        """A plain answer that the SDK decodes, likewise.

        Raises:
            RuntimeError: if the bare side is metered too, or the metered one is not.
        """
        sides = [self._plain(through, metered=metered) for metered in (False, True)]
        self.providers.ended.spans = spans = []
        try:
            sides[0]()()
            bare = len(spans)
            sides[1]()()
        finally:
            self.providers.ended.spans = None
        if bare or not spans:
            raise RuntimeError(f"{bare} spans of a bare plain call, {len(spans)} of both")
        return self._beside(sides, seconds)

    def _beside(self, sides: Sequence[Callable[[], Callable[[], object]]], seconds: float) -> Answer:
        taken = list(rounds(sides, seconds, self.pace))
        return {
            "bare": median(bare for bare, _ in taken),
            "ratio": median(metered / bare for bare, metered in taken),
        }

    def chunk(self, through: str, chunks: tuple[int, int], seconds: float, sampled: bool) -> Answer:
        """CPU added to a chunk of a ready stream, microseconds: what longer streams cost more than shorter ones."""
        fewer, more = chunks
        sides = [
            self._stream(through, number, metered=metered) for number in (fewer, more) for metered in (False, True)
        ]
        with self._ready(sampled=sampled):
            return median(
                (long_metered - long_bare - short_metered + short_bare) / (more - fewer)
                for short_bare, short_metered, long_bare, long_metered in rounds(sides, seconds, self.pace)
            )

    def call(self, through: str, turn: int, times: int, sampled: bool) -> Answer:
        """CPU added to the shortest stream, microseconds."""
        sides = [self._stream(through, SHORTEST, metered=metered) for metered in (False, True)]
        with self._ready(sampled=sampled):
            bare, metered = in_turns(sides, turn, times, self.pace)
        return metered - bare

    def memory(self, through: str, chunks: int) -> Answer:
        """The most that a stream held while it was read, bytes more than before it began, bare and metered."""
        self.workload.serve(chunks)
        read = self.workload.read
        with self.workload.ready():
            bare, metered = (_peak(partial(read, through, self._side(metered=metered))) for metered in (False, True))
        return {"bare": bare, "metered": metered}

    def crowd(self, streams: int, probes: int) -> Answer:
        """CPU of a metered call among that many open ones on one event loop, microseconds, and of a bare one alone."""
        self.workload.serve(SHORTEST)
        with self.workload.ready():
            bare = median(self.workload.crowded(0, self._side(metered=False), probes, self.pace))
            metered = median(self.workload.crowded(streams, self._side(metered=True), probes, self.pace))
        return {"bare": bare, "metered": metered}

    def _stream(self, through: str, chunks: int, *, metered: bool) -> Callable[[], Callable[[], object]]:
        """What prepares the reading of one stream."""

        def prepared() -> Callable[[], object]:
            self.workload.serve(chunks)
            return partial(self.workload.read, through, self._side(metered=metered))

        return prepared

    def _plain(self, through: str, *, metered: bool) -> Callable[[], Callable[[], object]]:
        """What prepares a plain call."""

        def prepared() -> Callable[[], object]:
            self.workload.serve_plain()
            self.switch.turn(on=metered)
            return partial(self.workload.ask, through, metered=metered)

        return prepared

    @contextmanager
    def _ready(self, *, sampled: bool) -> Iterator[None]:
        self.providers.sampler.sampled = sampled
        try:
            with self.workload.ready():
                yield
        finally:
            self.providers.sampler.sampled = True

    def _side(self, *, metered: bool) -> Wrap | None:
        self.switch.turn(on=metered)
        return self.wrap if metered else None


def _untouched(it: Any) -> Any:
    return it


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # chunkmeter, which is taken as it stands in the checkout
        return str(import_module(name).__version__)


def _is_amount(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _peak(run: Callable[[], object]) -> int:
    run()  # caches fill
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("content", choices=("off", "content"), help="how content is captured: off, or as it comes")
    options = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # a peer's greeting is no answer
    worker = Worker(options.name, content=options.content == "content")
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(worker, order.pop("do"))(**order)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
