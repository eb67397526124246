"""Threads as the process has them now: those of the operating system, or green ones in their place.

gevent and eventlet patch `threading` and `_thread`, before chunkmeter is imported or after. From then on what
`threading` makes belongs to one OS thread, its hub: whatever blocks that thread blocks every request. So locks, queues
and threads are made where they are first needed, not at import, and work that takes long is done beside the hub.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib.machinery import BuiltinImporter
from importlib.util import module_from_spec
from types import BuiltinFunctionType
from typing import Any, TypeVar

__all__ = ["aside", "green", "in_main", "kind", "native", "wait"]

_Result = TypeVar("_Result")


def kind() -> object:
    """What begins threads; another object once somebody has patched it."""
    return _thread.start_new_thread


def green() -> bool:
    """Whether threads are green ones."""
    return not isinstance(kind(), BuiltinFunctionType)


def in_main() -> bool:
    """Whether this is the OS thread that runs the app's hub, as far as the platform tells."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()


def native() -> Any:
    """The module `_thread` as nobody has patched it."""
    return _copy() if green() else _thread


@cache
def _copy() -> Any:
    # As `eventlet.patcher.original` does it.
    spec = BuiltinImporter.find_spec("_thread")
    if spec is None:
        raise ImportError("this Python has no built-in module _thread")
    module = module_from_spec(spec)
    BuiltinImporter.exec_module(module)
    return module


def wait(done: Callable[[], bool], seconds: float, every: float = 0.01) -> None:
    """Look again and again, until it is done or the time is up; other green threads go on meanwhile."""
    end = time.monotonic() + seconds
    while not done() and (left := end - time.monotonic()) > 0:
        threading.Event().wait(min(left, every))


def aside(work: Callable[[], _Result]) -> _Result:
    """The result of `work`; where threads are green, an OS thread does it, once however many ask, while others go on.

    It may touch nothing that green threads use as well: eventlet's locks hold only between the threads of one hub. One
    such thread works at a time, since two that wait for each other's imports make gevent begin a hub in each, and may
    hang in that.

    Args:
        work: the same object from all who ask.

    Raises:
        Exception: what `work` raised.
    """
    if not green():
        return work()
    mine = _Aside(work)
    while (theirs := _running.setdefault("one", mine)).work is not work:
        wait(lambda: _running.get("one") is not theirs, threading.TIMEOUT_MAX)
    if theirs is mine:
        native().start_new_thread(mine.run, ())
    wait(lambda: theirs.answer is not None, threading.TIMEOUT_MAX)
    return theirs.result()


class _Aside:
    """Work on a thread of its own, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.answer: tuple[Any, BaseException | None] | None = None

    def run(self) -> None:
        try:
            self.answer = (self.work(), None)
        except BaseException as error:  # noqa: BLE001 -- raised again by each who asked
            self.answer = (None, error)
        finally:
            _running.pop("one")  # whoever asks next, after a failure, has it done anew

    def result(self) -> Any:
        result, error = self.answer or (None, None)
        if error is not None:
            raise error
        return result


_running: dict[str, _Aside] = {}
"""The one that is at work: a dictionary's one step says which."""
