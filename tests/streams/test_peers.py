"""Streams and managers of other instrumentations: each call counts once, and its cost stands on one span."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import wrapt
from opentelemetry import context, trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span

from chunkmeter import ChunkSpanProcessor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from support.sdk import PLAIN, count_once
from support.streams import events_of, generated

EVENTS: list[dict[str, Any]] = events_of(PLAIN)
TRUTH = by_id[PLAIN].truth
ASKED = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
# As openai-v2 tells of it: without the cached tokens, so that its own price is too high.
ANSWERED: dict[str, Any] = {
    "gen_ai.response.id": TRUTH.response_id,
    "gen_ai.response.model": TRUTH.response_model,
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": TRUTH.input_tokens,
    "gen_ai.usage.output_tokens": TRUTH.output_tokens,
}
# OpenInference and Langfuse tell no id.
WITHOUT_ID = {name: value for name, value in ANSWERED.items() if name != "gen_ai.response.id"}


@pytest.fixture
def exporter(kit: Kit) -> InMemorySpanExporter:
    """Behind a processor that prices."""
    behind = InMemorySpanExporter()
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(
            SimpleSpanProcessor(behind), tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider
        )
    )
    return behind


class Peer:
    """Another instrumentation's stream, around an SDK's: its span ends with it."""

    def __init__(self, span: Span, items: Iterator[Any], answered: dict[str, Any]) -> None:
        self._span, self._items, self._answered = span, items, answered

    def __iter__(self) -> Peer:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._items)
        except StopIteration:
            self._span.set_attributes(self._answered)
            self._span.end()
            raise

    def close(self) -> None:
        self._span.end()


Peer.__module__ = "opentelemetry.instrumentation.peer.patch"


def peer_stream(kit: Kit, answered: dict[str, Any] = ANSWERED, *, known: bool = True) -> Any:
    """A stream whose span is not current. One that isn't known is a generator's around it."""
    span = kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=ASKED)
    stream = Peer(span, iter(EVENTS), answered)
    return stream if known else (item for item in stream)


def costs(exporter: InMemorySpanExporter) -> list[float]:
    """The costs that stand on spans."""
    spans = [attributes_of(span) for span in exporter.get_finished_spans()]
    return [span["gen_ai.usage.cost.amount"] for span in spans if "gen_ai.usage.cost.amount" in span]


@pytest.mark.parametrize("answered", [ANSWERED, WITHOUT_ID], ids=["with an id", "without"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "within a generator"])
@pytest.mark.parametrize("inside", [True, False], ids=["in a request", "alone"])
def test_a_peer_s_stream_counts_once_with_what_the_wire_says(
    kit: Kit,
    wrap: Callable[..., Any],
    exporter: InMemorySpanExporter,
    answered: dict[str, Any],
    known: bool,
    inside: bool,
) -> None:
    """Though its span ends first, and tells less: on that span, where there is no other, stands what counts."""
    if inside:
        with kit.tracer.start_as_current_span("request"):
            list(wrap(peer_stream(kit, answered, known=known), provider="openai", model="gpt-4o-mini"))
    else:
        list(wrap(peer_stream(kit, answered, known=known), provider="openai", model="gpt-4o-mini"))
    count_once(kit, PLAIN)
    assert costs(exporter) == [pytest.approx(TRUTH.usd, abs=1e-12)]


@pytest.mark.parametrize("answered", [ANSWERED, WITHOUT_ID], ids=["with an id", "without"])
def test_a_peer_s_stream_that_is_closed_counts_once(
    kit: Kit, wrap: Callable[..., Any], exporter: InMemorySpanExporter, answered: dict[str, Any]
) -> None:
    stream = wrap(peer_stream(kit, answered), provider="openai", model="gpt-4o-mini")
    next(stream)
    stream.close()
    assert kit.total("chunkmeter.calls") == kit.total("chunkmeter.calls", outcome="closed") == 1
    assert costs(exporter) == []


def test_a_peer_s_span_that_ends_later_counts_no_second_time(
    kit: Kit, wrap: Callable[..., Any], exporter: InMemorySpanExporter
) -> None:
    """As OpenLLMetry's for Anthropic, around a metered stream and never current."""
    span = kit.tracer_provider.get_tracer("peer").start_span("chat", attributes=ASKED)
    list(wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini"))
    span.set_attributes(ANSWERED)
    span.end()
    count_once(kit, PLAIN)
    assert costs(exporter) == [pytest.approx(TRUTH.usd, abs=1e-12)]


def test_a_peer_s_span_that_ended_before_has_the_cost(
    kit: Kit, wrap: Callable[..., Any], exporter: InMemorySpanExporter
) -> None:
    """The one that counts first stays. Our own span says where the cost is."""
    stream = wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini")
    next(stream)
    kit.tracer_provider.get_tracer("peer").start_span("chat", attributes={**ASKED, **ANSWERED}).end()
    list(stream)
    assert kit.total("chunkmeter.calls") == 1
    peer, ours = (attributes_of(span) for span in exporter.get_finished_spans())
    assert peer["gen_ai.usage.cost.amount"] == kit.total("chunkmeter.spend")
    assert (ours["chunkmeter.cost.status"], "gen_ai.usage.cost.amount" in ours) == ("elsewhere", False)
    assert ours["gen_ai.usage.input_tokens"] == TRUTH.input_tokens


def test_a_framework_s_span_around_our_own_is_of_the_same_call(
    kit: Kit, wrap: Callable[..., Any], exporter: InMemorySpanExporter
) -> None:
    """It names the model in its own way, so it is not enriched; it tells of the call all the same."""
    theirs = {**ASKED, "gen_ai.request.model": "openai/gpt-4o-mini"}
    with kit.tracer_provider.get_tracer("framework").start_as_current_span("chat", attributes=theirs) as span:
        list(wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini"))
        span.set_attributes(WITHOUT_ID)
    count_once(kit, PLAIN)
    assert costs(exporter) == [pytest.approx(TRUTH.usd, abs=1e-12)]


@pytest.mark.parametrize(("scope", "recorded"), [("opentelemetry.instrumentation.genai.openai", 0), ("peer", 1245)])
def test_what_the_owner_of_an_enriched_span_records_is_not_recorded_again(
    kit: Kit, wrap: Callable[..., Any], scope: str, recorded: int
) -> None:
    """1,200 tokens in and 45 out, unless the official instrumentation has them; the cost is ours to record."""
    with kit.tracer_provider.get_tracer(scope).start_as_current_span("chat", attributes=ASKED):
        list(wrap(generated(EVENTS), provider="openai", model="gpt-4o-mini"))
    count_once(kit, PLAIN)
    assert kit.total("gen_ai.client.token.usage") == recorded
    assert bool(kit.points("gen_ai.client.operation.duration")) == bool(recorded)
    assert kit.total("gen_ai.client.operation.cost") == pytest.approx(TRUTH.usd, abs=1e-12)


@pytest.mark.parametrize(
    ("module", "recorded"),
    [("opentelemetry.instrumentation.openai.shared.chat_wrappers", 0), ("openinference.instrumentation.openai", 1245)],
)
def test_what_a_peer_records_of_its_stream_is_not_recorded_again(
    kit: Kit, wrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, module: str, recorded: int
) -> None:
    monkeypatch.setattr(Peer, "__module__", module)
    list(wrap(peer_stream(kit), provider="openai", model="gpt-4o-mini"))
    count_once(kit, PLAIN)
    assert kit.total("gen_ai.client.token.usage") == recorded


# --- managers ---


class Helper:
    """An SDK's helper: makes events of its own from those of its raw stream, which it looks at when it is asked."""

    def __init__(self, raw: Any) -> None:
        self._raw_stream = raw
        self._iterator = self._made()

    def _made(self) -> Iterator[str]:
        for _ in self._raw_stream:
            yield "an event of the helper's own"

    def __iter__(self) -> Iterator[str]:
        return self._iterator

    def close(self) -> None:
        self._raw_stream.close()


class Manager:
    """An SDK's manager, whose request goes through a peer's method."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask

    def __enter__(self) -> Helper:
        self._stream = Helper(self._ask())
        return self._stream

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class Guarded(wrapt.ObjectProxy):
    """A proxy as wrapt before 2 makes it where its class has a base in Python: it refuses to give its dictionary."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            raise TypeError("this __dict__ descriptor does not support 'Guarded' objects")
        return super().__getattribute__(name)


def test_a_stream_that_refuses_its_dictionary_is_metered(kit: Kit, wrap: Callable[..., Any]) -> None:
    assert list(wrap(Guarded(iter(EVENTS)), provider="openai")) == EVENTS
    assert kit.total("chunkmeter.spend") == pytest.approx(TRUTH.usd, abs=1e-12)
    assert kit.total("chunkmeter.errors") == 0


class PeerManager(wrapt.ObjectProxy):
    """A peer's proxy for a manager: it has the methods of everything, a stream's too."""


PeerManager.__module__ = "opentelemetry.instrumentation.peer.patch"


@pytest.mark.parametrize("proxied", [False, True], ids=["an SDK's manager", "a peer's"])
def test_a_manager_whose_stream_is_a_peer_s_counts_once(
    kit: Kit, wrap: Callable[..., Any], exporter: InMemorySpanExporter, proxied: bool
) -> None:
    """The peer's stream hands on the raw events, and its span is born while the manager sends the request."""
    manager: Any = Manager(lambda: peer_stream(kit))
    if proxied:
        manager = PeerManager(manager)
    with wrap(manager, provider="openai", model="gpt-4o-mini") as stream:
        assert list(stream) == ["an event of the helper's own"] * len(EVENTS)
    count_once(kit, PLAIN)
    assert costs(exporter) == [pytest.approx(TRUTH.usd, abs=1e-12)]


def test_a_peer_that_detaches_late_leaves_the_user_s_span_current(kit: Kit, wrap: Callable[..., Any]) -> None:
    """It attaches a context while the manager is entered, and detaches it at the end of the stream."""
    tokens: list[Any] = []

    def ask() -> Any:
        tokens.append(context.attach(context.set_value("theirs", 1)))
        return iter(EVENTS)

    class Detaching(Manager):
        def __exit__(self, *_: object) -> None:
            context.detach(tokens.pop())

    with kit.tracer.start_as_current_span("request") as request:
        with wrap(Detaching(ask), provider="openai") as stream:
            list(stream)
        assert trace.get_current_span() is request


class Shut:
    """An SDK's stream. Langfuse puts closes of its own on it, as below."""

    def __init__(self) -> None:
        self._items = iter(EVENTS)

    def __iter__(self) -> Shut:
        return self

    def __next__(self) -> Any:
        return next(self._items)

    def close(self) -> str:
        return "closed"


@pytest.mark.parametrize("name", ["close", "aclose"])
def test_a_stream_s_own_close_ends_its_call(kit: Kit, wrap: Callable[..., Any], name: str) -> None:
    """At once, though it is no method of the class, and gives what it gives. The class may have no such method."""
    given: Any = Shut()
    close = given.close
    setattr(given, name, lambda: f"finalized, {close()}")
    stream = wrap(given)
    next(stream)
    assert getattr(stream, name)() == "finalized, closed"
    assert kit.total("chunkmeter.calls", outcome="closed") == kit.total("chunkmeter.calls") == 1
