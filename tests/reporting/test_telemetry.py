"""What a settled call becomes: span attributes, metric points, log lines."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import INVALID_SPAN, SpanKind, StatusCode

from chunkmeter import ChunkSpanProcessor, Settings, __version__, pricing
from chunkmeter.calls.call import Call
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.facts.tally import Outcome, Tally, Tokens
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.reporting.telemetry import Telemetry, default, for_providers
from chunkmeter.testing import Kit, attributes_of

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND
REQUEST = Request(
    operation="chat",
    provider="openai",
    model="gpt-4o",
    stream=True,
    server_address="api.openai.com",
    server_port=443,
    attributes={"gen_ai.request.temperature": 0.5},
)
# gpt-4o: 2.50 USD a million input tokens, 1.25 cached, 10 output: (600 * 2.50 + 400 * 1.25 + 100 * 10) / 1e6
TOKENS = Tokens(input_tokens=1000, cached_tokens=400, output_tokens=100, total_tokens=1100)
COST = 0.003
BASE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
}
PRICED = {**BASE, "gen_ai.usage.cost.currency": "USD", "gen_ai.usage.cost.source": "local"}
ANSWERED = {**BASE, "gen_ai.response.model": "gpt-4o-2024-08-06", "server.address": "api.openai.com"}
SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
TOKEN_BOUNDS = [
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
]  # fmt: skip
COST_BOUNDS = [
    1e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25,
]  # fmt: skip


def tally(tokens: Tokens = TOKENS, *reasons: str | None, wire: str = "openai_chat") -> Tally:
    """An answer as a reader leaves it."""
    filled = Tally(wire)
    filled.response_id, filled.response_model = "chatcmpl-1", "gpt-4o-2024-08-06"
    filled.reasons.update(enumerate(reasons or ("stop",)))
    filled.usage, filled.count_tokens = tokens, lambda usage: usage
    return filled


def ended(
    answer: Tally | None = None, request: Request = REQUEST, outcome: Outcome = "completed", error: str | None = None
) -> Ended:
    """A call that began at `START`, had its first chunk after 0.25 s and ended after 1.5 s."""
    first, end = START + SECOND // 4, START + 3 * SECOND // 2
    return Ended(request, tally() if answer is None else answer, outcome, error, START, first, end, 7)


def report(kit: Kit, call: Ended, telemetry: Telemetry | None = None, *, status: bool = True) -> None:
    """Span and metrics of a call, as `Call.settle` does it."""
    telemetry = telemetry or kit.telemetry
    span = telemetry.start_span(call.request, call.start_ns, Context())
    facts = telemetry.assess(call)
    telemetry.write(span, call, facts, status=status)
    telemetry.record(call, facts, trace.set_span_in_context(span, Context()))
    span.end(call.end_ns)


def metrics(kit: Kit) -> dict[str, Any]:
    data = kit.reader.get_metrics_data()
    return {
        metric.name: metric
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


# --- the span ---


def test_the_span_carries_every_fact_of_the_call(kit: Kit) -> None:
    """Name, kind, times and attributes as documented, under the names of the conventions' newest published release."""
    report(kit, ended())
    span = kit.span
    assert (span.name, span.kind) == ("chat gpt-4o", SpanKind.CLIENT)
    assert (span.start_time, span.end_time) == (START, START + 3 * SECOND // 2)
    assert span.status.status_code is StatusCode.UNSET
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("chunkmeter", __version__)  # pyrefly: ignore[missing-attribute]
    attributes = attributes_of(span)
    assert attributes.pop("chunkmeter.price.version").startswith("genai-prices 0.2.")
    assert attributes == {
        **BASE,
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.5,
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cache_read.input_tokens": 400,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cost.amount": COST,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
        "chunkmeter.outcome": "completed",
        "chunkmeter.chunks": 7,
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.usage.status": "reported",
        "chunkmeter.usage.total_tokens": 1100,
        "chunkmeter.cost.status": "known",
        "chunkmeter.cost.input": 0.0015,
        "chunkmeter.cost.cache_read": 0.0005,
        "chunkmeter.cost.output": 0.001,
        "chunkmeter.price.source": "genai-prices",
        "chunkmeter.price.model": "gpt-4o",
    }


def test_what_is_known_at_the_start_is_there_at_the_start(kit: Kit) -> None:
    """A sampler decides by it."""
    span: Any = kit.telemetry.start_span(REQUEST, START, Context())
    assert dict(span.attributes) == {
        **BASE,
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.5,
        "server.address": "api.openai.com",
        "server.port": 443,
    }
    span.end()


def test_absent_is_not_zero(kit: Kit) -> None:
    """Without usage there are no tokens and no cost, on the span or in the metrics; the call counts and says why."""
    request = Request(stream=False)
    report(kit, ended(Tally(), request))
    assert kit.span.name == "chat"
    assert attributes_of(kit.span) == {
        "gen_ai.operation.name": "chat",
        "chunkmeter.finish_reason": "none",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "missing",
        "chunkmeter.cost.status": "no_usage",
    }
    for name in ("chunkmeter.spend", "gen_ai.client.operation.cost", "gen_ai.client.token.usage"):
        assert kit.points(name) == []
    (calls,) = kit.points("chunkmeter.calls")
    assert calls.attributes == {
        "gen_ai.operation.name": "chat",
        "chunkmeter.finish_reason": "none",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "missing",
        "chunkmeter.cost.status": "no_usage",
    }
    assert kit.points("gen_ai.client.operation.duration")[0].attributes == {"gen_ai.operation.name": "chat"}
    assert kit.points("gen_ai.client.operation.time_to_first_chunk") == []


def test_zero_is_not_absent(kit: Kit) -> None:
    """A provider that says 0 has said something: 5 tokens in at 2.50 a million, none out."""
    report(kit, ended(tally(Tokens(input_tokens=5, output_tokens=0))))
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.output_tokens"] == 0
    assert attributes["gen_ai.usage.cost.amount"] == 0.0000125
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in kit.points("gen_ai.client.token.usage")} == {
        "input": 5,
        "output": 0,
    }


