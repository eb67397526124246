"""The table of docs/mirascope.md that says where Mirascope has a fact, and under which attribute a span has it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from support import ROOT

__all__ = ["Row", "exists", "rows"]

_HEADING = "## Where a fact is"
_CODE = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A row of the table, for one major of Mirascope.

    Attributes:
        fact: the fact, in words.
        name: Mirascope's name of it, below the package; None where it has none.
        attribute: the attribute of the call's span.
    """

    fact: str
    name: str | None
    attribute: str


def rows(major: int) -> Iterator[Row]:
    """The rows for a major, one for each name that it has for the fact, or one without a name."""
    section = (ROOT / "docs" / "mirascope.md").read_text().partition(_HEADING)[2].partition("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or not _CODE.search(cells[3]):
            continue
        for name in _CODE.findall(cells[major]) or (None,):
            yield Row(cells[0], name, _CODE.findall(cells[3])[0])


def exists(name: str) -> bool:
    """Whether the Mirascope that is installed has this: a class, a function, or what a class has or declares."""
    parts = name.split(".")
    at = next((at for at, part in enumerate(parts) if part[0].isupper()), len(parts) - 1)
    found: Any = import_module(".".join(("mirascope", *parts[:at])))
    for part in parts[at:]:
        if not hasattr(found, part):
            return part == parts[-1] and inspect.isclass(found) and _declares(found, part)
        found = getattr(found, part)
    return True


def _declares(kind: type, name: str) -> bool:
    return any(name in vars(each).get("__annotations__", {}) for each in kind.__mro__)
