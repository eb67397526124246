"""The SDKs' part of the matrix, in one environment: `python -m checks.matrix.sdks SDK ...`.

SDK x {plain, structured, tools} x {called, streamed} x every way the SDK has for it (`checks.matrix.ways`) x {sync,
async}, the client made and its methods looked up before `instrument()` and after: real SDKs, answered by
`replay.server`. Each is run bare first. The metered run must hand over the same objects, or the same exception where
the bare run raised one, and leave exactly one span, whose numbers are the scenario's literals. The SDKs that Stainless
does not generate are in `checks.matrix.endings`.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from typing import Any, cast

from checks.matrix import endings
from checks.matrix.endpoints import CLIENTS, Sdk
from checks.matrix.judge import judge, table
from checks.matrix.libraries import LIBRARIES
from checks.matrix.ways import SERVERS, Ask, Way, asked, ways
from chunkmeter import instrumentors
from chunkmeter.testing import Kit
from replay.server import Server, start
from support.cells import Outcome
from support.clients import KEY
from support.faults import plant


class Bench:
    """The server and the loop that all ways share."""

    def __init__(self, server: Server, runner: asyncio.Runner) -> None:
        self.server, self.runner = server, runner

    def client(self, sdk: Sdk, *, is_async: bool, scenario: str) -> Any:
        """A new client that is answered by a scenario."""
        kind = getattr(import_module(sdk), f"{'Async' if is_async else ''}{CLIENTS[sdk]}")
        return kind(base_url=f"{self.server.url}/id/{scenario}", api_key=KEY, max_retries=0)

    def close(self, client: Any) -> None:
        """Closes it, so that its connections don't outlive it."""
        closed = client.close()
        if closed is not None:
            self.runner.run(closed)

    def run(self, ask: Ask, *, is_async: bool) -> Outcome:
        """Asks: what it gave, and which scenarios answered its requests."""
        return asked(self.server, self.runner, ask, is_async=is_async)


def play(bench: Bench, way: Way, *, is_async: bool) -> Iterator[tuple[str, str]]:
    """One way, bare and then metered, with a client made before and after `instrument()`: the verdict of each."""
    sdk, scenario = way.endpoint.sdk, way.scenario
    instrumentor = getattr(instrumentors, f"{CLIENTS[sdk]}Instrumentor")()
    client = bench.client(sdk, is_async=is_async, scenario=scenario.id)
    early = way.bind(client)
    bare = bench.run(early, is_async=is_async)
    for when in ("before", "after"):
        kit = Kit()
        instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS)
        try:
            later = None if when == "before" else bench.client(sdk, is_async=is_async, scenario=scenario.id)
            metered = bench.run(early if later is None else way.bind(later), is_async=is_async)
        finally:
            instrumentor.uninstrument()
        if later is not None:
            bench.close(later)
        yield when, judge(bare, metered, kit, scenario, chunks=scenario.truth.events_on_wire if way.raw else None)
    bench.close(client)


def rows(bench: Bench, sdks: Sequence[Sdk]) -> Iterator[tuple[str, ...]]:
    """Plays all of them, SDK by SDK: the way, when its client was made, and the verdict."""
    for sdk in sdks:
        for is_async in (False, True):
            known = bench.client(sdk, is_async=is_async, scenario="")
            for way in ways(known, sdk):
                mode, how = "async" if is_async else "sync", "stream" if way.scenario.stream else "call"
                for when, verdict in play(bench, way, is_async=is_async):
                    yield version(sdk), sdk, mode, way.endpoint.resource, how, way.kind, way.by, when, verdict
            bench.close(known)


def main(*sdks: str) -> int:
    """Exit status 1 if any run fails."""
    fault = plant("matrix")
    warnings.simplefilter("ignore")  # the libraries' own; that metering adds none is for the tests to show
    with start() as server, asyncio.Runner() as runner:
        return table(
            "{:<9}{:<19}{:<7}{:<32}{:<8}{:<12}{:<17}{:<8}{}",
            ("version", "SDK", "mode", "resource", "how", "kind", "by", "made", "result"),
            chain(
                rows(Bench(server, runner), cast("Sequence[Sdk]", [sdk for sdk in sdks if sdk in CLIENTS])),
                endings.rows(server, runner, [sdk for sdk in sdks if sdk in LIBRARIES]),
            ),
            once=bool(fault),
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
