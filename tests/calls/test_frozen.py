"""A function of a serverless platform: its process is stopped as each invocation returns, and killed in the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from replay import server
from replay.otlp import Recording
from support import ROOT
from support.receiving import Receiving

pytestmark = pytest.mark.slow

(HANDLER,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "production.md").read_text("utf-8"), re.DOTALL)
FLUSHES = re.compile(r"^ +\w+\.get_\w+_provider\(\)\.force_flush\(.*\)$", re.MULTILINE)
INVOKED = """
import os, signal
for _ in range(3):
    print(handler({"question": "Where is Lisbon?"}, None), flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGKILL)
"""
# The wire's own counts: 1,200 tokens in, 1,024 of them from the cache, and 45 out.
COST = (1200 - 1024) * 0.15e-6 + 1024 * 0.075e-6 + 45 * 0.60e-6


@pytest.fixture
def collector() -> Iterator[tuple[str, Recording]]:
    """An OTLP endpoint, and what it has got."""
    got = Recording()

    class Taking(Receiving):
        def take(self, payload: bytes) -> int:
            got.take("traces" if self.path.endswith("/traces") else "metrics", payload)
            return 200

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", got
        http.shutdown()


def calls(got: Recording) -> float:
    return sum(point for point in got.points("chunkmeter.calls", {}) if isinstance(point, float))


def environment(endpoint: str, url: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CHUNKMETER_"))}
    return kept | {
        "CHUNKMETER_SERVERS": "127.0.0.1=openai",
        "OPENAI_API_KEY": "no-key-needed",
        "OPENAI_BASE_URL": f"{url}/openai",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_LOGS_EXPORTER": "none",
    }


def invoked(code: str, tmp_path: Path, endpoint: str, got: Recording) -> list[float]:
    """How many calls have arrived after each invocation, while the process stands still."""
    script = tmp_path / "function.py"
    script.write_text(code + INVOKED)
    command = [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, script]
    arrived: list[float] = []
    with server.start() as played, subprocess.Popen(command, env=environment(endpoint, played.url)) as function:
        for _ in range(3):
            _, status = os.waitpid(function.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), status
            arrived.append(calls(got))
            function.send_signal(signal.SIGCONT)
    return arrived


def test_each_invocation_is_told_before_the_process_is_frozen(tmp_path: Path, collector: tuple[str, Recording]) -> None:
    """The handler of docs/production.md."""
    endpoint, got = collector
    assert invoked(HANDLER, tmp_path, endpoint, got) == [1, 2, 3]
    (spend,) = got.points("chunkmeter.spend", {})
    assert spend == pytest.approx(3 * COST, abs=1e-12)
    assert [each["chunkmeter.outcome"] for each in got.spans if "chunkmeter.outcome" in each] == ["completed"] * 3


def test_without_flushing_nothing_arrives(tmp_path: Path, collector: tuple[str, Recording]) -> None:
    """So the lines are needed: no export interval is over, and no exit hook runs."""
    endpoint, got = collector
    bare, lines = FLUSHES.subn("        pass", HANDLER)
    assert lines == 2
    assert invoked(bare, tmp_path, endpoint, got) == [0, 0, 0]
    assert got.spans == []
