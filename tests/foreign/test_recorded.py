"""Spans that other instrumentations have made of calls to the replay server, each played: what its call costs, once.

`make coexist ARGS=--record` records them. Those whose name ends with `written` are written from their sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chunkmeter import ChunkSpanProcessor
from chunkmeter.exporter import CostSpanExporter
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from support.recorded import CALLS, FOLDER, Recorded, play

# USD a million tokens of gpt-4o-mini: 0.15 in, 0.075 cached, 0.60 out; gpt-5: 1.25, 0.125, 10; gpt-5-nano: 0.05,
# 0.005, 0.40; text-embedding-3-small: 0.02; claude-sonnet-4-5: 3 in, 0.30 cached, 3.75 written for five minutes, 6 for
# an hour, 15 out; gemini-2.5-flash: 0.30, 0.03, 2.50; grok-3-mini: 0.30, 0.075, 0.50.
TRUE = {
    "openai-plain-call": 31 * 0.15 + 8 * 0.60,
    "openai-plain-stream": 176 * 0.15 + 1024 * 0.075 + 45 * 0.60,
    "openai-tools-call": 84 * 0.15 + 16 * 0.60,
    "openai-tools-stream": 84 * 0.15 + 47 * 0.60,
    "openai-cached-stream": 52 * 1.25 + 2048 * 0.125 + 60 * 10,
    "openai-embeddings-call": 1800 * 0.02,
    "responses-plain-call": 25 * 0.05 + 71 * 0.40,
    "responses-plain-stream": 220 * 0.05 + 1280 * 0.005 + 210 * 0.40,
    "anthropic-plain-call": 21 * 3 + 1500 * 0.30 + 9 * 15,
    "anthropic-plain-stream": 12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6 + 57 * 15,
    "anthropic-structured-stream": 402 * 3 + 61 * 15,
    "anthropic-tools-call": 571 * 3 + 900 * 6 + 64 * 15,
    "google-plain-call": 19 * 0.30 + 39 * 2.50,
    "google-plain-stream": 552 * 0.30 + 2048 * 0.03 + 72 * 2.50,
    "google-tools-call": 64 * 0.30 + 55 * 2.50,
    "xai-plain-call": 23 * 0.30 + 4 * 0.075 + 144 * 0.50,
    "xai-ticks-stream": 1_985_400 / 1e4,  # the provider's own cost, in units of 1e-10 USD
}
"""Scenario -> what it costs, in millionths of a USD."""


class Told(NamedTuple):
    """What the spans of a call amount to, where that is not its scenario's cost, all of it known.

    Attributes:
        micro_usd: the cost, in millionths of a USD; None where there is none.
        status: `chunkmeter.cost.status`; None where no span tells of the call.
        unpriced: `chunkmeter.cost.unpriced`.
    """

    micro_usd: float | None
    status: str | None
    unpriced: tuple[str, ...] = ()


NOT_TOLD = Told(None, None)
NO_USAGE = Told(None, "no_usage")
HOUR, CACHED, OUTPUT = "class:cache_write_1h", "class:cached_tokens", "class:output"
# No span tells which of the tokens written to Claude's cache are kept for an hour: all are taken at 3.75.
_STREAMED = 12 * 3 + 2048 * 0.30 + 1000 * 3.75 + 57 * 15
# The output of 3 tokens that the first event tells is provisional.
_CUT = 12 * 3 + 2048 * 0.30 + 1000 * 3.75
_CUT_HOUR = 12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6
_OF_MIRASCOPE = ("openai", "responses", "anthropic", "google")
_LEFT = Told(_CUT + 3 * 15, "partial", (HOUR,))

ALL = {
    "openai, stream, left": NO_USAGE,
    "openai, stream, failed": NO_USAGE,
    "anthropic, stream": Told(_STREAMED, "incomplete", (HOUR,)),
    "anthropic, stream, left": _LEFT,
    "anthropic, stream, failed": _LEFT,
    "anthropic, tools": Told(571 * 3 + 900 * 3.75 + 64 * 15, "incomplete", (HOUR,)),
    "pydantic_ai, Anthropic": Told(_STREAMED, "incomplete", (HOUR,)),
    "mirascope, anthropic, stream": Told(_STREAMED, "incomplete", (HOUR,)),
    # Neither of the two that trace Mirascope tells what a stream has used that is left.
    **{f"mirascope, {service}, stream, left": NO_USAGE for service in _OF_MIRASCOPE},
    **{f"mirascope, {service}, stream, failed": NO_USAGE for service in _OF_MIRASCOPE},
}
"""Call -> what every instrumentation's spans tell of it."""
SOME = {
    # Anthropic's own tracing leaves the provisional output out.
    ("anthropic", "anthropic, stream, left"): Told(_CUT, "partial", (HOUR,)),
    ("anthropic", "anthropic, stream, failed"): Told(_CUT, "partial", (HOUR,)),
    # OpenLLMetry adds it to the output of each of Anthropic's streams, and never ends the span of one that breaks off.
    ("openllmetry-anthropic", "anthropic, stream"): Told(_STREAMED + 3 * 15, "incomplete", (HOUR, OUTPUT)),
    ("openllmetry-anthropic", "anthropic, stream, no cache written"): Told(
        402 * 3 + (61 + 1) * 15, "incomplete", (OUTPUT,)
    ),
    ("openllmetry-anthropic", "anthropic, stream, left"): NOT_TOLD,
    ("openllmetry-anthropic", "anthropic, stream, failed"): NOT_TOLD,
    # openai-v2 tells no cached tokens, and nothing of responses.
    ("openai-v2", "openai, plain"): Told(31 * 0.15 + 8 * 0.60, "incomplete", (CACHED,)),
    ("openai-v2", "openai, tools"): Told(84 * 0.15 + 16 * 0.60, "incomplete", (CACHED,)),
    ("openai-v2", "openai, stream"): Told(1200 * 0.15 + 45 * 0.60, "incomplete", (CACHED,)),
    ("openai-v2", "openai, responses"): NOT_TOLD,
    ("openai-v2", "openai, responses, stream"): NOT_TOLD,
    # OpenInference tells no reason of responses, so that a stream of one may have been cut.
    ("openinference-openai", "openai, responses, stream"): Told(220 * 0.05 + 1280 * 0.005 + 210 * 0.40, "partial"),
    # Mirascope's ops tell what a stream has used that fails: Google's second event has 8 tokens, and 61 thoughts.
    ("mirascope-ops", "mirascope, anthropic, stream, failed"): _LEFT,
    ("mirascope-ops", "mirascope, google, stream, failed"): Told(552 * 0.30 + 2048 * 0.03 + 69 * 2.50, "partial"),
    # Respan tells no reason, so that a stream may have been cut.
    ("respan", "mirascope, openai, stream"): Told(TRUE["openai-plain-stream"], "partial"),
    ("respan", "mirascope, responses, stream"): Told(TRUE["responses-plain-stream"], "partial"),
    ("respan", "mirascope, anthropic, stream"): Told(_STREAMED, "partial", (HOUR,)),
    ("respan", "mirascope, google, stream"): Told(TRUE["google-plain-stream"], "partial"),
    # Of older releases. genai-openai had no cached tokens of streams, nor those of plain answers that read none.
    ("genai-openai-1.0b0", "openai, plain"): Told(31 * 0.15 + 8 * 0.60, "incomplete", (CACHED,)),
    ("genai-openai-1.0b0", "openai, tools"): Told(84 * 0.15 + 16 * 0.60, "incomplete", (CACHED,)),
    ("genai-openai-1.0b0", "openai, stream"): Told(1200 * 0.15 + 45 * 0.60, "incomplete", (CACHED,)),
    # genai-anthropic called a stream done that was left, and told nothing of one that failed.
    ("genai-anthropic-1.0b0", "anthropic, stream, left"): Told(_CUT + 3 * 15, "incomplete", (HOUR,)),
    ("genai-anthropic-1.0b0", "anthropic, stream, failed"): NO_USAGE,
    # Logfire tells which tokens are written for an hour. It told no reason of streams then.
    ("logfire-5.4.0", "anthropic, stream"): Told(TRUE["anthropic-plain-stream"], "known"),
    ("logfire", "anthropic, stream, left"): Told(_CUT_HOUR + 3 * 15, "partial"),
    ("logfire", "anthropic, stream, failed"): Told(_CUT_HOUR + 3 * 15, "partial"),
    ("logfire", "anthropic, tools"): Told(TRUE["anthropic-tools-call"], "known"),
    ("logfire-4.41.0", "openai, stream"): Told(TRUE["openai-plain-stream"], "partial"),
    ("logfire-4.41.0", "openai, responses, stream"): Told(TRUE["responses-plain-stream"], "partial"),
    ("logfire-4.41.0", "anthropic, stream"): Told(TRUE["anthropic-plain-stream"], "partial"),
    ("logfire-4.41.0", "anthropic, stream, no cache written"): Told(402 * 3 + 61 * 15, "partial"),
    # OpenInference never ended the span of a stream that was left.
    ("openinference-openai-0.1.49", "openai, stream, left"): NOT_TOLD,
    ("openinference-anthropic-1.1.2", "anthropic, stream, left"): NOT_TOLD,
    # OpenLLMetry told no tokens of Anthropic's streams, unless it was asked to.
    ("openllmetry-anthropic-0.59.2", "anthropic, stream"): NO_USAGE,
    ("openllmetry-anthropic-0.59.2", "anthropic, stream, no cache written"): NO_USAGE,
    ("openllmetry-anthropic-0.59.2", "anthropic, refused"): NOT_TOLD,
    # Without the answer, ADK told no cached tokens then.
    ("google-adk-1.28.0", "google_adk, plain, no content"): Told(19 * 0.30 + 39 * 2.50, "incomplete", (CACHED,)),
}
"""Instrumentation, with or without its version, and call -> what its spans tell."""

