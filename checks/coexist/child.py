"""Makes every call beside one peer in one way, and says of each whether it counted once.

`python -m checks.coexist.child PEER WAY`
"""

from __future__ import annotations

import gc
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import chunkmeter
from checks.coexist.calls import CALLS, COMPLETE, truth
from checks.coexist.peers import LEFT_OPEN, SERVICES, switch_on
from chunkmeter import ChunkSpanProcessor
from chunkmeter.instrumentors import AnthropicInstrumentor, OpenAIInstrumentor
from chunkmeter.reporting.telemetry import Telemetry, for_providers
from chunkmeter.testing import Kit, attributes_of
from replay import server
from support.faults import plant

_SETTLED = 0.05
"""Seconds in which the keeper's thread settles what was collected."""
# A chain's sums, which are no call.
_SUMS: dict[str, Any] = {
    "openinference.span.kind": "CHAIN",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 1000,
    "llm.token_count.completion": 200,
}


class Row(NamedTuple):
    """One call beside a peer."""

    peer: str
    service: str
    call: str
    way: str
    inside: bool

    def __str__(self) -> str:
        where = "in a chain" if self.inside else "alone"
        return f"{self.peer:<13} {self.service:<9} {self.call:<7} {self.way:<13} {where}"


def _set_up(peer: str, way: str, kit: Kit) -> Telemetry:
    pricing = ChunkSpanProcessor(SimpleSpanProcessor(kit.exporter), meter_provider=kit.meter_provider)
    metrics.set_meter_provider(kit.meter_provider)
    if peer == "logfire":  # It makes the tracer provider itself.
        configure = import_module("logfire").configure
        configure(send_to_logfire=False, console=False, metrics=False, additional_span_processors=[pricing])
    else:
        provider = TracerProvider()
        provider.add_span_processor(pricing)
        trace.set_tracer_provider(provider)
    steps: list[Callable[[], None]] = [partial(switch_on, peer)]
    if way.startswith("hook"):
        steps.insert(0 if way == "hook first" else 1, partial(_hook, kit))
    for step in steps:
        step()
    return for_providers(None, kit.meter_provider, None)


def _hook(kit: Kit) -> None:
    for instrumentor in (OpenAIInstrumentor, AnthropicInstrumentor):
        instrumentor().instrument(meter_provider=kit.meter_provider)


def _wrong(row: Row, kit: Kit, telemetry: Telemetry, played: server.Server) -> str | None:
    """What is wrong with a call; None if nothing is."""
    names = ("chunkmeter.calls", "chunkmeter.spend", "chunkmeter.errors")
    before, spans = [kit.total(name) for name in names], len(kit.spans)
    wrap = partial(chunkmeter.wrap, provider=row.service, telemetry=telemetry)
    with ExitStack() as around:
        if row.inside:
            # Not next to the call: a span around another is told by that alone.
            tracer = trace.get_tracer("app")
            around.enter_context(tracer.start_as_current_span("chain", attributes=_SUMS))
            around.enter_context(tracer.start_as_current_span("step"))
        CALLS[row.call](played, row.service, wrap if "wrap" in row.way else lambda stream: stream)
    gc.collect()
    time.sleep(_SETTLED)
    calls, spend, errors = (kit.total(name) - was for name, was in zip(names, before, strict=True))
    made = [attributes_of(span) for span in kit.spans[spans:]]
    told = sum(span.get("gen_ai.usage.cost.amount", 0.0) for span in made)
    incomplete = any(span.get("chunkmeter.cost.status") == "incomplete" for span in made)
    left_open = row[:3] in LEFT_OPEN
    if calls != 1 and not (left_open and row.way == "processor" and calls == 0):
        return f"{calls:g} calls"
    if errors:
        return f"{errors:g} errors"
    if row.call in COMPLETE and not incomplete and abs(spend - truth(row.service, row.call)) > 1e-9:
        return f"{spend:.9f} USD counted, {truth(row.service, row.call):.9f} are true"
    if abs(told - spend) > 1e-9 and not left_open:
        return f"{spend:.9f} USD counted, {told:.9f} on spans"
    return None


def main(peer: str, way: str) -> int:
    """Exit status 1 if a call did not count once. `way` is one of `peers.WAYS`."""
    warnings.simplefilter("ignore")
    plant("coexist")
    failed = 0
    with Kit() as kit, server.start() as played:
        telemetry = _set_up(peer, way, kit)
        services = SERVICES.get(peer, ("openai", "anthropic"))
        for inside, service, call in product((False, True), services, CALLS):
            row = Row(peer, service, call, way, inside)
            wrong = _wrong(row, kit, telemetry, played)
            failed += wrong is not None
            print(f"{row!s:<56} {wrong or 'ok'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # Some peers would wait for a server that isn't there.
