"""`labels(...).around(iterable)`: labels for what a generator does, whoever iterates it and wherever."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import weakref
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, suppress
from typing import Any

import pytest

from chunkmeter import Settings, labels, wrap
from chunkmeter.testing import Kit, scripted

EVENT = {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}


def said() -> str:
    """The labels in force here, as text: `tenant=acme team=search`."""
    return " ".join(f"{name}={value}" for name, value in labels.said().items())


class Log(list[str]):
    """What generators have noted."""

    def numbers(self) -> Generator[int, Any, str]:
        self.append(f"begin {said()}")
        try:
            for number in range(3):
                try:
                    got = yield number
                    self.append(f"got {got} {said()}")
                except ValueError as error:
                    self.append(f"caught {error} {said()}")
        finally:
            self.append(f"end {said()}")
        return "done"

    async def anumbers(self) -> AsyncGenerator[int, Any]:
        self.append(f"begin {said()}")
        try:
            for number in range(3):
                await asyncio.sleep(0)
                try:
                    got = yield number
                    self.append(f"got {got} {said()}")
                except ValueError as error:
                    self.append(f"caught {error} {said()}")
        finally:
            await asyncio.sleep(0)
            self.append(f"end {said()}")


@pytest.fixture
def log() -> Log:
    return Log()


ACME = "tenant=acme"
ALL_THREE = [f"begin {ACME}", f"got None {ACME}", f"got None {ACME}", f"got None {ACME}", f"end {ACME}"]


def test_a_generator_has_the_labels_and_its_consumer_has_not(log: Log) -> None:
    """Nothing happens before the first step."""
    iterator = labels(tenant="acme").around(log.numbers())
    assert log == []
    assert [(number, said()) for number in iterator] == [(0, ""), (1, ""), (2, "")]
    assert log == ALL_THREE
    assert next(iterator, None) is None


async def test_an_async_generator_has_them_too(log: Log) -> None:
    iterator = labels(tenant="acme").around(log.anumbers())
    assert log == []
    assert [(number, said()) async for number in iterator] == [(0, ""), (1, ""), (2, "")]
    assert log == ALL_THREE
    with pytest.raises(StopAsyncIteration):
        await anext(iterator)


def test_kinds_are_kept(log: Log) -> None:
    """A framework asks which it is."""
    sync, other = labels().around(log.numbers()), labels().around(log.anumbers())
    assert (isinstance(sync, Iterator), isinstance(sync, AsyncIterable)) == (True, False)
    assert (isinstance(other, Iterable), isinstance(other, AsyncIterator)) == (False, True)
    assert iter(sync) is sync
    assert aiter(other) is other


class Both:
    """A stream with both protocols, as Mirascope's and LiteLLM's are, and more besides."""

    model = "gpt-4o-mini"

    def __init__(self) -> None:
        self.closed = ""

    def __iter__(self) -> Iterator[str]:
        yield said()

    async def __aiter__(self) -> AsyncIterator[str]:
        yield said()

    def shout(self) -> str:
        return said().upper()

    async def close(self) -> str:
        await asyncio.sleep(0)
        self.closed = said()
        return "closed"


async def test_what_has_both_protocols_keeps_both() -> None:
    """And its other attributes, which are no steps; a `close` to be awaited is awaited with the labels."""
    stream = Both()
    iterator: Any = labels(tenant="acme").around(stream)
    assert list(iterator) == [ACME]
    assert [item async for item in iterator] == [ACME]
    assert (iterator.model, iterator.shout()) == ("gpt-4o-mini", "")
    assert await iterator.close() == "closed"
    assert stream.closed == ACME
    with pytest.raises(AttributeError):
        _ = iterator.absent


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (7, r"labels\(\.\.\.\)\.around\(\) takes an iterable, sync or async, and not a int$"),
        (asyncio.sleep, "and not a builtin_function_or_method$|and not a function$"),
    ],
)
def test_what_is_no_iterable_is_refused(thing: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        labels().around(thing)


def test_what_has_to_be_awaited_first_is_said() -> None:
    """An async client's `create` gives a coroutine."""
    coroutine: Any = asyncio.sleep(0)
    with pytest.raises(TypeError, match=r"and not a coroutine: await it first$"):
        labels().around(coroutine)
    coroutine.close()


