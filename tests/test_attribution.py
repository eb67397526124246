"""Who is spending: what labels a call's spend gets, from where, and how many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from mirascope.core import metadata, openai
from openai import OpenAI
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import get_current_span

from chunkmeter import ChunkSpanProcessor, Settings, labels, wrap
from chunkmeter.calls.begin import begin
from chunkmeter.facts.ended import Request
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support.cells import instrument


@pytest.fixture
def labelled(request: pytest.FixtureRequest) -> Iterator[Callable[..., Kit]]:
    """Makes a kit that allow-lists these labels."""
    kits: list[Kit] = []

    def make(*names: str, **settings: Any) -> Kit:
        kits.append(Kit(settings=Settings(metric_labels=names, **settings)))
        return kits[-1]

    yield make
    for kit in kits:
        kit.shutdown()


@contextmanager
def carried(**values: str) -> Generator[None]:
    """Baggage, as an instrumented web framework would attach it."""
    context = Context()
    for name, value in values.items():
        context = baggage.set_baggage(name, value, context)
    token = otel_context.attach(context)
    yield
    otel_context.detach(token)


def events(model: str = "gpt-4o-mini") -> Generator[dict[str, Any]]:
    usage = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
    yield {"model": model, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]}
    yield {"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}


def call(kit: Kit, model: str = "gpt-4o-mini") -> None:
    for _ in wrap(events(model), provider="openai", model=model, telemetry=kit.telemetry):
        pass


def by(kit: Kit, *names: str, metric: str = "chunkmeter.spend") -> dict[Any, float]:
    """A metric's points by the values of these labels."""
    found: dict[Any, float] = {}
    for point in kit.points(metric):
        values = [point.attributes.get(name) for name in names]
        found[tuple(values) if len(values) > 1 else values[0]] = point.value
    return found


# gpt-4o-mini: 1000 x 0.15 / 1e6 + 1000 x 0.60 / 1e6
ONE = 0.00075


def test_labels_reach_spend_calls_and_the_span(labelled: Callable[..., Kit]) -> None:
    """The three places, and no histogram."""
    kit = labelled("tenant")
    with labels(tenant="acme"):
        call(kit)
    assert by(kit, "tenant") == {"acme": pytest.approx(ONE, abs=1e-12)}
    assert by(kit, "tenant", metric="chunkmeter.calls") == {"acme": 1}
    assert attributes_of(kit.span)["tenant"] == "acme"
    for name in ("duration", "cost"):
        (point,) = kit.points(f"gen_ai.client.operation.{name}")
        assert "tenant" not in point.attributes


def test_without_labels_there_is_none(labelled: Callable[..., Kit]) -> None:
    """No word stands for nothing."""
    kit = labelled("tenant", "function", "baggage:customer")
    call(kit)
    assert by(kit, "tenant", "code.function.name", "customer") == {(None, None, None): pytest.approx(ONE, abs=1e-12)}
    assert "tenant" not in attributes_of(kit.span)


def test_labels_nest_and_end(labelled: Callable[..., Kit]) -> None:
    """Inner ones win, None takes one away, and after the block all is as before."""
    kit = labelled("tenant", "team")
    with labels(tenant="acme", team="search"):
        with labels(tenant="globex"):
            call(kit)
        with labels(tenant=None):
            call(kit)
        call(kit)
    call(kit)
    assert set(by(kit, "tenant", "team")) == {("globex", "search"), (None, "search"), ("acme", "search"), (None, None)}


def test_one_object_can_be_entered_again(labelled: Callable[..., Kit]) -> None:
    """Also within itself."""
    kit, acme = labelled("tenant"), labels(tenant="acme")
    with acme, acme:
        call(kit)
    call(kit)
    with acme:
        call(kit)
    assert by(kit, "tenant", metric="chunkmeter.calls") == {"acme": 2, None: 1}


