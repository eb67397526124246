"""Tables that fit a width: which columns there is room for, and how each line reads. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from .output import fit

__all__ = ["NOTHING", "Column", "Style", "lines", "ruled", "width_of"]

NOTHING = "-"
"""What a cell says where nothing is known."""
_GAP = 2
_WIDE = frozenset({"W", "F"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: its heading.
        right: whether it is of numbers, which stand to the right and are never cut.
        rank: the lower, the sooner it has its place.
        least: to how many characters it may be cut; None for one that is whole or not there at all.
        stays: whether it is there though no row says anything in it.
    """

    name: str
    right: bool = False
    rank: int = 0
    least: int | None = None
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How a table is written.

    Attributes:
        width: how many columns of characters there are.
        encoding: that of the output: characters that it lacks are escaped.
    """

    width: int
    encoding: str = "utf-8"


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in text
    )


def lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: Style) -> list[str]:
    """The heading and the rows of a table, in columns that fit the width.

    A column in which no row says anything is left out, unless it stays. So are those of the highest ranks, until the
    rest fits. What room is left goes first to the columns that lack least.
    """
    table = [[fit(cell, style.encoding) for cell in row] for row in rows]
    natural = [
        max([width_of(column.name), *(width_of(row[place]) for row in table)]) for place, column in enumerate(columns)
    ]
    said = [
        place
        for place, column in enumerate(columns)
        if not table or column.stays or any(row[place] not in ("", NOTHING) for row in table)
    ]
    widths = _fitted(columns, natural, said, style.width)
    cut = partial(_cut, more="…" if fit("…", style.encoding) == "…" else "")
    heading = [column.name for column in columns]
    return [_line(columns, row, widths, cut) for row in (heading, *table)]


def _fitted(columns: Sequence[Column], natural: Sequence[int], said: Sequence[int], width: int) -> dict[int, int]:
    """The place of each column that there is room for, and how wide it is."""
    left, chosen = width + _GAP, dict[int, int]()
    for place in sorted(said, key=lambda place: columns[place].rank):
        least = columns[place].least
        needed = natural[place] if least is None else min(least, natural[place])
        if needed + _GAP <= left or not chosen:
            chosen[place] = needed
            left -= needed + _GAP
    for place in sorted(chosen, key=lambda place: natural[place] - chosen[place]):
        more = min(natural[place] - chosen[place], max(left, 0))
        chosen[place] += more
        left -= more
    return chosen


def _line(columns: Sequence[Column], row: Sequence[str], widths: dict[int, int], cut: Callable[[str, int], str]) -> str:
    cells: list[str] = []
    for place, column in enumerate(columns):
        if place in widths:
            cell = cut(row[place], widths[place])
            space = " " * (widths[place] - width_of(cell))
            cells.append(space + cell if column.right else cell + space)
    return (" " * _GAP).join(cells).rstrip()


def _cut(text: str, width: int, *, more: str) -> str:
    if width_of(text) <= width:
        return text
    kept = ""
    for char in text:
        if width_of(kept + char) + len(more) > width:
            break
        kept += char
    return kept + more


def ruled(text: str, style: Style, indent: str = "  ") -> list[str]:
    """A text in lines of the width, all but the first indented."""
    wrapped: list[str] = []
    line = ""
    for word in fit(text, style.encoding).split():
        if line.strip() and width_of(line) + 1 + width_of(word) > style.width:
            wrapped.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return [*wrapped, line]
