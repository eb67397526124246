"""No dashboard, rule or collector file speaks of a name that chunkmeter does not emit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chunkmeter import semconv
from tests.names import ATTRIBUTES, COUNTERS, LABELS, METRICS, SERIES, series, used
from tests.trees import load, values_of

CONFIG = Path(__file__).resolve().parent.parent / "collector-config"
RULES = sorted((CONFIG / "prometheus").rglob("*.rules.yaml"))
DASHBOARDS = sorted((CONFIG / "grafana" / "dashboards").glob("*.json"))
COLLECTORS = sorted(CONFIG.glob("*.yaml"))
RUNBOOKS = sorted((CONFIG / "prometheus" / "runbooks").glob("*.html"))

# Made by no metric of ours: the pending and firing alerts that Prometheus itself keeps, and its own resource series.
OF_PROMETHEUS = {"ALERTS", "target_info", "up"}


# Attributes that other instrumentations put on spans, and that the gateway reads too.
OF_OTHERS = {"gen_ai.system", "gen_ai.response.finish_reason", "gen_ai.completion.0.finish_reason"}


def recorded() -> set[str]:
    """The names of recording rules, those of the budgets that a user is to set among them."""
    names = {name for path in RULES for name in values_of(load(path), "record")}
    commented = re.findall(r"record: (\S+)", "".join(path.read_text() for path in RULES))
    return names | set(commented)


EXPRESSIONS = [
    *((path.name, str(found)) for path in RULES for found in values_of(load(path), "expr")),
    *((path.name, str(found)) for path in DASHBOARDS for found in values_of(json.loads(path.read_text()), "expr")),
]


def test_there_is_something_to_check() -> None:
    """Rules and dashboards were found."""
    assert {name for name, _ in EXPRESSIONS} >= {"chunkmeter.rules.yaml", "cost.json", "streams.json", "on-call.json"}
    assert len(METRICS) == 10
    assert {metric.name for metric in METRICS} >= COUNTERS


@pytest.mark.parametrize(("file", "expression"), EXPRESSIONS)
def test_expressions_name_what_is_there(file: str, expression: str) -> None:
    """Metrics, the labels they have, and recording rules that exist."""
    known = SERIES | recorded() | OF_PROMETHEUS
    for kind, name in used(expression):
        if kind == "pattern":
            assert [one for one in SERIES if re.fullmatch(name, one)], f"{name!r} matches no series"
        elif kind == "metric":
            assert name in known, f"{name} is no series of ours; there are {', '.join(sorted(known))}"
        else:
            assert name in LABELS | {"__name__", "alertname", "alertstate", "severity"}, f"{name} is no label of ours"


@pytest.mark.parametrize("path", COLLECTORS, ids=lambda path: path.name)
def test_collector_files_name_attributes_that_are_there(path: Path) -> None:
    """In statements and conditions; what a statement sets itself, others may read."""
    text = path.read_text()
    made = set(re.findall(r"set\(\s*(?:span\.)?attributes\[\"([^\"]+)\"\]", text))
    for name in re.findall(r"attributes\[\"((?:gen_ai|chunkmeter)\.[^\"]+)\"\]", text):
        assert name in ATTRIBUTES | OF_OTHERS | made, f"{name} is no attribute of ours"


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.name)
def test_runbooks_name_metrics_that_are_there(path: Path) -> None:
    """In the queries they give."""
    for name in re.findall(r"(?<![:\w])(?:chunkmeter|gen_ai)_\w+(?![:\w])", path.read_text()):
        assert name in SERIES | LABELS, f"{name} is no series or label of ours"


@pytest.mark.parametrize(
    ("metric", "names"),
    [
        (semconv.SPEND, {"chunkmeter_spend_total"}),
        (semconv.STREAMS_OPEN, {"chunkmeter_streams_open"}),
        (semconv.STREAMS_OLDEST_IDLE, {"chunkmeter_streams_oldest_idle_seconds"}),
        (semconv.COST, {f"gen_ai_client_operation_cost_{part}" for part in ("bucket", "sum", "count")}),
        (semconv.DURATION, {f"gen_ai_client_operation_duration_seconds_{part}" for part in ("bucket", "sum", "count")}),
    ],
    ids=lambda value: value.name if isinstance(value, semconv.Metric) else "",
)
def test_series_are_named_as_prometheus_names_them(metric: semconv.Metric, names: set[str]) -> None:
    """As literals; the end-to-end tests compare the whole table with a real Prometheus."""
    assert series(metric) == names


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", {"up"}),
        ('sum by (a, b) (rate(x_total{c="d", e=~"f|g"}[$__rate_interval])) > 5', {"a", "b", "x_total", "c", "e"}),
        ("m1 / on (a) group_left (b) m2 offset 1w", {"m1", "a", "b", "m2"}),
        ('count by (__name__) ({__name__=~"chunkmeter_.+"})', {"__name__", "chunkmeter_.+"}),
        ("histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))", {"le", "h_bucket"}),
        ('topk($top, x{a="$b"}) unless on() y:z:w', {"x", "a", "y:z:w"}),
        ("vector(1) == bool 0 and x[1h:5m]", {"x"}),
    ],
)
def test_the_reader_of_expressions(expression: str, names: set[str]) -> None:
    """It finds all that an expression names, and nothing else."""
    assert {name for _, name in used(expression)} == names
