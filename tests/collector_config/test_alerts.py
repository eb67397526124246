"""Every alert is whole: labels, texts, a runbook, a case in which it fires and one in which it keeps silent.

That they do so, `promtool` shows where there is one; see `tests/e2e/check_config.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import ROOT
from support.trees import load

CONFIG = ROOT / "collector-config"
PROMETHEUS = CONFIG / "prometheus"
BUDGETS = PROMETHEUS / "rules" / "budgets.rules.yaml"
RUNBOOKS = PROMETHEUS / "runbooks"
TESTS = sorted((PROMETHEUS / "tests").glob("*.test.yaml"))

SERVICE, TENANT, CURRENCY = "service_name", "tenant", "gen_ai_usage_cost_currency"
SPEND = {
    "ChunkmeterBudgetBurnFast",
    "ChunkmeterBudgetBurnSlow",
    "ChunkmeterHourlyCeiling",
    "ChunkmeterSpendWithoutBudget",
    "ChunkmeterWeekOverWeek",
}
"""Alerts about money: by currency, with the amount and the model that most of it goes to."""
WAKING = {"ChunkmeterBudgetBurnFast", "ChunkmeterHourlyCeiling"}
"""Those that wake somebody up: money that is running away, nothing else."""
SECTIONS = ["Check first", "Do", "Silence or tune"]


def rules_of(path: Path) -> list[dict[str, Any]]:
    """The rules of a file, in its order."""
    return [rule for group in load(path)["groups"] for rule in group["rules"]]


RULES = [rule for path in sorted((PROMETHEUS / "rules").glob("*.rules.yaml")) for rule in rules_of(path)]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
CASES = [
    (path, test, case) for path in TESTS for test in load(path)["tests"] for case in test.get("alert_rule_test", [])
]
each_alert = pytest.mark.parametrize("name", sorted(ALERTS))
each_page = pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.html")), ids=lambda path: path.stem)
each_test_file = pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)


def expected(name: str) -> Iterator[dict[str, Any]]:
    """Every alert of this name that a case expects to fire."""
    for _, _, case in CASES:
        if case["alertname"] == name:
            yield from case["exp_alerts"]


def seconds(duration: str) -> int:
    """A duration of one unit, as the rules write them."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


def example_rules() -> list[dict[str, Any]]:
    """The budgets that stand in the file as a comment."""
    lines = BUDGETS.read_text().partition("make these yours:\n")[2].splitlines()
    return yaml.safe_load("\n".join(line.strip().removeprefix("#") for line in lines))


# --- rules ---


def test_the_alerts_are_these() -> None:
    """By name, each once."""
    assert len(ALERTS) == sum("alert" in rule for rule in RULES)
    assert set(ALERTS) == SPEND | {
        "ChunkmeterCardinalityOverflow",
        "ChunkmeterCostIncomplete",
        "ChunkmeterErrorShare",
        "ChunkmeterInternalErrors",
        "ChunkmeterInterruptedShare",
        "ChunkmeterPriceTableOld",
        "ChunkmeterPriceUnknown",
        "ChunkmeterSlowFirstChunk",
        "ChunkmeterStreamsIdle",
        "ChunkmeterStreamsOpen",
        "ChunkmeterTelemetryAbsent",
        "ChunkmeterTruncated",
        "ChunkmeterUsageMissing",
    }


