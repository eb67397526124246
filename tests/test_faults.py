"""Faults of chunkmeter's own, planted on purpose: the user's stream doesn't notice, the metrics say it happened."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import chunkmeter
from chunkmeter import Settings, pricing, readers, semconv
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import Reader, items
from chunkmeter.reporting.series import Series
from chunkmeter.reporting.telemetry import Telemetry
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support import sdk
from support.sdk import PLAIN, expect
from support.streams import events_of, generated

EVENTS: list[dict[str, Any]] = events_of(PLAIN)
COUNTED = {"outcome": "completed", "usage__status": "reported", "cost__status": "known"}
INSTRUMENTS = [semconv.SPEND, semconv.CALLS, semconv.COST, *semconv.RELEASED.metrics, *semconv.LATEST.metrics]


class PlantedError(Exception):
    """What chunkmeter's own code raises here."""


def raising(*_: Any, **__: Any) -> Any:
    raise PlantedError("sk-secret")


def break_instrument(monkeypatch: pytest.MonkeyPatch, kit: Kit, metric: semconv.Metric) -> None:
    own: Any = kit.telemetry.instruments
    assert metric.name in own._by_name
    monkeypatch.setitem(own._by_name, metric.name, raising)


def read_twice(kit: Kit) -> None:
    """Two streams, untouched: one that ends well, one whose source raises."""
    error = ValueError("the source's own")
    for failure in (None, error):
        got: list[Any] = []
        stream = chunkmeter.wrap(
            generated(EVENTS, failure),
            provider="openai",
            model="gpt-4o-mini",
            start_time=time.time_ns(),
            telemetry=kit.telemetry,
        )
        raised: ValueError | None = None
        try:
            for item in stream:
                got.append(item)  # noqa: PERF402 -- what came before the error is to be kept
        except ValueError as caught:
            raised = caught
        assert raised is failure
        assert [id(item) for item in got] == [id(item) for item in EVENTS]
    assert not kit.telemetry.gauges.open


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Warnings of chunkmeter; none quotes an exception."""
    ours = [record for record in caplog.records if record.name == "chunkmeter"]  # Others' tests may still be ending.
    lines = [record.getMessage() for record in ours if record.levelno >= logging.WARNING]
    assert "sk-secret" not in "".join(lines)
    return lines


def broken(monkeypatch: pytest.MonkeyPatch, wire: str, *, after: int) -> None:
    """A reader that raises on every event after the first few."""
    sound, seen = readers.for_wire(wire), Counter[Tally]()

    def read(tally: Tally, event: Any) -> None:
        seen[tally] += 1
        if seen[tally] > after:
            raising()
        sound.read(tally, event)

    monkeypatch.setitem(readers._loaded, wire, Reader(wire, sound.operation, read))


@pytest.mark.parametrize("after", [0, 3, 7])
def test_a_fault_in_the_reader(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, after: int
) -> None:
    """Every chunk it fails on is counted, said once; what has been read can't be vouched for."""
    broken(monkeypatch, "openai_chat", after=after)
    read_twice(kit)
    assert kit.total("chunkmeter.errors", stage="reader") == 2 * (len(EVENTS) - after)
    assert kit.total("chunkmeter.calls", usage__status="failed") == 2
    assert kit.total("chunkmeter.calls") == 2
    assert [attributes_of(span)["chunkmeter.usage.status"] for span in kit.spans] == ["failed", "failed"]
    assert len(logged(caplog)) == 1