ROWS_OF_A_PLAIN_CALL = {
    *BASE,
    *("gen_ai.request.stream", "gen_ai.request.temperature", "server.address", "server.port"),
    *("gen_ai.response.id", "gen_ai.response.model", "gen_ai.response.finish_reasons"),
    *("gen_ai.response.time_to_first_chunk", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    *("gen_ai.usage.cost.amount", "gen_ai.usage.cost.currency", "gen_ai.usage.cost.source"),
    *("chunkmeter.outcome", "chunkmeter.finish_reason", "chunkmeter.chunks", "chunkmeter.usage.status"),
    *("chunkmeter.usage.total_tokens", "chunkmeter.cost.status", "chunkmeter.cost.input", "chunkmeter.cost.output"),
    *("chunkmeter.price.source", "chunkmeter.price.version", "chunkmeter.price.model"),
}


@pytest.mark.parametrize("tier", ["default", "standard", "on_demand", "SERVICE_TIER_STANDARD", "auto", None])
def test_what_says_nothing_is_no_row(kit: Kit, tier: str | None) -> None:
    """Of an answer as OpenAI gives it, parts that are 0, flags that are off, the usual tier, words said twice."""
    parts = (
        "cached cache_write cache_write_1h reasoning input_audio output_audio tool_use input_image output_image "
        "input_video output_video input_document"
    )
    nothing = {f"{part}_tokens": 0 for part in parts.split()}
    answer = tally(Tokens(input_tokens=1000, output_tokens=100, total_tokens=1100, **nothing))
    answer.service_tier, answer.cached_response = tier, False
    report(kit, ended(answer))
    attributes = attributes_of(kit.span)
    assert attributes.keys() == ROWS_OF_A_PLAIN_CALL
    # gpt-4o: 1000 * 2.50 + 100 * 10 USD a million.
    assert (attributes["chunkmeter.cost.input"], attributes["chunkmeter.cost.output"]) == (0.0025, 0.001)
    assert attributes["gen_ai.usage.cost.amount"] == 0.0035


def test_a_sum_that_is_zero_is_a_row(kit: Kit) -> None:
    """Who adds up input, output, total, chunks or cost needs it: also where it is 0."""
    answer = tally(Tokens(input_tokens=0, output_tokens=0, total_tokens=0))
    answer.provider_cost = 0.0
    report(kit, replace(ended(answer), chunks=0))
    attributes = attributes_of(kit.span)
    zeros = {name for name, value in attributes.items() if value == 0}
    assert zeros == {
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "chunkmeter.usage.total_tokens",
        "chunkmeter.chunks",
        "gen_ai.usage.cost.amount",
        "chunkmeter.cost_metadata.cost",
    }


def test_what_output_cost_is_not_told_where_nobody_counted_it(kit: Kit) -> None:
    """1000 tokens in at 2.50 USD a million: the one part that is known is the amount."""
    report(kit, ended(tally(Tokens(input_tokens=1000)), outcome="closed"))
    attributes = attributes_of(kit.span)
    split = {name: value for name, value in attributes.items() if name.startswith("chunkmeter.cost.")}
    assert split == {"chunkmeter.cost.input": 0.0025, "chunkmeter.cost.status": "partial"}
    assert attributes["gen_ai.usage.cost.amount"] == 0.0025


def test_the_seeds_cost_metadata_is_on_the_span(kit: Kit) -> None:
    """The fields that have no conventional name, where the wire tells them."""
    answer = tally(Tokens(input_tokens=10, output_tokens=1, cache_write_tokens=4, cache_write_1h_tokens=1))
    answer.service_tier, answer.provider_cost = "flex", 0.5
    report(kit, ended(answer))
    attributes = attributes_of(kit.span)
    assert {name: value for name, value in attributes.items() if name.startswith("chunkmeter.cost_metadata.")} == {
        "chunkmeter.cost_metadata.tier": "flex",
        "chunkmeter.cost_metadata.cost": 0.5,
        "chunkmeter.cost_metadata.cache_write": True,
    }
    assert attributes["gen_ai.usage.cache_write.input_tokens"] == 4
    assert attributes["chunkmeter.usage.cache_write_1h_tokens"] == 1
    assert attributes["gen_ai.usage.cost.source"] == attributes["chunkmeter.price.source"] == "provider"


@pytest.mark.parametrize(
    ("outcome", "error", "status"),
    [
        ("completed", None, StatusCode.UNSET),
        ("closed", None, StatusCode.UNSET),
        ("cancelled", None, StatusCode.UNSET),
        ("abandoned", None, StatusCode.UNSET),
        ("error", "openai.RateLimitError", StatusCode.ERROR),
        ("interrupted", "stream_interrupted", StatusCode.ERROR),
    ],
)
def test_only_errors_and_interruptions_are_errors(
    kit: Kit, outcome: Outcome, error: str | None, status: StatusCode
) -> None:
    """Status ERROR without a description, `error.type` on span and duration alone, no exception event, never OK."""
    report(kit, ended(outcome=outcome, error=error))
    span = kit.span
    assert (span.status.status_code, span.status.description) == (status, None)
    assert span.events == ()
    assert attributes_of(span).get("error.type") == error
    assert kit.points("gen_ai.client.operation.duration")[0].attributes.get("error.type") == error
    for name in ("chunkmeter.calls", "chunkmeter.spend", "gen_ai.client.token.usage"):
        assert "error.type" not in kit.points(name)[0].attributes


def test_somebody_elses_span_keeps_its_status(kit: Kit) -> None:
    """Its owner sets it."""
    report(kit, ended(outcome="error", error="ValueError"), status=False)
    assert kit.span.status.status_code is StatusCode.UNSET
    assert attributes_of(kit.span)["error.type"] == "ValueError"


@pytest.mark.parametrize(
    ("wire", "raw", "on_span", "in_metrics"),
    [
        ("openai_chat", ("stop",), ["stop"], "stop"),
        # As the published instrumentation of OpenAI does it: its raw words on the span, the conventions' in metrics.
        ("openai_chat", ("tool_calls",), ["tool_calls"], "tool_call"),
        ("anthropic_messages", ("tool_use",), ["tool_call"], "tool_call"),
        ("anthropic_messages", ("end_turn",), ["stop"], "stop"),
        ("anthropic_messages", ("max_tokens",), ["length"], "length"),
        ("google_generate_content", ("SAFETY",), ["content_filter"], "content_filter"),
        ("anthropic_messages", ("pause_turn",), ["pause_turn"], "other"),
        # The worst of several: error > content_filter > length > tool_call > stop.
        ("openai_chat", ("stop", "length"), ["stop", "length"], "length"),
        ("openai_chat", ("length", "content_filter", "stop"), ["length", "content_filter", "stop"], "content_filter"),
        ("openai_chat", ("content_filter", "error"), ["content_filter", "error"], "error"),
        ("openai_chat", ("stop", "tool_calls"), ["stop", "tool_calls"], "tool_call"),
        ("openai_chat", ("stop", "new_word"), ["stop", "new_word"], "stop"),
    ],
)
def test_finish_reasons_on_the_span_and_the_worst_in_metrics(
    kit: Kit, wire: str, raw: tuple[str, ...], on_span: list[str], in_metrics: str
) -> None:
    """One reason a choice, the provider's own words beside where they are others, and the one that metrics have."""
    report(kit, ended(tally(TOKENS, *raw, wire=wire)))
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == on_span
    others = None if list(raw) == on_span else list(raw)
    assert attributes.get("chunkmeter.response.raw_finish_reasons") == others
    assert attributes["chunkmeter.finish_reason"] == in_metrics
    assert kit.points("chunkmeter.calls")[0].attributes["chunkmeter.finish_reason"] == in_metrics


@pytest.mark.parametrize("wire", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize(
    ("outcome", "raw", "on_span", "beside", "in_metrics"),
    [
        # The provider was to give a reason, and did not.
        ("interrupted", (None,), ["error"], None, "none"),
        ("error", (None,), ["error"], None, "none"),
        ("error", (None, "stop"), ["error", "stop"], ["stop"], "stop"),
        ("interrupted", ("length", None), ["length", "error"], ["length"], "length"),
        # Its reader stopped: nothing failed.
        ("closed", (None,), None, None, "none"),
        ("cancelled", (None,), None, None, "none"),
        ("abandoned", (None,), None, None, "none"),
        ("closed", (None, "stop"), ["stop"], None, "stop"),
        ("cancelled", ("length", None, "stop"), ["length", "stop"], None, "length"),
        ("abandoned", (None, "error"), ["error"], None, "error"),
        # An answer that came whole.
        ("completed", (None,), None, None, "none"),
    ],
)
def test_a_choice_without_a_reason_reads_error_only_where_something_failed(
    kit: Kit,
    wire: str,
    outcome: Outcome,
    raw: tuple[str | None, ...],
    on_span: list[str] | None,
    beside: list[str] | None,
    in_metrics: str,
) -> None:
    """It is none in metrics, whatever happened."""
    report(kit, ended(tally(TOKENS, *raw, wire=wire), outcome=outcome))
    attributes = attributes_of(kit.span)
    assert attributes.get("gen_ai.response.finish_reasons") == on_span
    assert attributes.get("chunkmeter.response.raw_finish_reasons") == beside
    assert attributes["chunkmeter.finish_reason"] == in_metrics
    assert kit.points("chunkmeter.calls")[0].attributes["chunkmeter.finish_reason"] == in_metrics


@pytest.mark.parametrize("outcome", ["completed", "error", "interrupted", "closed"])
def test_without_any_choice_there_is_no_reason(kit: Kit, outcome: Outcome) -> None:
    """No chunk at all: the attribute is left out, the one word is none."""
    report(kit, ended(Tally(), outcome=outcome))
    attributes = attributes_of(kit.span)
    assert "gen_ai.response.finish_reasons" not in attributes
    assert attributes["chunkmeter.finish_reason"] == "none"
    assert kit.points("chunkmeter.calls")[0].attributes["chunkmeter.finish_reason"] == "none"


@pytest.mark.parametrize(
    "wire",
    [
        "cohere_rerank",
        "google_live",
        "mistral_conversations",
        "native_embeddings",
        "openai_embeddings",
        "openai_images",
        "openai_transcription",
    ],
)
@pytest.mark.parametrize("outcome", ["completed", "error", "interrupted", "closed"])
def test_a_wire_that_has_no_word_for_it_has_no_reason(kit: Kit, wire: str, outcome: Outcome) -> None:
    """Not even `none`, which stands for a word that did not come."""
    report(kit, ended(Tally(wire), outcome=outcome))
    assert "chunkmeter.finish_reason" not in attributes_of(kit.span)
    assert "chunkmeter.finish_reason" not in kit.points("chunkmeter.calls")[0].attributes


def test_embeddings_have_no_reason_before_their_wire_is_known(kit: Kit) -> None:
    """A request that failed has brought no event that tells the wire."""
    report(kit, ended(Tally(), replace(REQUEST, operation="embeddings"), "error"))
    assert "chunkmeter.finish_reason" not in attributes_of(kit.span)
    assert "chunkmeter.finish_reason" not in kit.points("chunkmeter.calls")[0].attributes


def test_an_agent_s_span_has_no_model_in_its_name(kit: Kit) -> None:
    """The agent's name would stand there, which nobody says."""
    report(kit, ended(request=replace(REQUEST, operation="invoke_agent")))
    assert kit.span.name == "invoke_agent"


def test_a_refused_prompt_is_filtered_content(kit: Kit) -> None:
    """Google sends a block reason and no candidate."""
    answer = Tally()
    answer.wire, answer.block_reason = "google_generate_content", "PROHIBITED_CONTENT"
    report(kit, ended(answer))
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["content_filter"]
    assert attributes["chunkmeter.response.raw_finish_reasons"] == ["PROHIBITED_CONTENT"]
    assert attributes["chunkmeter.finish_reason"] == "content_filter"
    assert kit.points("chunkmeter.calls")[0].attributes["chunkmeter.finish_reason"] == "content_filter"


@pytest.mark.parametrize(
    ("request_", "first_ns"),
    [
        (Request(stream=False), START),
        (Request(stream=True, sent=False), START),
        (Request(stream=True), 0),
    ],
    ids=["no stream", "start unknown", "no chunk"],
)
def test_first_chunk_time_needs_a_stream_a_start_and_a_chunk(kit: Kit, request_: Request, first_ns: int) -> None:
    """Anything else would be a guess."""
    report(kit, Ended(request_, tally(), "completed", None, START, first_ns, START + SECOND))
    assert "gen_ai.response.time_to_first_chunk" not in attributes_of(kit.span)
    assert kit.points("gen_ai.client.operation.time_to_first_chunk") == []


def test_a_clock_set_back_gives_no_negative_time(kit: Kit) -> None:
    """The SDK would drop a negative point."""
    report(kit, Ended(REQUEST, tally(), "completed", None, START, START - SECOND, START - SECOND))
    assert attributes_of(kit.span)["gen_ai.response.time_to_first_chunk"] == 0.0
    assert kit.points("gen_ai.client.operation.duration")[0].sum == 0.0


@pytest.mark.parametrize(
    ("stream", "outcome", "reason", "tokens", "status"),
    [
        (True, "completed", "stop", TOKENS, "reported"),
        (True, "closed", None, TOKENS, "partial"),
        (True, "completed", "stop", Tokens(input_tokens=5), "partial"),
        (False, "completed", None, TOKENS, "reported"),
        (False, "completed", None, Tokens(input_tokens=5), "partial"),
        (False, "error", None, TOKENS, "partial"),
        (True, "completed", "stop", Tokens(), "missing"),
    ],
)
def test_usage_is_trusted_as_far_as_the_answer_came(
    kit: Kit, stream: bool, outcome: Outcome, reason: str | None, tokens: Tokens, status: str
) -> None:
    """A stream's usage is final with its finish reason; an answer that came whole has all its usage."""
    answer = tally(tokens, reason)
    facts = kit.telemetry.assess(ended(answer, Request(provider="openai", stream=stream), outcome))
    assert facts.usage_status == status


# --- the metrics ---


def test_metrics_have_their_names_units_and_labels(kit: Kit) -> None:
    """One call, one point each; labels are those documented, none is None and none is the user's text."""
    pricing.warm_up()
    report(kit, ended(outcome="error", error="openai.APIError"))
    found = metrics(kit)
    assert {name: metric.unit for name, metric in found.items()} == {
        "chunkmeter.spend": "{cost}",
        "chunkmeter.calls": "{call}",
        "chunkmeter.streams.open": "{stream}",
        "chunkmeter.streams.oldest_idle": "s",
        "chunkmeter.price_table.age": "s",
        "gen_ai.client.operation.cost": "{cost}",
        "gen_ai.client.operation.duration": "s",
        "gen_ai.client.operation.time_to_first_chunk": "s",
        "gen_ai.client.token.usage": "{token}",
    }
    assert all(metric.description for metric in found.values())
    assert {name: [dict(point.attributes) for point in metric.data.data_points] for name, metric in found.items()} == {
        "chunkmeter.spend": [{**PRICED, "chunkmeter.cost.status": "known"}],
        "chunkmeter.calls": [
            {
                **BASE,
                "chunkmeter.finish_reason": "stop",
                "chunkmeter.outcome": "error",
                "chunkmeter.usage.status": "reported",
                "chunkmeter.cost.status": "known",
            }
        ],
        "chunkmeter.streams.open": [{}],
        "chunkmeter.streams.oldest_idle": [{}],
        "chunkmeter.price_table.age": [{"chunkmeter.price.source": "genai-prices"}],
        "gen_ai.client.operation.cost": [PRICED],
        "gen_ai.client.operation.duration": [{**ANSWERED, "error.type": "openai.APIError"}],
        "gen_ai.client.operation.time_to_first_chunk": [ANSWERED],
        "gen_ai.client.token.usage": [
            {**ANSWERED, "gen_ai.token.type": "input"},
            {**ANSWERED, "gen_ai.token.type": "output"},
        ],
    }


def test_metrics_have_their_values(kit: Kit) -> None:
    """Two equal calls of 0.003 USD, 1.5 s, 0.25 s to the first chunk, 1,000 tokens in and 100 out."""
    for _ in range(2):
        report(kit, ended())
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("chunkmeter.spend") == pytest.approx(2 * COST, abs=1e-12)
    assert kit.total("gen_ai.client.operation.cost") == pytest.approx(2 * COST, abs=1e-12)
    assert kit.total("gen_ai.client.operation.duration") == 3.0
    assert kit.total("gen_ai.client.operation.time_to_first_chunk") == 0.5
    assert kit.total("gen_ai.client.token.usage", type="input") == 2000
    assert kit.total("gen_ai.client.token.usage", type="output") == 200
    assert kit.points("gen_ai.client.operation.duration")[0].count == 2
    spend = metrics(kit)["chunkmeter.spend"].data
    assert spend.is_monotonic


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("gen_ai.client.operation.duration", SECONDS),
        ("gen_ai.client.operation.time_to_first_chunk", SECONDS),
        ("gen_ai.client.token.usage", TOKEN_BOUNDS),
        ("gen_ai.client.operation.cost", COST_BOUNDS),
    ],
)
def test_histograms_have_their_own_buckets(kit: Kit, name: str, bounds: list[float]) -> None:
    """The conventions', and for cost some that tell a cent from a mill."""
    report(kit, ended())
    assert list(kit.points(name)[0].explicit_bounds) == bounds


