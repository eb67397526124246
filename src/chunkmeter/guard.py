"""Keeps failures of chunkmeter away from the user's code. Each is counted; only the first at each place is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Literal

from .shown import plain

__all__ = ["Guard", "Stage", "unheard"]

Stage = Literal["hook", "reader", "price", "settle", "late"]
"""Which part of the work failed; the label of `chunkmeter.errors`. `late` is for chunks after a call was settled."""

_logger = logging.getLogger("chunkmeter")


class Guard:
    """Swallows each `Exception` that chunkmeter's own code raises. Any other `BaseException` passes through.

    Args:
        count: called with the stage of each failure, to feed the metric `chunkmeter.errors`.
    """

    def __init__(self, count: Callable[[Stage], None]) -> None:
        self._count = count
        self._logged: set[str] = set()
        self._made: dict[tuple[Stage, str], _Guarded] = {}

    def __call__(self, stage: Stage, site: str) -> _Guarded:
        """A context manager to put around one piece of chunkmeter's work.

        Args:
            stage: which part of the work this is, for the metric.
            site: what is being done, for the log.
        """
        guarded = self._made.get((stage, site))
        if guarded is None:
            guarded = self._made[stage, site] = _Guarded(self, stage, site)
        return guarded

    def count(self, stage: Stage) -> None:
        """Count a failure that has been logged already, or needs no log line."""
        with self(stage, f"counting a failure ({stage})"):
            self._count(stage)

    def late(self, *_: object) -> None:
        """Count a chunk that came after its call was settled; a call uses this in place of its read function then."""
        self.count("late")

    def failed(self, stage: Stage, site: str, error: Exception, *, cure: str = "") -> None:
        """Log and count a failure that the caller has caught.

        Args:
            stage: which part of the work failed, for the metric.
            site: what was being done, for the log; each is logged once.
            error: what was raised.
            cure: what the user can do about it, a sentence.
        """
        if site not in self._logged:
            self._logged.add(site)
            # The exception's text may quote a provider's answer, so it is logged at debug level only.
            _logger.warning(
                "chunkmeter failed in %s (%s); your call goes on, its telemetry may be incomplete. "
                "Further failures there are only counted, in the metric chunkmeter.errors.%s",
                site,
                plain(type(error).__name__),
                f" {cure}" if cure else "",
            )
            _logger.debug("chunkmeter failed in %s", site, exc_info=error)
        try:
            self._count(stage)
        except Exception:
            _logger.debug("chunkmeter could not count a failure in %s", site, exc_info=True)


def unheard(site: str) -> _Guarded:
    """A guard that logs failures but does not count them, for work done before there is a metric.

    Args:
        site: what is being done, for the log.
    """
    return Guard(lambda _: None)("hook", site)


class _Guarded:
    """The context manager of a guard. It holds no state while it is entered, so all calls can share it."""

    __slots__ = ("_guard", "_site", "_stage")

    def __init__(self, guard: Guard, stage: Stage, site: str) -> None:
        self._guard, self._site = guard, site
        self._stage: Stage = stage

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if kind is None or not isinstance(error, Exception):
            return False
        self._guard.failed(self._stage, self._site, error)
        return True
