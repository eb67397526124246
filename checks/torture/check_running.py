"""Cases 59 to 71: what it costs to run, and what the process does meanwhile."""

from __future__ import annotations

import asyncio
import gc
import pickle
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from openai import AsyncStream, Stream
from openai.types.chat import ChatCompletionChunk
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import BaseModel, ValidationError

from checks.torture.script import MODEL, answered, billed, choice, chunk, spent
from checks.torture.way import Way, chat, connection, unmetered
from chunkmeter import pricing, readers
from chunkmeter.calls.keeper import Keeper
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.instrumentors import MirascopeInstrumentor, OpenAIInstrumentor
from chunkmeter.pricing import InUse
from chunkmeter.readers import Reader
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import sdk
from support.cells import Cell, instrument
from support.children import run
from support.clients import new_client
from support.either import entered, given
from support.sdk import PLAIN, count_once, eventually, expect

Wrap = Callable[..., Any]
Play = Callable[..., str]

# Mirascope's own, in each `llm.call`.
MIRASCOPE = pytest.mark.filterwarnings(
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*"
)


# --- long streams ---


WORD, *END = [
    ChatCompletionChunk.model_validate(event)
    for event in (chunk(choice("word")), chunk(choice(finish="stop")), chunk(usage=spent(100, 20)))
]


def long(stream: Any, count: int) -> Any:
    """The SDK's own stream, over as many chunks as one likes, each of them an object of its own."""

    def chunks() -> Iterator[Any]:
        for _ in range(count - len(END)):
            yield WORD.model_copy()
        yield from END

    async def achunks() -> AsyncIterator[Any]:
        for item in chunks():
            yield item

    stream._iterator = chunks() if isinstance(stream, Stream) else achunks()
    return stream


async def test_59_memory_is_constant_in_the_number_of_chunks(
    way: Way, kit: Kit, wrap: Wrap, record_property: Callable[[str, str], None]
) -> None:
    """By tracemalloc, from the tenth chunk to the last but two; the user keeps none."""

    async def held(count: int) -> int:
        stream = wrap(long(await way.create(way.openai()), count))
        for _ in range(10):
            await way.next(stream)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(count - 10 - len(END)):
            await way.next(stream)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await way.rest(stream)
        return after - before

    await held(100)
    few, many = await held(1_000), await held(100_000)
    assert many < few + 4096
    assert [attributes_of(span)["chunkmeter.chunks"] for span in kit.spans] == [100, 1_000, 100_000]
    half = type(way).__name__.lower()
    record_property("said", f"memory of a stream, {half}: {few} B more after 10^3 chunks, {many} B more after 10^5")


async def test_60_the_work_a_chunk_is_bounded(way: Way, kit: Kit, wrap: Wrap) -> None:
    """Function calls of ours a chunk, early and late in a stream, since time is for a benchmark to measure."""
    stream = wrap(long(await way.create(way.openai()), 10_000))

    async def calls(count: int) -> float:
        made = 0

        def count_ours(frame: Any, event: str, _: object) -> None:
            nonlocal made
            made += event == "call" and "/chunkmeter/" in frame.f_code.co_filename

        sys.setprofile(count_ours)
        try:
            for _ in range(count):
                await way.next(stream)
        finally:
            sys.setprofile(None)
        return made / count

    await calls(10)
    early = await calls(100)
    for _ in range(9_000):
        await way.next(stream)
    late = await calls(100)
    assert early == late
    assert 0 < early <= 8
    await way.close(stream)


# --- prices and names ---


