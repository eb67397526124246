"""What `chunkmeter tail` and `run` show of a book, as lines that fit the screen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .book import MOST, Book, Page
from .call import Call
from .columns import NOTHING, Column, Style, lines, ruled
from .output import fit
from .trees import tree
from .warned import warnings_of

__all__ = ["Line", "calls", "every_call", "live", "summary", "trees"]

_MOST_GROUPS, _MOST_WARNINGS = 5, 3
"""How many of each a live picture shows at most."""
_BAD = frozenset({"error", "interrupted"})
_TOTALS = (Column("total", least=20), Column("by metrics", right=True), Column("by spans", right=True), Column(""))


class Line(NamedTuple):
    """A line, and how it looks: a style of rich's, empty for none."""

    text: str
    look: str = ""


def calls(page: Page, style: Style) -> list[Line]:
    """The calls of a page, a line each, below a heading; the whole is empty where there are none."""
    if not page.calls:
        return []
    currencies = {call.currency for call in page.calls if call.cost is not None}
    one = currencies.pop() if len(currencies) == 1 else ""
    columns = (
        Column("provider", rank=8),
        Column("model", rank=3, least=26),
        Column("reason", rank=4, least=9),
        Column("in", right=True, rank=1),
        Column("cached", right=True, rank=7),
        Column("out", right=True, rank=2),
        Column(f"cost {one}".rstrip(), right=True, stays=True),
        Column("first chunk", right=True, rank=6),
        Column("outcome", rank=5),
        Column("service", rank=9, least=12),
    )
    heading, *rows = lines(columns, [_cells(call, one) for call in page.calls], style)
    return [Line(heading, "bold"), *map(Line, rows, map(_look, page.calls))]


def live(book: Book, style: Style, height: int, hint: str) -> list[Line]:
    """The newest calls, what has been spent and what is wrong, in at most `height` lines.

    Args:
        book: what has arrived.
        style: how wide it may be, and in which characters.
        height: how many lines it may have; there is always one for a call.
        hint: what to do while nothing has arrived.
    """
    below: list[Line] = []
    for found in book.spending(style, _MOST_GROUPS):
        below += [Line(""), Line(found[0], "bold"), *map(Line, found[1:])]
    # Two thirds at most, or what few calls leave.
    most = max((height - 2) * 2 // 3, height - 1 - book.page(1).count, 0)
    below += _wrong(book, style, most - len(below))
    below = below[:most]
    room = max(height - len(below) - 1, 1)
    page = book.page(room)
    if page.count > room > 1:
        page = book.page(room - 1)  # a line says that there are more
    if not page.count:
        return [Line(fit(line, style.encoding)) for line in hint.splitlines()]
    drawn = [*calls(page, style), *_more(page), *below]
    return drawn[:height] if height > 1 else drawn[1:2]


def _wrong(book: Book, style: Style, room: int) -> list[Line]:
    """What is wrong, below an empty line, each warning whole; the last line says how many there was no room for."""
    texts = [[Line(line, "yellow") for line in ruled(text, style)] for text in book.warnings()]
    last = [Line(line, "yellow") for line in ruled(left_out, style)] if (left_out := book.left_out()) else []
    room -= 2 + len(last)
    shown: list[Line] = []
    number = 0
    for text in texts[:_MOST_WARNINGS]:
        if len(shown) + len(text) > room + (number + 1 == len(texts)):  # the last one needs no line after it
            break
        shown += text
        number += 1
    if more := len(texts) - number:
        what = f"{'more ' if number else ''}warning{'' if more == 1 else 's'}"
        shown.append(Line(f"{more} {what}, told at the end (Ctrl-C).", "yellow"))
    return [Line(""), *shown, *last] if shown or last else []


def trees(book: Book, style: Style, *, unfinished: bool = False) -> list[Line]:
    """The traces that are over and were not shown yet, each as a tree, with an empty line behind it."""
    found: list[Line] = []
    for trace in book.take_traces(unfinished=unfinished):
        heading, *rows = tree(trace, style)
        found += [Line(heading, "bold"), *map(Line, rows), Line("")]
    return found


def summary(book: Book, style: Style, *, brief: bool = False) -> list[Line]:
    """What all calls add up to, whether spans and metrics agree, and what is wrong. It begins with an empty line.

    Args:
        book: what has arrived.
        style: how wide it may be, and in which characters.
        brief: whether totals that agree are told by one line.
    """
    parts = [[Line(found[0], "bold"), *map(Line, found[1:])] for found in book.spending(style)]
    totals = book.totals()
    if totals and brief and all(row.verdict == "agree" for row in totals):
        parts.append([Line(line) for line in ruled("Its metrics and its spans tell of the same totals.", style)])
    elif totals and not book.spans_alone:
        heading, *rows = lines(_TOTALS, totals, style)
        looks = ["" if row.verdict == "agree" else "yellow" for row in totals]
        parts.append([Line(heading, "bold"), *map(Line, rows, looks)])
    told = [*book.notes(), *book.warnings()]
    parts.append([Line(line, "yellow") for text in told for line in ruled(text, style)])
    return [line for part in parts if part for line in (Line(""), *part)]


def every_call(book: Book, style: Style) -> list[Line]:
    """All calls that were kept, and how many came."""
    page = book.page(MOST)
    return [*calls(page, style), *_more(page)]


def _more(page: Page) -> list[Line]:
    shown = len(page.calls)
    return [Line(f"last {shown:,} of {page.count:,} calls shown", "dim")] if shown < page.count else []


def _look(call: Call) -> str:
    return "red" if call.outcome in _BAD else "yellow" if warnings_of(call) else ""


def _cells(call: Call, currency: str) -> Sequence[str]:
    def count(name: str) -> str:
        return f"{call.usage[name]:,}" if name in call.usage else NOTHING

    wait = call.time_to_first_chunk
    cost = NOTHING if call.cost is None else _number(call.cost, 9)
    return (
        call.provider or NOTHING,
        call.model or NOTHING,
        ", ".join(call.finish_reasons) or NOTHING,
        count("input_tokens"),
        count("cached_tokens"),
        count("output_tokens"),
        cost if currency or call.cost is None else f"{cost} {call.currency}",
        NOTHING if wait is None else f"{_number(wait * 1000, 1)} ms" if wait < 1e6 else f"{wait:.6g} s",
        call.outcome or NOTHING,
        call.service or NOTHING,
    )


def _number(value: float, places: int) -> str:
    """With these decimal places, or in a few digits where it has too many to read."""
    return f"{value:.{places}f}" if value < 1e9 else f"{value:.6g}"
