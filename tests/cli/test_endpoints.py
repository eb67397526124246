"""`chunkmeter tail` over OTLP/HTTP and gRPC, from the SDK's own exporters; what it passes on and what it saves."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from chunkmeter.cli import forward, otlp_json
from chunkmeter.cli.forward import Forward, Target, environment_targets, targets
from chunkmeter.cli.receiver import Receiver
from chunkmeter.cli.tail import main
from support.receiving import Receiving
from support.sdk import eventually

pytestmark = pytest.mark.slow

grpc: Any = import_module("grpc")  # it comes without types
CALL = {"chunkmeter.outcome": "completed", "gen_ai.response.model": "m", "gen_ai.usage.cost.amount": 0.25}
PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().start() as running:
        yield running


def send(exporter: SpanExporter, **attributes: Any) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("test").start_span("chat", attributes={**CALL, **attributes}).end()
    provider.shutdown()


def export() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="chat", trace_id=b"t" * 16, span_id=b"s" * 8)
    span.attributes.add(key="chunkmeter.outcome").value.string_value = "completed"
    return request


def post(receiver: Receiver, body: Any, headers: dict[str, str], path: str = "/v1/traces") -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", receiver.http_port, timeout=60)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_sdk_s_exporters_are_received_over_http(receiver: Receiver, compression: Compression) -> None:
    url = f"http://127.0.0.1:{receiver.http_port}/v1"
    send(OTLPSpanExporter(f"{url}/traces", compression=compression))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/metrics", compression=compression))
    meters = MeterProvider([reader], resource=Resource({"service.name": "shop"}))
    meters.get_meter("test").create_counter("chunkmeter.calls").add(1)
    meters.get_meter("test").create_counter("chunkmeter.spend").add(0.25, {"gen_ai.usage.cost.currency": "USD"})
    meters.shutdown()
    (call,) = receiver.book.page().calls
    assert (call.model, call.cost, call.service) == ("m", 0.25, "shop")
    rows = {row.name: row[1:] for row in receiver.book.totals()}
    assert rows["chunkmeter.calls"] == ("1", "1", "agree")
    assert rows["chunkmeter.spend USD"] == ("0.25", "0.25", "agree")


def test_json_is_received_compressed_and_in_chunks(receiver: Receiver) -> None:
    """As exporters of other languages send it; `{}` has nothing in it, and logs are taken and left alone."""
    line = otlp_json.written(export()).encode()
    assert post(receiver, line, JSON) == (200, b"{}")
    assert post(receiver, gzip.compress(line), {**JSON, "content-encoding": "gzip"}) == (200, b"{}")
    assert post(receiver, iter([line[:9], line[9:]]), {"content-type": "application/json; charset=utf-8"})[0] == 200
    assert post(receiver, b"{}", JSON) == (200, b"{}")
    assert post(receiver, b'{"resourceLogs": []}', JSON, "/v1/logs") == (200, b"{}")
    assert receiver.book.page().count == 3


REFUSED: dict[str, tuple[Any, dict[str, str], str, int]] = {
    "no JSON": (b"{", JSON, "/v1/traces", 400),
    "JSON of something else": (b'{"resourceSpans": 7}', JSON, "/v1/traces", 400),
    "JSON of another signal": (b'{"resourceMetrics": []}', JSON, "/v1/traces", 400),
    "no protobuf": (b"\xff\xff", PROTOBUF, "/v1/traces", 400),
    "half a message": (export().SerializeToString()[:-3], PROTOBUF, "/v1/traces", 400),
    "no gzip": (b"no", {**PROTOBUF, "content-encoding": "gzip"}, "/v1/traces", 400),
    "half of gzip": (gzip.compress(bytes(99))[:-9], {**PROTOBUF, "content-encoding": "gzip"}, "/v1/traces", 400),
    "a bomb": (gzip.compress(bytes(100 << 20)), {**PROTOBUF, "content-encoding": "gzip"}, "/v1/traces", 413),
    "too large": (bytes(9 << 20), PROTOBUF, "/v1/traces", 413),
    "too large in chunks": (iter([bytes(1 << 20)] * 9), PROTOBUF, "/v1/traces", 413),
    "another compression": (b"", {**PROTOBUF, "content-encoding": "br"}, "/v1/traces", 415),
    "another type": (b"", {"content-type": "text/plain"}, "/v1/traces", 415),
    "another path": (b"", PROTOBUF, "/v1/trace", 404),
    "a browser": (b"", {**PROTOBUF, "origin": "https://example.com"}, "/v1/traces", 403),
    "no length": (b"", {**PROTOBUF, "content-length": "x"}, "/v1/traces", 411),
    "bad chunks": (b"zz\r\n", {**PROTOBUF, "transfer-encoding": "chunked"}, "/v1/traces", 400),
}  # fmt: skip


@pytest.mark.parametrize("odd", REFUSED)
def test_what_is_no_export_is_refused_and_the_next_taken(receiver: Receiver, odd: str) -> None:
    """With a reason in the body, as OTLP asks; of a body that is not read to its end the connection may just break."""
    body, headers, path, status = REFUSED[odd]
    try:
        found, said = post(receiver, body, headers, path)
    except (BrokenPipeError, ConnectionResetError):
        assert status == 413
    else:
        assert found == status
        assert json.loads(said)["message"] if headers == JSON else Status.FromString(said).message
    assert post(receiver, export().SerializeToString(), PROTOBUF) == (200, b"")
    assert receiver.book.page().count == 1


def test_a_sender_that_goes_in_the_middle_harms_nobody(receiver: Receiver) -> None:
    with socket.create_connection(("127.0.0.1", receiver.http_port)) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")
    with socket.create_connection(("127.0.0.1", receiver.http_port)) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x00 no HTTP\r\n\r\n")
    assert post(receiver, b"{}", JSON)[0] == 200


class Backend:
    """An OTLP/HTTP endpoint that keeps what it gets, and answers as it is told."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = status
        backend = self

        class Handler(Receiving):
            def take(self, payload: bytes) -> int:
                headers = {name.lower(): value for name, value in self.headers.items()}
                backend.got.append((self.path, headers, payload))
                return backend.status

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/otlp"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def backend() -> Iterator[Backend]:
    running = Backend()
    yield running
    running.stop()


