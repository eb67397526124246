"""`make demo` says what got through to an endpoint of the user's, and what did not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from replay import demo
from replay.scenarios import by_id

pytestmark = pytest.mark.slow

grpc: Any = import_module("grpc")  # it comes without types
SCENARIO = by_id["openai-plain-stream"]
ALONE = "{0} takes no metrics (UNIMPLEMENTED): sending it spans alone.\n"


class Endpoint:
    """An OTLP/gRPC endpoint that has these services; others it answers as gRPC does."""

    def __init__(self, **answers: Any) -> None:
        self._server = grpc.server(ThreadPoolExecutor(2))
        for service, answer in answers.items():
            name = f"opentelemetry.proto.collector.{service}.v1.{service.capitalize()}Service"
            methods = {"Export": grpc.unary_unary_rpc_method_handler(answer)}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(grace=1).wait()


def takes(request: bytes, context: Any) -> bytes:
    return b""


def refuses(request: bytes, context: Any) -> bytes:
    return context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for you")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the examples: one call, one span and one point, by the real exporters, whose log is the app's."""

    def run_app(app: Path, environment: dict[str, str], log: IO[str]) -> int:
        httpx.post(f"{environment['OPENAI_BASE_URL'].rpartition('/')[0]}/id/{SCENARIO.id}/x", json={}, trust_env=False)
        handler = logging.StreamHandler(log)
        logging.getLogger("opentelemetry").addHandler(handler)
        options: dict[str, Any] = {"endpoint": environment["OTEL_EXPORTER_OTLP_ENDPOINT"], "insecure": True}
        tracers = TracerProvider()
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(**options)))
        exports = environment["OTEL_METRICS_EXPORTER"] == "otlp"
        meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(**options))] if exports else [])
        tracers.get_tracer("app").start_span("chat").end()
        meters.get_meter("app").create_counter("calls").add(1)
        tracers.shutdown()
        meters.shutdown()
        logging.getLogger("opentelemetry").removeHandler(handler)
        return 0

    # It keeps back what reads alike for 20 seconds, also from one test to the next.
    monkeypatch.setattr(logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter"), "filters", [])
    monkeypatch.setattr(demo, "run_app", run_app)
    monkeypatch.setattr(demo, "APPS", demo.APPS[:1])
    monkeypatch.setattr(demo, "ALL", (SCENARIO,))


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ({"trace": takes, "metrics": takes}, 0, "1 calls sent to {}; received and checked there, not here.\n"),
        (
            {"trace": takes},
            0,
            ALONE + "The spans of 1 calls sent to {0}; received and checked there, not here.\n",
        ),
        (
            {"trace": takes, "metrics": refuses},
            1,
            "demo: not all telemetry got through: metrics (PERMISSION_DENIED) at least\n",
        ),
        ({"metrics": takes}, 1, "demo: not all telemetry got through: traces (UNIMPLEMENTED) at least\n"),
        (
            {"trace": refuses},
            1,
            ALONE + "demo: not all telemetry got through: traces (PERMISSION_DENIED) at least\n",
        ),
    ],
    ids=["both", "traces alone", "metrics refused", "metrics alone", "neither"],
)
def test_what_an_endpoint_does_not_take_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answers: dict[str, Any], code: int, said: str
) -> None:
    """Traces alone are what Jaeger takes, which is no failure; whatever else is lost is one."""
    endpoint = Endpoint(**answers)
    try:
        assert demo.play(endpoint.url, tmp_path, json=False) == code
    finally:
        endpoint.stop()
    assert capsys.readouterr().err == said.format(endpoint.url)


def test_what_is_lost_is_told_once() -> None:
    """An exporter gives up many exports, for one reason as a rule."""
    line = "Failed to export traces to 127.0.0.1:4317, error code: StatusCode.UNAVAILABLE, error details: none"
    other = line.replace("traces", "metrics")
    assert demo.lost(f"{line}\n{other}\n{line}") == ": metrics (UNAVAILABLE), traces (UNAVAILABLE) at least"
    assert demo.lost("Failed to export batch") == ""


def test_an_endpoint_that_does_not_answer_may_take_metrics() -> None:
    """Nothing is left out for it."""
    endpoint = Endpoint(trace=takes)
    endpoint.stop()
    assert demo.takes_metrics(endpoint.url)
