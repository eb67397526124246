"""Every panel of every dashboard, asked of a real Prometheus that has the demo app's telemetry."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from checks.e2e.programs import CONFIG, Collector, eventually
from checks.e2e.stack import TOLERANCE, Run, Stack

DASHBOARDS = sorted((CONFIG / "grafana" / "dashboards").glob("*.json"))
SERVICE = "dashboards"
RANGE = "30m"
# What Grafana would put in for its own variables, over the last half hour.
BUILT_IN = {
    "__range": RANGE,
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range_s": "1800",
    "__interval_ms": "60000",
}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those in folded rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def targets() -> list[Any]:
    """Each query: its dashboard's variables, its panel and its expression."""
    found: list[Any] = []
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                if "expr" in target:
                    name = f"{path.stem}: {panel['title']} {target['refId']}"
                    found.append(pytest.param(chosen(dashboard), panel, target["expr"], id=name))
    return found


def chosen(dashboard: dict[str, Any]) -> dict[str, str]:
    """A value for each of the dashboard's variables: this service, dollars, and all of the rest."""
    values = dict(BUILT_IN)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "datasource":
            default = variable.get("allValue") or variable.get("current", {}).get("value") or ".*"
            values[variable["name"]] = {"service": SERVICE, "currency": "USD"}.get(variable["name"], str(default))
    return values


def filled(expression: str, values: dict[str, str]) -> str:
    """The expression as Grafana would send it."""
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda found: values[found[1]], expression)


@pytest.fixture(scope="module")
def run(stack: Stack, gateway: Collector) -> Run:
    """The demo app, through the gateway."""
    run = stack.demo(SERVICE, gateway)
    stack.settle()
    return run


@pytest.mark.parametrize(("values", "panel", "expression"), targets())
def test_a_panel_has_data(
    stack: Stack, run: Run, values: dict[str, str], panel: dict[str, Any], expression: str
) -> None:
    """And no panel makes a zero out of nothing."""
    assert "vector(0)" not in expression
    query = filled(expression, values)

    def data() -> None:
        found = stack.prometheus.query(query)
        assert found, f"nothing for {query}"
        assert all(value == value for value in found.values()), f"NaN for {query}"

    eventually(data, within=20)


# Sums of spend over a range that all of the run is in. The hour before has none of it, and the top five are not all.
SPEND = [
    target
    for target in targets()
    if re.search(r"increase\(chunkmeter_spend_total.*\[(\$__range|1h)\]", target.values[2])
    and not re.search(r"\[2h\]|topk", target.values[2])
]
# Money by the hour, by one label or another: each adds up to the same.
RATES = [target.values for target in targets() if "3600 * sum by" in target.values[2]]


def test_there_are_spend_panels() -> None:
    """The two selections have not gone empty."""
    assert (len(SPEND), len(RATES)) == (5, 4)


@pytest.mark.parametrize(("values", "panel", "expression"), SPEND)
def test_a_spend_panel_has_the_truth(
    stack: Stack, run: Run, values: dict[str, str], panel: dict[str, Any], expression: str
) -> None:
    """What it shows adds up to what the wire says, in dollars."""
    found = stack.prometheus.query(filled(expression, values))
    assert sum(found.values()) == pytest.approx(run.spend, rel=0, abs=TOLERANCE), found


def test_rates_of_spend_agree(stack: Stack, run: Run) -> None:
    """An hour's worth of what `rate()` makes of the last minutes, by model, by tenant and by service."""
    at = time.time()
    rate = f'rate(chunkmeter_spend_total{{service_name="{SERVICE}"}}[{BUILT_IN["__rate_interval"]}])'
    expected = 3600 * sum(stack.prometheus.query(rate, at).values())
    assert expected > run.spend
    for values, panel, expression in RATES:
        found = stack.prometheus.query(filled(expression, values), at)
        assert sum(found.values()) == pytest.approx(expected, rel=1e-9), panel["title"]
