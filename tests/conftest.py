"""The fault that `FAULT` names, for `make test` to find; and the list of code blocks that no test runs."""

from __future__ import annotations

import pytest

from support.faults import plant


def pytest_configure() -> None:
    """Plant it before a test's module has imported what it is in."""
    plant("test", pytest.exit)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which code blocks of our pages are not run, and why, where blocks were tested."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    if any(getattr(report, "nodeid", "").startswith("tests/pages/test_blocks.py") for report in reports):
        from checks.pages.kinds import unrun  # it takes all pages apart

        terminalreporter.section("code blocks that are not run")
        for line in unrun():
            terminalreporter.write_line(line)