def test_a_fault_in_the_reader_of_a_real_sdk_s_stream(
    server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunks come as they come without chunkmeter."""
    broken(monkeypatch, "openai_chat", after=2)
    with sdk.openai_client(server) as client:
        bare = [chunk.model_dump() for chunk in sdk.chat(client)]
        metered = chunkmeter.wrap(sdk.chat(client), telemetry=kit.telemetry)
        assert [chunk.model_dump() for chunk in metered] == bare
        with chunkmeter.wrap(sdk.chat_manager(client), telemetry=kit.telemetry) as stream:
            assert stream.get_final_completion().usage.total_tokens == 1245
    assert kit.total("chunkmeter.calls", usage__status="failed") == 2
    assert kit.total("chunkmeter.errors", stage="reader") == 2 * (len(bare) - 2)


async def test_a_fault_in_the_reader_of_an_async_stream(
    server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The async twin."""
    broken(monkeypatch, "openai_chat", after=0)
    async with sdk.async_openai_client(server) as client:
        stream = chunkmeter.wrap(await sdk.chat(client), telemetry=kit.telemetry)
        assert len([chunk async for chunk in stream]) == len(EVENTS)
    assert kit.total("chunkmeter.calls", usage__status="failed") == 1


def test_a_fault_in_telling_the_wire(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first chunk is lost to the reader, and so may be every other."""
    monkeypatch.setattr(items, "for_event", raising)
    read_twice(kit)
    assert kit.total("chunkmeter.errors", stage="reader") == 2 * len(EVENTS)
    assert kit.total("chunkmeter.calls", usage__status="failed") == 2


@pytest.mark.parametrize("method", ["tokens", "raw_reasons"])
def test_a_fault_in_the_tally(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Usage that can't be counted is failed usage, and no zero."""
    monkeypatch.setattr(Tally, method, raising)
    read_twice(kit)
    assert kit.total("chunkmeter.errors", stage="reader") == 2
    assert kit.total("chunkmeter.calls", usage__status="failed") == 2
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["completed", "error"]
    assert all("gen_ai.usage.input_tokens" not in attributes_of(span) for span in kit.spans)
    assert len(logged(caplog)) == 1


def test_a_fault_in_pricing(kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Usage is told all the same; there is no cost, and the status says why."""
    monkeypatch.setattr(pricing, "price", raising)
    read_twice(kit)
    assert kit.total("chunkmeter.errors", stage="price") == 2
    assert kit.total("chunkmeter.errors") == 2
    assert kit.total("chunkmeter.calls", cost__status="failed", usage__status="reported") == 2
    for span in kit.spans:
        assert attributes_of(span)["chunkmeter.cost.status"] == "failed"
        assert attributes_of(span)["gen_ai.usage.input_tokens"] == 1200
    assert kit.points("chunkmeter.spend") == []
    assert len(logged(caplog)) == 1


def test_a_fault_in_the_span_s_attributes(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The spans end without facts, the metrics have them all."""
    monkeypatch.setattr("chunkmeter.reporting.telemetry.span_attributes", raising)
    read_twice(kit)
    assert len(kit.spans) == 2
    assert all("chunkmeter.outcome" not in attributes_of(span) for span in kit.spans)
    assert kit.total("chunkmeter.errors", stage="settle") == 2
    assert kit.total("chunkmeter.calls", **COUNTED) == 1
    assert kit.total("chunkmeter.calls", outcome="error") == 1
    assert len(logged(caplog)) == 1


def test_a_fault_in_starting_the_span(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No span, all metrics."""
    monkeypatch.setattr(Telemetry, "start_span", raising)
    read_twice(kit)
    assert kit.spans == []
    assert kit.total("chunkmeter.errors", stage="hook") == 2
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("chunkmeter.calls", **COUNTED) == 1
    assert len(logged(caplog)) == 1


def test_a_fault_in_ending_the_span(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A processor of the user's that raises when a span ends."""
    monkeypatch.setattr("opentelemetry.sdk.trace.Span.end", raising)
    read_twice(kit)
    assert kit.total("chunkmeter.errors", stage="settle") == 2
    assert kit.total("chunkmeter.calls") == 2
    assert len(logged(caplog)) == 1


@pytest.mark.parametrize("metric", INSTRUMENTS, ids=lambda metric: metric.name)
def test_a_fault_in_one_instrument(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, metric: semconv.Metric
) -> None:
    """The others are recorded, the span is whole."""
    kit = Kit(settings=Settings(semconv="both"))
    break_instrument(monkeypatch, kit, metric)
    read_twice(kit)
    assert kit.points(metric.name) == []
    assert [other for other in INSTRUMENTS if other is not metric and not kit.points(other.name)] == []
    failures = 4 if metric is semconv.TOKEN_USAGE else 2  # one a call and type of token, one a call
    assert kit.total("chunkmeter.errors", stage="settle") == failures
    assert kit.total("chunkmeter.errors") == failures
    expect(kit.spans[0], PLAIN)
    assert len(logged(caplog)) == 1
    kit.shutdown()


def test_a_fault_in_counting_faults(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the counter of errors may fail."""
    monkeypatch.setattr(pricing, "price", raising)
    monkeypatch.setattr(Telemetry, "_count_error", raising)
    break_instrument(monkeypatch, kit, semconv.ERRORS)
    read_twice(kit)
    assert kit.total("chunkmeter.calls", cost__status="failed") == 2


def test_a_fault_in_the_model_s_label(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The call counts without the label."""
    monkeypatch.setattr(Series, "model", raising)
    read_twice(kit)
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("chunkmeter.calls", **COUNTED) == 1
    assert all("gen_ai.request.model" not in point.attributes for point in kit.points("chunkmeter.calls"))
    assert kit.total("chunkmeter.errors", stage="settle") >= 2
    assert kit.total("gen_ai.client.operation.duration") > 0
    expect(kit.spans[0], PLAIN)
    assert 1 <= len(logged(caplog)) <= 2


@pytest.mark.parametrize(
    "target",
    [
        "chunkmeter.streams.wrap.put_on",
        "chunkmeter.calls.begin.Call",
        "chunkmeter.streams.wrap.is_manager",
        "chunkmeter.streams.wrap.begin",
    ],
)
def test_a_fault_in_wrap(kit: Kit, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """The stream comes back as it was, unmetered, and the failure is counted."""
    monkeypatch.setattr(target, raising)
    source = generated(EVENTS)
    stream = chunkmeter.wrap(source, provider="openai", telemetry=kit.telemetry)
    assert stream is source
    assert [id(item) for item in stream] == [id(item) for item in EVENTS]
    assert kit.total("chunkmeter.errors", stage="hook") == 1


@pytest.mark.parametrize("fault", ["span_attributes", "price"])
def test_a_fault_while_publishing_on_somebody_s_span(kit: Kit, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Its owner can end it as ever."""
    target: dict[str, Callable[[], None]] = {
        "span_attributes": lambda: monkeypatch.setattr("chunkmeter.reporting.telemetry.span_attributes", raising),
        "price": lambda: monkeypatch.setattr(pricing, "price", raising),
    }
    target[fault]()
    span = kit.tracer.start_span("mine")
    stream: Any = chunkmeter.wrap(generated(EVENTS), provider="openai", span=span, telemetry=kit.telemetry)
    next(stream)
    span.end()
    assert kit.span.name == "mine"
    list(stream)
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.errors") >= 1


def test_what_is_no_exception_is_not_swallowed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while chunkmeter is at work reaches the user."""

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pricing, "price", interrupted)
    stream = chunkmeter.wrap(generated(EVENTS), provider="openai", telemetry=kit.telemetry)
    with pytest.raises(KeyboardInterrupt):
        list(stream)
