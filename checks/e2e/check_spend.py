"""Spend in Prometheus, in Jaeger and on the wire are the same, whatever happens on the way."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from checks.e2e.dashboards import EXACT, WAYS, spend
from checks.e2e.programs import Answering, Collector, eventually
from checks.e2e.stack import TOLERANCE, Run, Stack
from replay.check import call_of_scenario, call_of_span
from replay.scenarios import by_id

MIXED = (
    {"scenario": "openai-plain-stream", "times": 60},
    {"scenario": "openai-length-stream", "times": 15},
    {"scenario": "openai-costly-stream", "times": 15},
    {"scenario": "openai-plain-stream~status=500", "times": 10},
    {"scenario": "anthropic-searches-stream", "times": 5},
    {"scenario": "anthropic-code-stream", "times": 5},
)
"""Errors, truncated and costly ones among plain ones; the failing ones are answered with an error, so cost nothing.

Some have fees beside tokens, which count where they have a price."""


def truth(run: Run, failed: int = 0) -> float:
    """The run's spend by the wire; requests that were answered with an error cost nothing."""
    return run.spend - failed * by_id["openai-plain-stream"].truth.usd


def assert_spend(stack: Stack, service: str, expected: float, window: str = "15m") -> None:
    """Every store has the truth: as a plain sum, as dashboards read it, and as the alerts do.

    The service's processes have to be younger than the window, for which estimates are exact.
    """
    stack.settle()

    for store in stack.stores:
        expressions = [
            f'sum(chunkmeter_spend_total{{service_name="{service}"}})',
            f'sum(tenant:chunkmeter_spend:increase1h{{service_name="{service}"}})',
            *(spend(service, way, window) for way in WAYS if way.of(stack) is store),
        ]

        def compare(store: Answering = store, expressions: Sequence[str] = expressions) -> None:
            for expression in expressions:
                found = store.value(expression)
                assert found == pytest.approx(expected, rel=0, abs=TOLERANCE), f"{store.url}: {expression}"

        eventually(compare, within=45)  # rules are evaluated every 15 s


def cost_of(spans: list[dict[str, object]]) -> float:
    """USD of spans."""
    return sum(float(str(span.get("gen_ai.usage.cost.amount", 0))) for span in spans)


def assert_true(spans: list[dict[str, object]], calls: Counter[str]) -> None:
    """Each span is one of the calls that were made, with its cost, and none is there twice."""
    by_call = {call_of_scenario(by_id[name]): by_id[name] for name in calls}
    seen: Counter[str] = Counter()
    for span in spans:
        scenario = by_call[call_of_span(span)]
        seen[scenario.id] += 1
        assert span["chunkmeter.cost.status"] == scenario.truth.cost_status
        assert cost_of([span]) == pytest.approx(scenario.truth.usd, rel=0, abs=TOLERANCE)
    assert seen <= calls, f"{seen - calls} more than were made"


def test_unsampled_everything_is_equal(stack: Stack, minimal: Collector) -> None:
    """Spans in Jaeger = Prometheus = the wire."""
    run = stack.demo("unsampled", minimal)
    assert run.calls == 33
    assert_spend(stack, "unsampled", run.spend)

    def compare() -> None:
        spans = stack.jaeger.spans("unsampled")
        assert len(spans) == run.calls
        assert_true(spans, run.scenarios)
        assert cost_of(spans) == pytest.approx(run.spend, rel=0, abs=TOLERANCE)

    eventually(compare)


def test_head_sampling_changes_spans_only(stack: Stack, minimal: Collector) -> None:
    """One trace in ten, all of the spend."""
    sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
    run = stack.plan("head-sampled", minimal, *MIXED, **sampler)
    assert_spend(stack, "head-sampled", truth(run, failed=10))
    spans = [span for span in stack.jaeger.spans("head-sampled") if "gen_ai.response.id" in span]
    # 110 calls: no span at all, or over 40 of them, would happen once in more than 10,000 runs.
    assert 0 < len(spans) < 40
    assert_true(spans, run.scenarios)


def test_tail_sampling_keeps_what_matters(stack: Stack, gateway: Collector) -> None:
    """Every error, truncated answer and costly call; some of the rest; all of the spend."""
    run = stack.plan("tail-sampled", gateway, *MIXED)
    assert_spend(stack, "tail-sampled", truth(run, failed=10))

    def compare() -> None:
        spans = stack.jaeger.spans("tail-sampled")
        kept = Counter(span.get("gen_ai.response.id") for span in spans)
        assert kept[by_id["openai-length-stream"].truth.response_id] == 15
        assert kept[by_id["openai-costly-stream"].truth.response_id] == 15
        assert kept[by_id["anthropic-searches-stream"].truth.response_id] == 5  # costly by its fees
        assert sum(span["chunkmeter.outcome"] == "error" for span in spans) == 10
        assert kept[by_id["openai-plain-stream"].truth.response_id] < 40
        assert_true([span for span in spans if "gen_ai.response.id" in span], run.scenarios)

    eventually(compare)


