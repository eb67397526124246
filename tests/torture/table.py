"""The table that `make torture` prints: a row a number, and what is not there yet with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["COUNT", "NOT_YET", "Row", "named", "rows"]

COUNT = 71
LATER = frozenset({4, 5, 35, 37, 53, 55, 56, 57, 68})
"""Cases whose capability comes later, so that they may have a reason in place of a test."""
NOT_YET: Mapping[int, tuple[str, str]] = {
    35: ("fallback models of one answer are priced each", "usage.iterations is not read"),
    57: (
        "each attempt of an SDK's retries costs once",
        "wrap sees the attempt that gave the stream; the others need the SDK's own instrumentor",
    ),
    68: ("with_raw_response and with_streaming_response", "they need the SDK's own instrumentor"),
}

_NAME = re.compile(r"test_(\d\d)_(\w+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One case: `result` is pass, fail or n/a, `note` says why."""

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
    if number in NOT_YET and number in LATER:
        behaviour, reason = NOT_YET[number]
        return Row(number, behaviour, "n/a", reason)
    return Row(number, "", "fail", "there is no test of it")
