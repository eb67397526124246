"""`spending`: what a block, or one call, has spent: exactly, whoever ends the call, and wherever that is."""

from __future__ import annotations

import asyncio
import decimal
import gc
import logging
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from typing import Any

import anthropic
import openai
import pytest
from mirascope.core import openai as mirascope_openai
from mirascope.retries.tenacity import collect_errors
from opentelemetry.trace import SpanKind
from tenacity import retry, stop_after_attempt

from chunkmeter import ChunkSpanProcessor, Priced, Spent, spending, wrap
from chunkmeter.calls import blocks
from chunkmeter.instrumentors import (
    AnthropicInstrumentor,
    GoogleGenAIInstrumentor,
    MirascopeInstrumentor,
    OpenAIInstrumentor,
)
from chunkmeter.streams import metered as metered_answers
from chunkmeter.testing import Kit
from replay.server import Server
from support.cells import instrument as instrument_mirascope
from support.children import run
from support.sdk import (
    ASK,
    aeventually,
    anthropic_client,
    async_openai_client,
    chat,
    eventually,
    google_client,
    message,
    openai_client,
)
from support.stainless import OPENAI, instrument
from support.streams import agenerated, events_of, generated

PLAIN = "openai-plain-stream"
STREAM = Decimal("0.00013020")
"""gpt-4o-mini: 176 x 0.15, 1024 x 0.075 and 45 x 0.60 USD a million."""
CALL = Decimal("0.00000945")
"""gpt-4o-mini: 31 x 0.15 and 8 x 0.60 USD a million."""


@pytest.fixture
def hooked(kit: Kit) -> Iterator[Kit]:
    """OpenAI's SDK reports to the kit."""
    instrument(OPENAI, kit)
    yield kit
    OpenAIInstrumentor().uninstrument()


def stream(kit: Kit, error: BaseException | None = None, *, last: int | None = None) -> Any:
    """A stream of 1200 tokens in, of which 1024 cached, and 45 out; `last` events are left out at its end."""
    events = events_of(PLAIN)
    return wrap(generated(events[:last], error), provider="openai", telemetry=kit.telemetry)


def astream(kit: Kit) -> Any:
    return wrap(agenerated(events_of(PLAIN)), provider="openai", telemetry=kit.telemetry)


