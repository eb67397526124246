"""The figures of a run as Markdown and as a chart, and their place in docs/.

python -m benchmarks.report     writes docs/performance.md anew from docs/performance.json
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree as ET

from .bounds import TITLES, WAYS, Results, bounds, crowded, least, ratio, row
from .contenders import CONTENDERS, OURS
from .timing import spread

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
_FACTS = ("finish reason", "usage", "cost", "usage metric", "cost metric")
_MODES = {"off": "", "unsampled": ", span not sampled", "content": ", content as it comes"}


def text(results: Results) -> str:
    """All figures of a run, as Markdown."""
    return "\n".join(_lines(results)) + "\n"


def write(results: Results) -> None:
    """Put the figures into docs/: the raw ones, the chart, and the page between its marks."""
    (DOCS / "performance.json").write_text(json.dumps(results, indent=1) + "\n")
    (DOCS / "performance.svg").write_text(chart(results))
    page = DOCS / "performance.md"
    page.write_text(replaced(page.read_text(), results))


def replaced(page: str, results: Results) -> str:
    """The page with the figures of `results` between its marks."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + text(results) + END + rest.split(END)[1]


def _lines(results: Results) -> Iterator[str]:
    machine = results["machine"]
    yield (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['system']}, Python "
        f"{machine['python']}; {results['turns']} turns; the whole run took {results['seconds'] / 60:.0f} minutes."
    )
    yield "\n### Promises\n"
    rows = [(bound.what, bound.asked, f"{bound.figure:.3g}{bound.unit}", bound.verdict) for bound in bounds(results)]
    yield from _table(("What", "Promised", "Measured", ""), rows)
    for through, title in TITLES.items():
        yield f"\n### Through {'the ' if through == 'openai' else ''}{title}\n"
        yield from _table(
            (
                "",
                "chunk, us added",
                "call, us added",
                "whole stream / bare",
                "plain call / bare",
                "peak memory, KiB added",
                "does not report",
            ),
            [_contender(results, each) for each in results["rows"] if each["through"] == through],
        )
    yield "\n### Many at once, and starting up\n"
    head = (
        "",
        "call alone, us",
        "call among many, us",
        "import, ms",
        "instrument, ms",
        "SDKs and models imported by it",
    )
    yield from _table(head, [_start_up(results, name) for name in results["contenders"] if name in results["imports"]])
    yield "\n### What is imported\n"
    head = ("`python -X importtime`, after OpenTelemetry's SDK", "modules", "ms", "of that chunkmeter's", "heavy ones")
    yield from _table(head, [_imported(step, told) for step, told in results["importtime"].items() if step != "sdk"])
    yield "\n### The least it could cost\n"
    yield from _table(("", "us", "of that"), _floors(results["own"]))
    if steady := results.get("steady"):
        yield "\n### Short calls at a steady rate\n"
        head = ("Python", "calls a second", "CPU bare", "CPU metered", "p99 bare, ms", "metered", "added")
        yield from _table(head, [_steady(version, figures) for version, figures in steady.items()])
    if pythons := results.get("pythons"):
        yield "\n### On other Pythons\n"
        head = ("Python", *(f"a chunk by `{way}`, us" for way in WAYS), "a call, us", "over by hand", "a price, us")
        yield from _table(head, [_python(version, own) for version, own in pythons.items()])
    yield "\n### Versions\n"
    for name, contender in results["contenders"].items():
        yield f"- {CONTENDERS[name].title}: " + ", ".join(f"{k} {v}" for k, v in contender["versions"].items())
    for name, why in results["failed"].items():
        yield f"- {CONTENDERS[name].title} did not run: {why}"


def _contender(results: Results, each: dict[str, Any]) -> tuple[str, ...]:
    contender = results["contenders"][each["name"]]
    first = each["mode"] == "off"
    tells = contender["tells"][each["through"]]
    memory = contender["memory"][each["through"]]
    return (
        CONTENDERS[each["name"]].title + _MODES[each["mode"]],
        _spread(each["chunk"], 2),
        _spread(each["call"], 0),
        _spread(each["ratio"], 3) if first else "",
        _spread(each["plain"], 3) if each["plain"] else "",
        f"{(memory['metered'] - memory['bare']) / 1024:.0f}" if first else "",
        ", ".join(fact for fact in _FACTS if not tells[fact]) if first else "",
    )


def _start_up(results: Results, name: str) -> tuple[str, ...]:
    turns = results["imports"][name]
    loaded = sorted({package for turn in turns for names in turn["loaded"].values() for package in names})
    return (
        CONTENDERS[name].title,
        *_crowds(results, name),
        f"{least(turns, 'import', 'entry point'):.0f}",
        f"{least(turns, 'instrument'):.0f}",
        ", ".join(loaded) or "none",
    )


def _imported(step: str, told: dict[str, Any]) -> tuple[str, ...]:
    return step, str(told["modules"]), f"{told['ms']:.1f}", f"{told['own']:.1f}", ", ".join(told["heavy"]) or "none"


def _crowds(results: Results, name: str) -> tuple[str, str]:
    alone, many = results["contenders"][name].get("crowd", (None, None))
    if alone is None or many is None:
        return "", ""
    return f"{crowded(results, name, alone):.0f}", f"{crowded(results, name, many):.0f} among {int(many):,}"


