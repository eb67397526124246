"""What a raised exception says of how a call ends."""

from __future__ import annotations

from .. import text
from ..facts.tally import Ending

__all__ = ["left_by", "type_name"]


def left_by(error: BaseException | None) -> Ending:
    """How a stream ends that its user leaves.

    Args:
        error: what was raised on the user's side; None where nothing was.
    """
    cancelled = error is not None and not isinstance(error, Exception | GeneratorExit)
    return "cancelled" if cancelled else "closed"


def type_name(error: BaseException) -> str:
    """`error.type` of an exception: the name of its class, after its module's unless it is a built-in one."""
    kind = type(error)
    return text.clean(kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")
