"""`ChunkSpanProcessor`: inference spans that others made, counted and forwarded with their cost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from chunkmeter import ChunkSpanProcessor, Settings, labels, processor
from chunkmeter.calls.call import Call
from chunkmeter.calls.sending import send
from chunkmeter.cli.receiver import Receiver
from chunkmeter.facts.ended import Request
from chunkmeter.instrumentors.foreign_spans import SpansInstrumentor
from chunkmeter.reporting.telemetry import default
from chunkmeter.testing import Kit, attributes_of
from replay.otlp import read

# gpt-4o: 2.50 USD a million input tokens, 1.25 cached, 10.00 output (openai.com/api/pricing).
# 1,000 input of which 400 cached, 100 output: (600 * 2.50 + 400 * 1.25 + 100 * 10.00) / 1e6 = 0.0015 + 0.0005 + 0.001.
COST = 0.003
CHAT: dict[str, AttributeValue] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.output_tokens": 100,
}
EMBEDDINGS: dict[str, AttributeValue] = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "text-embedding-3-small",
    "gen_ai.response.model": "text-embedding-3-small",
    "gen_ai.usage.input_tokens": 1000,
}
HTTP: dict[str, AttributeValue] = {"http.request.method": "POST", "server.address": "api.openai.com"}
COST_ATTRIBUTES = {
    "chunkmeter.finish_reason": "stop",
    "chunkmeter.cost.status": "known",
    "chunkmeter.cost.input": 0.0015,
    "chunkmeter.cost.cache_read": 0.0005,
    "chunkmeter.cost.output": 0.001,
    "chunkmeter.price.source": "genai-prices",
    "chunkmeter.price.model": "gpt-4o",
    "gen_ai.usage.cost.amount": COST,
    "gen_ai.usage.cost.currency": "USD",
    "gen_ai.usage.cost.source": "local",
}


class Next(SpanProcessor):
    """A next processor that keeps what it is given, and fails on demand."""

    def __init__(self, *, fails: bool = False) -> None:
        self.called: list[str] = []
        self.ended: list[ReadableSpan] = []
        self.fails = fails

    def _note(self, method: str) -> None:
        self.called.append(method)
        if self.fails:
            raise RuntimeError("sk-secret")

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self._note("on_start")

    def _on_ending(self, span: Span) -> None:
        self._note("_on_ending")

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)
        self._note("on_end")

    def shutdown(self) -> None:
        self._note("shutdown")

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self._note(f"force_flush {timeout_millis}")
        return False


class Recorder(SpanProcessor):
    """Keeps the very objects that the SDK hands to processors."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)


def add(kit: Kit, next_processor: SpanProcessor | None = None, **options: Any) -> ChunkSpanProcessor:
    added = ChunkSpanProcessor(
        next_processor, tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, **options
    )
    kit.tracer_provider.add_span_processor(added)
    return added


def end_span(kit: Kit, attributes: dict[str, AttributeValue], name: str = "chat gpt-4o") -> None:
    kit.tracer.start_span(name, attributes=attributes).end()


def enriched(kit: Kit, attributes: dict[str, AttributeValue], **options: Any) -> dict[str, Any]:
    """The attributes of a span as it is forwarded."""
    forwarded = Next()
    add(kit, forwarded, **options)
    end_span(kit, attributes)
    return attributes_of(forwarded.ended[0])


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(record=tmp_path).start() as running:
        yield running


# --- over the wire, in both forms ---


