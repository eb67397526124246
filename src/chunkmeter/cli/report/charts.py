"""Charts of columns as SVG, whose labels are text beside them, so that they are readable at any width. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .markup import Markup, tag
from .numbers import short

__all__ = ["Column", "bar", "columns", "steps", "whole_ticks"]

_HEIGHT, _WIDTH, _GAP = 100, 10, 1.5


class Column(NamedTuple):
    """One column: its value, and what is shown of it when it is pointed at."""

    value: float
    says: str


def steps(largest: float) -> list[float]:
    """Round values from 0 on, two to four steps, the last not below the largest value."""
    if not 0 < largest < math.inf:
        return [0.0, 1.0]
    size = 10.0 ** math.floor(math.log10(largest))
    step = next(size * part for part in (0.25, 0.5, 1, 2.5, 5) if size * part * 4 >= largest * (1 - 1e-9))
    return [step * number for number in range(math.ceil(largest / step - 1e-9) + 1)]


def whole_ticks(values: Sequence[float]) -> list[str]:
    """The values that are whole numbers; the others have no word."""
    return [short(int(value)) if value == int(value) else "" for value in values]


def columns(title: str, values: Sequence[Column], ticks: Sequence[str], feet: Sequence[str], kind: str = "") -> Markup:
    """A chart of columns.

    Args:
        title: what it shows, for those who don't see it.
        values: the columns, left to right.
        ticks: what stands beside the lines of `steps`, from below.
        feet: what stands below the columns, evenly spread.
        kind: a class for the looks.
    """
    top = steps(max((each.value for each in values), default=0.0))[-1]
    shapes: list[Markup] = []
    for place, each in enumerate(values):
        height = min(each.value / top, 1.0) * _HEIGHT
        height = max(height, 0.8) if each.value > 0 else 0.0
        shapes.append(
            tag(
                "rect",
                tag("title", each.says),
                x=_short(place * _WIDTH + _GAP / 2),
                y=_short(_HEIGHT - height),
                width=_WIDTH - _GAP,
                height=_short(height),
            )
        )
    drawn = tag(
        "svg",
        tag("title", title),
        *shapes,
        viewBox=f"0 0 {max(len(values), 1) * _WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=title,
    )
    lines = [
        tag("span", tag("span", text), style=f"bottom:{_short(place / max(len(ticks) - 1, 1) * 100)}%")
        for place, text in enumerate(ticks)
    ]
    return tag(
        "div",
        tag("div", tag("div", *lines, class_="lines", aria_hidden="true"), drawn, class_="plot"),
        tag("div", *(tag("span", foot) for foot in feet), class_="feet", aria_hidden="true"),
        class_=f"chart {kind}".strip(),
    )


def bar(part: float, kind: str = "") -> Markup:
    """A thin bar as long as a part of 1."""
    return tag(
        "span",
        tag("span", style=f"width:{_short(min(part, 1.0) * 100)}%") if part > 0 else None,
        class_=f"bar {kind}".strip(),
        aria_hidden="true",
    )


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
