"""One run of `tests/outages_app.py` beside an OTLP endpoint that things happen to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.outages_endpoint import ENDPOINTS

__all__ = ["Run"]

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
"""Seconds for what should take one or two."""
DROPPED = ("OTEL_", "CHUNKMETER_")


class Run:
    """An app, started when first told something, and its endpoint.

    Args:
        exporter: as `OTEL_EXPORTER_OTLP_PROTOCOL` names it.
        interval: seconds between exports.
        variables: more of the app's environment.
    """

    def __init__(self, exporter: str, interval: float, variables: dict[str, str]) -> None:
        self.endpoint = ENDPOINTS[exporter]()
        self.times: list[float] = []
        """How many seconds each call took: one for each call that the app made."""
        self.alive: list[float] = []
        """Those of calls beside an endpoint that was well."""
        self.dead: list[float] = []
        """And beside one that was not."""
        self.errors = self.status = ""
        self._app: subprocess.Popen[str] | None = None
        milliseconds = str(int(interval * 1000))
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(DROPPED)},
            "PYTHONPATH": str(ROOT),
            "OTEL_EXPORTER_OTLP_PROTOCOL": exporter,
            "OTEL_METRIC_EXPORT_INTERVAL": milliseconds,
            "OTEL_BSP_SCHEDULE_DELAY": milliseconds,
            **variables,
        }

    def __enter__(self) -> Self:
        self.endpoint.start()
        self._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{self.endpoint.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._app is not None and self._app.poll() is None:
            self._app.kill()
            self._app.communicate()
        self.endpoint.kill()

    @property
    def arrived(self) -> int:
        """Calls that the endpoint knows of."""
        return round(self.endpoint.total("chunkmeter.calls"))

    @property
    def app(self) -> subprocess.Popen[str]:
        if self._app is None:
            self._app = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("outages_app.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self._environment,
            )
            self._until_done(self._app)
        return self._app

    def do(self, command: str) -> list[float]:
        """Have the app obey and come back from it; how many seconds its calls took."""
        self.tell(command)
        return self._until_done(self.app)

    def tell(self, command: str) -> None:
        """Have the app do what it doesn't come back from."""
        told = _pipe(self.app.stdin)
        told.write(f"{command}\n")
        told.flush()

    def arrive(self, calls: int, spans: int = 0) -> None:
        """Wait until the endpoint knows of so many."""
        deadline = time.monotonic() + PATIENCE
        while self.arrived < calls or self.endpoint.spans < spans:
            if time.monotonic() > deadline:
                raise AssertionError(f"of {calls} calls arrived {self.arrived}, of {spans} spans {self.endpoint.spans}")
            time.sleep(0.02)

    def end(self) -> None:
        """Let the app end, if it hasn't, and take in the rest of what it says."""
        out, self.errors = self.app.communicate(timeout=PATIENCE)
        for line in out.splitlines():
            self._note(line)
        status = self.app.returncode
        self.status = signal.Signals(-status).name if status < 0 else str(status)

    def _until_done(self, app: subprocess.Popen[str]) -> list[float]:
        before, said = len(self.times), _pipe(app.stdout)
        while (line := said.readline().rstrip()) != "done":
            if not line:
                raise AssertionError(f"the app ended: {app.communicate()[1]}")
            self._note(line)
        return self.times[before:]

    def _note(self, line: str) -> None:
        if line.startswith("call "):
            self.times.append(float(line[5:]))


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
