"""Runs a command auto-instrumented, with its OTLP going to a receiver of the doctor's own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO

from ..receiver import Receiver
from .heard import is_ours
from .machine import Machine
from .observed import observe
from .ran import Run

__all__ = ["CannotRunError", "launch"]

_LAUNCHER = "opentelemetry-instrument"
_LAUNCH = (sys.executable, "-c", "from opentelemetry.instrumentation.auto_instrumentation import run; run()")
"""What that script does; it need not be on the path."""
_ELSEWHERE = ("ENDPOINT", "PROTOCOL", "HEADERS", "INSECURE", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
_OTLP = "OTEL_EXPORTER_OTLP_"
_MOST_LINES = 1000
_LONGEST_LINE = 65536
_LAST_WORDS = 5.0
"""How many seconds are waited for what is left in stderr: a process of the app's may hold it open for ever."""


class CannotRunError(Exception):
    """Raised where the command can't be started; the message says why."""


def launch(machine: Machine) -> Run:
    """Run the machine's command to its end. Its output is passed on.

    Raises:
        CannotRunError: if there is no such command.
        OSError: if there is no port to receive on, or no place to keep what is received.
    """
    command = machine.command
    if shutil.which(command[0], path=machine.environ.get("PATH")) is None:
        raise CannotRunError(f"there is no command {command[0]!r}")
    started = command if PurePath(command[0]).name == _LAUNCHER else (*_LAUNCH, *command)
    with TemporaryDirectory(prefix="chunkmeter-doctor-") as folder:
        with Receiver(record=Path(folder)).start() as receiver:
            code, lines = _run(started, environment(machine.environ, receiver.port))
        return Run(machine, observe(Path(folder), receiver.book), code, tuple(lines))


def environment(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """The app's variables, with OTLP going to a port of this machine, and every trace sampled.

    No header goes along, nor a certificate. What is switched off stays so.
    """
    kept = {name: value for name, value in environ.items() if not _is_elsewhere(name)}
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"):
        if name in kept:
            kept[name] = kept[name].replace("otlp_proto_http", "otlp_proto_grpc")
    unproxied = environ.get("no_grpc_proxy") or environ.get("no_proxy") or ""
    return kept | {
        f"{_OTLP}ENDPOINT": f"http://127.0.0.1:{port}",
        f"{_OTLP}PROTOCOL": "grpc",
        "OTEL_TRACES_SAMPLER": "always_on",
        "no_grpc_proxy": f"{unproxied},127.0.0.1".lstrip(","),
    }


def _is_elsewhere(name: str) -> bool:
    return name.startswith(_OTLP) and name.endswith(_ELSEWHERE)


def _run(command: Sequence[str], environ: Mapping[str, str]) -> tuple[int, list[str]]:
    """The command's exit code, and the lines of its stderr that may concern chunkmeter."""
    lines: list[str] = []
    with subprocess.Popen(command, env=dict(environ), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        reading = threading.Thread(target=_pass_on, args=(process.stderr, lines), daemon=True)
        reading.start()
        with _signals_to(process):
            code = process.wait()
        reading.join(_LAST_WORDS)
        return code, [*lines]


def _pass_on(stderr: IO[bytes], lines: list[str]) -> None:
    output: IO[bytes] | None = getattr(sys.stderr, "buffer", None)  # there may be none
    with suppress(ValueError):  # it is closed at the end, whoever else holds it
        while line := stderr.readline(_LONGEST_LINE):
            with suppress(OSError):  # nobody reads on; the app must not fail for it
                if output is not None:
                    output.write(line)
                    output.flush()
            text = line.decode("utf-8", "replace")
            if len(lines) < _MOST_LINES and is_ours(text):
                lines.append(text)


@contextmanager
def _signals_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Meanwhile a SIGTERM goes to the process. A SIGINT has reached it by itself, if it came from a terminal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
