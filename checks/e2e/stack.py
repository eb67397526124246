"""Everything that one run needs: backends, providers on 127.0.0.1, and a way to run apps that send to them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

from checks.e2e.programs import (
    CONFIG,
    Alertmanager,
    Answering,
    Collector,
    Jaeger,
    Prometheus,
    VictoriaMetrics,
    Vmalert,
)
from checks.e2e.webhook import Webhook
from replay.demo import APP, app_environment
from replay.scenarios import by_id
from replay.server import Server
from support import ROOT
from support.faults import asked

PLANNED = Path(__file__).with_name("app.py")
FLAG = "promql-extended-range-selectors"
"""What `anchored` needs of Prometheus."""
INTERVAL = 1.0
"""Seconds between an app's metric exports."""
TOLERANCE = 1e-9
"""USD."""


class _Ends(Protocol):
    def stop(self) -> None: ...


_Stoppable = TypeVar("_Stoppable", bound=_Ends)


@dataclass(frozen=True, slots=True)
class Run:
    """What an app's run was, by the wire alone."""

    service: str
    scenarios: Counter[str]
    log: str

    @property
    def spend(self) -> float:
        """USD, from the literals of the scenarios that were answered."""
        return float(sum(by_id[name].truth.cost or 0 for name in self.scenarios.elements()))

    @property
    def calls(self) -> int:
        """The requests that a scenario answered."""
        return self.scenarios.total()


class App:
    """An app that is running."""

    def __init__(self, stack: Stack, service: str, command: list[str], environment: dict[str, str]) -> None:
        self._stack, self._service = stack, service
        self._log = stack.work / f"{service}.log"
        self._first = len(stack.providers.requests)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, if something went wrong before it ended by itself."""
        if self.running:
            self._process.kill()
            self._process.wait()

    def wait(self) -> Run:
        """The run, once it has ended. Only one app may run at a time, or it is not told whose requests were whose."""
        try:
            code = self._process.wait(timeout=240)
        finally:
            self.stop()
        said = self._log.read_text(errors="replace")
        assert code == 0, f"{self._service} ended with {code}:\n{said[-3000:]}"
        asked = self._stack.providers.requests[self._first :]
        return Run(self._service, Counter(request.scenario for request in asked if request.scenario), said)


class Stack:
    """The backends, with the shipped configuration.

    Metrics are in three stores: Prometheus as shipped, a plain one without `FLAG`, and VictoriaMetrics, which the first
    one writes on to. The Collectors send to the first two.
    """

    def __init__(self, work: Path, providers: Server) -> None:
        self.work, self.providers, self.began = work, providers, time.time()
        self._running = ExitStack()
        try:
            self.webhook, self.other_webhook = self._started(Webhook()), self._started(Webhook())
            self.alertmanager = self._started(Alertmanager(work, self.webhook.url))
            self.victoria_metrics = self._started(VictoriaMetrics(work))
            self.prometheus = self._started(
                Prometheus(work, self.alertmanager.url, victoria_metrics=self.victoria_metrics.url)
            )
            self.plain = self._started(Prometheus(work, "", name="plain", without=FLAG))
            others = work / "of-vmalert"
            others.mkdir()
            alertmanager = self._started(Alertmanager(others, self.other_webhook.url))
            self.vmalert = self._started(
                Vmalert(work, self.victoria_metrics.url, alertmanager.url, self.prometheus.url)
            )
            self.jaeger = self._started(Jaeger(work))
        except BaseException:
            self.stop()
            raise

    @property
    def stores(self) -> tuple[Answering, ...]:
        """Where metrics are."""
        return self.prometheus, self.plain, self.victoria_metrics

    def _started(self, what: _Stoppable) -> _Stoppable:
        self._running.callback(what.stop)
        return what

    def collector(self, *files: str, name: str = "", jaeger: Jaeger | None = None, **environment: str) -> Collector:
        """A Collector with a shipped file, or several over each other, that feeds Jaeger and both Prometheus.

        Args:
            files: names of files in `collector-config/`.
            name: the service name of its own metrics; the Collector's own, which all share, if left out.
            jaeger: where its traces go; the stack's own if left out.
            environment: variables of the files.
        """
        addresses = {
            "CHUNKMETER_JAEGER": (jaeger or self.jaeger).otlp,
            "CHUNKMETER_PROMETHEUS": self.prometheus.otlp,
        }
        return self._started(
            Collector(self.work, *files, name=name, over=self._second_store(files[0]), **addresses, **environment)
        )

    def _second_store(self, file: str) -> dict[str, Any]:
        """What makes a Collector send metrics to the plain Prometheus too, if it sends them to one at all."""
        shipped = yaml.safe_load((CONFIG / file).read_text())
        used: list[str] = shipped["service"]["pipelines"]["metrics"]["exporters"]
        if "otlp_http/prometheus" not in used:
            return {}
        plain = {**shipped["exporters"]["otlp_http/prometheus"], "endpoint": self.plain.otlp}
        return {
            "exporters": {"otlp_http/plain": plain},
            "service": {"pipelines": {"metrics": {"exporters": [*used, "otlp_http/plain"]}}},
        }

    def another_jaeger(self) -> Jaeger:
        """A second Jaeger."""
        return self._started(Jaeger(self.work, "another-jaeger"))

    def stop(self) -> None:
        """End all that was started, what sends before what receives."""
        self._running.close()

    # --- apps ---

    def start_app(self, service: str, collector: Collector, app: Path, *arguments: str, **environment: str) -> App:
        """Start an app under `opentelemetry-instrument`, or with the fault planted that is asked for."""
        fault = asked("e2e")
        instrument = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable]
        launcher = [sys.executable, "-m", "support.faults", "e2e"] if fault else instrument
        chosen = {
            **app_environment(self.providers.url, collector.endpoint),
            "PROVIDERS": self.providers.url,
            "PYTHONPATH": str(ROOT) if fault else "",
            "OTEL_SERVICE_NAME": service,
            "OTEL_METRIC_EXPORT_INTERVAL": str(int(INTERVAL * 1000)),
            **environment,
        }
        return self._started(App(self, service, [*launcher, str(app), *arguments], chosen))

    def demo(self, service: str, collector: Collector, **environment: str) -> Run:
        """The demo app's run."""
        return self.start_app(service, collector, APP, **environment).wait()

    def start_plan(self, service: str, collector: Collector, *steps: dict[str, Any], **environment: str) -> App:
        """Start an app that does these steps; see `app.py`."""
        known = [
            {"model": by_id[step["scenario"].partition("~")[0]].model, **step} if "scenario" in step else step
            for step in steps
        ]
        return self.start_app(service, collector, PLANNED, json.dumps(known), **environment)

    def plan(self, service: str, collector: Collector, *steps: dict[str, Any], **environment: str) -> Run:
        """The run of an app that does these steps."""
        return self.start_plan(service, collector, *steps, **environment).wait()

    def settle(self) -> None:
        """Wait until what was sent has arrived, what was sent twice too."""
        time.sleep(4 * INTERVAL)
