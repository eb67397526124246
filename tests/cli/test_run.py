"""`chunkmeter run -- COMMAND`: the command as it would be without, metered; and what it cost at the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from chunkmeter import cli
from chunkmeter.cli import otlp_json
from chunkmeter.cli.child import environment, exporting, without_sdk
from chunkmeter.cli.receiver import Receiver
from replay import server
from replay.scenarios import by_id
from support.sdk import eventually

ASKING = """
import sys
from openai import OpenAI

def ask():
    options = {"include_usage": True}
    messages = [{"role": "user", "content": "Describe Faro."}]
    stream = OpenAI().chat.completions.create(
        model="gpt-4o-mini", messages=messages, stream=True, stream_options=options
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
"""
SCRIPT = (
    ASKING
    + """
assert sys.stdin.read() == "given"
print(ask()[:6])
print(ask()[:6])
print("a word of the app's", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
)
# The scenario's 1,200 tokens in (1,024 of them cached) and 45 out, twice; prices as in its truth.
COST = re.compile(r"gpt-4o-mini-2024-07-18      2  2,400   90  (\d\.\d{9})")
DROPPED = ("OTEL_", "CHUNKMETER_", "OPENAI_", "COVERAGE_", "COLUMNS")


@pytest.fixture(scope="module")
def providers() -> Iterator[server.Server]:
    with server.start() as running:
        yield running


@contextmanager
def started(
    providers: server.Server, *arguments: str, options: tuple[str, ...] = (), **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """The program that runs a command against the replayed provider; Python's is this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    known = {
        "OPENAI_API_KEY": "no-key-needed",
        "OPENAI_BASE_URL": f"{providers.url}/openai",
        "CHUNKMETER_SERVERS": "127.0.0.1=*",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
    }
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("chunkmeter")), "run", *options, "--", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**kept, **known, **environ},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(
    providers: server.Server, *arguments: str, options: tuple[str, ...] = (), given: str = "given", **environ: str
) -> tuple[int, str, str]:
    """Its exit code, output and errors."""
    with started(providers, *arguments, options=options, **environ) as process:
        output, errors = process.communicate(given, timeout=300)
        return process.returncode, output, errors


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "app.py"
    file.write_text(SCRIPT)
    return str(file)


@pytest.mark.slow
def test_a_script_runs_as_it_would_and_its_cost_is_told(providers: server.Server, script: str, tmp_path: Path) -> None:
    """Its output is its own, its input reaches it, its exit code is ours; our words come after its own on stderr."""
    saved = tmp_path / "saved.jsonl"
    code, output, errors = run(providers, "python", script, "3", options=(f"--save={saved}",))
    assert (code, output) == (3, "Lisbon\nLisbon\n")
    lines = errors.splitlines()
    assert lines[0] == "a word of the app's"
    assert re.fullmatch(r"2 LLM calls in \d+\.\d s", lines[2])
    assert lines[3] == "model                   calls     in  out     cost USD"
    asked = providers.requests[-1].scenario
    assert asked is not None
    truth = 2 * by_id[asked].truth.usd
    (cost,) = COST.findall(lines[4])
    assert float(cost) == pytest.approx(truth, abs=1e-9)
    assert lines[6:] == ["Its metrics and its spans tell of the same totals."]
    assert {type(otlp_json.read(line)).__name__ for line in saved.read_text().splitlines()} == {
        "ExportTraceServiceRequest",
        "ExportMetricsServiceRequest",
    }


@pytest.mark.slow
def test_a_user_s_endpoint_gets_what_it_would_get(providers: server.Server, script: str) -> None:
    """By its own protocol and by its own names; the app's service is the user's."""
    for protocol in ("grpc", "http/protobuf"):
        with Receiver(by=(("service",),)).start() as backend:
            port = backend.port if protocol == "grpc" else backend.http_port
            code, _, errors = run(
                providers, "python", script, "0", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
                OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_SERVICE_NAME="faro", OTEL_TRACES_EXPORTER="otlp",
            )  # fmt: skip
            assert code == 0
            assert COST.search(errors)
            assert [call.service for call in backend.book.page().calls] == ["faro", "faro"]
            assert backend.book.notes() == []


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A process that is started gets SIGINT as usual. Those of a shell in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_to_the_command(providers: server.Server, tmp_path: Path, number: signal.Signals) -> None:
    """Its code is 128 and the signal's number where that ends it; what it had cost until then is told."""
    file = tmp_path / "app.py"
    file.write_text(ASKING + "ask()\nprint('asked', flush=True)\nimport signal\nsignal.pause()\n")
    saved = tmp_path / "saved.jsonl"
    with started(providers, "python", str(file), options=(f"--save={saved}",)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        eventually(
            lambda: "chunkmeter.outcome" in saved.read_text()
        )  # a signal may end an app without its exit handlers
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 128 + number
    assert "1 LLM call in" in errors


@pytest.mark.slow
def test_a_command_that_takes_a_signal_ends_as_it_likes(providers: server.Server, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\nsignal.pause()\n"
    )
    with started(providers, "python", str(file)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 7
    assert "No LLM call has been seen before the command ended with 7." in errors


@pytest.mark.slow
def test_an_app_of_uvicorn_is_metered(providers: server.Server, tmp_path: Path) -> None:
    """A command that is a program of its own; SIGTERM ends it as it would without."""
    (tmp_path / "faro.py").write_text(
        ASKING + "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef read():\n    return ask()[:6]\n"
    )
    saved, serve = tmp_path / "saved.jsonl", ("uvicorn", "faro:app", "--port=0", f"--app-dir={tmp_path}")
    with started(providers, *serve, options=(f"--save={saved}",)) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                break
        else:
            pytest.fail("uvicorn did not start")
        with urlopen(found[1], timeout=60) as answer:
            assert json.load(answer) == "Lisbon"
        eventually(lambda: "chunkmeter.outcome" in saved.read_text())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode in (0, 128 + signal.SIGTERM)
    assert "gpt-4o-mini-2024-07-18      1  1,200   45" in errors


@pytest.mark.slow
def test_a_command_that_is_not_there(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """127 and 126, as shells have it, each with one plain line."""
    assert cli.main(["run", "--", "no-such-command", "--help"]) == 127
    assert capfd.readouterr().err == ("no-such-command: no such command. It is looked for in PATH, as a shell does.\n")
    file = tmp_path / "app.py"
    file.write_text("")
    assert cli.main(["run", "--", str(file)]) == 126
    assert capfd.readouterr().err == f"{file} can't be run: Permission denied.\n"


def test_no_command_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["run"], ["run", "--"]):
        assert cli.main(arguments) == 2
        assert capsys.readouterr().err == "Name the command to run: chunkmeter run -- python app.py\n"


def test_without_the_distro_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chunkmeter.cli.run.entry_points", lambda group: ())
    assert cli.main(["run", "--", "python"]) == 2
    assert capsys.readouterr().err == (
        "Running an app metered needs OpenTelemetry's distro: pip install 'chunkmeter[auto]'\n"
    )


def made(**environ: str) -> dict[str, str]:
    return environment(environ, "http://127.0.0.1:9", Path("/otel/auto"), Path("/work"))


def test_what_the_user_says_stays_but_for_where_exports_go() -> None:
    found = made(
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://elsewhere",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=secret",
        OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE="mine.pem",
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta",
        OTEL_SERVICE_NAME="faro",
        OTEL_TRACES_SAMPLER="always_off",
        OTEL_BSP_SCHEDULE_DELAY="1000",
        PYTHONPATH="/mine:/otel/auto",
        HOME="/home",
    )
    assert found == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",  # the endpoint elsewhere would get them
        "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_SERVICE_NAME": "faro",
        "OTEL_TRACES_SAMPLER": "always_off",
        "CHUNKMETER_FLUSH_ON_EXIT": "true",
        "PYTHONPATH": "/otel/auto:/work:/mine",
        "HOME": "/home",
    }
    assert made()["OTEL_LOGS_EXPORTER"] == "none"


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("", "otlp"), ("none", "otlp"), ("console", "console,otlp"), ("chunkmeter_otlp", "chunkmeter_otlp"),
        ("console, otlp", "console,otlp"), ("otlp_proto_grpc", "otlp"),
    ],
)  # fmt: skip
def test_exporters_of_the_user_s_stay_beside_ours(said: str, used: str) -> None:
    assert made(OTEL_TRACES_EXPORTER=said)["OTEL_TRACES_EXPORTER"] == used


def test_exports_go_around_a_proxy() -> None:
    """It is told nothing that it did not know, but for this machine's own address."""
    assert "no_proxy" not in made()
    assert made(HTTP_PROXY="http://proxy")["no_proxy"] == "127.0.0.1"
    assert made(http_proxy="http://proxy", NO_PROXY="a.b")["NO_PROXY"] == "a.b,127.0.0.1"
    assert made(http_proxy="http://proxy", no_proxy="*")["no_proxy"] == "*"


def test_what_keeps_the_sdk_silent_is_said() -> None:
    assert without_sdk({}) == ""
    assert "unset it" in without_sdk({"OTEL_SDK_DISABLED": "true"})
    assert "unset it" in without_sdk({"OTEL_CONFIG_FILE": "otel.yaml"})
    assert [exporting(environ) for environ in ({}, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "x"})] == [False, True]
