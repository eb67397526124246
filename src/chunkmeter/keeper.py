"""Settles the calls that nobody will end: collected, idle too long, or open when the interpreter exits.

A finalizer runs wherever the collector happens to run, inside the SDK's own locks too. So it calls nothing of
OpenTelemetry, logs nothing and takes no lock: it puts the call on a queue. So does all else that a collection sets
off, such as a `with` left by a collected generator. A daemon thread and an exit sweep do the rest.
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
from queue import Empty, SimpleQueue

from . import pricing
from .telemetry import Telemetry

__all__ = ["Keeper", "keeper"]

_logger = logging.getLogger("chunkmeter")

_LONGEST_WAIT = 60.0
_LONGEST_JOIN = 5.0
_LONGEST_FORK = 60.0
_NANOSECONDS = 1e9


class Keeper:
    """The queue of finalized calls, the thread that empties it, and what it watches over."""

    def __init__(self) -> None:
        self.finalized: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        """How to settle each call, and what else is to be done off its path; None only wakes the thread."""
        self._watched: list[weakref.ref[Telemetry]] = []
        """Replaced, never changed: the thread may be going through it while another one adds to it."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._busy = threading.Lock()
        """Held by the thread while it works. A fork waits for it: the child would inherit locks that nobody frees."""
        self._fork_waits = False
        self._collector: int | None = None

    @property
    def collecting(self) -> bool:
        """Whether this code was set off by the garbage collector, maybe inside a lock of the SDK's."""
        return self._collector == threading.get_ident()

    def on_collection(self, phase: str, _: dict[str, int]) -> None:
        """For `gc.callbacks`."""
        self._collector = threading.get_ident() if phase == "start" else None

    def watch(self, telemetry: Telemetry) -> None:
        """Make sure that calls of `telemetry` are looked after."""
        if self._thread is not None and weakref.ref(telemetry) in self._watched:
            return
        with self._lock:
            if weakref.ref(telemetry) not in self._watched:
                self._watched = [*(ref for ref in self._watched if ref() is not None), weakref.ref(telemetry)]
                if self.on_collection not in gc.callbacks:
                    gc.callbacks.append(self.on_collection)
                # Registered after the SDK's providers, so it runs before they shut down.
                atexit.unregister(self.sweep)
                atexit.register(self.sweep)
                self.finalized.put(telemetry.warm_up)  # And the thread may have to be less patient now.
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="chunkmeter", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # The interpreter is ending, or has no thread left: the sweep will do.
                    _logger.debug("No thread to settle collected streams with: %s", error)
                    return
                self._thread = thread

    def before_fork(self) -> None:
        """Let the thread come to rest, and end the import of the price table: a child can't end it, and hangs in it.

        A bounded wait, since the fork may itself be in the middle of an import that the thread needs.
        """
        self._fork_waits = self._busy.acquire(timeout=_LONGEST_FORK)

    def after_fork(self) -> None:
        """Let the thread go on, in the parent."""
        if self._fork_waits:
            self._fork_waits = False
            self._busy.release()

    def forked(self) -> None:
        """In a forked child: the parent's calls are the parent's to settle; the thread did not come along."""
        self.finalized = SimpleQueue()
        self._lock, self._busy = threading.Lock(), threading.Lock()
        self._thread, self._closing, self._fork_waits = None, False, False
        for telemetry in self._telemetries():
            for call in list(telemetry.open.values()):
                call.disown()
            telemetry.open.clear()

    def sweep(self) -> None:
        """Settle every open call, as the process is ending. What is collected afterwards waits for the next sweep."""
        self._closing = True
        self.finalized.put(None)
        if self._thread is not None:
            self._thread.join(timeout=_LONGEST_JOIN)
        for telemetry in self._telemetries():
            for call in list(telemetry.open.values()):
                call.settle("collected")

    def _run(self) -> None:
        try:
            with self._busy:
                pricing.warm_up()
        except Exception as error:  # noqa: BLE001 -- calls go on being settled, without cost
            _logger.warning("The price table did not load (%s); calls count without cost.", type(error).__name__)
        look_again = 0.0
        while not self._closing:
            now, patience = time.monotonic(), self._patience()
            if look_again - now > patience or look_again <= now:
                with self._busy:
                    self._settle_idle()
                    for telemetry in self._telemetries():
                        telemetry.refresh()
                look_again = now + patience
            try:
                settle = self.finalized.get(timeout=look_again - now)
            except Empty:
                continue
            if settle is not None:
                with self._busy:
                    settle()
            del settle  # Not to keep the last one alive while waiting for the next.

    def _telemetries(self) -> list[Telemetry]:
        return [telemetry for ref in self._watched if (telemetry := ref()) is not None]

    def _patience(self) -> float:
        shortest = min((telemetry.settings.idle_timeout for telemetry in self._telemetries()), default=600.0)
        return min(_LONGEST_WAIT, shortest / 4)

    def _settle_idle(self) -> None:
        now = time.time_ns()
        for telemetry in self._telemetries():
            longest = telemetry.settings.idle_timeout * _NANOSECONDS
            for call in list(telemetry.open.values()):
                if call.paused_ns and now - call.paused_ns > longest:
                    call.settle("collected")


keeper = Keeper()
if hasattr(os, "register_at_fork"):  # Not on Windows, which has no fork.
    os.register_at_fork(before=keeper.before_fork, after_in_parent=keeper.after_fork, after_in_child=keeper.forked)