def test_each_export_is_passed_on_as_it_came(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very bytes, of the same type, with the user's headers; by whichever way they came."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,x=a%20b")
    line, raw = otlp_json.written(export()).encode(), export().SerializeToString()
    with Receiver(forward=Forward(targets(backend.url))).start() as receiver:
        assert post(receiver, line, JSON)[0] == 200
        assert post(receiver, raw, PROTOBUF)[0] == 200
        with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
            channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")(b"", timeout=60)
    assert [(path, payload) for path, _, payload in backend.got] == [
        ("/otlp/v1/traces", line), ("/otlp/v1/traces", raw), ("/otlp/v1/logs", b""),
    ]  # fmt: skip
    types = [headers["content-type"] for _, headers, _ in backend.got]
    assert types == ["application/json", "application/x-protobuf", "application/x-protobuf"]
    assert {(headers["api-key"], headers["x"]) for _, headers, _ in backend.got} == {("secret", "a b")}


def test_exports_are_passed_on_by_grpc_too() -> None:
    """JSON as the protobuf that it is."""
    with Receiver().start() as backend:
        with Receiver(forward=Forward(targets(f"http://127.0.0.1:{backend.port}"))).start() as receiver:
            post(receiver, otlp_json.written(export()).encode(), JSON)
            send(GrpcExporter(f"http://127.0.0.1:{receiver.port}", insecure=True, timeout=60))
            post(receiver, b"{}", JSON)
        assert backend.book.page().count == 2


@pytest.mark.parametrize("status", [None, 302, 401, 500])
def test_an_endpoint_that_fails_is_one_warning(status: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever sends is told nothing of it, and waits for nothing."""
    backend = Backend(status or 0)
    if status is None:
        backend.stop()
    with Receiver(forward=Forward(targets(backend.url))).start() as receiver:
        for _ in range(3):
            assert post(receiver, export().SerializeToString(), PROTOBUF)[0] == 200
        assert receiver.book.page().count == 3
    if status is not None:
        backend.stop()
    why = "Connection refused" if status is None else f"it answers {status}"
    assert capsys.readouterr().err == (
        f"Exports can't be forwarded to {backend.url.removesuffix('/otlp')}: {why}. They are shown all the same.\n"
        "3 of 3 exports were not forwarded.\n"
    )


def test_an_endpoint_that_takes_none_by_grpc_is_one_warning(capsys: pytest.CaptureFixture[str]) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with Receiver(forward=Forward(targets(url))).start() as receiver:
        post(receiver, export().SerializeToString(), PROTOBUF)
    server.stop(0).wait()
    assert f"Exports can't be forwarded to {url}: UNIMPLEMENTED." in capsys.readouterr().err


def test_an_endpoint_that_hangs_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two exports may wait here behind the one under way: of ten at least seven are lost, and said to be."""
    monkeypatch.setattr(forward, "_MOST_WAITING", 2)
    monkeypatch.setattr(forward, "_LEAVE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/v1"
        with Receiver(forward=Forward(targets(url))).start() as receiver:
            for _ in range(10):
                assert post(receiver, export().SerializeToString(), PROTOBUF)[0] == 200
            assert receiver.book.page().count == 10
    first, last = capsys.readouterr().err.splitlines()
    assert "it takes them too slowly" in first
    lost = re.fullmatch(r"(\d+) of \d+ exports were not forwarded\.", last)
    assert lost is not None
    assert int(lost[1]) >= 7


@pytest.mark.parametrize(
    ("endpoint", "environ", "target"),
    [
        ("http://localhost:4317", {}, Target("http://localhost:4317", True, {})),
        ("https://otlp.example", {}, Target("https://otlp.example", True, {})),
        ("localhost:4318", {}, Target("http://localhost:4318/v1/traces", False, {})),
        ("https://otlp.example/otlp/", {}, Target("https://otlp.example/otlp/v1/traces", False, {})),
        (
            "https://otlp.example",
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b",
                "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem",
            },
            Target("https://otlp.example/v1/traces", False, {"a": "b"}, "ca.pem"),
        ),
    ],
)  # fmt: skip
def test_where_exports_go(endpoint: str, environ: dict[str, str], target: Target) -> None:
    assert targets(endpoint, environ)["traces"] == target


def test_the_user_s_own_endpoints_are_those_of_the_sdk() -> None:
    """One for a signal is taken as it is; the one for all has the signal's path added."""
    found = environment_targets(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:4318/in",
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc",
        }
    )
    assert {signal: target.url for signal, target in found.items()} == {
        "traces": "http://b:4318/in", "metrics": "http://a:4318/v1/metrics", "logs": "http://a:4318",
    }  # fmt: skip
    assert environment_targets({}) == {}


@pytest.mark.parametrize("url", ["ftp://host", "http://", "http://host:port", "", "http://u:p@:1"])
def test_what_is_no_endpoint_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--forward", url])
    assert done.value.code == 2
    assert "can't be an OTLP endpoint: write one such as http://localhost:4318" in capsys.readouterr().err


def test_nothing_is_passed_on_in_a_circle(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    port = receiver.http_port
    receiver.stop()
    assert main(["--json", "--port=0", f"--http-port={port}", f"--forward=http://localhost:{port}/x"]) == 2
    assert capsys.readouterr().err == "--forward names this receiver's own address: name the endpoint behind it.\n"


def test_exports_are_saved_as_a_collector_writes_them(tmp_path: Path) -> None:
    """A line an export, behind those that were there; logs and what is refused leave none."""
    file = tmp_path / "saved.jsonl"
    for _ in range(2):
        with Receiver(save=file).start() as receiver:
            post(receiver, export().SerializeToString(), PROTOBUF)
            post(receiver, b'{"resourceMetrics": [{"scopeMetrics": []}]}', JSON, "/v1/metrics")
            post(receiver, b'{"resourceLogs": []}', JSON, "/v1/logs")
            post(receiver, b"{", JSON)
    lines = file.read_text("ascii").splitlines()
    assert [[*json.loads(line)] for line in lines] == [["resourceSpans"], ["resourceMetrics"]] * 2
    assert otlp_json.read(lines[0]) == export()
    span = json.loads(lines[0])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert span["traceId"] == "74" * 16


def test_a_full_disk_ends_the_saving_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Receiver(save=Path("/dev/full")).start() as receiver:
        for _ in range(2):
            assert post(receiver, export().SerializeToString(), PROTOBUF)[0] == 200
        assert receiver.book.page().count == 2
    (said, *_) = capsys.readouterr().err.splitlines()
    assert "/dev/full can't be written ('No space left on device'): from here on" in said


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--port=0", f"--save={tmp_path}"]) == 2
    assert capsys.readouterr().err == f"Cannot write to {tmp_path}: Is a directory.\n"


def test_a_port_of_http_in_use_is_named_with_its_option(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--port=0", f"--http-port={receiver.http_port}"]) == 2
    assert capsys.readouterr().err == (
        f"Cannot receive on 127.0.0.1:{receiver.http_port}: Address already in use. Stop what listens there, or name "
        "another port: --http-port 0 takes a free one.\n"
    )


@contextmanager
def tail(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, Callable[[], tuple[str, str]]]]:
    """The program in 80 columns, its address for HTTP, and what ends it: its output and errors."""
    command = [sys.executable, "-W", "error", "-m", "chunkmeter.cli.tail", "--port=0", *arguments]
    environment = {**os.environ, "COLUMNS": "80"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:

        def end() -> tuple[str, str]:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            return output, errors

        try:
            assert process.stderr is not None
            first = process.stderr.readline()
            found = re.match(r"Receiving OTLP over HTTP on (\S+), over gRPC on \S+:\d+\n", first)
            assert found is not None, first
            yield process, found[1], end
        finally:
            process.kill()


def test_the_program_takes_spans_of_any_instrumentation() -> None:
    """One of OpenInference's: 1,000 and 100 tokens of gpt-4o-mini are (1000 x 0.15 + 100 x 0.60) / 1e6 = 0.00021."""
    with tail("--by", "provider,tenant") as (_, address, end):
        attributes = {
            "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini", "llm.provider": "openai",
            "llm.token_count.prompt": 1000, "llm.token_count.completion": 100,
        }  # fmt: skip
        provider = TracerProvider(resource=Resource({"tenant": "acme"}))
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"http://{address}/v1/traces")))
        provider.get_tracer("openinference").start_span("LLM", attributes=attributes).end()
        provider.shutdown()
        output, _ = end()
    lines = output.splitlines()
    assert lines[1].split()[:4] == ["openai", "gpt-4o-mini", "1,000", "100"]
    assert lines[4].split() == ["openai", "acme", "1", "1,000", "100", "0.000210000"]
    assert "No metrics of chunkmeter's have come" in output


