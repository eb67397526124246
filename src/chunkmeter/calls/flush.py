"""Exports telemetry when a process ends without running exit hooks: by SIGTERM, or as a child of a pool.

A child of `multiprocessing` or of Celery's prefork pool sees to its end by itself, from its first call on. Any other
process has to be told to, since the handler of a signal is the application's to choose.

A signal handler runs between two bytecodes of the main thread, which may hold a lock of the SDK's at that moment. A
flush in the handler could wait for that lock forever. So a thread flushes. If the thread takes longer than half of the
timeout, the handler returns, so that the main thread can release its lock.

The timeout is kept by waiting for the thread, since the SDK's batch processor does not keep the one that `force_flush`
is given. The threads are started by `_thread`: `threading` takes a lock of its own. A green thread
flushes where threads are green; the handler, which may run in their hub, returns at once there.
"""

from __future__ import annotations

import _thread
import logging
import os
import signal
import sys
import threading
from _thread import LockType
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from opentelemetry import metrics, trace

from .. import threads
from ..guard import unheard
from ..reporting.telemetry import Telemetry, instances
from .keeper import keeper
from .raising import before_it_raises
from .waking import wake_main

__all__ = ["flush_on_exit", "watch_first_calls"]

_logger = logging.getLogger("chunkmeter")

_LAST = -100
"""Priority of our finalizer in a child process: so low that it runs after everybody else's."""
_TIMEOUT = 5.0


def flush_on_exit(timeout: float = _TIMEOUT) -> None:
    """Have telemetry exported before SIGTERM, or the end of a `multiprocessing` child, ends the process.

    At SIGTERM open streams are settled. Then the metrics and spans of the global providers, and of the providers given
    to chunkmeter, are exported. Then SIGTERM ends the process, as it would have without this. If the app has a
    SIGTERM handler already, that handler is called after the export instead, and streams stay open for it to finish.
    If the app ignores SIGTERM, it stays ignored.

    `CHUNKMETER_FLUSH_ON_EXIT=true` does this without a line of code. A `multiprocessing` child does it by itself, from
    its first call on. Call this from the main thread, in each process that sets up OpenTelemetry, where it does that. A
    further call does no harm. It raises nothing: what can't be done is logged, with what to do about it.

    Args:
        timeout: how long the end of the process may be delayed, in seconds.
    """
    with unheard("flush_on_exit"):
        seconds = min(max(0.0, timeout), threading.TIMEOUT_MAX)
        _child_end.watch(seconds)
        if not _handle_sigterm(seconds):
            _child_end.warn_of_thread()


def watch_first_calls() -> None:
    """Have each process see to its end at its first call, if it is a child, or if the settings ask for that."""
    keeper.first = _at_first_call


def _at_first_call(telemetry: Telemetry) -> None:
    with unheard("seeing to the end of the process"):
        _watch_celery()
        if telemetry.settings.flush_on_exit:
            flush_on_exit()
        elif _is_child():
            _child_end.begin()
            _handle_sigterm(_child_end.timeout)  # Outside the main thread nobody can.
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and _is_child() and _is_to_end() and not threads.green():
            wake_main(signal.SIGTERM, _is_to_end)


def _watch_celery() -> None:
    """Have this process flush at its end if it is, or forks, a child of Celery's prefork pool.

    Such a child is none of `multiprocessing`, and leaves by `os._exit` too. Celery sends this signal to nobody else.
    """
    signals: Any = sys.modules.get("celery.signals")
    if signals is not None:
        # A second connection by the same name changes nothing.
        signals.worker_process_shutdown.connect(_at_celery_end, weak=False, dispatch_uid="chunkmeter")


def _at_celery_end(**_: Any) -> None:
    _child_end.flush()


def _is_to_end() -> bool:
    """Whether our handler stands in place of the system's, and no SIGTERM has begun to end the process."""
    handler = signal.getsignal(signal.SIGTERM)
    return isinstance(handler, _OnSigterm) and handler.ends


def _handle_sigterm(timeout: float) -> bool:
    """Put our handler in place, unless it is there or SIGTERM is ignored; False where Python lets nobody do that."""
    previous = signal.getsignal(signal.SIGTERM)
    if previous is signal.SIG_DFL or (callable(previous) and not isinstance(previous, _OnSigterm)):
        try:
            signal.signal(signal.SIGTERM, _OnSigterm(previous, timeout))
        except ValueError:  # Python's own word for another thread; `threading` knows no main one under eventlet.
            return False
    return True


def _is_child() -> bool:
    """Whether this process is a child of `multiprocessing`, which has loaded that if it is one."""
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


