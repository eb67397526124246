"""Spans of other instrumentations that are never current, though they lie around our call: it counts once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span

from chunkmeter import ChunkSpanProcessor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from support.sdk import PLAIN
from support.streams import events_of, generated

EVENTS: list[dict[str, Any]] = events_of(PLAIN)
TRUTH = by_id[PLAIN].truth
TOKENS = 1245  # 1,200 in and 45 out
ASKED = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
ANSWERED: dict[str, Any] = {
    "gen_ai.response.id": TRUTH.response_id,
    "gen_ai.response.model": TRUTH.response_model,
    "gen_ai.usage.input_tokens": TRUTH.input_tokens,
    "gen_ai.usage.output_tokens": TRUTH.output_tokens,
}
OPENLLMETRY = "opentelemetry.instrumentation.anthropic"


@pytest.fixture
def behind(kit: Kit) -> InMemorySpanExporter:
    """What a processor that prices has forwarded."""
    exporter = InMemorySpanExporter()
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(
            SimpleSpanProcessor(exporter), tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider
        )
    )
    return exporter


def opened(kit: Kit, scope: str = OPENLLMETRY, start_ns: int | None = None, **more: Any) -> Span:
    """A span of another instrumentation's, that is not made current."""
    return kit.tracer_provider.get_tracer(scope).start_span("chat", attributes={**ASKED, **more}, start_time=start_ns)


def called(kit: Kit, wrap: Callable[..., Any], events: list[dict[str, Any]] = EVENTS) -> None:
    list(wrap(generated(events), provider="openai", model="gpt-4o-mini"))


def test_a_span_that_is_open_around_a_call_is_marked_and_not_counted(
    kit: Kit, wrap: Callable[..., Any], behind: InMemorySpanExporter
) -> None:
    """What its owner records is not recorded again; the cost is ours to record, and stands on our span."""
    span = opened(kit)
    called(kit, wrap)
    span.set_attributes(ANSWERED)
    span.end()
    ours, theirs = (attributes_of(span) for span in behind.get_finished_spans())
    assert (kit.total("chunkmeter.calls"), kit.total("chunkmeter.spend")) == (1, pytest.approx(TRUTH.usd, abs=1e-12))
    assert ours["gen_ai.usage.cost.amount"] == pytest.approx(TRUTH.usd, abs=1e-12)
    assert theirs == {**ASKED, **ANSWERED, "chunkmeter.metered": True}
    assert kit.points("gen_ai.client.token.usage") == kit.points("gen_ai.client.operation.duration") == []


@pytest.mark.usefixtures("behind")
def test_a_peer_that_records_whole_answers_alone_leaves_the_others_to_us(kit: Kit, wrap: Callable[..., Any]) -> None:
    """OpenLLMetry's for Anthropic, which may never end such a span."""
    opened(kit)
    called(kit, wrap, EVENTS[:3])
    assert kit.total("chunkmeter.calls", outcome="interrupted") == 1
    assert [point.count for point in kit.points("gen_ai.client.operation.duration")] == [1]


@pytest.mark.usefixtures("behind")
def test_one_span_is_of_one_call(kit: Kit, wrap: Callable[..., Any]) -> None:
    """Of the first; the second is recorded by us alone."""
    span = opened(kit)
    called(kit, wrap)
    called(kit, wrap)
    span.end()
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("gen_ai.client.token.usage") == TOKENS


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("more", [{"gen_ai.request.model": "gpt-4o"}, {"gen_ai.operation.name": "embeddings"}])
def test_a_span_of_another_request_is_another_call_s(kit: Kit, wrap: Callable[..., Any], more: dict[str, Any]) -> None:
    span = opened(kit, **more)
    called(kit, wrap)
    span.end()
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("gen_ai.client.token.usage") == TOKENS


@pytest.mark.usefixtures("behind")
def test_a_span_elsewhere_in_the_trace_is_another_call_s(kit: Kit, wrap: Callable[..., Any]) -> None:
    with kit.tracer.start_as_current_span("request"):
        span = opened(kit)
        with kit.tracer.start_as_current_span("step"):
            called(kit, wrap)
        span.end()
    assert kit.total("chunkmeter.calls") == 2