def test_what_has_no_price_is_said_once_and_not_by_the_log() -> None:
    with tail() as (_, address, end):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"http://{address}/v1/traces")))
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "no-such",
            "gen_ai.usage.input_tokens": 1,
        }
        provider.get_tracer("peer").start_span("chat", attributes=attributes).end()
        provider.shutdown()
        output, errors = end()
    assert "1 call without a price: no-such. Give it one, or an alias, in the file that" in output
    assert errors == ""


def test_a_tree_is_printed_once_its_root_has_ended() -> None:
    with tail("--tree") as (process, address, end):
        provider = TracerProvider(resource=Resource({"service.name": "shop"}))
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"http://{address}/v1/traces")))
        tracer = provider.get_tracer("app")
        with tracer.start_as_current_span("plan"), tracer.start_as_current_span("chat m", attributes=CALL):
            pass
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == [
            "trace of shop             cost\n",
            "plan           0.250000000 USD\n",
            "  chat m       0.250000000 USD\n",
        ]
        provider.shutdown()
        output, _ = end()
    assert output.lstrip().startswith("model  calls     cost USD\nm          1  0.250000000\n\n")


def test_a_sender_gone_wrong_never_ends_it() -> None:
    with tail("--json") as (_, address, end):
        host, _, port = address.rpartition(":")
        for body in (b"{", b"\x00" * 100, b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}'):
            for headers in (JSON, PROTOBUF):
                connection = HTTPConnection(host, int(port), timeout=60)
                connection.request("POST", "/v1/traces", body, headers)
                assert connection.getresponse().status == 400
                connection.close()
        send(OTLPSpanExporter(f"http://{address}/v1/traces"))
        output, errors = end()
    assert [json.loads(line)["cost"] for line in output.splitlines()] == [0.25]
    assert "Traceback" not in errors


def test_what_waits_is_passed_on_at_the_end(backend: Backend) -> None:
    with tail("--json", f"--forward={backend.url}") as (_, address, end):
        send(OTLPSpanExporter(f"http://{address}/v1/traces"))
        end()
    eventually(lambda: len(backend.got) == 1)
