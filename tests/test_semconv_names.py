"""`CHUNKMETER_SEMCONV`, name by name: what a real SDK's readers receive is what the tables here say, and no more.

The tables are written by hand. Their sources, read in November 2026:

  util-genai 1.3b0    the installed opentelemetry-util-genai 1.3b0, `_inference_invocation.py` and `_instruments.py`
  client-inference.md, client-embeddings.md, gen-ai-token-metrics.md, gen-ai-agent-spans.md
                      docs/gen-ai/ of open-telemetry/semantic-conventions-genai
  pull request N      of that repository
  code                https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/
  own                 docs/reference/
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics.export import Histogram, Sum

import chunkmeter
from chunkmeter import Settings, pricing, semconv
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.facts.tally import Outcome, Tally, Tokens
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.server import Server
from support import ROOT, sdk

Setting = Literal["released", "latest", "both"]
SETTINGS: tuple[Setting, ...] = ("released", "latest", "both")
REFERENCE = ROOT / "docs" / "reference"

BOTH = "util-genai 1.3b0, client-inference.md"

# Name and source; no attribute has another name in the one than in the other.
REQUESTED = {
    "gen_ai.operation.name": BOTH,
    "gen_ai.provider.name": BOTH,
    "gen_ai.request.choice.count": BOTH,
    "gen_ai.request.frequency_penalty": BOTH,
    "gen_ai.request.max_tokens": BOTH,
    "gen_ai.request.model": BOTH,
    "gen_ai.request.presence_penalty": BOTH,
    "gen_ai.request.seed": BOTH,
    "gen_ai.request.stop_sequences": BOTH,
    "gen_ai.request.stream": BOTH,
    "gen_ai.request.temperature": BOTH,
    "gen_ai.request.top_k": BOTH,
    "gen_ai.request.top_p": BOTH,
    "server.address": BOTH,
    "server.port": BOTH,
    "code.function.name": "code",
    "chunkmeter.mirascope.tags": "own",
}
EMBEDDED = {
    "gen_ai.embeddings.dimension.count": "util-genai 1.3b0, client-embeddings.md",
    "gen_ai.request.encoding_formats": "util-genai 1.3b0, client-embeddings.md",
}
RUN = {"gen_ai.agent.id": "util-genai 1.3b0, gen-ai-agent-spans.md"}
ANSWERED = {
    "gen_ai.response.finish_reasons": BOTH,
    "gen_ai.response.id": BOTH,
    "gen_ai.response.model": BOTH,
    "gen_ai.response.time_to_first_chunk": BOTH,
    "chunkmeter.chunks": "own",
    "chunkmeter.outcome": "own",
    "chunkmeter.finish_reason": "own",
    "chunkmeter.response.raw_finish_reasons": "own",
    "chunkmeter.usage.status": "own",
    "chunkmeter.cost.status": "own",
}
USED = {
    "gen_ai.usage.input_tokens": BOTH,
    "gen_ai.usage.output_tokens": BOTH,
    "gen_ai.usage.cache_read.input_tokens": BOTH,
    "gen_ai.usage.cache_write.input_tokens": "util-genai 1.3b0, pull request 440",
    "gen_ai.usage.reasoning.output_tokens": BOTH,
    "gen_ai.usage.audio.input_tokens": "util-genai 1.3b0, pull request 440",
    "gen_ai.usage.audio.output_tokens": "util-genai 1.3b0, pull request 440",
    "chunkmeter.usage.total_tokens": "own",
    "chunkmeter.usage.cache_write_1h_tokens": "own",
    "chunkmeter.cost_metadata.audio": "own",
    "chunkmeter.cost_metadata.batch_mode": "own",
    "chunkmeter.cost_metadata.cache_write": "own",
    "chunkmeter.cost_metadata.cached_response": "own",
    "chunkmeter.cost_metadata.context_cache_tokens": "own",
    "chunkmeter.cost_metadata.image_tokens": "own",
    "chunkmeter.cost_metadata.images": "own",
    "chunkmeter.cost_metadata.pdf": "own",
    "chunkmeter.cost_metadata.pdf_tokens": "own",
    "chunkmeter.cost_metadata.region": "own",
    "chunkmeter.cost_metadata.tier": "own",
    "chunkmeter.cost_metadata.video_tokens": "own",
    "chunkmeter.cost_metadata.videos": "own",
    "chunkmeter.cost_metadata.tool_use_tokens": "own",
}
PRICED = {
    "gen_ai.usage.cost.amount": "pull request 443",
    "gen_ai.usage.cost.currency": "pull request 443",
    "gen_ai.usage.cost.source": "pull request 443",
    "chunkmeter.cost.input": "own",
    "chunkmeter.cost.output": "own",
    "chunkmeter.cost.cache_read": "own",
    "chunkmeter.cost.cache_audio_read": "own",
    "chunkmeter.cost.cache_image_read": "own",
    "chunkmeter.cost.cache_write": "own",
    "chunkmeter.cost.cache_write_1h": "own",
    "chunkmeter.cost.cache_write_12h": "own",
    "chunkmeter.cost.input_audio": "own",
    "chunkmeter.cost.input_image": "own",
    "chunkmeter.cost.output_audio": "own",
    "chunkmeter.cost.input_video": "own",
    "chunkmeter.cost.output_image": "own",
    "chunkmeter.cost.output_video": "own",
    "chunkmeter.cost.reasoning": "own",
    "chunkmeter.price.source": "own",
    "chunkmeter.price.version": "own",
    "chunkmeter.price.model": "own",
}
FAILED = {"error.type": BOTH}
INCOMPLETE = {"chunkmeter.cost.unpriced": "own"}


SPLIT, COST_LACKS = "chunkmeter.cost", "chunkmeter.cost.unpriced"
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "string[]": (list, tuple),
    "int": (int,),
    "double": (float, int),
    "boolean": (bool,),
}
SOMETIMES = {"chunkmeter.usage.source", "chunkmeter.usage.status", "chunkmeter.cost.status", "error.type"}
"""Labels that the points of a usual call don't have."""


