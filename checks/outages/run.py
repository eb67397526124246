"""One run of `checks/outages/app.py` beside an OTLP endpoint that things happen to."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import IO, Self

from checks.outages.endpoint import ENDPOINTS
from support import ROOT

__all__ = ["PATIENCE", "Parent", "Run"]

PATIENCE = 120.0
"""Seconds for what should take one or two."""
DROPPED = ("OTEL_", "CHUNKMETER_")


class Parent:
    """Has imported what the apps need; each is forked from it before it sets the SDK up, one at a time.

    Args:
        exporter: as `OTEL_EXPORTER_OTLP_PROTOCOL` names it.
    """

    def __init__(self, exporter: str) -> None:
        self.exporter = exporter
        self._process = subprocess.Popen(
            [sys.executable, "-m", "checks.outages.app"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(DROPPED)},
                "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
                "OTEL_EXPORTER_OTLP_PROTOCOL": exporter,
            },
        )
        self._heard = b""

    def tell(self, line: str) -> None:
        told = _pipe(self._process.stdin)
        told.write(f"{line}\n".encode())
        told.flush()

    def hear(self) -> str:
        """The next line of what is said; raises `TimeoutError` if none comes."""
        said = _pipe(self._process.stdout).fileno()
        while b"\n" not in self._heard:
            if not select.select([said], [], [], PATIENCE)[0]:
                raise TimeoutError(f"nothing said in {PATIENCE:g} s")
            read = os.read(said, 65536)
            if not read:
                raise EOFError("the app's parent is gone")
            self._heard += read
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE)


class Run:
    """An app, started when first told something, and its endpoint.

    Args:
        parent: what the app is forked from.
        interval: seconds between exports.
        variables: more of the app's environment.
    """

    def __init__(self, parent: Parent, interval: float, variables: dict[str, str] | None = None) -> None:
        self.endpoint = ENDPOINTS[parent.exporter]()
        self.times: list[float] = []
        """How many seconds each call took: one for each call that the app made."""
        self.alive: list[float] = []
        """Those of calls beside an endpoint that was well."""
        self.dead: list[float] = []
        """And beside one that was not."""
        self.errors = self.status = ""
        """What it wrote to standard error, and how it ended: by a signal's name, or its exit status."""
        self._parent, self._pid = parent, 0
        milliseconds = str(int(interval * 1000))
        self._environment = {
            "OTEL_METRIC_EXPORT_INTERVAL": milliseconds,
            "OTEL_BSP_SCHEDULE_DELAY": milliseconds,
            **(variables or {}),
        }

    def __enter__(self) -> Self:
        self.endpoint.start()
        self._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{self.endpoint.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid and not self.status:
            self.kill(signal.SIGKILL)
            self.end()
        self.endpoint.kill()

    @property
    def arrived(self) -> int:
        """Calls that the endpoint knows of."""
        return round(self.endpoint.total("chunkmeter.calls"))

    def do(self, command: str) -> list[float]:
        """Have the app obey and come back from it; how many seconds its calls took."""
        before = len(self.times)
        self.tell(command)
        self._until("done")
        return self.times[before:]

    def tell(self, command: str) -> None:
        """Have the app do what it may not come back from."""
        if not self._pid:
            self._file = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115 - closed in end()
            self._parent.tell(json.dumps({"environment": self._environment, "errors": self._file.name}))
            self._pid = int(self._until("pid"))
        self._parent.tell(command)

    def kill(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self._pid, number)

    def arrive(self, calls: int, spans: int = 0) -> None:
        """Wait until the endpoint knows of so many."""
        deadline = time.monotonic() + PATIENCE
        while self.arrived < calls or self.endpoint.spans < spans:
            if time.monotonic() > deadline:
                raise AssertionError(f"of {calls} calls arrived {self.arrived}, of {spans} spans {self.endpoint.spans}")
            time.sleep(0.05)

    def end(self) -> None:
        """Let the app end, if it hasn't, and take in the rest of what it says."""
        self._parent.tell("end")
        status = int(self._until("ended"))
        self.status = signal.Signals(-status).name if status < 0 else str(status)
        with self._file:
            self.errors = self._file.read()

    def _until(self, word: str) -> str:
        while True:
            said, _, rest = self._parent.hear().partition(" ")
            if said == "call":
                self.times.append(float(rest))
            elif said == word:
                return rest
            elif said == "ended":
                self.status = rest
                raise AssertionError(f"the app ended: {self._file.read()}")


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