def over_otlp(
    receiver: Receiver, folder: Path, set_up: Callable[[TracerProvider, MeterProvider, SpanProcessor], None]
) -> dict[str, Any]:
    """The span of another instrumentation's call as it is sent; its cost is counted once."""
    endpoint = f"http://127.0.0.1:{receiver.port}"
    metric_reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint, insecure=True))
    tracer_provider, meter_provider = TracerProvider(), MeterProvider([metric_reader])
    set_up(tracer_provider, meter_provider, BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
    tracer = tracer_provider.get_tracer("official")
    tracer.start_span("chat gpt-4o", attributes=CHAT).end()
    tracer.start_span("POST", attributes=HTTP).end()
    tracer_provider.shutdown()
    meter_provider.shutdown()
    arrived = {row.name: float(row.metrics) for row in receiver.book.totals() if row.metrics != "0"}
    assert arrived == {"chunkmeter.calls": 1, "chunkmeter.spend USD": pytest.approx(COST, abs=1e-12)}
    assert [call.cost for call in receiver.book.page().calls] == [pytest.approx(COST, abs=1e-12)]
    (note,) = receiver.book.notes()
    assert note == "If a call is read from another instrumentation's span, its tokens are in that one's own metrics."
    return next(span for span in read(folder).spans if span["name"] == "chat gpt-4o")


def test_added_alone_it_counts_a_foreign_span_over_otlp(receiver: Receiver, tmp_path: Path) -> None:
    """`add_span_processor(ChunkSpanProcessor())`: the metrics carry the cost, once; the spans go as they were."""

    def alone(tracer_provider: TracerProvider, meter_provider: MeterProvider, batch: SpanProcessor) -> None:
        tracer_provider.add_span_processor(batch)
        tracer_provider.add_span_processor(
            ChunkSpanProcessor(tracer_provider=tracer_provider, meter_provider=meter_provider)
        )

    assert over_otlp(receiver, tmp_path, alone) == {**CHAT, "name": "chat gpt-4o"}


def test_wrapping_a_batch_processor_it_adds_the_cost_over_otlp(receiver: Receiver, tmp_path: Path) -> None:
    """`ChunkSpanProcessor(BatchSpanProcessor(OTLP))`: spans and metrics carry the same cost, once."""

    def around(tracer_provider: TracerProvider, meter_provider: MeterProvider, batch: SpanProcessor) -> None:
        tracer_provider.add_span_processor(
            ChunkSpanProcessor(batch, tracer_provider=tracer_provider, meter_provider=meter_provider)
        )

    span = over_otlp(receiver, tmp_path, around)
    assert span["gen_ai.usage.cost.amount"] == COST
    assert span["chunkmeter.finish_reason"] == "stop"


# --- what is counted ---


@pytest.mark.parametrize(
    "dialect",
    [
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        },
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.usage.prompt_tokens": 1000,
            "gen_ai.usage.completion_tokens": 100,
        },
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        },
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.usage.prompt_tokens": 1000,
            "gen_ai.usage.completion_tokens": 100,
        },
    ],
    ids=["conventions", "conventions before 1.27", "OpenLLMetry", "OpenLLMetry before"],
)
def test_a_foreign_span_is_counted_once_in_any_dialect(kit: Kit, dialect: dict[str, AttributeValue]) -> None:
    """1,000 tokens in at 2.50 and 100 out at 10.00 a million are 0.0025 + 0.001 = 0.0035 USD."""
    add(kit)
    end_span(kit, {**dialect, "gen_ai.request.model": "gpt-4o", "gen_ai.response.finish_reasons": ["stop"]})
    (calls,), (spend,) = kit.points("chunkmeter.calls"), kit.points("chunkmeter.spend")
    assert calls.value == 1
    assert spend.value == pytest.approx(0.0035, abs=1e-12)
    labels = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }
    assert calls.attributes == {
        **labels,
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "reported",
        "chunkmeter.cost.status": "known",
        "chunkmeter.usage.source": "span",
    }
    assert spend.attributes == {
        **labels,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
        "chunkmeter.cost.status": "known",
        "chunkmeter.usage.source": "span",
    }


def test_the_conventions_metric_of_cost_does_not_say_what_a_call_was_read_from(kit: Kit) -> None:
    """They give it no such label; one of ours would take its series apart for good."""
    add(kit)
    end_span(kit, CHAT)
    (point,) = kit.points("gen_ai.client.operation.cost")
    assert "chunkmeter.usage.source" not in (point.attributes or {})


def test_only_what_was_read_from_a_span_says_so(kit: Kit) -> None:
    """A peer's span and a stream that we read are two series, which one label tells apart."""
    usage = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}
    list(add(kit).wrap(iter([usage]), provider="openai", model="gpt-4o"))
    end_span(kit, CHAT)
    for metric in ("chunkmeter.calls", "chunkmeter.spend"):
        sources = [(point.attributes or {}).get("chunkmeter.usage.source") for point in kit.points(metric)]
        assert sorted(sources, key=str) == [None, "span"], metric