def test_head_and_tail_sampling_together(stack: Stack, gateway: Collector) -> None:
    """What both leave is a subset, and spend is whole."""
    sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
    run = stack.plan("both-sampled", gateway, {"scenario": "openai-costly-stream", "times": 100}, **sampler)
    assert_spend(stack, "both-sampled", run.spend)

    def compare() -> None:
        spans = stack.jaeger.spans("both-sampled")
        assert 0 < len(spans) < 40
        assert_true(spans, run.scenarios)

    eventually(compare)


def test_a_collector_that_is_killed_loses_no_spend(stack: Stack) -> None:
    """Killed without a warning in the middle of a run, and started again; counters are cumulative."""
    collector = stack.collector("collector.yaml")
    app = stack.start_plan("killed", collector, {"scenario": "openai-costly-stream", "times": 60, "pause": 0.25})

    def begun() -> None:
        assert 0 < stack.prometheus.value('sum(chunkmeter_spend_total{service_name="killed"})') < 60 * 0.08

    eventually(begun, within=60)
    collector.kill()
    time.sleep(2)
    collector.start()
    assert app.running, "it ended before the Collector was back, so this run says nothing"
    run = app.wait()
    assert run.calls == 60
    assert_spend(stack, "killed", run.spend)


def test_a_window_that_begins_in_mid_run(stack: Stack, minimal: Collector) -> None:
    """An older process: exact where sums can be, else within the bound that collector-config/README.md states."""
    stack.plan("steady", minimal, {"scenario": "openai-costly-stream", "times": 60, "pause": 0.25})
    stack.settle()
    window = 8

    def compare() -> None:
        (kept,) = stack.prometheus.get("query", query='chunkmeter_spend_total{service_name="steady"}[5m]')["result"]
        samples = [(float(at), float(value)) for at, value in kept["values"]]
        end, _ = samples[-3]
        before = [value for at, value in samples if at <= end - window][-1]
        inside = [value for at, value in samples if end - window < at <= end]
        truth = inside[-1] - before
        assert before > 0
        assert len(inside) > window / 2
        # Read off the samples: what the first export in the window brings, and what one brings on an average.
        first, average = inside[0] - before, (inside[-1] - inside[0]) / (len(inside) - 1)
        for way in WAYS:
            ((_, shown),) = way.of(stack).query(spend("steady", way, f"{window}s"), end).items()
            if way == EXACT or way.name == "VictoriaMetrics":
                assert shown == pytest.approx(truth, rel=0, abs=TOLERANCE), way.name
            else:
                assert truth - first <= shown <= truth + 2.2 * average, way.name

    eventually(compare)


def test_short_lived_jobs_add_up(stack: Stack) -> None:
    """Six processes that live for one export: one series, not six that `increase()` never sees grow."""
    collector = stack.collector("collector.jobs.yaml")
    delta = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    runs = [
        stack.plan("nightly-job", collector, {"scenario": "openai-costly-stream", "times": number}, **delta)
        for number in range(1, 7)
    ]
    assert sum(run.calls for run in runs) == 21
    assert_spend(stack, "nightly-job", sum(run.spend for run in runs))
    assert stack.prometheus.value('count(chunkmeter_spend_total{service_name="nightly-job"})') == 1


def test_a_fleet_adds_up_and_keeps_traces_whole(stack: Stack) -> None:
    """One agent, two gateways, a Jaeger behind each: every trace is in one of them with all its spans."""
    jaegers = [stack.jaeger, stack.another_jaeger()]
    gateways = [stack.collector("collector.yaml", jaeger=jaeger) for jaeger in jaegers]
    addresses = json.dumps([gateway.address for gateway in gateways])
    agent = stack.collector("collector.agent.yaml", CHUNKMETER_GATEWAYS=addresses)
    run = stack.plan("fleet", agent, {"scenario": "openai-costly-stream", "times": 40})
    assert_spend(stack, "fleet", run.spend)

    def compare() -> None:
        traces = [{trace["traceID"]: trace["spans"] for trace in jaeger.traces("fleet")} for jaeger in jaegers]
        assert all(traces), "one gateway got nothing"
        assert not traces[0].keys() & traces[1].keys(), "a trace is on both gateways"
        both = {**traces[0], **traces[1]}
        assert len(both) == run.calls
        for spans in both.values():
            assert sorted(span["operationName"] for span in spans) == ["POST", "chat gpt-4o"]

    eventually(compare)
