"""What is to be done once there is a first call, in the keeper's thread: the app has configured its log by then."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["at_first_call", "do_waiting"]

_waiting: list[Callable[[], None]] = []


def at_first_call(task: Callable[[], None]) -> None:
    """Have this done, once, when the first call begins."""
    _waiting.append(task)


def do_waiting() -> None:
    """Do what waits for the first call; each once, whoever else does so at the same time."""
    while _waiting:
        try:
            task = _waiting.pop()
        except IndexError:  # another thread came first
            return
        task()
