"""The demo as a picture: a call of each provider, and the agent's trace, drawn from what was received.

`make demo ARGS="--svg docs/images/demo.svg"` writes it. A run gives the same bytes as another, since how long anything
took is left out. So each run compares its own with the one that the README shows.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from chunkmeter.cli.book import MOST, Page
from chunkmeter.cli.call import Call
from chunkmeter.cli.columns import Style
from chunkmeter.cli.intake import Intake
from chunkmeter.cli.picture import Line, calls, trees
from chunkmeter.cli.screen import drawable

__all__ = ["lines", "svg"]

WIDTH = 113
# Rich's own has a font from the network, and no words for who can't see it.
FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>What make demo prints: provider, model, tokens, cost and outcome of each call, and the trace of an agent</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, "DejaVu Sans", sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def _received(folder: Path, *, as_trees: bool) -> Intake:
    """What was recorded there, taken in once more."""
    intake = Intake(trees=as_trees)
    for file in sorted(folder.iterdir()):
        intake.take(file.name.split(".")[1], file.read_bytes())
    return intake


def lines(kept: Path) -> list[Line]:
    """What the picture shows of a run that was kept."""
    style = Style(WIDTH)
    page = _received(kept / "otlp", as_trees=False).book.page(MOST)
    first: dict[str | None, Call] = {}
    for call in page.calls:
        first.setdefault(call.provider, call)
    timeless = [dataclasses.replace(call, time_to_first_chunk=None) for call in first.values()]
    agent = _received(kept / "agent", as_trees=True).book
    more = Line(f"... and {page.count - len(timeless)} more calls", "dim")
    shown = calls(Page(tuple(timeless), page.count), style)
    return [*shown, more, Line(""), *trees(agent, style, unfinished=True)[:-1]]


def svg(drawn: Sequence[Line]) -> str:
    """The lines as a terminal shows them, in fonts that every reader has."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False)
    console.print(drawable(drawn), soft_wrap=True)
    text = console.export_svg(title="make demo", code_format=FORMAT, unique_id="demo")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines() if line.strip())
