"""The shipped dashboards' queries, as Grafana would send them, and the ways in which they are asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from checks.e2e.programs import CONFIG, Answering
from checks.e2e.stack import Stack

FILES = sorted((CONFIG / "grafana" / "dashboards").glob("*.json"))
# What Grafana would put in for its own variables, over the last half hour.
BUILT_IN = {
    "__range": "30m",
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range_s": "1800",
    "__interval_ms": "60000",
}


class Way(NamedTuple):
    """Whom the queries are asked of, and what is chosen for the sums."""

    name: str
    store: str
    chosen: str

    def of(self, stack: Stack) -> Answering:
        """The store."""
        found: Answering = getattr(stack, self.store)
        return found


EXACT = Way("exact", "prometheus", "exact")
WAYS = (
    EXACT,
    Way("estimated", "prometheus", "estimated"),
    Way("without the flag", "plain", "estimated"),
    Way("VictoriaMetrics", "victoria_metrics", "estimated"),
)
"""Wherever a store takes them. The default is `estimated`."""


def choices(variable: dict[str, Any]) -> dict[str, str]:
    """The options of a variable of Grafana's type `custom`: texts and the values that they stand for."""
    pairs = (re.fullmatch(r"\s*(.+)\s:\s(.+)", option) for option in variable["query"].split(","))
    return {pair[1].strip(): pair[2].strip() for pair in pairs if pair}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those in folded rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def targets(service: str) -> list[Any]:
    """Each query about a service: its dashboard's variables, its panel and its expression."""
    found: list[Any] = []
    for path in FILES:
        dashboard = json.loads(path.read_text())
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                if "expr" in target:
                    name = f"{path.stem}: {panel['title']} {target['refId']}"
                    found.append(pytest.param(_values(dashboard, service), panel, target["expr"], id=name))
    return found


def _values(dashboard: dict[str, Any], service: str) -> dict[str, str]:
    """A value for each of the dashboard's variables: this service, dollars, and the default of the rest."""
    values = dict(BUILT_IN)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "datasource":
            default = variable.get("allValue") or variable.get("current", {}).get("value") or ".*"
            values[variable["name"]] = {"service": service, "currency": "USD"}.get(variable["name"], str(default))
        if variable["type"] == "custom":
            values |= {f"{variable['name']}={text}": value for text, value in choices(variable).items()}
    return values


def filled(expression: str, values: dict[str, str], way: Way | None = None) -> str:
    """The expression as Grafana would send it; with its defaults, if no way is named."""
    chosen = {**values, "anchored": values[f"anchored={way.chosen}"]} if way else values
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda found: chosen[found[1]], expression)


def spend(service: str, way: Way, window: str) -> str:
    """What the cost dashboard asks for the spend of a service in a time range."""
    (found,) = (target.values for target in targets(service) if target.values[1]["title"] == "Spend, $currency")
    values, _, expression = found
    return filled(expression, {**values, "__range": window}, way)
