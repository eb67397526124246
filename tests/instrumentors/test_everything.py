"""`chunkmeter.instrument()` and `chunkmeter.uninstrument()`: all that is installed, on and off."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anthropic import Anthropic
from mirascope.core import openai
from openai import OpenAI

import chunkmeter
from chunkmeter import instrumentors, labels
from chunkmeter.testing import Kit
from replay.server import Server


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    """Whatever a test instruments, it leaves nothing behind."""
    yield
    chunkmeter.uninstrument()


def instrument(kit: Kit, **settings: Any) -> None:
    chunkmeter.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, **settings)


def metered() -> set[str]:
    """The instrumentors that are in force."""
    return {name for name in instrumentors.__all__ if getattr(instrumentors, name)().is_instrumented_by_opentelemetry}


@pytest.fixture
def describe(server: Server) -> Callable[[str], Any]:
    client = OpenAI(base_url=f"{server.url}/openai", api_key="no-key-needed", max_retries=0)

    @openai.call("gpt-4o-mini", stream=True, client=client)
    def describe(city: str) -> str:
        return f"Describe {city} in one sentence."

    return describe


def foreign(kit: Kit) -> None:
    """A span of another instrumentation."""
    used = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 1000}
    told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
    kit.tracer.start_span("chat", attributes={**told, **used}).end()


def test_all_that_is_installed_is_metered(kit: Kit, describe: Callable[[str], Any]) -> None:
    """Each call once, and the spans of others; afterwards nothing."""
    instrument(kit)
    assert metered() == set(instrumentors.__all__)
    list(describe("Lisbon"))
    assert (len(kit.spans), kit.total("chunkmeter.calls")) == (1, 1)
    foreign(kit)
    assert kit.total("chunkmeter.calls") == 2
    chunkmeter.uninstrument()
    assert metered() == set()
    list(describe("Lisbon"))
    foreign(kit)
    assert kit.total("chunkmeter.calls") == 2


@pytest.fixture
def ask_openai(server: Server) -> Callable[[], Any]:
    """A stream of OpenAI's SDK."""
    client = OpenAI(base_url=f"{server.url}/openai", api_key="no-key-needed", max_retries=0)
    messages: Any = [{"role": "user", "content": "Sum up the archive."}]

    def ask() -> Any:
        return client.chat.completions.create(
            model="gpt-4o", messages=messages, stream=True, stream_options={"include_usage": True}
        )

    return ask


def test_sdks_are_metered_beside_what_is_built_on_them(
    kit: Kit, server: Server, describe: Callable[[str], Any], ask_openai: Callable[[], Any]
) -> None:
    """A request of Mirascope's goes through OpenAI's SDK and is one call; so is one of the SDK's own."""
    client = Anthropic(base_url=f"{server.url}/anthropic", api_key="no-key-needed", max_retries=0)
    question: Any = [{"role": "user", "content": "Tell a legend."}]
    instrument(kit, metric_labels="tenant")
    with labels(tenant="acme"):
        list(describe("Lisbon"))
        list(ask_openai())
        with client.messages.stream(model="claude-haiku-4-5", max_tokens=6, messages=question) as stream:
            assert "".join(stream.text_stream) == "In the beginning there was"
    assert sorted(span.name for span in kit.spans) == ["chat claude-haiku-4-5", "chat gpt-4o", "chat gpt-4o-mini"]
    assert {point.attributes["tenant"] for point in kit.points("chunkmeter.calls")} == {"acme"}
    # gpt-4o-mini: 176 x 0.15 + 1024 x 0.075 + 45 x 0.60; gpt-4o: 21000 x 2.50 + 2750 x 10; haiku: 18 x 1 + 6 x 5; / 1e6
    assert kit.total("chunkmeter.spend") == pytest.approx(0.0001302 + 0.08 + 0.000048, abs=1e-12)
    chunkmeter.uninstrument()
    list(ask_openai())
    client.messages.create(model="claude-sonnet-4-5", max_tokens=6, messages=question)
    assert kit.total("chunkmeter.calls") == 3


def test_an_open_stream_of_an_sdk_is_left_alone(kit: Kit, ask_openai: Callable[[], Any]) -> None:
    """As one of Mirascope's is."""
    instrument(kit)
    stream = ask_openai()
    first = next(stream)
    chunkmeter.uninstrument()
    text = "".join(choice.delta.content or "" for chunk in (first, *stream) for choice in chunk.choices)
    assert text == "The whole city archive, summed up."
    assert (len(kit.spans), kit.total("chunkmeter.calls", outcome="completed")) == (1, 1)


def test_settings_are_those_of_all(kit: Kit, describe: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """By keyword; the environment fills in the others."""
    monkeypatch.setenv("CHUNKMETER_HISTOGRAMS", "none")
    instrument(kit, metric_labels="tenant")
    with labels(tenant="acme"):
        list(describe("Lisbon"))
        foreign(kit)
    assert [(point.attributes["tenant"], point.value) for point in kit.points("chunkmeter.calls")] == [
        ("acme", 1),
        ("acme", 1),
    ]
    assert kit.points("gen_ai.client.operation.duration") == []


def test_again_it_changes_nothing(kit: Kit, describe: Callable[[str], Any], caplog: pytest.LogCaptureFixture) -> None:
    """And says nothing, switched on twice or off twice."""
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            instrument(kit, metric_labels="tenant")
            chunkmeter.instrument()
        list(describe("Lisbon"))
        foreign(kit)
        for _ in range(2):
            chunkmeter.uninstrument()
        instrument(kit)
        list(describe("Lisbon"))
    assert caplog.records == []
    assert (len(kit.spans), kit.total("chunkmeter.calls")) == (3, 3)


def test_what_is_metered_already_keeps_its_settings(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Others are not silently dropped: a warning says how they would count. What is left to meter is metered."""
    instrumentors.MirascopeInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider
    )
    with caplog.at_level(logging.WARNING):
        instrument(kit, metric_labels="tenant")
    (record,) = caplog.records
    assert record.getMessage() == (
        "chunkmeter.instrument() changes nothing about MirascopeInstrumentor, which runs with other settings or "
        "providers: to change these, call chunkmeter.uninstrument() first."
    )
    assert metered() == set(instrumentors.__all__)


def test_settings_that_can_not_be_used_are_said_once(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """However many libraries there are."""
    with caplog.at_level(logging.WARNING):
        instrument(kit, idle_timeout="soon", metric_label="tenant")
    assert [record.getMessage().partition(" is ")[0] for record in caplog.records] == [
        "idle_timeout='soon'",
        "'metric_label'",
    ]


def test_an_open_stream_is_left_alone(kit: Kit, describe: Callable[[str], Any]) -> None:
    """It is read on, and metered to its end."""
    instrument(kit)
    stream = iter(describe("Lisbon"))
    first = next(stream)
    chunkmeter.uninstrument()
    text = "".join(chunk.content for chunk, _ in (first, *stream))
    assert text == "Lisbon lies on seven hills above the Tagus."
    assert (len(kit.spans), kit.total("chunkmeter.calls", outcome="completed")) == (1, 1)


@pytest.mark.slow
def test_nothing_of_a_library_is_imported() -> None:
    """What the app doesn't use costs it nothing."""
    code = "import chunkmeter, sys; chunkmeter.instrument(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mirascope", "openai", "anthropic", "groq", "pydantic", "genai_prices"} & set(done.stdout.split())
    assert done.stderr == ""
