"""`chunkmeter doctor` on broken set-ups: it finds what is wrong, says what to write, and nothing once that is done.

Each is a process of its own with real variables and packages; where an app is run, it has OpenAI's SDK ask the replay
server.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from chunkmeter.cli.doctor.conditions import CONDITIONS
from chunkmeter.cli.tail import Receiver
from replay.server import Server
from support.doctored import Found, SetUp, examine
from support.receiving import Receiving
from support.small_environment import install, make

SECRET = "sk-nobody-may-read-this"
DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
PATCH = "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH"
UNSAMPLED = "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector (tail_sampling)"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PRICES = '[[models]]\nnames = ["{name}"]\nprices = {{ input = 1, output = 2 }}\n'
LISBON = """
import chunkmeter
from openai import OpenAI
asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where does Lisbon lie?"}]}

def call(**more):
    list(OpenAI().chat.completions.create(**{**asked, "stream": True, **more}))
"""
CALL = f"{LISBON}\ncall()\n"
WRAP = """
import chunkmeter

def call(**more):
    choice = {"index": 0, "delta": {"content": "Faro"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    events = [{"choices": [choice]}, {"choices": [], "usage": usage}]
    events = [{"model": "gpt-4o", **event, **more} for event in events]
    list(chunkmeter.wrap(iter(events), provider="openai", model="gpt-4o"))
"""
TERMINATED = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nsignal.pause()\n"
MANY = "for number in range(201):\n    with chunkmeter.labels(tenant=str({})):\n        call()\n"

LOOKED_AT = (
    SetUp(
        "no distro",
        (Found("no-distro", "no distro of OpenTelemetry's is installed", "pip install 'chunkmeter[auto]'"),),
        without_distro=True,
    ),
    SetUp(
        "a distro that is not there",
        (
            Found(
                "distro-unknown",
                "OTEL_PYTHON_CONFIGURATOR=acme, and installed is configurator",
                "unset OTEL_PYTHON_CONFIGURATOR",
            ),
        ),
        {"OTEL_PYTHON_CONFIGURATOR": "acme"},
        {"OTEL_PYTHON_CONFIGURATOR": ""},
    ),
    SetUp(
        "a hook that is off",
        (
            Found(
                "hook-off",
                f"OpenAI's SDK {{openai}} is installed, and {DISABLED} has chunkmeter_openai",
                f"export {DISABLED}=flask",
            ),
        ),
        {DISABLED: "chunkmeter_openai, flask"},
        {DISABLED: "flask"},
    ),
    SetUp(
        "spans of others that nobody reads",
        (
            Found(
                "spans-unread",
                f"logfire is installed, and {DISABLED} has chunkmeter_spans",
                f"unset {DISABLED}",
            ),
        ),
        {DISABLED: "chunkmeter_spans"},
        {DISABLED: ""},
        packages={"logfire": "5.4.0"},
        cured_packages={"logfire": "5.4.0"},
    ),
    SetUp(
        "a library without a hook",
        (
            Found(
                "no-hook",
                '"Google\'s older SDK 0.8.6" is installed, and has no hook',
                "stream = chunkmeter.wrap(stream, provider=...), or if nothing uses it: pip uninstall "
                "google-generativeai",
            ),
        ),
        packages={"google-generativeai": "0.8.6"},
    ),
    SetUp(
        "another library by the name of Mirascope",
        (Found("version-declined", "Mirascope 9.0 is installed", "Install 'mirascope>=1.20,<3'"),),
        packages={"mirascope": "9.0"},
        cured_packages={"mirascope": "1.25.7"},
    ),
    SetUp(
        "a version of the day after tomorrow",
        (
            Found(
                "version-untested",
                "Groq's SDK 9.0 is installed",
                "Install 'groq>=0.13,<2', or see whether the calls' usage is on their spans",
            ),
        ),
        packages={"groq": "9.0"},
        cured_packages={"groq": "0.37.1"},
    ),
    SetUp(
        "an SDK that is disabled",
        (Found("sdk-disabled", "OTEL_SDK_DISABLED=true", "unset OTEL_SDK_DISABLED"),),
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_SDK_DISABLED": ""},
    ),
    SetUp(
        "exporters of none",
        (
            Found("metrics-off", "OTEL_METRICS_EXPORTER=none", "unset OTEL_METRICS_EXPORTER"),
            Found("traces-off", "OTEL_TRACES_EXPORTER=none", "unset OTEL_TRACES_EXPORTER"),
        ),
        {"OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_METRICS_EXPORTER": "", "OTEL_TRACES_EXPORTER": ""},
    ),
    SetUp(
        "an exporter that is not there",
        (
            Found(
                "exporter-unknown",
                "OTEL_METRICS_EXPORTER has otlp_grcp, and installed are console, otlp, otlp_proto_grpc, "
                "otlp_proto_http",
                "export OTEL_METRICS_EXPORTER=otlp",
            ),
        ),
        {"OTEL_METRICS_EXPORTER": "otlp_grcp"},
        {"OTEL_METRICS_EXPORTER": "otlp"},
    ),
    SetUp(
        "head sampling",
        (Found("head-sampling", "OTEL_TRACES_SAMPLER=traceidratio keeps 0.1 of the traces", UNSAMPLED),),
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
        {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
    ),
    SetUp(
        "head sampling of others' spans",
        (
            Found(
                "others-sampled",
                "OTEL_TRACES_SAMPLER=always_off keeps 0 of the traces, and langfuse is installed",
                UNSAMPLED,
            ),
        ),
        {"OTEL_TRACES_SAMPLER": "always_off"},
        {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
        packages={"langfuse": "3.0"},
        cured_packages={"langfuse": "3.0"},
    ),
    SetUp(
        "a misspelt variable",
        (
            Found(
                "variable-misspelt",
                "CHUNKMETER_METRIC_LABLES is no variable of chunkmeter",
                "export CHUNKMETER_METRIC_LABELS=... in place of CHUNKMETER_METRIC_LABLES",
            ),
        ),
        {"CHUNKMETER_METRIC_LABLES": SECRET},
        {"CHUNKMETER_METRIC_LABLES": "", "CHUNKMETER_METRIC_LABELS": "tenant"},
    ),
    SetUp(
        "a value of nobody",
        (
            Found(
                "value-unusable",
                "CHUNKMETER_SEMCONV='newest' is not usable, and 'released' is in its place",
                "export CHUNKMETER_SEMCONV=... with 'released', 'latest' or 'both'",
            ),
        ),
        {"CHUNKMETER_SEMCONV": "newest"},
        {"CHUNKMETER_SEMCONV": "latest"},
    ),
    SetUp(
        "a protocol of nobody",
        (
            Found(
                "endpoint-unusable",
                "OTEL_EXPORTER_OTLP_PROTOCOL=http/json is neither grpc nor http/protobuf",
                "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
            ),
        ),
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ),
    SetUp(
        "an endpoint where nobody listens",
        (
            Found(
                "endpoint-unreachable",
                "traces and metrics: http://127.0.0.1:{closed} takes no grpc: UNAVAILABLE",
                "start what listens at http://127.0.0.1:{closed}, such as the Collector or `chunkmeter tail`, or "
                "export OTEL_EXPORTER_OTLP_ENDPOINT=... of where it is",
            ),
        ),
        {ENDPOINT: "http://127.0.0.1:{closed}"},
        {ENDPOINT: "http://127.0.0.1:{otlp}"},
    ),
    SetUp(
        "gRPC to a port of HTTP",
        (
            Found(
                "endpoint-other",
                "metrics: http://127.0.0.1:{http} takes no grpc (UNAVAILABLE), and http://127.0.0.1:{http} takes "
                "http/protobuf",
                "export OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:{http}/v1/metrics "
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf",
            ),
        ),
        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:{http}"},
        {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:{http}/v1/metrics",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
        },
    ),
    SetUp(
        "HTTP to a port of gRPC",
        (
            Found(
                "endpoint-other",
                "traces and metrics: http://127.0.0.1:{otlp} takes no http/protobuf (BadStatusLine), and "
                "http://127.0.0.1:{otlp} takes grpc",
                "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{otlp} OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
            ),
        ),
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ),
    SetUp(
        "TLS where there is none",
        (
            Found(
                "endpoint-other",
                "traces and metrics: https://127.0.0.1:{otlp} takes no grpc (UNAVAILABLE), and http://127.0.0.1:{otlp} "
                "takes grpc",
                "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{otlp} OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
            ),
        ),
        {ENDPOINT: "127.0.0.1:{otlp}"},
        {ENDPOINT: "http://127.0.0.1:{otlp}"},
    ),
    SetUp(
        "an endpoint that wants another key",
        (
            Found(
                "endpoint-refused",
                "traces and metrics: http://127.0.0.1:{http} answers 401 to http/protobuf; headers sent: api-key=***",
                "export OTEL_EXPORTER_OTLP_HEADERS=... with a key that is valid there",
            ),
        ),
        {
            ENDPOINT: "http://127.0.0.1:{http}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": f"api-key={SECRET}",
        },
        {"OTEL_EXPORTER_OTLP_HEADERS": "api-key=valid"},
    ),
    SetUp(
        "a price file with a slip",
        (
            Found(
                "price-file",
                "CHUNKMETER_PRICES: prices.toml: models[0].prices.ouput: is no field here",
                "output; then: chunkmeter prices check {folder}/prices.toml",
            ),
        ),
        {"CHUNKMETER_PRICES": "{folder}/prices.toml"},
        files={"prices.toml": '[[models]]\nnames = ["acme"]\nprices = { input = 1, ouput = 2 }\n'},
        cured_files={"prices.toml": PRICES.format(name="acme")},
    ),
    SetUp(
        "an alias of a model of nobody",
        (
            Found(
                "price-entry",
                "{folder}/prices.toml: aliases[0].model: no price is known for 'gpt-nobody' of openai",
                "a model of this file or of the bundled table, and its model_provider; then: chunkmeter prices check "
                "{folder}/prices.toml",
            ),
        ),
        {"CHUNKMETER_PRICES": "{folder}/prices.toml"},
        files={"prices.toml": '[[aliases]]\nnames = ["a"]\nmodel = "gpt-nobody"\nmodel_provider = "openai"\n'},
        cured_files={"prices.toml": '[[aliases]]\nnames = ["a"]\nmodel = "gpt-4o"\nmodel_provider = "openai"\n'},
    ),
    SetUp(
        "a server that nobody names",
        (
            Found(
                "server-unnamed",
                "OPENAI_BASE_URL sends calls to llm.internal:8000",
                'export CHUNKMETER_SERVERS="$CHUNKMETER_SERVERS,llm.internal:8000=openai" (or * for whichever the SDK '
                "tells)",
            ),
        ),
        {"OPENAI_BASE_URL": f"http://user:{SECRET}@llm.internal:8000/v1"},
        {"CHUNKMETER_SERVERS": "127.0.0.1=openai,llm.internal:8000=openai"},
    ),
    SetUp(
        "a server that ends by SIGTERM",
        (
            Found(
                "sigterm",
                "uvicorn 0.54.0 is installed, and CHUNKMETER_FLUSH_ON_EXIT is not set",
                "export CHUNKMETER_FLUSH_ON_EXIT=true",
            ),
        ),
        {},
        {"CHUNKMETER_FLUSH_ON_EXIT": "true"},
        packages={"uvicorn": "0.54.0"},
        cured_packages={"uvicorn": "0.54.0"},
    ),
    SetUp(
        "a fork after the app was loaded",
        (Found("preload", "GUNICORN_CMD_ARGS has --preload", "take --preload out of GUNICORN_CMD_ARGS"),),
        {"GUNICORN_CMD_ARGS": "--preload --workers 2"},
        {"GUNICORN_CMD_ARGS": "--workers 2"},
    ),
    SetUp(
        "gevent, which nobody has patch early",
        (
            Found(
                "gevent-unpatched",
                f"gevent 26.9.0 is installed, and {PATCH} is not set",
                f"export {PATCH}=patch_all, if the app patches by gevent",
            ),
        ),
        {},
        {PATCH: "patch_all"},
        packages={"gevent": "26.9.0"},
        cured_packages={"gevent": "26.9.0"},
    ),
)

RUN = (
    SetUp(
        "a stream without include_usage",
        (
            Found(
                "usage-not-asked",
                "1 stream of gpt-4o-mini-2024-07-18 of openai came without usage, which nobody asked for",
                "export CHUNKMETER_INCLUDE_USAGE=true, or write stream_options={'include_usage': True}",
            ),
        ),
        {"OPENAI_BASE_URL": "{replay}/id/openai-plain-stream~asked/openai"},
        {"CHUNKMETER_INCLUDE_USAGE": "true"},
        script=CALL,
    ),
    SetUp(
        "an app that makes no call",
        (
            Found(
                "nothing-arrived",
                "neither a span nor a metric of a call has arrived",
                "make a call in the app; if it has made one, look whether its library is among those metered, and "
                "whether its process ends by itself (os._exit and SIGKILL lose everything)",
            ),
        ),
        script=LISBON,
        cured_script=CALL,
    ),
    SetUp(
        "an app without an SDK",
        (
            Found("no-distro", "no distro of OpenTelemetry's is installed", "pip install 'chunkmeter[auto]'"),
            Found(
                "nothing-arrived",
                "neither a span nor a metric of a call has arrived",
                "pip install 'chunkmeter[auto]'",
            ),
            Found("no-sdk", "No OpenTelemetry SDK is set up", "pip install 'chunkmeter[auto]'"),
        ),
        without_distro=True,
        script=CALL,
    ),
    SetUp(
        "an app that sets up an SDK too",
        (
            Found(
                "sdk-twice",
                "Overriding of current TracerProvider is not allowed",
                "start the app without opentelemetry-instrument, and call chunkmeter.instrument() after its SDK",
            ),
        ),
        script="from opentelemetry import trace\nfrom opentelemetry.sdk.trace import TracerProvider\n"
        f"trace.set_tracer_provider(TracerProvider())\n{CALL}",
        cured_script=CALL,
    ),
    SetUp(
        "keywords of nobody",
        (
            Found(
                "keyword-unknown",
                "'metric_lables' is no setting of chunkmeter: did you mean metric_labels?",
                "write metric_labels",
            ),
        ),
        script=f"import chunkmeter\nchunkmeter.instrument(metric_lables='tenant')\n{CALL}",
        cured_script=f"import chunkmeter\nchunkmeter.instrument()\n{CALL}",
    ),
    SetUp(
        "a label that nobody sets",
        (
            Found(
                "label-unset",
                "CHUNKMETER_METRIC_LABELS has tenant, and none of 1 call has it",
                "with chunkmeter.labels(tenant=...):",
            ),
        ),
        {"CHUNKMETER_METRIC_LABELS": "tenant"},
        script=CALL,
        cured_script=f"{LISBON}\nwith chunkmeter.labels(tenant='acme'):\n    call()\n",
    ),
    SetUp(
        "a label that is not listed",
        (
            Found(
                "label-unlisted",
                "labels(customer=...) has no effect",
                'export CHUNKMETER_METRIC_LABELS="$CHUNKMETER_METRIC_LABELS,customer"',
            ),
        ),
        {"CHUNKMETER_METRIC_LABELS": "tenant"},
        {"CHUNKMETER_METRIC_LABELS": "tenant,customer"},
        script=f"{LISBON}\nwith chunkmeter.labels(tenant='acme', customer='c'):\n    call()\n",
    ),
    SetUp(
        "a label with too many values",
        (
            Found(
                "label-overflow",
                "200 values of the label 'tenant' have been seen",
                "a label with fewer values, such as a team in place of a user",
            ),
        ),
        {"CHUNKMETER_METRIC_LABELS": "tenant"},
        script=f"{WRAP}\n{MANY.format('number')}",
        cured_script=f"{WRAP}\n{MANY.format('0')}",
    ),
    SetUp(
        "a model without a price",
        (
            Found(
                "model-unpriced",
                "1 call of tagus-7b-tuned of openai has no price",
                '[[models]]  names = ["tagus-7b-tuned"]  prices = { input = ..., output = ... }  # in a file of '
                "yours; export CHUNKMETER_PRICES=its path",
            ),
        ),
        {},
        {"CHUNKMETER_PRICES": "{folder}/prices.toml"},
        script=f"{LISBON}\ncall(model='tagus-7b-tuned')\n",
        cured_files={"prices.toml": PRICES.format(name="tagus-7b-tuned")},
    ),
    SetUp(
        "a tier without a price",
        (
            Found(
                "cost-incomplete",
                "no price of tier:flex, in a call of gpt-4o of openai (1 time)",
                "fees or tiers of [[models]] with a price of tier:flex  # in a file of yours; export "
                "CHUNKMETER_PRICES=its path",
            ),
        ),
        {},
        {"CHUNKMETER_PRICES": "{folder}/prices.toml"},
        script=f"{WRAP}\ncall(service_tier='flex')\n",
        cured_files={
            "prices.toml": f"{PRICES.format(name='gpt-4o')}tiers.flex = {{ input = 0.5, output = 1 }}\n",
        },
    ),
    SetUp(
        "a server that the code names",
        (
            Found(
                "server-unnamed",
                "calls have been priced by a guess at 127.0.0.1:{replay_port}",
                "export CHUNKMETER_SERVERS=127.0.0.1:{replay_port}=openai (or * for whichever the SDK tells)",
            ),
        ),
        {"CHUNKMETER_SERVERS": "", "OPENAI_BASE_URL": "", "AT": "{replay}/openai"},
        {"CHUNKMETER_SERVERS": "127.0.0.1:{replay_port}=openai"},
        script=CALL.replace("OpenAI()", "OpenAI(base_url=__import__('os').environ['AT'])"),
    ),
    SetUp(
        "a warning of chunkmeter's",
        (
            Found(
                "warned",
                "The start_time of wrap(...) is no number of nanoseconds since the epoch, and is ignored: give it "
                "what time.time_ns() returned before the request.",
                "what the line says",
            ),
        ),
        script=WRAP.replace("model=", "start_time='now', model=") + "\ncall()\n",
        cured_script=f"{WRAP}\ncall()\n",
    ),
    SetUp(
        "an answer without usage",
        (
            Found(
                "usage-missing",
                "1 call of tagus of ollama came without usage",
                "export CHUNKMETER_ESTIMATE=true, and pip install 'chunkmeter[estimate]', for an estimate",
            ),
        ),
        {"CHUNKMETER_PRICES": "{folder}/prices.toml"},
        {"CHUNKMETER_ESTIMATE": "true"},
        script="import chunkmeter\nlist(chunkmeter.wrap(iter([{'model': 'tagus', 'choices': [{'index': 0, 'delta': "
        "{'content': 'Faro'}, 'finish_reason': 'stop'}]}]), provider='ollama', model='tagus'))\n",
        files={"prices.toml": PRICES.format(name="tagus")},
        cured_files={"prices.toml": PRICES.format(name="tagus")},
    ),
    SetUp(
        "a server that SIGTERM ends between the export of its spans and that of its metrics",
        (
            Found(
                "metrics-short",
                "metrics tell of 0 calls, spans of 1",
                "export CHUNKMETER_FLUSH_ON_EXIT=true OTEL_METRIC_EXPORT_INTERVAL=10000",
            ),
            Found("ended-by-sigterm", "SIGTERM ended the app", "export CHUNKMETER_FLUSH_ON_EXIT=true"),
        ),
        {},
        {"CHUNKMETER_FLUSH_ON_EXIT": "true"},
        script=f"from opentelemetry import trace\n{CALL}trace.get_tracer_provider().force_flush()\n{TERMINATED}",
        code=128 + signal.SIGTERM,
    ),
    SetUp(
        "a server that SIGTERM ends before its first export",
        (
            Found(
                "nothing-arrived",
                "neither a span nor a metric of a call has arrived",
                "export CHUNKMETER_FLUSH_ON_EXIT=true: SIGTERM has ended the app before it exported",
            ),
            Found("ended-by-sigterm", "SIGTERM ended the app", "export CHUNKMETER_FLUSH_ON_EXIT=true"),
        ),
        {"OTEL_BSP_SCHEDULE_DELAY": "600000"},
        {"CHUNKMETER_FLUSH_ON_EXIT": "true"},
        script=f"{CALL}{TERMINATED}",
        code=128 + signal.SIGTERM,
    ),
)

ELSEWHERE = {
    "forked-late": "test_doctor_parts.py",
    "other-python": "test_doctor_parts.py",
    "patched-late": "test_doctor_parts.py",
    "price-table-old": "test_doctor_parts.py",
}
"""Conditions that no set-up of these tables can have -> the tests that have them."""


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The Python of a small environment, and that of one without OpenTelemetry's distro."""
    folder = tmp_path_factory.mktemp("environments")
    return {False: make(folder / "whole"), True: make(folder / "bare", ("opentelemetry_distro*",))}


@pytest.fixture(scope="module")
def http() -> Iterator[int]:
    """The port of an OTLP/HTTP endpoint that wants a key, which is `valid`; without any it takes all."""

    class Handler(Receiving):
        def take(self, payload: bytes) -> int:
            return 200 if self.headers.get("api-key", "valid") == "valid" else 401

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def otlp() -> Iterator[int]:
    """The port of an OTLP/gRPC endpoint."""
    with Receiver().start() as receiver:
        yield receiver.port


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def places(http: int, otlp: int, closed: int, server: Server, tmp_path: Path) -> dict[str, object]:
    """What the words in braces of a set-up stand for."""
    return {
        "http": http, "otlp": otlp, "closed": closed, "replay": server.url, "folder": tmp_path,
        "replay_port": server.url.rpartition(":")[2], "openai": __import__("openai").__version__,
    }  # fmt: skip


def variables(places: Mapping[str, object], *states: Mapping[str, str]) -> dict[str, str]:
    """The variables of a set-up that works, with what its state has besides."""
    working = {
        "PATH": os.environ["PATH"],
        "OPENAI_API_KEY": SECRET,
        "OPENAI_BASE_URL": "{replay}/openai",
        "CHUNKMETER_SERVERS": "127.0.0.1=openai",
        ENDPOINT: "http://127.0.0.1:{otlp}",
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
    }
    merged = working
    for state in states:
        merged = {**merged, **state}
    return {name: value.format_map(places) for name, value in merged.items()}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


def expected(set_up: SetUp, places: Mapping[str, object]) -> list[Found]:
    """The findings, with the places filled in where words in braces name one."""

    def filled(text: str) -> str:
        for name, value in places.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    return [Found(each.id, filled(each.what), filled(each.cure)) for each in set_up.found]


def app(folder: Path, python: Path, script: str) -> list[str]:
    """The command that runs a script; none for no script."""
    (folder / "app.py").write_text(script)
    return [str(python), str(folder / "app.py")] if script else []


@pytest.mark.slow
@pytest.mark.parametrize("set_up", [*LOOKED_AT, *RUN], ids=lambda each: each.name)
def test_what_is_broken_is_found_and_then_cured(
    set_up: SetUp, pythons: dict[bool, Path], places: dict[str, object], tmp_path: Path
) -> None:
    """Nothing else is found, no secret is printed, and the exit code says whether something was."""
    write(tmp_path, set_up.files)
    python, packages = pythons[set_up.without_distro], install(tmp_path / "broken", set_up.packages)
    broken = examine(
        python,
        variables(places, set_up.broken, {"PYTHONPATH": packages}),
        app(tmp_path, python, set_up.script),
    )
    assert broken.found == expected(set_up, places), broken.text
    assert broken.code == (set_up.code or 1)
    assert SECRET not in broken.text

    write(tmp_path, set_up.cured_files)
    python, packages = pythons[False], install(tmp_path / "cured", set_up.cured_packages)
    cured = examine(
        python,
        variables(places, set_up.broken, set_up.cured, {"PYTHONPATH": packages}),
        app(tmp_path, python, set_up.cured_script or set_up.script),
    )
    assert cured.found == [], cured.text
    assert cured.code == set_up.code


def test_every_condition_is_in_a_set_up() -> None:
    """Or another file has its test."""
    there = {found.id for each in (*LOOKED_AT, *RUN) for found in each.found}
    assert there | ELSEWHERE.keys() == CONDITIONS.keys()
    assert there.isdisjoint(ELSEWHERE)
    assert len(LOOKED_AT) + len(RUN) >= 15
    of_a_run = {found.id for each in RUN for found in each.found}
    assert {name for name in there if CONDITIONS[name].run} <= of_a_run


@pytest.mark.slow
def test_an_apps_exit_code_is_passed_on(pythons: dict[bool, Path], places: dict[str, object], tmp_path: Path) -> None:
    """Also where something is found; its output comes before the report."""
    script = f"{CALL}\nprint('Faro')\nraise SystemExit(7)\n"
    told = examine(pythons[False], variables(places), app(tmp_path, pythons[False], script))
    assert (told.code, told.said["command_exit_code"]) == (7, 7)
    assert told.text.startswith("Faro\n")
    assert told.said["ok"][-2:] == ["ran to exit code 7", "openai gpt-4o-mini-2024-07-18: 1 call; cost: 1 known"]
