"""The exporter `chunkmeter_otlp`: OTLP over both transports, with cost on the spans of other instrumentations."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from chunkmeter import ChunkSpanProcessor
from chunkmeter.cli.receiver import Receiver
from chunkmeter.exporter import CostSpanExporter
from chunkmeter.testing import Kit, attributes_of
from replay.otlp import read
from replay.server import Server
from support.apps import HttpReceiver, run_app
from support.peer_spans import GPT, SPANS

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ROOT = Path(__file__).parents[1]
FOREIGN = SPANS["genai"].attributes


class Kept(SpanExporter):
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.over = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.over = True

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return timeout_millis == 7


@pytest.fixture
def kept(kit: Kit) -> Kept:
    """What is exported from the kit's tracer provider, in batches."""
    exporter = Kept()
    kit.tracer_provider.add_span_processor(
        BatchSpanProcessor(CostSpanExporter(exporter, telemetry=kit.telemetry), schedule_delay_millis=3_600_000)
    )
    return exporter


def add_counting(kit: Kit, *behind: Any) -> None:
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(*behind, tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    )


def exported(kit: Kit, kept: Kept) -> list[dict[str, Any]]:
    kit.tracer_provider.force_flush()
    return [attributes_of(span) for span in kept.spans]


# --- what is exported ---


def test_a_foreign_span_is_exported_with_its_cost_and_nothing_is_counted(kit: Kit, kept: Kept) -> None:
    """The processor counts; at the exit the meter provider is gone before the last export."""
    kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=FOREIGN).end()
    (span,) = exported(kit, kept)
    assert span["gen_ai.usage.cost.amount"] == pytest.approx(GPT, abs=1e-12)
    assert (span["chunkmeter.cost.status"], span["chunkmeter.finish_reason"]) == ("known", "stop")
    assert span.items() >= {name: list(v) if isinstance(v, tuple) else v for name, v in FOREIGN.items()}.items()
    assert kit.points("chunkmeter.calls") == kit.points("chunkmeter.spend") == []


def test_beside_a_counting_processor_span_and_metrics_agree(kit: Kit, kept: Kept) -> None:
    add_counting(kit)
    kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=FOREIGN).end()
    (span,) = exported(kit, kept)
    assert span["gen_ai.usage.cost.amount"] == kit.total("chunkmeter.spend") == pytest.approx(GPT, abs=1e-12)


def test_all_other_spans_are_the_identical_objects(kit: Kit, kept: Kept) -> None:
    """Ours, those that we marked, those of HTTP, and sums of agents."""
    ended: list[ReadableSpan] = []

    class Recorder(SimpleSpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    kit.tracer_provider.add_span_processor(Recorder(Kept()))
    for attributes in (
        {**FOREIGN, "chunkmeter.outcome": "completed"},
        {**FOREIGN, "chunkmeter.metered": True},
        {**FOREIGN, "gen_ai.operation.name": "invoke_agent"},
        {"http.request.method": "POST"},
        {},
    ):
        kit.tracer_provider.get_tracer("peer").start_span("other", attributes=attributes).end()
    exported(kit, kept)
    assert [after is before for after, before in zip(kept.spans, ended, strict=True)] == [True] * 5


def test_a_span_whose_call_another_span_has_the_cost_of_gets_none(kit: Kit, kept: Kept) -> None:
    """A framework's span around the client's: one call, one cost."""
    add_counting(kit)
    tracer = kit.tracer_provider.get_tracer("framework")
    with tracer.start_as_current_span("chat", attributes=FOREIGN):
        kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=FOREIGN).end()
    inner, outer = exported(kit, kept)
    assert (inner["gen_ai.usage.cost.amount"], outer.get("gen_ai.usage.cost.amount")) == (pytest.approx(GPT), None)
    assert kit.total("chunkmeter.calls") == 1


def test_what_a_processor_has_priced_is_not_priced_again(kit: Kit) -> None:
    """And what others add or take away on the way reaches the exporter."""
    exporter = Kept()
    add_counting(kit, SimpleSpanProcessor(CostSpanExporter(exporter, telemetry=kit.telemetry)))
    kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=FOREIGN).end()
    (span,) = exporter.spans
    assert attributes_of(span)["gen_ai.usage.cost.amount"] == pytest.approx(GPT, abs=1e-12)


def test_a_failure_of_ours_exports_the_span_as_it_was(kit: Kit, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise RuntimeError("sk-secret")

    monkeypatch.setattr("chunkmeter.exporter.counted_attributes", failing)
    kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=FOREIGN).end()
    (span,) = exported(kit, kept)
    assert "gen_ai.usage.cost.amount" not in span
    assert kit.total("chunkmeter.errors", stage="price") == 1


def test_a_failed_call_keeps_its_status(kit: Kit, kept: Kept) -> None:
    span = kit.tracer_provider.get_tracer("peer").start_span("chat", attributes={"gen_ai.operation.name": "chat"})
    span.set_status(StatusCode.ERROR, "429")
    span.end()
    exported(kit, kept)
    assert kept.spans[0].status.status_code is StatusCode.ERROR
    assert attributes_of(kept.spans[0])["chunkmeter.cost.status"] == "no_usage"


def test_flush_and_shutdown_reach_the_exporter_behind(kit: Kit) -> None:
    behind = Kept()
    exporter = CostSpanExporter(behind, telemetry=kit.telemetry)
    assert exporter.force_flush(7)
    exporter.shutdown()
    assert behind.over


# --- over the wire ---


@pytest.mark.parametrize(
    ("environment", "module"),
    [
        ({}, "grpc"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, "http"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "grpc"),
    ],
)
def test_the_entry_point_speaks_the_protocol_that_is_set(
    environment: dict[str, str], module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of traces goes before that of all signals."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (entry,) = entry_points(group="opentelemetry_traces_exporter", name="chunkmeter_otlp")
    exporter = entry.load()()
    assert type(exporter._exporter).__module__ == f"opentelemetry.exporter.otlp.proto.{module}.trace_exporter"
    exporter.shutdown()


def test_an_unknown_protocol_is_the_user_s_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json")
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is neither grpc nor http/protobuf"):
        CostSpanExporter()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_one_variable_puts_cost_on_the_spans_of_an_app(server: Server, protocol: str, tmp_path: Path) -> None:
    """`OTEL_TRACES_EXPORTER=chunkmeter_otlp`: each call of each dialect arrives with its cost, and counts once."""
    environment = {"OTEL_TRACES_EXPORTER": "chunkmeter_otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    environment["PYTHONPATH"] = str(ROOT)
    app = ROOT / "support" / "foreign_app.py"
    if protocol == "grpc":
        with Receiver(record=tmp_path).start() as receiver:
            run_app(server, {**environment, ENDPOINT: f"http://127.0.0.1:{receiver.port}"}, app=app)
    else:
        with HttpReceiver(tmp_path) as receiver:
            run_app(server, {**environment, ENDPOINT: receiver.url}, app=app)
    recording = read(tmp_path)
    arrived = {span["name"]: span.get("gen_ai.usage.cost.amount") for span in recording.spans}
    assert arrived == {name: None if span.usd is None else pytest.approx(span.usd) for name, span in SPANS.items()}
    spent: list[Any] = recording.points("chunkmeter.spend", {})
    assert sum(spent) == pytest.approx(sum(span.usd or 0 for span in SPANS.values()))
