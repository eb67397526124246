"""A pytest plugin for libraries' tests: writes down what passed, and meters every library where it is told to.

`SDK_TESTS_PASSED` names the file that gets the names of the tests that passed, `SDK_TESTS_CALLS` the one that gets the
number of calls counted in each process; `SDK_TESTS_METERED` is 1 to meter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

PASSED = "SDK_TESTS_PASSED"
CALLS = "SDK_TESTS_CALLS"
METERED = "SDK_TESTS_METERED"

_failed = set[str]()
_passed = set[str]()
_kits = list[Any]()


def pytest_configure() -> None:
    """Meter what each process asks, the one that only hands tests to others too."""
    if os.environ.get(METERED) == "1":
        import chunkmeter
        from chunkmeter.testing import Kit

        kit = Kit()
        chunkmeter.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
        _kits.append(kit)


def pytest_runtest_logreport(report: Any) -> None:
    """Note a test that has passed as far as it has come: what comes after its body may fail too."""
    if report.failed:
        _failed.add(report.nodeid)
    elif report.passed and report.when == "call":
        _passed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write down the calls of each process, and the tests in the one that gets all reports."""
    for kit in _kits:
        with Path(os.environ[CALLS]).open("a") as calls:
            calls.write(f"{kit.total('chunkmeter.calls'):.0f}\n")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path(os.environ[PASSED]).write_text("\n".join(sorted(_passed - _failed)))
