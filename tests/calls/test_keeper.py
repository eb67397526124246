"""The keeper settles what nobody ends, on a thread of its own, and nothing is settled inside a finalizer."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

import chunkmeter
from chunkmeter import Settings
from chunkmeter.calls.keeper import keeper
from chunkmeter.reporting.telemetry import Telemetry
from chunkmeter.testing import Kit, attributes_of
from support.children import run
from support.sdk import eventually

EVENT: dict[str, Any] = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": None}]}


def generated() -> Iterator[Any]:
    for _ in range(3):
        yield EVENT


def wrap(kit: Kit, **keywords: Any) -> Any:
    return chunkmeter.wrap(generated(), provider="openai", telemetry=kit.telemetry, **keywords)


def test_a_short_timeout_is_kept_though_the_thread_had_been_patient(kit: Kit) -> None:
    """A new `Telemetry` wakes the thread, which may have been waiting by a longer one's timeout."""
    wrap(kit)
    eventually(lambda: bool(kit.spans))
    hasty = Kit(settings=Settings(idle_timeout=0.1))
    held = wrap(hasty)
    eventually(lambda: bool(hasty.spans), seconds=5)
    assert attributes_of(hasty.span)["chunkmeter.outcome"] == "abandoned"
    assert next(held) is EVENT
    hasty.shutdown()


def test_idle_streams_settle_though_others_are_let_go_of_all_the_time() -> None:
    """A queue that is never empty for long must not keep the thread from looking."""
    kit, busy = Kit(settings=Settings(idle_timeout=0.2)), Kit()
    held = wrap(kit)
    deadline = time.monotonic() + 10
    while not kit.spans:
        assert time.monotonic() < deadline
        wrap(busy)
        time.sleep(0.001)
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "abandoned"
    assert next(held) is EVENT
    kit.shutdown()
    busy.shutdown()


def test_nothing_is_written_or_recorded_where_a_stream_is_let_go_of(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the stream, not by its iterator, not by a `with` in a generator: the collector runs anywhere."""
    threads: list[threading.Thread] = []
    for method in ("assess", "write", "record"):
        original = getattr(Telemetry, method)

        def noted(*args: Any, _original: Any = original, **keywords: Any) -> Any:
            if args[0] is kit.telemetry:  # what other tests left behind may be let go of now, by whoever holds it
                threads.append(threading.current_thread())
            return _original(*args, **keywords)

        monkeypatch.setattr(Telemetry, method, noted)

    def held_in_a_generator() -> Iterator[Any]:
        with Closing(wrap(kit)) as stream:
            yield from stream

    span = kit.tracer.start_span("mine")
    held: tuple[Callable[[], Any], ...] = (
        lambda: wrap(kit), lambda: iter(Closing(wrap(kit))), lambda: wrap(kit, span=span), held_in_a_generator,
    )  # fmt: skip
    for begin in held:
        items = begin()  # held by its cycle alone: who frees what he holds himself does so where he pleases
        next(items)
        cycle: list[Any] = [items]
        cycle.append(cycle)
    del items, cycle
    gc.collect()
    assert threading.current_thread() not in threads
    eventually(lambda: kit.total("chunkmeter.calls") == 4)
    assert {thread.name for thread in threads} == {"chunkmeter"}
    span.end()


class Closing:
    """A stream with a context manager, as the SDKs' have."""

    def __init__(self, items: Any) -> None:
        self.items = items

    def __enter__(self) -> Any:
        return self.items

    def __exit__(self, *_: object) -> None:
        self.items.close()

    def __iter__(self) -> Iterator[Any]:
        yield from self.items


def test_a_fork_waits_for_the_thread_to_come_to_rest() -> None:
    """A child would inherit the locks that the thread holds, and nobody to free them."""
    kit = Kit()
    wrap(kit)
    eventually(lambda: len(kit.spans) == 1)  # by the thread, which has begun then
    keeper.before_fork()
    try:
        wrap(kit)
        time.sleep(0.05)
        assert len(kit.telemetry.gauges.open) == 1
    finally:
        keeper.after_fork()
    eventually(lambda: len(kit.spans) == 2)
    assert not kit.telemetry.gauges.open
    kit.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_fork_waits_for_the_price_table() -> None:
    """A child that is forked in the middle of an import hangs in it: nobody is there to end it."""
    reports = run(
        """
        import time

        class Slow:
            def find_spec(self, name, path=None, target=None):
                if name == "genai_prices":
                    time.sleep(6)

        sys.meta_path.insert(0, Slow())
        mine = wrapped()
        time.sleep(0.5)
        child = os.fork()
        if child == 0:
            list(wrapped())
            report("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """
    )
    assert reports == [["child", ["completed"], 1, 0]]


class Watched:
    """As much of a `Telemetry` as the keeper looks at."""

    settings = Settings()

    def warm_up(self) -> None:
        """Nothing has to be loaded."""

    def refresh(self) -> None:
        """Nothing has changed."""


def test_a_thread_may_look_while_another_one_adds() -> None:
    """Instrumented anew while the keeper goes through what it watches, with threads switching as often as they can."""
    failed: list[Exception] = []
    added = threading.Event()

    def look() -> None:
        try:
            while not added.is_set():
                keeper._patience()
        except RuntimeError as error:
            failed.append(error)

    interval, thread = sys.getswitchinterval(), threading.Thread(target=look)
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        held = [Watched() for _ in range(300)]
        for watched in held:
            keeper.watch(cast("Any", watched))
    finally:
        added.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert failed == []


@pytest.mark.slow
def test_what_an_sdk_looks_for_among_the_imported_modules_is_imported_before_its_request() -> None:
    """OpenAI's looks for httpx2 as it reads an answer: half imported in the keeper's thread, it would fail the call."""
    run(
        """
        import threading

        seen = []

        class Watching:
            def find_spec(self, name, path=None, target=None):
                if name == "httpx2":
                    seen.append(threading.current_thread() is threading.main_thread())

        sys.meta_path.insert(0, Watching())
        sys.modules["openai._httpx2"] = sys
        list(wrapped())
        kit.shutdown()
        assert seen == [True], seen
        """
    )