@pytest.mark.parametrize(
    ("value", "label"),
    [("a" * 70, "a" * 64), (42, "42"), (True, "True"), ("", None), (None, None), ("caf\udce9", "caf?"), ("é", "é")],
)
def test_values_are_short_text_that_otlp_can_carry(labelled: Callable[..., Kit], value: Any, label: str | None) -> None:
    """64 characters; a lone surrogate would fail the export of everything beside it."""
    kit = labelled("tenant")
    with labels(tenant=value):
        call(kit)
    assert set(by(kit, "tenant")) == {label}
    assert attributes_of(kit.span).get("tenant") == label


def test_a_value_without_text_costs_its_labels_only(
    labelled: Callable[..., Kit], caplog: pytest.LogCaptureFixture
) -> None:
    """The call is metered, the failure logged."""

    class Silent:
        def __str__(self) -> str:
            raise ValueError("no text")

    kit = labelled("tenant")
    with caplog.at_level(logging.WARNING, "chunkmeter"), labels(tenant=Silent()):
        call(kit)
    assert by(kit, "tenant") == {None: pytest.approx(ONE, abs=1e-12)}
    assert "reading the label tenant" in caplog.text


def test_a_label_that_is_not_listed_is_named_once(
    labelled: Callable[..., Kit], caplog: pytest.LogCaptureFixture
) -> None:
    """With the cure, since nothing else would tell."""
    for kit in (labelled(), labelled("team")):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "chunkmeter"), labels(tenant="acme"):
            call(kit)
            call(kit)
        assert [record.getMessage() for record in caplog.records] == [
            "labels(tenant=...) has no effect: add tenant to CHUNKMETER_METRIC_LABELS to have it on spend."
        ]
        assert set(by(kit, "tenant")) == {None}


def test_one_object_can_be_shared(labelled: Callable[..., Kit]) -> None:
    """By threads that are in it at a time; none keeps its label afterwards."""
    kit, acme, inside = labelled("tenant"), labels(tenant="acme"), Barrier(2)

    def work() -> None:
        with acme:
            inside.wait()
            call(kit)
            inside.wait()
        call(kit)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result()
    assert by(kit, "tenant", metric="chunkmeter.calls") == {"acme": 2, None: 2}


def test_a_block_in_a_generator_takes_no_span_away(labelled: Callable[..., Kit]) -> None:
    """A generator shares its consumer's context: the span that its consumer has made current since stays so."""
    kit = labelled("tenant")

    def served() -> Generator[None]:
        with labels(tenant="acme"):
            yield

    generator = served()
    next(generator)
    with kit.tracer.start_as_current_span("consumer") as span:
        generator.close()
        assert get_current_span() is span
        call(kit)
    call(kit)
    assert by(kit, "tenant", metric="chunkmeter.calls") == {None: 2}


def test_values_are_read_once(labelled: Callable[..., Kit]) -> None:
    """Not at every call: reading one may be work, or even a call itself."""
    kit, read = labelled("tenant"), list[int]()

    class Lazy:
        def __str__(self) -> str:
            read.append(1)
            return "acme"

    with labels(tenant=Lazy()):
        call(kit)
        call(kit)
    assert (len(read), by(kit, "tenant", metric="chunkmeter.calls")) == (1, {"acme": 2})


def test_any_name_can_be_a_label(labelled: Callable[..., Kit]) -> None:
    """That of a method's first argument, too."""
    kit = labelled("self")
    with labels(self="acme"):
        call(kit)
    assert set(by(kit, "self")) == {"acme"}


def test_a_manager_is_whose_who_wrapped_it(labelled: Callable[..., Kit], server: Server) -> None:
    """Its request goes out later, perhaps from a framework's context."""
    kit, client = labelled("tenant"), OpenAI(base_url=f"{server.url}/openai", api_key="no-key-needed", max_retries=0)
    messages: Any = [{"role": "user", "content": "Describe Lisbon in one sentence."}]
    with labels(tenant="acme"):
        manager = wrap(
            client.chat.completions.stream(model="gpt-4o-mini", messages=messages),
            provider="openai",
            model="gpt-4o-mini",
            telemetry=kit.telemetry,
        )
    with labels(tenant="framework"), manager as stream:
        for _ in stream:
            pass
    assert set(by(kit, "tenant", metric="chunkmeter.calls")) == {"acme"}


