"""Runs the demo's apps, and has their spans sent to a UI."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from checks.e2e.programs import eventually
from checks.uis.compare import calls_of
from checks.uis.servers import Seen, Ui
from replay import server
from replay.demo import TIMEOUT, app_environment, service_of
from replay.scenarios import Scenario, by_id
from support import ROOT
from support.faults import asked

__all__ = ["sent"]


def sent(ui: Ui, apps: Sequence[Path], log: Path) -> tuple[list[Scenario], list[Seen]]:
    """The calls that the apps made, and the spans that the UI has then.

    Args:
        ui: where the spans go, by OTLP/HTTP.
        apps: programs, run one after the other under `opentelemetry-instrument`, or with the fault that is asked for.
        log: file for what they print.
    """
    fault = asked("uis")
    instrument = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable]
    launcher = [sys.executable, "-m", "support.faults", "uis"] if fault else instrument
    with server.start() as providers:
        environment = {
            **app_environment(providers.url, ui.url),
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": ui.headers,
            "OTEL_METRICS_EXPORTER": "none",
            "PYTHONPATH": str(ROOT) if fault else "",
        }
        for app in apps:
            named = {**environment, "OTEL_SERVICE_NAME": service_of(app)}
            with log.open("ab") as output:
                done = subprocess.run(
                    [*launcher, str(app)], env=named, stdout=output, stderr=output, timeout=TIMEOUT, check=False
                )
            said = log.read_text(errors="replace")
            if done.returncode or "Failed to export" in said:
                raise RuntimeError(f"{app.name} ended with {done.returncode}:\n{said[-3000:]}")
        made = [by_id[request.scenario] for request in providers.requests if request.scenario]

    def arrived() -> list[Seen]:
        spans = list(ui.spans())
        assert len(calls_of(spans)) >= len(made), f"{ui.name} has {len(calls_of(spans))} of {len(made)} calls"
        return spans

    return made, eventually(arrived, within=60)
