"""Mirascope 2's part of the matrix, in one environment: `python -m checks.matrix.mirascope2 VERSION provider ...`.

Provider x {sync, async} x {plain, structured, tools} x {called, streamed by each view} x {`llm.call`, with a context,
`Prompt`, `Model`, resumed}, bound before `instrument()`, with Mirascope's hooks alone, and after it, with those of
OpenAI's and Anthropic's SDKs too: real Mirascope and real SDKs, answered by `replay.server`. Each is run bare first.
The metered run must hand over the same objects, or the same exception where the bare run raised one, and leave exactly
one span a request, whose numbers are the scenario's literals. Then come the checks of `mirascope2_more`
and `mirascope2_facts`.

`retries` stands in place of a provider for `llm.retry` and `llm.retry_model`, whose runs leave a tree of spans. VERSION
is the Mirascope that the environment is to have.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from checks.matrix import mirascope2_facts
from checks.matrix.judge import judge, table
from checks.matrix.mirascope2_more import CHECKS, played
from checks.matrix.mirascope2_retries import retries
from checks.matrix.mirascope2_runs import PROVIDERS, Run, runs
from checks.matrix.retries import RETRIES
from checks.matrix.retries import play as retried
from checks.matrix.ways import SERVERS, asked
from chunkmeter.instrumentors import AnthropicInstrumentor, MirascopeInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit
from replay.server import Server, start
from support import mlx_stand_in
from support.clients import KEY
from support.faults import plant

WHEN = {"before": (MirascopeInstrumentor,), "after": (MirascopeInstrumentor, OpenAIInstrumentor, AnthropicInstrumentor)}
"""When a run is bound, and whose hooks are on then."""


def play(server: Server, runner: asyncio.Runner, run: Run) -> Iterator[tuple[str, str]]:
    """One run, bare and then metered, bound before and after `instrument()`: the verdict of each."""
    early = run.bind(server.url)
    bare = asked(server, runner, early, is_async=run.is_async)
    for when, instrumentors in WHEN.items():
        kit = Kit()
        for each in instrumentors:
            each().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=SERVERS)
        try:
            metered = asked(server, runner, early if when == "before" else run.bind(server.url), is_async=run.is_async)
        finally:
            for each in instrumentors:
                each().uninstrument()
        yield when, judge(bare, metered, kit, *run.answers, function=run.function)


def rows(server: Server, runner: asyncio.Runner, mirascope: str, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Plays all of them, provider by provider: the run, when it was bound, and the verdict."""
    for name in names:
        if name == RETRIES:
            for retry in retries():
                mode = "async" if retry.is_async else "sync"
                for when, verdict in retried(server, runner, retry):
                    yield mirascope, name, mode, retry.case, retry.how, retry.by, when, verdict
            continue
        for run in runs(PROVIDERS[name]):
            for when, verdict in play(server, runner, run):
                yield mirascope, name, "async" if run.is_async else "sync", run.kind, run.how, run.by, when, verdict
    for called, check, hooks in (*CHECKS, *mirascope2_facts.CHECKS):
        yield mirascope, "-", *called, "after", played(server, runner, check, hooks)


def main(mirascope: str, *names: str) -> int:
    """Exit status 1 if any run fails."""
    if version("mirascope") != mirascope:
        print(
            f"Mirascope {version('mirascope')} is here, not {mirascope}: say so in checks/matrix/__main__.py",
            file=sys.stderr,
        )
        return 2
    mlx_stand_in.install()  # before Mirascope is imported
    fault = plant("matrix")
    warnings.simplefilter("ignore")  # the libraries' own; that metering adds none is for the tests to show
    logging.getLogger("chunkmeter").setLevel(logging.ERROR)  # it warns of each model without a price, as it should
    # Some providers look for a key even where they are given one.
    os.environ.update(OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY, GOOGLE_API_KEY=KEY, MIRASCOPE_API_KEY=KEY)
    with start() as server, asyncio.Runner() as runner:
        return table(
            "{:<8}{:<19}{:<7}{:<15}{:<18}{:<12}{:<8}{}",
            ("version", "provider", "mode", "kind", "how", "by", "bound", "result"),
            rows(server, runner, mirascope, names),
            once=bool(fault),
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