def test_exemplars_carry_the_spans_trace_id(kit: Kit) -> None:
    """On counters and histograms alike, though the span is never current when the call settles."""
    report(kit, ended())
    trace_id = kit.span.get_span_context().trace_id  # pyrefly: ignore[missing-attribute]
    found = metrics(kit)  # read once: exemplars are those since the last reading
    for name in (
        "chunkmeter.spend",
        "chunkmeter.calls",
        "gen_ai.client.operation.cost",
        "gen_ai.client.operation.duration",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.client.token.usage",
    ):
        for point in found[name].data.data_points:
            assert [exemplar.trace_id for exemplar in point.exemplars] == [trace_id], name


def test_an_unsampled_call_is_counted_without_exemplars() -> None:
    """Metrics stay exact when traces are sampled away."""
    kit = Kit(sampler=ALWAYS_OFF)
    report(kit, ended())
    assert kit.spans == []
    found = metrics(kit)
    assert found["chunkmeter.spend"].data.data_points[0].value == pytest.approx(COST, abs=1e-12)
    for name in ("chunkmeter.calls", "gen_ai.client.operation.duration", "gen_ai.client.token.usage"):
        assert [list(point.exemplars) for point in found[name].data.data_points] in ([[]], [[], []])
    kit.shutdown()


