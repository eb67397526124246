"""Runs `support/otlp_app.py` as a user would, and receives what it exports over http/protobuf."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from replay.server import Server
from support.receiving import Receiving

APP = Path(__file__).with_name("otlp_app.py")
PLAYED = ("openai-plain-stream", "openai-plain-call", "anthropic-plain-stream")
"""The scenarios that the app plays, once each."""
# Coverage would take half of an app's time, most of it in the SDKs' imports, for lines that other tests run too.
DROPPED = ("OTEL_", "CHUNKMETER_", "OPENAI_", "ANTHROPIC_", "COVERAGE_")


class HttpReceiver:
    """An OTLP/HTTP endpoint that keeps the bytes of each export as `replay.otlp.read` wants them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        lock = threading.Lock()
        self.paths: list[str] = []
        receiver = self

        class Handler(Receiving):
            def take(self, payload: bytes) -> int:
                with lock:
                    receiver.paths.append(self.path)
                    signal = self.path.rpartition("/")[2]
                    (directory / f"{len(receiver.paths):06}.{signal}.bin").write_bytes(payload)
                return 200

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


def run_app(server: Server, environment: dict[str, str], *, instrumented: bool = True, app: Path = APP) -> str:
    """Runs the app to its end, under `opentelemetry-instrument` or bare; what it wrote to standard error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    known = {
        "OPENAI_API_KEY": "no-key-needed",
        "OPENAI_BASE_URL": f"{server.url}/openai",
        "ANTHROPIC_API_KEY": "no-key-needed",
        "ANTHROPIC_BASE_URL": f"{server.url}/anthropic",
        "OTEL_LOGS_EXPORTER": "none",
    }
    launcher = [str(Path(sys.executable).with_name("opentelemetry-instrument"))] if instrumented else []
    done = subprocess.run(
        [*launcher, sys.executable, str(app)],
        env={**kept, **known, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr
