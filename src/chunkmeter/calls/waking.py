"""Wakes the main thread for a signal that came as it began to wait.

Python's handlers run between two bytecodes of the main thread. A signal that comes just before that thread waits in C,
such as for a lock, is noted, and the wait goes on: the handler runs after it, which may be never. The system's own
handler, in whose place ours stands, would have ended the process. A pool waits for all workers that it has ended.
https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from .. import threads

__all__ = ["wake_main"]

_PAUSE = 0.1
"""Seconds that the handler has to begin by itself, and between two attempts to wake the main thread."""
_ATTEMPTS = 50
_ends: tuple[int, int] = (-1, -1)
"""The pipe to which Python writes the numbers of signals, of this process or of the one that it was forked from."""


def wake_main(number: int, is_due: Callable[[], bool]) -> None:
    """Have the main thread of this process woken for a signal that it doesn't handle.

    Nothing is done where another party is told of signals (`signal.set_wakeup_fd`), as an event loop is, or handles the
    signal that wakes, SIGURG; nor on a platform without it.

    Args:
        number: the signal.
        is_due: whether its handler has not begun yet.

    Raises:
        ValueError: if this is not the main thread.
    """
    global _ends  # noqa: PLW0603 -- the system has one for the process, too
    if not hasattr(signal, "SIGURG") or signal.getsignal(signal.SIGURG) not in (signal.SIG_DFL, _nothing):
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before not in (-1, _ends[1]):
        signal.set_wakeup_fd(before)
        _close(reading, writing)
        return
    if before != -1:
        _close(*_ends)  # Our copies of the parent's, who has not been told of a signal to this process since.
    _ends = reading, writing
    # It says nothing and ends nothing, but a wait in C looks for handlers when it comes.
    signal.signal(signal.SIGURG, _nothing)
    threads.native().start_new_thread(_wake, (reading, number, is_due))


def _nothing(*_: object) -> None:
    """Handle a signal that is only to wake."""


def _close(*descriptors: int) -> None:
    for each in descriptors:
        os.close(each)


def _wake(reading: int, number: int, is_due: Callable[[], bool]) -> None:
    main = threading.main_thread().ident
    while main is not None and (told := os.read(reading, 64)):
        # A child that this process forks writes to the same pipe until its own first call, so an end to it is needed.
        for _ in range(_ATTEMPTS if number in told else 0):
            time.sleep(_PAUSE)
            if not is_due():
                break
            signal.pthread_kill(main, signal.SIGURG)
