"""Writes the table of what `chunkmeter doctor` finds into `docs/doctor.md`: `python -m checks.doctor_doc --write`."""

from __future__ import annotations

import re
import sys

from chunkmeter.cli.doctor.conditions import CONDITIONS, Condition
from support import ROOT

__all__ = ["PAGE", "document", "table"]

PAGE = ROOT / "docs" / "doctor.md"
_MARKED = re.compile(r"(<!-- made by make docs: (alone|run) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(*, run: bool) -> str:
    """The conditions as rows.

    Args:
        run: those that are found in a run of an app, else those that are found without.
    """
    rows = [_row(each) for each in CONDITIONS.values() if each.run is run]
    return "\n".join(["| id | | what | so | write |", "|---|---|---|---|---|", *rows]) + "\n"


def _row(each: Condition) -> str:
    return f"| `{each.id}` | {each.level} | {each.what} | {each.why} | {each.cure} |"


def document(text: str) -> str:
    """The page with the tables between its marks made anew."""
    return _MARKED.sub(lambda match: f"{match[1]}{table(run=match[2] == 'run')}{match[3]}", text)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(document(PAGE.read_text("utf-8")), "utf-8")
    else:
        print(table(run=False) + table(run=True))
