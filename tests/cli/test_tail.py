"""The receiver behind `chunkmeter tail`: real OTLP in, calls and totals out."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path
from typing import Any, Literal

import pytest
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.util.types import AttributeValue

import chunkmeter
from chunkmeter import Settings, cli
from chunkmeter.cli.call import Call
from chunkmeter.cli.doctor.observed import observe
from chunkmeter.cli.otlp import LONGEST, clean
from chunkmeter.cli.receiver import Receiver
from chunkmeter.cli.tail import main
from chunkmeter.cli.totals import MeasuredTotals, SpanTotals
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.reporting.telemetry import Telemetry
from support.recorded import CALLS, play

grpc: Any = import_module("grpc")  # it comes without types

ATTRIBUTES: dict[str, AttributeValue] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.request.stream": True,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.time_to_first_chunk": 0.25,
    "gen_ai.usage.input_tokens": 3060,
    "gen_ai.usage.cache_read.input_tokens": 2048,
    "gen_ai.usage.cache_creation.input_tokens": 1000,
    "chunkmeter.usage.cache_write_1h_tokens": 400,
    "gen_ai.usage.output_tokens": 57,
    "gen_ai.usage.cost.amount": 0.0061554,
    "gen_ai.usage.cost.currency": "USD",
    "chunkmeter.cost_metadata.tier": "standard",
    "chunkmeter.outcome": "completed",
}


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(record=tmp_path / "otlp").start() as running:
        yield running


def send_spans(receiver: Receiver, *spans: dict[str, AttributeValue]) -> None:
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{receiver.port}", insecure=True, timeout=60)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for attributes in spans:
        provider.get_tracer("test").start_span("chat", attributes=attributes).end()
    provider.shutdown()


def send_metrics(receiver: Receiver, *, rounds: int = 1) -> None:
    """Two calls a round, exported after each round: cumulative points that repeat themselves."""
    exporter = OTLPMetricExporter(endpoint=f"http://127.0.0.1:{receiver.port}", insecure=True, timeout=60)
    provider = MeterProvider([PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)])
    meter = provider.get_meter("test")
    spend, calls = meter.create_counter("chunkmeter.spend"), meter.create_counter("chunkmeter.calls")
    tokens = meter.create_histogram("gen_ai.client.token.usage")
    for _ in range(rounds):
        for model in ("a", "b"):
            spend.add(0.125, {"gen_ai.usage.cost.currency": "USD", "gen_ai.request.model": model})
            calls.add(1, {"gen_ai.request.model": model})
            tokens.record(7, {"gen_ai.token.type": "input", "gen_ai.request.model": model})
            tokens.record(2, {"gen_ai.token.type": "output", "gen_ai.request.model": model})
        provider.force_flush()
    provider.shutdown()


def measured(receiver: Receiver) -> dict[str, float]:
    """The totals that metrics told of."""
    return {row.name: float(row.metrics) for row in receiver.book.totals() if row.metrics != "0"}


def test_a_call_arrives_under_the_names_of_the_seed(receiver: Receiver) -> None:
    send_spans(receiver, ATTRIBUTES)
    (call,) = receiver.book.page().calls
    assert json.loads(call.as_json()) == {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5-20250929",
        "finish_reasons": ["stop"],
        "usage": {
            "input_tokens": 3060,
            "cached_tokens": 2048,
            "output_tokens": 57,
            "cache_write_tokens": 1000,
            "cache_write_1h_tokens": 400,
        },
        "cost": 0.0061554,
        "cost_metadata": {
            "input_tokens": 3060,
            "output_tokens": 57,
            "cached_tokens": 2048,
            "streaming_mode": True,
            "tier": "standard",
        },
        "outcome": "completed",
        "time_to_first_chunk": 0.25,
        "currency": "USD",
        "cost_status": None,
        "unpriced": [],
        "service": "unknown_service:python",
    }


def test_only_inference_spans_are_calls(receiver: Receiver) -> None:
    send_spans(receiver, {"http.request.method": "POST"}, {"gen_ai.operation.name": "execute_tool"})
    send_spans(receiver, {"gen_ai.operation.name": "text_completion"}, {"chunkmeter.outcome": "error"})
    assert [call.outcome for call in receiver.book.page().calls] == ["completed", "error"]
    assert receiver.book.page().calls[0].usage == {}
    assert receiver.book.page().calls[0].cost is None


@pytest.mark.parametrize("peer", ["langfuse-3.15.0", "langfuse-5.0.4"])
def test_usage_that_is_long_json_is_read_whole(receiver: Receiver, tmp_path: Path, peer: str) -> None:
    """Langfuse's is longer than what is shown of a text: 1,200 tokens, of which 1,024 are cached, and 45 out."""
    (recorded,) = [each for each in CALLS if (each.peer, each.call) == (peer, "openai, stream")]
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{receiver.port}", insecure=True, timeout=60)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    play(recorded, provider)
    provider.shutdown()
    assert len(recorded.spans[0]["attributes"]["langfuse.observation.usage_details"]) > LONGEST
    cost = pytest.approx((176 * 0.15 + 1024 * 0.075 + 45 * 0.60) / 1e6, abs=1e-12)
    (call,) = receiver.book.page().calls
    used = [call.usage[name] for name in ("input_tokens", "cached_tokens", "output_tokens")]
    assert (used, call.cost, call.cost_status) == ([1200, 1024, 45], cost, "known")
    ((scope, told),) = observe(tmp_path / "otlp", receiver.book).calls
    assert (scope, told["gen_ai.usage.cost.amount"], told["chunkmeter.cost.status"]) == ("langfuse-sdk", cost, "known")
    assert all(len(value) <= LONGEST for value in told.values() if isinstance(value, str))