def plain(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o-mini", messages=ASK, **more)


def told(spent: Spent | None) -> tuple[dict[str, Decimal], int, int]:
    assert spent is not None
    return spent.amounts, spent.calls, spent.open


def holds(kit: Kit, spent: Spent, amount: Decimal) -> None:
    """The block says the truth, and the counter says the same."""
    assert spent.amounts == {"USD": amount}
    assert kit.total("chunkmeter.spend") == pytest.approx(float(amount), abs=1e-12)
    assert kit.total("chunkmeter.calls") == spent.calls


# --- what it tells ---


def test_a_block_tells_everything_as_it_runs(kit: Kit) -> None:
    """Amounts, tokens by class, calls that are over and those that are not."""
    with spending() as spent:
        assert told(spent) == ({}, 0, 0)
        reading = stream(kit)
        assert told(spent) == ({}, 0, 1)
        list(reading)
        assert told(spent) == ({"USD": STREAM}, 1, 0)
        list(stream(kit))
    assert spent.by_status == {"USD": {"known": 2 * STREAM}}
    tokens = spent.tokens
    assert (tokens.input_tokens, tokens.cached_tokens, tokens.output_tokens) == (2400, 2048, 90)
    assert (tokens.reasoning_tokens, tokens.cache_write_tokens) == (0, None)
    assert (spent.unpriced, spent.incomplete) == ({}, {})
    holds(kit, spent, 2 * STREAM)
    assert repr(spent) == f"Spent(amounts={spent.amounts}, calls=2, open=0, unpriced={{}})"


def test_what_has_no_price_is_told_by_its_reason(kit: Kit) -> None:
    """Nothing is zero that isn't known; what is incomplete is in the amount, with what it lacks."""
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    answer = {"id": "r", "object": "response", "model": "gpt-4o-mini", "status": "completed", "output": [search]}
    with spending() as spent:
        list(stream(kit, last=-1))  # the event with the usage
        strange = [{**event, "model": "no-such-model"} for event in events_of(PLAIN)]
        list(wrap(generated(strange), telemetry=kit.telemetry))
        tier = {**answer, "output": [], "service_tier": "ultrafast", "usage": usage}
        list(wrap(generated([{"type": "response.completed", "response": tier}]), telemetry=kit.telemetry))
    assert spent.calls == 3
    assert spent.unpriced == {"no_usage": 1, "unknown_model": 1}
    # 1000 x 0.15 and 100 x 0.60 USD a million
    assert spent.by_status == {"USD": {"incomplete": Decimal("0.00021")}}
    assert spent.incomplete == {"tier:ultrafast": 1}


def test_of_tells_of_one_call_once_it_is_over(kit: Kit) -> None:
    """Before that it tells nothing, rather than something that will not hold; blocks don't matter."""
    reading = stream(kit)
    assert spending.of(reading) is None
    next(iter(reading))
    assert spending.of(reading) is None
    list(reading)
    assert told(spending.of(reading)) == ({"USD": STREAM}, 1, 0)
    one = spending.of(reading)
    assert one is not None
    assert one.tokens.output_tokens == 45


def test_of_says_once_that_it_knows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An object that nobody has metered, whatever it does when it is looked at."""

    class Odd:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        __hash__ = None  # pyrefly: ignore

    with caplog.at_level(logging.WARNING, "chunkmeter"):
        assert [spending.of(each) for each in ({}, None, iter(()), Odd(), {})] == [None] * 5
    assert caplog.text.count("builtins.dict") == 1
    assert "give it the very stream or answer" in caplog.text


# --- who belongs to a block ---


def test_nested_blocks_each_count_a_call(kit: Kit) -> None:
    """The inner one's are the outer one's too; one that was left counts nothing that starts later."""
    with spending() as outer:
        list(stream(kit))
        with spending() as inner:
            list(stream(kit))
            with spending() as empty:
                pass
        list(stream(kit))
    list(stream(kit))
    assert [told(each) for each in (outer, inner, empty)] == [
        ({"USD": 3 * STREAM}, 3, 0),
        ({"USD": STREAM}, 1, 0),
        ({}, 0, 0),
    ]


def test_a_stream_belongs_to_where_it_started(kit: Kit) -> None:
    """It counts when it is over, wherever it is read; a block around the reading has no part in it."""
    with spending() as started:
        reading = stream(kit)
    with spending() as reads:
        list(reading)
    assert told(started) == ({"USD": STREAM}, 1, 0)
    assert told(reads) == ({}, 0, 0)


def test_one_object_entered_twice_counts_twice(kit: Kit) -> None:
    """Each time anew, also one inside the other."""
    block = spending()
    with block as one:
        list(stream(kit))
        with block as two:
            list(stream(kit))
        list(stream(kit))
    with block as three:
        list(stream(kit))
    assert [each.calls for each in (one, two, three)] == [3, 1, 1]


def test_an_exception_passes_and_the_block_tells(kit: Kit) -> None:
    """As if there were no block."""
    block = spending()
    spent = block.__enter__()
    list(stream(kit))
    assert block.__exit__(LookupError, LookupError("of the app"), None) is None
    holds(kit, spent, STREAM)


@pytest.mark.parametrize("outcome", ["error", "closed", "abandoned"])
def test_calls_that_fail_or_are_left_count(kit: Kit, outcome: str) -> None:
    """As the counter has them: without usage no cost, and none of them is lost."""
    with spending() as spent:
        if outcome == "error":
            with pytest.raises(TimeoutError):
                list(stream(kit, TimeoutError(), last=2))
        else:
            reading: Any = stream(kit)
            next(reading)
            if outcome == "closed":
                reading.close()
            del reading
    eventually(lambda: not spent.open)
    assert (spent.calls, spent.amounts, spent.unpriced) == (1, {}, {"no_usage": 1})
    assert kit.total("chunkmeter.calls", outcome=outcome) == 1


def test_a_coarse_precision_of_the_app_s_rounds_nothing(kit: Kit) -> None:
    """Its decimal context is its own."""
    with spending() as spent:
        for _ in range(3):
            list(stream(kit))
    with decimal.localcontext(prec=1):
        assert spent.amounts == {"USD": Decimal("0.0003906")}


# --- concurrently ---


async def test_tasks_and_threads_with_the_context_belong(kit: Kit) -> None:
    """`asyncio.to_thread` takes the context along; blocks of tasks beside each other are apart."""

    async def spend(times: int) -> Spent:
        with spending() as spent:
            for _ in range(times):
                assert [item async for item in astream(kit)]
                await asyncio.sleep(0)
        return spent

    with spending() as everything:
        parts = await asyncio.gather(*(spend(times) for times in (1, 2, 3)))
        await asyncio.to_thread(lambda: list(stream(kit)))
    assert [told(each) for each in parts] == [({"USD": n * STREAM}, n, 0) for n in (1, 2, 3)]
    holds(kit, everything, 7 * STREAM)


async def test_a_task_that_outlives_the_block_belongs_no_more(kit: Kit) -> None:
    """What it had started by then does."""
    go_on = asyncio.Event()

    async def background() -> None:
        reading = astream(kit)
        await go_on.wait()
        assert [item async for item in reading]
        assert [item async for item in astream(kit)]

    with spending() as spent:
        task = asyncio.create_task(background())
        await aeventually(lambda: spent.open == 1)
    go_on.set()
    await task
    assert told(spent) == ({"USD": STREAM}, 1, 0)
    assert kit.total("chunkmeter.calls") == 2


def test_threads_settle_at_once_and_none_is_lost(kit: Kit) -> None:
    """More calls than are kept apart: what is added up meanwhile is exact. A pool's own threads belong to no block."""
    threads, times = 8, 200

    def spend() -> None:
        for _ in range(times):
            list(stream(kit))

    with spending() as spent, ThreadPoolExecutor(threads) as pool:
        alone = pool.submit(list, stream(kit))  # which starts here
        contexts = [copy_context() for _ in range(threads)]
        done = [pool.submit(context.run, spend) for context in contexts]
        apart = pool.submit(spend)
        for each in (alone, *done, apart):
            each.result()
    assert told(spent) == ({"USD": (threads * times + 1) * STREAM}, threads * times + 1, 0)
    assert kit.total("chunkmeter.calls") == (threads + 1) * times + 1
    assert spent.tokens.output_tokens == (threads * times + 1) * 45


def test_ten_thousand_overlapping_blocks_leave_nothing_behind(kit: Kit) -> None:
    """Left in the order in which they were entered, or by a generator in another context, or never read."""
    before = blocks._entered.get()
    list(stream(kit))
    gc.collect()
    objects = sum(isinstance(each, Spent) for each in gc.get_objects())

    def within() -> Generator[None]:
        with spending():
            yield

    living: weakref.WeakSet[Spent] = weakref.WeakSet()
    several = [spending() for _ in range(5)]
    for turn in range(10_000 // 6):
        for block in several:
            living.add(block.__enter__())
        if not turn % 100:
            list(stream(kit))
        generator = within()
        next(generator)
        copy_context().run(generator.close)
        for block in several:
            block.__exit__(None, None, None)
        assert len(blocks.blocks_here()) == 0
        blocks._entered.set(before)  # what the generator could not take away, as the end of a task or a request does
    del generator
    gc.collect()
    assert len(living) == 0
    assert sum(isinstance(each, Spent) for each in gc.get_objects()) == objects


def test_what_a_generator_left_open_goes_with_the_next_block(kit: Kit) -> None:
    """It left its block in another context; here the next block to be left takes it away too."""

    def within() -> Generator[None]:
        with spending():
            yield

    generator = within()
    next(generator)
    copy_context().run(generator.close)
    assert len(blocks._entered.get()) == 1
    assert blocks.blocks_here() == ()
    with spending() as spent:
        list(stream(kit))
    assert blocks._entered.get() == ()
    assert spent.calls == 1


# --- the hooks' calls ---


async def test_streams_and_answers_of_an_sdk(server: Server, hooked: Kit) -> None:
    """Sync and async, whole and in chunks; each object tells of its own call."""
    with spending() as spent:
        reading = chat(openai_client(server))
        list(reading)
        answer = plain(openai_client(server, "openai-plain-call"))
        async with async_openai_client(server) as client:
            areading = await chat(client)
            assert [item async for item in areading]
        async with async_openai_client(server, "openai-plain-call") as client:
            aanswer = await plain(client)
    for stream in (reading, areading):
        assert told(spending.of(stream)) == ({"USD": STREAM}, 1, 0)
    for whole in (answer, aanswer):
        assert told(spending.of(whole)) == ({"USD": CALL}, 1, 0)
    holds(hooked, spent, 2 * STREAM + 2 * CALL)
    assert spending.of(answer.model_copy()) is None


def test_answers_are_known_for_as_long_as_somebody_holds_them(server: Server, hooked: Kit) -> None:
    """And leave nothing behind."""
    answer = plain(openai_client(server, "openai-plain-call"))
    key = id(answer)
    assert key in metered_answers._answers
    del answer
    eventually(lambda: key not in metered_answers._answers)


def test_a_refused_request_is_a_call_without_usage(server: Server, hooked: Kit) -> None:
    """It is counted as the counter counts it."""
    with spending() as spent, pytest.raises(openai.RateLimitError):
        plain(openai_client(server, "openai-plain-call", "status=429"))
    assert (spent.calls, spent.amounts, spent.unpriced) == (1, {}, {"no_usage": 1})
    assert hooked.total("chunkmeter.calls") == 1


def test_helpers_of_an_sdk_tell(server: Server, kit: Kit) -> None:
    """Anthropic's helper around the stream of raw events, and the manager that gives it."""
    providers: dict[str, Any] = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    AnthropicInstrumentor().instrument(**providers, servers=["127.0.0.1=*"])
    client = anthropic_client(server, "anthropic-plain-stream")
    with spending() as spent:
        with client.messages.stream(model="claude-sonnet-4-5", messages=ASK, max_tokens=64) as helper:
            assert helper.get_final_text()
        raw: Any = message(client, "anthropic-plain-stream")
        list(raw)
    AnthropicInstrumentor().uninstrument()
    assert isinstance(raw, anthropic.Stream)
    one, other = spending.of(helper), spending.of(raw)
    assert one is not None
    assert other is not None
    assert one.amounts == other.amounts
    assert spent.amounts == {"USD": 2 * one.amounts["USD"]}
    assert kit.total("chunkmeter.spend") == pytest.approx(float(spent.amounts["USD"]), abs=1e-12)


def test_google_s_streams_belong_to_where_their_first_item_is_asked_for(server: Server, kit: Kit) -> None:
    """The SDK's generator does nothing before that, and is no object that tells of its call; its answers are."""
    GoogleGenAIInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    client, asked = google_client(server, "google-plain-stream"), {"model": "gemini-2.5-flash", "contents": "Lisbon?"}
    with spending() as made:
        reading: Any = client.models.generate_content_stream(**asked)
    with spending() as sent:
        list(reading)
    answering = google_client(server, "google-plain-call")
    with spending() as spent:
        answer = answering.models.generate_content(**asked)
    GoogleGenAIInstrumentor().uninstrument()
    assert made.calls == 0
    assert (sent.calls, spent.calls) == (1, 1)
    assert told(spending.of(answer)) == told(spent)
    total = sent.amounts["USD"] + spent.amounts["USD"]
    assert kit.total("chunkmeter.spend") == pytest.approx(float(total), abs=1e-12)


# --- Mirascope ---


@pytest.fixture
def mirascope(kit: Kit) -> Iterator[Kit]:
    instrument_mirascope(kit)
    yield kit
    MirascopeInstrumentor().uninstrument()


def describing(server: Server, scenario: str = PLAIN, options: str = "", **more: Any) -> Callable[[str], Any]:
    @mirascope_openai.call("gpt-4o-mini", client=openai_client(server, scenario, options), **more)
    def describe(city: str) -> str:
        return f"Describe {city} in one sentence."

    return describe


def test_mirascope_s_streams_tell_the_right_cost(server: Server, mirascope: Kit) -> None:
    """Beside its own, which leaves the cached tokens' price out."""
    with spending() as spent:
        reading = describing(server, stream=True)("Lisbon")
    assert spending.of(reading) is None
    with spending() as sent:  # its request is sent here
        for _ in reading:
            pass
    assert told(sent) == ({"USD": STREAM}, 1, 0)
    assert told(spending.of(reading)) == ({"USD": STREAM}, 1, 0)
    assert reading.cost is not None
    assert Decimal(repr(reading.cost)) != STREAM
    holds(mirascope, spent, STREAM)


def test_mirascope_s_answers_tell_their_cost(server: Server, mirascope: Kit) -> None:
    """A response of Mirascope's, and the SDK's in it."""
    with spending() as spent:
        answer = describing(server, "openai-plain-call")("Lisbon")
    assert told(spending.of(answer)) == told(spending.of(answer.response)) == ({"USD": CALL}, 1, 0)
    holds(mirascope, spent, CALL)


def test_hooks_in_each_other_count_once(server: Server, mirascope: Kit) -> None:
    """Mirascope's hook and the SDK's, of one request."""
    instrument(OPENAI, mirascope)
    with spending() as spent:
        for _ in describing(server, stream=True)("Lisbon"):
            pass
        answer = describing(server, "openai-plain-call")("Lisbon")
    OpenAIInstrumentor().uninstrument()
    assert told(spending.of(answer)) == ({"USD": CALL}, 1, 0)
    holds(mirascope, spent, STREAM + CALL)


def test_each_attempt_of_a_retried_run_counts_once(server: Server, mirascope: Kit) -> None:
    """The run's own span, which has the total, is no call."""
    tries: list[None] = []
    call = describing(server, "openai-plain-call")

    @retry(stop=stop_after_attempt(3), after=collect_errors(ValueError), reraise=True)
    def asked(*, errors: list[ValueError] | None = None) -> Any:
        tries.append(None)
        answer = call("Lisbon")
        if len(tries) < 3:
            raise ValueError("not good enough")
        return answer

    with spending() as spent:
        answer = asked()
    assert (spent.amounts, spent.calls) == ({"USD": 3 * CALL}, 3)
    assert told(spending.of(answer)) == ({"USD": CALL}, 1, 0)
    assert mirascope.total("chunkmeter.spend") == pytest.approx(float(3 * CALL), abs=1e-12)


# --- other instrumentations' calls ---


def test_calls_that_others_tell_of_belong_where_their_span_began() -> None:
    """They are in `chunkmeter.spend`, so they are here; once, whichever of two processors counts them."""
    with Kit() as kit:
        for _ in range(2):
            kit.tracer_provider.add_span_processor(
                ChunkSpanProcessor(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
            )
        told_by = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        }
        with spending() as spent:
            span = kit.tracer.start_span("chat gpt-4o-mini", kind=SpanKind.CLIENT, attributes=told_by)
            kit.tracer.start_span("something else").end()
        span.end()
        # 1000 x 0.15 and 100 x 0.60 USD a million
        holds(kit, spent, Decimal("0.00021"))


def test_where_nobody_asks_a_call_joins_nothing(kit: Kit) -> None:
    """Every call shares one empty tuple."""
    from chunkmeter.calls.begin import begin
    from chunkmeter.facts.request import Request

    one, other = (begin(kit.telemetry, Request(), None) for _ in range(2))
    assert one.blocks is other.blocks
    assert one.blocks == ()
    for call in (one, other):
        call.settle("closed")


async def test_an_async_generator_with_a_block(kit: Kit) -> None:
    """Its consumer's calls between its steps count to it as well: it runs in the consumer's context."""

    async def parts() -> AsyncGenerator[Spent]:
        with spending() as spent:
            assert [item async for item in astream(kit)]
            yield spent

    generator = parts()
    spent = await anext(generator)
    list(stream(kit))
    await generator.aclose()
    list(stream(kit))
    assert spent.calls == 2


def test_a_price_is_public_beside_it() -> None:
    """`Spent` is a public name, as what a price is."""
    assert Priced.__module__ != Spent.__module__


@pytest.mark.slow
def test_a_forked_child_counts_for_itself() -> None:
    """Its copy of the block has its own calls; its parent's open stream is its parent's."""
    said = run(
        """
        with chunkmeter.spending() as spent:
            left = wrapped()
            next(left)
            pid = os.fork()
            if pid == 0:
                list(wrapped())
                print(json.dumps(["child", spent.calls, spent.open]), flush=True)
                os._exit(0)
            os.waitpid(pid, 0)
            before = spent.calls, spent.open
            list(left)
            print(json.dumps(["parent", *before, spent.calls, spent.open]))
        """
    )
    assert said == [["child", 1, 0], ["parent", 0, 1, 1, 0]]
