"""From an unchanged app under `opentelemetry-instrument` to OTLP bytes, over both transports."""

from __future__ import annotations

from pathlib import Path

import pytest

from chunkmeter.cli.tail import Receiver
from replay.check import check
from replay.otlp import Recording, read
from replay.scenarios import by_id
from replay.server import Server
from support.apps import APP, PLAYED, HttpReceiver, run_app

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SCENARIOS = [by_id[name] for name in PLAYED]


@pytest.fixture(params=["grpc", "http/protobuf"])
def exported(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Path:
    """The bytes that the app exported, over either transport."""
    environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": request.param, "OTEL_SERVICE_NAME": "app"}
    if request.param == "grpc":
        with Receiver(record=tmp_path).start() as receiver:
            run_app(server, {**environment, ENDPOINT: f"http://127.0.0.1:{receiver.port}"})
    else:
        with HttpReceiver(tmp_path) as receiver:
            run_app(server, {**environment, ENDPOINT: receiver.url})
            assert {"/v1/traces", "/v1/metrics"} <= set(receiver.paths)
    return tmp_path


def test_each_call_is_exported_once_and_true(exported: Path) -> None:
    """Spans equal the scenarios' literals, and the metrics add up to the spans."""
    calls, mismatches = check(exported, SCENARIOS)
    assert mismatches == []
    assert calls == len(SCENARIOS)
    recording = read(exported)
    check_spans(recording)
    check_metrics(recording)


def check_spans(recording: Recording) -> None:
    """One CLIENT span a call, that says which function made it."""
    calls = [span for span in recording.spans if "gen_ai.operation.name" in span]
    assert sorted((span["name"], span["code.function.name"]) for span in calls) == [
        ("chat claude-sonnet-4-5", "__main__.history"),
        ("chat gpt-4o-mini", "__main__.describe"),
        ("chat gpt-4o-mini", "__main__.surprise"),
    ]


def check_metrics(recording: Recording) -> None:
    """The points that alerts and dashboards read, with their labels."""
    model = "claude-sonnet-4-5"
    (spend,) = recording.points("chunkmeter.spend", {"gen_ai.request.model": model})
    assert spend == pytest.approx(by_id["anthropic-plain-stream"].truth.usd, abs=1e-9)
    expected = {
        "gen_ai.request.model": model,
        "gen_ai.provider.name": "anthropic",
        "gen_ai.operation.name": "chat",
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "reported",
        "chunkmeter.cost.status": "known",
    }
    assert recording.points("chunkmeter.calls", expected) == [1.0]
    assert sum(point for point in recording.points("chunkmeter.calls", {}) if isinstance(point, float)) == 3


def test_without_an_sdk_one_warning_says_what_to_do(server: Server) -> None:
    """Hooks without an SDK export nothing: that is said once, with the cure."""
    told = run_app(server, {}, instrumented=False, app=APP.with_name("bare_app.py"))
    assert told.count("No OpenTelemetry SDK is set up") == 1
    assert "Run the app with opentelemetry-instrument (pip install 'chunkmeter[auto]')" in told
