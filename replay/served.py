"""`examples/fastapi_app.py` as its first lines say to run it: uvicorn starts it, two tenants ask, SIGTERM ends it.

The server inherits this environment, and is metered as it says.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ASKED = {"question": "Describe Lisbon."}
WITHIN = 60.0
"""Seconds that it may take to listen, and to end."""


def main() -> int:
    """The exit status: 0 if both have had an answer, and the server ended when it was told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    examples = Path(__file__).resolve().parents[1] / "examples"
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(examples), "--log-level", "warning"]
    with (
        subprocess.Popen([*command, "--port", str(port), "fastapi_app:app"]) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=WITHIN) as client,
    ):
        try:
            _wait(client, server)
            for tenant in ("acme", "globex"):
                answer = client.get("/answer", params=ASKED, headers={"X-API-Key": f"key-of-{tenant}"})
                print(f"{tenant}: {answer.raise_for_status().text}", flush=True)
            server.send_signal(signal.SIGTERM)
            # uvicorn raises the signal again when all is done.
            return 0 if server.wait(timeout=WITHIN) in (0, -signal.SIGTERM) else 1
        finally:
            server.kill()


def _wait(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + WITHIN
    while True:
        try:
            client.get("/openapi.json")
            return
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > until:
                raise
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