def test_only_what_nobody_else_records_is_recorded(kit: Kit) -> None:
    """Duration, tokens and first chunk of a foreign span are its own instrumentation's to record."""
    add(kit)
    end_span(kit, CHAT)
    assert kit.total("gen_ai.client.operation.cost") == pytest.approx(COST, abs=1e-12)
    assert kit.points("gen_ai.client.operation.duration") == []
    assert kit.points("gen_ai.client.token.usage") == []
    assert kit.points("gen_ai.client.operation.time_to_first_chunk") == []


@pytest.mark.parametrize("operation", ["invoke_agent", "retrieval", "execute_tool", "create_agent", "", 7])
def test_what_is_no_inference_is_not_counted(kit: Kit, operation: AttributeValue) -> None:
    """An agent's, a tool's or a retrieval's span passes as the identical object, uncounted."""
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)
    end_span(kit, {**CHAT, "gen_ai.operation.name": operation})
    assert forwarded.ended[0] is recorder.ended[0]
    assert kit.points("chunkmeter.calls") == kit.points("chunkmeter.spend") == []


def test_embeddings_are_counted_by_what_went_in(kit: Kit) -> None:
    """Nothing comes out and no reason is given, and all is known: 1,000 tokens of text-embedding-3-small at 0.02 USD
    a million."""
    forwarded = enriched(kit, EMBEDDINGS)
    assert {name: forwarded.get(name) for name in (*COST_ATTRIBUTES, "chunkmeter.cost.output")} == {
        **dict.fromkeys((*COST_ATTRIBUTES, "chunkmeter.cost.output")),
        "chunkmeter.cost.status": "known",
        "chunkmeter.cost.input": 0.00002,
        "chunkmeter.price.source": "genai-prices",
        "chunkmeter.price.model": "text-embedding-3-small",
        "gen_ai.usage.cost.amount": 0.00002,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
    }
    (point,) = kit.points("chunkmeter.calls")
    assert point.attributes == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": "reported",
        "chunkmeter.cost.status": "known",
        "chunkmeter.usage.source": "span",
    }
    assert kit.total("chunkmeter.spend", operation__name="embeddings") == pytest.approx(0.00002, abs=1e-12)


def test_embeddings_that_failed_have_no_reason_either(kit: Kit) -> None:
    """As there is none to give, whatever happens."""
    add(kit)
    span = kit.tracer.start_span("embeddings", attributes={"gen_ai.operation.name": "embeddings"})
    span.set_status(Status(StatusCode.ERROR))
    span.end()
    (point,) = kit.points("chunkmeter.calls")
    assert point.attributes == {
        "gen_ai.operation.name": "embeddings",
        "chunkmeter.outcome": "error",
        "chunkmeter.usage.status": "missing",
        "chunkmeter.cost.status": "no_usage",
        "chunkmeter.usage.source": "span",
    }


@pytest.mark.parametrize("mark", [{"chunkmeter.outcome": "completed"}, {"chunkmeter.metered": True}])
def test_what_chunkmeter_metered_is_not_counted(kit: Kit, mark: dict[str, AttributeValue]) -> None:
    """A span with our outcome or our mark passes as the identical object, uncounted."""
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)
    end_span(kit, {**CHAT, **mark})
    assert forwarded.ended[0] is recorder.ended[0]
    assert kit.points("chunkmeter.calls") == []


def test_our_own_span_counts_once(kit: Kit) -> None:
    """A metered stream's span comes by here too, when its call has been counted already."""
    add(kit)
    list(add(kit).wrap(iter([{"choices": [{"index": 0, "finish_reason": "stop"}]}]), provider="openai", model="gpt-4o"))
    assert kit.total("chunkmeter.calls") == 1


def test_our_own_span_counts_once_even_where_nothing_could_be_written_on_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of ours on the way leaves a span without outcome; its call is counted by then."""

    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError

    added = add(kit)
    monkeypatch.setattr("chunkmeter.reporting.telemetry.span_attributes", failing)
    list(added.wrap(iter([{"choices": [{"index": 0, "finish_reason": "stop"}]}]), provider="openai", model="gpt-4o"))
    monkeypatch.undo()
    assert "chunkmeter.outcome" not in attributes_of(kit.span)
    assert kit.total("chunkmeter.calls") == 1


def test_two_processors_on_one_meter_provider_count_once(kit: Kit) -> None:
    """One added by hand and one by the plugin don't double the spend, and both add the cost."""
    first, second = Next(), Next()
    add(kit, first)
    add(kit, second)
    end_span(kit, CHAT)
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)
    for forwarded in (first, second):
        assert attributes_of(forwarded.ended[0])["gen_ai.usage.cost.amount"] == COST


