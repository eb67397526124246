"""The matrix in one environment, as `tests/matrix.py` runs it: `python -m tests.matrix_part VERSION provider ...`.

Provider x {sync, async} x {call, stream} x {plain, structured, tools}, each by `llm.call` and by the provider's own
decorator, each decorated before and after `instrument()`, and some SDKs' own streams by `wrap`: real Mirascope and real
SDKs, answered by `replay.server`. Every function is run bare first. The metered run must hand over the same items, or
the same exception where the bare run raised one, and leave exactly one span, whose numbers are the scenario's literals.
VERSION is the Mirascope that the environment is to have.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from importlib.metadata import version
from itertools import product
from typing import Any, cast, get_args

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or LiteLLM asks the network for its price map on import

from opentelemetry.trace import StatusCode

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.stream import wrap
from replay.check import TOLERANCE, Report, check_call
from replay.scenarios import Kind, Scenario, Service
from replay.server import Server, start
from tests.clients import keys_at_hand, new_async_client, new_client
from tests.kit import Kit, attributes_of
from tests.matrix_app import GENERATES_CONTENT, GENERATIVE_MODELS, Cell, Outcome, difference, run, sdk_stream

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
        instrumentor = MirascopeInstrumentor()
        instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
        try:
            function = early if when == "before" else cell.decorate(api, bench.client(cell))
            metered = bench.run(cell, function)
        finally:
            instrumentor.uninstrument()
        name = f"tests.matrix_app.Cell.decorate.<locals>.{'aask' if cell.is_async else 'ask'}"
        yield when, judge(cell, bare, metered, kit, name)


def play_sdk(bench: Bench, cell: Cell) -> str:
    """The stream of the provider's SDK itself, bare and then wrapped."""
    kit = Kit()
    model = bench.client(cell)

    def wrapped(stream: Any, began: int) -> Any:
        return wrap(stream, provider=cell.service, model=cell.scenario.model, start_time=began, telemetry=kit.telemetry)

    bare = bench.run(cell, sdk_stream(cell, model, lambda stream, _: stream))
    return judge(cell, bare, bench.run(cell, sdk_stream(cell, model, wrapped)), kit, None)


def answer(cell: Cell) -> Scenario:
    """What the server answers in a cell, with what of it the SDK hands on."""
    scenario = cell.scenario
    if cell.service == "litellm" and cell.stream and version("litellm").startswith("1.72."):
        # One event more than later ones, and no tier.
        truth = replace(scenario.truth, unseen=scenario.truth.unseen - 1, service_tier=None)
        return replace(scenario, truth=truth)
    return scenario


def judge(cell: Cell, bare: Outcome, metered: Outcome, kit: Kit, function: str | None) -> str:
    """The verdict on one run; `function` is the name that its span is to have."""
    report = Report()
    report.expect("requests", metered.requests, bare.requests if bare.error else [cell.scenario.id])
    compare(report, bare, metered)
    # What Mirascope fails to pack has still been answered, and paid for.
    if bare.error is None or (metered.requests and not cell.stream):
        check_metered(report, cell, kit, function)
    else:
        check_failed(report, bare.error, kit)
    kit.shutdown()
    fine = f"library fails: {' '.join(bare.complaint.split())}" if bare.error else "ok"
    return f"FAIL: {'; '.join(report.lines)}" if report.lines else fine


def compare(report: Report, bare: Outcome, metered: Outcome) -> None:
    """The metered run gave its user what the bare run gave."""
    report.expect("exception", metered.complaint, bare.complaint)
    report.expect("exception's type", type(metered.error), type(bare.error))
    report.expect("number of items", len(metered.items), len(bare.items))
    for number, (got, expected) in enumerate(zip(metered.items, bare.items, strict=False)):
        report.lines += difference(got, expected, f"item {number} ")