class Row(NamedTuple):
    """A metric as it is received."""

    kind: str
    unit: str
    labels: frozenset[str]
    source: str


def row(kind: str, unit: str, labels: str, source: str) -> Row:
    return Row(kind, unit, frozenset(labels.split()), source)


CALL = "gen_ai.operation.name gen_ai.provider.name gen_ai.request.model"
COST = f"{CALL} gen_ai.usage.cost.currency gen_ai.usage.cost.source"
ANSWER = f"{CALL} gen_ai.response.model server.address"
PORT = f"{ANSWER} server.port"
OPERATION, INFERENCE = "gen_ai.client.operation", "gen_ai.client.inference"

OWN = {
    "chunkmeter.spend": row("counter", "{cost}", f"{COST} chunkmeter.cost.status", "own"),
    "chunkmeter.calls": row(
        "counter",
        "{call}",
        f"{CALL} chunkmeter.finish_reason chunkmeter.outcome chunkmeter.usage.status chunkmeter.cost.status",
        "own",
    ),
    "chunkmeter.streams.open": row("gauge", "{stream}", "", "own"),
    "chunkmeter.streams.oldest_idle": row("gauge", "s", "", "own"),
    "chunkmeter.price_table.age": row("gauge", "s", "chunkmeter.price.source", "own"),
    f"{OPERATION}.cost": row("histogram", "{cost}", COST, "pull request 443"),
}
RELEASED = {
    f"{OPERATION}.duration": row("histogram", "s", ANSWER, "util-genai 1.3b0"),
    f"{OPERATION}.time_to_first_chunk": row("histogram", "s", ANSWER, "util-genai 1.3b0"),
    "gen_ai.client.token.usage": row("histogram", "{token}", f"{ANSWER} gen_ai.token.type", "util-genai 1.3b0"),
}
LATEST = {
    f"{INFERENCE}.duration": row("histogram", "s", PORT, "client-inference.md, pull request 521"),
    f"{INFERENCE}.time_to_first_chunk": row("histogram", "s", PORT, "client-inference.md, pull request 521"),
    **{
        f"{INFERENCE}.usage.{tokens}": row(
            "counter", "{token}", f"{PORT} gen_ai.token.modality", "gen-ai-token-metrics.md, pull request 374"
        )
        for tokens in (
            "input_tokens",
            "output_tokens",
            "cache_read.input_tokens",
            "cache_write.input_tokens",
            "reasoning.output_tokens",
        )
    },
    **{
        f"{INFERENCE}.operation.{tokens}": row(
            "histogram", "{token}", PORT, "gen-ai-token-metrics.md, pull request 374"
        )
        for tokens in ("input_tokens", "output_tokens")
    },
}
METRICS: dict[Setting, dict[str, Row]] = {
    "released": OWN | RELEASED,
    "latest": OWN | LATEST,
    "both": OWN | RELEASED | LATEST,
}
REPLACED_BY = {
    f"{OPERATION}.duration": [f"{INFERENCE}.duration"],
    f"{OPERATION}.time_to_first_chunk": [f"{INFERENCE}.time_to_first_chunk"],
    "gen_ai.client.token.usage": [
        f"{INFERENCE}.usage.input_tokens",
        f"{INFERENCE}.usage.output_tokens",
        f"{INFERENCE}.usage.cache_read.input_tokens",
        f"{INFERENCE}.usage.cache_write.input_tokens",
        f"{INFERENCE}.usage.reasoning.output_tokens",
        f"{INFERENCE}.operation.input_tokens",
        f"{INFERENCE}.operation.output_tokens",
    ],
}

