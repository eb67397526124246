"""The other libraries' part of the matrix: SDK x {call, stream, break, error} x {sync, async} x {before, after}.

Each is run bare first. The metered run must hand over the same objects, or the same exception, and leave exactly one
span: of a call or stream that went well with the scenario's literals, else with how it ended.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
import time
from collections.abc import Coroutine, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from checks.matrix.judge import compare
from checks.matrix.libraries import ANSWERS, LIBRARIES, Asked, Library, truth_of
from checks.matrix.ways import at_once
from chunkmeter import instrumentors
from chunkmeter.testing import Kit, attributes_of
from replay.check import TOLERANCE, Report
from replay.server import Server
from support import grok
from support.cells import Outcome, shape
from support.either import first, given, items

__all__ = ["rows"]

SERVERS = ("127.0.0.1=*", "localhost=*")
_STATUS = 400
_OPTIONS = {"call": "", "stream": "", "break": "~stall=2", "error": f"~status={_STATUS}"}
"""How the server goes wrong. Of a stream that is left it keeps the rest, so that what has come is no matter of time."""
_DEADLINE = 20.0


class _Bench:
    """The servers and the loop that all share."""

    def __init__(self, server: Server, runner: asyncio.Runner, served: grok.Grok) -> None:
        self.server, self.runner, self.grok = server, runner, served

    def client(self, library: Library, asked: Asked, ending: str, *, is_async: bool) -> Any:
        """A new client, which is answered as the ending has it."""
        if library.served == "http":
            return library.client(f"{self.server.url}/id/{asked.answers}{_OPTIONS[ending]}", is_async)
        self.grok.fails = "refused" if ending == "error" else None

        async def made() -> Any:
            return library.client(self.grok, is_async)

        return self.runner.run(made())  # an async channel belongs to a loop

    def run(self, work: Coroutine[Any, Any, Any], *, is_async: bool) -> Any:
        return self.runner.run(work) if is_async else at_once(work)


def _close(bench: _Bench, client: Any) -> None:
    """Closes a client that can be closed, so that its connections don't outlive the loop."""
    closed = client.close() if hasattr(client, "close") else None
    if inspect.isawaitable(closed):

        async def close() -> None:
            await closed

        bench.runner.run(close())


def _ask(bench: _Bench, asked: Asked, client: Any, ending: str, *, is_async: bool) -> Outcome:
    async def ask() -> list[Any]:
        answer = asked.ask(client)
        if asked.how == "call":
            return [await given(answer)]
        return [await first(await given(answer))] if ending == "break" else await items(answer)

    try:
        return Outcome([shape(item) for item in bench.run(ask(), is_async=is_async)])
    except Exception as error:  # noqa: BLE001 -- the user's own, to be compared with the bare app's
        return Outcome([], error)


def _wait(bench: _Bench, kit: Kit) -> None:
    """Waits until the call is settled, which for a stream that is let go of another thread or the loop does."""

    async def turn() -> None:
        await asyncio.sleep(0.01)

    deadline = time.monotonic() + _DEADLINE
    while not kit.total("chunkmeter.calls") and time.monotonic() < deadline:
        gc.collect()
        bench.runner.run(turn())


def _check(report: Report, kit: Kit, asked: Asked, ending: str, error: Exception | None) -> None:
    """One span, one count, and the truth."""
    report.expect("spans", len(kit.spans), 1)
    report.expect("metric chunkmeter.calls", kit.total("chunkmeter.calls"), 1)
    report.expect("metric chunkmeter.errors", kit.total("chunkmeter.errors"), 0)
    for span in kit.spans:
        said = attributes_of(span)
        outcome = {"break": "abandoned", "error": "error"}.get(ending, "completed")
        report.expect("outcome", said.get("chunkmeter.outcome"), outcome)
        if ending == "error":
            kind = type(error)
            named = f"{kind.__module__}.{kind.__qualname__}"
            report.expect("error.type", said.get("error.type"), named, str(_STATUS))
        if outcome == "completed":
            _check_truth(report, kit, asked, said)


def _check_truth(report: Report, kit: Kit, asked: Asked, said: dict[str, Any]) -> None:
    truth = truth_of(asked)
    amount = truth.pop("gen_ai.usage.cost.amount", None)
    for name, value in truth.items():
        if value is not None or name not in asked.truth:  # a None of its own leaves it open
            report.expect(name, said.get(name), value)
    if amount is not None:
        report.close("cost", said.get("gen_ai.usage.cost.amount"), amount)
        report.close("metric chunkmeter.spend", kit.total("chunkmeter.spend"), amount, TOLERANCE)


def _play(bench: _Bench, library: Library, asked: Asked, ending: str, *, is_async: bool) -> Iterator[tuple[str, str]]:
    """One way, bare and then metered, with a client made before and after `instrument()`: the verdict of each."""
    instrumentor = getattr(instrumentors, library.instrumentor)()
    early = bench.client(library, asked, ending, is_async=is_async)
    bare = _ask(bench, asked, early, ending, is_async=is_async)
    gc.collect()
    for when in ("before", "after"):
        kit, report = Kit(), Report()
        instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS)
        try:
            client = early if when == "before" else bench.client(library, asked, ending, is_async=is_async)
            metered = _ask(bench, asked, client, ending, is_async=is_async)
        finally:
            instrumentor.uninstrument()
        _wait(bench, kit)
        if client is not early:
            _close(bench, client)
        compare(report, bare, metered)
        _check(report, kit, asked, ending, metered.error)
        kit.shutdown()
        yield when, f"FAIL: {'; '.join(report.lines)}" if report.lines else "ok"
    _close(bench, early)


def _release(library: Library) -> tuple[int, ...]:
    numbers = re.findall(r"\d+", version(library.distribution))
    return tuple(map(int, numbers[:3]))


def rows(server: Server, runner: asyncio.Runner, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Plays all of them: the way, when its client was made, and the verdict."""
    server.scripts.update(ANSWERS)
    with grok.serve() as served:
        bench = _Bench(server, runner, served)
        for name in names:
            library = LIBRARIES[name]
            for is_async in (False, True):
                for asked in library.ways:
                    endings = ("call", "error") if asked.how == "call" else ("stream", "break", "error")
                    for ending in endings if _release(library) >= asked.least else ():
                        mode = "async" if is_async else "sync"
                        for when, verdict in _play(bench, library, asked, ending, is_async=is_async):
                            yield (
                                version(library.distribution), name, mode, asked.resource, ending, "plain", "method",
                                when, verdict,
                            )  # fmt: skip