def test_absent_is_not_zero(receiver: Receiver) -> None:
    send_spans(receiver, {"gen_ai.operation.name": "chat", "gen_ai.usage.cache_read.input_tokens": 0})
    assert receiver.book.page().calls[0].usage == {"cached_tokens": 0}


def test_control_characters_never_reach_the_terminal(receiver: Receiver) -> None:
    send_spans(receiver, {**ATTRIBUTES, "gen_ai.response.model": "a\x1b[2J\x9bb\r\n\u202ec"})
    assert receiver.book.page().calls[0].model == "a[2Jbc"
    assert clean("Olá, 世界") == "Olá, 世界"


def test_totals_take_the_last_cumulative_point(receiver: Receiver) -> None:
    send_metrics(receiver, rounds=3)
    assert measured(receiver) == {
        "chunkmeter.calls": 6.0,
        "chunkmeter.spend USD": 0.75,
        "gen_ai.client.token.usage input": 42.0,
        "gen_ai.client.token.usage output": 12.0,
    }


def test_a_span_inside_a_metered_call_is_no_call_of_its_own(receiver: Receiver) -> None:
    """Another instrumentation's span, marked as metered, would show it twice; one that carries our facts is it."""
    inner: dict[str, AttributeValue] = {"gen_ai.operation.name": "chat", "chunkmeter.metered": True}
    send_spans(receiver, inner, {**inner, "chunkmeter.outcome": "completed"})
    assert [call.outcome for call in receiver.book.page().calls] == ["completed"]


def test_odd_values_are_left_out(receiver: Receiver) -> None:
    """Whoever sends it, a value of another type than the name promises never reaches the table or the JSON."""
    odd: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": 7,
        "gen_ai.request.model": ["a", "b"],
        "gen_ai.response.finish_reasons": 3,
        "gen_ai.usage.input_tokens": True,
        "gen_ai.usage.output_tokens": float("nan"),
        "gen_ai.usage.cost.amount": 2,
        "chunkmeter.cost_metadata.google": b"bytes",
    }
    send_spans(receiver, odd)
    (call,) = receiver.book.page().calls
    assert (call.provider, call.model, call.finish_reasons, call.usage, call.cost) == (None, None, ["3"], {}, 2)
    assert json.loads(call.as_json())["cost_metadata"] == {"streaming_mode": False, "google": None}


