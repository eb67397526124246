"""How long an app's hub stands still: a green thread beats, and an OS thread watches it.

To be imported before the app is patched, so that what it takes from `time` and `_thread` is Python's own.
"""

from __future__ import annotations

import os
import threading
import time
from _thread import start_new_thread
from time import monotonic, sleep

STALL = 5.0
"""Seconds without a beat after which an app counts as hung, and ends."""
_BEAT = 0.01


class Watch:
    """Begun in the process that serves, once that is patched.

    Attributes:
        longest: seconds between two beats.
    """

    def __init__(self) -> None:
        self.longest, self._last = 0.0, 0.0

    def start(self) -> None:
        self._last = monotonic()
        threading.Thread(target=self._beat, daemon=True).start()
        start_new_thread(self._watch, ())

    def _beat(self) -> None:
        while True:
            now = monotonic()
            self.longest, self._last = max(self.longest, now - self._last), now
            time.sleep(_BEAT)

    def _watch(self) -> None:
        while monotonic() - self._last < STALL:
            sleep(_BEAT)
        os.write(2, b"the hub stands still\n")
        os._exit(70)


watch = Watch()
