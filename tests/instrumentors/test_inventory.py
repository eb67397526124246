"""The line at the start: what is metered, what is installed and is not, and which other instrumentations there are."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from threading import Event

import pytest

import chunkmeter
from chunkmeter import instrumentors
from chunkmeter.calls.keeper import keeper
from chunkmeter.instrumentors import OpenAIInstrumentor, SpansInstrumentor, _inventory
from chunkmeter.instrumentors._library import Library
from chunkmeter.reporting import first
from chunkmeter.testing import Kit
from replay.server import Server
from support.apps import run_app
from support.sdk import eventually

HOOKED = ("Anthropic's SDK", "Google's SDK", "Groq's SDK", "Mirascope", "Ollama's SDK", "OpenAI's SDK")
"""Libraries of the tests' environment, as the line names them."""
DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process in which nothing has been told, and nothing waits; all hooks are off again afterwards."""
    monkeypatch.setattr(_inventory, "_first", iter((True,)))
    monkeypatch.setattr(first, "_waiting", [])
    monkeypatch.delenv(DISABLED, raising=False)
    yield
    chunkmeter.uninstrument()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes these distributions, and no others, the ones that are looked up by name alone."""

    def install(**versions: str) -> None:
        def found(distribution: str) -> str:
            try:
                return versions[distribution.replace("-", "_")]
            except KeyError:
                raise PackageNotFoundError(distribution) from None

        monkeypatch.setattr(_inventory, "version", found)

    return install


def instrument(kit: Kit) -> None:
    chunkmeter.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that tell what is metered."""
    said = [record.getMessage() for record in caplog.records if record.name == "chunkmeter"]
    return [line for line in said if line.startswith(f"chunkmeter {chunkmeter.__version__} meters ")]


def called(kit: Kit) -> None:
    """A call is made, and the keeper's thread has done what it does at a first call."""
    chunk = {"choices": [{"index": 0, "finish_reason": "stop"}]}
    list(chunkmeter.wrap(iter([chunk]), provider="openai", telemetry=kit.telemetry))
    eventually(lambda: not first._waiting)
    done = Event()
    keeper.later(done.set)  # in the same thread, which may not be done with what it has taken
    assert done.wait(10)


