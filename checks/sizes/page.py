"""The tables of `docs/sizes.md`: the measured one, and the one of series, which is worked out."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from checks.sizes.block import Block
from checks.sizes.run import Measured
from checks.sizes.series import OF_A_MODEL, OF_A_PROCESS, OF_A_TENANT, series
from support import ROOT

__all__ = ["PAGE", "document", "series_table", "with_section"]

PAGE = ROOT / "docs" / "sizes.md"
DAY = 24 * 3600
KEPT = 40
"""Days; the flag of Prometheus in the manifests."""
SHAPES = ((1, 1, 1), (4, 4, 10), (20, 4, 10), (100, 10, 50))
"""Processes, and the models and tenants that each of them has."""


def with_section(text: str, name: str, content: str) -> str:
    """A page with what stands between the marks of a section replaced."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert len(marked.findall(text)) == 1, f"{name} has not one place"
    return marked.sub(lambda found: f"{found[1]}\n{content}\n{found[2]}", text)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def series_table() -> str:
    """Series by the number of processes, models and tenants."""
    parts = [
        ["a process", f"{OF_A_PROCESS}"],
        ["each of its models", f"{OF_A_MODEL}"],
        ["each tenant of such a model", f"{OF_A_TENANT}"],
    ]
    shapes = [[f"{p:,}", f"{m}", f"{t}", f"{p * series(m, t):,}"] for p, m, t in SHAPES]
    return _table(["what", "series"], parts) + "\n" + _table(["processes", "models", "tenants", "series"], shapes)


def measured_table(measured: Sequence[Measured], block: Block) -> str:
    """What was measured, and when and where."""
    rates = [f"{each.rate:,} calls/s" for each in measured]
    more = "1,000 calls/s more"
    head = ["program", *(f"{what} at {rate}" for rate in rates for what in ("cores", "MiB"))]
    head += [f"cores for {more}", f"MiB for {more}"]
    rows = [
        [name, *(cell for each in measured for cell in _cells(each, name)), *_more(measured, name)]
        for name in measured[0].programs
    ]
    models = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    processor = re.search(r"^model name\s*: (.*)$", models, re.MULTILINE)
    where = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores of "
        f"{processor[1] if processor else platform.processor()}, {platform.system()}, "
        f"at a load of {os.getloadavg()[1]:.0f}: where that is more than the cores, other work had its share of them."
    )
    kept = series(1) * DAY / 15 * block.a_sample * KEPT / 1e6
    disk = (
        f"Prometheus keeps a sample in {block.a_sample:.2f} bytes, its index included: a block of two hours with "
        f"{block.series:,} series and\n{block.samples:,} samples takes {block.size / 1e6:.1f} MB. So a process "
        f"with one model and one tenant, which exports every\n15 s, takes {kept:.1f} MB in {KEPT} days."
    )
    return f"{where}\n\n{_table(head, rows)}\n{disk}\n"


def _cells(measured: Measured, name: str) -> tuple[str, str]:
    taken = measured.programs[name]
    return f"{taken.cores:.3f}", f"{taken.rss}"


def _more(measured: Sequence[Measured], name: str) -> tuple[str, str]:
    """What the first and the last rate tell of a thousand calls a second: worked out, not measured."""
    first, last = measured[0], measured[-1]
    thousands = (last.rate - first.rate) / 1000
    before, after = first.programs[name], last.programs[name]
    # What doesn't grow with the calls may have taken less by chance.
    cores, rss = (max(0.0, more / thousands) for more in (after.cores - before.cores, after.rss - before.rss))
    return f"{cores:.2f}", f"{rss:.0f}"


def document() -> str:
    """The page with its table of series, as it has to be."""
    return with_section(PAGE.read_text("utf-8"), "series, made by make sizes", series_table())
