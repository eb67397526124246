"""Four ways to switch it off. Each is held against the same app without the switch, which does emit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from chunkmeter.instrumentors import MirascopeInstrumentor
from replay.otlp import read
from replay.server import Server
from tests.apps import PLAYED, HttpReceiver, run_app
from tests.clients import new_client
from tests.kit import Kit
from tests.matrix_app import Cell

METRICS = ("chunkmeter.calls", "chunkmeter.spend", "gen_ai.client.operation.duration", "gen_ai.client.token.usage")


@pytest.mark.parametrize(
    ("switch", "calls"),
    [
        ({}, len(PLAYED)),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "mirascope"}, 0),
        ({"OTEL_SDK_DISABLED": "true"}, 0),
    ],
    ids=["no switch", "disabled instrumentation", "disabled SDK"],
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
    instrumentor = MirascopeInstrumentor()
    instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    try:
        with suppress_instrumentation():
            list(function("Faro"))
        assert emitted(kit) == (0, 0)
        list(function("Faro"))
        assert emitted(kit) == (1, len(METRICS))
    finally:
        instrumentor.uninstrument()


def test_uninstrument_switches_it_off(kit: Kit, function: Any) -> None:
    """What was emitted before stays, nothing is added."""
    instrumentor = MirascopeInstrumentor()
    instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    list(function("Faro"))
    assert emitted(kit) == (1, len(METRICS))
    calls = kit.total("chunkmeter.calls")
    instrumentor.uninstrument()
    list(function("Faro"))
    assert emitted(kit) == (1, len(METRICS))
    assert kit.total("chunkmeter.calls") == calls == 1
