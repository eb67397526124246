"""Runs an app as `opentelemetry-instrument` does, with a fault planted: `python -m support.faults app.py ...`."""

from __future__ import annotations

import runpy
import sys

from opentelemetry.instrumentation.auto_instrumentation import initialize

from support.faults import plant

if __name__ == "__main__":
    plant("e2e")
    initialize()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
