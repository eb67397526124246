"""The live table of `chunkmeter tail`: as high as the screen, drawn when something has changed."""

from __future__ import annotations

import io
from typing import Any

import pytest

from chunkmeter.cli import table
from chunkmeter.cli.book import Book
from chunkmeter.cli.call import Call
from chunkmeter.cli.table import Screen
from chunkmeter.cli.waiting import Woken


def call(number: int = 0, **said: Any) -> Call:
    fields: dict[str, Any] = {"cost": None, "time_to_first_chunk": None, **said}
    return Call("p", f"model-{number}", [], {}, cost_metadata={}, outcome="completed", **fields)


class Script:
    """Waits as it is told; each time something changes, a thousand calls have come."""

    def __init__(self, book: Book, *woken: Woken) -> None:
        self.book, self.woken = book, list(woken)

    def wait(self) -> Woken:
        if self.woken[0] is Woken.CHANGED:
            for number in range(1000):
                self.book.add(call(number))
        return self.woken.pop(0)


def screen(book: Book, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Screen, io.StringIO]:
    monkeypatch.setattr(table, "_SHORTEST", 0)
    drawn, shown = io.StringIO(), Screen(book)
    shown._console = table._Console(file=drawn, width=120, color_system=None, **options)
    return shown, drawn


def test_the_live_table_fits_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 lines 8 are none of calls; three changes make 3,000 calls and three pictures after the empty one.

    rich draws the last one again before it takes it away.
    """
    book = Book()
    shown, drawn = screen(book, monkeypatch, height=20, force_terminal=True)
    woken = shown.follow(Script(book, Woken.CHANGED, Woken.CHANGED, Woken.CHANGED, Woken.ENDED))  # type: ignore[arg-type]
    assert woken is Woken.ENDED
    text = drawn.getvalue()
    assert text.count("LLM calls") == 1 + 3 + 1
    assert text.count("completed") == (3 + 1) * 12
    assert [f"last 12 of {count} calls shown" in text for count in ("1,000", "2,000", "3,000", "4,000")] == [1, 1, 1, 0]
    assert "model-988" in text
    assert "model-987" not in text


def test_nothing_is_drawn_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One picture before the wait, which rich draws again at its end."""
    shown, drawn = screen(Book(), monkeypatch, height=20, force_terminal=True)
    assert shown.follow(Script(Book(), Woken.UNREAD)) is Woken.UNREAD  # type: ignore[arg-type]
    assert drawn.getvalue().count("LLM calls") == 1 + 1


def test_what_is_no_terminal_gets_the_table_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book()
    shown, drawn = screen(book, monkeypatch, height=20)
    assert shown.follow(Script(book, Woken.CHANGED, Woken.CHANGED, Woken.ENDED)) is Woken.ENDED  # type: ignore[arg-type]
    assert drawn.getvalue() == ""
    shown.finish()
    assert drawn.getvalue().count("completed") == 1000
    assert "last 1,000 of 2,000 calls shown" in drawn.getvalue()


def test_amounts_beyond_all_sense_have_few_digits() -> None:
    assert table._cells(call(cost=1e308, time_to_first_chunk=1e308))[6:8] == ("1e+308 USD", "1e+308 s")
    assert table._cells(call(cost=0.0061554, time_to_first_chunk=0.25))[6:8] == ("0.006155400 USD", "250.0 ms")


@pytest.mark.parametrize("height", [1, 2, 8, 9])
def test_a_screen_of_any_height_shows_a_call(monkeypatch: pytest.MonkeyPatch, height: int) -> None:
    book = Book()
    shown, _ = screen(book, monkeypatch, height=height, force_terminal=True)
    assert shown.follow(Script(book, Woken.CHANGED, Woken.ENDED)) is Woken.ENDED  # type: ignore[arg-type]
    assert len(shown._live().rows) == 1
