"""Keeps a telemetry failure away from the user's code: logs it once a site, counts each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Literal

__all__ = ["Guard", "Stage", "unheard"]

Stage = Literal["hook", "reader", "price", "settle", "late"]

_logger = logging.getLogger("chunkmeter")


class Guard:
    """Swallows `Exception` raised by chunkmeter's own code; every other `BaseException` passes unchanged.

    Args:
        count: called with the stage for each failure; feeds the metric `chunkmeter.errors`.
    """

    def __init__(self, count: Callable[[Stage], None]) -> None:
        self._count = count
        self._logged: set[str] = set()
        self._made: dict[tuple[Stage, str], _Guarded] = {}

    def __call__(self, stage: Stage, site: str) -> _Guarded:
        """A context manager around one piece of chunkmeter's work; `site` names it in the log."""
        guarded = self._made.get((stage, site))
        if guarded is None:
            guarded = self._made[stage, site] = _Guarded(self, stage, site)
        return guarded

    def late(self, *_: object) -> None:
        """In place of reading: count a chunk that came after its call had been settled."""
        with self("late", "counting a late chunk"):
            self._count("late")

    def failed(self, stage: Stage, site: str, error: Exception) -> None:
        """Record a failure that the caller has caught."""
        if site not in self._logged:
            self._logged.add(site)
            # The exception's text may quote a provider's answer, so it stays below the usual level.
            _logger.warning(
                "chunkmeter failed in %s (%s); your call goes on, its telemetry may be incomplete. "
                "Further failures there are only counted, in the metric chunkmeter.errors.",
                site,
                type(error).__name__,
            )
            _logger.debug("chunkmeter failed in %s", site, exc_info=error)
        try:
            self._count(stage)
        except Exception:
            _logger.debug("chunkmeter could not count a failure in %s", site, exc_info=True)


def unheard(site: str) -> _Guarded:
    """A guard for work that comes before there is a metric to count its failure in; it is only logged."""
    return Guard(lambda _: None)("hook", site)


class _Guarded:
    """Keeps nothing between its entries, so one serves all calls."""

    __slots__ = ("_guard", "_site", "_stage")

    def __init__(self, guard: Guard, stage: Stage, site: str) -> None:
        self._guard, self._site = guard, site
        self._stage: Stage = stage

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._guard.failed(self._stage, self._site, error)
        return True
