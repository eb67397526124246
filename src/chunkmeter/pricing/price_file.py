"""The user's price file. It is read when it is first needed, and again after a change if that is asked for."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from .. import threads
from ..servers import Servers
from ..shown import plain
from .answers import Answer, Otherwise, Question
from .rates import Rates
from .resolved import Listed, Resolved

if TYPE_CHECKING:
    from .overlay import Overlay

__all__ = ["PriceFile"]

_logger = logging.getLogger("chunkmeter")

_NO_SERVERS = Servers()


class PriceFile:
    """A price source that reads a file, and knows no price without one.

    A file that can't be used is logged once, and prices nothing. If it could be used before a change, the prices that
    were read then stay.

    Args:
        path: the path of the file; None for no file.
        reload: whether `refresh` looks for changes.
        failed: called with the error that makes the file unusable, which is logged too.

    Attributes:
        resolved: the rates of calls by this file and by what `rates` is told of another source.
    """

    def __init__(
        self, path: str | None = None, *, reload: bool = False, failed: Callable[[Exception], None] | None = None
    ) -> None:
        self.path, self.reload = path, reload
        self._failed = failed
        self._rules: Overlay | None = None
        self._stamp: tuple[int, ...] | None = None
        self._looked = path is None
        self.resolved = Resolved()
        self._locks: dict[object, threading.Lock] = {}

    def price(self, asked: Question, otherwise: Otherwise) -> Answer:
        """The file's answer; that of `otherwise` where there is no file, or none that can be used."""
        rules = self.rules()
        return otherwise(asked) if rules is None else rules.price(asked, otherwise)

    def rates(
        self, listed: Listed, table: object, alike: Hashable, at: datetime, asked: Callable[[], Question]
    ) -> Rates | None:
        """The rates of a call by this file and another source, as `Resolved` keeps them."""
        return self.resolved.rates(self.rules(), listed, table, alike, at, asked)

    def charges_requests(self) -> bool:
        """Whether the file has a fee for a request."""
        rules = self.rules()
        return rules is not None and rules.charges_requests

    def counted(self, asked: Question) -> Question:
        """The call with what the file charges it for and nobody counts: a request."""
        rules = self.rules()
        return asked if rules is None else rules.counted(asked)

    def knows(self, provider: str | None, model: str) -> bool:
        """Whether the file names the model."""
        rules = self.rules()
        return rules is not None and rules.knows(provider, model)

    def servers(self) -> Servers:
        """The servers whose providers the file names."""
        rules = self.rules()
        return _NO_SERVERS if rules is None else rules.providers_at

    def warm_up(self) -> None:
        """Read the file now, so that no call waits for it."""
        self.rules()

    def refresh(self) -> None:
        """Read the file again if it has changed and `reload` is set."""
        if self.path is not None and self.reload and self._looked and _stamp(self.path) != self._stamp:
            with self._lock:
                self._read(self.path)

    @property
    def _lock(self) -> threading.Lock:
        # Made when it is first needed: one from before gevent or eventlet patched the process would block their hub.
        return self._locks.setdefault(threads.kind(), threading.Lock())

    def rules(self) -> Overlay | None:
        """What the file says; None without a file, and of one that can't be used."""
        if not self._looked and self.path is not None:
            with self._lock:
                if not self._looked:
                    self._read(self.path)
        return self._rules

    def _read(self, path: str) -> None:
        from .parse import UnusableFileError, read

        # The stamp is taken first, so that the next look sees a change in between.
        self._stamp = _stamp(path)
        try:
            self._rules = threads.aside(partial(read, path))
        except UnusableFileError as error:
            kept = "the prices read before stay" if self._rules else "its prices are not used"
            # Each of its lines is a mistake in our words, and what it quotes of the file is quoted.
            mistakes = str(error)
            _logger.error("The price file can't be used, %s:\n%s", kept, mistakes)
            if self._failed is not None:
                self._failed(error)
        else:
            _logger.info("Prices of %s are in use, version %s", plain(path), plain(self._rules.version))
        self._looked = True


def _stamp(path: str) -> tuple[int, ...] | None:
    """A value that changes with the file; None where it can't be read."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a ValueError for a path that no file can have
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
