"""`make backends-up` and `make backends-down`: the real programs with the shipped configuration, without Docker.

    python -m checks.e2e.by_hand up [--collector FILE] [--webhook URL]
    python -m checks.e2e.by_hand down

Each program listens on 127.0.0.1 at a port of its own: the usual one and 10,000, or a free one where that is taken. So
they run beside what else is on the machine. What they are is kept in a file, by which the second command ends them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from backends.build import cache
from checks.e2e.programs import CONFIG, Alertmanager, Collector, Jaeger, Program, Prometheus, eventually, free_port

__all__ = ["Running", "down", "up"]

NOBODY = "http://127.0.0.1:9/"
"""Where alerts go that nobody wants: the port of the discard service."""
_PORTS = {"grpc": 14317, "http": 14318, "jaeger": 26686, "prometheus": 19090, "alertmanager": 19093}
_SENDING_ON = ("collector.agent.yaml",)
"""An agent's file wants a gateway behind it."""

Running = dict[str, Any]
"""What is kept: `processes`, each with `name`, `id` and `path`, in the order in which they are ended; `addresses`."""


def _port(name: str) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", _PORTS[name]))
        except OSError:
            return free_port()
    return _PORTS[name]


def _alive(process: Mapping[str, Any]) -> bool:
    """Whether the process is there and still is that program: ids are used again."""
    told = subprocess.run(
        ("ps", "-o", "command=", "-p", str(process["id"])), capture_output=True, text=True, check=False
    )
    return told.stdout.startswith(f"{process['path']} ")


def _kept(folder: Path) -> Running:
    file = folder / "running.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"processes": [], "addresses": {}}


def up(folder: Path, file: str, webhook: str) -> Running:
    """Start all of them, unless they run: then nothing is changed.

    Args:
        folder: where data, logs and the file are; what it had before is removed.
        file: the Collector's, in `collector-config/`.
        webhook: the URL that Alertmanager sends pages and tickets to.

    Raises:
        RuntimeError: if one of them does not start; the others are ended.
        AssertionError: if one from before does not end.
    """
    kept = _kept(folder)
    if kept["processes"] and all(map(_alive, kept["processes"])):
        return kept
    down(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as started:

        def begun(program: Any) -> Any:
            started.callback(program.stop)
            return program

        alertmanager: Alertmanager = begun(Alertmanager(folder, webhook, _port("alertmanager")))
        prometheus: Prometheus = begun(Prometheus(folder, alertmanager.url, _port("prometheus")))
        jaeger: Jaeger = begun(Jaeger(folder, port=_port("jaeger")))
        collector: Collector = begun(
            Collector(
                folder,
                file,
                CHUNKMETER_OTLP_GRPC=f"127.0.0.1:{_port('grpc')}",
                CHUNKMETER_OTLP_HTTP=f"127.0.0.1:{_port('http')}",
                CHUNKMETER_JAEGER=jaeger.otlp,
                CHUNKMETER_PROMETHEUS=prometheus.otlp,
            )
        )
        # What sends ends before what receives.
        programs: list[Program] = [collector, jaeger, prometheus, alertmanager]
        running: Running = {
            "processes": [
                {"name": Path(each.path).name, "id": each.process_id, "path": each.path} for each in programs
            ],
            "addresses": {
                "grpc": collector.endpoint,
                "http": collector.http_endpoint,
                "Jaeger": jaeger.url,
                "Prometheus": prometheus.url,
                "Alertmanager": alertmanager.url,
            },
        }
        (folder / "running.json").write_text(json.dumps(running, indent=1), encoding="utf-8")
        started.pop_all()
    return running


def down(folder: Path) -> list[str]:
    """End what was started and still runs; the names of those programs."""
    ended = []
    for process in _kept(folder)["processes"]:
        if not _alive(process):
            continue
        os.kill(process["id"], signal.SIGTERM)

        def gone(process: Mapping[str, Any] = process) -> None:
            assert not _alive(process), f"{process['name']} ({process['id']}) does not end"

        eventually(gone, within=60)
        ended.append(process["name"])
    (folder / "running.json").unlink(missing_ok=True)
    return ended


def _told(running: Running, folder: Path, webhook: str) -> None:
    addresses = running["addresses"]
    print(f"export OTEL_EXPORTER_OTLP_ENDPOINT={addresses['grpc']} OTEL_METRIC_EXPORT_INTERVAL=15000")
    print(f"\nOTLP over HTTP  {addresses['http']}")
    for name in ("Jaeger", "Prometheus", "Alertmanager"):
        print(f"{name:<15} {addresses[name]}")
    print(f"{'Logs, data':<15} {folder}")
    processes = ", ".join(f"{each['name']} {each['id']}" for each in running["processes"])
    print(f"{'Processes':<15} {processes}")
    if webhook == NOBODY:
        print('\nAlerts stay in Alertmanager: make backends-up ARGS="--webhook URL" sends them on.')
    print("make backends-down ends them.")


def main(arguments: Sequence[str]) -> int:
    """Start or end them; 1 if one does not start, or does not end."""
    parser = argparse.ArgumentParser(prog="python -m checks.e2e.by_hand")
    parser.add_argument("way", choices=("up", "down"))
    files = sorted(path.name for path in CONFIG.glob("collector.*") if path.name not in _SENDING_ON)
    parser.add_argument("--collector", default="collector.yaml", choices=files, help="which of collector-config/")
    parser.add_argument("--webhook", default=NOBODY, metavar="URL", help="where alerts go")
    parser.add_argument("--folder", type=Path, default=cache() / "by-hand", help="where data and logs are")
    options = parser.parse_args(arguments)
    try:
        if options.way == "up":
            running = up(options.folder, options.collector, options.webhook)
            _told(running, options.folder, options.webhook)
        else:
            print(f"ended: {', '.join(down(options.folder)) or 'nothing, for none of them was running'}")
    except (AssertionError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
