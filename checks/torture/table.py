"""The table that `make torture` prints: a row a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["COUNT", "Row", "named", "rows"]

COUNT = 77
_NAME = re.compile(r"test_(\d\d)_(\w+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One case: `result` is pass or fail, `note` says why."""

    number: int
    behaviour: str
    result: str
    note: str = ""


def named(test: str) -> tuple[int, str] | None:
    """The number and the behaviour that a test's name tells; None for a test without a number."""
    found = _NAME.match(test)
    return (int(found[1]), found[2].replace("_", " ")) if found else None


def rows(ran: Iterable[tuple[str, str]]) -> list[Row]:
    """A row a number, from the name and the outcome of each test that ran."""
    results: dict[int, tuple[str, list[str]]] = {}
    for test, outcome in ran:
        if (case := named(test)) is not None:
            results.setdefault(case[0], (case[1], []))[1].append(outcome)
    return [_row(number, results.get(number)) for number in range(1, COUNT + 1)]


def _row(number: int, found: tuple[str, list[str]] | None) -> Row:
    if found is not None:
        behaviour, outcomes = found
        failed = len(outcomes) - outcomes.count("passed")
        return Row(number, behaviour, "fail" if failed else "pass", f"{failed} of {len(outcomes)}" if failed else "")
    return Row(number, "", "fail", "there is no test of it")
