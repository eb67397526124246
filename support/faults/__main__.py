"""Runs an app as `opentelemetry-instrument` does, with a fault planted: `python -m support.faults TARGET app.py ...`.

TARGET is the target of the Makefile that runs it.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

from opentelemetry.instrumentation.auto_instrumentation import initialize

from support.faults import plant

if __name__ == "__main__":
    target: Any = sys.argv[1]
    plant(target)
    initialize()
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
