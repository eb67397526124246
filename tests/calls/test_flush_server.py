"""uvicorn, ended by SIGTERM in mid-stream: what it still counts, while it shuts down, arrives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from replay.otlp import Recording, read
from support import ROOT
from support.apps import DROPPED, HttpReceiver
from support.sdk import eventually

pytestmark = pytest.mark.slow

PATIENCE = 120.0
LAUNCHER = [str(Path(sys.executable).with_name("opentelemetry-instrument"))]
UVICORN = [*LAUNCHER, sys.executable, "-m", "uvicorn", "--port", "0", "--no-access-log", "support.uvicorn_app:app"]


@contextmanager
def served(receiver: HttpReceiver, *options: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The server's address, once it answers, and its process, which has a group of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    exporting = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    }
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*UVICORN, *options],
            env={**kept, **exporting, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **environment},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            running: list[re.Match[str] | None] = []

            def answers() -> bool:
                told = os.pread(said.fileno(), 1 << 20, 0).decode()
                assert process.poll() is None, told
                running[:] = [re.search(r"running on (http://[0-9.:]+)", told)]
                return bool(running[0]) and "startup complete" in told

            eventually(answers, PATIENCE)
            assert running[0] is not None
            yield running[0][1], process
            process.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sigterm_in_mid_stream(directory: Path, *options: str, **environment: str) -> tuple[int, Recording]:
    """How the server ends, and what arrives: of an answer before the signal, and one that it falls into."""
    with (
        HttpReceiver(directory) as receiver,
        served(receiver, *options, **environment) as (url, process),
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
    ):
        assert client.get("/").text == "chunk\n" * 7
        with client.stream("GET", "/") as answer:
            lines = answer.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            assert len(list(lines)) == 6  # the server lets the answer finish
    return process.returncode, read(directory)


def total(recording: Recording, metric: str) -> float:
    return sum(point for point in recording.points(metric, {}) if isinstance(point, float))


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"CHUNKMETER_FLUSH_ON_EXIT": "true"}, id="by the setting"),
        pytest.param(
            {"CHUNKMETER_FLUSH_ON_EXIT": "true", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"},
            id="by the setting, at the first call",
        ),
        pytest.param({"FLUSHES": "code"}, id="by a line of code"),
    ],
)
def test_what_is_counted_while_the_server_shuts_down_arrives(environment: dict[str, str], tmp_path: Path) -> None:
    """And it ends by SIGTERM, as it would have."""
    status, recording = sigterm_in_mid_stream(tmp_path, **environment)
    assert status == -signal.SIGTERM
    assert total(recording, "chunkmeter.calls") == 2
    spans = [span for span in recording.spans if "chunkmeter.outcome" in span]
    assert [span["chunkmeter.outcome"] for span in spans] == ["completed"] * 2
    # 12 x 0.15 and 3 x 0.60 USD a million, twice
    assert total(recording, "chunkmeter.spend") == pytest.approx(2 * 0.0000036, abs=1e-12)


def test_without_it_uvicorn_s_end_loses_what_is_not_exported(tmp_path: Path) -> None:
    """This is what the setting is for: uvicorn raises the signal again when it has shut down."""
    status, recording = sigterm_in_mid_stream(tmp_path)
    assert (status, total(recording, "chunkmeter.calls")) == (-signal.SIGTERM, 0)


def test_workers_lose_nothing_by_themselves(tmp_path: Path) -> None:
    """uvicorn's are children of `multiprocessing`; nothing is set."""
    _, recording = sigterm_in_mid_stream(tmp_path, "--workers", "2", "--timeout-worker-healthcheck", "60")
    assert total(recording, "chunkmeter.calls") == 2
