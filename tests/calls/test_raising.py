"""What a server does that raises a signal again once it has shut down, as uvicorn does, in small."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from chunkmeter.calls.raising import before_it_raises


class Server:
    """Keeps the signals that come, and goes through them at its end."""

    def __init__(self) -> None:
        self._captured_signals: list[int] = []

    def handle_exit(self, number: int, frame: object) -> None:
        self._captured_signals.append(number)

    def ended(self, did: list[object]) -> None:
        did.extend(reversed(self._captured_signals))


def test_it_is_flushed_before_the_signals_are_raised() -> None:
    """In the server's own order, with what came before and what comes after."""
    server, did = Server(), list[object]()
    server.handle_exit(2, None)
    before_it_raises(server.handle_exit, lambda: did.append("flushed"))
    server.handle_exit(15, None)
    server.ended(did)
    assert did == ["flushed", 15, 2]


def test_once_however_often_the_signal_comes() -> None:
    """The handler is called for each."""
    server, did = Server(), list[object]()
    for _ in range(2):
        before_it_raises(server.handle_exit, lambda: did.append("flushed"))
        server.handle_exit(15, None)
    server.ended(did)
    assert did == ["flushed", 15, 15]


def test_other_handlers_are_left_alone() -> None:
    """A function, a method of something else, and a list of another kind."""
    odd: Any = SimpleNamespace(_captured_signals=(15,))
    handler: Any = SimpleNamespace(__self__=odd)
    for each in (print, SimpleNamespace().__repr__, handler):
        before_it_raises(each, lambda: None)
    assert odd._captured_signals == (15,)