def test_the_methods_of_a_generator_pass(log: Log) -> None:
    """As steps with the labels, with what they take and give."""
    iterator: Any = labels(tenant="acme").around(log.numbers())
    assert next(iterator) == 0
    assert iterator.send("x") == 1
    assert iterator.throw(ValueError("late")) == 2
    iterator.close()
    assert log == [f"begin {ACME}", f"got x {ACME}", f"caught late {ACME}", f"end {ACME}"]
    assert said() == ""


async def test_the_methods_of_an_async_generator_pass(log: Log) -> None:
    iterator: Any = labels(tenant="acme").around(log.anumbers())
    assert await anext(iterator) == 0
    assert await iterator.asend("x") == 1
    assert await iterator.athrow(ValueError("late")) == 2
    await iterator.aclose()
    assert log == [f"begin {ACME}", f"got x {ACME}", f"caught late {ACME}", f"end {ACME}"]
    assert said() == ""


def test_a_generator_that_hands_on_is_none_the_wiser(log: Log) -> None:
    """`yield from` has what the generator returns, and passes on what it is sent."""

    def handing() -> Generator[int, Any, str]:
        inner: Any = labels(tenant="acme").around(log.numbers())
        return (yield from inner)

    generator = handing()
    assert [next(generator), generator.send("x"), generator.throw(ValueError("late"))] == [0, 1, 2]
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == "done"
    assert log[1:3] == [f"got x {ACME}", f"caught late {ACME}"]


def test_an_item_that_could_be_awaited_stays_itself() -> None:
    """A generator may give whatever it likes."""

    def futures() -> Generator[Any, Any]:
        while True:
            yield loop.create_future()

    loop = asyncio.new_event_loop()
    iterator: Any = labels().around(futures())
    assert isinstance(next(iterator), asyncio.Future)
    assert isinstance(iterator.send(None), asyncio.Future)
    loop.close()


def test_leaving_closes_what_is_closed(log: Log) -> None:
    """`closing` finds `close`; an iterable without one has none."""
    iterator: Any = labels(tenant="acme").around(log.numbers())
    with closing(iterator):
        next(iterator)
    assert log == [f"begin {ACME}", f"end {ACME}"]
    assert not hasattr(labels().around([1]), "close")


async def test_leaving_closes_async_ones(log: Log) -> None:
    iterator: Any = labels(tenant="acme").around(log.anumbers())
    async with aclosing(iterator):
        await anext(iterator)
    assert log == [f"begin {ACME}", f"end {ACME}"]


async def test_a_cancellation_reaches_the_generator_within_the_labels() -> None:
    """As a framework's does when its client leaves."""
    noted: list[str] = []

    async def waiting() -> AsyncGenerator[int]:
        yield 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            noted.append(said())
            raise

    async def serve() -> None:
        async for _ in labels(tenant="acme").around(waiting()):
            started.set()

    started = asyncio.Event()
    task = asyncio.create_task(serve())
    await started.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert noted == [ACME]


def test_exceptions_pass_as_they_are() -> None:
    """And the labels are gone after them."""
    broken = OSError("gone")

    def failing() -> Generator[int]:
        yield 1
        raise broken

    iterator = labels(tenant="acme").around(failing())
    assert next(iterator) == 1
    with pytest.raises(OSError, match="gone") as caught:
        next(iterator)
    assert caught.value is broken
    assert said() == ""


def test_the_consumers_labels_are_around_these(log: Log) -> None:
    """Of two values of a label the inner one wins, of two `around` too."""

    def telling() -> Generator[str]:
        while True:
            yield said()

    iterator = labels(tenant="acme", team="inner").around(labels(tenant="globex").around(telling()))
    with labels(tenant="framework", region="eu"):
        assert next(iterator) == "tenant=globex region=eu team=inner"
    with labels(team="night"):
        assert next(iterator) == "team=inner tenant=globex"
    assert next(iterator) == "tenant=globex team=inner"


def test_a_block_that_a_generator_is_in_stays_its_own() -> None:
    """Its value goes before the iterator's in each step, and its consumer has none of it."""

    def asking() -> Generator[str]:
        with labels(tenant="globex"):
            yield said()
            yield said()
        yield said()

    iterator = labels(tenant="acme").around(asking())
    assert [(item, said()) for item in iterator] == [("tenant=globex", ""), ("tenant=globex", ""), (ACME, "")]


