"""A report as one HTML page, which needs nothing else: no network, no script, no font. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from ... import __version__
from . import sections
from .figures import Figures
from .markup import Markup, join, tag
from .notes import notes_of, totals_of
from .numbers import alone, calls, counted, span_of
from .over_time import over_time
from .traces import Trace

__all__ = ["page"]

_NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'"
"""Whatever a file says, the page runs no script and fetches nothing."""


def page(figures: Figures, traces: Sequence[Trace], read: Sequence[str], lines: int, skipped: Sequence[str]) -> str:
    """The page.

    Args:
        figures: what the report tells.
        traces: the traces whose waterfalls it has.
        read: the names of the files.
        lines: how many lines they have.
        skipped: what could not be read, a line each.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_NOTHING_ELSE),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"chunkmeter {__version__}"),
        tag("title", f"{_spent(figures)} for {calls(figures.whole.calls)}, {span_of(figures.start, figures.end)}"),
        tag("style", Markup(files("chunkmeter.cli.report").joinpath("style.css").read_text("utf-8"))),
    )
    parts = [
        tag("section", tag("h2", "To know first"), sections.notes(notes_of(figures, skipped))),
        over_time(figures),
        sections.where(figures),
        sections.bill(figures),
        sections.endings(figures),
        sections.first_chunks(figures),
        sections.traces(traces, figures),
        sections.totals(totals_of(figures)),
    ]
    body = tag("body", _header(figures), tag("main", sections.tiles(figures), *parts), _footer(figures, read, lines))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _spent(figures: Figures) -> str:
    amounts = figures.whole.spend
    ranked = sorted(amounts, key=lambda each: (each != figures.currency, each))
    return " and ".join(f"{alone(amounts[each])} {each}" for each in ranked) or "No cost"


def _header(figures: Figures) -> Markup:
    amounts = figures.whole.spend
    ranked = sorted(amounts, key=lambda each: (each != figures.currency, each))
    shown = [join(alone(amounts[each]), " ", tag("span", each, class_="unit")) for each in ranked]
    return tag(
        "header",
        tag("p", "LLM spend", class_="brand"),
        tag(
            "h1",
            Markup(" + ".join(shown)) or "No cost told",
            tag("span", f" for {calls(figures.whole.calls)}", class_="for"),
        ),
        tag("p", span_of(figures.start, figures.end), class_="when"),
    )


def _footer(figures: Figures, read: Sequence[str], lines: int) -> Markup:
    origin = f"Read from {', '.join(read)}: {counted(lines)} exports, {counted(figures.spans)} spans."
    repeated = (
        f"{counted(figures.repeated)} spans came twice, or tell of a call that another one tells of; it counts once."
        if figures.repeated
        else None
    )
    sums = "Amounts are exact sums of what the spans say, rounded only where they are shown. Times are UTC."
    made = f"Made by chunkmeter {__version__}."
    return tag("footer", *(tag("p", line) for line in (origin, repeated, sums, made) if line))
