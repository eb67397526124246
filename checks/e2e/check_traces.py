"""What Jaeger's API gives back of a metered call."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from checks.e2e.programs import CONFIG, HTTP, Collector, eventually, tags
from checks.e2e.stack import Stack
from replay.check import count_on_span
from replay.scenarios import by_id


def test_a_trace_says_why_what_and_how_much(stack: Stack, minimal: Collector) -> None:
    """Finish reasons, usage and cost on the inference span, the HTTP request below it."""
    run = stack.plan(
        "traced", minimal, {"scenario": "openai-plain-stream", "tenant": "acme"}, CHUNKMETER_METRIC_LABELS="tenant"
    )
    expected = by_id["openai-plain-stream"].truth

    def the_trace() -> dict[str, Any]:
        (trace,) = stack.jaeger.traces("traced")
        assert len(trace["spans"]) == 2
        return trace

    spans = {span["operationName"]: span for span in eventually(the_trace)["spans"]}
    chat, request = spans["chat gpt-4o-mini"], spans["POST"]
    found = tags(chat)
    assert run.calls == 1
    assert found["gen_ai.response.finish_reasons"] == '["stop"]'
    assert found["gen_ai.usage.input_tokens"] == expected.input_tokens
    assert found.get("gen_ai.usage.cache_read.input_tokens") == count_on_span(expected, "cached_tokens")
    assert found["gen_ai.usage.output_tokens"] == expected.output_tokens
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(expected.usd, rel=0, abs=1e-12)
    assert found["gen_ai.usage.cost.currency"] == "USD"
    assert found["chunkmeter.outcome"] == "completed"
    assert found["chunkmeter.finish_reason"] == "stop"
    assert found["tenant"] == "acme"
    assert [(reference["refType"], reference["spanID"]) for reference in request["references"]] == [
        ("CHILD_OF", chat["spanID"])
    ]


def test_a_search_by_finish_reason_finds_what_was_cut(stack: Stack, minimal: Collector) -> None:
    """Also of calls that went by no gateway which could have added the word."""
    plans = ({"scenario": "openai-plain-stream"}, {"scenario": "openai-length-stream"})
    stack.plan("searched", minimal, *plans)

    def all_of_them() -> None:
        assert len(stack.jaeger.traces("searched")) == len(plans)

    eventually(all_of_them)
    (trace,) = stack.jaeger.traces("searched", chunkmeter__finish_reason="length")
    (chat,) = (tags(span) for span in trace["spans"] if span["operationName"].startswith("chat "))
    assert chat["gen_ai.response.id"] == by_id["openai-length-stream"].truth.response_id


def test_jaeger_is_told_what_a_span_shows_first(stack: Stack) -> None:
    """The page has the shipped configuration of its UI."""
    page = HTTP.get(f"{stack.jaeger.url}/").text
    (told,) = re.findall(r"JAEGER_CONFIG = (\{.*\});", page)
    assert json.loads(told) == json.loads((CONFIG / "jaeger-ui.json").read_text())


def test_exemplars_of_costly_calls_lead_to_traces(stack: Stack, gateway: Collector) -> None:
    """The gateway keeps each trace above its cost threshold, so no such exemplar is a dead link."""
    stack.plan(
        "exemplary",
        gateway,
        {"scenario": "openai-costly-stream", "times": 3},
        {"scenario": "openai-plain-stream", "times": 10},
    )

    def costly() -> list[dict[str, Any]]:
        series = stack.prometheus.get(
            "query_exemplars",
            query='gen_ai_client_operation_cost_bucket{service_name="exemplary"}',
            start=stack.began,
            end=stack.began + 7200,
        )
        found = [exemplar for one in series for exemplar in one["exemplars"] if float(exemplar["value"]) >= 0.05]
        assert found, f"no exemplar above the threshold in {series}"
        return found

    for exemplar in eventually(costly):
        assert float(exemplar["value"]) == pytest.approx(by_id["openai-costly-stream"].truth.usd, abs=1e-12)
        trace_id = exemplar["labels"]["trace_id"]

        def spans(trace_id: str = trace_id) -> set[str]:
            trace = stack.jaeger.trace(trace_id)
            assert trace is not None, f"Jaeger has no trace {trace_id}"
            return {span["spanID"] for span in trace["spans"]}

        assert exemplar["labels"]["span_id"] in eventually(spans)
