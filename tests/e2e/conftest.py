"""One stack for all the checks: it is what takes long to start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.server import Server
from tests.e2e.faulty import FAULTS
from tests.e2e.programs import Collector
from tests.e2e.stack import Stack


def pytest_sessionstart() -> None:
    """Refuse a fault that nobody knows how to plant."""
    fault = os.environ.get("FAULT")
    if fault and fault not in FAULTS:
        raise pytest.UsageError(f"FAULT={fault} is unknown: write one of {', '.join(FAULTS)}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Stack]:
    """Jaeger, Prometheus and Alertmanager."""
    stack = Stack(tmp_path_factory.mktemp("e2e"), server)
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def minimal(stack: Stack) -> Collector:
    """A Collector that passes everything on."""
    return stack.collector("collector.minimal.yaml")


@pytest.fixture(scope="session")
def gateway(stack: Stack) -> Collector:
    """The gateway: redaction and tail sampling."""
    return stack.collector("collector.yaml")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder for one check."""
    return tmp_path
