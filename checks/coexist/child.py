"""Makes every call beside one peer in one way, and says of each whether it counted once.

`python -m checks.coexist.child ENVIRONMENT PEER WAY [WORD ...]`, the words for the calls that have them alone.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from itertools import product, starmap
from threading import Event
from typing import Any, NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import chunkmeter
from checks.coexist.calls import CALLS, COMPLETE, SERVICES, Asked, Got, make, truth
from checks.coexist.peers import PEERS, Peer, is_among, peer_in, switch_on
from checks.coexist.told import Told
from chunkmeter import ChunkSpanProcessor, instrumentors
from chunkmeter.calls.keeper import keeper
from chunkmeter.reporting.telemetry import Telemetry, for_providers
from chunkmeter.testing import Kit
from replay import server
from support.faults import plant

_PATIENCE = 5.0
"""Seconds until what happens in other threads has to have happened."""
_TINY = 1e-9
"""USD that don't matter."""
# A chain's sums, which are no call.
_SUMS: dict[str, Any] = {
    "openinference.span.kind": "CHAIN",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 1000,
    "llm.token_count.completion": 200,
}


class Row(NamedTuple):
    """One call beside a peer."""

    environment: str
    peer: str
    way: str
    asked: Asked
    inside: bool

    @property
    def is_seen(self) -> bool:
        """Whether the peer ends a span for it."""
        return not is_among(self.beside.unseen, self.asked)

    @property
    def beside(self) -> Peer:
        """The peer, as it is here."""
        return peer_in(self.environment, self.peer)

    @property
    def is_priced(self) -> bool:
        """Whether somebody tells of the tokens of a complete call."""
        return self.asked.call in COMPLETE and (self.is_metered or not is_among(self.beside.untold, self.asked))

    @property
    def counts(self) -> bool:
        """Whether anybody tells chunkmeter of it."""
        return self.is_seen or self.is_metered

    def is_told(self, told: Told) -> bool:
        """Whether all has been told that has to be."""
        if self.is_metered and not told.durations.total():
            return False
        if not self.is_seen:
            return told.sums["calls"] >= self.counts
        costs = abs(told.usd - told.sums["spend"]) < _TINY
        streamed = CALLS[self.asked.call].kind in ("stream", "helper")
        spans = self.beside.of_streams if streamed else 1
        return costs and told.spans_of(self.beside.scopes) >= spans and told.sums["calls"] >= self.counts

    @property
    def is_metered(self) -> bool:
        """Whether chunkmeter's hooks or `wrap` see it."""
        streamed = CALLS[self.asked.call].kind in ("stream", "helper")
        hooked = self.way.startswith("hook") and not self.beside.suppresses
        return hooked or ("wrap" in self.way and streamed)

    def wrongly_lacks(self, told: Told) -> str | None:
        """What is wrong with what the cost is said to lack; None if nothing is."""
        by_itself = not self.is_metered and self.is_seen and self.asked.service != "embeddings"
        known = set(self.beside.lacks)
        if by_itself and self.is_priced and not told.lacks >= known:
            return f"the cost does not lack {known - told.lacks}"
        if told.lacks - known - {"class:cache_write_1h", "class:output", *self.beside.may_lack}:
            return f"the cost lacks {told.lacks}"
        if told.lacks and self.is_metered and self.way.startswith("hook"):
            return f"the cost lacks {told.lacks}, though hooks have seen the call"
        return None

    def __str__(self) -> str:
        where = "in a chain" if self.inside else "alone"
        peer = f"{self.peer}{self.environment.removeprefix('coexist').removesuffix(self.peer)}"
        return f"{peer:<19} {self.way:<13} {self.asked} {where:<10}"


def _asked(peer: Peer, words: Sequence[str]) -> Iterator[Asked]:
    for asked in starmap(Asked, product(peer.services, CALLS, (False, True))):
        can_be_asked = CALLS[asked.call].kind in SERVICES[asked.service].answers and not is_among(peer.broken, asked)
        if can_be_asked and set(words) <= set(str(asked).split()):
            yield asked


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
        steps.insert(0 if way == "hook first" else 1, partial(_hook, PEERS[peer].hooks, kit))
    for step in steps:
        step()
    return for_providers(None, kit.meter_provider, None)


def _hook(hooks: Sequence[str], kit: Kit) -> None:
    for name in hooks:
        getattr(instrumentors, name)().instrument(meter_provider=kit.meter_provider)