SECOND = 1_000_000_000
START = 1_793_000_000 * SECOND
REQUEST = Request(
    provider="openai",
    model="gpt-4o",
    server_address="api.openai.com",
    server_port=443,
    attributes={
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.frequency_penalty": 0.1,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.presence_penalty": 0.2,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["\n"],
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.top_p": 0.9,
        "code.function.name": "shop.answer",
        "chunkmeter.mirascope.tags": ["team:shop"],
    },
)
RICH_REQUEST = replace(
    REQUEST, media={"images": [{}], "videos": [{}], "audio": [{}], "pdf": [{}]}, context_cache=True
)  # fmt: skip
RICH = Tokens(
    input_tokens=1000,
    cached_tokens=400,
    cached_audio_tokens=9,
    cached_image_tokens=6,
    cache_write_tokens=100,
    cache_write_1h_tokens=60,
    cache_write_12h_tokens=10,
    input_audio_tokens=50,
    output_tokens=100,
    output_audio_tokens=30,
    input_image_tokens=20,
    output_image_tokens=5,
    input_video_tokens=3,
    output_video_tokens=4,
    input_document_tokens=2,
    reasoning_tokens=20,
    tool_use_tokens=10,
    total_tokens=1100,
)


def report(
    kit: Kit, tokens: Tokens | None, reason: str | None = "stop", error: str | None = None, request: Request = REQUEST
) -> None:
    """A stream that ended, as `Call.settle` reports it: 0.25 s to its first chunk, 1.5 s to its end."""
    tally = Tally("openai_chat")
    tally.response_id, tally.response_model = "chatcmpl-1", "gpt-4o-2024-08-06"
    tally.reasons[0] = reason
    if tokens is not None:
        tally.service_tier, tally.region, tally.cached_response = "batch", "eu", True
        tally.usage, tally.count_tokens = tokens, lambda usage: usage
    outcome: Outcome = "error" if error else "completed"
    ended = Ended(request, tally, outcome, error, START, START + SECOND // 4, START + 3 * SECOND // 2, 7)
    span = kit.telemetry.start_span(request, START, Context())
    facts = kit.telemetry.assess(ended)
    kit.telemetry.write(span, ended, facts, status=True)
    kit.telemetry.record(ended, facts, trace.set_span_in_context(span, Context()))
    span.end(ended.end_ns)


def received(kit: Kit) -> dict[str, tuple[str, str, frozenset[str]]]:
    """Every metric that a reader gets: instrument, unit and the one set of labels that all its points have."""
    data = kit.reader.get_metrics_data()
    assert data is not None
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    found: dict[str, tuple[str, str, frozenset[str]]] = {}
    for metric in scope.metrics:
        kind = "histogram" if isinstance(metric.data, Histogram) else "gauge"
        if isinstance(metric.data, Sum):
            assert metric.data.is_monotonic
            kind = "counter"
        (labels,) = {frozenset(point.attributes or {}) for point in metric.data.data_points}
        found[metric.name] = (kind, metric.unit or "", labels)
    return found


def shape(rows: dict[str, Row]) -> dict[str, tuple[str, str, frozenset[str]]]:
    return {name: (row.kind, row.unit, row.labels) for name, row in rows.items()}


def values(kit: Kit, name: str, label: str) -> dict[Any, float]:
    """A counter's values by one of its labels."""
    return {point.attributes.get(label): point.value for point in kit.points(name)}


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param


@pytest.fixture
def kit(setting: Setting) -> Any:
    """Fresh in-memory providers, with one of the three settings."""
    pricing.warm_up()
    kit = Kit(settings=Settings(semconv=setting))
    yield kit
    kit.shutdown()


# --- three calls ---


def test_a_rich_call(kit: Kit, setting: Setting) -> None:
    """Cached, written to the cache, reasoned, spoken and paid for: every name there is but that of an error."""
    report(kit, RICH, "tool_calls", request=RICH_REQUEST)
    every = REQUESTED.keys() | ANSWERED.keys() | USED.keys() | PRICED.keys()
    # The release has OpenAI's own words under the convention's name already.
    unsaid = {"chunkmeter.response.raw_finish_reasons"} if setting == "released" else set[str]()
    assert attributes_of(kit.span).keys() == every - unsaid
    assert received(kit) == shape(METRICS[setting])


def test_a_failed_call(kit: Kit, setting: Setting) -> None:
    """The error's type on span and duration; no reason came, so the finish reason is missing; no tokens, no money."""
    report(kit, None, None, "openai.APIError")
    unsaid = {"chunkmeter.response.raw_finish_reasons"}
    assert attributes_of(kit.span).keys() == (REQUESTED.keys() | ANSWERED.keys() | FAILED.keys()) - unsaid
    unpaid = {"chunkmeter.spend", f"{OPERATION}.cost", "gen_ai.client.token.usage"}
    unpaid |= {f"{INFERENCE}.operation.input_tokens", f"{INFERENCE}.operation.output_tokens"}
    expected = {name: row for name, row in METRICS[setting].items() if name not in unpaid}
    for name in expected.keys() & {f"{OPERATION}.duration", f"{INFERENCE}.duration"}:
        expected[name] = expected[name]._replace(labels=expected[name].labels | {"error.type"})
    assert received(kit) == shape(expected)


def test_a_call_without_usage(kit: Kit, setting: Setting) -> None:
    """Absent is not zero on the span and in histograms; the conventions want their counters to have a 0."""
    report(kit, None)
    unsaid = {"chunkmeter.response.raw_finish_reasons"}  # they are the conventions' words
    assert attributes_of(kit.span).keys() == (REQUESTED.keys() | ANSWERED.keys()) - unsaid
    unpaid = {"chunkmeter.spend", f"{OPERATION}.cost", "gen_ai.client.token.usage"}
    unpaid |= {f"{INFERENCE}.operation.input_tokens", f"{INFERENCE}.operation.output_tokens"}
    assert received(kit) == shape({name: row for name, row in METRICS[setting].items() if name not in unpaid})
    for name in METRICS[setting]:
        if ".usage." in name:
            assert values(kit, name, "gen_ai.token.modality") == {"unknown": 0}, name


def test_the_own_failures_of_chunkmeter_are_the_same_in_all(kit: Kit) -> None:
    """The one metric that a healthy call has not."""
    kit.telemetry.guard.late()
    assert received(kit)["chunkmeter.errors"] == ("counter", "{error}", frozenset({"chunkmeter.error.stage"}))


def test_no_schema_is_claimed(kit: Kit) -> None:
    """None that is published has these names: 1.37.0, which util-genai pins, lacks most, and main has none yet."""
    report(kit, RICH)
    data = kit.reader.get_metrics_data()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    assert scope.schema_url == ""
    assert kit.span.instrumentation_scope is not None
    assert kit.span.instrumentation_scope.schema_url == ""


# --- what main says of tokens ---

TOKEN_CASES = [
    # 50 of 1,000 in and 30 of 100 out were audio; of the rest, and of the subsets, no modality is told.
    (RICH, ({"audio": 50, "unknown": 950}, {"audio": 30, "unknown": 70}, 400, 100, 20)),
    # Only totals: nothing is said to be text.
    (Tokens(input_tokens=7, output_tokens=3), ({"unknown": 7}, {"unknown": 3}, 0, 0, 0)),
    # OpenAI says 0 audio tokens of every answer: no series for that.
    (
        Tokens(input_tokens=7, output_tokens=3, input_audio_tokens=0, output_audio_tokens=0),
        ({"unknown": 7}, {"unknown": 3}, 0, 0, 0),
    ),
    # All of it audio.
    (
        Tokens(input_tokens=9, output_tokens=4, input_audio_tokens=9, output_audio_tokens=4),
        ({"audio": 9}, {"audio": 4}, 0, 0, 0),
    ),
    # More audio than tokens can't be: the parts still add up to the total.
    (
        Tokens(input_tokens=5, output_tokens=0, input_audio_tokens=6, output_audio_tokens=1),
        ({"audio": 5}, {"unknown": 0}, 0, 0, 0),
    ),
    # Anthropic's stream before its last word: no output yet.
    (Tokens(input_tokens=5), ({"unknown": 5}, {"unknown": 0}, 0, 0, 0)),
]


@pytest.mark.parametrize(("tokens", "expected"), TOKEN_CASES)
def test_counters_are_split_by_modality(tokens: Tokens, expected: tuple[Any, ...]) -> None:
    """As far as the wire tells it; the parts of a counter always add up to what the provider said."""
    kit = Kit(settings=Settings(semconv="latest"))
    report(kit, tokens)
    into, out, read, written, reasoning = expected
    for name, parts in (
        ("input_tokens", into),
        ("output_tokens", out),
        ("cache_read.input_tokens", {"unknown": read}),
        ("cache_write.input_tokens", {"unknown": written}),
        ("reasoning.output_tokens", {"unknown": reasoning}),
    ):
        assert values(kit, f"{INFERENCE}.usage.{name}", "gen_ai.token.modality") == parts, name
    assert [point.sum for point in kit.points(f"{INFERENCE}.operation.input_tokens")] == [tokens.input_tokens]
    output = [] if tokens.output_tokens is None else [tokens.output_tokens]
    assert [point.sum for point in kit.points(f"{INFERENCE}.operation.output_tokens")] == output
    kit.shutdown()


def test_tokens_of_a_failed_call_are_told_apart() -> None:
    """By `error.type` on the histograms, so that percentiles of whole answers can be asked for; counters take all."""
    kit = Kit(settings=Settings(semconv="latest"))
    report(kit, RICH)
    report(kit, Tokens(input_tokens=1000, output_tokens=2), None, "openai.APIError")
    for name, whole, broken in (("input_tokens", 1000, 1000), ("output_tokens", 100, 2)):
        points = kit.points(f"{INFERENCE}.operation.{name}")
        sums = {point.attributes.get("error.type"): point.sum for point in points}
        assert sums == {None: whole, "openai.APIError": broken}
    assert kit.total(f"{INFERENCE}.usage.output_tokens") == 102
    kit.shutdown()


def test_embeddings_have_the_names_of_inference() -> None:
    """Under either: 1.5 s and 1,000 tokens in, by the operation; nothing came out, and nobody says a 0 of it."""
    kit = Kit(settings=Settings(semconv="both"))
    report(kit, Tokens(input_tokens=1000), None, request=replace(REQUEST, operation="embeddings", stream=False))
    by = {"operation__name": "embeddings"}
    assert (kit.total(f"{OPERATION}.duration", **by), kit.total(f"{INFERENCE}.duration", **by)) == (1.5, 1.5)
    assert kit.total("gen_ai.client.token.usage", type="input", **by) == 1000
    assert kit.total(f"{INFERENCE}.usage.input_tokens", **by) == 1000
    assert kit.total(f"{INFERENCE}.operation.input_tokens", **by) == 1000
    assert kit.total(f"{INFERENCE}.usage.output_tokens", **by) == 0
    assert kit.points(f"{INFERENCE}.operation.output_tokens") == []
    assert {point.attributes["gen_ai.token.type"] for point in kit.points("gen_ai.client.token.usage")} == {"input"}
    kit.shutdown()


def test_latest_values_are_the_released_ones() -> None:
    """Two calls of 1.5 s, 0.25 s to the first chunk, 1,000 tokens in and 100 out, under both names."""
    kit = Kit(settings=Settings(semconv="both"))
    for _ in range(2):
        report(kit, RICH)
    for place in (OPERATION, INFERENCE):
        assert kit.total(f"{place}.duration") == 3.0
        assert kit.total(f"{place}.time_to_first_chunk") == 0.5
        (point,) = kit.points(f"{place}.duration")
        assert point.count == 2
    for kind, tokens in (("input", 2000), ("output", 200)):
        assert kit.total("gen_ai.client.token.usage", type=kind) == tokens
        assert kit.total(f"{INFERENCE}.usage.{kind}_tokens") == tokens
        assert kit.total(f"{INFERENCE}.operation.{kind}_tokens") == tokens
    kit.shutdown()


def test_bounds_are_the_conventions() -> None:
    """Those that main gives are those of the release."""
    kit = Kit(settings=Settings(semconv="both"))
    report(kit, RICH)
    seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
    tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
    for name, row in (RELEASED | LATEST).items():
        if row.kind == "histogram":
            bounds = seconds if row.unit == "s" else tokens
            assert list(kit.points(name)[0].explicit_bounds) == bounds, name
    kit.shutdown()


def test_a_port_is_a_label_only_beside_an_address() -> None:
    """As the conventions have it."""
    kit = Kit(settings=Settings(semconv="latest"))
    report(kit, RICH, request=Request(provider="openai", model="gpt-4o", server_port=443))
    for name in LATEST:
        assert all("server.port" not in point.attributes for point in kit.points(name)), name
    kit.shutdown()


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ("none", set[str]()),
        ("cost", {f"{OPERATION}.cost"}),
        ("duration", {f"{OPERATION}.duration", f"{INFERENCE}.duration"}),
        ("time_to_first_chunk", {f"{OPERATION}.time_to_first_chunk", f"{INFERENCE}.time_to_first_chunk"}),
        (
            "token_usage",
            {
                "gen_ai.client.token.usage",
                f"{INFERENCE}.operation.input_tokens",
                f"{INFERENCE}.operation.output_tokens",
            },
        ),
    ],
)
def test_histograms_are_chosen_in_whichever_conventions(chosen: str, kept: set[str]) -> None:
    """One word for a histogram and what main has in its place; counters stay."""
    histograms: Any = chosen
    kit = Kit(settings=Settings(semconv="both", histograms=histograms))
    report(kit, RICH)
    expected = {name for name, row in METRICS["both"].items() if row.kind != "histogram"} | kept
    assert received(kit).keys() == expected
    kit.shutdown()


