"""Writing to outputs that can't carry every character, are full, or have no reader any more."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Lines", "failed", "fit", "say", "take_any_text"]


def say(text: str) -> None:
    """Print a line on stderr, where there is one."""
    if sys.stderr is not None:  # else `print` would take stdout
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def take_any_text() -> None:
    """From here on stdout escapes the characters that its encoding lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def fit(text: str, encoding: str) -> str:
    """`text` with those characters escaped that the encoding lacks, as wide as it will be printed."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def failed(error: OSError | None) -> int:
    """The exit code when stdout can't be written: that of SIGPIPE if its reader is gone, else 1, and a line says why.

    None stands for a reader that is gone.
    """
    if error is not None and not isinstance(error, BrokenPipeError):
        say(f"Cannot write to stdout: {error}")
    with suppress(OSError, ValueError):  # or Python would try once more as it ends, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error is None or isinstance(error, BrokenPipeError):
        return 128 + getattr(signal, "SIGPIPE", 13)
    return 1


class Lines:
    """Prints lines until one can't be written, and then no more.

    Args:
        on_failure: called when a line can't be written.
    """

    def __init__(self, on_failure: Callable[[], object]) -> None:
        self._on_failure = on_failure
        self.error: OSError | None = None

    def write(self, line: str) -> None:
        """Print a line. Nothing is raised: whoever sent what it tells of must not fail for our reader."""
        if self.error is not None:
            return
        try:
            print(line, flush=True)
        except OSError as error:
            self.error = error
            self._on_failure()