class _OnSigterm:
    """The handler of SIGTERM.

    Args:
        previous: the handler that it replaces: a function, or `SIG_DFL`, which ends the process.
        timeout: how long the export may take, in seconds.
    """

    def __init__(self, previous: Callable[[int, FrameType | None], Any] | signal.Handlers, timeout: float) -> None:
        self._previous, self._timeout = previous, timeout

    @property
    def ends(self) -> bool:
        """Whether it ends the process, as the system's own handler does."""
        return isinstance(self._previous, signal.Handlers)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not isinstance(self._previous, signal.Handlers):
            if threads.green():
                _thread.start_new_thread(self._flush_first, (self._previous, number, frame))
            else:
                self._flush_first(self._previous, number, frame)
            return
        signal.signal(number, signal.SIG_DFL)  # A second SIGTERM ends the process at once.
        flushed = _flushing(settle=True)
        threads.native().start_new_thread(_die, (number, flushed, self._timeout))
        if not threads.green() and flushed.acquire(timeout=self._timeout / 2):
            _die(number, flushed, 0)

    def _flush_first(
        self, previous: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None
    ) -> None:
        _wait(_flushing(settle=False), self._timeout)
        with unheard("seeing to a signal that is raised again"):
            before_it_raises(previous, partial(self._flush_last, self._timeout))
        previous(number, frame)

    @staticmethod
    def _flush_last(timeout: float) -> None:
        _wait(_flushing(settle=True), timeout)


class _ChildEnd:
    """Flushes at the end of a `multiprocessing` child, which leaves by `os._exit` and so runs no `atexit` hooks."""

    def __init__(self) -> None:
        self.timeout = _TIMEOUT
        self._watches = self._warned = False
        self._finalizer: Any = None

    def watch(self, timeout: float) -> None:
        """Have this process, if it is a child, and every child forked from it flush at its end.

        Args:
            timeout: how long a flush may take, in seconds.
        """
        from multiprocessing.util import register_after_fork

        self.timeout = timeout
        if not self._watches:
            self._watches = True
            register_after_fork(self, _ChildEnd.begin)
            self.begin()

    def begin(self) -> None:
        """Register the flush, if this process is a child. A forked child drops the finalizers of its parent."""
        if _is_child() and (self._finalizer is None or not self._finalizer.still_active()):
            from multiprocessing.util import Finalize

            self._finalizer = Finalize(None, self.flush, exitpriority=_LAST)

    def flush(self) -> None:
        """Settle open streams and export; return at the latest when the timeout is over."""
        _wait(_flushing(settle=True), self.timeout)

    def warn_of_thread(self) -> None:
        """Warn, once a process, that `flush_on_exit` was called outside the main thread."""
        if not self._warned:
            self._warned = True
            _logger.warning(
                "flush_on_exit() was called outside the main thread, where Python sets no signal handler: SIGTERM "
                "will lose what is not exported yet. Call it from the main thread, at the start of the app."
            )


_child_end = _ChildEnd()


def _flushing(*, settle: bool) -> LockType:
    """Begin a flush on a new thread, and return a lock, never a green one, that is released when the flush is over."""
    over: LockType = threads.native().allocate_lock()
    over.acquire()

    def run() -> None:
        try:
            _flush(settle=settle)
        finally:
            over.release()

    _thread.start_new_thread(run, ())
    return over


def _wait(flushed: LockType, timeout: float) -> None:
    """For that flush, or until the time is up."""
    if threads.green():
        threads.wait(lambda: not flushed.locked(), timeout)
    else:
        flushed.acquire(timeout=timeout)


def _flush(*, settle: bool) -> None:
    if settle:
        with unheard("settling open streams at the end"):
            keeper.sweep()
    known = list(instances)
    # A forked child that made no call holds only its parent's sums. Exporting these would count them twice.
    inherited = {each.meter_provider for each in known if each.instruments.sums.inherited}
    inherited -= {each.meter_provider for each in known if each.instruments.sums.own}
    meters = {metrics.get_meter_provider(), *(each.meter_provider for each in known)} - inherited
    tracers = {trace.get_tracer_provider(), *(each.tracer_provider for each in known)}
    for provider in (*meters, *tracers):
        force_flush: Callable[[], Any] | None = getattr(provider, "force_flush", None)  # Without an SDK there is none.
        if force_flush is not None:
            with unheard("flushing a provider"):
                force_flush()


def _die(number: int, flushed: LockType, timeout: float) -> None:
    """End the process by the signal, when the flush is over or `timeout` seconds have passed."""
    flushed.acquire(timeout=timeout)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # The signal does not end the first process of a container.
