"""The keeper's thread: of the kind that the process makes as it begins, an OS thread or a green one.

Before a fork an OS thread ends, since Python warns of a fork beside threads, and its successor begins when there is
something to do. A green one only rests: it is no thread to Python's count, and goes on where the hub does.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from _queue import Empty, SimpleQueue
from collections.abc import Callable

from .. import threads

__all__ = ["Task", "Worker"]

Task = Callable[[], None]

_logger = logging.getLogger("chunkmeter")

_GLANCE = 0.1
"""Seconds between two looks of a green thread's: nothing that a finalizer may call can wake it."""
_CLEAR = 1.0
"""Seconds that a fork leaves the thread for what is waiting in its queue, after what it is working on."""
_LEAVE = 0.1
"""Seconds for the system to take an ended thread off its list, where Python counts; it takes microseconds."""
_INSTANT = 0.0002


class Worker:
    """Does what it is given, one after the other, and looks around in between.

    Args:
        first: what it does first.
        look: what it does at least every `patience()` seconds.
        patience: asked for anew whenever it has something to do.
        idle: those that have to begin. Who takes one out of it begins it, or keeps it from beginning.
        queue: what is waiting for it; a queue of its own by default.

    Attributes:
        queue: what it is given; None only wakes it. It is C's, which takes from inside a collection too.
        kind: of which kind its thread is.
        over: set to have it end. What is left in the queue is left to others.
    """

    def __init__(
        self,
        first: Task,
        look: Task,
        patience: Callable[[], float],
        idle: dict[Worker, None],
        queue: SimpleQueue[Task | None] | None = None,
    ) -> None:
        self.queue: SimpleQueue[Task | None] = SimpleQueue() if queue is None else queue
        self.over = False
        self.kind, self._green = threads.kind(), threads.green()
        self._first, self._look, self._patience, self._idle = first, look, patience, idle
        self._busy = threading.Lock()
        """Held from the beginning until `first` is done, and whenever it works."""
        self._busy.acquire()
        self._thread = threading.Thread(target=self._run, name="chunkmeter", daemon=True)
        self._starter: int | None = None
        """The thread that began this one, if that was all it was for."""
        self._unsucceeded = [True]

    def start(self) -> None:
        """Begin, unless somebody else sees to that.

        Raises:
            RuntimeError: where the interpreter is ending, or has no thread left. It never begins then.
        """
        if self._taken():
            try:
                self._thread.start()
            except RuntimeError:
                self.over = True
                raise

    def start_aside(self) -> None:
        """Begin soon, unless somebody else sees to that; where there is no thread left, stay idle.

        A finalizer may call this. Starting a `Thread` takes a lock, which the code that a finalizer interrupts may
        hold: another thread does it.
        """
        if self.kind is threads.kind() and self._taken():
            try:
                threads.native().start_new_thread(self._start_for_another, ())
            except RuntimeError:
                self._idle[self] = None

    def end(self) -> None:
        """Have it end after what it is working on."""
        self.over = True
        self.queue.put(None)

    def hand_over(self, other: Worker) -> None:
        """End, and leave to another what is waiting here."""
        self._taken()
        try:
            while True:
                other.queue.put(self.queue.get_nowait())
        except Empty:
            self.end()

    def join(self, seconds: float) -> None:
        """Wait for its end, that long at most."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def rest(self, seconds: float) -> bool:
        """Come to rest before a fork: a green thread until `resume`, another one for good.

        Args:
            seconds: how long that may take.

        Returns:
            Whether `resume` is called for.
        """
        if self._green:
            return self._busy.acquire(timeout=seconds)
        if self._thread is threading.current_thread():
            return False  # It is what forks.
        if self._taken():
            self.over = True
            return False
        end = time.monotonic() + seconds
        threads.wait(lambda: self._thread.ident is not None or self.over or self in self._idle, seconds, _INSTANT)
        if not self.over:
            self.queue.put(self._leave)
            if self._busy.acquire(timeout=seconds):
                self._busy.release()
                self.join(min(_CLEAR, seconds))
        if self._thread.is_alive():
            self.end()
            self.join(max(0.0, end - time.monotonic()))
        self.over = True  # also where it ended by a failure: it is succeeded then
        threads.wait(self._gone, _LEAVE, _INSTANT)
        return False

    def resume(self) -> None:
        """Go on after the fork, in the parent."""
        self._busy.release()

    def successor(self) -> Worker | None:
        """One that goes on where this one ended, with the same queue; None for all but the first who asks."""
        try:
            self._unsucceeded.pop()
        except IndexError:
            return None
        return Worker(self._first, self._look, self._patience, self._idle, self.queue)

    def _taken(self) -> bool:
        """Whether it was idle; for the first who asks."""
        return self._idle.pop(self, self) is None

    def _start_for_another(self) -> None:
        self._starter = threading.get_native_id()
        try:
            self._thread.start()
        except RuntimeError:
            self._idle[self] = None

    def _leave(self) -> None:
        self.over = True

    def _gone(self) -> bool:
        """Whether the system has ended the threads too, as far as Linux tells."""
        ended = (self._starter, self._thread.native_id)
        return not any(each and os.path.exists(f"/proc/self/task/{each}") for each in ended)

    def _run(self) -> None:
        try:
            self._first()
        finally:
            self._busy.release()
        look_again = 0.0
        while not self.over:
            now, patience = time.monotonic(), self._patience()
            if look_again - now > patience or look_again <= now:
                with self._busy:
                    self._look()
                look_again = now + patience
            task = self._next(look_again - now)
            if task is not None:
                with self._busy:
                    task()
            del task  # Not to keep the last one alive while waiting for the next.

    def _next(self, seconds: float) -> Task | None:
        """What to do now; None where nothing has come in that time, or something only to wake it."""
        if self._green:  # waiting in the queue would block the hub
            threads.wait(lambda: not self.queue.empty(), seconds, _GLANCE)
        try:
            return self.queue.get(timeout=0 if self._green else seconds)
        except Empty:
            return None