@pytest.mark.parametrize(
    ("setting", "histograms", "series"),
    [
        ("released", "all", 91),
        ("released", "none", 2),
        ("latest", "all", 96),
        ("latest", "none", 7),
        ("both", "all", 164),
        ("both", "none", 7),
    ],
)
def test_what_a_model_costs_in_series(setting: Setting, histograms: Any, series: int) -> None:
    """In Prometheus, as the docs say: a histogram of 14 bounds has 15 buckets, a sum and a count, that of cost 21."""
    kit = Kit(settings=Settings(semconv=setting, histograms=histograms))
    report(kit, Tokens(input_tokens=7, output_tokens=3))
    found = 0
    for name, row in METRICS[setting].items():
        for point in kit.points(name) if row.kind != "gauge" else ():
            found += len(point.explicit_bounds) + 3 if row.kind == "histogram" else 1
    assert found == series
    kit.shutdown()


# --- finish reasons ---


@pytest.mark.parametrize(
    ("setting", "scenario", "reasons"),
    [
        ("released", "openai-tools-stream", ["tool_calls"]),
        ("latest", "openai-tools-stream", ["tool_call"]),
        ("both", "openai-tools-stream", ["tool_call"]),
        ("released", "groq-tools-stream", ["tool_calls"]),
        ("latest", "groq-tools-stream", ["tool_call"]),
        ("both", "groq-tools-stream", ["tool_call"]),
    ],
)
def test_finish_reasons_on_openais_wire(server: Server, setting: Setting, scenario: str, reasons: list[str]) -> None:
    """The release leaves OpenAI its own words, main has none but its own; metrics have main's in any case."""
    kit = Kit(settings=Settings(semconv=setting))
    service = scenario.partition("-")[0]
    client = sdk.groq_client(server, scenario) if service == "groq" else sdk.openai_client(server, scenario)
    model = by_id[scenario].model
    for _ in chunkmeter.wrap(sdk.chat(client, scenario), provider=service, model=model, telemetry=kit.telemetry):
        pass
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == reasons
    raw = None if reasons == ["tool_calls"] else ["tool_calls"]
    assert attributes.get("chunkmeter.response.raw_finish_reasons") == raw
    assert attributes["chunkmeter.finish_reason"] == "tool_call"
    assert kit.total("chunkmeter.calls", finish_reason="tool_call") == 1
    client.close()
    kit.shutdown()


