"""`chunkmeter tail` among senders, terminals and pipes as they come: the program itself, over real OTLP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chunkmeter.cli.receiver import Receiver
from chunkmeter.cli.tail import main

pytestmark = pytest.mark.slow

grpc: Any = import_module("grpc")  # it comes without types

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def spans(count: int = 1, *, model: str = "m", cost: float = 0.25, tokens: int = 3) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for _ in range(count):
        attributes = scope.spans.add().attributes
        attributes.add(key="chunkmeter.outcome").value.string_value = "completed"
        attributes.add(key="gen_ai.response.model").value.string_value = model
        attributes.add(key="gen_ai.usage.cost.amount").value.double_value = cost
        attributes.add(key="gen_ai.usage.input_tokens").value.int_value = tokens
    return request.SerializeToString()


def send(port: int, payload: bytes, **options: object) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.unary_unary(EXPORT)(payload, timeout=60, **options)


@contextmanager
def tail(
    *arguments: str, stdout: int = subprocess.PIPE, environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen, int]]:
    """The program, and its port."""
    command = [sys.executable, "-W", "error", "-m", "chunkmeter.cli.tail", "--port=0", *arguments]
    with subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
    ) as process:
        try:
            assert process.stderr is not None
            yield process, int(process.stderr.readline().rpartition(b":")[2])
        finally:
            process.kill()


def interrupted(process: subprocess.Popen) -> tuple[bytes, bytes]:
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output, errors


def test_odd_numbers_end_in_totals() -> None:
    """Of six costs one can be: 0.25. Two of 1e308 are in the sum, which no float is: 2e308."""
    with tail("--json") as (process, port):
        for cost in (float("nan"), float("inf"), float("-inf"), -1.0, 0.25, 1e308, 1e308):
            send(port, spans(cost=cost, tokens=-7))
        output, errors = interrupted(process)
    lines = [json.loads(line, parse_constant=pytest.fail) for line in output.splitlines()]
    assert [line["cost"] for line in lines] == [None, None, None, None, 0.25, 1e308, 1e308]
    assert {str(line["usage"]) for line in lines} == {"{}"}
    assert b"chunkmeter.calls\t0\t7\tdiffer" in errors
    assert b"chunkmeter.spend USD\t0\t2e+308\tdiffer" in errors
    assert b"11 odd values left out, such as gen_ai.usage.input_tokens" in errors


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""},
    ],
    ids=str,
)
def test_any_encoding_carries_any_text(environment: dict[str, str]) -> None:
    """A line a call of ASCII; a table whose columns stand below each other, in what the encoding has."""
    model = "é世\u2028\u2029\x85\x1b[2J\u202e-m"
    for arguments in ((), ("--json",)):
        with tail(*arguments, environment=environment) as (process, port):
            send(port, spans(2, model=model))
            output, errors = interrupted(process)
        assert b"Traceback" not in errors
        if arguments:
            assert [json.loads(line)["model"] for line in output.decode("ascii").splitlines()] == ["é世[2J-m"] * 2
        else:
            text = output.decode("latin-1")
            assert "\\u4e16[2J-m" in text
            places = {line.rstrip().find("completed") for line in text.splitlines() if "completed" in line}
            assert len(places) == 1


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_closed_pipe_ends_it_quietly(arguments: tuple[str, ...]) -> None:
    """As SIGPIPE ends others, also while nothing is written."""
    with tail(*arguments) as (process, port):
        assert process.stdout is not None
        assert process.stderr is not None
        send(port, spans())
        if arguments:
            process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "wb") as full, tail("--json", stdout=full.fileno()) as (process, port):
        send(port, spans())
        assert process.stderr is not None
        assert process.wait(60) == 1
        assert process.stderr.read() == b"Cannot write to stdout: [Errno 28] No space left on device\n"


def test_the_table_shows_the_last_calls_of_all() -> None:
    """3,000 calls of 3 tokens and 0.25 USD."""
    with tail() as (process, port):
        for _ in range(3):
            send(port, spans(1000))
        output, _ = interrupted(process)
    assert "last 1,000 of 3,000 calls shown" in output.decode()
    assert output.count(b"completed") == 1000
    assert ["m", "3,000", "9,000", "750.000000000"] in [line.split() for line in output.decode().splitlines()]


def refused(receiver: Receiver, payload: bytes, **options: object) -> object:
    with pytest.raises(grpc.RpcError) as told:
        send(receiver.port, payload, **options)
    return told.value.code()


def http(receiver: Receiver) -> None:
    """OTLP over HTTP/1.1, sent to the wrong port: the connection is closed."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=60) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        while connection.recv(4096):
            pass


ODD: dict[str, Callable[[Receiver], object]] = {
    "nothing": lambda receiver: send(receiver.port, b""),
    "no protobuf": lambda receiver: refused(receiver, b"\xff\xff") is grpc.StatusCode.INVALID_ARGUMENT,
    "half a message": lambda receiver: refused(receiver, spans(9)[:-3]) is grpc.StatusCode.INVALID_ARGUMENT,
    "too large": lambda receiver: refused(receiver, bytes(9 << 20)) is grpc.StatusCode.RESOURCE_EXHAUSTED,
    "a bomb": lambda receiver: (
        refused(receiver, bytes(100 << 20), compression=grpc.Compression.Gzip) is grpc.StatusCode.RESOURCE_EXHAUSTED
    ),
    "HTTP/1.1": http,
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_export_is_refused_and_the_next_taken(odd: str) -> None:
    with Receiver().start() as receiver:
        assert ODD[odd](receiver) in (None, True)
        send(receiver.port, spans())
        assert receiver.book.page().count == 1


def test_many_senders_at_once() -> None:
    """200 connections of 10 calls."""
    with Receiver().start() as receiver, ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: send(receiver.port, spans(10)), range(200)))
        assert receiver.book.page().count == 2000


def test_a_folder_that_cannot_be_written_ends_the_recording_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "otlp"
    with Receiver(record=folder).start() as receiver:
        folder.rmdir()
        for _ in range(2):
            send(receiver.port, spans())
        assert receiver.book.page().count == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "shown, but not recorded" in said


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "text", "", "0x50", "1_000", "٣", "9" * 5000])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--port", "--http-port"):
        with pytest.raises(SystemExit) as done:
            main([f"{option}={port}"])
        assert done.value.code == 2
        assert f"{port!r} is no port: write a number from 1 to 65535, or 0 for a free one" in capsys.readouterr().err


@pytest.mark.parametrize("names", ["", "model,,tenant", "model,model"])
def test_what_is_no_list_of_names_is_refused(names: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main([f"--by={names}"])
    assert done.value.code == 2
    said = f"{names!r} is no list of names: write some of model, provider, service and your labels"
    assert said in capsys.readouterr().err


def test_a_port_in_use_is_named_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with Receiver().start() as receiver:
        assert main(["--json", f"--port={receiver.port}"]) == 2
        assert capfd.readouterr().err == (
            f"Cannot receive on 127.0.0.1:{receiver.port}: Address already in use. Stop what listens there, or name "
            "another port: --port 0 takes a free one.\n"
        )