def test_sums_of_exponential_histograms_count() -> None:
    """A sender that prefers exponential histograms loses buckets, not its total."""
    metric = Metric(name="gen_ai.client.token.usage")
    metric.exponential_histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.exponential_histogram.data_points.add(sum=12, count=2)
    totals = MeasuredTotals()
    totals.add("app", metric)
    assert totals.read() == {"gen_ai.client.token.usage": 12}


def test_delta_points_add_up() -> None:
    """Of delta points each is new, so 3 and 4 make 7; of cumulative ones the last holds."""
    metric = Metric(name="chunkmeter.calls")
    metric.sum.data_points.add(as_int=3)
    for temporality, total in (
        (AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, 7),
        (AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, 4),
    ):
        totals = MeasuredTotals()
        metric.sum.aggregation_temporality = temporality
        for amount in (3, 4):
            metric.sum.data_points[0].as_int = amount
            totals.add("app", metric)
        assert totals.read() == {"chunkmeter.calls": total}


def test_totals_add_up_over_processes(receiver: Receiver) -> None:
    send_metrics(receiver)
    send_metrics(receiver)
    assert measured(receiver)["chunkmeter.spend USD"] == 0.5


def test_span_totals_have_the_names_of_the_metrics() -> None:
    call = Call("p", "m", [], {"input_tokens": 7, "output_tokens": 2}, 0.125, {}, "completed", None)
    spans = SpanTotals()
    spans.add(call)
    spans.add(call)
    assert spans.read() == {
        "chunkmeter.calls": 2.0,
        "chunkmeter.spend USD": 0.25,
        "gen_ai.client.token.usage input": 14.0,
        "gen_ai.client.token.usage output": 4.0,
    }


@pytest.mark.parametrize(
    ("setting", "tokens"),
    [
        ("released", ["gen_ai.client.token.usage input", "gen_ai.client.token.usage output"]),
        (
            "latest",
            ["gen_ai.client.inference.usage.input_tokens", "gen_ai.client.inference.usage.output_tokens"],
        ),
        (
            "both",
            [
                "gen_ai.client.inference.usage.input_tokens",
                "gen_ai.client.inference.usage.output_tokens",
                "gen_ai.client.token.usage input",
                "gen_ai.client.token.usage output",
            ],
        ),
    ],
)
def test_totals_agree_under_any_conventions(
    receiver: Receiver, setting: Literal["released", "latest", "both"], tokens: list[str]
) -> None:
    """Metrics of a real `Telemetry`; the call's 42 tokens in and 12 out by whichever names it gives them."""
    answer = Tally()
    answer.usage, answer.count_tokens = Tokens(input_tokens=42, input_audio_tokens=2, output_tokens=12), lambda it: it
    ended = Ended(Request(), answer, "completed", None, 1, 2, 3)
    exporter = OTLPMetricExporter(endpoint=f"http://127.0.0.1:{receiver.port}", insecure=True)
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    telemetry = Telemetry(meter_provider=provider, settings=Settings(semconv=setting))
    telemetry.record(ended, telemetry.assess(ended), Context())
    provider.shutdown()
    call = Call(None, None, [], {"input_tokens": 42, "output_tokens": 12}, None, {}, "completed", None)
    arrived = measured(receiver)
    assert sorted(arrived) == ["chunkmeter.calls", *tokens]
    spans = SpanTotals()
    spans.add(call)
    added = spans.read(arrived)
    assert {name: added[name] for name in arrived} == arrived


def test_records_the_very_bytes(receiver: Receiver, tmp_path: Path) -> None:
    send_spans(receiver, ATTRIBUTES)
    send_metrics(receiver)
    names = sorted(path.name for path in (tmp_path / "otlp").iterdir())
    assert names[0] == "000001.traces.bin"
    assert all(name.endswith(".metrics.bin") for name in names[1:])
    sent = ExportTraceServiceRequest.FromString((tmp_path / "otlp" / names[0]).read_bytes())
    assert sent.resource_spans[0].scope_spans[0].spans[0].name == "chat"


