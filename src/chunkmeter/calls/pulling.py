"""Tells from the stack whether the source of a call has set this code off, rather than the user.

An SDK's stream may close itself while it is asked for an item, and the owner of a span may end it there. The stack is
looked at only when one of these happens, so a chunk costs nothing more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, TypeVar

from ..facts.tally import Ending

__all__ = ["ending_within", "ends", "is_pulling", "pulls", "within"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_waiting: set[CodeType] = set()
_ending: set[CodeType] = set()


def pulls(function: _Function) -> _Function:
    """Mark a function that waits for a source; it holds the call in a local variable `call`, once it has one."""
    _waiting.add(function.__code__)
    return function


def ends(function: _Function) -> _Function:
    """Mark a function that has a source end; it holds the call in a local variable `call`."""
    _ending.add(function.__code__)
    return function


def within() -> Any:
    """The call whose source has set this code off, asked for something or told to end; None if there is none.

    Of several it is the innermost.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if (frame.f_code in _waiting or frame.f_code in _ending) and "call" in (held := frame.f_locals):
            return held["call"]
        frame = frame.f_back
    return None


def is_pulling(call: object) -> bool:
    """Whether this code was set off by the source of `call`, while the call waits for it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not (frame.f_code in _waiting and _waits(frame, call)):
        frame = frame.f_back
    return frame is not None


def ending_within(call: object) -> tuple[Ending, BaseException | None] | None:
    """How the source of `call` is ending, told by the exception that is on its way there.

    Returns:
        The ending, and the exception if it is one of the source's; None where the source is not being waited for.
    """
    frames = _frames_within(call)
    if frames is None:
        return None
    error = sys.exception()
    if isinstance(error, GeneratorExit):
        return "collected", None  # a `break`, or nobody holds it any more
    # Whoever iterates may be handling an exception of his own: only one that has passed the source's code counts.
    if error is None or not any(frame in frames for frame in _passed(error)):
        return "exhausted", None
    if isinstance(error, StopIteration | StopAsyncIteration):
        return "exhausted", None
    return ("error" if isinstance(error, Exception) else "cancelled"), error


def _frames_within(call: object) -> list[FrameType] | None:
    """The frames from the caller's caller to the one that waits for the source of `call`, that one left out.

    The caller's own frame holds this list: in it, it would be a reference cycle, which keeps the whole stack alive.
    """
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if _waits(frame, call):
            return frames
        frames.append(frame)
        frame = frame.f_back
    return None


def _waits(frame: FrameType, call: object) -> bool:
    return frame.f_code in _waiting and frame.f_locals.get("call") is call


def _passed(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