@pytest.mark.parametrize("setting", ["latest", "both"])
@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_call"),
        ("function_call", "tool_call"),
        (None, "error"),
        # What no convention has a word for stays readable: `error` would say that the answer is broken.
        ("brand_new", "brand_new"),
    ],
)
def test_every_word_of_openai_in_main(setting: Setting, raw: str | None, word: str) -> None:
    """stop, length, content_filter, tool_call and error."""
    kit = Kit(settings=Settings(semconv=setting))
    report(kit, RICH, raw, None if raw else "openai.APIError")
    assert attributes_of(kit.span)["gen_ai.response.finish_reasons"] == [word]
    kit.shutdown()


# --- the log, the docs ---


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("released", "opentelemetry-util-genai 1.3b0"),
        ("latest", "semantic-conventions-genai main"),
        ("both", "opentelemetry-util-genai 1.3b0 and semantic-conventions-genai main"),
    ],
)
def test_the_announcement_says_whose_names(setting: Setting, names: str, caplog: pytest.LogCaptureFixture) -> None:
    """At start, in the one INFO line."""
    kit = Kit(settings=Settings(semconv=setting))
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
    assert f": Mirascope 1.x hooked; names as {names}, cost draft; prices of" in caplog.text
    kit.shutdown()


def table(page: str, columns: int) -> list[list[str]]:
    """The rows of a page's tables with so many columns, without their backticks."""
    lines = re.findall(r"^\| (.+) \|$", (REFERENCE / page).read_text(), re.MULTILINE)
    rows = [[cell.strip("`") for cell in line.split(" | ")] for line in lines]
    return [row for row in rows if len(row) == columns and "." in row[0]]


