"""A short script beside an endpoint that is dead: it makes one call, and ends when `docs/reliability.md` says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from support import ROOT

pytestmark = pytest.mark.slow

TIMEOUT = 2.0
"""`OTEL_EXPORTER_OTLP_TIMEOUT`, in seconds: the exporters of spans and of metrics each have that long."""
SLACK = 10.0
"""More, for the interpreter's own end on a busy machine."""
SCRIPT = """
from checks.outages import app
app.set_up()
app.calls(1)
"""


@pytest.fixture(params=["refuses", "never answers"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """One that refuses connections, or that the system takes them for, and nobody else does."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "never answers":
            listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("exporter", ["grpc", "http/protobuf"])
def test_it_is_held_for_as_long_as_the_exporters_try(exporter: str, endpoint: str) -> None:
    """Spans and metrics one after the other, and nothing of ours waits with them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CHUNKMETER_"))}
    exporting = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": exporter,
        "OTEL_EXPORTER_OTLP_TIMEOUT": f"{TIMEOUT:g}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env={**kept, **exporting}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as script:
        assert script.stdout is not None
        assert script.stdout.readline().startswith(b"call ")
        began = time.monotonic()
        assert script.wait(120) == 0
    assert time.monotonic() - began < 2 * TIMEOUT + SLACK