@pytest.mark.slow
def test_calls_back_in_order() -> None:
    seen: list[Call] = []
    with Receiver(on_call=seen.append).start() as receiver:
        send_spans(receiver, ATTRIBUTES, {**ATTRIBUTES, "gen_ai.provider.name": "groq"})
    assert [call.provider for call in seen] == ["anthropic", "groq"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_listens_on_this_machine_only(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"use 127\.0\.0\.1"):
        Receiver(host=host)
    assert main(["--host", host, "--json"]) == 2
    assert "use 127.0.0.1" in capsys.readouterr().err


def run_tail(*arguments: str) -> tuple[str, str]:
    """Starts the program, sends it one call and its metrics, interrupts it; its output and errors."""
    command = [sys.executable, "-W", "error", "-m", "chunkmeter.cli.tail", "--port=0", *arguments]
    environment = {**os.environ, "COLUMNS": "120"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert isinstance(process.stderr, io.TextIOBase)
            address = process.stderr.readline().split()[-1]
            receiver: Any = type("Remote", (), {"port": int(address.rpartition(":")[2])})
            send_spans(receiver, ATTRIBUTES)
            send_metrics(receiver)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
        finally:
            process.kill()  # one that did not end would be waited for without end
    return output, errors


@pytest.mark.slow
def test_json_is_a_line_a_call_and_nothing_else() -> None:
    output, errors = run_tail("--json")
    (line,) = output.splitlines()
    assert list(json.loads(line)) == [
        "provider",
        "model",
        "finish_reasons",
        "usage",
        "cost",
        "cost_metadata",
        "outcome",
        "time_to_first_chunk",
        "currency",
        "cost_status",
        "unpriced",
        "service",
    ]
    assert "chunkmeter.calls\t2\t1\tdiffer" in errors


@pytest.mark.slow
def test_the_table_ends_with_totals() -> None:
    output, _ = run_tail()
    assert "claude-sonnet-4-5-20250929" in output
    assert "250.0 ms" in output
    assert "differ" in output  # the metrics sent are those of two other calls


@pytest.mark.slow
def test_the_console_script_has_the_command() -> None:
    """`chunkmeter tail` is `python -m chunkmeter.cli.tail`."""
    script = Path(sys.executable).with_name("chunkmeter")
    help_text = subprocess.run([script, "tail", "--help"], capture_output=True, text=True, check=True).stdout
    assert "usage: chunkmeter tail" in help_text
    assert "--record DIR" in help_text
    assert cli.main(["tail", "--host", "192.0.2.1", "--json"]) == 2


def test_the_command_line_says_its_version_and_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names the package's version; no command at all is an error that lists them."""
    with pytest.raises(SystemExit) as done:
        cli.main(["--version"])
    assert done.value.code == 0
    assert capsys.readouterr().out == f"chunkmeter {chunkmeter.__version__}\n"
    with pytest.raises(SystemExit) as done:
        cli.main([])
    assert done.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_without_the_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The live table is drawn by the extra's rich; without it the way out is a command to copy."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert cli.main(["tail"]) == 2
    assert capsys.readouterr().err == "The table needs rich: pip install 'chunkmeter[cli]' (or use --json).\n"


def test_a_port_in_use_is_said(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be bound ends the program with the reason, not with a traceback."""
    assert main(["--json", f"--port={receiver.port}"]) == 2
    assert f"Cannot receive on 127.0.0.1:{receiver.port}" in capsys.readouterr().err


def test_a_browser_is_refused(receiver: Receiver) -> None:
    """A page from anywhere can send to loopback, with an Origin header."""
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(b"", timeout=5, metadata=[("origin", "https://example.com")])
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert export(b"", timeout=5) == b""


@pytest.mark.slow
def test_an_export_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are not even kept."""
    monkeypatch.setattr("chunkmeter.cli.receiver._MAX_MESSAGE", 1000)
    with Receiver().start() as receiver:
        with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
            export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            with pytest.raises(grpc.RpcError) as refused:
                export(b"\0" * 1001, timeout=5)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        send_spans(receiver, ATTRIBUTES)
        assert len(receiver.book.page().calls) == 1


def test_bytes_that_are_no_otlp_are_refused(receiver: Receiver) -> None:
    """The sender is told, and what comes after is received as before."""
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(b"\xff\xff", timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    send_spans(receiver, ATTRIBUTES)
    assert len(receiver.book.page().calls) == 1