def test_cost_semconv_off_leaves_the_draft_out() -> None:
    """The draft conventions' attributes and histogram; `chunkmeter.spend` and `chunkmeter.cost.*` stay."""
    kit = Kit(settings=Settings(cost_semconv="off"))
    report(kit, ended())
    assert {name for name in attributes_of(kit.span) if name.startswith("gen_ai.usage.cost.")} == set()
    assert attributes_of(kit.span)["chunkmeter.cost.status"] == "known"
    assert "gen_ai.client.operation.cost" not in metrics(kit)
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)
    kit.shutdown()


# --- labels ---


def test_unknown_provider_and_model_are_left_out(kit: Kit) -> None:
    """A label is there or it is not; no word stands for nothing."""
    report(kit, ended(Tally(), Request(provider=None, model=None)))
    for name in ("chunkmeter.calls", "gen_ai.client.operation.duration"):
        assert {"gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"}.isdisjoint(
            kit.points(name)[0].attributes
        )


def test_unknown_models_are_bounded_and_known_ones_pass(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """100 invented names are labels, the 101st is `_OTHER`; a model of the price table passes even then."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for number in range(150):
            answer = tally()
            answer.response_model = None
            report(kit, ended(answer, Request(provider="openai", model=f"made-up-{number}")))
        report(kit, ended(request=Request(provider="openai", model="gpt-4.1-mini")))
    seen = {point.attributes["gen_ai.request.model"]: point.value for point in kit.points("chunkmeter.calls")}
    assert seen == {**{f"made-up-{number}": 1 for number in range(100)}, "_OTHER": 50, "gpt-4.1-mini": 1}
    messages = [record.getMessage() for record in caplog.records]
    full = "100 models that no price table lists have been seen; the metrics call further ones _OTHER."
    assert messages.count(full) == 1
    assert sum("No price is known for model" in message for message in messages) == 100
    assert len(messages) == 101
    # Names stay whole on the spans.
    assert attributes_of(kit.spans[149])["gen_ai.request.model"] == "made-up-149"


def test_names_made_up_after_a_known_one_are_bounded(kit: Kit) -> None:
    """The price table matches by pattern, so `gpt-4o-` and anything has a price; its name is no known one for that."""
    for number in range(150):
        answer = tally()
        answer.response_model = None
        report(kit, ended(answer, Request(provider="openai", model=f"gpt-4o-{number}-of-somebody")))
        report(kit, ended(answer, Request(provider="openai", model="gpt-4o")))
    models = {point.attributes["gen_ai.request.model"] for point in kit.points("chunkmeter.calls")}
    assert len(models) == 102
    assert {"_OTHER", "gpt-4o"} < models


def test_made_up_providers_are_bounded(kit: Kit) -> None:
    """A provider the conventions don't name is a label as it is, until there are 100 of them."""
    for number in range(150):
        report(kit, ended(request=Request(provider=f"my-gateway-{number}", model="gpt-4o")))
    report(kit, ended(request=Request(provider="openai", model="gpt-4o")))
    providers = {point.attributes["gen_ai.provider.name"] for point in kit.points("chunkmeter.calls")}
    assert len(providers) == 102
    assert {"my-gateway-0", "_OTHER", "openai"} < providers


def test_an_unknown_response_model_is_bounded_too(kit: Kit) -> None:
    """A provider's dated names are as many as it likes."""
    for number in range(120):
        answer = tally()
        answer.response_model = f"answer-{number}"
        report(kit, ended(answer))
    models = [point.attributes["gen_ai.response.model"] for point in kit.points("gen_ai.client.operation.duration")]
    assert len(models) == 101
    assert "_OTHER" in models
    assert {point.attributes["gen_ai.request.model"] for point in kit.points("chunkmeter.calls")} == {"gpt-4o"}


def test_an_unknown_model_is_one_log_line(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is called, assessed before it settles, or asked for under another name."""
    answer = tally()
    answer.response_model = "my-model-2"
    call = ended(answer, Request(provider="openai", model="my-model"))
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(3):
            kit.telemetry.assess(call)
            report(kit, call)
    assert [record.getMessage() for record in caplog.records] == [
        (
            "No price is known for model 'my-model-2' of openai: its calls count without cost. "
            "Give it one, or an alias, in the file that CHUNKMETER_PRICES names."
        )
    ]


# --- gauges ---


def test_open_streams_are_reported_with_the_longest_pause(kit: Kit) -> None:
    """A stream that waits for its provider is open and not idle; a plain call is no stream."""
    assert kit.total("chunkmeter.streams.open") == kit.total("chunkmeter.streams.oldest_idle") == 0
    now = time.time_ns()
    opened = kit.telemetry.gauges.opened
    for paused_ns in (now - 60 * SECOND, now - 5 * SECOND, 0):
        opened(streamed=True, at_ns=paused_ns)
    opened(streamed=False, at_ns=0)
    assert kit.total("chunkmeter.streams.open") == 3
    assert 60 <= kit.total("chunkmeter.streams.oldest_idle") < 70


def test_telemetries_on_one_meter_provider_report_together(kit: Kit) -> None:
    """The SDK keeps the first gauge of a name, so that one speaks for all; another provider's streams are not its."""
    second = Telemetry(kit.tracer_provider, kit.meter_provider, Settings())
    other = Kit()
    for telemetry in (kit.telemetry, second, other.telemetry):
        telemetry.gauges.opened(streamed=True, at_ns=0)
    assert kit.total("chunkmeter.streams.open") == 2
    assert other.total("chunkmeter.streams.open") == 1
    other.shutdown()


def test_the_price_tables_age_is_there_once_the_table_is_loaded(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading metrics doesn't load it."""
    with monkeypatch.context() as patched:
        patched.setattr(pricing, "loaded", lambda: False)
        assert kit.points("chunkmeter.price_table.age") == []
    pricing.warm_up()
    (point,) = kit.points("chunkmeter.price_table.age")
    assert 0 < point.value < time.time() - 1_767_225_600  # younger than 2026-01-01
    assert point.attributes == {"chunkmeter.price.source": "genai-prices"}


# --- failures of ours ---


def failing(*_: Any, **__: Any) -> Any:
    raise RuntimeError("sk-secret")


def test_a_failure_to_read_usage_keeps_the_reasons(kit: Kit) -> None:
    """The call counts, with usage status `failed`; what else it said stands."""
    answer = tally(TOKENS, "length")
    answer.count_tokens = failing
    report(kit, ended(answer))
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.usage.status"] == "failed"
    assert attributes["gen_ai.response.finish_reasons"] == ["length"]
    assert "gen_ai.usage.input_tokens" not in attributes
    assert kit.total("chunkmeter.calls", finish_reason="length", usage__status="failed") == 1
    assert kit.total("chunkmeter.errors", stage="reader") == 1


def test_a_failure_to_price_is_a_cost_status(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the call is reported in full."""
    monkeypatch.setattr(pricing, "price", failing)
    report(kit, ended())
    assert attributes_of(kit.span)["chunkmeter.cost.status"] == "failed"
    assert "gen_ai.usage.cost.amount" not in attributes_of(kit.span)
    assert kit.total("chunkmeter.calls", cost__status="failed", usage__status="reported") == 1
    assert kit.total("gen_ai.client.token.usage", type="input") == 1000
    assert kit.total("chunkmeter.errors", stage="price") == 1


def test_a_price_table_that_fails_costs_labels_not_points(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a model's name may be a label can't be told then, so it is none; duration and tokens are recorded."""
    monkeypatch.setattr(pricing, "knows", failing)
    report(kit, ended())
    assert kit.total("gen_ai.client.operation.duration") == 1.5
    assert kit.total("gen_ai.client.operation.time_to_first_chunk") == 0.25
    assert kit.total("gen_ai.client.token.usage", type="output") == 100
    (calls,) = kit.points("chunkmeter.calls")
    assert "gen_ai.request.model" not in calls.attributes
    assert kit.total("chunkmeter.errors", stage="settle") == 2


def test_a_span_that_does_not_record_is_left_alone(kit: Kit) -> None:
    """Nothing is worked out for a span that nobody will see."""
    call = ended()
    kit.telemetry.write(INVALID_SPAN, call, kit.telemetry.assess(call), status=True)
    assert kit.points("chunkmeter.errors") == []


def test_the_price_is_that_of_the_requests_day(kit: Kit) -> None:
    """o3 cost 10 USD a million tokens in before 2025-06-10, and 2 since."""
    answer = tally(Tokens(input_tokens=1_000_000, output_tokens=0))
    answer.response_model = "o3"
    for start, amount in ((1_749_300_000, 10), (1_749_600_000, 2)):  # 2025-06-07 and 2025-06-11
        call = Ended(Request(provider="openai"), answer, "completed", None, start * SECOND, 0, start * SECOND)
        facts = kit.telemetry.assess(call)
        assert isinstance(facts.cost, pricing.Priced)
        assert facts.cost.amount == amount


# --- set-up ---


def test_the_announcement_is_one_info_line(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, hooks, names, price table and endpoint."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage() == (
        f"chunkmeter {__version__}: Mirascope 1.x hooked; names as opentelemetry-util-genai 1.3b0, cost draft; "
        "prices of genai-prices 0.2.3; OTLP endpoint http://127.0.0.1:4317"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://key:hunter2@gateway.example:4317", "https://gateway.example:4317"),
        ("https://TOKEN@gateway.example/v1?api-key=hunter2", "https://gateway.example"),
        ("https://user:p@ss@gateway.example", "https://gateway.example"),
        ("gateway:4317", "gateway:4317"),
        ("", "as set in the SDK"),
    ],
)
def test_the_announcement_names_the_endpoint_without_its_secrets(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    """Some services take a key as the user of the address."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", given)
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
    assert caplog.records[0].getMessage().endswith(f"; OTLP endpoint {said}")


@pytest.fixture
def no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)


@pytest.mark.usefixtures("no_sdk")
def test_without_an_sdk_one_warning_names_the_cure(caplog: pytest.LogCaptureFixture) -> None:
    """At the first call, and not again."""
    telemetry = Telemetry(settings=Settings())
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(2):
            telemetry.start_span(REQUEST, START, Context()).end()
    (record,) = caplog.records
    assert "pip install 'chunkmeter[auto]'" in record.getMessage()


def test_the_default_telemetry_is_shared() -> None:
    """Whoever gives no providers and no settings reports to the same place, and so does who says what they are."""
    assert for_providers(None, None, None) is default()
    assert for_providers(None, None, Settings()) is default()
    assert for_providers(None, None, Settings(semconv="latest")) is not default()
    assert for_providers(trace.get_tracer_provider(), get_meter_provider(), None) is default()


def test_there_is_one_telemetry_for_the_same_providers_and_settings(kit: Kit) -> None:
    """However many ask: one price file, and one hundred names that no table knows."""
    other = Kit()
    same = for_providers(kit.tracer_provider, kit.meter_provider, Settings())
    assert same is kit.telemetry
    assert for_providers(kit.tracer_provider, kit.meter_provider, None) is same
    assert for_providers(other.tracer_provider, kit.meter_provider, None) is not same
    assert for_providers(kit.tracer_provider, other.meter_provider, None) is not same
    assert for_providers(kit.tracer_provider, kit.meter_provider, Settings(prices="mine.toml")) is not same
    other.shutdown()


def test_instrumentors_and_processors_share_the_names_that_are_unknown(kit: Kit) -> None:
    """The hundred are for all: what one of them has let pass, and where the other ends."""
    given: dict[str, Any] = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    instrumentor, processor = MirascopeInstrumentor(), ChunkSpanProcessor(**given)
    instrumentor.instrument(**given)
    try:
        asked_for = for_providers(kit.tracer_provider, kit.meter_provider, None)
        for telemetry, names in ((kit.telemetry, range(60)), (asked_for, range(60, 120))):
            for number in names:
                call = Call(telemetry, Request(provider="openai", model=f"made-up-{number}"))
                call.settle("closed")
        list(processor.wrap(iter(()), provider="openai", model="made-up-7"))
    finally:
        instrumentor.uninstrument()
    seen = {point.attributes["gen_ai.request.model"] for point in kit.points("chunkmeter.calls")}
    assert len(seen) == 101
    assert "_OTHER" in seen
