"""What the cases share, a planted fault, and the table of what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from checks.torture import script
from checks.torture.table import Row, named, rows
from checks.torture.way import Async, Sync, Way
from chunkmeter.instrumentors import AnthropicInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit
from replay.server import Server
from support.faults import plant

INSTRUMENTORS = (OpenAIInstrumentor, AnthropicInstrumentor)
INSTRUMENTED = ("openai", "anthropic")


def pytest_configure(config: pytest.Config) -> None:
    """Plant the fault that is asked for."""
    config.addinivalue_line("markers", "wrap_alone(reason): no instrumented SDK can do what this case does")
    config.addinivalue_line("markers", "asks(provider): who answers, where it is not whom the SDK is made for")
    config.addinivalue_line("markers", "kit(**arguments): the case's kit is another one than the usual")
    plant("torture", pytest.exit)


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
async def way(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[Way]:
    """The sync and the async half of the SDKs."""
    async with AsyncExitStack() as stack:
        yield request.param(server, stack)


@pytest.fixture
def play(server: Server) -> Callable[..., str]:
    """Has the server answer with a script; gives its name."""
    return lambda *given, **named: script.play(server, *given, **named)


BY = ("wrap", "auto")
"""How streams come to be metered: the app wraps each, or the SDKs are instrumented and the app does nothing."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each case whose streams are metered played both ways, unless it says why it is about `wrap` alone."""
    if "metered_by" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("wrap_alone")
        metafunc.parametrize("metered_by", BY[:1] if alone else BY, indirect=True)


@pytest.fixture
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """Fresh in-memory providers, for each case its own."""
    marker = request.node.get_closest_marker("kit")
    with Kit(**(marker.kwargs if marker else {})) as kit:
        yield kit


@pytest.fixture
def metered_by(request: pytest.FixtureRequest, kit: Kit) -> Iterator[str]:
    """How this case's streams come to be metered; while it is `auto`, the SDKs are instrumented."""
    if request.param == "auto":
        providers = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
        asked = request.node.get_closest_marker("asks")
        settings = kit.telemetry.settings
        for instrumentor in INSTRUMENTORS:
            instrumentor().instrument(
                **providers, servers=(f"127.0.0.1={asked.args[0] if asked else '*'}",), estimate=settings.estimate
            )
    yield request.param
    if request.param == "auto":
        for instrumentor in INSTRUMENTORS:
            instrumentor().uninstrument()


@pytest.fixture
def wrap(metered_by: str, wrap: Callable[..., Any]) -> Callable[..., Any]:
    """`chunkmeter.wrap`, as an app calls it that asks for `gpt-4o-mini`; nothing where the SDK is instrumented."""

    def metered(stream: Any, **named: Any) -> Any:
        if metered_by == "auto" and type(stream).__module__.startswith(INSTRUMENTED):
            return stream
        return wrap(stream, **{"model": "gpt-4o-mini", **named})

    return metered


@pytest.fixture
def read(way: Way, play: Callable[..., str], wrap: Callable[..., Any]) -> Callable[..., Any]:
    """Has a script played to OpenAI's SDK, and reads it metered to its end."""

    async def openai(events: Any, **named: Any) -> None:
        client, asked = way.openai(play(events)), {"model": named["model"]} if "model" in named else {}
        await way.rest(wrap(await way.create(client, **asked), **named))

    return openai


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where all tests passed, but a case has none."""
    if session.exitstatus == pytest.ExitCode.OK and any(row.result == "fail" for row in table(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    shown = table(config)
    if not shown:
        return
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


SAID = {"pass": "passed", "fail": "failed"}


def table(config: pytest.Config) -> list[Row]:
    """A row a number; of the numbers that were asked for, where not all were; none where no case was run."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    stats: dict[str, list[Any]] = reporter.stats
    ran = [
        (report.location[2], outcome)
        for outcome in ("passed", "failed", "error", "skipped")
        for report in stats.get(outcome, [])
    ]
    asked = {case[0] for name, _ in ran if (case := named(name))}
    return [row for row in rows(ran) if row.number in asked or (asked and not stats.get("deselected"))]
