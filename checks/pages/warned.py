"""What chunkmeter warns of: for an app that is a log line, for a page a mistake."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["warned"]


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def warned() -> Generator[list[str]]:
    """The warnings of the block, as they come."""
    handler = _Kept()
    logging.getLogger("chunkmeter").addHandler(handler)
    try:
        yield handler.said
    finally:
        logging.getLogger("chunkmeter").removeHandler(handler)
