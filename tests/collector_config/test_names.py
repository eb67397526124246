"""No dashboard, rule or collector file speaks of a name that chunkmeter does not emit."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest

from chunkmeter import semconv
from chunkmeter.semconv import CHANGES
from support import ROOT
from support.names import ATTRIBUTES, GAUGES, LABELS, LATEST_SERIES, METRICS, RELEASED_SERIES, SERIES, series, used
from support.trees import load, values_of

CONFIG = ROOT / "collector-config"
RULES = sorted((CONFIG / "prometheus").rglob("*.rules.yaml"))
DASHBOARDS = sorted((CONFIG / "grafana" / "dashboards").glob("*.json"))
COLLECTORS = sorted(CONFIG.glob("*.yaml"))
RUNBOOKS = sorted((CONFIG / "prometheus" / "runbooks").glob("*.html"))

# Made by no metric of ours: the pending and firing alerts that Prometheus itself keeps, and its own resource series.
OF_PROMETHEUS = {"ALERTS", "target_info", "up"}


# Attributes that other instrumentations put on spans, and that the gateway reads too.
OF_OTHERS = {"gen_ai.system", "gen_ai.response.finish_reason", "gen_ai.completion.0.finish_reason"}


@functools.cache
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
    assert {metric.name for metric in METRICS} >= GAUGES


@pytest.mark.parametrize(("file", "expression"), EXPRESSIONS)
def test_expressions_name_what_is_there(file: str, expression: str) -> None:
    """Metrics, the labels they have, and recording rules that exist."""
    known = SERIES | LATEST_SERIES | recorded() | OF_PROMETHEUS
    for kind, name in used(expression):
        if kind == "pattern":
            assert [one for one in SERIES if re.fullmatch(name, one)], f"{name!r} matches no series"
        elif kind == "metric":
            assert name in known, f"{name} is no series of ours; there are {', '.join(sorted(known))}"
        else:
            assert name in LABELS | {"__name__", "alertname", "alertstate", "severity"}, f"{name} is no label of ours"


def named(expression: str) -> set[str]:
    """The metrics of an expression, those that a pattern matches among them."""
    found: set[str] = set()
    for kind, name in used(expression):
        if kind == "pattern":
            found |= {one for one in SERIES | LATEST_SERIES if re.fullmatch(name, one)}
        elif kind == "metric":
            found.add(name)
    return found


def test_the_readme_says_which_panels_need_released_names() -> None:
    """All that read a metric which has another name under `latest`, and no other; none is left to be found empty."""
    section = (CONFIG / "README.md").read_text().partition("\n## Under other conventions\n")[2].partition("\n## ")[0]
    said = {
        (dashboard, title)
        for dashboard, titles in re.findall(r"^- \*([\w ]+)\*: (.+)$", section, re.MULTILINE)
        for title in titles.split("; ")
    }
    need = {
        (path.stem.replace("-", " "), title.partition(", $")[0])
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for inner in (panel, *panel.get("panels", ()))
        for target in inner.get("targets", ())
        for title in (inner["title"],)
        if named(target["expr"]) & RELEASED_SERIES and not named(target["expr"]) & LATEST_SERIES
    }
    assert said == need


def test_rules_read_the_names_of_either_conventions() -> None:
    """An alert that can't fire under `latest` would say that all is well."""
    read: set[str] = set()
    for path in RULES:
        for names in (named(str(found)) for found in values_of(load(path), "expr")):
            for change in CHANGES:
                if names & series(change.released):
                    read.add(change.released.name)
                    assert [metric.name for metric in change.latest if not names & series(metric)] == []
    assert read == {change.released.name for change in CHANGES}


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
        assert name in SERIES | LATEST_SERIES | LABELS, f"{name} is no series or label of ours"


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.name)
def test_runbooks_say_what_it_is_called_under_latest(path: Path) -> None:
    """A query for a released name, which may find nothing, has the other one beside it."""
    names = set(re.findall(r"\bgen_ai_client_\w+", path.read_text()))
    assert bool(names & RELEASED_SERIES) == bool(names & LATEST_SERIES)


@pytest.mark.parametrize(
    ("metric", "names"),
    [
        (semconv.SPEND, {"chunkmeter_spend_total"}),
        (semconv.STREAMS_OPEN, {"chunkmeter_streams_open"}),
        (semconv.STREAMS_OLDEST_IDLE, {"chunkmeter_streams_oldest_idle_seconds"}),
        (semconv.COST, {f"gen_ai_client_operation_cost_{part}" for part in ("bucket", "sum", "count")}),
        (semconv.DURATION, {f"gen_ai_client_operation_duration_seconds_{part}" for part in ("bucket", "sum", "count")}),
        (semconv.INFERENCE_CACHE_READ, {"gen_ai_client_inference_usage_cache_read_input_tokens_total"}),
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
