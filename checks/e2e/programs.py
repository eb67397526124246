"""Real programs on free ports of 127.0.0.1, with the shipped configuration: only addresses are changed."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from backends.build import build_all
from support import ROOT

CONFIG = ROOT / "collector-config"
RULES = CONFIG / "prometheus" / "rules" / "*.rules.yaml"
VICTORIA_METRICS = "http://victoriametrics:8428"
"""Where README.md has it."""
HTTP = httpx.Client(timeout=10, trust_env=False)

_T = TypeVar("_T")


@functools.cache
def binaries() -> dict[str, Path]:
    """Every program by its name, built first where it is not in the cache."""
    return build_all()


def run(*command: str | Path) -> str:
    """What a tool prints; that it succeeds is asserted."""
    tool = binaries()[str(command[0])]
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(probe: Callable[[], _T], *, within: float = 30, every: float = 0.25) -> _T:
    """What the probe returns once it raises no error any more; its last error if it never does."""
    deadline = time.monotonic() + within
    while True:
        try:
            return probe()
        except (AssertionError, ValueError, httpx.HTTPError):
            if time.monotonic() > deadline:
                raise
        time.sleep(every)


class Program:
    """One running program.

    Args:
        command: the program's path, or its name in the cache, and its arguments.
        log: file for what it prints.
        ready: URL that answers 200 when it is.
        environment: variables beside the PATH.
    """

    _patience = 60.0  # seconds that it may take to get ready

    def __init__(self, command: list[str], log: Path, ready: str, **environment: str) -> None:
        name = command[0]
        self._command = [name if Path(name).is_absolute() else str(binaries()[name]), *command[1:]]
        self._log, self._ready = log, ready
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(log.parent), **environment}
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        try:
            eventually(self._probe, within=self._patience)
        except (AssertionError, httpx.HTTPError) as error:
            self.stop()
            raise RuntimeError(f"{self._command[0]} does not get ready: {error}\n{self.said[-3000:]}") from None

    def _probe(self) -> None:
        if self._process.poll() is not None:
            ended = f"{' '.join(self._command)} ended with {self._process.returncode}"
            raise RuntimeError(f"{ended}:\n{self.said[-3000:]}")
        assert HTTP.get(self._ready).status_code == 200, f"{self._ready} is not ready"

    @property
    def process_id(self) -> int:
        """The id of its process."""
        return self._process.pid

    @property
    def path(self) -> str:
        """The file that runs."""
        return self._command[0]

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


class Answering(Program):
    """A program with Prometheus' HTTP API, or with a part of it, at `url`."""

    url: str

    def get(self, path: str, **parameters: str | float) -> Any:
        """The data of an API call."""
        answer = HTTP.get(f"{self.url}/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str, at: float | None = None) -> dict[tuple[tuple[str, str], ...], float]:
        """An instant vector or scalar, by its sorted labels; now if `at` is left out."""
        data = self.get("query", query=expression, time=at or time.time())
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {tuple(sorted(row["metric"].items())): float(row["value"][1]) for row in data["result"]}

    def value(self, expression: str) -> float:
        """The one value of an expression."""
        found = self.query(expression)
        assert len(found) == 1, f"{expression} gives {found}"
        return next(iter(found.values()))

    def alerts(self) -> list[dict[str, str]]:
        """The labels of every alert that fires or waits to."""
        return [alert["labels"] for alert in self.get("alerts")["alerts"]]


class Prometheus(Answering):
    """A real Prometheus with the shipped configuration, rules and runbooks.

    Args:
        work: folder for its data and its log.
        alertmanager: the URL of whom it tells; nobody if empty.
        port: where it listens; a free one if left out.
        name: what its files are called.
        without: an experimental feature that it is to do without.
        victoria_metrics: the URL of one that it writes on to, as README.md says.
    """

    def __init__(
        self,
        work: Path,
        alertmanager: str,
        port: int = 0,
        *,
        name: str = "prometheus",
        without: str = "",
        victoria_metrics: str = "",
    ) -> None:
        folder = CONFIG / "prometheus"
        config: dict[str, Any] = yaml.safe_load((folder / "prometheus.yaml").read_text())
        config["rule_files"] = [str(folder / pattern) for pattern in config["rule_files"]]
        (target,) = config["alerting"]["alertmanagers"]
        (static,) = target["static_configs"]
        static["targets"] = [alertmanager.removeprefix("http://")] if alertmanager else []
        if victoria_metrics:
            config |= yaml.safe_load(with_victoria_metrics("yaml").replace(VICTORIA_METRICS, victoria_metrics))
            config["remote_write"][0]["queue_config"] = {"batch_send_deadline": "1s"}
        (work / f"{name}.yaml").write_text(yaml.safe_dump(config))
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.otlp = f"{self.url}/api/v1/otlp"
        flags = [
            re.sub(rf",{without}\b", "", flag) if without and flag.startswith("--enable-feature=") else flag
            for flag in shipped_flags("prometheus")
        ]
        super().__init__(
            [
                "prometheus",
                *flags,
                f"--config.file={work / f'{name}.yaml'}",
                f"--storage.tsdb.path={work / name}",
                f"--web.console.templates={folder / 'runbooks'}",
                f"--web.external-url={self.url}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            work / f"{name}.log",
            f"{self.url}/-/ready",
        )


class VictoriaMetrics(Answering):
    """A real VictoriaMetrics, started as README.md says.

    Args:
        work: folder for its data and its log.
    """

    def __init__(self, work: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                "victoria-metrics",
                *documented_flags("victoria-metrics"),
                f"-storageDataPath={work / 'victoria-metrics'}",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-search.latencyOffset=1s",  # else it shows nothing that is younger than 30 s
            ],
            work / "victoria-metrics.log",
            f"{self.url}/health",
        )


class Vmalert(Answering):
    """A real vmalert with the shipped rules, started as README.md says.

    Args:
        work: folder for its log.
        store: the URL of VictoriaMetrics.
        alertmanager: the URL of whom it tells.
        pages: the URL of the Prometheus that serves the runbooks.
    """

    def __init__(self, work: Path, store: str, alertmanager: str, pages: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                "vmalert",
                *documented_flags("vmalert"),
                f"-rule={RULES}",
                *(f"-{use}.url={store}" for use in ("datasource", "remoteRead", "remoteWrite")),
                f"-notifier.url={alertmanager}",
                f"-external.url={pages}",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-rule.evalDelay=1s",  # it waits for VictoriaMetrics' 30 s, too
                "-remoteWrite.flushInterval=1s",
            ],
            work / "vmalert.log",
            f"{self.url}/health",
        )


