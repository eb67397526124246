"""What metering adds to a chunk: process CPU time of the same stream, bare and metered, in one process.

    python benchmarks/bench.py [--rounds 15] [--chunks 2000]

Streams come from an in-process transport, so nothing waits. Bare and metered take turns, each pair of neighbours
gives one difference and one ratio; medians are printed, with the quartiles as spread.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from mirascope.core import openai as mirascope
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

import chunkmeter
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.telemetry import Telemetry

GOAL = 1.0
"""Percent of the SDK's own work on a chunk that metering may add."""
REPEATS = 10
"""How often the parsed chunks are read, where nothing parses them."""


def body(chunks: int) -> bytes:
    """A stream of one word a chunk, its reason and its usage, as OpenAI sends it."""
    envelope: dict[str, Any] = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1763800001,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_51db84afab",
        "usage": None,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**envelope, "choices": [choice]}

    events: list[dict[str, Any]] = [chunk({"role": "assistant", "content": "", "refusal": None})]
    events += [chunk({"content": " word"}) for _ in range(chunks - 3)]
    events.append(chunk({}, "stop"))
    usage = {"prompt_tokens": 12, "completion_tokens": chunks, "total_tokens": chunks + 12}
    events.append({**envelope, "choices": [], "usage": usage})
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def transport(answer: bytes) -> httpx.MockTransport:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=answer)

    return httpx.MockTransport(handle)


@dataclass(frozen=True, slots=True)
class Case:
    """One stream, read to its end bare and metered; each gives the number of chunks it saw."""

    name: str
    bare: Callable[[], int]
    metered: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Result:
    """CPU of a case, microseconds a chunk."""

    name: str
    bare: list[float]
    metered: list[float]

    @property
    def ratios(self) -> list[float]:
        return [metered / bare for bare, metered in zip(self.bare, self.metered, strict=True)]

    @property
    def fastest(self) -> float:
        """The ratio of each side's fastest round: what a busy machine adds, it adds to the others."""
        return min(self.metered) / min(self.bare)

    @property
    def added(self) -> list[float]:
        return [metered - bare for bare, metered in zip(self.bare, self.metered, strict=True)]


