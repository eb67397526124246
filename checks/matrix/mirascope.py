"""Mirascope's part of the matrix, in one environment: `python -m checks.matrix.mirascope VERSION provider ...`.

Provider x {sync, async} x {call, stream} x {plain, structured, tools}, each by `llm.call` and by the provider's own
decorator, each decorated before and after `instrument()`, and some SDKs' own streams by `wrap`: real Mirascope and real
SDKs, answered by `replay.server`. Every function is run bare first. The metered run must hand over the same items, or
the same exception where the bare run raised one, and leave exactly one span, whose numbers are the scenario's literals.
`retries` stands in place of a provider for tenacity and `fallback`, whose runs leave a tree of spans.
VERSION is the Mirascope that the environment is to have.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from importlib.metadata import version
from itertools import product
from typing import Any, cast, get_args

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or LiteLLM asks the network for its price map on import

from checks.matrix.judge import judge, table
from checks.matrix.mirascope_retries import retries
from checks.matrix.retries import RETRIES
from checks.matrix.retries import play as retried
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.streams.wrap import wrap
from chunkmeter.testing import Kit
from replay.scenarios import Kind, Scenario, Service
from replay.server import Server, start
from support.cells import GENERATIVE_MODELS, Cell, Outcome, instrument, run, sdk_stream
from support.clients import keys_at_hand, new_async_client, new_client

APIS = ("llm.call", "decorator")
WHEN = ("before", "after")


class Bench:
    """The server, the clients and the loop that all cells share."""

    def __init__(self, server: Server, runner: asyncio.Runner) -> None:
        self.server, self.runner = server, runner
        self._clients: dict[tuple[Service, bool], Any] = {}
        self._stack, self._astack = ExitStack(), AsyncExitStack()

    def client(self, cell: Cell) -> Any:
        """The client for a cell, made once."""
        base = f"{self.server.url}/{cell.service}"
        key: tuple[Service, bool] = (cell.service, cell.is_async)
        if key not in self._clients:
            self._clients[key] = (
                self.runner.run(new_async_client(cell.service, base, self._astack))
                if cell.is_async
                else new_client(cell.service, base, self._stack)
            )
        return self._clients[key]

    def run(self, cell: Cell, function: Callable[..., Any]) -> Outcome:
        """Calls a cell's function: what it gave, and which scenarios answered its requests."""
        sent = len(self.server.requests)
        outcome = run(cell, function, self.runner)
        outcome.requests = [request.scenario for request in self.server.requests[sent:]]
        return outcome

    def close(self) -> None:
        """Closes the clients."""
        self.runner.run(self._astack.aclose())
        self._stack.close()


def play(bench: Bench, cell: Cell, api: str) -> Iterator[tuple[str, str]]:
    """One function, bare and then metered, decorated before and after `instrument()`: the verdict of each."""
    early = cell.decorate(api, bench.client(cell))
    bare = bench.run(cell, early)
    for when in WHEN:
        kit = Kit()
        instrument(kit)
        try:
            function = early if when == "before" else cell.decorate(api, bench.client(cell))
            metered = bench.run(cell, function)
        finally:
            MirascopeInstrumentor().uninstrument()
        name = f"support.cells.Cell.decorate.<locals>.{'aask' if cell.is_async else 'ask'}"
        # A call begins before Mirascope finds that it can't make a request of it.
        yield when, judge(bare, metered, kit, answer(cell), function=name, failed=1)


def play_sdk(bench: Bench, cell: Cell) -> str:
    """The stream of the provider's SDK itself, bare and then wrapped."""
    kit = Kit()
    model = bench.client(cell)

    def wrapped(stream: Any, began: int) -> Any:
        return wrap(stream, provider=cell.service, model=cell.scenario.model, start_time=began, telemetry=kit.telemetry)

    bare = bench.run(cell, sdk_stream(cell, model, lambda stream, _: stream))
    return judge(bare, bench.run(cell, sdk_stream(cell, model, wrapped)), kit, answer(cell))


def answer(cell: Cell) -> Scenario:
    """What the server answers in a cell, with what of it the SDK hands on."""
    scenario = cell.scenario
    if cell.service == "litellm" and cell.stream and version("litellm").startswith("1.72."):
        # One event more than later ones, and no tier.
        truth = replace(scenario.truth, unseen=scenario.truth.unseen - 1, service_tier=None)
        return replace(scenario, truth=truth)
    return scenario


def rows(bench: Bench, mirascope: str, services: Sequence[Service]) -> Iterator[tuple[str, ...]]:
    """Plays all of them, provider by provider: the cell, by what it is called, when decorated, and the verdict."""
    if RETRIES in services:
        for retry in retries():
            told = (mirascope, RETRIES, "async" if retry.is_async else "sync", retry.how, retry.case)
            for when, verdict in retried(bench.server, bench.runner, retry):
                yield *told, retry.by, when, verdict
    asked = [service for service in services if service != RETRIES]
    for service, is_async, stream, kind in product(asked, (False, True), (False, True), get_args(Kind)):
        cell = Cell(service, is_async, stream, kind)
        told = (mirascope, service, "async" if is_async else "sync", "stream" if stream else "call", kind)
        for api in APIS:
            for when, verdict in play(bench, cell, api):
                yield *told, api, when, verdict
        # Mirascope can't do this with these providers, so this is how it is done.
        if service in GENERATIVE_MODELS and stream and kind == "plain":
            yield *told, "sdk, wrap", "", play_sdk(bench, cell)


def main(mirascope: str, *services: str) -> int:
    """Exit status 1 if any run fails."""
    if version("mirascope") != mirascope:
        print(
            f"Mirascope {version('mirascope')} is here, not {mirascope}: say so in checks/matrix/__main__.py",
            file=sys.stderr,
        )
        return 2
    warnings.simplefilter("ignore")  # the libraries' own; that metering adds none is for the tests to show
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    with keys_at_hand(), start() as server, asyncio.Runner() as runner:
        bench = Bench(server, runner)
        try:
            return table(
                "{:<8}{:<10}{:<7}{:<8}{:<12}{:<11}{:<11}{}",
                ("version", "provider", "mode", "how", "kind", "by", "decorated", "result"),
                rows(bench, mirascope, cast("Sequence[Service]", services)),
            )
        finally:
            bench.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
