"""The examples of docs/architecture.md, run as they stand there."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chunkmeter import ChunkSpanProcessor, foreign
from chunkmeter.instrumentors import _library
from chunkmeter.testing import Kit, attributes_of
from support.pages import blocks
from support.sdk import PLAIN
from support.streams import events_of

LIBRARY, DIALECT = (block.code for block in blocks("docs/architecture.md") if block.language == "python")
EVENTS = events_of(PLAIN)


def module(package: str, code: str) -> ModuleType:
    """The example as a module of the package."""
    made = ModuleType(f"chunkmeter.{package}.acme")
    made.__package__ = f"chunkmeter.{package}"
    exec(compile(code, "docs/architecture.md", "exec"), vars(made))
    return made


class Answers:
    """A made-up SDK's resource."""

    def __init__(self, base_url: str) -> None:
        self._client = SimpleNamespace(base_url=base_url)

    def create(self, model: str, stream: bool = False, **_: Any) -> Any:
        return (event for event in EVENTS) if stream else EVENTS[-1]


class AsyncAnswers(Answers):
    async def create(self, model: str, stream: bool = False, **_: Any) -> Any:
        return EVENTS[-1]


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("acme_llm.answers")
    made.__dict__.update(Answers=Answers, AsyncAnswers=AsyncAnswers)
    monkeypatch.setitem(sys.modules, "acme_llm", ModuleType("acme_llm"))
    monkeypatch.setitem(sys.modules, "acme_llm.answers", made)
    monkeypatch.setattr(_library, "version", {"acme-llm": "1.2.0"}.__getitem__)
    return made


@pytest.mark.usefixtures("sdk")
def test_the_library_is_metered(kit: Kit) -> None:
    instrumentor = module("instrumentors", LIBRARY).AcmeInstrumentor()
    instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    try:
        stream = Answers("https://llm.acme.example/v1").create("gpt-4o-mini", True, temperature=0.5)
        assert [*stream] == EVENTS
    finally:
        instrumentor.uninstrument()
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.provider.name"] == "acme"
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["server.address"] == "llm.acme.example"
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert attributes["gen_ai.usage.output_tokens"] == 45
    Answers("").create("gpt-4o-mini")
    assert len(kit.spans) == 1


@pytest.mark.usefixtures("sdk")
async def test_its_async_twin_is_too(kit: Kit) -> None:
    instrumentor = module("instrumentors", LIBRARY).AcmeInstrumentor()
    instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    try:
        assert await AsyncAnswers("").create("gpt-4o-mini") is EVENTS[-1]
    finally:
        instrumentor.uninstrument()
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


def test_the_dialect_is_counted(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """gpt-4o-mini: 1000 in at 0.15 USD a million, 100 out at 0.60."""
    monkeypatch.setattr(foreign, "DIALECTS", (module("foreign", DIALECT), *foreign.DIALECTS))
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    )
    said = {"acme.kind": "llm", "acme.vendor": "openai", "acme.model": "gpt-4o-mini"}
    kit.tracer.start_span("x", attributes={**said, "acme.tokens.in": 1000, "acme.tokens.out": 100}).end()
    kit.tracer.start_span("y", attributes={**said, "acme.kind": "tool"}).end()
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(1000 * 0.15e-6 + 100 * 0.60e-6, abs=1e-12)


def test_they_are_as_short_as_the_page_says() -> None:
    assert len(LIBRARY.splitlines()) <= 60
    assert len(DIALECT.splitlines()) <= 40
