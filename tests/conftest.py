"""The fault that `FAULT` names, for `make test` to find."""

from __future__ import annotations

import pytest

from support.faults import plant


def pytest_configure() -> None:
    """Plant it before a test's module has imported what it is in."""
    plant("test", pytest.exit)
