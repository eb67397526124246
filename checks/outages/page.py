"""The table of `docs/reliability.md`: a row an outage and exporter, with what it may lose."""

from __future__ import annotations

from checks.outages.endpoint import ENDPOINTS
from checks.outages.rows import OUTAGES, Bounds, Outage
from support import ROOT

__all__ = ["PAGE", "document", "row"]

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- what `make outages` measured -->\n", "<!-- end -->\n"
HEAD = ("outage", "exporter", "calls", "arrived", "lost", "spans lost", "")


def row(outage: Outage, exporter: str) -> str:
    """What the page says of an outage."""
    counted, lost = outage.counted, outage.lost
    arrived = f"{counted - lost.high} or more" if lost.high > lost.low else f"{counted - lost.high}"
    cells = (outage.name, exporter, f"{counted}", arrived, said(lost), said(outage.spans), outage.why)
    return f"| {' | '.join(cells)} |"


def said(bounds: Bounds) -> str:
    return f"{bounds.low}" if bounds.low == bounds.high else f"up to {bounds.high}"


def table() -> str:
    rows = [row(outage, exporter) for outage in OUTAGES for exporter in ENDPOINTS]
    return "\n".join([f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}", *rows, ""])


def document() -> str:
    """The page with the table in its place."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
