"""What shows lines: a terminal, whose picture rich draws anew when something has changed, or any other stdout."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .columns import Style
from .picture import Line
from .waiting import Waiting, Woken

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Screen", "drawable", "error_style", "needs_rich", "width_without_terminal"]

_SHORTEST = 1 / 8
"""Seconds from one picture to the next."""
_WIDTH = 160
"""Columns where the output is no terminal, and COLUMNS does not say."""
_NARROWEST = 20


def needs_rich() -> bool:
    """Whether a live picture can't be drawn for want of rich."""
    return sys.stdout is not None and sys.stdout.isatty() and importlib.util.find_spec("rich") is None


def width_without_terminal() -> int:
    """The width of an output that is no terminal: COLUMNS where it is set, else wide enough for every column."""
    said = os.environ.get("COLUMNS", "")
    return max(int(said), _NARROWEST) if said.isascii() and said.isdigit() and len(said) < 6 else _WIDTH


def error_style() -> Style:
    """How lines on stderr are written: as wide as its terminal."""
    width = width_without_terminal()
    if sys.stderr is not None and sys.stderr.isatty():
        with suppress(OSError):
            width = max(os.get_terminal_size(sys.stderr.fileno()).columns, _NARROWEST)
    return Style(width, getattr(sys.stderr, "encoding", None) or "utf-8")


class Screen:
    """Shows lines on stdout."""

    def __init__(self) -> None:
        self._console = _console() if sys.stdout is not None and sys.stdout.isatty() else None

    @property
    def live(self) -> bool:
        """Whether a picture can be drawn anew in its place."""
        return self._console is not None

    @property
    def style(self) -> Style:
        """How wide lines may be at present, and in which characters."""
        if self._console is not None:
            return Style(max(self._console.width, _NARROWEST), self._console.encoding)
        return Style(width_without_terminal(), getattr(sys.stdout, "encoding", None) or "utf-8")

    def draw(self, picture: Callable[[Style, int], Iterable[Line]], waiting: Waiting) -> Woken:
        """Draw a picture until the wait ends, anew when something has changed, and take it away.

        Args:
            picture: gives the lines for a style and a height.
            waiting: what says that something has changed.
        """
        from rich.live import Live

        console: Any = self._console

        def drawn() -> Text:
            # The cursor stands on a line of its own.
            return drawable(picture(self.style, max(console.height - 1, 1)))

        with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
            live.update(drawn(), refresh=True)
            while (woken := waiting.wait()) is Woken.CHANGED:
                live.update(drawn(), refresh=True)
                time.sleep(_SHORTEST)
        return woken

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines to stay.

        Raises:
            OSError: if they can't be written.
        """
        shown = list(lines)
        if not shown:
            return
        if self._console is not None:
            self._console.print(drawable(shown), soft_wrap=True)
        else:
            print("\n".join(line.text for line in shown), flush=True)


def drawable(lines: Iterable[Line]) -> Text:
    """Lines as rich draws them."""
    from rich.text import Text

    # Of `Text`, since a model's name is no markup.
    parts = [Text(line.text, style=line.look, no_wrap=True, overflow="crop") for line in lines]
    return Text("\n", no_wrap=True, overflow="crop").join(parts)


def _console() -> Any:
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            """Leave to the command how it ends."""
            raise  # noqa: PLE0704 - rich calls this while it handles the error

    return Terminal(highlight=False)