async def test_61_a_price_table_that_hangs_or_fails_holds_up_no_stream(
    way: Way, kit: Kit, wrap: Wrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is a file of the package's: nothing refreshes it, so no thread and no network can be missing."""
    released, keeper = threading.Event(), Keeper()
    monkeypatch.setattr(pricing, "warm_up", lambda: released.wait(60))
    monkeypatch.setattr("chunkmeter.calls.call.keeper", keeper)
    try:
        await way.rest(wrap(await way.create(way.openai())))
        expect(kit.span, PLAIN)
    finally:
        released.set()
        keeper.sweep()
        gc.callbacks.remove(keeper.on_collection)

    def fail(*_: object, **__: object) -> Any:
        raise OSError("no table")

    for owner, name in ((InUse, "known"), (pricing, "price")):  # a call that has had its like, and one that has not
        monkeypatch.setattr(owner, name, fail)
    assert len(await way.rest(wrap(await way.create(way.openai())))) == 8
    assert kit.total("chunkmeter.calls", cost__status="failed") == 1
    assert kit.total("chunkmeter.errors", stage="price") == 1


def test_62_invented_model_names_are_bounded(
    kit: Kit, caplog: pytest.LogCaptureFixture, record_property: Callable[[str, str], None]
) -> None:
    """100 of 10^5 are labels, one warning says so, and a model of the price table that comes after them is one too.

    Each is looked up, and has no price; what that takes is told, and that it doesn't grow.
    """
    count, traced, before, timed = 100_000, 2_000, 0, 20_000
    clock: dict[int, float] = {}

    def record(model: str) -> None:
        tally = Tally()
        tally.usage, tally.count_tokens = Tokens(input_tokens=10, output_tokens=1), lambda usage: usage
        ended = Ended(Request(provider="openai", model=model), tally, "abandoned", None, 1, 0, 1)
        facts = kit.telemetry.assess(ended)
        assert facts.cost_status == ("unknown_model" if model.startswith("invented") else "partial")
        kit.telemetry.record_cost(ended, facts, Context())

    for number in range(count):
        if number % timed == 0 or number == count - 2 * traced:
            clock[number] = time.process_time()
        if number == count - 2 * traced:
            tracemalloc.start()
        elif number == count - traced:  # All that the caches hold has been traced by now.
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
        record(f"invented-{number}")
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    record("gpt-4.1-nano")
    last = count - timed
    late = (clock[count - 2 * traced] - clock[last]) / (timed - 2 * traced)
    early = (clock[2 * timed] - clock[timed]) / timed
    calls = {point.attributes["gen_ai.request.model"]: point.value for point in kit.points("chunkmeter.calls")}
    assert (len(calls), calls["_OTHER"], calls["gpt-4.1-nano"]) == (102, count - 100, 1)
    assert after - before < 16 * 1024
    said = Counter(record.getMessage().partition(" model ")[0] for record in caplog.records)
    assert said.pop("No price is known for") == 100
    assert said.total() == 1
    record_property(
        "said",
        f"{count} invented models: {len(calls)} series, {after - before} B more for the last {traced}, each of the last"
        f" {timed - 2 * traced} took {late / early:.2f} times the CPU of one in the second {timed}",
    )


async def test_63_no_label_holds_none_text_or_an_id(way: Way, kit: Kit, wrap: Wrap, play: Play) -> None:
    for script in (billed(spent(100, 20)), answered(), [chunk(choice("Lis"), model="")]):
        await way.rest(wrap(await way.create(way.openai(play(script))), model=None))
    left = wrap(await way.create(way.openai()), provider=None)
    await way.take(left, 1)
    await way.close(left)
    data = kit.reader.get_metrics_data()
    assert data
    labels = {
        (name, value)
        for scope in data.resource_metrics[0].scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        for name, value in (point.attributes or {}).items()
    }
    assert {name for name, _ in labels} <= LABELS
    assert {value for _, value in labels} <= VALUES


LABELS = {
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.token.type",
    "gen_ai.usage.cost.currency",
    "gen_ai.usage.cost.source",
    "server.address",
    "error.type",
    "chunkmeter.finish_reason",
    "chunkmeter.outcome",
    "chunkmeter.usage.status",
    "chunkmeter.cost.status",
    "chunkmeter.price.source",
}
VALUES = {
    "chat", "openai", MODEL, "gpt-4o-mini", "input", "output", "USD", "local", "127.0.0.1", "stream_interrupted",
    "stop", "none", "completed", "interrupted", "closed", "reported", "missing", "known", "no_usage", "genai-prices",
}  # fmt: skip


# --- our own faults ---


async def test_64_a_fault_in_the_reader_leaves_the_stream_as_it_is(
    way: Way, kit: Kit, wrap: Wrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = [event.model_dump() for event in await way.rest(await unmetered(way, way.openai()))]

    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setitem(readers._loaded, "openai_chat", Reader("openai_chat", "chat", broken))
    got = await way.rest(wrap(await way.create(way.openai())))
    assert [event.model_dump() for event in got] == bare
    assert kit.total("chunkmeter.calls", usage__status="failed") == kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.errors", stage="reader") == len(bare)


# --- on and off ---


@pytest.fixture(params=[MirascopeInstrumentor, OpenAIInstrumentor], ids=["mirascope", "openai"])
def switch(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The instrumentor, off."""
    switch = request.param()
    yield switch
    if switch.is_instrumented_by_opentelemetry:
        switch.uninstrument()


@pytest.fixture
def function(server: Server, switch: Any) -> Iterator[Any]:
    """A function that streams: Mirascope's, or one that asks the SDK."""
    with ExitStack() as stack:
        if isinstance(switch, MirascopeInstrumentor):
            client = new_client("openai", f"{server.url}/openai", stack)
            yield Cell("openai", is_async=False, stream=True, kind="plain").decorate("decorator", client)
        else:
            client = stack.enter_context(sdk.openai_client(server))
            yield lambda _: sdk.chat(client)


def on(switch: Any, kit: Kit) -> None:
    """Switches it on."""
    switch.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)


@MIRASCOPE
def test_65_instrumented_twice_off_and_on_with_a_stream_open(
    kit: Kit, switch: Any, function: Any, caplog: pytest.LogCaptureFixture
) -> None:
    on(switch, kit)
    on(switch, kit)
    list(function("Faro"))
    assert len(kit.spans) == 1
    items = iter(function("Faro"))
    next(items)
    switch.uninstrument()
    list(function("Faro"))
    assert len(kit.spans) == 1
    on(switch, kit)
    assert len(list(items)) == 7
    list(function("Faro"))
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["completed"] * 3
    assert kit.total("chunkmeter.calls", outcome="completed") == kit.total("chunkmeter.calls") == 3
    assert not kit.telemetry.gauges.open


@MIRASCOPE
@pytest.mark.parametrize("by", ["suppress_instrumentation", "OTEL_SDK_DISABLED"])
def test_66_suppressed_or_disabled_it_is_silent(
    switch: Any, function: Any, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "OTEL_SDK_DISABLED":
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    kit = Kit()
    on(switch, kit)
    with ExitStack() as stack:
        if by == "suppress_instrumentation":
            stack.enter_context(suppress_instrumentation())
        assert len(list(function("Faro"))) == 8
    assert kit.spans == []
    assert kit.points("chunkmeter.calls") == []
    if by == "suppress_instrumentation":
        list(function("Faro"))
        assert kit.total("chunkmeter.calls") == 1
    kit.shutdown()


def test_67_a_fork_and_an_exit_with_open_streams() -> None:
    """Each process settles its own calls, the exit those that are open, whoever holds them."""
    reports = run(
        """
        import atexit, gc, os, threading, time
        atexit.unregister(kit.meter_provider._atexit_handler)
        atexit.register(lambda: report("parent at exit"))  # before the first stream, so it runs after the sweep
        mine = wrapped(); next(mine)
        child = os.fork()
        if child == 0:
            list(mine)
            own = wrapped(); next(own); del own
            while kit.telemetry.gauges.open:
                gc.collect(); time.sleep(0.01)
            list(wrapped())
            report("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        report("parent after the fork")
        def read():
            held = wrapped(); next(held); time.sleep(60)
        threading.Thread(target=read, daemon=True).start()
        cycle = [wrapped()]; cycle.append(cycle); next(cycle[0]); del cycle
        while len(kit.telemetry.gauges.open) < 3:
            time.sleep(0.01)
        """
    )
    assert reports == [
        ["child", ["abandoned", "completed"], 2, 0],
        ["parent after the fork", [], 0, 1],
        ["parent at exit", ["abandoned"] * 3, 3, 0],
    ]


# --- what the user sees ---


@pytest.mark.parametrize("how", ["raw", "streamed", "lines"])
async def test_68_with_raw_response_and_with_streaming_response(
    way: Way, kit: Kit, wrap: Wrap, metered_by: str, how: str
) -> None:
    completions, asked = way.openai().chat.completions, chat({})
    if how == "raw":
        response = await given(completions.with_raw_response.create(**asked))
        chunks = await way.rest(wrap(response.parse()))
        assert len(chunks) == 8
    else:
        async with entered(completions.with_streaming_response.create(**asked)) as response:
            assert kit.spans == []
            stream = await given(response.parse()) if how == "streamed" else response.iter_lines()
            # Nobody wraps what an instrumented SDK hands out, lines neither.
            await way.rest(stream if metered_by == "auto" else wrap(stream))
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


async def test_68_a_raw_answer_that_nobody_parses(way: Way, kit: Kit, wrap: Wrap, metered_by: str) -> None:
    """An instrumented SDK's is metered; `wrap` is for streams, and leaves it as it is."""
    client = way.openai("openai-plain-call")
    asked = chat({"stream": None, "stream_options": None})
    response = await given(client.chat.completions.with_raw_response.create(**asked))
    if metered_by == "wrap":
        assert wrap(response) is response
        assert kit.spans == []
    else:
        expect(kit.span, "openai-plain-call")
        count_once(kit, "openai-plain-call")


async def test_69_the_metered_stream_is_what_it_was(way: Way, wrap: Wrap) -> None:
    client = way.openai()
    bare, stream = await unmetered(way, client), await way.create(client)
    response = stream.response
    with pytest.raises(TypeError) as expected:
        pickle.dumps(bare)
    metered = wrap(stream)
    assert metered is stream
    assert isinstance(metered, Stream | AsyncStream)
    assert isinstance(metered, type(bare))
    assert repr(metered) == object.__repr__(bare).replace(hex(id(bare)), hex(id(metered)))
    assert metered.response is response
    assert vars(metered).keys() >= vars(bare).keys()
    with pytest.raises(TypeError) as caught:
        pickle.dumps(metered)
    assert str(caught.value) == str(expected.value)
    for each in (bare, metered):
        await way.close(each)


class Strict(BaseModel):
    """What the answer is not: a book's title is no number."""

    title: int
    author: str


@MIRASCOPE
def test_70_a_structured_stream_that_fails_half_way_fails_as_it_does_bare(kit: Kit, server: Server) -> None:
    from mirascope.core import openai

    def fails() -> tuple[int, str]:
        with sdk.openai_client(server, "openai-structured-stream") as client:

            @openai.call("gpt-4o-mini", response_model=Strict, stream=True, client=client)
            def recommend() -> str:
                return "Recommend a book."

            items = 0
            try:
                for _ in recommend():
                    items += 1
            except ValidationError as error:
                return items, str(error)
            raise AssertionError("it didn't fail")

    bare = fails()
    instrument(kit)
    try:
        assert fails() == bare
    finally:
        MirascopeInstrumentor().uninstrument()
    eventually(lambda: bool(kit.spans))
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == "error"
    assert attributes["error.type"].endswith("ValidationError")
    assert kit.total("chunkmeter.calls") == 1


async def test_70_the_sdk_s_own_structured_stream_too(way: Way, kit: Kit, wrap: Wrap) -> None:
    """It has been answered whole when the SDK finds that it doesn't fit."""
    completions = way.openai("openai-parsed-stream").beta.chat.completions

    def manager() -> Any:
        usage = {"include_usage": True}
        return completions.stream(model="gpt-4.1", messages=sdk.ASK, response_format=Strict, stream_options=usage)

    async def fails(manager: Any) -> tuple[list[str], str]:
        seen: list[str] = []
        try:
            async with way.inside(manager) as stream:
                while True:
                    seen.append((await way.next(stream)).type)
        except ValidationError as error:
            return seen, str(error)

    with suppress_instrumentation():
        bare = await fails(manager())
    assert await fails(wrap(manager(), model="gpt-4.1")) == bare
    assert kit.total("chunkmeter.calls") == 1
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]


# --- inside the SDK's lock ---


def locks_of(root: Any) -> list[Any]:
    """Every lock that the SDK's objects reachable from `root` hold."""
    kind = type(threading.Lock())
    seen, waiting, found = {id(root)}, [root], list[Any]()
    while waiting:
        for each in gc.get_referents(waiting.pop()):
            ours = isinstance(each, dict | list | tuple | kind) or type(each).__module__.startswith("opentelemetry.sdk")
            if id(each) not in seen and ours:
                seen.add(id(each))
                waiting.append(each)
                if isinstance(each, kind):
                    found.append(each)
    return found


async def test_71_collected_while_the_sdk_holds_its_lock(way: Way, kit: Kit, wrap: Wrap) -> None:
    await way.rest(wrap(await way.create(way.openai())))
    stream = wrap(await way.create(way.openai()))
    await way.take(stream, 2)
    held = connection(stream)
    cycle: list[Any] = [stream]
    cycle.append(cycle)
    if isinstance(stream, AsyncStream):  # Its loop holds a generator that has begun.
        vars(stream)["_iterator"] = None
    del stream, cycle
    await asyncio.sleep(0.05)
    locks = [*locks_of(kit.meter_provider), *locks_of(kit.tracer_provider)]
    assert len(locks) > 3
    collected = threading.Event()

    def collect() -> None:
        with ExitStack() as held:
            for lock in locks:
                held.callback(lock.release)
                lock.acquire()
            gc.collect()
            collected.set()

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(30)
    assert collected.is_set(), "the collector waits for the lock that its own thread holds"
    eventually(lambda: len(kit.spans) == 2)
    assert kit.total("chunkmeter.calls", outcome="abandoned") == 1
    await way.hang_up(held)
