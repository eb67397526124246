"""Four ways to switch it off. Each is held against the same app without the switch, which does emit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit
from replay.otlp import read
from replay.server import Server
from support.apps import PLAYED, HttpReceiver, run_app
from support.cells import Cell, instrument
from support.clients import new_client

SDKS = "chunkmeter_anthropic,chunkmeter_openai"
"""The entry points of the hooks of the SDKs that lie below the app's Mirascope."""

METRICS = ("chunkmeter.calls", "chunkmeter.spend", "gen_ai.client.operation.duration", "gen_ai.client.token.usage")


@pytest.mark.parametrize(
    ("switch", "calls"),
    [
        ({}, len(PLAYED)),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": f"mirascope,{SDKS}"}, 0),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "mirascope"}, 3),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": SDKS}, len(PLAYED)),
        ({"OTEL_SDK_DISABLED": "true"}, 0),
    ],
    ids=["no switch", "disabled instrumentations", "Mirascope disabled", "SDKs disabled", "disabled SDK"],
)
def test_the_environment_switches_it_off(server: Server, tmp_path: Path, switch: dict[str, str], calls: int) -> None:
    """The app makes the same requests each time; what is exported is every call, or nothing."""
    sent = len(server.requests)
    with HttpReceiver(tmp_path) as receiver:
        otlp = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        told = run_app(server, {**otlp, **switch})
    assert sorted(str(request.scenario) for request in server.requests[sent:]) == sorted(PLAYED)
    recording = read(tmp_path)
    assert sum("gen_ai.operation.name" in span for span in recording.spans) == calls
    counted = [point for point in recording.points("chunkmeter.calls", {}) if isinstance(point, float)]
    assert sum(counted) == calls
    assert "chunkmeter failed" not in told
    assert "No OpenTelemetry SDK is set up" not in told


@pytest.fixture(params=["stream", "call"])
def function(request: pytest.FixtureRequest, server: Server) -> Iterator[Any]:
    """A Mirascope function, streamed or not, whose answer is iterated the same way."""
    with ExitStack() as stack:
        client = new_client("openai", f"{server.url}/openai", stack)
        yield Cell("openai", is_async=False, stream=request.param == "stream", kind="plain").decorate(
            "decorator", client
        )


def emitted(kit: Kit) -> tuple[int, int]:
    """Spans, and metrics that have points."""
    return len(kit.spans), sum(bool(kit.points(name)) for name in METRICS)


def test_suppress_instrumentation_switches_it_off(kit: Kit, function: Any) -> None:
    """Inside the context manager nothing is emitted, after it everything."""
    instrument(kit)
    try:
        with suppress_instrumentation():
            list(function("Faro"))
        assert emitted(kit) == (0, 0)
        list(function("Faro"))
        assert emitted(kit) == (1, len(METRICS))
    finally:
        MirascopeInstrumentor().uninstrument()


def test_uninstrument_switches_it_off(kit: Kit, function: Any) -> None:
    """What was emitted before stays, nothing is added."""
    instrument(kit)
    list(function("Faro"))
    assert emitted(kit) == (1, len(METRICS))
    calls = kit.total("chunkmeter.calls")
    MirascopeInstrumentor().uninstrument()
    list(function("Faro"))
    assert emitted(kit) == (1, len(METRICS))
    assert kit.total("chunkmeter.calls") == calls == 1
