"""Processors and exporters beside ours, before it and after: what they put on a span or take off it is exported."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chunkmeter import ChunkSpanProcessor
from chunkmeter.exporter import CostSpanExporter
from chunkmeter.finished import with_attributes
from chunkmeter.testing import Kit, attributes_of
from support.peer_spans import GPT, SPANS

FOREIGN = {**SPANS["genai"].attributes, "user.email": "a@example.org"}


class Adding(SpanProcessor):
    """Adds an attribute as a span begins, as one that copies baggage does."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        span.set_attribute("team", "guides")


class Rewriting(SpanProcessor):
    """Rewrites a span that has ended in place: takes the address out, and puts a note on. The SDK has no way for that,
    so such processors set what is private; all processors get the one object."""

    def on_end(self, span: ReadableSpan) -> None:
        kept = {name: value for name, value in (span._attributes or {}).items() if name != "user.email"}
        span._attributes = {**kept, "note": "clean"}
        span._name = "renamed"
        span._events = ()


class RewritingExporter(SpanExporter):
    """An exporter around another one that exports spans of its own making."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([self._rewritten(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def _rewritten(self, span: ReadableSpan) -> ReadableSpan:
        kept = {name: value for name, value in (span.attributes or {}).items() if name != "user.email"}
        scope = span.instrumentation_scope
        return ReadableSpan(
            "renamed", span.context, span.parent, attributes={**kept, "note": "clean"}, instrumentation_scope=scope
        )


class Noting(SpanExporter):
    """An exporter that notes what a span says as it is exported."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            self.attributes |= span.attributes or {}
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


Way = Callable[[Kit, SpanExporter], tuple[SpanProcessor, ...]]


def by_processor(kit: Kit, exporter: SpanExporter) -> tuple[SpanProcessor, ...]:
    return (ChunkSpanProcessor(BatchSpanProcessor(exporter), meter_provider=kit.meter_provider),)


def by_exporter(kit: Kit, exporter: SpanExporter) -> tuple[SpanProcessor, ...]:
    batch = BatchSpanProcessor(CostSpanExporter(exporter, telemetry=kit.telemetry))
    return (ChunkSpanProcessor(meter_provider=kit.meter_provider), batch)


each_way = pytest.mark.parametrize("way", [by_processor, by_exporter])


def exported(processors: Sequence[SpanProcessor], exporter: InMemorySpanExporter) -> ReadableSpan:
    """What is exported of a foreign span that passes the processors in this order."""
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    span = provider.get_tracer("peer").start_span("chat", attributes=FOREIGN)
    span.add_event("said", {"text": "a secret"})
    span.end()
    provider.force_flush()
    provider.shutdown()
    (found,) = exporter.get_finished_spans()
    return found


def expect_cost(span: ReadableSpan) -> dict[str, Any]:
    found = attributes_of(span)
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(GPT, abs=1e-12)
    return found


@each_way
@pytest.mark.parametrize("after", [False, True])
def test_what_others_add_as_a_span_begins_is_exported(kit: Kit, way: Way, after: bool) -> None:
    """Whether they come before ours or after it."""
    exporter = InMemorySpanExporter()
    ours = way(kit, exporter)
    found = expect_cost(exported((*ours, Adding()) if after else (Adding(), *ours), exporter))
    assert found["team"] == "guides"


@each_way
@pytest.mark.parametrize("after", [False, True])
def test_what_others_rewrite_as_a_span_ends_is_exported(kit: Kit, way: Way, after: bool) -> None:
    """Also where they come after ours, as a batch is exported later: so it is without us."""
    exporter = InMemorySpanExporter()
    ours = way(kit, exporter)
    span = exported((*ours, Rewriting()) if after else (Rewriting(), *ours), exporter)
    found = expect_cost(span)
    assert "user.email" not in found
    assert (found["note"], span.name, span.events) == ("clean", "renamed", ())
    assert kit.total("chunkmeter.spend") == pytest.approx(GPT, abs=1e-12)


def test_what_is_exported_at_once_is_exported_as_it_is(kit: Kit) -> None:
    """`SimpleSpanProcessor` does not wait for processors that come after it: with us as without."""
    with_us, without = Noting(), Noting()
    ours = ChunkSpanProcessor(SimpleSpanProcessor(with_us), meter_provider=kit.meter_provider)
    exported(
        (ours, SimpleSpanProcessor(without), Rewriting(), SimpleSpanProcessor(kept := InMemorySpanExporter())), kept
    )
    assert with_us.attributes["user.email"] == without.attributes["user.email"] == "a@example.org"
    assert with_us.attributes["gen_ai.usage.cost.amount"] == pytest.approx(GPT, abs=1e-12)


@each_way
def test_an_exporter_around_another_has_the_last_word(kit: Kit, way: Way) -> None:
    """Behind ours it gets the cost, and what it makes of the span is exported."""
    exporter = InMemorySpanExporter()
    span = exported(way(kit, RewritingExporter(exporter)), exporter)
    found = expect_cost(span)
    assert ("user.email" in found, found["note"], span.name) == (False, "clean", "renamed")


def test_an_exporter_around_ours_gives_it_what_is_priced(kit: Kit) -> None:
    """`chunkmeter_otlp` inside another exporter prices what that one has left."""
    exporter = InMemorySpanExporter()
    around = RewritingExporter(CostSpanExporter(exporter, telemetry=kit.telemetry))
    found = expect_cost(exported((BatchSpanProcessor(around),), exporter))
    assert ("user.email" in found, found["note"]) == (False, "clean")


# --- the copy ---


def enriched(kit: Kit) -> tuple[ReadableSpan, ReadableSpan]:
    """A finished span, and its copy with a cost."""
    kit.tracer.start_span("chat", attributes=FOREIGN).end()
    return kit.span, with_attributes(kit.span, {"cost": 1.0})


def test_what_is_set_on_the_copy_stays_on_it(kit: Kit) -> None:
    """A processor behind ours may rewrite what it gets; others have the span itself."""
    span, copied = enriched(kit)
    Rewriting().on_end(copied)
    assert (copied.name, "user.email" in (copied.attributes or {}), "cost" in (copied.attributes or {})) == (
        "renamed",
        False,
        True,
    )
    assert (span.name, attributes_of(span)) == ("chat", attributes_of(span) | {"user.email": "a@example.org"})


def test_the_copy_can_be_copied(kit: Kit) -> None:
    """As processors do that rewrite a copy of their own."""
    _, copied = enriched(kit)
    again = copy.copy(copied)
    assert (again.name, attributes_of(again)) == ("chat", attributes_of(copied))
    assert again.to_json() == copied.to_json()


def test_what_cannot_be_merged_is_exported_without_cost(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than that a whole batch is lost."""
    span, copied = enriched(kit)
    span._attributes = {"note": "clean"}

    def broken(value: object) -> object:
        raise ValueError(value)

    monkeypatch.setattr("chunkmeter.text.encodable", broken)
    assert attributes_of(copied) == {"note": "clean"}
