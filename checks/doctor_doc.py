"""Writes the tables of what `chunkmeter doctor` finds into `docs/troubleshooting.md`.

python -m checks.doctor_doc --write
"""

from __future__ import annotations

import re
import sys

from chunkmeter.cli.doctor.conditions import CONDITIONS, SYMPTOMS, Condition, Symptom
from support import ROOT
from support.marked import remade

__all__ = ["PAGE", "document", "section"]

PAGE = ROOT / "docs" / "troubleshooting.md"
_VARIABLE = re.compile(r"\b[A-Z]+_[A-Z_*]+(=[^\s,]+)?")


def section(symptom: Symptom) -> str:
    """The conditions that somebody may have who sees this, as a table under a heading."""
    rows = [_row(each) for each in CONDITIONS.values() if each.symptom == symptom]
    head = ["| finding | what is wrong | so | write |", "|---|---|---|---|"]
    return "\n".join([f"## {symptom}", "", *head, *rows]) + "\n"


def _row(each: Condition) -> str:
    marks = ("" if each.level == "look" else " **!**") + (" *run*" if each.run else "")
    cells = [_VARIABLE.sub(r"`\g<0>`", cell) for cell in (each.what, each.why, each.cure)]
    return f"| `{each.id}`{marks} | {' | '.join(cells)} |"


def document(text: str) -> str:
    """The page with the tables between its marks made anew."""
    made = "\n".join(["", *map(section, SYMPTOMS)]) + "\n"
    return remade(text, lambda _: made)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(document(PAGE.read_text("utf-8")), "utf-8")
    else:
        print(*map(section, SYMPTOMS), sep="\n")