def measured(read: Callable[[], int]) -> float:
    """Microseconds of CPU a chunk, the collector's work left out: it falls on either by chance."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time_ns()
        chunks = read()
        return (time.process_time_ns() - start) / 1e3 / chunks
    finally:
        gc.enable()


def run(case: Case, rounds: int) -> Result:
    """Interleaved rounds, whose order changes so that neither side is always first."""
    for read in (case.bare, case.metered, case.bare, case.metered):
        read()
    result = Result(case.name, [], [])
    sides = [(case.bare, result.bare), (case.metered, result.metered)]
    for number in range(rounds):
        for read, times in sides if number % 2 else reversed(sides):
            times.append(measured(read))
    return result


def count(stream: Iterable[Any]) -> int:
    chunks = 0
    for _ in stream:
        chunks += 1
    return chunks


async def acount(stream: Any) -> int:
    chunks = 0
    async for _ in stream:
        chunks += 1
    return chunks


def create(client: Any) -> Any:
    return client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Write."}],
        stream=True,
        stream_options={"include_usage": True},
    )


def through_openai(answer: bytes, telemetry: Telemetry) -> Case:
    client = OpenAI(api_key="none", http_client=httpx.Client(transport=transport(answer)))

    def metered() -> int:
        return count(chunkmeter.wrap(create(client), provider="openai", model="gpt-4o-mini", telemetry=telemetry))

    return Case("OpenAI SDK, for", lambda: count(create(client)), metered)


def through_async_openai(answer: bytes, telemetry: Telemetry) -> Case:
    def read(*, metered: bool) -> int:
        async def reading() -> int:
            async with AsyncOpenAI(
                api_key="none", http_client=httpx.AsyncClient(transport=transport(answer))
            ) as client:
                stream = await create(client)
                if metered:
                    stream = chunkmeter.wrap(stream, provider="openai", model="gpt-4o-mini", telemetry=telemetry)
                return await acount(stream)

        return asyncio.run(reading())

    return Case("OpenAI SDK, async for", lambda: read(metered=False), lambda: read(metered=True))


def through_mirascope(answer: bytes, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> Case:
    client = OpenAI(api_key="none", http_client=httpx.Client(transport=transport(answer)))

    def write() -> str:
        return "Write."

    call: Any = mirascope.call("gpt-4o-mini", stream=True, client=client)
    write_stream = call(write)
    instrumentor = MirascopeInstrumentor()

    def metered() -> int:
        return count(write_stream())

    def bare() -> int:
        instrumentor.uninstrument()
        try:
            return count(write_stream())
        finally:
            instrumentor.instrument(tracer_provider=tracer_provider, meter_provider=meter_provider)

    instrumentor.instrument(tracer_provider=tracer_provider, meter_provider=meter_provider)
    return Case("Mirascope, for", bare, metered)


def spread(values: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def report(result: Result) -> None:
    bare = statistics.median(result.bare)
    low, ratio, high = spread(result.ratios)
    added_low, added, added_high = spread(result.added)
    print(
        f"{result.name:22} wrapped / bare = {ratio:.4f} [{low:.4f} .. {high:.4f}], fastest {result.fastest:.4f}   "
        f"bare {bare:6.2f} us a chunk, added {added:+.3f} us [{added_low:+.3f} .. {added_high:+.3f}]"
    )


class Nothing:
    """A stream of ready-made chunks: what an SDK's stream costs when the SDK does nothing."""

    def __init__(self, chunks: list[Any]) -> None:
        self._iterator = iter(chunks)

    def __iter__(self) -> Any:
        yield from self._iterator

    def __next__(self) -> Any:
        return next(self._iterator)


def without_sdk(name: str, chunks: list[Any], telemetry: Telemetry) -> Case:
    """Chunks that were parsed before: metering alone, free of the SDK's noise."""

    def metered() -> int:
        return count(chunkmeter.wrap(Nothing(chunks), provider="openai", model="gpt-4o-mini", telemetry=telemetry))

    return Case(name, lambda: count(Nothing(chunks)), metered)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--chunks", type=int, default=1000)
    options = parser.parse_args()
    answer = body(options.chunks)
    tracer_provider, meter_provider = TracerProvider(), MeterProvider([InMemoryMetricReader()])
    telemetry = Telemetry(tracer_provider, meter_provider)
    print(f"CPU a chunk, {options.rounds} interleaved rounds of {options.chunks} chunks: median [quartiles]")
    openai = run(through_openai(answer, telemetry), options.rounds)
    report(openai)
    report(run(through_async_openai(answer, telemetry), options.rounds))
    report(run(through_mirascope(answer, tracer_provider, meter_provider), options.rounds))
    with OpenAI(api_key="none", http_client=httpx.Client(transport=transport(answer))) as client:
        parsed = list(create(client))
    work = statistics.median(openai.bare)
    # Long enough for what a call costs as a whole to vanish; that is told by one of three chunks.
    alone = spread(run(without_sdk("tap and reader", parsed * REPEATS, telemetry), options.rounds).added)
    whole = spread(run(without_sdk("call", parsed[:1] + parsed[-2:], telemetry), options.rounds).added)
    low, share, high = (100 * added / work for added in alone)
    print(
        f"tap and reader alone: {alone[1]:.3f} us a chunk [{alone[0]:.3f} .. {alone[2]:.3f}], "
        f"{share:.2f} % [{low:.2f} .. {high:.2f}] of the SDK's {work:.1f} us (goal: {GOAL} %)"
    )
    print(f"a call, its span, metrics and price: {3 * whole[1]:.0f} us [{3 * whole[0]:.0f} .. {3 * whole[2]:.0f}]")


if __name__ == "__main__":
    main()
