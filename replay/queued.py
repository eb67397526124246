"""`examples/celery_worker.py` as its first lines say to run it: a worker with two processes, four tasks, and SIGTERM.

A folder stands in for the broker, and another for where the results are: `QUEUED` names the one that has both. The
worker inherits this environment, and is metered as it says.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["app"]

ROOT = Path(__file__).resolve().parents[1]
CITIES = ("Lisbon", "Faro", "Braga", "Porto")
WITHIN = 120.0
"""Seconds that an answer may take, and the worker's end."""

sys.path.insert(0, str(ROOT / "examples"))
example: Any = import_module("celery_worker")
app: Any = example.app
"""Celery's, which the worker is started with."""


def _use(folder: Path) -> None:
    """Have the app keep its messages and results in a folder."""
    for name in ("queue", "results"):
        (folder / name).mkdir(exist_ok=True)
    app.conf.update(
        broker_url="filesystem://",
        broker_transport_options={
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "exchanges"),
        },
        result_backend=f"file://{folder / 'results'}",
    )


def _ask(questions: Iterable[str]) -> None:
    for asked in [example.answer.delay(question) for question in questions]:
        print("worker:", asked.get(timeout=WITHIN, interval=0.1), flush=True)


def main() -> int:
    """The exit status: 0 if all have had an answer, and the worker ended when it was told to."""
    with tempfile.TemporaryDirectory(prefix="chunkmeter-celery-") as name:
        folder = Path(name)
        _use(folder)
        command = [sys.executable, "-m", "celery", "--quiet", "--app", "replay.queued", "worker", "--concurrency", "2"]
        log = folder / "worker.log"
        with (
            log.open("w", encoding="utf-8") as output,
            subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "QUEUED": name}, stdout=output, stderr=subprocess.STDOUT
            ) as worker,
        ):
            try:
                _ask(f"Where is {city}?" for city in CITIES)
                worker.send_signal(signal.SIGTERM)
                status = worker.wait(timeout=WITHIN)
            finally:
                worker.kill()
                if worker.returncode:
                    print(log.read_text("utf-8"), file=sys.stderr)
    return status


if "QUEUED" in os.environ:
    _use(Path(os.environ["QUEUED"]))

if __name__ == "__main__":
    sys.exit(main())
