"""Spans of other instrumentations as they make them: each call priced as the wire has it, and each counted once."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chunkmeter import ChunkSpanProcessor
from chunkmeter.testing import Kit, attributes_of
from support.peer_spans import SPANS


@pytest.mark.parametrize("name", SPANS)
def test_a_peer_s_span_is_priced_as_the_wire_has_it(kit: Kit, name: str) -> None:
    """Its cost on the copy, and in the metrics; a span that is no call of its own is neither priced nor counted."""
    scope, attributes, usd, status, unpriced = SPANS[name]
    exporter = InMemorySpanExporter()
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(
            SimpleSpanProcessor(exporter), tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider
        )
    )
    kit.tracer_provider.get_tracer(scope).start_span("a call", attributes=attributes).end()
    (span,) = exporter.get_finished_spans()
    found = attributes_of(span)
    assert found.get("chunkmeter.cost.status") == status
    assert found.get("gen_ai.usage.cost.amount") == (None if usd is None else pytest.approx(usd, abs=1e-12))
    assert tuple(found.get("chunkmeter.cost.unpriced", ())) == unpriced
    assert kit.total("chunkmeter.calls") == (0 if status is None else 1)
    assert kit.total("chunkmeter.spend") == pytest.approx(usd or 0, abs=1e-12)
    assert kit.total("chunkmeter.errors") == 0
