"""The user's price file as it stands now: read when first needed, read again after a change if that is asked for."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .answers import Answer, Otherwise, Question

if TYPE_CHECKING:
    from .overlay import Overlay

__all__ = ["PriceFile"]

_logger = logging.getLogger("chunkmeter")


class PriceFile:
    """A source of prices that is a file, maybe none.

    A file that can't be used is told once and prices nothing; after a change for the worse the last good one stays.

    Args:
        path: of the file; None for a source that knows nothing.
        reload: whether `refresh` looks for changes.
        failed: called with what makes a file unusable, beside the log.
    """

    def __init__(
        self, path: str | None = None, *, reload: bool = False, failed: Callable[[Exception], None] | None = None
    ) -> None:
        self.path, self.reload = path, reload
        self._failed = failed
        self._rules: Overlay | None = None
        self._stamp: tuple[int, ...] | None = None
        self._looked = path is None
        self._lock = threading.Lock()

    def price(self, asked: Question, otherwise: Otherwise) -> Answer:
        """As the file says, else as `otherwise` does."""
        rules = self._loaded()
        return otherwise(asked) if rules is None else rules.price(asked, otherwise)

    def knows(self, provider: str | None, model: str) -> bool:
        """Whether the file names the model."""
        rules = self._loaded()
        return rules is not None and rules.knows(provider, model)

    def warm_up(self) -> None:
        """Read the file now, off the path of a call."""
        self._loaded()

    def refresh(self) -> None:
        """Read the file again if it has changed, where that was asked for."""
        if self.path is not None and self.reload and self._looked and _stamp(self.path) != self._stamp:
            with self._lock:
                self._read(self.path)

    def _loaded(self) -> Overlay | None:
        if not self._looked and self.path is not None:
            with self._lock:
                if not self._looked:
                    self._read(self.path)
        return self._rules

    def _read(self, path: str) -> None:
        from . import overlay

        # The stamp first: a change in between is then seen by the next look.
        self._stamp = _stamp(path)
        try:
            self._rules = overlay.read(path)
        except overlay.UnusableFileError as error:
            kept = "the prices read before stay" if self._rules else "its prices are not used"
            _logger.error("The price file can't be used, %s:\n%s", kept, error)
            if self._failed is not None:
                self._failed(error)
        else:
            _logger.info("Prices of %s are in use, version %s", path, self._rules.version)
        self._looked = True


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes with the file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
