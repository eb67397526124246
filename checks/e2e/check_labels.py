"""Series are bounded: made-up values move nobody's figures, and histograms can be left out."""

from __future__ import annotations

import pytest

from checks.e2e.programs import Collector, eventually
from checks.e2e.stack import TOLERANCE, Stack

# gpt-4o-mini, 1000 tokens each way: 1000 x 0.15 / 1e6 + 1000 x 0.60 / 1e6
ONE = 0.00075
FORGED = 10_000


def test_forged_baggage_changes_no_known_tenant(stack: Stack, minimal: Collector) -> None:
    """10,000 made-up tenants between the calls of a known one."""
    allowed = {"CHUNKMETER_METRIC_LABELS": "baggage:tenant", "OTEL_TRACES_SAMPLER": "always_off"}
    plan = {"forged": FORGED, "model": "gpt-4o-mini", "times": 5}
    stack.plan("forged", minimal, plan, **allowed)
    stack.settle()

    def compare() -> None:
        prometheus = stack.prometheus
        for form in ("chunkmeter_spend_total{{{}}}", "increase(chunkmeter_spend_total{{{}}}[15m] anchored)"):
            spend = {key: form.format(f'service_name="forged",{key}') for key in ('tenant="acme"', 'tenant="_OTHER"')}
            assert prometheus.value(spend['tenant="acme"']) == pytest.approx(2 * 5 * ONE, rel=0, abs=TOLERANCE)
            rest = (FORGED - 200) * ONE
            assert prometheus.value(spend['tenant="_OTHER"']) == pytest.approx(rest, rel=0, abs=1e-6)
        # acme, 200 forged ones, and _OTHER.
        assert prometheus.value('count(chunkmeter_spend_total{service_name="forged"})') == 202
        assert prometheus.value('count(chunkmeter_calls_total{service_name="forged"})') == 202
        assert prometheus.query('{service_name="forged", otel_metric_overflow="true"}') == {}

    eventually(compare)


def test_series_a_model_and_process(stack: Stack, minimal: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """How many there are, with all histograms and with none."""
    call = {"scenario": "openai-plain-stream"}
    stack.plan("all-histograms", minimal, call)
    stack.plan("no-histograms", minimal, call, CHUNKMETER_HISTOGRAMS="none")

    def count(service: str, metric: str = ".+") -> float:
        # Per model: the process's own gauges and what Prometheus makes of a resource are not.
        return stack.prometheus.value(
            f'count({{service_name="{service}", gen_ai_request_model!="", __name__=~"{metric}"}})'
        )

    def compare() -> None:
        everything, bare = count("all-histograms"), count("no-histograms")
        assert bare == 2  # chunkmeter_spend_total, chunkmeter_calls_total
        assert count("all-histograms", "gen_ai_.+_bucket") > 10 * bare
        with capsys.disabled():
            print(f"\nseries a model and process: {everything:.0f}; CHUNKMETER_HISTOGRAMS=none: {bare:.0f}")

    eventually(compare)
