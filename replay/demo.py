"""`make demo`: unchanged apps, metered from the wire to OTLP, without a key or a network.

Plays the providers, receives the telemetry, runs three of the examples under `opentelemetry-instrument` and has what
arrived compared with literals, by a process that can't import chunkmeter: two apps call by call, the agent as a tree.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from replay import AUTHORITY, picture, server
from replay.scenarios import ALL

grpc: Any = import_module("grpc")  # it comes without types

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "examples" / "mirascope_streams.py"
APPS = (APP, ROOT / "examples" / "sdk_streams.py")
AGENT = ROOT / "examples" / "agent.py"
PICTURE = ROOT / "docs" / "images" / "demo.svg"
"""What the README shows of a run."""
# -I keeps PYTHON* variables and user packages out; None in sys.modules makes every import of the name fail.
CHECKER = """
import runpy, sys
sys.modules["chunkmeter"] = None
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
KEYS = (
    "ANTHROPIC_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_INFERENCE_CREDENTIAL",
    "CO_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "XAI_API_KEY",
)
# Variable of the base URL -> service.
URLS = {
    "ANTHROPIC_BASE_URL": "anthropic",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "bedrock",
    "AZURE_INFERENCE_ENDPOINT": "azure",
    "CO_API_URL": "cohere",
    "GOOGLE_GEMINI_BASE_URL": "google",
    "GROQ_BASE_URL": "groq",
    "LITELLM_API_BASE": "litellm",
    "MISTRAL_BASE_URL": "mistral",
    "OPENAI_BASE_URL": "openai",
    "XAI_BASE_URL": "xai",
}
# What a developer's shell may hold and what would change the outcome.
DROPPED = (
    "OTEL_", "CHUNKMETER_", "GEMINI_", "GOOGLE_", "OPENAI_", "ANTHROPIC_", "GROQ_", "LITELLM_", "AWS_", "AZURE_",
    "CO_", "COHERE_", "MISTRAL_", "LANGCHAIN_", "LANGSMITH_",
)  # fmt: skip
LEAD = """Two apps run unchanged, as yours would:

    pip install 'chunkmeter[auto]'
    export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} OTEL_SERVICE_NAME={service}
    opentelemetry-instrument python {app}
"""
TIMEOUT = 900
# What the SDK's exporters log of an export that they give up.
GIVEN_UP = re.compile(r"Failed to export (\w+) to .*?, error code: StatusCode\.(\w+)")
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def app_environment(providers: str, endpoint: str) -> dict[str, str]:
    """The app's environment: base URLs and keys for the SDKs, and where OTLP goes."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(DROPPED)}
    proxies = {name for name in kept if name.lower().endswith("_proxy")}
    return {
        **{name: value for name, value in kept.items() if name not in proxies},
        **dict.fromkeys(KEYS, "no-key-needed"),
        **{variable: f"{providers}/{service}" for variable, service in URLS.items()},
        "AWS_REGION_NAME": "us-east-1",
        # And so may their files.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SSL_CERT_FILE": str(AUTHORITY),  # no TLS on the way
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # or LiteLLM fetches its price list when imported
        "CHUNKMETER_SERVERS": "127.0.0.1=*",  # where each provider is played
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_INSECURE": "true" if endpoint.startswith("http://") else "false",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "30",
        "OTEL_BSP_SCHEDULE_DELAY": "200",  # so that the table fills while the app runs
    }


def service_of(app: Path) -> str:
    """The service that an app is to the telemetry's backends."""
    return app.stem.replace("_", "-")


