"""An app that switches the hooks on itself and sets no SDK up, which `tests/test_otlp.py` runs."""

from __future__ import annotations

import logging
import runpy
from pathlib import Path

from chunkmeter.instrumentors import MirascopeInstrumentor

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    MirascopeInstrumentor().instrument()
    runpy.run_path(str(Path(__file__).with_name("otlp_app.py")), run_name="__main__")