@each_alert
def test_an_alert_says_what_it_is(name: str) -> None:
    """How urgent, one line, the whole, and where to read on; Prometheus itself serves the page."""
    alert = ALERTS[name]
    assert alert["labels"] == {"severity": "page" if name in WAKING else "ticket"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "$labels.service_name" in alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == f"{{{{ $externalURL }}}}/consoles/{name}.html"


@each_alert
def test_templates_are_closed(name: str) -> None:
    """Every `{{` has its `}}`, every `with` and `if` its `end`."""
    for text in ALERTS[name]["annotations"].values():
        actions = re.findall(r"\{\{-?\s*(\w*)", text)
        assert text.count("{{") == text.count("}}") == len(actions)
        assert actions.count("end") == actions.count("with") + actions.count("if") + actions.count("range")


@pytest.mark.parametrize("name", sorted(SPEND))
def test_alerts_on_spend_name_the_amount_and_the_model(name: str) -> None:
    """The amount with its currency; the model by a query, narrowed to what the alert is about."""
    text = ALERTS[name]["annotations"]["description"]
    assert '{{ printf "%.2f" $value }} {{ $labels.gen_ai_usage_cost_currency }}' in text
    assert "topk(1, sum by (gen_ai_request_model) (" in text
    assert f"{SERVICE}=%q" in text
    assert f"{CURRENCY}=%q" in text
    assert ("tenant=%q" in text) is (name != "ChunkmeterSpendWithoutBudget")


@pytest.mark.parametrize("name", sorted(WAKING))
def test_pages_come_within_minutes(name: str) -> None:
    """Nobody waits long for them."""
    assert seconds(ALERTS[name]["for"]) <= 60
    (group,) = [
        group
        for group in load(PROMETHEUS / "rules" / "chunkmeter.rules.yaml")["groups"]
        if ALERTS[name] in group["rules"]
    ]
    assert "interval" not in group, "pages are evaluated as often as prometheus.yaml says"


def test_no_expression_makes_up_a_value() -> None:
    """A zero where there is no series would have alerts about nobody, and hide that telemetry is gone."""
    for rule in RULES:
        assert "vector(" not in rule["expr"], rule


def test_spend_is_never_added_up_over_currencies() -> None:
    """Each sum of spend keeps the currency, and money is compared with money of the same one."""
    for rule in RULES:
        expression = rule["expr"]
        if "chunkmeter_spend_total" in expression and "otel_metric_overflow" not in expression:
            assert expression.startswith(f"sum by ({SERVICE}, {TENANT}, {CURRENCY}) ("), expression
        for grouping in re.findall(r"(?:by|on) \(([^)]*)\)", expression):
            assert "chunkmeter_spend" not in expression or CURRENCY in grouping, expression
        assert set(re.findall(r"without \(([^)]*)\)", expression)) <= {TENANT}, expression


def test_what_is_counted_is_counted_in_one_way() -> None:
    """Never by the bare `increase()`, whose guess for a young process can be half as much again."""
    sums = [rule["expr"] for rule in RULES if re.search(r"chunkmeter_(spend|calls)_total\[", rule["expr"])]
    exact = re.compile(
        r"sum by \([\w, ]+\) \( "
        r"\(last_over_time\((?P<counter>\w+\[\w+\])\) and resets\((?P=counter)\) == 0\) "
        r"< increase\((?P=counter)\) or increase\((?P=counter)\) \)"
    )
    assert sum(exact.fullmatch(" ".join(expression.split())) is not None for expression in sums) == len(sums) == 5


@pytest.mark.parametrize("name", ["ChunkmeterErrorShare", "ChunkmeterInterruptedShare", "ChunkmeterUsageMissing"])
def test_embeddings_are_never_counted_among_answers(name: str) -> None:
    """There may be many times as many of them: they are left out, or judged by themselves."""
    _, *shares = re.split(r"\) >= 20", ALERTS[name]["expr"])
    wholes = re.findall(r"\{([^}]*)\}\s*\) >= 20", ALERTS[name]["expr"])
    assert len(wholes) == len(shares)
    assert [re.findall(r'gen_ai_operation_name(!?=)"embeddings"', whole) for whole in wholes] == (
        [["!="]] if name == "ChunkmeterInterruptedShare" else [["!="], ["="]]
    )


def test_the_default_ceiling_stands_in_one_place() -> None:
    """One number in the rules, which the runbook repeats."""
    (rule,) = [rule for rule in RULES if re.search(r"\b20 \* group by", rule["expr"])]
    assert rule["record"] == "service:chunkmeter_ceiling_in_force:1h"
    assert "the ceiling, 20 of its currency" in " ".join(
        (RUNBOOKS / "ChunkmeterHourlyCeiling.html").read_text().split()
    )


# --- budgets ---


def test_no_budget_is_shipped() -> None:
    """The file is there to be edited, and Prometheus accepts it as it is."""
    assert rules_of(BUDGETS) == []


def test_the_examples_are_budgets_that_alerts_read() -> None:
    """Once their marks are taken away: known names and labels, and a number or the tenants' own labels."""
    names = {rule["record"] for rule in example_rules()}
    assert names == {"service:chunkmeter_budget:30d", "tenant:chunkmeter_budget:30d", "service:chunkmeter_ceiling:1h"}
    for rule in example_rules():
        labels = rule.get("labels", {}).keys()
        if rule["record"].startswith("service:"):
            assert labels == {SERVICE, CURRENCY}
        elif labels:
            assert labels == {SERVICE, TENANT, CURRENCY}
        else:
            assert "tenant:chunkmeter_spend:" in rule["expr"], "the labels come with the expression"


def test_recorded_series_are_all_read_and_all_recorded() -> None:
    """No alert waits for a series that nothing makes; none is made for nothing."""
    recorded = {rule["record"] for rule in [*RULES, *example_rules()] if "record" in rule}
    texts = [rule["expr"] for rule in [*RULES, *example_rules()]]
    texts += [text for alert in ALERTS.values() for text in alert["annotations"].values()]
    pages = [page.read_text() for page in RUNBOOKS.glob("*.html")]
    names = re.compile(r"\b(?:service|tenant):\w+:\w+")
    read = {name for text in texts for name in names.findall(text)}
    assert read == recorded
    assert {name for text in pages for name in names.findall(text)} <= recorded


# --- runbooks ---


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """And the list of pages names each once."""
    assert {page.stem for page in RUNBOOKS.iterdir()} == {*ALERTS, "index"}
    links = re.findall(r'<a href="(\w+)\.html">(\w+)</a>', (RUNBOOKS / "index.html").read_text())
    assert all(target == shown for target, shown in links)
    assert sorted(target for target, _ in links) == sorted(ALERTS)


@each_alert
def test_a_page_is_about_its_alert(name: str) -> None:
    """Its name, how urgent it is, and what to do, in the order of need."""
    text = (RUNBOOKS / f"{name}.html").read_text()
    assert f"<title>{name}</title>" in text
    assert f"<h1>{name}</h1>" in text
    assert f"<p><b>{ALERTS[name]['labels']['severity'].capitalize()}.</b> " in text
    headings: list[str] = re.findall(r"<h2>(.*)</h2>", text)
    assert [heading for heading in headings if heading != "Right now"] == SECTIONS
    assert "`" in text, "no query to begin with"


@each_page
def test_a_page_is_a_template_that_prometheus_can_run(page: Path) -> None:
    """Balanced, one style for all, and it speaks only of alerts that there are."""
    text = page.read_text()
    actions = re.findall(r"\{\{\s*(\S+)", text)
    assert text.count("{{") == text.count("}}") == len(actions)
    assert actions.count("end") == actions.count("with") + actions.count("range")
    assert text.count("`") % 2 == 0
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style in (RUNBOOKS / "index.html").read_text()
    assert set(re.findall(r"\bChunkmeter[A-Z]\w+", text)) <= ALERTS.keys()
    assert "http" not in re.sub(r"http\w+_|HTTP", "", text), "a link that leads away from here will rot"


# --- tests of rules ---


@each_alert
def test_an_alert_is_seen_to_fire_and_to_keep_silent(name: str) -> None:
    """In the cases for promtool."""
    counts = [len(case["exp_alerts"]) for _, _, case in CASES if case["alertname"] == name]
    assert max(counts, default=0) > 0, f"nothing shows that {name} fires"
    assert min(counts, default=1) == 0, f"nothing shows that {name} keeps silent"


@each_alert
def test_a_firing_alert_is_expected_with_all_it_says(name: str) -> None:
    """Labels and texts, so that a template which breaks is noticed."""
    for alert in expected(name):
        labels = alert["exp_labels"].keys()
        assert {"severity", SERVICE} <= labels
        assert alert["exp_labels"]["severity"] == ALERTS[name]["labels"]["severity"]
        assert alert["exp_annotations"].keys() == ALERTS[name]["annotations"].keys()
        assert "error expanding" not in str(alert)
        if TENANT in labels:
            assert f"tenant {alert['exp_labels'][TENANT]}" in alert["exp_annotations"]["description"]


@pytest.mark.parametrize("name", sorted(SPEND - {"ChunkmeterSpendWithoutBudget"}))
def test_alerts_on_spend_are_seen_with_and_without_a_tenant(name: str) -> None:
    """Nobody has to set one."""
    assert {TENANT in alert["exp_labels"] for alert in expected(name)} == {True, False}


@each_test_file
def test_a_file_of_tests_is_about_these_rules(path: Path) -> None:
    """Its rule files exist, and its cases name alerts that exist: promtool finds an unknown one silent."""
    content = load(path)
    files = [file for pattern in content["rule_files"] for file in path.parent.glob(pattern)]
    assert len(files) == 2
    assert PROMETHEUS / "rules" / "chunkmeter.rules.yaml" in [file.resolve() for file in files]
    names = [test["name"] for test in content["tests"]]
    assert len(names) == len(set(names))
    assert {case["alertname"] for test in content["tests"] for case in test["alert_rule_test"]} <= ALERTS.keys()


# --- prometheus.yaml and alertmanager.yaml ---


def test_prometheus_reads_the_rules_and_tells_alertmanager() -> None:
    """All rule files, and those of the tests not; the label that alerts group by is promoted."""
    config = load(PROMETHEUS / "prometheus.yaml")
    files = {file.name for pattern in config["rule_files"] for file in PROMETHEUS.glob(pattern)}
    assert files == {"budgets.rules.yaml", "chunkmeter.rules.yaml"}
    assert seconds(config["global"]["evaluation_interval"]) <= 15
    assert "service.name" in config["otlp"]["promote_resource_attributes"]
    assert "service.instance.id" not in config["otlp"]["promote_resource_attributes"], "it is `instance` already"
    assert config["alerting"]["alertmanagers"]


def test_every_severity_reaches_somebody() -> None:
    """Pages and tickets have a receiver each, whose address is in a file and who hears of the end too."""
    config = load(CONFIG / "alertmanager" / "alertmanager.yaml")
    route = config["route"]
    (page,) = [branch for branch in route["routes"] if branch["matchers"] == ['severity = "page"']]
    assert page["receiver"] == "page"
    assert route["receiver"] == "ticket"
    assert {SERVICE, TENANT, "alertname"} == set(route["group_by"])
    assert {receiver["name"] for receiver in config["receivers"]} == {
        branch["receiver"] for branch in (route, *route["routes"])
    }
    for receiver in config["receivers"]:
        (webhook,) = receiver["webhook_configs"]
        assert webhook == {"url_file": f"/etc/alertmanager/secrets/{receiver['name']}_url", "send_resolved": True}


def test_alertmanager_knows_the_alerts_by_their_names() -> None:
    """In routes and inhibitions; and a page is never kept back."""
    config = load(CONFIG / "alertmanager" / "alertmanager.yaml")
    named = set(re.findall(r"\bChunkmeter\w+", str(config)))
    assert named
    assert named <= ALERTS.keys()
    for rule in config["inhibit_rules"]:
        assert 'severity = "ticket"' in rule["target_matchers"]
        assert not WAKING & set(re.findall(r"\bChunkmeter\w+", str(rule["target_matchers"])))
        assert set(rule["equal"]) == {SERVICE, TENANT, CURRENCY}