class Alertmanager(Program):
    """A real Alertmanager with the shipped routes, which calls a webhook.

    Args:
        work: folder for its data and its log.
        webhook: the URL that pages and tickets go to.
        port: where it listens; a free one if left out.
    """

    def __init__(self, work: Path, webhook: str, port: int = 0) -> None:
        folder = CONFIG / "alertmanager"
        secrets = work / "secrets"
        secrets.mkdir()
        for receiver in ("page", "ticket"):
            (secrets / f"{receiver}_url").write_text(webhook)
        text = (folder / "alertmanager.yaml").read_text()
        assert text.count("/etc/alertmanager/secrets") == 2, "alertmanager.yaml reads other files than page and ticket"
        text = text.replace("/etc/alertmanager/secrets", str(secrets))
        text = text.replace("/etc/alertmanager/*.tmpl", str(folder / "*.tmpl"))
        (work / "alertmanager.yaml").write_text(text)
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                "alertmanager",
                f"--config.file={work / 'alertmanager.yaml'}",
                f"--storage.path={work / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            work / "alertmanager.log",
            f"{self.url}/-/ready",
        )


class Jaeger(Program):
    """A real Jaeger with the shipped all-in-one configuration.

    Args:
        work: folder for its log.
        name: what the log is called.
        port: where its pages are; a free one if left out, as for all else.
    """

    def __init__(self, work: Path, name: str = "jaeger", port: int = 0) -> None:
        query, grpc, http = port or free_port(), free_port(), free_port()
        self.url, self.otlp = f"http://127.0.0.1:{query}", f"127.0.0.1:{grpc}"
        super().__init__(
            ["jaeger", f"--config={CONFIG / 'jaeger.yaml'}"],
            work / f"{name}.log",
            f"{self.url}/api/services",
            CHUNKMETER_OTLP_GRPC=self.otlp,
            CHUNKMETER_OTLP_HTTP=f"127.0.0.1:{http}",
            CHUNKMETER_UI=f"127.0.0.1:{query}",
            CHUNKMETER_QUERY_GRPC=f"127.0.0.1:{free_port()}",
            CHUNKMETER_HEALTH=f"127.0.0.1:{free_port()}",
            CHUNKMETER_UI_CONFIG=str(CONFIG / "jaeger-ui.json"),
        )

    def traces(self, service: str, **wanted: str) -> list[dict[str, Any]]:
        """All traces of a service with a span that has what is wanted, in the JSON of Jaeger's own API.

        A double underscore in a name stands for a dot.
        """
        searched = json.dumps({name.replace("__", "."): value for name, value in wanted.items()})
        asked = {"service": service, "limit": 5000, "lookback": "1h", "tags": searched}
        return HTTP.get(f"{self.url}/api/traces", params=asked).json()["data"] or []

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        """One trace by its id."""
        found = HTTP.get(f"{self.url}/api/traces/{trace_id}")
        return found.json()["data"][0] if found.status_code == 200 else None

    def spans(self, service: str) -> list[dict[str, Any]]:
        """The inference spans of a service: their attributes, and `name`."""
        spans = [span for trace in self.traces(service) for span in trace["spans"]]
        return [tags(span) for span in spans if tags(span).get("gen_ai.operation.name") not in (None, "execute_tool")]


