"""Strange answers hurt nobody: after them a good call's spend is exact, and everything has been taken on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from checks.e2e.programs import Collector, eventually
from checks.e2e.stack import TOLERANCE, Run, Stack
from checks.e2e.strange_answers import ANSWERS, read_by

APP = Path(__file__).with_name("strange.py")
SERVICE, COLLECTOR = "strange", "strange-gateway"
DIFFERENT = 2_500
"""Of hosts, failures, spellings and made-up models each: more than the 2,000 series that the SDK keeps a metric."""
GOOD = 0.0001302
"""gpt-4o-mini, by OpenAI's list: 0.15, cached 0.075, output 0.60 USD a million.
(1200 - 1024) x 0.15 + 1024 x 0.075 + 45 x 0.60 = 26.4 + 76.8 + 27.0 = 130.2, a millionth of which is this."""
FAILED = re.compile(r".*(?:export|Traceback|UnicodeEncodeError|Queue full|RESOURCE_EXHAUSTED).*", re.IGNORECASE)
"""What the SDK logs of telemetry that it could not send."""


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    """The app, through a gateway of its own, which is ended then: its last figures about itself come at its end."""
    stack.providers.scripts.update(ANSWERS)
    gateway: Collector = stack.collector("collector.yaml", name=COLLECTOR)
    plan = json.dumps({**read_by, "different": DIFFERENT})
    app = stack.start_app(
        SERVICE, gateway, APP, plan, CHUNKMETER_METRIC_LABELS="tenant", OTEL_BSP_MAX_QUEUE_SIZE="30000"
    )
    run = app.wait()
    stack.settle()
    gateway.stop()
    return run


def test_the_app_could_send_everything(run: Run) -> None:
    """No exporter failed, and none of the SDK's threads died."""
    assert FAILED.findall(run.log) == []


def test_the_good_call_s_spend_is_exact(stack: Stack, run: Run) -> None:
    """And it is all of the spend: no strange answer has a cost that anybody could be charged."""

    def compare() -> None:
        for labels in (f'service_name="{SERVICE}",tenant="good"', f'service_name="{SERVICE}"'):
            for form in ("sum(chunkmeter_spend_total{%s})", "sum(increase(chunkmeter_spend_total{%s}[15m] anchored))"):
                assert stack.prometheus.value(form % labels) == pytest.approx(GOOD, rel=0, abs=TOLERANCE), labels

    eventually(compare)


def test_every_call_is_counted_once(stack: Stack, run: Run) -> None:
    """None is lost, none counted twice, whatever it said; and the good one has its labels."""
    strange = sum(map(len, read_by.values())) + 4 * DIFFERENT  # hosts, failures, spellings, made-up models

    def compare() -> None:
        assert stack.prometheus.value(f'sum(chunkmeter_calls_total{{service_name="{SERVICE}"}})') == strange + 1
        good = (
            f'service_name="{SERVICE}",tenant="good",chunkmeter_cost_status="known",gen_ai_request_model="gpt-4o-mini"'
        )
        assert stack.prometheus.value(f"chunkmeter_calls_total{{{good}}}") == 1

    eventually(compare)


def test_no_label_is_without_bound(stack: Stack, run: Run) -> None:
    """No metric has come to the number of series from which on the SDK throws them together, and no label is long."""

    def compare() -> None:
        assert stack.prometheus.query(f'{{service_name="{SERVICE}",otel_metric_overflow="true"}}') == {}
        series = stack.prometheus.get("series", **{"match[]": f'{{service_name="{SERVICE}"}}'})
        assert series
        assert max(len(value) for one in series for value in one.values()) <= 256

    eventually(compare)


def test_the_collector_has_refused_nothing(stack: Stack, run: Run) -> None:
    """By its own figures: it took spans and points, refused none, and handed all of them on."""

    def count(metric: str) -> float:
        found = stack.prometheus.query(f'{{__name__=~"{metric}",service_name="{COLLECTOR}"}}')
        return sum(found.values())

    def compare() -> None:
        # A span a call in batches of 512, the good one's request besides.
        assert count("otelcol_receiver_accepted_spans.*") > 4 * DIFFERENT
        assert count("otelcol_receiver_accepted_metric_points.*") > 0
        assert count("otelcol_exporter_sent_metric_points.*") > 0
        for what in ("receiver_refused", "receiver_failed", "processor_refused", "exporter_send_failed"):
            assert count(f"otelcol_{what}_.+") == 0, what
        assert count("otelcol_exporter_enqueue_failed_.+") == 0

    eventually(compare)
