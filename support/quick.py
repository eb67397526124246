"""The tests of `make quick`: those that need no service, no process and no sleep. A plugin.

Which those are follows from what a test asks for, and no list has to be kept: left out is a test with a fixture that
brings a service, and one marked `slow`. A test that belongs to neither but starts a process, sleeps or opens a port
all the same fails here, and says what to write.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import grpc
import hypothesis
import pytest

SERVICES = frozenset({"parent", "receiver", "replay", "server"})
"""Fixtures that open a port or start a process for the tests that ask for them."""
LONGEST = 0.05
"""Seconds. What sleeps for less lets another thread have its turn."""
EXAMPLES = 25
"""A quarter of what `make test` tries of each property."""
_STARTS = frozenset({"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"})

_patch = pytest.MonkeyPatch()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not quick."""
    config.hook.pytest_deselected(items=[item for item in items if not _is_quick(item)])
    items[:] = [item for item in items if _is_quick(item)]


def _is_quick(item: pytest.Item) -> bool:
    # All that a test asks for, also through other fixtures.
    asked: list[str] = getattr(item, "fixturenames", [])
    return item.get_closest_marker("slow") is None and SERVICES.isdisjoint(asked)


def pytest_sessionstart() -> None:
    """Watch what the tests do, to the end of the process; properties get fewer examples than in `make test`."""
    hypothesis.settings.register_profile("quick", deadline=None, max_examples=EXAMPLES)
    hypothesis.settings.load_profile("quick")
    platform.processor()  # It asks a process, once; Azure's SDK wants it for its requests.
    sys.addaudithook(_watch)
    # Of these no audit hook hears: gRPC opens its port in C.
    _patch.setattr(grpc, "server", lambda *_, **__: _refuse("opens a port"))
    _patch.setattr(time, "sleep", _sleep)


def _watch(event: str, _: tuple[Any, ...]) -> None:
    if event in _STARTS:
        _refuse("starts a process")
    elif event == "socket.bind":
        _refuse("opens a port")


def _sleep(seconds: float, _sleep: Callable[[float], None] = time.sleep) -> None:
    if seconds > LONGEST:
        _refuse(f"sleeps for {seconds:g} s")
    _sleep(seconds)


def _refuse(what: str) -> None:
    if "PYTEST_CURRENT_TEST" in os.environ:  # what pytest and its workers do between the tests is theirs
        pytest.fail(f"this test {what}, which is not for `make quick`: mark it with @pytest.mark.slow")
