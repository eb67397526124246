"""`spending`: what the calls in a block of code, or one call, have spent."""

from __future__ import annotations

import functools
import logging
from types import TracebackType

from .calls.blocks import Spent, enter, leave
from .guard import unheard
from .shown import plain
from .streams.metered import find

__all__ = ["Spent", "spending"]

_logger = logging.getLogger("chunkmeter")


class spending:  # noqa: N801 -- read as a statement: with spending() as spent
    """Count what the calls that start in a `with` block spend: `with spending() as spent: ...`.

    `spent` may be read at any time, in the block and after it. A call belongs to all blocks that were open in its
    context when it started, and counts once it is over: a stream when it has been read to its end, closed or left,
    also after the block. Blocks follow Python's context into tasks and `asyncio.to_thread`, but not into the threads
    of a pool or into other processes. Calls that chunkmeter does not meter don't count. Nothing is enforced.

    Each time the object is entered it gives a new `Spent`.
    """

    __slots__ = ("_entered",)

    def __init__(self) -> None:
        self._entered: list[Spent] = []

    def __enter__(self) -> Spent:
        spent = enter()
        self._entered.append(spent)
        return spent

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        spent = leave(self._entered.__contains__)
        if spent is not None:
            self._entered.remove(spent)
        elif self._entered:  # A generator that was in the block is ended in another context.
            self._entered.pop().left = True

    @staticmethod
    def of(answer: object) -> Spent | None:
        """What one call has spent, whichever blocks it belongs to.

        Args:
            answer: a stream that `wrap` or a hook meters, sync or async, or a whole answer: the object that the
                application got. A dict, such as botocore's answers, can't be recognised.

        Returns:
            What the call has spent. None until the call has ended, and for an object that was not metered; a warning
            tells of the latter, once for each class.
        """
        spent = None
        with unheard("telling what a call has spent"):
            found = find(answer)
            if found is None:
                _warn_of_unmetered(type(answer))
            elif found.facts is not None:
                spent = Spent()
                spent.settled(answer, found.facts)
        return spent


@functools.lru_cache(maxsize=100)
def _warn_of_unmetered(kind: type[object]) -> None:
    _logger.warning(
        "spending.of(...) does not know an object of %s.%s: give it the very stream or answer that wrap or the SDK "
        "returned, or count with a block: with spending() as spent.",
        plain(kind.__module__),
        plain(kind.__qualname__),
    )