async def test_the_same_of_an_async_one() -> None:
    async def asking() -> AsyncGenerator[str]:
        with labels(tenant="globex"):
            await asyncio.sleep(0)
            yield said()
            await asyncio.sleep(0)
            yield said()
        yield said()

    iterator = labels(tenant="acme").around(asking())
    assert [(item, said()) async for item in iterator] == [("tenant=globex", ""), ("tenant=globex", ""), (ACME, "")]


async def test_each_step_may_be_done_elsewhere(log: Log) -> None:
    """In another task or thread, as Starlette does with sync generators."""
    iterator = labels(tenant="acme").around(log.numbers())
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next, iterator).result() == 0
    assert await asyncio.to_thread(next, iterator) == 1
    assert next(iterator) == 2
    assert contextvars.Context().run(next, iterator, None) is None
    assert log == ALL_THREE

    log.clear()
    other: Any = labels(tenant="acme").around(log.anumbers())
    assert [await asyncio.create_task(anext(other)) for _ in range(3)] == [0, 1, 2]
    assert await asyncio.wait_for(anext(other, None), 60) is None
    assert log == ALL_THREE


def test_a_suspended_step_leaves_no_label_behind(log: Log) -> None:
    """Neither while it is suspended nor once it is let go of, whoever drives it."""
    first: Any = labels(tenant="acme").around(log.anumbers())
    second: Any = labels(tenant="globex").around(log.anumbers())
    one, two = anext(first), anext(second)
    for step in (one, two):
        step.send(None)
        assert said() == ""
    for step, number in ((one, 0), (two, 0)):
        with pytest.raises(StopIteration) as end:
            step.send(None)
        assert (end.value.value, said()) == (number, "")
    closing_one = first.aclose()
    closing_one.send(None)
    with labels(tenant="other"):
        closing_one.close()
        assert said() == "tenant=other"
    with suppress(StopIteration):
        closing_two = second.aclose()
        while True:
            closing_two.send(None)
    assert log == [f"begin {ACME}", "begin tenant=globex", "end tenant=globex"]


def test_a_copy_is_refused_as_a_generators_is(log: Log) -> None:
    """Not by running out of stack."""
    with pytest.raises(TypeError, match="generator"):
        copy.deepcopy(labels().around(log.numbers()))


def test_what_is_let_go_of_goes() -> None:
    """Nothing holds the generator but the iterator, so a metered stream in it is settled as ever."""

    def numbers() -> Generator[int]:
        yield 1

    generator = numbers()
    gone = weakref.ref(generator)
    iterator = labels().around(generator)
    next(iterator)
    del generator, iterator
    gc.collect()
    assert gone() is None


class Held:
    """Something in a generator's frame."""


@pytest.mark.parametrize("way", ["throw", "athrow", "cancel"])
def test_an_exception_that_is_thrown_in_holds_nothing_afterwards(way: str) -> None:
    """No frame of ours holds it while its traceback holds the frame: a circle would wait for the collector."""
    gone: list[weakref.ref[Held]] = []

    def numbers() -> Generator[int]:
        held = Held()
        gone.append(weakref.ref(held))
        yield 1

    async def anumbers() -> AsyncGenerator[int]:
        held = Held()
        gone.append(weakref.ref(held))
        yield 1
        await asyncio.sleep(60)

    def throw() -> None:
        iterator: Any = labels(tenant="acme").around(numbers())
        next(iterator)
        with suppress(ValueError):
            iterator.throw(ValueError("late"))

    async def athrow() -> None:
        iterator: Any = labels(tenant="acme").around(anumbers())
        await anext(iterator)
        with suppress(ValueError):
            await iterator.athrow(ValueError("late"))

    async def serve() -> None:
        async for _ in labels(tenant="acme").around(anumbers()):
            pass

    async def cancel() -> None:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    gc.disable()
    try:
        if way == "throw":
            throw()
        else:
            asyncio.run(athrow() if way == "athrow" else cancel())
        assert gone[0]() is None
    finally:
        gc.enable()


def test_a_call_that_a_generator_makes_is_labelled() -> None:
    """The tenant of a streaming answer, which a block around it loses."""
    with Kit(settings=Settings(metric_labels=("tenant",))) as kit:

        def answer() -> Generator[Any]:
            yield from wrap(scripted([EVENT]), provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry)

        with labels(tenant="lost"):
            blocked = answer()
        list(blocked)
        list(labels(tenant="acme").around(answer()))
        tenants = [point.attributes.get("tenant") for point in kit.points("chunkmeter.calls")]
        assert tenants == [None, "acme"]