def _told(row: Row, kit: Kit, telemetry: Telemetry, played: server.Server, runner: asyncio.Runner) -> tuple[Got, Told]:
    """What the user gets of a call, and what is told of it."""
    before = Told.so_far(kit)
    wrap = partial(chunkmeter.wrap, telemetry=telemetry)
    with ExitStack() as around:
        if row.inside:
            # Not next to the call: a span around another is told by that alone.
            tracer = trace.get_tracer("app")
            around.enter_context(tracer.start_as_current_span("chain", attributes=_SUMS))
            around.enter_context(tracer.start_as_current_span("step"))
        got = make(row.asked, played, runner, *([wrap] if "wrap" in row.way else ()))
    gc.collect()
    settled = Event()
    keeper.later(settled.set)
    settled.wait(_PATIENCE)
    until = time.monotonic() + _PATIENCE
    while not row.is_told(told := Told.so_far(kit).since(before)) and time.monotonic() < until:
        # In whose loop collected generators are closed, and LiteLLM has left something to do.
        runner.run(asyncio.sleep(0.01))
        gc.collect()
    return got, told


def _wrong(row: Row, got: Got, bare: Got, told: Told) -> str | None:
    """What is wrong with a call; None if nothing is."""
    if got != bare:
        at = next((at for at, pair in enumerate(zip(got, bare, strict=False)) if pair[0] != pair[1]), None)
        return f"the user gets {got[at or 0]}, without us {bare[at or 0]}"
    if row.is_seen != bool(told.spans_of(row.beside.scopes)):
        return "no span of the peer's" if row.is_seen else "a span of the peer's"
    calls, spend, errors = told.sums["calls"], told.sums["spend"], told.sums["errors"]
    if calls == 2 and is_among(row.beside.twice, row.asked):
        return None
    if calls != row.counts:
        return f"{calls:g} calls"
    if errors:
        return f"{errors:g} errors"
    true = truth(row.asked)
    if lacking := row.wrongly_lacks(told):
        return lacking
    if row.is_priced and row.counts and not told.lacks:
        # A span that tells no reason why its stream ended may be of one that was broken off.
        if told.cost_status not in ("known", "partial"):
            return f"the cost is {told.cost_status}"
        if abs(spend - true.usd) > _TINY:
            return f"{spend:.9f} USD counted, {true.usd:.9f} are true"
    if not told.lacks and spend > true.usd + _TINY:
        return f"{spend:.9f} USD counted, more than {true.usd:.9f}"
    theirs = row.way == "wrap" and not row.is_seen  # The peer's span has the cost, and it does not end.
    if abs(told.usd - spend) > _TINY and not theirs and not is_among(row.beside.unended, row.asked):
        return f"{spend:.9f} USD counted, {told.usd:.9f} on spans"
    if told.with_usage > 1:
        return "tokens on more than one span"
    return _recorded_wrong(row, told)


def _recorded_wrong(row: Row, told: Told) -> str | None:
    """What is wrong with the conventions' metrics of a call, which may be the peer's."""
    if told.tokens.total() > 1 or told.durations.total() > 1:
        return f"recorded twice: {told}"
    if told.tokens[True] and row.asked.call in COMPLETE and told.input_tokens != truth(row.asked).input_tokens:
        return f"{told.input_tokens:g} input tokens recorded, {truth(row.asked).input_tokens} are true"
    if row.is_metered and (told.durations.total() != 1 or told.tokens.total() < (row.asked.call in COMPLETE)):
        return f"not recorded: {told}"
    return None


def main(environment: str, peer: str, way: str, *words: str) -> int:
    """Exit status 1 if a call did not count once.

    Args:
        environment: one of `peers.ENVIRONMENTS`, in which this runs.
        peer: one of `peers.PEERS`.
        way: one of `peers.WAYS`.
        words: what service, call, and `sync` or `async` have to be among.
    """
    warnings.simplefilter("ignore")
    os.environ |= {"ANTHROPIC_OPEN_TELEMETRY": "false", "CHUNKMETER_SERVERS": "127.0.0.1=*"}
    failed = 0
    with Kit() as kit, server.start() as played, asyncio.Runner() as runner:
        bare = {asked: make(asked, played, runner) for asked in _asked(peer_in(environment, peer), words)}
        fault = plant("coexist")
        telemetry = _set_up(peer, way, kit)
        gc.freeze()
        for inside, asked in product((False, True), bare):
            row = Row(environment, peer, way, asked, inside)
            got, told = _told(row, kit, telemetry, played, runner)
            wrong = _wrong(row, got, bare[asked], told)
            failed += wrong is not None
            print(f"{row} {told}: {wrong or 'ok'}", flush=True)
            if fault and failed:
                break
    return 1 if failed else 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # Some peers would wait for a server that isn't there.
