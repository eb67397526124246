"""One stack for all the checks: it is what takes long to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.e2e.programs import Collector
from checks.e2e.stack import Stack
from replay.server import Server
from support.faults import asked


def pytest_configure() -> None:
    """Refuse a fault that nobody knows how to plant; the apps plant it."""
    asked("e2e", pytest.exit)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Stack]:
    """Jaeger, Prometheus, VictoriaMetrics and Alertmanager."""
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