def test_labels_are_captured_where_the_call_starts(labelled: Callable[..., Kit]) -> None:
    """Not where it ends."""
    kit = labelled("tenant")
    with labels(tenant="acme"):
        stream = wrap(events(), provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry)
        next(stream)
    with labels(tenant="globex"):
        list(stream)
    assert set(by(kit, "tenant")) == {"acme"}


async def test_tasks_have_labels_of_their_own(labelled: Callable[..., Kit]) -> None:
    """A task inherits those of its parent, and what it sets stays within it."""
    kit = labelled("tenant")

    async def serve(tenant: str | None) -> None:
        if tenant is None:
            call(kit)
            return
        with labels(tenant=tenant):
            await asyncio.sleep(0)
            call(kit)

    with labels(tenant="acme"):
        await asyncio.gather(serve("globex"), serve("initech"), serve(None))
    assert by(kit, "tenant", metric="chunkmeter.calls") == {"globex": 1, "initech": 1, "acme": 1}


async def test_a_block_left_elsewhere_is_quiet(labelled: Callable[..., Kit], caplog: pytest.LogCaptureFixture) -> None:
    """An async generator that a loop closes leaves its block in another context."""
    kit = labelled("tenant")

    async def served() -> AsyncGenerator[None]:
        with labels(tenant="acme"):
            call(kit)
            yield

    generator = served()

    async def begin() -> None:
        await anext(generator)

    async def end() -> None:
        await generator.aclose()

    await asyncio.create_task(begin())
    with caplog.at_level(logging.DEBUG):
        await asyncio.create_task(end())
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert set(by(kit, "tenant")) == {"acme"}


# --- baggage ---


def test_baggage_counts_only_where_it_is_listed_as_baggage(labelled: Callable[..., Kit]) -> None:
    """A name alone is the process's to say."""
    with carried(tenant="acme", customer="globex", other="x"):
        plain, listed = labelled("tenant"), labelled("baggage:tenant", "baggage:customer")
        call(plain)
        call(listed)
    assert set(by(plain, "tenant", "customer", "other")) == {(None, None, None)}
    assert set(by(listed, "tenant", "customer", "other")) == {("acme", "globex", None)}
    assert attributes_of(listed.span)["customer"] == "globex"


def test_the_process_is_preferred_to_baggage(labelled: Callable[..., Kit]) -> None:
    """It can't be forged."""
    kit = labelled("baggage:tenant")
    with carried(tenant="forged"), labels(tenant="acme"):
        call(kit)
    assert set(by(kit, "tenant")) == {"acme"}


def test_forged_baggage_moves_no_known_tenant(labelled: Callable[..., Kit]) -> None:
    """500 made-up values are 200 labels and `_OTHER`; tenants of the process keep theirs, new ones get one."""
    kit = labelled("baggage:tenant", "baggage:customer")
    with labels(tenant="acme"):
        call(kit)
    before = by(kit, "tenant")["acme"]
    # The bound is the one thing that counts values: the 300 beyond it show as well as thousands that it holds.
    for number in range(500):
        with carried(tenant=f"forged-{number}", customer=f"c{number % 50}"):
            call(kit)
    with carried(customer="made-up"), labels(tenant="globex"):
        call(kit)
    spend = by(kit, "tenant", "customer")
    assert spend[("acme", None)] == before
    assert spend[("globex", "_OTHER")] == pytest.approx(ONE, abs=1e-12)
    assert spend[("_OTHER", "_OTHER")] == pytest.approx(300 * ONE, abs=1e-9)
    assert len(spend) == 200 + 3
    assert sum(spend.values()) == pytest.approx(502 * ONE, abs=1e-9)


