"""Names that may be anybody's invention, as metric labels: so many of them, then one for the rest."""

from __future__ import annotations

import logging

from . import semconv

__all__ = ["Bounded"]

_logger = logging.getLogger("chunkmeter")


class Bounded:
    """The first so many different names pass, later ones become `_OTHER`.

    Args:
        most: how many.
        kind: what they are, for the one warning when that many have come.
    """

    def __init__(self, most: int, kind: str) -> None:
        self._most, self._kind = most, kind
        self._seen: set[str] = set()

    def label(self, name: str) -> str:
        """The label for a name."""
        if name in self._seen:
            return name
        if len(self._seen) >= self._most:
            return semconv.OTHER
        self._seen.add(name)
        if len(self._seen) == self._most:
            _logger.warning(
                "%d %s have been seen; the metrics call further ones %s.", self._most, self._kind, semconv.OTHER
            )
        return name
