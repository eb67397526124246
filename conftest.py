"""What tests share: providers in memory, and the replay server."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

# litellm would otherwise fetch its price map from the network when it is imported.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import hypothesis
import pytest
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, get_current_span

import chunkmeter
from chunkmeter.testing import Kit
from replay import AUTHORITY
from replay.server import Server, start

os.environ["SSL_CERT_FILE"] = str(AUTHORITY)

# A busy machine is no bug: what takes how long is for the benchmark to say.
hypothesis.settings.register_profile("chunkmeter", deadline=None)
hypothesis.settings.load_profile("chunkmeter")

# Else whoever asks for the current loop before there is one, as pytest-asyncio and LiteLLM do, makes one and leaves it.
asyncio.set_event_loop(None)


def pytest_configure() -> None:
    """The tests' modules import all SDKs: a million objects that stay, which no collection is to go through."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on the collector is at work, on what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_collection(session: pytest.Session) -> None:
    """Keep coverage out of the SDKs' imports: it measures none of them, and they would take each worker twice as long.

    A run without coverage imports what its tests need, and the process that only hands tests to workers none at all.
    """
    trace = sys.gettrace()
    if trace is not None and not session.config.pluginmanager.hasplugin("dsession"):
        sys.settrace(None)
        importlib.import_module("mirascope.core")
        sys.settrace(trace)


@pytest.fixture
def kit() -> Iterator[Kit]:
    """Fresh in-memory providers."""
    kit = Kit()
    yield kit
    kit.shutdown()


@pytest.fixture
def wrap(kit: Kit) -> Callable[..., Any]:
    """`chunkmeter.wrap` for an OpenAI stream, reporting to `kit`."""

    def wrapped(stream: Any, **keywords: Any) -> Any:
        given: dict[str, Any] = {"provider": "openai", **keywords}
        return chunkmeter.wrap(stream, telemetry=kit.telemetry, **given)

    return wrapped


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The replay server, on a free port of 127.0.0.1."""
    with start() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_is_left_current() -> Iterator[None]:
    """A span that a test leaves current would be the parent of every later test's."""
    yield
    left = get_current_span()
    otel_context.attach(Context())
    assert left is INVALID_SPAN, f"the test has left a span current: {left}"