def test_values_of_the_process_are_bounded_too(labelled: Callable[..., Kit], caplog: pytest.LogCaptureFixture) -> None:
    """200 a key, then `_OTHER`, said once."""
    kit = labelled("tenant", "team")
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for number in range(250):
            with labels(tenant=f"t{number}", team="search"):
                call(kit)
    calls = by(kit, "tenant", "team", metric="chunkmeter.calls")
    assert calls == {**{(f"t{number}", "search"): 1 for number in range(200)}, ("_OTHER", "search"): 50}
    assert [record.getMessage() for record in caplog.records] == [
        "200 values of the label 'tenant' have been seen; the metrics call further ones _OTHER."
    ]
    assert attributes_of(kit.spans[249])["tenant"] == "t249"


def test_tags_that_are_no_text_are_passed_by(labelled: Callable[..., Kit]) -> None:
    """The others are labels all the same."""
    tags: list[Any] = [7, None, "team:search", b"team:x"]
    captured = labelled("team").telemetry.attribution.capture(tags=tags)
    assert captured.own == {"team": "search"}


# --- Mirascope ---


@pytest.fixture
def metered(labelled: Callable[..., Kit]) -> Iterator[Kit]:
    """Mirascope, metered with every source of labels allowed."""
    kit = labelled("function", "tenant", "team", "baggage:customer")
    instrument(kit, metric_labels="function,tenant,team,baggage:customer")
    yield kit
    MirascopeInstrumentor().uninstrument()


def describing(server: Server, *tags: str, stream: bool = True) -> Callable[[str], Any]:
    client = OpenAI(base_url=f"{server.url}/openai", api_key="no-key-needed", max_retries=0)

    @openai.call("gpt-4o-mini", stream=stream, client=client)
    @metadata({"tags": set(tags)})
    def describe(city: str) -> str:
        return f"Describe {city} in one sentence." if stream else f"Tell me something surprising about {city}."

    return describe


def test_function_and_tags_are_labels(metered: Kit, server: Server) -> None:
    """A tag's key is the label, its value the value; of two the first in the alphabet."""
    for _ in describing(server, "team:search", "team:ads", "team", "version:2", "beta")("Lisbon"):
        pass
    name = f"{__name__}.describing.<locals>.describe"
    found = by(metered, "code.function.name", "team", "version", "tenant")
    assert set(found) == {(name, "ads", None, None)}
    assert attributes_of(metered.span)["team"] == "ads"
    assert attributes_of(metered.span)["code.function.name"] == name


def test_functions_with_long_names_are_told_apart(labelled: Callable[..., Kit]) -> None:
    """By the end of their names; the span has them whole."""
    kit, module = labelled("function"), "acme.customer_support.conversations.pipelines.summarisation.SupportPipeline"
    for name in (f"{module}.summarise", f"{module}.translate"):
        attributes = {"code.function.name": name}
        begin(kit.telemetry, Request(provider="openai", model="gpt-4o-mini", attributes=attributes), None).settle(
            "closed"
        )
        assert attributes_of(kit.spans[-1])["code.function.name"] == name
    names = set(by(kit, "code.function.name", metric="chunkmeter.calls"))
    assert {len(name) for name in names} == {64}
    assert {name.rpartition(".")[2] for name in names} == {"summarise", "translate"}


def test_labels_go_before_tags(metered: Kit, server: Server) -> None:
    """What is said around a call is nearer to it than what stands on its function."""
    with labels(team="night"):
        describing(server, "team:search", stream=False)("Porto")
    assert set(by(metered, "team")) == {"night"}


def test_a_stream_is_whose_who_asked_for_it(metered: Kit, server: Server) -> None:
    """A web framework reads it after the block that asked for it; what the asker left open its reader says."""
    with labels(tenant="acme"):
        stream = describing(server)("Lisbon")
    with labels(tenant="framework", team="search"):
        for _ in stream:
            pass
    assert set(by(metered, "tenant", "team")) == {("acme", "search")}


