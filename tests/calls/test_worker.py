"""The keeper's thread is gone while the process forks, and is there again when there is something to do."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from textwrap import dedent

import pytest

from chunkmeter import threads
from chunkmeter.calls.keeper import Keeper
from chunkmeter.testing import Kit
from support.children import run
from support.sdk import eventually

FORKING = """
import gc, threading, time, warnings

warnings.simplefilter("always")  # what Python says, stands on standard error
beside = []
os.register_at_fork(after_in_parent=lambda: beside.append(threading.active_count() - 1))

def began():
    stream = wrapped()
    next(stream)
    return stream

def fork():
    global kit
    child = os.fork()
    if child == 0:
        kit = Kit()
        list(wrapped())
        began()
        until(2)
        report("child")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
CHILD = ["child", ["abandoned", "completed"], 2, 0]


class _Lonely(Keeper):
    """A keeper of its own, which looks after a Kit that meters nothing."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self.kit = kit
        self.watch(kit.telemetry)

    def threads(self) -> list[threading.Thread]:
        """The threads in which it does what it is given; one a task."""
        mine: list[threading.Thread] = []
        self.later(lambda: mine.append(threading.current_thread()))
        eventually(lambda: bool(mine))
        return mine


@pytest.fixture
def lonely(kit: Kit) -> Iterator[_Lonely]:
    keeper = _Lonely(kit)
    yield keeper
    keeper.sweep()
    gc.callbacks.remove(keeper.on_collection)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("list(wrapped())", id="a call that has ended"),
        pytest.param("began()", id="a stream that nobody holds any more"),
        pytest.param("held.append(began())", id="a stream that is still open"),
    ],
)
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_process_that_forks_has_no_thread_of_ours(before: str) -> None:
    """Python 3.12 and newer would warn of it. Three forks, each after a call that had the thread begin."""
    reports = run(
        FORKING
        + dedent(f"""
        held = []
        for _ in range(3):
            {before}
            fork()
        held.clear()
        until(3)
        report("parent")
        print(json.dumps(beside))
        """)
    )
    outcome = "completed" if before == "list(wrapped())" else "abandoned"
    assert reports == [CHILD, CHILD, CHILD, ["parent", [outcome] * 3, 3, 0], [0, 0, 0]]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_stream_that_is_idle_in_the_parent_settles_though_no_call_follows() -> None:
    """The next collection has the thread begin again."""
    reports = run(
        FORKING
        + dedent("""
        kit = Kit(settings=chunkmeter.Settings(idle_timeout=0.2))
        held = began()
        fork()
        end = time.monotonic() + 30
        while not kit.spans and time.monotonic() < end:
            gc.collect()
            time.sleep(0.05)
        report("parent")
        print(json.dumps(beside))
        """)
    )
    assert reports == [CHILD, ["parent", ["abandoned"], 1, 0], [0]]


def test_the_thread_ends_before_a_fork_and_another_one_does_what_follows(lonely: _Lonely) -> None:
    [first] = lonely.threads()
    others = set(threading.enumerate()) - {first}
    lonely.before_fork()
    assert not first.is_alive()
    lonely.after_fork()
    assert set(threading.enumerate()) <= others  # Python 3.13 may count after this
    [second] = lonely.threads()
    assert (second is not first, second.name, second.daemon) == (True, "chunkmeter", True)


def test_what_is_given_during_a_fork_is_done_after_it(lonely: _Lonely) -> None:
    done: list[str] = []
    lonely.threads()
    lonely.before_fork()
    lonely.later(lambda: done.append("given meanwhile"))
    assert done == []
    lonely.after_fork()
    eventually(lambda: bool(done))


def test_two_threads_may_fork_at_once(lonely: _Lonely) -> None:
    """The end of one fork begins no thread beside the other."""
    [first] = lonely.threads()
    other = threading.Thread(target=lambda: (lonely.before_fork(), over.wait(30), lonely.after_fork()))
    done, over = threading.Event(), threading.Event()
    lonely.before_fork()
    other.start()
    eventually(lambda: len(lonely._forks) == 2)
    lonely.later(done.set)
    lonely.after_fork()
    assert not first.is_alive()
    assert not lonely._idle
    assert not done.is_set()
    over.set()
    other.join()
    eventually(done.is_set)


def test_the_thread_itself_may_fork(lonely: _Lonely) -> None:
    """As an exporter may, or a processor: it can't wait for its own end, and goes on."""
    [first] = lonely.threads()
    lonely.later(lonely.before_fork)
    lonely.later(lonely.after_fork)
    assert lonely.threads() == [first]


@pytest.mark.slow
def test_a_fork_inside_a_collection_does_not_wait_for_what_it_holds_itself(lonely: _Lonely) -> None:
    """A collection may begin inside a lock of the SDK's, for which the thread waits."""
    lock, done = threading.Lock(), threading.Event()

    def need() -> None:
        with lock:
            pass

    lonely.threads()
    with lock:
        lonely.later(need)
        lonely.on_collection("start", {})
        lonely.before_fork()  # returns, though the lock is held
        lonely.on_collection("stop", {})
        lonely.later(done.set)
        lonely.after_fork()
        assert done.wait(30)  # by another thread: that one still waits


def test_a_thread_that_cannot_begin_again_is_tried_again(lonely: _Lonely, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def start_new_thread(self, *_: object) -> None:
            raise RuntimeError("can't start new thread")

    lonely.threads()
    lonely.before_fork()
    lonely.after_fork()
    done = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threads, "native", Exhausted)
        lonely.later(done.set)
    assert not done.is_set()
    assert lonely.threads()
    assert done.is_set()
