"""Has an app send to an agent, a gateway and Prometheus, and reads from /proc what each of them takes.

In place of a trace store there is a server that takes traces and drops them: what one of those takes is its own affair.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from checks.e2e.programs import HTTP, Collector, Program, Prometheus, eventually
from checks.sizes.series import MODELS, TENANTS, series
from support import ROOT
from support.manifests import build, container

grpc: Any = import_module("grpc")  # it comes without types

__all__ = ["HELD", "Measured", "Taken", "measure"]

HELD = 40
"""Seconds before measuring begins: a gateway holds each trace for 30 s before it lets go of it."""
WINDOW = 30
"""Seconds that are measured."""
NOBODY = "http://127.0.0.1:9"
"""An Alertmanager that is not there: nothing here has to wake anybody."""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """What a program took in the window."""

    cores: float
    rss: int
    """MiB, the most that it had."""


@dataclass(frozen=True)
class Measured:
    """What one rate of calls came to."""

    rate: int
    """Calls a second that were made."""
    programs: dict[str, Taken]
    series: int
    faults: list[str]


def _cpu(number: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _most(number: int) -> int:
    """MiB that a process has had at most."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{number}/status").read_text(), re.MULTILINE)
    assert found is not None
    return round(int(found[1]) / 1024)


def _variables(name: str) -> dict[str, str]:
    """Those of the manifests that bound memory."""
    return {each["name"]: each["value"] for each in container(build(), name)["env"] if each["name"] == "GOMEMLIMIT"}


@contextmanager
def trace_store() -> Iterator[str]:
    """Takes traces over gRPC, and keeps none; where it listens."""
    server = grpc.server(ThreadPoolExecutor(4))
    took = grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": took}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)


@contextmanager
def backends(work: Path) -> Iterator[tuple[dict[str, Program], Prometheus, str]]:
    """Each program by its name, and where the app sends to: as in the manifests, but one gateway and one agent."""
    with ExitStack() as stack:

        def started(program: Program) -> None:
            stack.callback(program.stop)

        started(prometheus := Prometheus(work, NOBODY))
        addresses = {"CHUNKMETER_JAEGER": stack.enter_context(trace_store()), "CHUNKMETER_PROMETHEUS": prometheus.otlp}
        gateway = Collector(
            work, "collector.yaml", over=None, CHUNKMETER_DECISION_WAIT="30s", **addresses, **_variables("gateway")
        )
        started(gateway)
        host, _, port = gateway.address.rpartition(":")
        agent = Collector(
            work,
            "collector.agent.yaml",
            "dns.agent.yaml",
            over=None,
            CHUNKMETER_GATEWAY=host,
            CHUNKMETER_GATEWAY_PORT=port,
            **_variables("agent"),
        )
        started(agent)
        programs: dict[str, Program] = {"agent": agent, "gateway": gateway, "Prometheus": prometheus}
        yield programs, prometheus, agent.endpoint


def measure(rate: int, work: Path) -> Measured:
    """The programs under so many calls a second; 0 leaves them alone.

    Args:
        rate: calls a second.
        work: a folder for data and logs.
    """
    work.mkdir()
    with backends(work) as (programs, prometheus, endpoint):
        command = [sys.executable, "-m", "checks.sizes.app", str(rate), str(HELD + WINDOW + 2)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "15000",
            "OTEL_SERVICE_NAME": "load",
            "CHUNKMETER_METRIC_LABELS": "tenant",
        }
        app = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) if rate else None
        try:
            time.sleep(HELD)
            before, since = {name: _cpu(each.process_id) for name, each in programs.items()}, time.monotonic()
            time.sleep(WINDOW)
            seconds = time.monotonic() - since
            taken = {
                name: Taken((_cpu(each.process_id) - before[name]) / seconds, _most(each.process_id))
                for name, each in programs.items()
            }
            if app is None:
                return Measured(rate, taken, 0, [])
            said, _ = app.communicate(timeout=120)
        finally:
            if app is not None:
                app.kill()
        told = json.loads(said)
        counted, found = eventually(lambda: _arrived(prometheus, told["calls"]))
    faults = {
        f"{told['calls']} calls were made, Prometheus has {counted:.0f}": counted != told["calls"],
        f"{told['calls'] - told['exported']} spans were not taken": told["exported"] != told["calls"],
        f"Prometheus has {found} series": found != series(len(MODELS), len(TENANTS)),
    }
    return Measured(
        round(told["calls"] / told["seconds"]), taken, found, [fault for fault, holds in faults.items() if holds]
    )


def _arrived(prometheus: Prometheus, calls: int) -> tuple[float, int]:
    """The calls and the series of the app in Prometheus, which has all of its calls."""
    counted = prometheus.value('sum(chunkmeter_calls_total{job="load"})')
    assert counted == calls, f"{calls} calls were made, Prometheus has {counted:.0f}"
    shown = HTTP.get(f"{prometheus.url}/api/v1/series", params={"match[]": '{job="load"}'}).json()["data"]
    return counted, len(shown)
