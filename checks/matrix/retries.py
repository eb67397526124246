"""Retries' part of the matrix, for either major of Mirascope: what it gives, and the tree of spans that it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.matrix.judge import compare
from checks.matrix.ways import Ask, asked
from chunkmeter.calls.keeper import keeper
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit
from replay.check import Report
from replay.server import Server
from support.cells import instrument
from support.spans import tree

__all__ = ["RETRIES", "Retry", "play"]

RETRIES = "retries"
"""What they are called where the matrix is told what to run."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Something that is retried.

    Attributes:
        by: what retries it.
        how: a call, or a stream that is read.
        case: what its attempts come to.
        is_async: whether it is async.
        bind: makes all that a user can keep, for a server, and gives what asks.
        spans: the tree of spans that it leaves.
        spent: what it costs, in USD.
        spans_before: the same where it is bound before `instrument()`, if that is another.
    """

    by: str
    how: str
    case: str
    is_async: bool
    bind: Callable[[str], Ask]
    spans: tuple[str, ...]
    spent: float
    spans_before: tuple[str, ...] | None = None


def play(server: Server, runner: asyncio.Runner, retry: Retry) -> Iterator[tuple[str, str]]:
    """It is done bare and then metered, bound before and after `instrument()`: the verdict of each."""
    early = retry.bind(server.url)
    bare = asked(server, runner, early, is_async=retry.is_async)
    for when in ("before", "after"):
        kit, report = Kit(), Report()
        instrument(kit)
        try:
            ask = early if when == "before" else retry.bind(server.url)
            metered = asked(server, runner, ask, is_async=retry.is_async)
        finally:
            MirascopeInstrumentor().uninstrument()
        report.expect("calls left open", len(keeper._kept), 0)
        report.expect("requests", metered.requests, bare.requests)
        compare(report, bare, metered)
        before = retry.spans_before if when == "before" else None
        report.expect("spans", tree(kit.spans), list(before or retry.spans))
        report.close("metric chunkmeter.spend", kit.total("chunkmeter.spend"), retry.spent)
        report.expect("metric chunkmeter.calls", kit.total("chunkmeter.calls"), len(bare.requests))
        report.expect("metric chunkmeter.errors", kit.total("chunkmeter.errors"), 0)
        kit.shutdown()
        yield when, f"FAIL: {'; '.join(report.lines)}" if report.lines else "ok"