# --- spans of others ---

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
USED = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 1000}


@pytest.mark.parametrize("late", [False, True])
def test_foreign_spans_are_whose_began_them(labelled: Callable[..., Kit], late: bool) -> None:
    """Captured at their start, counted at their end; on the span where it says then that it is an inference."""
    kit = labelled("baggage:tenant")
    foreign_processor(kit, "baggage:tenant")
    with carried(tenant="acme"):
        span = kit.tracer.start_span("chat", attributes={} if late else CHAT)
    span.set_attributes({**CHAT, **USED})
    with labels(tenant="globex"):
        span.end()
    assert by(kit, "tenant") == {"acme": pytest.approx(ONE, abs=1e-12)}
    assert attributes_of(kit.span).get("tenant") == (None if late else "acme")


def foreign_processor(kit: Kit, *names: str) -> ChunkSpanProcessor:
    processor = ChunkSpanProcessor(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, settings=Settings(metric_labels=names)
    )
    kit.tracer_provider.add_span_processor(processor)
    return processor


def test_a_long_foreign_span_keeps_its_labels(labelled: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many short ones begin and end meanwhile; only open spans are remembered."""
    kit = labelled()
    monkeypatch.setattr("chunkmeter.processor._MOST_REMEMBERED", 10)
    foreign_processor(kit, "tenant")
    with labels(tenant="acme"):
        span = kit.tracer.start_span("chat", attributes={**CHAT, **USED})
    for _ in range(50):
        with labels(tenant="globex"):
            kit.tracer.start_span("SELECT").end()
    span.end()
    assert set(by(kit, "tenant")) == {"acme"}


def test_processors_with_other_settings_keep_theirs(labelled: Callable[..., Kit]) -> None:
    """The one that counts does so by its own."""
    kit = labelled()
    foreign_processor(kit)
    foreign_processor(kit, "tenant")
    with labels(tenant="acme"):
        kit.tracer.start_span("chat", attributes={**CHAT, **USED}).end()
    assert by(kit, "tenant", metric="chunkmeter.calls") == {None: 1}
    assert kit.points("chunkmeter.errors") == []


def test_what_the_owner_of_a_span_says_stays(labelled: Callable[..., Kit]) -> None:
    """An attribute of the same name is his."""
    kit = labelled()
    foreign_processor(kit, "tenant")
    with labels(tenant="acme"):
        kit.tracer.start_span("chat", attributes={**CHAT, **USED, "tenant": "his"}).end()
    assert attributes_of(kit.span)["tenant"] == "his"
    assert set(by(kit, "tenant")) == {"acme"}


def test_a_forwarded_foreign_span_has_its_labels(labelled: Callable[..., Kit]) -> None:
    """On the copy that the exporter gets, whenever it said that it is an inference."""
    kit = labelled("tenant")
    settings, exporting = Settings(metric_labels=("tenant",)), SimpleSpanProcessor(kit.exporter)
    provider = TracerProvider()
    provider.add_span_processor(ChunkSpanProcessor(exporting, meter_provider=kit.meter_provider, settings=settings))
    with labels(tenant="acme"):
        span = provider.get_tracer("peer").start_span("chat")
    span.set_attributes({**CHAT, **USED})
    span.end()
    assert attributes_of(kit.span)["tenant"] == "acme"
    assert attributes_of(kit.span)["gen_ai.usage.cost.amount"] == pytest.approx(ONE, abs=1e-12)
    provider.shutdown()


# --- histograms ---


def test_histograms_left_out_are_not_there(labelled: Callable[..., Kit]) -> None:
    """The counters stay."""
    kit = labelled(histograms=("duration",))
    call(kit)
    assert kit.points("gen_ai.client.operation.duration")
    assert kit.points("gen_ai.client.operation.cost") == kit.points("gen_ai.client.token.usage") == []
    assert kit.total("chunkmeter.spend") == pytest.approx(ONE, abs=1e-12)
