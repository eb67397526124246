"""An app of green threads from its start to its end, and what has to hold of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from checks.green.watch import STALL
from checks.outages.endpoint import HttpEndpoint
from support import ROOT

__all__ = ["ENVIRONMENTS", "WHEN", "Case", "Result", "play"]

OWN = sys.prefix
ENVIRONMENTS = {"gevent": OWN, "eventlet": OWN, "gunicorn gevent": OWN, "gunicorn eventlet": ".venv-green"}
"""What serves, and the environment that has it: gunicorn 26 has no worker class for eventlet any more."""
ABANDONED, HELD = 20, 4
READ = 2 * ABANDONED
TO_END = 10.0
TO_BEGIN = 60.0

Patched = Literal["before", "after"]
WHEN: tuple[Patched, ...] = ("before", "after")


@dataclass(frozen=True, slots=True)
class Case:
    """One app."""

    server: str
    patched: Patched
    sdk: Literal["hand", "auto"] = "hand"
    metered: bool = True
    flushed: Literal["", "alone", "handled"] = ""

    @property
    def loses_threads(self) -> bool:
        """Whether the threads of the OpenTelemetry SDK end as it is patched, so that all is sent at the end.

        `opentelemetry-instrument` starts them as Python starts, and eventlet's worker patches later.
        """
        return (self.server, self.patched, self.sdk) == ("gunicorn eventlet", "after", "auto")

    def __str__(self) -> str:
        how = "opentelemetry-instrument" if self.sdk == "auto" else "by hand"
        end = f", flush_on_exit {self.flushed}" if self.flushed else ""
        return f"{self.server}, patched {self.patched}, {how}{end}{'' if self.metered else ', bare'}"


@dataclass(slots=True)
class Result:
    """What came of an app: what failed, and the figures of it."""

    failed: list[str] = field(default_factory=list[str])
    passed: int = 0
    stall: float = 0.0
    end: float = 0.0

    def check(self, what: str, *, holds: bool) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)


class _Connection(http.client.HTTPConnection):
    """To a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=2 * STALL)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class App:
    """An app in a process of its own, which ends with the `with`."""

    def __init__(self, case: Case, folder: Path, port: int) -> None:
        self._path, self._errors = str(folder / "socket"), folder / "errors"
        programs = ROOT / ENVIRONMENTS[case.server] / "bin"
        command = [str(programs / "python"), "-m", "checks.green.app"]
        library = case.server.rpartition(" ")[2]
        if case.server.startswith("gunicorn"):
            command = [str(programs / "gunicorn"), "-k", library, "-b", f"unix:{self._path}"]
            command += ["-c", "python:checks.green.hooks", "checks.green.app:application"]
        if case.sdk == "auto":
            command.insert(0, str(programs / "opentelemetry-instrument"))
        kept = {name: word for name, word in os.environ.items() if not name.startswith(("OTEL_", "COVERAGE_"))}
        chosen = {
            "GREEN_LIBRARY": library,
            "GREEN_PATCHED": case.patched,
            "GREEN_METERED": "wrap" if case.metered else "bare",
            "GREEN_SDK": case.sdk,
            "GREEN_FLUSHED": case.flushed,
            "GREEN_SOCKET": self._path,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            # Not at the same moment: two OS threads that first meet patched locks together may hang, without us too.
            "OTEL_METRIC_EXPORT_INTERVAL": "700",
            "OTEL_BSP_SCHEDULE_DELAY": "450",
            "OTEL_LOGS_EXPORTER": "none",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",  # of eventlet's, that it is not kept up
        }
        if (library, case.patched, case.sdk) == ("gevent", "before", "auto"):
            chosen["OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH"] = "patch_all"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**kept, **chosen}, stdout=errors, stderr=errors, start_new_session=True
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + TO_BEGIN
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.ask("/")
            except OSError:
                time.sleep(0.05)
            else:
                break
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ask(self, path: str) -> dict[str, Any]:
        """One request; the longest stall so far, and how many calls are left to settle."""
        connection = _Connection(self._path)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def end(self) -> float:
        """Ask it to end; how long that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(3 * TO_END)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # It says where its threads are.
            self.process.wait(TO_END)
            return 3 * TO_END
        return time.monotonic() - began

    @property
    def errors(self) -> str:
        return self._errors.read_text(errors="replace")


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + TO_END
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def play(case: Case) -> Result:
    """One app, from its start to its end."""
    result, endpoint = Result(), HttpEndpoint()
    endpoint.start()
    with tempfile.TemporaryDirectory() as folder, App(case, Path(folder), endpoint.port) as app:
        try:
            _use(app, case, result, endpoint)
        except (OSError, http.client.HTTPException) as error:
            result.check(f"no answer: {type(error).__name__}", holds=False)
        if result.failed:
            print(app.errors, file=sys.stderr)
    endpoint.kill()
    return result


def _use(app: App, case: Case, result: Result, endpoint: HttpEndpoint) -> None:
    requests = ["/read", "/read", "/abandon"] * ABANDONED + ["/hold"] * HELD
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(app.ask, requests))
    app.ask("/collect")
    if case.metered:
        settled = eventually(lambda: app.ask("/")["left"] == HELD)
        result.check(f"not all of the {ABANDONED} abandoned calls are settled", holds=settled)
    result.stall = app.ask("/")["longest"]
    result.check(f"the hub stood still for {result.stall:.1f} s", holds=result.stall < STALL)
    if case.metered and not case.loses_threads:
        # gevent begins a thread for the first export, and from Python 3.12 on none begins at a process' end.
        sent = eventually(lambda: endpoint.total("chunkmeter.calls") > 0 and endpoint.spans > 0)
        result.check("nothing is exported while the app runs", holds=sent)
    result.end = app.end()
    result.check(f"the end took {result.end:.1f} s", holds=result.end < TO_END)
    if case.metered:
        every = READ + ABANDONED + HELD
        for what, number in (("calls", endpoint.total("chunkmeter.calls")), ("spans", endpoint.spans)):
            result.check(f"{number:g} {what} after the end, not {every}", holds=number == every)
    result.check("chunkmeter is named in its log", holds="chunkmeter" not in app.errors)  # the SDK's threads may be
