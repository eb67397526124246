"""Tells sums that a forked process took over from its parent, and says so once a tree of processes.

The SDK's readers in a forked child start with their parent's cumulative sums and export them as the child's own.
"""

from __future__ import annotations

import logging
import mmap
import os

__all__ = ["Sums", "warn_of_inherited_sums"]

_logger = logging.getLogger("chunkmeter")

_told = mmap.mmap(-1, 1)
"""Shared by all processes forked from this one: not 0 once one of them has warned."""


class Sums:
    """Whose the sums are that a set of instruments holds."""

    def __init__(self) -> None:
        self._recorded_in: int | None = None
        """The process of the last point."""
        self._earlier = False
        """Whether points of another process came before."""

    @property
    def inherited(self) -> bool:
        """Whether some are of a process that this one was forked from."""
        return self._earlier or self._recorded_in not in (None, os.getpid())

    @property
    def own(self) -> bool:
        """Whether some are of this process."""
        return self._recorded_in == os.getpid()

    def note(self) -> None:
        """A point is being recorded."""
        pid = os.getpid()
        if pid != self._recorded_in:
            self._earlier = self._recorded_in is not None
            self._recorded_in = pid


def warn_of_inherited_sums() -> None:
    """Say that sums count twice, unless a process of this tree has said it."""
    if _told[0]:
        return
    _told[0] = 1
    _logger.warning(
        "Calls had been recorded before this process was forked, and each forked process exports its parent's sums "
        "as its own: in totals those calls count once more a process. Make the first call after the fork (gunicorn: "
        "preload_app = False, or set up OpenTelemetry in post_fork), or start processes by spawn."
    )
