"""How the command's main thread waits: at no cost, until there is something to do or its end has come."""

from __future__ import annotations

import select
import signal
import socket
from contextlib import AbstractContextManager, suppress
from enum import Enum, auto
from typing import IO, Any

__all__ = ["Waiting", "Woken"]


class Woken(Enum):
    """Why a wait is over."""

    CHANGED = auto()
    """`wake` was called."""
    ENDED = auto()
    """A signal came."""
    UNREAD = auto()
    """Nobody reads the output any more, or `give_up` was called."""


class Waiting(AbstractContextManager["Waiting"]):
    """Waits for signals, for other threads, and for the reader of an output to go.

    Args:
        output: what is written to. Its reader may go while nothing is written.
    """

    def __init__(self, output: IO[str] | None) -> None:
        self._listening, self._waking = socket.socketpair()
        self._listening.setblocking(False)
        self._waking.setblocking(False)
        self._hears = self._ended = self._given_up = self._changed = False
        self._poll: Any = select.poll() if hasattr(select, "poll") else None  # Windows has none
        self._output: int | None = None
        if self._poll is not None:
            self._poll.register(self._listening, select.POLLIN)
            with suppress(OSError, ValueError):  # an output that is no file of the system's, or is closed
                self._output = output.fileno() if output else None
            if self._output is not None:
                self._poll.register(self._output, 0)  # nothing is asked for; that a reader is gone is always told

    def listen(self, *signals: signal.Signals) -> None:
        """End the wait on these signals. A second one is obeyed at once.

        A thread of gRPC's may get the signal. It does not wake the main one, which alone runs Python's handlers; a byte
        on a socket does.
        """

        def end(*_: object) -> None:
            self._ended = True
            for number in signals:
                signal.signal(number, signal.SIG_DFL)

        for number in signals:
            signal.signal(number, end)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        self._hears = True

    def wake(self) -> None:
        """Say that something has changed. From any thread."""
        if not self._changed:  # else it is said already
            self._changed = True
            self._send()

    def give_up(self) -> None:
        """Say that the output can't be written. From any thread."""
        self._given_up = True
        self._send()

    def _send(self) -> None:
        with suppress(OSError):  # a full socket wakes as well; a closed one has nobody to wake
            self._waking.send(b"\0")

    def __exit__(self, *_: object) -> None:
        if self._hears:
            signal.set_wakeup_fd(-1)
        self._listening.close()
        self._waking.close()

    def wait(self) -> Woken:
        """Wait for the next thing that happens."""
        while True:
            unread = self._unread()
            with suppress(BlockingIOError):
                self._listening.recv(4096)
            if unread or self._given_up:
                return Woken.UNREAD
            if self._ended:
                return Woken.ENDED
            if self._changed:
                self._changed = False
                return Woken.CHANGED

    def _unread(self) -> bool:
        """Wait for a byte or the end of the output's reader; whether it is the latter."""
        if self._poll is None:
            select.select([self._listening], [], [])
            return False
        return any(descriptor == self._output for descriptor, _ in self._poll.poll())
