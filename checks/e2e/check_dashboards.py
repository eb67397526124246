"""Every panel of every dashboard, asked of real stores that have the demo app's telemetry."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from checks.e2e.dashboards import BUILT_IN, WAYS, Way, filled, targets
from checks.e2e.programs import HTTP, Collector, eventually
from checks.e2e.stack import TOLERANCE, Run, Stack

SERVICE = "dashboards"

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


@pytest.fixture(scope="module")
def run(stack: Stack, gateway: Collector) -> Run:
    """The demo app, through the gateway."""
    run = stack.demo(SERVICE, gateway)
    stack.settle()
    return run


def test_estimates_are_what_is_asked_for_by_default() -> None:
    """What every store takes."""
    for target in targets(SERVICE):
        values, _, expression = target.values
        assert filled(expression, values) == filled(expression, values, WAYS[1])


def test_without_the_flag_exact_sums_are_refused(stack: Stack) -> None:
    """Else the plain Prometheus would prove nothing."""
    query = {"query": "increase(chunkmeter_spend_total[5m] anchored)"}
    assert HTTP.get(f"{stack.prometheus.url}/api/v1/query", params=query).status_code == 200
    assert HTTP.get(f"{stack.plain.url}/api/v1/query", params=query).status_code == 400


@each_way
@pytest.mark.parametrize(("values", "panel", "expression"), targets(SERVICE))
def test_a_panel_has_data(
    stack: Stack, run: Run, values: dict[str, str], panel: dict[str, Any], expression: str, way: Way
) -> None:
    """And no panel makes a zero out of nothing."""
    assert "vector(0)" not in expression
    query = filled(expression, values, way)

    def data() -> None:
        found = way.of(stack).query(query)
        assert found, f"nothing for {query}"
        assert all(value == value for value in found.values()), f"NaN for {query}"

    eventually(data, within=20)


# Sums of spend over a range that all of the run is in. The hour before has none of it, and the top five are not all.
SPEND = [
    target
    for target in targets(SERVICE)
    if re.search(r"increase\(chunkmeter_spend_total.*\[(\$__range|1h)\]", target.values[2])
    and not re.search(r"\[2h\]|topk|1000 \*|86400 /", target.values[2])
]
# Money by the hour, by one label or another: each adds up to the same.
RATES = [target.values for target in targets(SERVICE) if "3600 * sum by" in target.values[2]]


def test_there_are_spend_panels() -> None:
    """The two selections have not gone empty."""
    assert (len(SPEND), len(RATES)) == (5, 4)


@each_way
@pytest.mark.parametrize(("values", "panel", "expression"), SPEND)
def test_a_spend_panel_has_the_truth(
    stack: Stack, run: Run, values: dict[str, str], panel: dict[str, Any], expression: str, way: Way
) -> None:
    """What it shows adds up to what the wire says, in dollars."""

    def compare() -> None:
        found = way.of(stack).query(filled(expression, values, way))
        assert sum(found.values()) == pytest.approx(run.spend, rel=0, abs=TOLERANCE), found

    eventually(compare)


def test_rates_of_spend_agree(stack: Stack, run: Run) -> None:
    """An hour's worth of what `rate()` makes of the last minutes, by model, by tenant and by service."""
    at = time.time()
    rate = f'rate(chunkmeter_spend_total{{service_name="{SERVICE}"}}[{BUILT_IN["__rate_interval"]}])'
    expected = 3600 * sum(stack.prometheus.query(rate, at).values())
    assert expected > run.spend
    for values, panel, expression in RATES:
        found = stack.prometheus.query(filled(expression, values), at)
        assert sum(found.values()) == pytest.approx(expected, rel=1e-9), panel["title"]