def test_the_reference_has_every_attribute_with_its_source_and_type(kit: Kit) -> None:
    """The tables above, those of the code and the page are one; a number without a part stands for one with it."""
    told = {name: (kind, source) for name, kind, source, _ in table("attributes.md", 4)}
    expected = REQUESTED | EMBEDDED | RUN | ANSWERED | USED | PRICED | FAILED | INCOMPLETE
    split = {name for name in expected if name.startswith(SPLIT) and name not in told}
    assert {name: told[name][1] for name in expected.keys() - split} == {
        name: source for name, source in expected.items() if name not in split
    }
    assert split == {name for name in expected if name.startswith(SPLIT)} - {"chunkmeter.cost.status", COST_LACKS}
    report(kit, RICH, "tool_calls", request=RICH_REQUEST)
    for name, value in attributes_of(kit.span).items():
        kind = told[name][0] if name in told else "any" if "cost_metadata" in name else "double"
        assert kind == "any" or type(value) in TYPES[kind], name


def test_the_reference_has_every_metric_with_its_source_unit_and_labels() -> None:
    told = {row[0]: row[1:] for row in table("metrics.md", 5)}
    assert told.keys() == METRICS["both"].keys() | {"chunkmeter.errors"}
    for name, row in METRICS["both"].items():
        instrument, labels, source, _ = told[name]
        assert instrument.replace("`", "").split(", ")[:2] == [row.kind, row.unit], name
        said = set(re.findall(r"[\w.]+\.\w+", labels)) | set(CALL.split() if "call" in labels else ())
        assert row.labels <= said, name
        assert said - row.labels <= SOMETIMES, name
        assert source == row.source, name
    changed = {row[0]: row[1].replace("`", "").split("<br>") for row in table("metrics.md", 3)}
    assert changed == REPLACED_BY