@pytest.mark.usefixtures("behind")
def test_a_span_that_has_ended_is_another_call_s(kit: Kit, wrap: Callable[..., Any]) -> None:
    opened(kit).end()
    called(kit, wrap)
    assert kit.total("chunkmeter.calls") == 2


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("ends_first", [False, True])
def test_a_span_that_is_dated_back_and_tells_nothing_is_of_the_call(
    kit: Kit, wrap: Callable[..., Any], ends_first: bool
) -> None:
    """OpenLLMetry's of a stream of OpenAI's responses that is broken off: it has no id and no tokens."""
    before_ns = time.time_ns() - 1000
    stream = wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini")
    span = opened(kit, "peer", before_ns)
    next(stream)
    if ends_first:
        span.end()
    stream.close()
    if not ends_first:
        span.end()
    assert kit.total("chunkmeter.calls") == kit.total("chunkmeter.calls", outcome="closed") == 1


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(("model", "calls"), [("gpt-4o-mini", 1), ("gpt-4o", 2)])
def test_a_span_that_begins_in_the_stream_and_tells_nothing_is_of_the_model_s_call(
    kit: Kit, wrap: Callable[..., Any], model: str, calls: int
) -> None:
    """As Logfire's log of a stream of responses that was broken off."""
    stream = wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini")
    next(stream)
    span = opened(kit, "peer", **{"gen_ai.request.model": model})
    stream.close()
    span.end()
    assert kit.total("chunkmeter.calls") == calls


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(("scope", "recorded"), [("opentelemetry.instrumentation.genai.openai", 0), ("peer", TOKENS)])
def test_what_the_owner_of_a_span_inside_our_request_records_is_not_recorded_again(
    kit: Kit, wrap: Callable[..., Any], scope: str, recorded: int
) -> None:
    """As where a wrapped helper of an SDK's sends its request by a method that the other instrumentation knows."""

    class Manager:
        def __enter__(self) -> Any:
            opened(kit, scope).end()
            return generated(EVENTS)

        def __exit__(self, *_: object) -> None:
            pass

    with wrap(Manager(), provider="openai", model="gpt-4o-mini") as stream:
        list(stream)
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("gen_ai.client.token.usage") == recorded


def test_a_peer_s_span_that_ends_before_its_last_event_is_handed_on_has_its_own_cost(
    kit: Kit, wrap: Callable[..., Any], behind: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As genai-openai's of a stream of responses: when the span ends, our stream has not seen the usage yet."""

    class Peer:
        def __init__(self) -> None:
            self._events, self._span = iter(EVENTS), opened(kit, "opentelemetry.instrumentation.genai.openai")

        def __iter__(self) -> Peer:
            return self

        def __next__(self) -> Any:
            event = next(self._events)
            if event.get("usage"):
                self._span.set_attributes({**ANSWERED, "gen_ai.usage.cache_read.input_tokens": 1024})
                self._span.set_attribute("gen_ai.response.finish_reasons", ["stop"])
                self._span.end()
            return event

    monkeypatch.setattr(Peer, "__module__", "opentelemetry.instrumentation.genai.openai.response_wrappers")
    list(wrap(Peer(), provider="openai", model="gpt-4o-mini"))
    (theirs,) = (attributes_of(span) for span in behind.get_finished_spans())
    assert theirs["gen_ai.usage.cost.amount"] == pytest.approx(TRUTH.usd, abs=1e-12)
    assert (kit.total("chunkmeter.calls"), kit.total("chunkmeter.spend")) == (1, pytest.approx(TRUTH.usd, abs=1e-12))


@pytest.mark.parametrize("model", ["gpt-4o-mini", "another"])
def test_a_root_of_another_thread_that_tells_nothing_is_of_the_call_that_is_not_over(
    kit: Kit, wrap: Callable[..., Any], behind: InMemorySpanExporter, model: str
) -> None:
    """LiteLLM's of a stream that fails ends before or after ours; the next one of the same source is another call's."""
    own = model == "gpt-4o-mini"
    with kit.tracer.start_as_current_span("chain"):
        stream = wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini")
        next(stream)
        for _ in range(2):
            tracer, asked = kit.tracer_provider.get_tracer("litellm"), {**ASKED, "gen_ai.request.model": model}
            span = tracer.start_span("litellm_request", attributes=asked, context=Context())
            thread = threading.Thread(target=span.end)
            thread.start()
            thread.join()
        list(stream)
    assert kit.total("chunkmeter.calls") == (2 if own else 3)
    assert kit.total("chunkmeter.spend") == pytest.approx(TRUTH.usd, abs=1e-12)
    marked = ["chunkmeter.metered" in attributes_of(span) for span in behind.get_finished_spans()[:2]]
    assert marked == [own, False]