def _steady(version: str, figures: dict[str, Any]) -> tuple[str, ...]:
    bare, metered = figures["bare"], figures["metered"]
    shares = (f"{each['cpu']:.1f} %" for each in (bare, metered))
    return (
        version, f"{figures['rate']:.0f}", *shares, f"{bare['p99']:.2f}", f"{metered['p99']:.2f}",
        f"{metered['p99'] - bare['p99']:.2f}",
    )  # fmt: skip


def _python(version: str, own: Results) -> tuple[str, ...]:
    call = own["call"]
    return (
        version,
        *(_spread([turn[way] - turn[bare] for turn in own["chunk"]], 3) for way, (bare, _) in WAYS.items()),
        _spread([turn["metered"] - turn["bare"] for turn in call], 1),
        f"{ratio(call, 'metered', 'by hand'):.2f} x",
        _spread([turn["ours"] for turn in own["price"]], 1),
    )


def _floors(own: Results) -> Iterator[tuple[str, ...]]:
    chunk, call, price = own["chunk"], own["call"], own["price"]

    def less(turns: list[dict[str, float]], side: str, bare: str) -> list[float]:
        return [turn[side] - turn[bare] for turn in turns]

    yield "a chunk through a generator that passes it on", _spread(less(chunk, "generator", "bare"), 3), ""
    yield "a chunk through an iterator that notes its time", _spread(less(chunk, "noting", "bare"), 3), ""
    for side, (bare, noting) in WAYS.items():
        if side != "for" and noting in chunk[0]:
            yield f"a chunk through one that does by `{side}`", _spread(less(chunk, noting, bare), 3), ""
    for side, (bare, _) in WAYS.items():
        yield f"a chunk metered, `{side}`", _spread(less(chunk, side, bare), 3), ""
    for size in own["flat"][0]:
        yield f"a chunk metered, in a stream of {size}", _spread([turn[size] for turn in own["flat"]], 3), ""
    yield "a call's span and points by hand", _spread([turn["by hand"] for turn in call], 1), ""
    for side in ("metered", "unsampled"):
        over = _spread([turn[side] / turn["by hand"] for turn in call], 2)
        yield f"a call {side}", _spread(less(call, side, "bare"), 1), f"{over} x by hand"
    yield "a price of genai-prices", _spread([turn["genai-prices"] for turn in price], 1), ""
    over = _spread([turn["ours"] / turn["genai-prices"] for turn in price], 2)
    yield "a price of ours", _spread([turn["ours"] for turn in price], 1), f"{over} x genai-prices"


def _spread(values: Sequence[float], digits: int) -> str:
    low, middle, high = spread(values)
    return f"{middle:.{digits}f} [{low:.{digits}f} .. {high:.{digits}f}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


# --- the chart ---

_WIDTH, _LEFT, _BAR, _GAP = 760, 210, 18, 8
_LEAST, _MOST = 0.1, 1000.0
"""Microseconds at the ends of the axis, which is logarithmic: the costs are three powers of ten apart."""


def chart(results: Results) -> str:
    """CPU added to a chunk by each contender, as an SVG of bars."""
    costs = {
        title: {
            name: median(row(results, name, through)["chunk"])
            for name, contender in results["contenders"].items()
            if through in contender["tells"]
        }
        for through, title in TITLES.items()
    }
    height = sum(30 + len(bars) * (_BAR + _GAP) for bars in costs.values()) + 40
    svg = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {height}", role="img",
        **{"font-family": "sans-serif", "font-size": "13"},
    )  # fmt: skip
    ET.SubElement(svg, "title").text = "Microseconds of CPU added to a chunk, logarithmic"
    ET.SubElement(svg, "rect", width="100%", height="100%", fill="white")
    y = 0
    for title, bars in costs.items():
        y += 24
        _label(svg, 10, y, f"{title}: us of CPU added to a chunk", weight="bold")
        y += 8
        for name, cost in sorted(bars.items(), key=lambda bar: bar[1]):
            fill = "#2563eb" if name in OURS else "#9ca3af"
            width = max(1.0, _x(cost) - _LEFT)
            _label(svg, 10, y + 14, CONTENDERS[name].title)
            ET.SubElement(
                svg, "rect", x=str(_LEFT), y=str(y), width=f"{width:.1f}", height=str(_BAR), fill=fill
            )  # fmt: skip
            _label(svg, _LEFT + width + 6, y + 14, f"{cost:.2f}")
            y += _BAR + _GAP
    for power in range(int(math.log10(_LEAST)), int(math.log10(_MOST)) + 1):
        _label(svg, _x(10.0**power), y + 20, f"{10.0**power:g}")
    return ET.tostring(svg, encoding="unicode") + "\n"


def _x(cost: float) -> float:
    share = math.log(max(cost, _LEAST) / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + share * (_WIDTH - _LEFT - 60)


def _label(svg: ET.Element, x: float, y: float, words: str, weight: str = "normal") -> None:
    ET.SubElement(svg, "text", x=f"{x:.1f}", y=str(y), **{"font-weight": weight}).text = words


if __name__ == "__main__":
    write(json.loads((DOCS / "performance.json").read_text()))
