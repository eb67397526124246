"""What the cases share, a planted fault, and the table of what became of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from replay.server import Server
from tests.torture import script
from tests.torture.faults import FAULTS
from tests.torture.table import Row, named, rows
from tests.torture.way import Async, Sync, Way


def pytest_sessionstart() -> None:
    """Plant the fault that is asked for."""
    fault = os.environ.get("FAULT")
    if not fault:
        return
    if fault not in FAULTS:
        raise pytest.UsageError(f"FAULT={fault} is unknown: write one of {', '.join(FAULTS)}")
    FAULTS[fault]()


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
async def way(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[Way]:
    """The sync and the async half of the SDKs."""
    async with AsyncExitStack() as stack:
        yield request.param(server, stack)


@pytest.fixture
def play(server: Server) -> Callable[..., str]:
    """Has the server answer with a script; gives its name."""
    return lambda *given, **named: script.play(server, *given, **named)


@pytest.fixture
def wrap(wrap: Callable[..., Any]) -> Callable[..., Any]:
    """`chunkmeter.wrap`, as an app calls it that asks for `gpt-4o-mini`."""
    return lambda stream, **named: wrap(stream, **{"model": "gpt-4o-mini", **named})


@pytest.fixture
def read(way: Way, play: Callable[..., str], wrap: Callable[..., Any]) -> Callable[..., Any]:
    """Has a script played to OpenAI's SDK, and reads it metered to its end."""

    async def openai(events: Any, **named: Any) -> None:
        await way.rest(wrap(await way.create(way.openai(play(events))), **named))

    return openai


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where all tests passed, but a case has none."""
    if session.exitstatus == pytest.ExitCode.OK and any(row.result == "fail" for row in table(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    shown = table(config)
    terminalreporter.write_line("")
    for row in shown:
        note = f": {row.note}" if row.note else ""
        terminalreporter.write_line(f"{row.number:3}  {row.behaviour:76}  {row.result}{note}")
    results = [row.result for row in shown]
    counts = ", ".join(f"{results.count(result)} {said}" for result, said in SAID.items())
    terminalreporter.write_line(f"{len(shown)} rows: {counts}")
    for report in terminalreporter.stats.get("passed", []):
        for _, said in report.user_properties:
            terminalreporter.write_line(said)


SAID = {"pass": "passed", "n/a": "n/a", "fail": "failed"}


def table(config: pytest.Config) -> list[Row]:
    """A row a number; of the numbers that were asked for, where not all were."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    stats: dict[str, list[Any]] = reporter.stats
    ran = [
        (report.location[2], outcome)
        for outcome in ("passed", "failed", "error", "skipped")
        for report in stats.get(outcome, [])
    ]
    asked = {case[0] for name, _ in ran if (case := named(name))}
    return [row for row in rows(ran) if not stats.get("deselected") or row.number in asked]
