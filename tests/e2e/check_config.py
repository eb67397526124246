"""Every shipped file is one that the program it is for accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.programs import CONFIG, run

COLLECTORS = sorted(path.name for path in CONFIG.glob("collector*.yaml"))
RULES = sorted(path for path in (CONFIG / "prometheus" / "rules").glob("*.yaml"))
RULE_TESTS = sorted(path for path in (CONFIG / "prometheus" / "tests").glob("*.test.yaml"))


@pytest.mark.parametrize("file", COLLECTORS)
def test_the_collector_accepts(file: str) -> None:
    """`otelcol validate`."""
    run("otelcol", "validate", f"--config={CONFIG / file}")


def test_jaeger_accepts() -> None:
    """`jaeger validate`."""
    run("jaeger", "validate", f"--config={CONFIG / 'jaeger.yaml'}")


def test_prometheus_accepts() -> None:
    """`promtool check config`, which looks for the rule files too."""
    run("promtool", "check", "config", CONFIG / "prometheus" / "prometheus.yaml")


@pytest.mark.parametrize("file", RULES, ids=lambda path: path.name)
def test_rules_are_sound(file: Path) -> None:
    """`promtool check rules`, every lint."""
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", file)


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda path: path.name)
def test_rules_fire_and_keep_silent(file: Path) -> None:
    """`promtool test rules`; that each alert has a case of both kinds, tests/test_alerts.py sees to."""
    run("promtool", "test", "rules", file)


def test_alertmanager_accepts() -> None:
    """`amtool check-config`."""
    run("amtool", "check-config", CONFIG / "alertmanager" / "alertmanager.yaml")


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_alerts_are_routed(severity: str) -> None:
    """`amtool config routes test`."""
    file = CONFIG / "alertmanager" / "alertmanager.yaml"
    found = run("amtool", "config", "routes", "test", f"--config.file={file}", f"severity={severity}")
    assert found.strip() == severity
