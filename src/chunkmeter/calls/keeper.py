"""Settles the calls that nobody ends: their stream was garbage collected, is idle too long, or open at the exit.

A finalizer runs wherever garbage is collected, which may be inside a lock of the SDK's. So a finalizer must not call
OpenTelemetry, log, or take a lock: it puts the call on a queue. The same holds for all other code that a collection
runs, such as the `__exit__` of a `with` in a collected generator. A daemon thread (`worker`) settles the calls on the
queue; a sweep at the exit settles what is left.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

from .. import pricing, threads
from ..facts.tally import Ending
from ..reporting.gauges import OpenCall
from ..reporting.telemetry import Telemetry
from ..shown import plain, quoted
from .worker import Task, Worker

__all__ = ["Keeper", "keeper"]

_logger = logging.getLogger("chunkmeter")

_LONGEST_WAIT = 60.0
_LONGEST_JOIN = 5.0
_LONGEST_FORK = 60.0
_LONGEST_COLLECTING_FORK = 1.0
_AFTER_FORK = 1.0
_NANOSECONDS = 1e9


class _Kept(Protocol):
    """A call that has not settled.

    Attributes:
        open: tells since when its stream is paused.
        telemetry: where it reports; the settings there say how long a pause may last.
    """

    open: OpenCall
    telemetry: Telemetry

    def settle(self, ending: Ending, /) -> None:
        """End the call, unless it has ended already."""

    def disown(self) -> None:
        """Leave the call to another process."""


class Keeper:
    """Holds the open calls, and the thread that settles those that nobody ends.

    It has no lock: each thing that two threads may do at once is one operation on a dictionary.
    """

    def __init__(self) -> None:
        self._kept: dict[OpenCall, _Kept] = {}
        self._watched: dict[weakref.ref[Telemetry], None] = {}
        self._workers: dict[object, Worker] = {}
        """The threads by kind, the newest last. The first call after gevent or eventlet has patched adds one."""
        self._idle: dict[Worker, None] = {}
        """The threads that are to begin: after a fork, when there is something to do."""
        self._closing = False
        self._forks: dict[int, list[Worker]] = {}
        """The threads that wait for the end of a fork, by the thread that forks."""
        self._forked = 0.0
        """When this process has forked last."""
        self._collector: int | None = None
        self.first: Callable[[Telemetry], None] | None = None
        """Called at the first call of a process, a forked one too."""
        self._begun_in = 0

    @property
    def collecting(self) -> bool:
        """Whether the garbage collector is running in this thread; it may have started inside a lock of the SDK's."""
        return self._collector is not None and self._collector == threading.get_ident()

    def on_collection(self, phase: str, _: dict[str, int]) -> None:
        """Note in which thread garbage is being collected; a callback for `gc.callbacks`."""
        self._collector = threading.get_ident() if phase == "start" else None
        if self._idle and self._kept and time.monotonic() > self._forked + _AFTER_FORK:
            self._renew()  # A stream may be paused for too long, and no further call begin.

    def keep(self, call: _Kept) -> None:
        """Look after a call that has begun."""
        self._kept[call.open] = call
        self.watch(call.telemetry)

    def release(self, call: OpenCall) -> bool:
        """Stop looking after a call; True for the first caller only, who then settles the call."""
        return self._kept.pop(call, None) is not None

    def later(self, task: Task) -> None:
        """Have the newest thread do it. Takes no lock, as finalizers need it; without a thread the sweep does it."""
        for worker in list(self._workers.values())[-1:]:
            worker.queue.put(task)
        if self._idle:
            self._renew()

    def watch(self, telemetry: Telemetry) -> None:
        """Make sure that the thread runs and refreshes `telemetry`, and that calls are swept at the exit."""
        known = weakref.ref(telemetry) in self._watched
        if self._idle:
            self._renew()
        if known and threads.kind() in self._workers:
            return
        if not known:
            for ref in list(self._watched):
                if ref() is None:
                    self._watched.pop(ref, None)
            self._watched[weakref.ref(telemetry)] = None
            if self.on_collection not in gc.callbacks:
                gc.callbacks.append(self.on_collection)
            # Exit hooks run last in, first out: the sweep is registered again, to run before the SDK's shutdown.
            atexit.unregister(self.sweep)
            atexit.register(self.sweep)
        if self.first is not None and self._begun_in != os.getpid():
            self._begun_in = os.getpid()
            self.first(telemetry)
        if threads.kind() not in self._workers:
            self._begin()
        if not known:
            self.later(telemetry.warm_up)  # This also has the thread look for idle streams more often, if need be.

    def _begin(self) -> None:
        """Start a thread of the present kind, which takes over from those of another kind."""
        if self._closing or (threads.green() and not threads.in_main()):
            # A green thread would belong to this thread's hub, which may never run again: the main one starts it.
            return
        pricing.import_looked_for()
        worker = Worker(self._warm_up, self._look, self._patience, self._idle)
        if self._workers.setdefault(worker.kind, worker) is not worker:
            return  # Another thread came first.
        self._idle[worker] = None
        try:
            worker.start()
        except RuntimeError as error:  # The interpreter is ending, or can start no more threads. The sweep will do.
            self._workers.pop(worker.kind)
            _logger.debug("The thread that settles collected streams did not start: %s", quoted(str(error)))
            return
        for other in list(self._workers.values()):
            if other is not worker:
                other.hand_over(worker)

    def _renew(self) -> None:
        if not self._closing:
            for worker in list(self._idle):
                worker.start_aside()

    def before_fork(self) -> None:
        """End the thread before a fork, or have it rest if it is green.

        A child that is forked while the thread imports the price table would hang at that import. The wait has a
        limit, since the forking thread may itself be in an import that ours waits for. A collection may have begun
        inside any lock, which ours may be waiting for too: it can wait for a moment only.
        """
        self._forks[threading.get_ident()] = resting = []  # first, so that no other fork's end begins a thread
        limit = _LONGEST_COLLECTING_FORK if self.collecting else _LONGEST_FORK
        resting.extend(worker for worker in list(self._workers.values()) if worker.rest(limit))

    def after_fork(self) -> None:
        """Let the thread go on in the parent after a fork: at once if something is waiting for it, else later.

        Later means at the next call, or when a stream is let go of. Some releases of Python 3.13 count threads after
        this, and would warn of one that begins here.
        """
        for worker in self._forks.pop(threading.get_ident(), ()):
            worker.resume()
        self._forked = time.monotonic()
        if self._forks or self._closing:
            return
        for kind, worker in list(self._workers.items()):
            if worker.over and kind is threads.kind() and (successor := worker.successor()) is not None:
                self._workers[kind] = successor
                self._idle[successor] = None
                if not successor.queue.empty():
                    self._renew()

    def forked(self) -> None:
        """Start afresh in a forked child: the parent settles its own calls, and its thread does not run here."""
        for worker in self._workers.values():
            worker.over = True  # a green thread does run here
        self._workers, self._idle, self._forks, self._closing = {}, {}, {}, False
        kept, self._kept = list(self._kept.values()), {}
        for call in kept:
            call.disown()

    def sweep(self) -> None:
        """Settle every open call, as the process is ending. A stream collected later is settled by the next sweep."""
        self._closing = True
        for worker in list(self._workers.values()):
            worker.end()
            worker.join(_LONGEST_JOIN)
        for call in list(self._kept.values()):
            call.settle("collected")

    def _warm_up(self) -> None:
        try:
            pricing.warm_up()
        except Exception as error:  # noqa: BLE001 -- calls go on being settled, without cost
            _logger.warning("The price table did not load (%s); calls count without cost.", plain(type(error).__name__))

    def _look(self) -> None:
        now = time.time_ns()
        # A list of pairs would be made of new objects, and a collection in the middle of it lets other threads run.
        for call in list(self._kept):
            kept = self._kept.get(call)
            if kept is None or not call.paused_ns:
                continue
            if now - call.paused_ns > kept.telemetry.settings.idle_timeout * _NANOSECONDS:
                kept.settle("collected")
        for telemetry in self._telemetries():
            telemetry.refresh()

    def _telemetries(self) -> list[Telemetry]:
        return [telemetry for ref in list(self._watched) if (telemetry := ref()) is not None]

    def _patience(self) -> float:
        shortest = min((telemetry.settings.idle_timeout for telemetry in self._telemetries()), default=600.0)
        return min(_LONGEST_WAIT, shortest / 4)


keeper = Keeper()
if hasattr(os, "register_at_fork"):  # Not on Windows, which has no fork.
    os.register_at_fork(before=keeper.before_fork, after_in_parent=keeper.after_fork, after_in_child=keeper.forked)
