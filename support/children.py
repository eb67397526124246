"""Apps in processes of their own: what they report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

__all__ = ["run"]

APP = """
import json, os, sys, time
import chunkmeter
from chunkmeter.testing import Kit, attributes_of
from support.streams import events_of

kit = Kit()
events = events_of("openai-plain-stream")

def wrapped():
    return chunkmeter.wrap((event for event in events), provider="openai", telemetry=kit.telemetry)

def until(ended):
    deadline = time.monotonic() + 30
    while len(kit.spans) < ended and time.monotonic() < deadline:  # what a call does last is to end its span
        time.sleep(0.01)

def report(who):
    outcomes = sorted(attributes_of(span)["chunkmeter.outcome"] for span in kit.spans)
    print(json.dumps([who, outcomes, kit.total("chunkmeter.calls"), kit.total("chunkmeter.streams.open")]), flush=True)
"""


def run(code: str) -> list[Any]:
    """What an app of its own prints, a JSON value a line."""
    result = subprocess.run(
        [sys.executable, "-c", APP + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (result.returncode, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]
