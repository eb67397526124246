"""Phoenix and MLflow: their own servers on 127.0.0.1, and what their APIs tell of the spans that they were sent."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from checks.e2e.programs import HTTP, Program, free_port
from support import ROOT

__all__ = ["UIS", "Mlflow", "Phoenix", "Seen", "Ui"]

_SPANS = """{ projects { edges { node { spans(first: 1000) { edges { node {
    name attributes trace { traceId } costSummary { total { cost } }
} } } } } } }"""
# Token counts by the names that the scenarios' truth has for them.
_PHOENIX_TOKENS = {
    "input_tokens": "llm.token_count.prompt",
    "output_tokens": "llm.token_count.completion",
    "cached_tokens": "llm.token_count.prompt_details.cache_read",
    "cache_write_tokens": "llm.token_count.prompt_details.cache_write",
}
_MLFLOW_TOKENS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as a UI's API tells it.

    Attributes:
        name: the span's name.
        trace: the trace's id, as the UI writes it.
        attributes: what the span was sent with, and what the UI has added.
        model: the model, in the UI's own field.
        tokens: token counts in the UI's own fields, by the names of the scenarios' truth; None for what it has not.
        own_cost: USD by the UI's own price table; None where it has no price.
    """

    name: str
    trace: str
    attributes: Mapping[str, Any]
    model: str | None
    tokens: Mapping[str, int | None]
    own_cost: float | None


class Ui(Program):
    """A UI's server, with a folder of its own.

    Args:
        work: its folder.
        environment: further variables.
    """

    name: ClassVar[str]
    ready: ClassVar[str]
    """The path that answers once it is ready."""
    headers = ""
    """What an exporter has to send beside the spans, as `OTEL_EXPORTER_OTLP_HEADERS` has it."""
    unread: ClassVar[frozenset[str]] = frozenset()
    """The token counts that it does not read, by the names of the scenarios' truth."""
    names_answer: ClassVar[bool]
    """Whether its model is the one that the answer names, not the one that was asked for."""
    _patience = 240.0  # a new database is made first

    def __init__(self, work: Path, **environment: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command, variables = self._started_by(work, port)
        super().__init__(command, work / f"{self.name}.log", self.url + self.ready, **variables, **environment)

    @abstractmethod
    def _started_by(self, work: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Its command and variables."""

    @abstractmethod
    def spans(self) -> Iterator[Seen]:
        """Every span that it has."""


class Phoenix(Ui):
    """Arize's Phoenix. It reads the GenAI conventions' names, and prices tokens itself."""

    name = "phoenix"
    ready = "/healthz"
    names_answer = False
    # It knows the conventions' name before their last renaming, cache_creation.
    unread = frozenset({"cache_write_tokens"})

    def _started_by(self, work: Path, port: int) -> tuple[list[str], dict[str, str]]:
        return [str(ROOT / ".venv-uis-phoenix/bin/phoenix"), "serve"], {
            "PHOENIX_WORKING_DIR": str(work),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
            "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        }

    def spans(self) -> Iterator[Seen]:
        """Those of all projects, by GraphQL."""
        answer = HTTP.post(f"{self.url}/graphql", json={"query": _SPANS}).raise_for_status().json()
        for project in answer["data"]["projects"]["edges"]:
            for edge in project["node"]["spans"]["edges"]:
                span = edge["node"]
                attributes = dict(_flat(json.loads(span["attributes"])))
                yield Seen(
                    span["name"],
                    span["trace"]["traceId"],
                    attributes,
                    attributes.get("llm.model_name"),
                    {name: attributes.get(key) for name, key in _PHOENIX_TOKENS.items()},
                    span["costSummary"] and span["costSummary"]["total"]["cost"],
                )


class Mlflow(Ui):
    """MLflow's tracking server. It reads the GenAI conventions' names, and prices tokens itself."""

    name = "mlflow"
    ready = "/health"
    names_answer = True

    def __init__(self, work: Path, **environment: str) -> None:
        super().__init__(work, **environment)
        try:
            made = self._post("/api/2.0/mlflow/experiments/create", {"name": "my-service"})
        except BaseException:
            self.stop()
            raise
        self.experiment = made["experiment_id"]
        self.headers = f"x-mlflow-experiment-id={self.experiment}"

    def _post(self, path: str, body: Any) -> Any:
        return HTTP.post(self.url + path, json=body).raise_for_status().json()

    def _started_by(self, work: Path, port: int) -> tuple[list[str], dict[str, str]]:
        stored = (
            f"--backend-store-uri=sqlite:///{work / 'mlflow.db'}",
            f"--artifacts-destination={work / 'artifacts'}",
        )
        server = (str(ROOT / ".venv-uis-mlflow/bin/mlflow"), "server")
        # It fetches newer prices as spans come, a provider at a time, and has the exporter wait for them; its jobs are
        # seven processes more.
        return [*server, "--host=127.0.0.1", f"--port={port}", "--workers=1", *stored], {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_MODEL_CATALOG_URI": "",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }

    def spans(self) -> Iterator[Seen]:
        """Those of the experiment, by REST."""
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": self.experiment}}
        asked = {"locations": [place], "max_results": 500}
        found = self._post("/api/3.0/mlflow/traces/search", asked)
        for trace in [each["trace_id"] for each in found.get("traces", [])]:
            got = HTTP.get(f"{self.url}/api/3.0/mlflow/traces/get", params={"trace_id": trace}).raise_for_status()
            for span in got.json()["trace"].get("spans", []):
                attributes = {each["key"]: _value(each["value"]) for each in span["attributes"]}
                usage = attributes.get("mlflow.chat.tokenUsage") or {}
                yield Seen(
                    span["name"],
                    trace,
                    attributes,
                    attributes.get("mlflow.llm.model"),
                    {name: usage.get(key) for name, key in _MLFLOW_TOKENS.items()},
                    (attributes.get("mlflow.llm.cost") or {}).get("total_cost"),
                )


UIS: tuple[type[Ui], ...] = (Phoenix, Mlflow)


def _flat(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _value(value: Mapping[str, Any]) -> Any:
    """What a value of OTLP's holds."""
    for kind, held in value.items():
        if kind == "kvlist_value":
            return {each["key"]: _value(each["value"]) for each in held["values"]}
        if kind == "array_value":
            return [_value(each) for each in held.get("values", [])]
        return held
    return None
