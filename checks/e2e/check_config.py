"""Every shipped file is one that the program it is for accepts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from checks.e2e.programs import CONFIG, documented_flags, run
from support.pages import blocks

COLLECTORS = [(path.name,) for path in sorted(CONFIG.glob("collector*.yaml"))]
GUARDED = [
    *((f"collector{kind}.yaml", "secure.yaml") for kind in ("", ".agent", ".jobs")),
    ("collector.agent.yaml", "secure.agent.yaml"),
    ("collector.agent.yaml", "dns.agent.yaml"),
    ("collector.agent.yaml", "dns.agent.yaml", "secure.agent.yaml"),
]
RULES = sorted(path for path in (CONFIG / "prometheus" / "rules").glob("*.yaml"))
RULE_TESTS = sorted(path for path in (CONFIG / "prometheus" / "tests").glob("*.test.yaml"))


@pytest.mark.parametrize("files", [*COLLECTORS, *GUARDED], ids=" ".join)
def test_the_collector_accepts(files: tuple[str, ...]) -> None:
    """`otelcol validate`, of a file alone and of what is laid over it."""
    run("otelcol", "validate", *(f"--config={CONFIG / file}" for file in files))


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
    """`promtool test rules`; that each alert has a case of both kinds, `test_alerts.py` sees to."""
    run("promtool", "test", "rules", file)


def test_vmalert_accepts() -> None:
    """`vmalert -dryRun`: every expression as MetricsQL, and every template."""
    files = [f"-rule={file}" for file in RULES]
    run("vmalert", "-dryRun", *documented_flags("vmalert"), *files)


def test_alertmanager_accepts() -> None:
    """`amtool check-config`."""
    run("amtool", "check-config", CONFIG / "alertmanager" / "alertmanager.yaml")


def receivers() -> str:
    """The receivers that docs/security.md has for chat, a pager and mail."""
    return next(block.code for block in blocks("docs/security.md") if "slack" in block.code)


def test_alertmanager_accepts_the_receivers_of_the_docs(work: Path) -> None:
    """`amtool check-config`, with the shipped templates."""
    file = work / "alertmanager.yaml"
    templates = f"templates: ['{CONFIG}/alertmanager/*.tmpl']\nroute: {{receiver: page}}\n"
    file.write_text(templates + receivers())
    run("amtool", "check-config", file)


def test_a_sender_can_t_write_markup_into_an_alert(work: Path) -> None:
    """`amtool template render`: neither a mention nor a link nor a tag nor a line of its own."""
    hostile = (
        "t <!channel> <https://evil.example|fine> http://evil.example WWW.evil.example @here <@U1> [a](https://b.c)"
    )
    hostile += "\nFIRING: another \u202eeno <script>alert(1)</script>\x1b[31m\x00" + "x" * 100_000
    annotations = {
        "summary": hostile,
        "description": hostile,
        "runbook_url": "http://prometheus.example/consoles/A.html",
    }
    data = {"status": "firing", "commonLabels": {"alertname": hostile}, "alerts": [{"annotations": annotations}]}
    (work / "data.json").write_text(json.dumps(data))
    text = ""
    for name in ("title", "text"):
        options = [f"--template.glob={CONFIG / 'alertmanager' / '*.tmpl'}", f"--template.data={work / 'data.json'}"]
        text += run(
            "amtool", "template", "render", *options, f'--template.text={{{{ template "chunkmeter.{name}" . }}}}'
        )
    links = re.findall(r"\w+://\S+", text)
    assert links == ["http://prometheus.example/consoles/A.html"]
    assert not re.search(r"[<>@\x00\x1b\u202e]|www\.", text, re.IGNORECASE)
    assert "FIRING: another" not in [line[:15] for line in text.splitlines()]
    assert len(text) < 4 * 520


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_alerts_are_routed(severity: str) -> None:
    """`amtool config routes test`."""
    file = CONFIG / "alertmanager" / "alertmanager.yaml"
    found = run("amtool", "config", "routes", "test", f"--config.file={file}", f"severity={severity}")
    assert found.strip() == severity
