"""The frameworks' part of the matrix, in one environment: `python -m checks.matrix.frameworks FRAMEWORK ...`.

Framework x {plain, streamed, with tools, ...} x {sync, async} as far as it is both, its client made before and after
`instrument()`: real frameworks on OpenAI's SDK, which is metered and they are not, answered by `replay.server`. Each is
run bare first. The metered run must give what the bare one gave, and leave one span a request, whose numbers are the
scenarios' literals.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

from checks.matrix.framework_runs import FRAMEWORKS, Run
from checks.matrix.judge import judge, table
from checks.matrix.sdks import SERVERS
from checks.matrix.ways import asked
from chunkmeter.instrumentors import OpenAIInstrumentor
from chunkmeter.testing import Kit
from replay.scenarios import by_id
from replay.server import Server, start
from support.faults import plant


def play(server: Server, runner: asyncio.Runner, run: Run) -> Iterator[tuple[str, str]]:
    """One run, bare and then metered, its client made before and after `instrument()`: the verdict of each."""
    early = run.bind(server.url)
    bare = asked(server, runner, early, is_async=run.is_async)
    for when in ("before", "after"):
        kit = Kit()
        OpenAIInstrumentor().instrument(
            tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS
        )
        try:
            metered = asked(server, runner, early if when == "before" else run.bind(server.url), is_async=run.is_async)
        finally:
            OpenAIInstrumentor().uninstrument()
        yield when, judge(bare, metered, kit, *(by_id[answer] for answer in run.answers))


def rows(server: Server, runner: asyncio.Runner, frameworks: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Plays all of them: the run, when its client was made, and the verdict."""
    for framework in frameworks:
        runs: Callable[[], Iterator[Run]] = FRAMEWORKS[framework]
        for run in runs():
            for when, verdict in play(server, runner, run):
                yield version(framework), framework, "async" if run.is_async else "sync", run.name, when, verdict


def main(*frameworks: str) -> int:
    """Exit status 1 if any run fails."""
    fault = plant("matrix")
    warnings.simplefilter("ignore")  # the libraries' own
    with start() as server, asyncio.Runner() as runner:
        return table(
            "{:<8}{:<18}{:<7}{:<24}{:<8}{}",
            ("version", "framework", "mode", "run", "made", "result"),
            rows(server, runner, frameworks),
            once=bool(fault),
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