SUMS = {
    "gen_ai.operation.name": {"invoke_agent", "invoke_workflow", "create_agent", "execute_tool", "execute_task"},
    "openinference.span.kind": {"CHAIN", "AGENT", "TOOL"},
    "ai.operationId": {"ai.streamText", "ai.generateText", "ai.embed", "ai.toolCall"},
}
"""What tells the spans of agents, chains and tools, by attribute: they may have the sums of the calls inside them."""

each_call = pytest.mark.parametrize("recorded", CALLS, ids=lambda call: f"{call.peer}: {call.call}")


def expected(recorded: Recorded) -> list[Told]:
    """What each request of a recorded call comes to."""
    name = recorded.peer.rpartition("-")[0]
    for told in (SOME.get((recorded.peer, recorded.call)), SOME.get((name, recorded.call)), ALL.get(recorded.call)):
        if told is not None:
            return [told]
    if recorded.call.endswith("refused"):
        return [NO_USAGE]
    return [Told(TRUE[scenario], "known") for scenario in recorded.scenarios]


def counting(kit: Kit, *behind: Any) -> None:
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(*behind, tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    )


def check(spans: Iterable[ReadableSpan], kit: Kit, recorded: Recorded) -> None:
    """Each request is one call, with its cost on one span; no other span has any."""
    wanted = [told for told in expected(recorded) if told.status]
    found = [attributes_of(span) for span in spans]
    priced = [said for said in found if "chunkmeter.cost.status" in said]
    assert [said["chunkmeter.cost.status"] for said in priced] == [told.status for told in wanted]
    for said, told in zip(priced, wanted, strict=True):
        usd = None if told.micro_usd is None else pytest.approx(told.micro_usd / 1e6, abs=1e-12)
        assert said.get("gen_ai.usage.cost.amount") == usd
        assert tuple(said.get("chunkmeter.cost.unpriced", ())) == told.unpriced
        assert not [name for name, words in SUMS.items() if said.get(name) in words]
    assert [name for said in found if said not in priced for name in said if ".cost.amount" in name] == []
    assert kit.total("chunkmeter.calls") == len(wanted)
    assert kit.total("chunkmeter.spend") == pytest.approx(sum(told.micro_usd or 0 for told in wanted) / 1e6, abs=1e-12)
    assert kit.total("chunkmeter.errors") == 0