def test_processors_on_two_meter_providers_count_each(kit: Kit) -> None:
    """Each meter provider is a bill of its own."""
    other = Kit()
    add(kit)
    kit.tracer_provider.add_span_processor(ChunkSpanProcessor(meter_provider=other.meter_provider))
    end_span(kit, CHAT)
    assert kit.total("chunkmeter.calls") == other.total("chunkmeter.calls") == 1
    other.shutdown()


def test_processors_in_many_threads_count_once(kit: Kit) -> None:
    """Which of them comes first is open, but it is one."""
    added = [add(kit) for _ in range(4)]
    recorder = Recorder()
    other = Kit()
    other.tracer_provider.add_span_processor(recorder)
    for _ in range(200):
        end_span(other, CHAT)
    other.shutdown()

    def end_all(each: ChunkSpanProcessor) -> None:
        for span in recorder.ended:
            each.on_end(span)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(end_all, added))
    assert kit.total("chunkmeter.calls") == 200


def test_the_set_of_counted_spans_stays_bounded(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """It forgets the oldest, so a service that runs for months doesn't grow by its spans."""
    monkeypatch.setattr(processor, "_MOST_REMEMBERED", 10)
    added = add(kit)
    call = Call(kit.telemetry, Request())
    for _ in range(25):
        end_span(kit, CHAT)
        send(call, lambda: end_span(kit, HTTP))
    call.settle("closed")
    seen = added._seen
    assert (len(seen.counted), len(seen.metered)) == (10, 10)
    assert kit.total("chunkmeter.calls") == 25 + 1


def test_a_failed_span_is_a_call_with_outcome_error(kit: Kit) -> None:
    """Its owner's status tells; without usage there is no cost, and the count says why."""
    add(kit)
    span = kit.tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"})
    span.set_status(Status(StatusCode.ERROR, "401 sk-secret"))
    span.end()
    (point,) = kit.points("chunkmeter.calls")
    assert point.attributes == {
        "gen_ai.operation.name": "chat",
        "chunkmeter.finish_reason": "none",
        "chunkmeter.outcome": "error",
        "chunkmeter.usage.status": "missing",
        "chunkmeter.cost.status": "no_usage",
        "chunkmeter.usage.source": "span",
    }
    assert kit.points("chunkmeter.spend") == []


def test_counting_happens_in_on_end(kit: Kit) -> None:
    """At exit the meter provider is gone before the last export, so the export must not be what counts."""
    exporter = InMemorySpanExporter()
    batch = BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000)
    add(kit, batch)
    end_span(kit, CHAT)
    assert exporter.get_finished_spans() == ()
    assert kit.total("chunkmeter.calls") == 1


# --- inside a metered request ---


def test_a_chat_span_inside_our_request_is_marked_and_not_counted(kit: Kit) -> None:
    """The provider SDK's own instrumentation sees the call that we meter: one inference span with usage a call."""
    forwarded = Next()
    add(kit, forwarded)
    call = Call(kit.telemetry, Request(provider="openai", model="gpt-4o"))
    send(call, lambda: end_span(kit, CHAT))
    call.settle("closed")
    inner, ours = forwarded.ended
    assert attributes_of(inner) == {**attributes_of(inner), **CHAT, "chunkmeter.metered": True}
    assert "gen_ai.usage.cost.amount" not in attributes_of(inner)
    assert inner.parent == ours.context
    assert kit.total("chunkmeter.calls") == 1
    assert kit.points("chunkmeter.spend") == []


def test_an_http_span_inside_our_request_is_left_as_it_is(kit: Kit) -> None:
    """It becomes our span's child, and nothing is written on it."""
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)
    call = Call(kit.telemetry, Request(provider="openai", model="gpt-4o"))
    send(call, lambda: end_span(kit, HTTP, "POST"))
    call.settle("closed")
    assert forwarded.ended[0] is recorder.ended[0]
    assert attributes_of(forwarded.ended[0]) == HTTP