def run_app(app: Path, environment: dict[str, str], log: IO[str]) -> int:
    """An app under `opentelemetry-instrument`, as the README says. What it prints goes to `log`."""
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    command = [str(instrument), sys.executable, str(app)]
    environment = {**environment, "OTEL_SERVICE_NAME": service_of(app)}
    try:
        return subprocess.run(
            command, env=environment, stdout=log, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        log.write(f"\nreplay: still running after {TIMEOUT} s, killed\n")
        return 1


class Tail:
    """`chunkmeter.cli.tail` in a process of its own, writing to our standard output, unless it is to be quiet."""

    def __init__(self, record: Path, *, json: bool, tree: bool = False, quiet: bool = False) -> None:
        command = [sys.executable, "-m", "chunkmeter.cli.tail", "--port=0", f"--record={record}"]
        self._quiet = quiet
        # Its own group, since Ctrl-C is ours to pass on.
        self._process = subprocess.Popen(
            [*command, *(["--json"] if json else ["--tree"] if tree else [])],
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stderr is not None
        first = self._process.stderr.readline()
        self.endpoint = f"http://{first.split()[-1]}" if first.startswith("Receiving") else ""
        if not self.endpoint:
            sys.stderr.write(first)
        self._forward = threading.Thread(target=self._pass_on, args=(self._process.stderr,), daemon=True)
        self._forward.start()

    def _pass_on(self, stream: IO[str]) -> None:
        for line in stream:
            if not self._quiet:
                sys.stderr.write(line)

    def stop(self) -> int:
        """Lets it print its totals."""
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._forward.join(timeout=5)
        if self._process.stderr is not None:
            self._process.stderr.close()
        return code


def check(recorded: Path, *, json: bool, by: str = "replay.check") -> int:
    """The verdict of the process that knows only bytes and literals, which runs the module `by`."""
    sys.stdout.flush()
    command = [sys.executable, "-I", "-c", CHECKER, str(ROOT), by, str(recorded)]
    return subprocess.run(command, stdout=sys.stderr if json else None, check=False).returncode


def play_agent(providers: str, work: Path, *, json: bool) -> list[str]:
    """Runs the agent, has its trace printed as a tree, and checks that; what is wrong, if anything is."""
    if not json:
        print("\nAn agent's trace, with what each level costs", flush=True)
    tail = Tail(work / "agent", json=json, tree=True, quiet=json)
    with (work / "agent.log").open("w+", encoding="utf-8") as output:
        try:
            code = run_app(AGENT, app_environment(providers, tail.endpoint), output) if tail.endpoint else 1
        finally:
            code = tail.stop() or code
        output.seek(0)
        if code:
            sys.stderr.write(output.read())
            return [f"{AGENT.name} or its receiver ended with {code}"]
    return ["the agent's trace does not add up"] if check(work / "agent", json=json, by="replay.agent") else []


def takes_metrics(endpoint: str) -> bool:
    """Whether the endpoint has a service for metrics; Jaeger has none. One that can't be asked is taken to have it."""
    host = endpoint.partition("://")[2].rstrip("/")
    secure = not endpoint.startswith("http://")
    channel = grpc.secure_channel(host, grpc.ssl_channel_credentials()) if secure else grpc.insecure_channel(host)
    with channel:
        try:
            channel.unary_unary(METRICS)(b"", timeout=10)
        except grpc.RpcError as error:
            return error.code() != grpc.StatusCode.UNIMPLEMENTED
    return True


def lost(log: str) -> str:
    """Of which signals an exporter logged that it gave up, and why. It logs one of many, so there may be more."""
    found = sorted({f"{name} ({code})" for name, code in GIVEN_UP.findall(log)})
    return f": {', '.join(found)} at least" if found else ""


def drawn(work: Path, svg: Path | None) -> list[str]:
    """Draws the run: into that file, or to compare it with what the README shows; what is wrong, if anything is."""
    shown = picture.svg(picture.lines(work))
    if svg is not None:
        svg.write_text(shown, "utf-8")
    elif shown != PICTURE.read_text("utf-8"):
        name = PICTURE.relative_to(ROOT)
        return [f'{name} shows something else: look why, or write it anew by make demo ARGS="--svg {name}"']
    return []


def play(endpoint: str | None, work: Path, *, json: bool, svg: Path | None = None) -> int:
    """One run of the demo; `work` keeps its bytes and its log, `svg` a picture of it."""
    failures: list[str] = []
    with server.start() as providers, (work / "app.log").open("w+", encoding="utf-8") as output:
        tail = None if endpoint else Tail(work / "otlp", json=json)
        target = endpoint or (tail.endpoint if tail else "")
        if not target:
            print("demo: the receiver did not start", file=sys.stderr)
            return 1
        counted = endpoint is None or takes_metrics(endpoint)
        try:
            environment = app_environment(providers.url, target)
            if not counted:
                print(f"{endpoint} takes no metrics (UNIMPLEMENTED): sending it spans alone.", file=sys.stderr)
                environment["OTEL_METRICS_EXPORTER"] = "none"
            codes = {app: run_app(app, environment, output) for app in APPS}
        finally:
            tail_code = tail.stop() if tail else 0
        output.seek(0)
        log = output.read()
        if any(codes.values()):
            sys.stderr.write(log)
            failures += (f"{app.name} ended with {code}" for app, code in codes.items() if code)
        if "Failed to export" in log:
            failures.append(f"not all telemetry got through{lost(log)}")
        if tail_code:
            failures.append(f"the receiver ended with {tail_code}")
        asked = sorted(str(request.scenario) for request in providers.requests)
        if endpoint is None:
            if check(work / "otlp", json=json):
                failures.append("what arrived is not what was sent")
            failures += play_agent(providers.url, work, json=json)
            failures += [] if failures else drawn(work, svg)
        if asked != sorted(scenario.id for scenario in ALL if scenario.demo):
            failures.append(f"the apps asked for {', '.join(asked)}")
    for failure in failures:
        print(f"demo: {failure}", file=sys.stderr)
    if endpoint and not failures:
        sent = f"{len(asked)} calls" if counted else f"The spans of {len(asked)} calls"
        print(f"{sent} sent to {endpoint}; received and checked there, not here.", file=sys.stderr)
    return 1 if failures else 0


def main() -> int:
    """Parses arguments and plays."""
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each call, and nothing else")
    parser.add_argument("--endpoint", metavar="URL", help="send to this OTLP/gRPC endpoint, and check nothing")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the bytes received and the app's output")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw what the README shows of a run")
    options = parser.parse_args()
    if options.svg and options.endpoint:
        parser.error("--svg draws what is received here, and --endpoint sends it elsewhere")
    if not options.json:
        endpoint = options.endpoint or "http://localhost:4317"
        print(LEAD.format(endpoint=endpoint, service=service_of(APP), app=APP.relative_to(ROOT)), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="chunkmeter-demo-") as temporary:
        work = Path(options.keep or temporary)
        work.mkdir(parents=True, exist_ok=True)
        return play(options.endpoint, work, json=options.json, svg=options.svg)


if __name__ == "__main__":
    sys.exit(main())