def test_the_code_has_every_name() -> None:
    """Nothing in it is left out above."""
    changes = {change.released.name: [metric.name for metric in change.latest] for change in semconv.CHANGES}
    assert changes == REPLACED_BY
    for change in semconv.CHANGES:
        for metric in change.latest:
            assert LATEST[metric.name].source.endswith(f"pull request {change.pull_request}")
    metrics = {value.name for value in vars(semconv).values() if isinstance(value, semconv.Metric)}
    assert metrics == METRICS["both"].keys() | {"chunkmeter.errors"}
    constants = {value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str)}
    attributes = REQUESTED.keys() | EMBEDDED.keys() | RUN.keys() | ANSWERED.keys() | USED.keys() | PRICED.keys()
    attributes |= FAILED.keys() | INCOMPLETE.keys()
    labels = {label for row in METRICS["both"].values() for label in row.labels}
    # On spans of others; on chunkmeter.errors; where a price is discounted, tokens are estimated, an SDK tried again.
    elsewhere = {"chunkmeter.metered", "chunkmeter.error.stage", "chunkmeter.price.multiplier"}
    elsewhere |= {"chunkmeter.request.retries"}
    elsewhere |= {"chunkmeter.usage.estimate"}
    # On spans of tools and of requests to MCP servers, which tests of theirs compare whole.
    elsewhere |= {"gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.tool.call.id", "gen_ai.prompt.name"}
    elsewhere |= {"mcp.method.name", "mcp.protocol.version", "jsonrpc.request.id", "network.transport"}
    elsewhere |= {"rpc.response.status_code"}
    elsewhere |= {"chunkmeter.usage.source"}  # on chunkmeter.calls and .spend, of calls read from the spans of others
    # On the spans of runs and of their calls, as tests/instrumentors/mirascope/test_runs.py has them.
    elsewhere |= {"chunkmeter.attempt", "chunkmeter.attempt.reason", "chunkmeter.run.attempts", "chunkmeter.run.cost"}
    elsewhere |= {f"chunkmeter.run.cost.{name}" for name in ("currency", "status", "unpriced")}
    prefixes = ("chunkmeter.cost.", "chunkmeter.cost_metadata.")
    names = {name for name in constants if "." in name and name not in prefixes}
    assert names == {
        name for name in attributes | labels | elsewhere if not name.startswith(prefixes) or name in constants
    }
