"""What ten thousand streams at the same time leave behind, and a hundred thousand models that there are not."""

from __future__ import annotations

import asyncio
import copy
import gc
import random
import threading
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk
from opentelemetry.context import Context

from chunkmeter import Unpriced
from chunkmeter.facts import Ended, Facts, Request
from chunkmeter.tally import Tally, Tokens
from replay.server import Server
from tests import sdk
from tests.kit import Kit, attributes_of
from tests.sdk import eventually
from tests.torture.script import STOP, TEXT, chunk, spent

COUNT = 10_000
SEED = 20261126
EVENTS = [ChatCompletionChunk.model_validate(event) for event in (*TEXT, STOP, chunk(usage=spent(100, 20)))]


async def events(stalled: asyncio.Event) -> AsyncIterator[Any]:
    for event in EVENTS:
        await stalled.wait()
        yield event


async def test_abandoned_at_random_each_is_one_span_and_one_call(
    server: Server, kit: Kit, wrap: Callable[..., Any], record_property: Callable[[str, str], None]
) -> None:
    """Let go of, closed, cancelled, failed in the user's own code, or read to the end."""
    draw = random.Random(SEED)
    begun, going = asyncio.Event(), asyncio.Event()
    waiting = 0

    async def use(stream: Any, left_at: int, how: str) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == COUNT:
            begun.set()
        items = aiter(stream)
        for _ in range(left_at):
            await anext(items)
        if how == "close":
            await stream.close()
        elif how == "cancel":
            await asyncio.get_running_loop().create_future()
        elif how == "raise":
            raise LookupError("the user's own")
        elif how == "read on":
            async for _ in items:
                pass

    async with sdk.async_openai_client(server) as client:
        bare = await sdk.chat(client)
        expected: Counter[str] = Counter()
        tasks: list[tuple[asyncio.Task[None], str]] = []
        warm = wrap(copy.copy(bare))  # the keeper's thread is there from now on
        await warm.close()
        kit.exporter.clear()
        threads, others = threading.active_count(), len(asyncio.all_tasks())
        for _ in range(COUNT):
            stream = copy.copy(bare)
            stream._iterator = events(going)
            how = draw.choice(("let go", "close", "cancel", "raise", "read on"))
            left_at = draw.randrange(len(EVENTS) + 1)
            tasks.append((asyncio.create_task(use(wrap(stream), left_at, how)), how))
            # The third event has the reason. What nobody closes is settled when it is collected.
            final = left_at >= 3 or how == "read on"
            expected["completed" if final else "closed" if how == "close" else "abandoned"] += 1
            del stream
        await begun.wait()
        assert kit.total("chunkmeter.streams.open") == COUNT
        going.set()
        await asyncio.sleep(0)
        quiet = [task for task, how in tasks if how != "cancel"]
        await asyncio.gather(*quiet, return_exceptions=True)
        for task, how in tasks:
            if how == "cancel":
                task.cancel()
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        assert sum(task.cancelled() for task, _ in tasks) == sum(how == "cancel" for _, how in tasks)
        tasks.clear()
        quiet.clear()
        del task
        gc.collect()
        await asyncio.sleep(0.1)  # The loop closes the generators that were collected.
        eventually(lambda: not kit.telemetry.open, seconds=120)
        assert len(asyncio.all_tasks()) == others
        assert threading.active_count() == threads
    assert len(kit.spans) == COUNT
    outcomes = Counter(attributes_of(span)["chunkmeter.outcome"] for span in kit.spans)
    assert outcomes == expected
    assert kit.total("chunkmeter.calls") == COUNT + 1
    record_property(
        "said",
        f"{COUNT} concurrent async streams: {len(kit.spans)} spans, {kit.total('chunkmeter.calls') - 1:.0f}"
        f" counted, {dict(outcomes)}, open {len(kit.telemetry.open)}, seed {SEED}",
    )


def test_a_hundred_thousand_invented_models_leave_room_for_a_known_one(
    kit: Kit, caplog: pytest.LogCaptureFixture, record_property: Callable[[str, str], None]
) -> None:
    """Their calls are counted as those of `_OTHER`, one warning says so, and no memory is kept of them."""
    count, before = 100_000, 0
    unpriced = Facts(Tokens(), "missing", Unpriced("no_usage"), [])

    def record(model: str) -> None:
        ended = Ended(Request(provider="openai", model=model), Tally(), "abandoned", None, 1, 0, 1)
        kit.telemetry.record_cost(ended, unpriced, Context())

    for number in range(count):
        if number == count - 5_000:
            gc.collect()
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
        record(f"invented-{number}")
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    record("gpt-4.1-nano")
    calls = {point.attributes["gen_ai.request.model"]: point.value for point in kit.points("chunkmeter.calls")}
    assert (len(calls), calls["_OTHER"], calls["gpt-4.1-nano"]) == (102, count - 100, 1)
    assert after - before < 64 * 1024
    assert len(caplog.records) == 1
    record_property("said", f"{count} invented models: {len(calls)} series, {after - before} B more for the last 5,000")
