"""The tables that `chunkmeter tail` draws with rich: as large as the screen, in characters that its encoding has."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .book import MOST, Book, Page
from .call import Call
from .output import fit
from .waiting import Waiting, Woken

__all__ = ["Screen"]

_COLUMNS = ("provider", "model", "finish reasons", "in", "cached", "out", "cost", "first chunk", "outcome")
_NUMBERS = frozenset({"in", "cached", "out", "cost", "first chunk", "metrics", "spans"})
_AROUND = 8
"""Lines of the table that are no calls: title, borders, headings, two below, and the one that the cursor is on."""
_SHORTEST = 1 / 8
"""Seconds from one picture to the next."""
_WIDTH = 160
"""Columns where the output is no terminal."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave to the command how it ends."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


class Screen:
    """Shows a book on stdout."""

    def __init__(self, book: Book) -> None:
        self._book = book
        console = _Console()
        self._console = console if console.is_terminal else _Console(width=_WIDTH)

    def follow(self, waiting: Waiting) -> Woken:
        """Show the newest calls as they come, until the wait ends. While nothing changes, nothing is done."""
        if not self._console.is_terminal:
            return _last(waiting)
        with Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
            draw = partial(live.update, refresh=True)
            draw(self._live())
            while (woken := waiting.wait()) is Woken.CHANGED:
                draw(self._live())
                time.sleep(_SHORTEST)
        return woken

    def finish(self) -> None:
        """Print the calls that were kept, and the totals of all."""
        page = self._book.page(MOST)
        self._console.print(self._calls(page, _shown(page)))
        rows = self._book.totals()
        self._console.print(self._table("Totals", ("total", "metrics", "spans", ""), rows, self._book.left_out()))

    def _live(self) -> Table:
        page = self._book.page(max(self._console.height - _AROUND, 1))
        return self._calls(page, "\n".join(filter(None, (_shown(page), self._book.left_out()))))

    def _calls(self, page: Page, below: str) -> Table:
        return self._table("LLM calls", _COLUMNS, map(_cells, page.calls), below)

    def _table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], below: str) -> Table:
        encoding = self._console.encoding
        caption = Text(fit(below, encoding)) if below else None
        drawn = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
        for column in columns:
            drawn.add_column(
                column,
                justify="right" if column in _NUMBERS else "left",
                no_wrap=True,
                overflow="ellipsis" if fit("…", encoding) == "…" else "crop",
            )
        for row in rows:
            drawn.add_row(*(Text(fit(cell, encoding)) for cell in row))  # Text, since a model's name is no markup
        return drawn


def _last(waiting: Waiting) -> Woken:
    while (woken := waiting.wait()) is Woken.CHANGED:
        pass
    return woken


def _shown(page: Page) -> str:
    shown = len(page.calls)
    return f"last {shown:,} of {page.count:,} calls shown" if shown < page.count else ""


def _cells(call: Call) -> tuple[str, ...]:
    def count(name: str) -> str:
        return f"{call.usage[name]:,}" if name in call.usage else "-"

    wait = call.time_to_first_chunk
    return (
        call.provider or "-",
        call.model or "-",
        ", ".join(call.finish_reasons) or "-",
        count("input_tokens"),
        count("cached_tokens"),
        count("output_tokens"),
        "-" if call.cost is None else f"{_number(call.cost, 9)} {call.currency}",
        "-" if wait is None else f"{_number(wait * 1000, 1)} ms" if wait < 1e6 else f"{wait:.6g} s",
        call.outcome or "-",
    )


def _number(value: float, places: int) -> str:
    """With these decimal places, or in a few digits where it has too many to read."""
    return f"{value:.{places}f}" if value < 1e9 else f"{value:.6g}"