@each_call
def test_a_recorded_call_is_priced_once_by_the_processor(kit: Kit, recorded: Recorded) -> None:
    """On the copy that the next processor gets, and in the metrics."""
    exporter = InMemorySpanExporter()
    counting(kit, SimpleSpanProcessor(exporter))
    play(recorded, kit.tracer_provider)
    check(exporter.get_finished_spans(), kit, recorded)


@each_call
def test_a_recorded_call_is_priced_once_by_the_exporter(kit: Kit, recorded: Recorded) -> None:
    """`chunkmeter_otlp` behind any processor, beside a processor that only counts, as `opentelemetry-instrument` has
    them."""
    exporter = InMemorySpanExporter()
    counting(kit)
    kit.tracer_provider.add_span_processor(SimpleSpanProcessor(CostSpanExporter(exporter, telemetry=kit.telemetry)))
    play(recorded, kit.tracer_provider)
    check(exporter.get_finished_spans(), kit, recorded)


def test_the_literals_are_those_of_the_scenarios() -> None:
    """Each scenario that a recording needs, and no other."""
    needed = {scenario for recorded in CALLS for scenario in recorded.scenarios}
    assert TRUE.keys() == needed
    assert {name: by_id[name].truth.usd * 1e6 for name in needed} == pytest.approx(TRUE, abs=1e-6)


def test_every_exception_is_of_a_recording() -> None:
    """So that none outlives it."""
    peers = {(peer, recorded.call) for recorded in CALLS for peer in (recorded.peer, recorded.peer.rpartition("-")[0])}
    assert SOME.keys() <= peers
    assert ALL.keys() <= {recorded.call for recorded in CALLS}


def test_agents_and_chains_are_among_them() -> None:
    """Spans that a reader might take for calls: some tell sums of tokens."""
    sums = [
        span["attributes"]
        for recorded in CALLS
        for span in recorded.spans
        if any(span["attributes"].get(name) in words for name, words in SUMS.items())
    ]
    counts = {name for said in sums for name in said if "usage" in name or "token_count" in name}
    assert {"gen_ai.usage.input_tokens", "ai.usage.inputTokens"} <= counts


def test_recordings_hold_nothing_of_the_machine_that_made_them() -> None:
    """No address, no path, no stack trace; and each says what it was made with, or from."""
    for path in sorted(FOLDER.glob("*.json")):
        text = path.read_text()
        assert not [word for word in ("127.0.0.1", "site-packages", "Traceback", "/root/", "/home/") if word in text]
        told = json.loads(text)
        assert told.get("written_from") or told["packages"]
        assert ("written_from" in told) == path.stem.endswith("-written")