def test_a_span_that_says_late_what_it_is_is_still_ours_inside_our_request(kit: Kit) -> None:
    """An instrumentation that names its operation after the start gets neither a count nor a cost of its own."""
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)

    def request() -> None:
        span = kit.tracer.start_span("openai.chat")
        span.set_attributes(CHAT)
        span.end()

    call = Call(kit.telemetry, Request(provider="openai", model="gpt-4o"))
    send(call, request)
    call.settle("closed")
    assert attributes_of(recorder.ended[0]) == CHAT
    assert attributes_of(forwarded.ended[0]) == {**CHAT, "chunkmeter.metered": True}
    assert kit.total("chunkmeter.calls") == 1


def test_after_our_request_spans_are_foreign_again(kit: Kit) -> None:
    """What the user's code does between two chunks is not our request."""
    add(kit)
    call = Call(kit.telemetry, Request(provider="openai", model="gpt-4o"))
    send(call, lambda: None)
    end_span(kit, CHAT)
    assert kit.total("chunkmeter.calls") == 1
    call.settle("closed")
    assert kit.total("chunkmeter.calls") == 2


def test_a_context_that_another_leaves_attached_brings_no_request_of_ours_back(kit: Kit) -> None:
    """As util-genai's does, which attaches when a manager is entered and detaches at the end of its stream."""
    add(kit)
    call = Call(kit.telemetry, Request(provider="openai", model="gpt-4o"))
    with kit.tracer.start_as_current_span("app") as app:
        token = send(call, lambda: context.attach(context.set_value("theirs", 1)))
        context.detach(token)
        assert trace.get_current_span() is app
        end_span(kit, CHAT)
        call.settle("closed")
    assert kit.total("chunkmeter.calls") == 2


# --- what is forwarded ---


def test_everything_but_attributes_is_preserved_on_the_copy(kit: Kit) -> None:
    """Of a foreign inference span the forwarded copy differs in what was counted, in nothing else."""
    provider = TracerProvider(
        resource=Resource({"service.name": "shop"}), span_limits=SpanLimits(max_span_attributes=len(CHAT))
    )
    recorder, forwarded = Recorder(), Next()
    provider.add_span_processor(recorder)
    provider.add_span_processor(ChunkSpanProcessor(forwarded, meter_provider=kit.meter_provider))
    tracer = provider.get_tracer("official", "1.2", "https://opentelemetry.io/schemas/1.37.0", {"scope": "yes"})
    parent = tracer.start_span("parent")
    link = Link(parent.get_span_context(), {"because": "it is"})
    span = tracer.start_span(
        "chat gpt-4o",
        trace.set_span_in_context(parent),
        SpanKind.CLIENT,
        {"first": "is dropped", **CHAT},
        [link],
        start_time=1_700_000_000_000_000_000,
    )
    span.add_event("gen_ai.choice", {"index": 0}, 1_700_000_001_000_000_000)
    span.set_status(Status(StatusCode.ERROR, "cut"))
    span.end(1_700_000_002_000_000_000)
    parent.end()
    (before, _), (after, unchanged) = recorder.ended, forwarded.ended
    assert after is not before
    assert unchanged is recorder.ended[1]
    for name in (
        "name",
        "context",
        "kind",
        "parent",
        "start_time",
        "end_time",
        "status",
        "events",
        "links",
        "resource",
        "instrumentation_scope",
        "dropped_attributes",
        "dropped_events",
        "dropped_links",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert after.dropped_attributes == 1
    assert attributes_of(before) == {name: list(v) if isinstance(v, list) else v for name, v in CHAT.items()}
    added = {name: value for name, value in attributes_of(after).items() if name not in CHAT}
    assert added.pop("chunkmeter.price.version").startswith("genai-prices 0.2.")
    assert added == COST_ATTRIBUTES
    assert '"gen_ai.usage.cost.amount": 0.003' in after.to_json()
    with pytest.raises(TypeError):
        after.attributes["more"] = 1  # pyrefly: ignore[unsupported-operation]
    provider.shutdown()


def test_every_other_span_is_forwarded_as_the_identical_object(kit: Kit) -> None:
    """The next processor gets what the SDK made, not a copy."""
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)
    end_span(kit, HTTP)
    end_span(kit, {})
    assert [after is before for after, before in zip(forwarded.ended, recorder.ended, strict=True)] == [True, True]


