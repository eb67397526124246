"""Exports what is held when a process ends in a way that runs no exit hooks: SIGTERM, the end of a child process.

A signal handler runs between two bytecodes of the main thread, maybe inside a lock of the SDK's that is not reentrant.
So the handler flushes nothing itself: a thread does, and where that thread seems to wait for such a lock, the handler
returns, for the main thread to let go of it. The time is bounded by threads, since `force_flush` of the SDK's batch
processor isn't by its timeout. They are begun by `_thread`, as `threading` would take a lock of its own.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.util import Finalize, register_after_fork
from types import FrameType
from typing import Any

from opentelemetry import metrics, trace

from .guard import unheard
from .keeper import keeper
from .telemetry import instances

__all__ = ["flush_on_exit"]

_logger = logging.getLogger("chunkmeter")

_LAST = -100
"""The priority of what a child process does after the finalizers of everybody else."""


def flush_on_exit(timeout: float = 5.0) -> None:
    """Have SIGTERM and the end of a `multiprocessing` child lose no telemetry.

    Open streams are settled, then metrics and spans of the global providers and of those given to chunkmeter are
    exported, and the process ends as it would have: by SIGTERM. A handler of SIGTERM that is there already is called
    after the export, with streams left open for it to finish; where SIGTERM is ignored, it stays so.

    Call it from the main thread where OpenTelemetry is set up, in each process that does that. Once more is harmless.
    It raises nothing: what can't be done is logged, with the cure.

    Args:
        timeout: seconds by which the end of the process is put off at most.
    """
    with unheard("flush_on_exit"):
        seconds = min(max(0.0, timeout), threading.TIMEOUT_MAX)
        _child_end.watch(seconds)
        if threading.current_thread() is not threading.main_thread():
            _child_end.warn_of_thread()
            return
        previous = signal.getsignal(signal.SIGTERM)
        if previous is signal.SIG_DFL or (callable(previous) and not isinstance(previous, _OnSigterm)):
            signal.signal(signal.SIGTERM, _OnSigterm(previous, seconds))


class _OnSigterm:
    """The handler of SIGTERM. `previous` is the one before it: a function, or the default of dying."""

    def __init__(self, previous: Callable[[int, FrameType | None], Any] | signal.Handlers, timeout: float) -> None:
        self._previous, self._timeout = previous, timeout

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not isinstance(self._previous, signal.Handlers):
            _flushing(settle=False).acquire(timeout=self._timeout)
            self._previous(number, frame)
            return
        signal.signal(number, signal.SIG_DFL)  # A second signal is obeyed at once.
        flushed = _flushing(settle=True)
        start_new_thread(_die, (number, flushed, self._timeout))
        if flushed.acquire(timeout=self._timeout / 2):
            _die(number, flushed, 0)


class _ChildEnd:
    """Flushes at the end of a `multiprocessing` child, which leaves by `os._exit`, without what `atexit` has."""

    def __init__(self) -> None:
        self._timeout: float | None = None
        self._warned = False

    def watch(self, timeout: float) -> None:
        """See to it in this process, if it is a child, and in those forked from it."""
        first, self._timeout = self._timeout is None, timeout
        if first:
            register_after_fork(self, _ChildEnd.begin)
            self.begin()

    def begin(self) -> None:
        """In a child: `multiprocessing` forgets its parent's finalizers there."""
        if parent_process() is not None:
            Finalize(None, self.flush, exitpriority=_LAST)

    def flush(self) -> None:
        """Within the time."""
        _flushing(settle=True).acquire(timeout=self._timeout or 0)

    def warn_of_thread(self) -> None:
        """Once."""
        if not self._warned:
            self._warned = True
            _logger.warning(
                "flush_on_exit() was called outside the main thread, where Python sets no signal handler: SIGTERM "
                "will lose what is not exported yet. Call it from the main thread, at the start of the app."
            )


_child_end = _ChildEnd()


def _flushing(*, settle: bool) -> LockType:
    """Begin a flush on a thread of its own; the lock is free when it is over."""
    over = allocate_lock()
    over.acquire()

    def run() -> None:
        try:
            _flush(settle=settle)
        finally:
            over.release()

    start_new_thread(run, ())
    return over


def _flush(*, settle: bool) -> None:
    if settle:
        with unheard("settling open streams at the end"):
            keeper.sweep()
    known = list(instances)
    # A child that made no call holds nothing but its parent's sums, which would count once more.
    inherited = {each.meter_provider for each in known if each.instruments.sums.inherited}
    inherited -= {each.meter_provider for each in known if each.instruments.sums.own}
    meters = {metrics.get_meter_provider(), *(each.meter_provider for each in known)} - inherited
    tracers = {trace.get_tracer_provider(), *(each.tracer_provider for each in known)}
    for provider in (*meters, *tracers):
        force_flush: Callable[[], Any] | None = getattr(provider, "force_flush", None)  # The API's have none.
        if force_flush is not None:
            with unheard("flushing a provider"):
                force_flush()


def _die(number: int, flushed: LockType, timeout: float) -> None:
    """By the signal, once that is flushed or the time is up."""
    flushed.acquire(timeout=timeout)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # The first process of a container is not killed by a signal of its own.