def check_metered(report: Report, cell: Cell, kit: Kit, function: str | None) -> None:
    """One span and one point of each metric, all of them the truth."""
    scenario = answer(cell)
    truth = scenario.truth
    report.expect("spans", len(kit.spans), 1)
    for span in kit.spans:
        attributes = attributes_of(span)
        check_call(report, scenario, attributes)
        operation = "generate_content" if cell.service in GENERATES_CONTENT else "chat"
        wire = (truth.events_on_wire or 0) - truth.unseen if cell.stream else None
        for where, got, expected in (
            ("name", span.name, f"{operation} {scenario.app_model}"),
            ("status", span.status.status_code, StatusCode.UNSET),
            ("raw events seen", attributes.get("chunkmeter.chunks"), wire),
            ("response id", attributes.get("gen_ai.response.id"), truth.response_id),
            ("total tokens", attributes.get("chunkmeter.usage.total_tokens"), truth.total_tokens),
            ("function", attributes.get("code.function.name"), function),
        ):
            report.expect(where, got, expected)
    report.close("metric chunkmeter.spend", kit.total("chunkmeter.spend"), truth.usd)
    for metric, labels, expected in (
        ("chunkmeter.calls", {}, 1),
        ("chunkmeter.calls", {"outcome": "completed"}, 1),
        ("chunkmeter.errors", {}, 0),
        ("gen_ai.client.token.usage", {"token__type": "input"}, truth.input_tokens or 0),
        ("gen_ai.client.token.usage", {"token__type": "output"}, truth.output_tokens or 0),
    ):
        report.expect(f"metric {metric} {labels or ''}", kit.total(metric, **labels), expected)


def check_failed(report: Report, error: Exception, kit: Kit) -> None:
    """One span that says so."""
    report.expect("spans", len(kit.spans), 1)
    kind = type(error)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    for span in kit.spans:
        report.expect("status", span.status.status_code, StatusCode.ERROR)
        report.expect("error.type", attributes_of(span).get("error.type"), named)
        report.expect("outcome", attributes_of(span).get("chunkmeter.outcome"), "error")
    report.expect("metric chunkmeter.calls", kit.total("chunkmeter.calls", outcome="error"), 1)


def runs(bench: Bench, services: Sequence[Service]) -> Iterator[tuple[Cell, str, str, str]]:
    """Plays all of them, provider by provider: cell, by what it is called, when decorated, and the verdict."""
    for service, is_async, stream, kind in product(services, (False, True), (False, True), get_args(Kind)):
        cell = Cell(service, is_async, stream, kind)
        for api in APIS:
            for when, verdict in play(bench, cell, api):
                yield cell, api, when, verdict
        # Mirascope can't do this with these providers, so this is how it is done.
        if service in GENERATIVE_MODELS and stream and kind == "plain":
            yield cell, "sdk, wrap", "", play_sdk(bench, cell)


def table(bench: Bench, mirascope: str, services: Sequence[Service]) -> Counter[str]:
    """Plays and prints all; how many runs came to which verdict."""
    verdicts: Counter[str] = Counter()
    layout = "{:<8}{:<10}{:<7}{:<8}{:<12}{:<11}{:<11}{}"
    print(layout.format("version", "provider", "mode", "how", "kind", "by", "decorated", "result"), flush=True)
    for cell, api, when, verdict in runs(bench, services):
        mode, how = "async" if cell.is_async else "sync", "stream" if cell.stream else "call"
        print(layout.format(mirascope, cell.service, mode, how, cell.kind, api, when, verdict), flush=True)
        verdicts[verdict.partition(":")[0]] += 1
    return verdicts


def main(mirascope: str, *services: str) -> int:
    """Exit status 1 if any run fails."""
    if version("mirascope") != mirascope:
        print(f"Mirascope {version('mirascope')} is here, not {mirascope}: say so in tests/matrix.py", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")  # the libraries' own; that metering adds none is for the tests to show
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    began = time.perf_counter()
    with keys_at_hand(), start() as server, asyncio.Runner() as runner:
        bench = Bench(server, runner)
        try:
            verdicts = table(bench, mirascope, cast("Sequence[Service]", services))
        finally:
            bench.close()
    ok, fails, failed = (verdicts[verdict] for verdict in ("ok", "library fails", "FAIL"))
    print(
        f"{ok + fails} passed, {failed} failed; {ok} ok, {fails} where the library fails by itself, {failed} FAIL, "
        f"in {math.ceil(time.perf_counter() - began)} s, cost to {TOLERANCE} USD"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
