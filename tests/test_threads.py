"""Threads of whichever kind the process has; those of gevent and eventlet are run by `make green`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import NoReturn

import pytest

from chunkmeter import threads


def work() -> int:
    return threading.get_native_id()


def fail() -> NoReturn:
    raise LookupError("as told")


def test_without_green_threads_work_is_done_where_it_is_asked_for() -> None:
    assert not threads.green()
    assert threads.in_main()
    assert threads.aside(work) == threading.get_native_id()
    assert threads.native() is sys.modules["_thread"]


def test_elsewhere_is_not_the_main_thread() -> None:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(threads.in_main()))
    thread.start()
    thread.join()
    assert seen == [sys.platform != "linux"]


GREEN = """
import sys, threading, time
from functools import partial
from chunkmeter import threads

before = threads.kind()
if sys.argv[1] == "gevent":
    from gevent import monkey
    monkey.patch_all()
else:
    import eventlet
    eventlet.monkey_patch()
assert threads.green() and threads.in_main() and threads.kind() is not before

done, beats, answers = [], [], []
sleep = threads.native().allocate_lock()
sleep.acquire()

def work():
    sleep.acquire(timeout=0.5)  # an OS thread's wait
    done.append(threading.get_native_id())
    return len(done)

def fail():
    raise LookupError("as told")

def beat():
    while not answers:
        beats.append(None)
        time.sleep(0.01)

askers = [threading.Thread(target=lambda: answers.append(threads.aside(work))) for _ in range(3)]
for thread in (threading.Thread(target=beat, daemon=True), *askers):
    thread.start()
for thread in askers:
    thread.join()
assert answers == [1, 1, 1], answers
assert done != [threading.get_native_id()]
assert len(beats) > 10, len(beats)
for _ in range(2):
    try:
        threads.aside(fail)
    except LookupError as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_with_green_threads_an_os_thread_does_it_while_others_go_on(library: str) -> None:
    """Once for all who ask at the same time, and anew for whoever asks after a failure."""
    command = [sys.executable, "-W", "ignore", "-c", GREEN, library]
    kept = {
        name: word for name, word in os.environ.items() if not name.startswith("COVERAGE_")
    }  # it knows no greenlets
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=kept)
    assert (result.stdout, result.returncode) == ("as told\nas told\n", 0), result.stderr
