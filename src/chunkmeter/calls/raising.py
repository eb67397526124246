"""Servers that have shut down at a signal, and then raise it again by the handler that was there before them.

uvicorn (since 0.29) does: it keeps the signals that came, puts the earlier handlers back and raises each anew. Where
that was the system's own handler, the process ends at once, and what was counted while it shut down is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["before_it_raises"]

_KEPT = "_captured_signals"
"""Attribute of uvicorn's server: the signals that it will raise again."""


def before_it_raises(handler: Callable[..., Any], flush: Callable[[], None]) -> None:
    """Have `flush` called before a server raises a signal again. Nothing happens where the handler is no such server's.

    Args:
        handler: the server's handler of the signal.
        flush: exports what the process holds.
    """
    server = getattr(handler, "__self__", None)
    kept = getattr(server, _KEPT, None)
    if type(kept) is list:
        setattr(server, _KEPT, _Kept(kept, flush))


class _Kept(list[int]):
    """The signals of a server, which it goes through in reverse when it has shut down."""

    def __init__(self, kept: list[int], flush: Callable[[], None]) -> None:
        super().__init__(kept)
        self._flush = flush

    def __reversed__(self) -> Iterator[int]:
        if self:
            self._flush()
        return super().__reversed__()
