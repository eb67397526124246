"""`examples/fastapi_app.py`, as its first lines say to run it: uvicorn, clients that stay or leave, OTLP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay.otlp import Recording, read
from replay.scenarios import by_id
from replay.server import start
from support.apps import DROPPED, HttpReceiver

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCENARIO = "openai-plain-stream"
TEXT = "Lisbon lies on seven hills above the Tagus."


@contextmanager
def served(provider: str, environment: dict[str, str]) -> Iterator[str]:
    """The address of the example, which runs under `opentelemetry-instrument` until SIGTERM."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "-m", "uvicorn"]
    process = subprocess.Popen(
        [*command, "--app-dir", str(EXAMPLES), "--port", "0", "--no-access-log", "fastapi_app:app"],
        env={**kept, "OPENAI_API_KEY": "no-key-needed", "OPENAI_BASE_URL": provider, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told: list[str] = []
    try:
        for line in process.stderr:
            told.append(line)
            if running := re.search(r"running on (http://[0-9.:]+)", line):
                yield running[1]
                break
        else:
            pytest.fail("".join(told))
        process.send_signal(signal.SIGTERM)
        told.append(process.communicate(timeout=60)[1])
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in "".join(told), "".join(told)
    assert "ERROR" not in "".join(told), "".join(told)


def until(condition: Callable[[], bool]) -> None:
    """Waits for it, a minute at most."""
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """What the service exports of a client that stays, one that leaves, and one that nobody knows."""
    directory = tmp_path_factory.mktemp("otlp")
    with start() as server, HttpReceiver(directory) as receiver:
        # Nine events, 0.3 s before each: whoever leaves at the first chunk leaves long before the last.
        provider = f"{server.url}/id/{SCENARIO}~delay=0.3/v1"
        exporting = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_SERVICE_NAME": "answers",
            "CHUNKMETER_METRIC_LABELS": "tenant",
            "CHUNKMETER_SERVERS": "127.0.0.1=*",
        }
        with served(provider, exporting) as url, httpx.Client(base_url=url, trust_env=False) as client:
            asking: dict[str, Any] = {"params": {"question": "Describe Lisbon."}, "timeout": 60}
            stays = client.get("/answer", headers={"X-API-Key": "key-of-acme"}, **asking)
            assert (stays.status_code, stays.text) == (200, TEXT)
            with client.stream("GET", "/answer", headers={"X-API-Key": "key-of-globex"}, **asking) as leaves:
                assert TEXT.startswith(next(leaves.iter_text()))
            until(lambda: len(calls(read(directory))) == 2)
            assert client.get("/answer", headers={"X-API-Key": "made-up"}, **asking).status_code == 401
        assert [request.scenario for request in server.requests] == [SCENARIO] * 2
    return read(directory)


def calls(recording: Recording) -> list[dict[str, Any]]:
    """The inference spans, in the order in which they ended."""
    return [span for span in recording.spans if "chunkmeter.outcome" in span]


def test_an_answer_that_is_read_to_its_end_is_completed(recording: Recording) -> None:
    """With its usage and its cost, on the tenant who asked."""
    truth, span = by_id[SCENARIO].truth, calls(recording)[0]
    assert (span["tenant"], span["chunkmeter.outcome"], span["chunkmeter.usage.status"]) == (
        "acme",
        "completed",
        "reported",
    )
    assert (span["gen_ai.usage.input_tokens"], span["gen_ai.usage.output_tokens"]) == (1200, 45)
    assert span["gen_ai.usage.cost.amount"] == pytest.approx(truth.usd, abs=1e-9)
    assert recording.points("chunkmeter.spend", {"tenant": "acme"}) == [pytest.approx(truth.usd, abs=1e-9)]


def test_an_answer_whose_reader_leaves_is_cancelled(recording: Recording) -> None:
    """Without usage, which comes last and never came; it costs the tenant nothing that is known."""
    span = calls(recording)[1]
    assert (span["tenant"], span["chunkmeter.outcome"], span["chunkmeter.usage.status"]) == (
        "globex",
        "cancelled",
        "missing",
    )
    assert 1 <= span["chunkmeter.chunks"] < by_id[SCENARIO].truth.events_on_wire
    assert "gen_ai.usage.output_tokens" not in span
    assert "gen_ai.usage.cost.amount" not in span


def test_each_answer_counts_once_for_its_tenant(recording: Recording) -> None:
    """And no call for nobody."""
    found = {"acme": "completed", "globex": "cancelled"}
    for tenant, outcome in found.items():
        assert recording.points("chunkmeter.calls", {"tenant": tenant, "chunkmeter.outcome": outcome}) == [1.0]
    assert len(recording.points("chunkmeter.calls", {})) == len(calls(recording)) == 2
    assert len(recording.points("chunkmeter.spend", {})) == 1