def test_an_unknown_model_has_no_cost_and_is_counted(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Absent is not zero: no cost attribute, no spend, one count that says why, one log line a model."""
    attributes = {**CHAT, "gen_ai.request.model": "my-model", "gen_ai.response.model": "my-model-2"}
    first, second = Next(), Next()
    add(kit, first)
    add(kit, second)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(3):
            end_span(kit, attributes)
    forwarded = attributes_of(second.ended[0])
    counted = {"chunkmeter.finish_reason": "stop", "chunkmeter.cost.status": "unknown_model"}
    assert forwarded == {**CHAT, **attributes, **counted}
    assert kit.total("chunkmeter.calls", cost__status="unknown_model") == 3
    assert kit.points("chunkmeter.spend") == []
    # Two processors on the same providers have one `Telemetry`, which says it once.
    assert [record.getMessage() for record in caplog.records] == [
        (
            "No price is known for model 'my-model-2' of openai: its calls count without cost. "
            "Give it one, or an alias, in the file that CHUNKMETER_PRICES names."
        )
    ]


@pytest.mark.parametrize("amount", [0.0, 0.0123, 7])
def test_the_providers_own_cost_passes_through(kit: Kit, amount: float) -> None:
    """A cost that came with the response is kept as it is; 0.0 is a price, not silence."""
    said: dict[str, AttributeValue] = {"gen_ai.usage.cost.amount": amount, "gen_ai.usage.cost.source": "provider"}
    forwarded = enriched(kit, {**CHAT, **said})
    assert forwarded["gen_ai.usage.cost.amount"] == amount
    assert forwarded["gen_ai.usage.cost.source"] == forwarded["chunkmeter.price.source"] == "provider"
    assert "chunkmeter.price.version" not in forwarded
    (spend,) = kit.points("chunkmeter.spend")
    assert (spend.value, spend.attributes["gen_ai.usage.cost.source"]) == (amount, "provider")


def test_a_cost_that_another_instrumentation_worked_out_is_not_the_providers(kit: Kit) -> None:
    """Without `source` = provider the amount is somebody's estimate, and ours takes its place."""
    assert enriched(kit, {**CHAT, "gen_ai.usage.cost.amount": 9.0})["gen_ai.usage.cost.amount"] == COST


def test_cost_semconv_off_leaves_the_draft_names_out(kit: Kit) -> None:
    """`chunkmeter.*` and the spend stay."""
    forwarded = enriched(kit, CHAT, settings=Settings(cost_semconv="off"))
    assert {name for name in forwarded if "usage.cost" in name} == set()
    assert forwarded["chunkmeter.cost.output"] == 0.001
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)
    assert kit.points("gen_ai.client.operation.cost") == []


# --- a SpanProcessor in every sense ---


def test_it_delegates_each_method(kit: Kit) -> None:
    """A next processor sees the life of a span, and what it returns is returned."""
    forwarded = Next()
    added = add(kit, forwarded)
    end_span(kit, HTTP)
    assert added.force_flush(123) is False
    added.shutdown()
    assert forwarded.called == ["on_start", "_on_ending", "on_end", "force_flush 123", "shutdown"]
    alone = add(kit)
    assert alone.force_flush() is True
    alone.shutdown()


