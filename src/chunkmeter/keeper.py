"""Settles the calls that nobody will end: collected, idle too long, or open when the interpreter exits.

A finalizer runs wherever the collector happens to run, inside the SDK's own locks too. So it calls nothing of
OpenTelemetry, logs nothing and takes no lock: it puts the call on a queue. A daemon thread and an exit sweep do
the rest.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from queue import Empty, SimpleQueue

from . import pricing
from .telemetry import OpenCall, Telemetry

__all__ = ["Keeper", "keeper"]

_logger = logging.getLogger("chunkmeter")

_LONGEST_WAIT = 60.0
_LONGEST_JOIN = 5.0
_NANOSECONDS = 1e9


class Keeper:
    """The queue of finalized calls, the thread that empties it, and what it watches over."""

    def __init__(self) -> None:
        self.finalized: SimpleQueue[OpenCall | None] = SimpleQueue()
        self._telemetries: weakref.WeakSet[Telemetry] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._swept_at_exit = False

    def watch(self, telemetry: Telemetry) -> None:
        """Make sure that calls of `telemetry` are looked after."""
        if self._thread is not None and telemetry in self._telemetries:
            return
        with self._lock:
            self._telemetries.add(telemetry)
            if not self._swept_at_exit:
                # Registered after the SDK's providers, so it runs before they shut down.
                self._swept_at_exit = True
                atexit.register(self._sweep)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="chunkmeter", daemon=True)
                self._thread.start()

    def forked(self) -> None:
        """In a forked child: the parent's calls are the parent's to settle; the thread did not come along."""
        self.finalized = SimpleQueue()
        self._lock = threading.Lock()
        self._thread = None
        for telemetry in list(self._telemetries):
            for call in list(telemetry.open.values()):
                call.disown()
            telemetry.open.clear()

    def _run(self) -> None:
        try:
            pricing.warm_up()
        except Exception as error:  # noqa: BLE001 -- calls go on being settled, without cost
            _logger.warning("The price table did not load (%s); calls count without cost.", type(error).__name__)
        while True:
            try:
                call = self.finalized.get(timeout=self._patience())
            except Empty:
                self._settle_idle()
                continue
            if call is None:
                return
            call.settle("collected")
            del call  # Not to keep the last one alive while waiting for the next.

    def _patience(self) -> float:
        shortest = min((telemetry.settings.idle_timeout for telemetry in list(self._telemetries)), default=600.0)
        return min(_LONGEST_WAIT, shortest / 4)

    def _settle_idle(self) -> None:
        now = time.time_ns()
        for telemetry in list(self._telemetries):
            longest = telemetry.settings.idle_timeout * _NANOSECONDS
            for call in list(telemetry.open.values()):
                if call.paused_ns and now - call.paused_ns > longest:
                    call.settle("collected")

    def _sweep(self) -> None:
        thread = self._thread
        if thread is not None:
            self.finalized.put(None)
            thread.join(timeout=_LONGEST_JOIN)
        for telemetry in list(self._telemetries):
            for call in list(telemetry.open.values()):
                call.settle("collected")


keeper = Keeper()
os.register_at_fork(after_in_child=keeper.forked)
