"""Ten thousand streams at the same time, each left in its own way, and one that is cancelled wherever it can be."""

from __future__ import annotations

import asyncio
import copy
import gc
import random
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from checks.torture.script import STOP, TEXT, chunk, spent
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import sdk
from support.sdk import aeventually

COUNT = 10_000
SEED = 20261126
EVENTS = [ChatCompletionChunk.model_validate(event) for event in (*TEXT, STOP, chunk(usage=spent(100, 20)))]


async def events() -> AsyncIterator[Any]:
    for event in EVENTS:
        await asyncio.sleep(0)
        yield event


@pytest.mark.wrap_alone("ten thousand copies of one answer")
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
        await going.wait()
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
        threads, others = set(threading.enumerate()), len(asyncio.all_tasks())
        for _ in range(COUNT):
            stream = copy.copy(bare)
            stream._iterator = events()
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
        # The loop closes the generators that were collected, each in a task.
        await aeventually(lambda: len(kit.spans) >= COUNT and len(asyncio.all_tasks()) <= others, seconds=120)
        assert not kit.telemetry.gauges.open
        assert set(threading.enumerate()) <= threads
    assert len(kit.spans) == COUNT
    outcomes = Counter(attributes_of(span)["chunkmeter.outcome"] for span in kit.spans)
    assert outcomes == expected
    assert kit.total("chunkmeter.calls") == COUNT + 1
    record_property(
        "said",
        f"{COUNT} concurrent async streams: {len(kit.spans)} spans, {kit.total('chunkmeter.calls') - 1:.0f}"
        f" counted, {dict(outcomes)}, open {len(kit.telemetry.gauges.open)}, seed {SEED}",
    )


@pytest.mark.wrap_alone("a hundred copies of one answer")
async def test_cancelled_at_any_await_it_is_one_span_and_one_call(
    server: Server, kit: Kit, wrap: Callable[..., Any], record_property: Callable[[str, str], None]
) -> None:
    """A task is cancelled after 0, 1, 2, ... turns of the loop, until there is nothing left to be cancelled."""

    async def read(bare: Any, begun: list[int]) -> None:
        stream = copy.copy(bare)
        stream._iterator = events()
        begun.append(1)
        async with wrap(stream) as entered:
            async for _ in entered:
                await asyncio.sleep(0)

    begun: list[int] = []
    turns = 0
    async with sdk.async_openai_client(server) as client:
        bare = await sdk.chat(client)
        for turns in range(100):
            task = asyncio.create_task(read(bare, begun))
            for _ in range(turns):
                await asyncio.sleep(0)
            if not task.cancel():
                break
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not kit.telemetry.gauges.open
        await task
        await bare.response.aclose()
    outcomes = Counter(attributes_of(span)["chunkmeter.outcome"] for span in kit.spans)
    assert len(kit.spans) == kit.total("chunkmeter.calls") == len(begun) == turns
    assert outcomes == {"cancelled": turns - 1, "completed": 1}
    assert turns > 2 * len(EVENTS)
    record_property("said", f"cancelled at each of {turns - 1} awaits: {dict(outcomes)}")