def test_errors_of_the_next_processor_are_logged_never_raised(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Each is one warning a method without the exception's text, and a count; the span is counted all the same."""
    added = add(kit, Next(fails=True))
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(2):
            end_span(kit, CHAT)
        assert added.force_flush() is False
        added.shutdown()
    messages = [record.getMessage() for record in caplog.records]
    for method in ("on_start", "_on_ending", "on_end", "force_flush", "shutdown"):
        assert sum(f"the next processor's {method} " in message for message in messages) == 1, messages
    assert len(messages) == 5
    assert "sk-secret" not in caplog.text
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("chunkmeter.errors", stage="hook") == 2 + 2 + 1 + 1
    assert kit.total("chunkmeter.errors", stage="settle") == 2


def test_a_failure_of_ours_forwards_the_span_as_it_is(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be read is not lost: the exporter gets the identical object."""

    def failing(_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("chunkmeter.foreign.read", failing)
    recorder, forwarded = Recorder(), Next()
    kit.tracer_provider.add_span_processor(recorder)
    add(kit, forwarded)
    end_span(kit, CHAT)
    assert forwarded.ended[0] is recorder.ended[0]
    assert kit.total("chunkmeter.errors", stage="settle") == 1


def test_wrap_reports_to_the_processors_providers(kit: Kit) -> None:
    """`processor.wrap` is `chunkmeter.wrap` on the providers that the processor was given."""
    chunk = {"choices": [{"index": 0, "finish_reason": "length"}], "model": "gpt-4o"}
    assert list(add(kit).wrap(iter([chunk]), provider="openai", model="gpt-4o")) == [chunk]
    assert kit.span.name == "chat gpt-4o"
    assert kit.total("chunkmeter.calls", finish_reason="length") == 1


def test_it_works_on_the_global_providers() -> None:
    """With nothing given it shares the one default `Telemetry`."""
    assert ChunkSpanProcessor()._telemetry is default()
    assert ChunkSpanProcessor()._seen is ChunkSpanProcessor(meter_provider=get_meter_provider())._seen


def test_unsampled_spans_of_others_are_not_seen(kit: Kit) -> None:
    """The SDK shows a processor what is recorded only: foreign cost is exact without head sampling."""
    unsampled = Kit(sampler=ALWAYS_OFF)
    unsampled.tracer_provider.add_span_processor(ChunkSpanProcessor(meter_provider=kit.meter_provider))
    end_span(unsampled, CHAT)
    assert kit.points("chunkmeter.calls") == []
    unsampled.shutdown()


# --- the plugin that adds one ---


@pytest.fixture
def instrumentor() -> Iterator[SpansInstrumentor]:
    instrumentor = SpansInstrumentor()
    yield instrumentor
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


def chunk_processors(kit: Kit) -> list[ChunkSpanProcessor]:
    multi: Any = kit.tracer_provider._active_span_processor
    return [each for each in multi._span_processors if isinstance(each, ChunkSpanProcessor)]


def test_the_instrumentor_adds_exactly_one_processor(kit: Kit, instrumentor: SpansInstrumentor) -> None:
    """A second `instrument()` adds none."""
    for _ in range(2):
        instrumentor.instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    assert len(chunk_processors(kit)) == 1
    assert instrumentor.instrumentation_dependencies() == ()
    end_span(kit, CHAT)
    assert kit.total("chunkmeter.calls") == 1


def test_after_uninstrument_the_processor_does_nothing(kit: Kit, instrumentor: SpansInstrumentor) -> None:
    """It can't be taken from the provider, so it falls silent; instrumented again, one counts."""
    providers = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    instrumentor.instrument(**providers)
    instrumentor.uninstrument()
    end_span(kit, CHAT)
    assert kit.points("chunkmeter.calls") == []
    call = Call(kit.telemetry, Request())
    send(call, lambda: end_span(kit, CHAT))
    call.settle("closed")
    assert "chunkmeter.metered" not in attributes_of(kit.spans[1])
    instrumentor.instrument(**providers)
    end_span(kit, CHAT)
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)


def test_the_instrumentor_takes_settings(kit: Kit, instrumentor: SpansInstrumentor) -> None:
    """As those of libraries do."""
    instrumentor.instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, metric_labels="tenant"
    )
    with labels(tenant="acme"):
        end_span(kit, CHAT)
    (point,) = kit.points("chunkmeter.calls")
    assert point.attributes["tenant"] == "acme"


def test_the_instrumentor_tolerates_a_provider_without_processors(kit: Kit, instrumentor: SpansInstrumentor) -> None:
    """Before an SDK is set up there is a proxy, which has no processors to add to."""
    instrumentor.instrument(tracer_provider=trace.ProxyTracerProvider(), meter_provider=kit.meter_provider)
    instrumentor.uninstrument()
    assert kit.points("chunkmeter.errors") == []


def test_a_simple_processor_behind_it_exports_the_cost(kit: Kit) -> None:
    """Any processor can stand behind it."""
    exporter = InMemorySpanExporter()
    add(kit, SimpleSpanProcessor(exporter))
    end_span(kit, CHAT)
    (span,) = exporter.get_finished_spans()
    assert attributes_of(span)["gen_ai.usage.cost.amount"] == COST
