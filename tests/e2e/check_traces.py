"""What Jaeger's API gives back of a metered call."""

from __future__ import annotations

from typing import Any

import pytest

from replay.scenarios import by_id
from tests.e2e.programs import Collector, eventually, tags
from tests.e2e.stack import Stack


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
    assert found["gen_ai.usage.cache_read.input_tokens"] == expected.cached_tokens
    assert found["gen_ai.usage.output_tokens"] == expected.output_tokens
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(expected.usd, rel=0, abs=1e-12)
    assert found["gen_ai.usage.cost.currency"] == "USD"
    assert found["chunkmeter.outcome"] == "completed"
    assert found["tenant"] == "acme"
    assert [(reference["refType"], reference["spanID"]) for reference in request["references"]] == [
        ("CHILD_OF", chat["spanID"])
    ]


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
