"""Settings from OpenTelemetry's configuration file, which has an entry for each instrumentor."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.configuration.instrumentation import configure_instrumentation
from opentelemetry.configuration.models import ExperimentalInstrumentation

from chunkmeter import Settings, instrumentors
from chunkmeter.instrumentors import MirascopeInstrumentor, SpansInstrumentor
from chunkmeter.reporting.telemetry import for_providers
from replay.otlp import Recording, read
from replay.scenarios import by_id
from replay.server import Server
from support import ROOT
from support.apps import APP, PLAYED, HttpReceiver, run_app


@pytest.mark.parametrize("name", instrumentors.__all__)
def test_every_setting_can_stand_in_the_file(name: str) -> None:
    """Under its own name, and absent unless it does: a default would go before the environment."""
    configuration = getattr(instrumentors, name).configuration
    assert {field.name: field.default for field in dataclasses.fields(configuration)} == dict.fromkeys(
        Settings.__dataclass_fields__
    )
    assert dataclasses.asdict(configuration()) == dict.fromkeys(Settings.__dataclass_fields__)


def test_the_file_knows_every_instrumentor() -> None:
    """By its entry point's name."""
    found = entry_points(group="opentelemetry_instrumentor")
    ours = {entry.load() for entry in found if entry.value.startswith("chunkmeter.")}
    assert ours == {getattr(instrumentors, name) for name in instrumentors.__all__}


@pytest.fixture
def configured() -> Iterator[None]:
    """Afterwards nothing is instrumented."""
    yield
    for instrumentor in (MirascopeInstrumentor(), SpansInstrumentor()):
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()


@pytest.mark.usefixtures("configured")
def test_a_value_that_can_not_be_used_is_said_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    """By `Settings`, whoever brings it; the library is metered all the same."""
    with caplog.at_level(logging.WARNING):
        configure_instrumentation(ExperimentalInstrumentation(python={"mirascope": {"idle_timeout": "soon"}}))
    assert [record.getMessage() for record in caplog.records] == [
        "idle_timeout='soon' is not usable: write a number of seconds above 0, such as 600. Using 600.0."
    ]
    assert MirascopeInstrumentor().is_instrumented_by_opentelemetry


@pytest.mark.usefixtures("configured")
def test_an_option_that_is_no_setting_is_said_and_the_others_count(caplog: pytest.LogCaptureFixture) -> None:
    """A slip in one line of the file takes no other line's effect away."""
    options = {"metric_label": "tenant", "metric_labels": "team"}
    with caplog.at_level(logging.WARNING):
        configure_instrumentation(ExperimentalInstrumentation(python={"mirascope": options}))
    (record,) = caplog.records
    assert record.getMessage().startswith("'metric_label' is no setting of chunkmeter: did you mean metric_labels?")
    in_force = for_providers(None, None, Settings(metric_labels=("team",)))
    patches = MirascopeInstrumentor()._patches
    assert patches is not None
    assert patches._telemetry is in_force


def test_a_keyword_that_is_no_setting_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing else would tell; the providers are none, and not taken for one."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        MirascopeInstrumentor().instrument(metric_label="tenant", tracer_provider=None, logger_provider=None)
    MirascopeInstrumentor().uninstrument()
    (record,) = caplog.records
    assert record.getMessage().startswith("'metric_label' is no setting of chunkmeter: did you mean metric_labels?")


def started(server: Server, directory: Path, app: Path, entries: dict[str, Any], **environment: str) -> Recording:
    """What an app exports that starts from a file with these entries, by the SDK that the file sets up."""
    with HttpReceiver(directory / "otlp") as receiver:

        def exporter(signal: str) -> dict[str, Any]:
            return {"exporter": {"otlp_http": {"endpoint": f"{receiver.url}/v1/{signal}"}}}

        content = {
            "file_format": "1.0",
            "tracer_provider": {"processors": [{"batch": exporter("traces")}]},
            "meter_provider": {"readers": [{"periodic": exporter("metrics")}]},
            "instrumentation/development": {"python": entries},
        }
        file = directory / "otel.yaml"
        file.write_text(json.dumps(content))  # which YAML includes
        told = run_app(server, {"OTEL_CONFIG_FILE": str(file), **environment}, app=app)
    assert "Traceback" not in told
    return read(directory / "otlp")


def calls(recording: Recording) -> list[dict[str, Any]]:
    """The inference spans."""
    return [span for span in recording.spans if "chunkmeter.outcome" in span]


@pytest.mark.slow
def test_an_app_starts_from_the_file(server: Server, tmp_path: Path) -> None:
    """Its settings take effect; those that it leaves out are the environment's."""
    settings = {"metric_labels": ["function"], "servers": {"127.0.0.1": "*"}}
    entries = {"mirascope": settings, "chunkmeter_spans": settings}
    recording = started(server, tmp_path, APP, entries, CHUNKMETER_HISTOGRAMS="duration,token_usage")
    assert len(calls(recording)) == len(PLAYED)
    for name, scenario in zip(("describe", "surprise", "history"), PLAYED, strict=True):
        (span,) = (span for span in calls(recording) if span["code.function.name"] == f"__main__.{name}")
        assert span["chunkmeter.cost.status"] == "known"
        (spend,) = recording.points("chunkmeter.spend", {"code.function.name": f"__main__.{name}"})
        assert spend == pytest.approx(by_id[scenario].truth.usd, abs=1e-9)
    assert recording.points("gen_ai.client.operation.duration", {})
    assert not recording.points("gen_ai.client.operation.cost", {})


@pytest.mark.slow
def test_each_library_has_its_own_entry(server: Server, tmp_path: Path) -> None:
    """Whoever answers at 127.0.0.1 is told to the hooks of OpenAI's SDK alone, and not to those of Anthropic's."""
    app = ROOT / "examples/sdk_streams.py"
    recording = started(server, tmp_path, app, {"chunkmeter_openai": {"servers": ["127.0.0.1=openai"]}})
    found = {span["gen_ai.request.model"]: span["chunkmeter.cost.status"] for span in calls(recording)}
    assert found == {"gpt-4o": "known", "claude-haiku-4-5": "assumed", "gpt-5": "known"}
    assert len(calls(recording)) == 3
