"""The backends by hand: from nothing to a fired alert, by the commands that a person has, without Docker."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from checks.e2e.programs import HTTP, eventually
from checks.e2e.stack import PLANNED, TOLERANCE
from checks.e2e.webhook import Webhook
from replay.demo import app_environment
from replay.scenarios import by_id
from replay.server import Server
from support import ROOT

RUINOUS = "openai-ruinous-stream"
SPENT = 3 * 9.45
"""USD: 118,000 tokens in at 75 and 4,000 out at 150 a million, three times."""


def by_hand(way: str, folder: Path, *options: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "checks.e2e.by_hand", way, f"--folder={folder}", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_nothing_to_a_fired_alert(tmp_path: Path, server: Server) -> None:
    folder, webhook = tmp_path / "by-hand", Webhook()
    try:
        said = by_hand("up", folder, f"--webhook={webhook.url}")
        exported = dict(word.split("=", 1) for word in shlex.split(said.splitlines()[0]) if "=" in word)
        assert set(exported) == {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRIC_EXPORT_INTERVAL"}
        prometheus = re.findall(r"^Prometheus +(\S+)$", said, re.MULTILINE)[0]
        assert by_hand("up", folder, f"--webhook={webhook.url}") == said, "it has started them once more"

        plan = json.dumps([{"scenario": RUINOUS, "model": by_id[RUINOUS].model, "times": 3}])
        usual = app_environment(server.url, exported["OTEL_EXPORTER_OTLP_ENDPOINT"])
        environment = {**usual, **exported, "PROVIDERS": server.url, "OTEL_SERVICE_NAME": "by-hand"}
        instrument = Path(sys.executable).with_name("opentelemetry-instrument")
        subprocess.run(
            [str(instrument), sys.executable, str(PLANNED), plan],
            env=environment,
            timeout=240,
            check=True,
        )

        def spent() -> None:
            told = HTTP.get(f"{prometheus}/api/v1/query", params={"query": "sum(chunkmeter_spend_total)"}).json()
            (row,) = told["data"]["result"]
            assert abs(float(row["value"][1]) - SPENT) < TOLERANCE, row

        def fired() -> None:
            assert webhook.firing(alertname="ChunkmeterHourlyCeiling", service_name="by-hand")

        eventually(spent)
        eventually(fired, within=120)
    finally:
        webhook.stop()
        ids = [each["id"] for each in json.loads((folder / "running.json").read_text())["processes"]]
        ended = by_hand("down", folder)
    assert ended == "ended: otelcol, jaeger, prometheus, alertmanager\n"
    assert [each for each in ids if runs(each)] == []
    assert by_hand("down", folder) == "ended: nothing, for none of them was running\n"


def runs(number: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    told = subprocess.run(("ps", "-o", "stat=", "-p", str(number)), capture_output=True, text=True, check=False)
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")