def test_one_line_names_what_is_metered(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Each library with its version, at level INFO, once, however often everything is instrumented."""
    with caplog.at_level(logging.INFO, "chunkmeter"):
        instrument(kit)
        chunkmeter.uninstrument()
        instrument(kit)
    (line,) = lines(caplog)
    metered = line.partition(";")[0]
    assert [name for name in HOOKED if name not in metered] == []
    assert f"OpenAI's SDK {version('openai')}" in metered


def test_what_has_no_hook_is_named_with_the_cure(kit: Kit, install: Callable[..., None]) -> None:
    """Libraries of which `wrap()` reads the streams, together."""
    install(google_generativeai="0.8.6", ibm_watsonx_ai="1.4.6")
    instrument(kit)
    cure = "(it has no hook: give its streams to chunkmeter.wrap())"
    assert f"; not metered: Google's older SDK 0.8.6, IBM's SDK 1.4.6 {cure}" in f"{_inventory.line()}"


def test_a_hook_that_is_off_is_named_with_the_cure(
    kit: Kit, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It depends on who has switched it off."""
    install()
    OpenAIInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    said = f"{_inventory.line()}"
    assert said.startswith(f"meters OpenAI's SDK {version('openai')}; not metered: Anthropic's SDK ")
    assert said.endswith("(its hook is off: call chunkmeter.instrument())")
    monkeypatch.setenv(DISABLED, "chunkmeter_anthropic")
    assert f"{_inventory.line()}".endswith(f"(its hook is off: see {DISABLED})")


def test_a_version_that_is_not_metered_is_named_with_the_cure(
    kit: Kit, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where other versions are another library by the same name."""
    install()
    monkeypatch.setattr(Library, "found", lambda self: "9.0" if self.name == "Mirascope" else None)
    instrument(kit)
    assert _inventory.line() == "meters no library; not metered: Mirascope 9.0 (Install 'mirascope>=1.20,<3')"


def test_other_instrumentations_are_named_with_how_they_are_handled(kit: Kit, install: Callable[..., None]) -> None:
    """Their spans are read, unless nothing of ours sees them."""
    install(logfire="5.4.0", opentelemetry_instrumentation_openai_v2="2.4b0")
    named = "; other instrumentations installed: logfire 5.4.0, opentelemetry-instrumentation-openai-v2 2.4b0"
    instrument(kit)
    read = f"{named} (their spans are read, and a call that several tell of counts once)"
    assert f"{_inventory.line()}".endswith(read)
    SpansInstrumentor().uninstrument()
    unread = f"{named} (their spans are not read: add a chunkmeter.ChunkSpanProcessor to the tracer provider)"
    assert f"{_inventory.line()}".endswith(unread)


def test_versions_are_shown_as_the_log_shows_values_of_others(kit: Kit, install: Callable[..., None]) -> None:
    """On one line, whatever a package says of itself."""
    install(logfire="5\n4 \x1b[31m")
    instrument(kit)
    assert "logfire '5\\n4 \\x1b[31m' (" in f"{_inventory.line()}"


def test_a_log_that_is_not_configured_yet_hears_it_at_the_first_call(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    """`opentelemetry-instrument` runs before the app's first line; the app's second call says nothing more."""
    instrument(kit)
    assert lines(caplog) == []
    with caplog.at_level(logging.INFO, "chunkmeter"):
        called(kit)
        (line,) = lines(caplog)
        assert "OpenAI's SDK" in line
        with Kit() as other:
            called(other)
    assert lines(caplog) == [line]


def test_nothing_is_said_where_nobody_listens(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor looked up, at the start or later."""
    monkeypatch.setattr(_inventory, "line", lambda: pytest.fail("the line was made"))
    instrument(kit)
    called(kit)
    with caplog.at_level(logging.INFO, "chunkmeter"), Kit() as other:
        called(other)
    assert lines(caplog) == []


def test_nothing_is_said_where_every_hook_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """As OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=* has it: the user knows."""
    with caplog.at_level(logging.INFO, "chunkmeter"):
        _inventory.tell()
    assert lines(caplog) == []


def test_what_loses_money_is_one_warning(
    kit: Kit, install: Callable[..., None], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metrics that are off, and spans of others that are sampled away; spans of a library that is hooked are not."""
    install(logfire="5.4.0", xai_sdk="1.21.0")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.1")
    instrument(kit)
    _inventory.tell()
    assert [record.getMessage() for record in caplog.records] == [
        (
            "chunkmeter can't tell all that is spent: OTEL_METRICS_EXPORTER=none, so that no metric tells of it; "
            "OTEL_TRACES_SAMPLER keeps 0.1 of the traces, and calls of logfire count there. `chunkmeter doctor` says "
            "what to write."
        )
    ]


def test_sampling_alone_loses_no_money(
    kit: Kit, install: Callable[..., None], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metrics of chunkmeter's own calls are exact."""
    install()
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    instrument(kit)
    assert caplog.records == []


def test_it_never_raises(kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata may be broken in any way; the log says that something was."""

    def broken(distribution: str) -> str:
        raise ValueError(distribution)

    monkeypatch.setattr(_inventory, "version", broken)
    with caplog.at_level(logging.INFO, "chunkmeter"):
        instrument(kit)
    assert lines(caplog) == []
    assert "chunkmeter failed in telling what is metered (ValueError)" in caplog.text
    assert OpenAIInstrumentor().metering


@pytest.mark.slow
def test_it_imports_nothing_that_the_app_does_not_use() -> None:
    """The line names the SDKs; none of them is loaded, nor an instrumentation."""
    script = (
        "import logging, sys; logging.basicConfig(level=logging.INFO); import chunkmeter; chunkmeter.instrument();"
        "heavy = {'openai', 'anthropic', 'mirascope', 'groq', 'ollama', 'litellm', 'cohere', 'pydantic', 'xai_sdk'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert "meters Anthropic's SDK" in done.stderr


def test_opentelemetry_instrument_tells_when_all_are_loaded() -> None:
    """By the group of entry points that it loads last."""
    (ours,) = (point for point in entry_points(group="opentelemetry_post_instrument") if point.name == "chunkmeter")
    assert ours.load() is _inventory.tell


APP = """
import logging, sys
{configured}
from openai import OpenAI
asked = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "Where does Lisbon lie?"}}]}}
for _ in range(2):
    OpenAI().chat.completions.create(**asked)
"""


@pytest.mark.parametrize(("configured", "times"), [("logging.basicConfig(level=logging.INFO)", 1), ("", 0)])
def test_an_app_under_opentelemetry_instrument_is_told(
    server: Server, tmp_path: Path, configured: str, times: int
) -> None:
    """Once, as its own log has it; and an app without a log reads nothing."""
    app = tmp_path / "app.py"
    app.write_text(APP.format(configured=configured))
    exporters = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    told = run_app(server, {**exporters, DISABLED: "chunkmeter_anthropic"}, app=app)
    said = [line for line in told.splitlines() if f"chunkmeter {chunkmeter.__version__} meters " in line]
    assert len(said) == times
    for line in said:
        assert f"OpenAI's SDK {version('openai')}" in line
        assert f"not metered: Anthropic's SDK {version('anthropic')} (its hook is off: see {DISABLED})" in line


def test_every_library_is_in_it(kit: Kit) -> None:
    """Each instrumentor, but for the one of others' spans, stands for a library of its own name."""
    instrument(kit)
    assert len({type(each) for each in _inventory.every_instrumentor()}) == len(instrumentors.__all__)
