"""The frameworks' part of the matrix, in one environment: `python -m checks.matrix.frameworks FRAMEWORK ...`.

Framework x {plain, streamed, with tools, ...} x {sync, async} as far as it is both, its client made before and after
`instrument()`: real frameworks, answered by `replay.server`. The SDKs below them are metered, all at once as
`chunkmeter.instrument()` does it, and they are not. Libraries that frameworks ask through are run in the same way. Each
run is bare first. The metered one must give what the bare one gave, and leave one span a request, whose numbers are the
scenarios' literals.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

import chunkmeter
from checks.matrix.framework_runs import FRAMEWORKS
from checks.matrix.judge import judge, table
from checks.matrix.library_runs import LIBRARIES, SCRIPTS
from checks.matrix.more_frameworks import MORE_FRAMEWORKS
from checks.matrix.runs import Run
from checks.matrix.ways import SERVERS, asked
from chunkmeter.testing import Kit
from replay.server import Server, start
from support.faults import plant


def play(server: Server, runner: asyncio.Runner, run: Run) -> Iterator[tuple[str, str]]:
    """One run, bare and then metered, its client made before and after `instrument()`: the verdict of each."""
    early = run.bind(server.url)
    bare = asked(server, runner, early, is_async=run.is_async)
    for when in ("before", "after"):
        kit = Kit()
        chunkmeter.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS)
        try:
            metered = asked(server, runner, early if when == "before" else run.bind(server.url), is_async=run.is_async)
        finally:
            chunkmeter.uninstrument()
        chunks = len(bare.items) if run.hands_on else None
        yield when, judge(bare, metered, kit, *run.answers, chunks=chunks)


def rows(server: Server, runner: asyncio.Runner, frameworks: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Plays all of them: the run, when its client was made, and the verdict."""
    for framework in frameworks:
        runs: Callable[[], Iterator[Run]] = (FRAMEWORKS | MORE_FRAMEWORKS | LIBRARIES)[framework]
        for run in runs():
            for when, verdict in play(server, runner, run):
                yield version(framework), framework, "async" if run.is_async else "sync", run.name, when, verdict


def main(*frameworks: str) -> int:
    """Exit status 1 if any run fails."""
    fault = plant("matrix")
    warnings.simplefilter("ignore")  # the libraries' own
    with start() as server, asyncio.Runner() as runner:
        server.scripts.update(SCRIPTS)
        return table(
            "{:<9}{:<26}{:<7}{:<30}{:<8}{}",
            ("version", "framework", "mode", "run", "made", "result"),
            rows(server, runner, frameworks),
            once=bool(fault),
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
