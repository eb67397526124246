"""A pytest plugin for the SDKs' tests: writes down what passed, and meters all SDKs where it is told to.

`SDK_TESTS_PASSED` names the file that gets the names of the tests that passed, `SDK_TESTS_METERED` is 1 to meter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from checks.matrix.endpoints import CLIENTS

PASSED = "SDK_TESTS_PASSED"
METERED = "SDK_TESTS_METERED"

_failed = set[str]()
_passed = set[str]()


def pytest_configure() -> None:
    """Meter what each process asks, the one that only hands tests to others too."""
    if os.environ.get(METERED) == "1":
        from chunkmeter import instrumentors
        from chunkmeter.testing import Kit

        kit = Kit()
        for name in CLIENTS.values():
            instrumentor = getattr(instrumentors, f"{name}Instrumentor")()
            instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)


def pytest_runtest_logreport(report: Any) -> None:
    """Note a test that has passed as far as it has come: what comes after its body may fail too."""
    if report.failed:
        _failed.add(report.nodeid)
    elif report.passed and report.when == "call":
        _passed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write them down, in the process that gets all reports."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path(os.environ[PASSED]).write_text("\n".join(sorted(_passed - _failed)))
