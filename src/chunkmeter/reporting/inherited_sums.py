"""Detects metric sums that a forked process took over from its parent, and warns of them.

The SDK's metric readers in a forked child start with the parent's cumulative sums, and export them as the child's own.
"""

from __future__ import annotations

import logging
import mmap
import os
from functools import cache

__all__ = ["Sums", "warn_of_inherited_sums"]

_logger = logging.getLogger("chunkmeter")


@cache
def _told() -> mmap.mmap:
    """One byte that all processes forked from the first one that asks share; it is not 0 once one has warned."""
    return mmap.mmap(-1, 1)


class Sums:
    """Says in which processes a set of instruments has recorded points."""

    def __init__(self) -> None:
        self._recorded_in: int | None = None
        """The process id at the last point; None before the first."""
        self._earlier = False
        """Whether a process that this one was forked from had recorded points before."""

    @property
    def inherited(self) -> bool:
        """Whether the sums include points of a process that this one was forked from."""
        return self._earlier or self._recorded_in not in (None, os.getpid())

    @property
    def own(self) -> bool:
        """Whether the sums include points of this process."""
        return self._recorded_in == os.getpid()

    def note(self) -> None:
        """Note that this process records a point."""
        pid = os.getpid()
        if pid != self._recorded_in:
            self._earlier = self._recorded_in is not None
            _told()  # There is something to inherit from now on.
            self._recorded_in = pid


def warn_of_inherited_sums() -> None:
    """Warn that sums are counted twice, unless another of the processes that share `_told` has warned already."""
    if _told()[0]:
        return
    _told()[0] = 1
    _logger.warning(
        "Calls had been recorded before this process was forked. Each forked process exports its parent's sums as its "
        "own, so totals count those calls once more for each process. Make the first call after the fork "
        "(gunicorn: preload_app = False, or set up OpenTelemetry in post_fork), or start processes by spawn."
    )