class Collector(Program):
    """A real Collector with one of the shipped files, or with several, each laid over those before it.

    Args:
        work: folder for its queue and its log.
        files: names in `collector-config/`.
        name: the service name of its own metrics; the Collector's own if left out.
        over: what is laid over the files.
        environment: variables of the files; its ports are free ones, where they name none.
    """

    def __init__(
        self, work: Path, *files: str, name: str = "", over: Mapping[str, Any] | None = None, **environment: str
    ) -> None:
        grpc, health = free_port(), free_port()
        # By this name it pushes its own figures.
        laid = [f"--config=yaml:{json.dumps(over)}"] if over else []
        named = [f"--config=yaml:service::telemetry::resource::service.name: {name}"] if name else []
        scheme = "https" if "secure.yaml" in files else "http"
        called = f"{files[0].removesuffix('.yaml')}-{grpc}"
        chosen = {
            "CHUNKMETER_OTLP_GRPC": f"127.0.0.1:{grpc}",
            "CHUNKMETER_OTLP_HTTP": f"127.0.0.1:{free_port()}",
            "CHUNKMETER_HEALTH": f"127.0.0.1:{health}",
            "CHUNKMETER_QUEUE_DIR": str(work / f"{called}.queue"),
            "CHUNKMETER_DECISION_WAIT": "2s",
            **environment,
        }
        self.address = chosen["CHUNKMETER_OTLP_GRPC"]
        self.endpoint, self.http_endpoint = f"{scheme}://{self.address}", f"{scheme}://{chosen['CHUNKMETER_OTLP_HTTP']}"
        super().__init__(
            ["otelcol", *(f"--config={CONFIG / file}" for file in files), *laid, *named],
            work / f"{called}.log",
            f"http://127.0.0.1:{health}/",
            **chosen,
        )


def shipped_flags(service: str) -> list[str]:
    """The flags that compose.yaml starts a service with, those that hold addresses and places left out."""
    compose = yaml.safe_load((CONFIG / "compose.yaml").read_text())
    places = ("--config.file", "--storage.tsdb.path", "--web.console.templates", "--web.external-url")
    return [flag for flag in compose["services"][service]["command"] if not flag.startswith(places)]


def with_victoria_metrics(language: str) -> str:
    """The code in a language that README.md has where it is about VictoriaMetrics."""
    section = (CONFIG / "README.md").read_text().partition("\n## VictoriaMetrics\n")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(code)


def documented_flags(program: str) -> list[str]:
    """The flags that README.md starts a program with, those that hold addresses and places left out."""
    commands = [shlex.split(line) for line in with_victoria_metrics("sh").replace("\\\n", "").splitlines()]
    (flags,) = (flags for name, *flags in commands if name == program)
    return [flag for flag in flags if not re.match(r"-(rule|\w+\.url)=", flag)]


def tags(span: dict[str, Any]) -> dict[str, Any]:
    """A Jaeger span's attributes, and its name."""
    return {**{tag["key"]: tag["value"] for tag in span["tags"]}, "name": span["operationName"]}
