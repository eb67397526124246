"""Text that strangers send: whatever it is and wherever it enters, it is exported, and is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import SpanProcessor

from chunkmeter import ChunkSpanProcessor, Settings, labels, normalize, semconv, text, wrap
from chunkmeter.calls.call import Call
from chunkmeter.facts.request import Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.instrumentors._endpoint import Endpoint
from chunkmeter.instrumentors._parameters import request_of
from chunkmeter.testing import Kit, attributes_of
from support.exported import exported
from support.wire_samples import SAMPLES, Sample

# docs/telemetry.md, "What an answer can do to metrics".
LARGEST_SPAN = 100_000
HUGE = "x" * 10**7
"""Made once: it is the same object wherever it is drawn."""
HOSTILE: list[str] = [
    "\ud800",
    "gpt-4o\udfff",
    "a\x00b\nc\x1b[31m",
    "\u202egpt",
    "\x85\u2028",
    " ",
    "",
    HUGE,
    "\U0001f600" * 10**6,
    "\ud83d" * 10**6,
]
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=300))
NUMBERS = st.sampled_from([2**63, -(2**63) - 1, 10**400, float("nan"), float("inf"), -1, True, 2**53, 0.5])
ANYTHING = st.one_of(TEXTS, NUMBERS, st.none(), st.binary(max_size=3))
PROPERTY = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def brief(value: object) -> str:
    """A value in the name of its test."""
    return ascii(value)[:20]


def check(kit: Kit) -> None:
    """All is exported, and no span is large. A few calls can't make metrics large."""
    size = exported(kit)
    assert size.refused == []
    assert size.span < LARGEST_SPAN
    assert size.metrics < 100_000


@pytest.fixture
def fresh() -> Iterator[Callable[..., Kit]]:
    """Makes kits, one for each example."""
    kits: list[Kit] = []

    def make(*names: str) -> Kit:
        while kits:
            kits.pop().shutdown()
        kits.append(Kit(settings=Settings(metric_labels=names, semconv="both", mirascope_tags=("k",))))
        return kits[-1]

    yield make
    for kit in kits:
        kit.shutdown()


# --- cleaning ---


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("gpt-4o", "gpt-4o"),
        ("Zürich-模型 1", "Zürich-模型 1"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\ud800b", "a?b"),
        ("a\x00\n\x7f\x9fb", "a????b"),
        ("\u202eevil\u2069\u2028", "?evil??"),
        ("x" * 201, "x" * 200),
        ("é" * 201, "é" * 200),
        ("", ""),
    ],
)
def test_text_is_cleaned(said: str, kept: str) -> None:
    assert text.clean(said) == kept


@PROPERTY
@given(TEXTS, st.integers(1, 300))
def test_clean_text_is_short_has_bytes_and_stays_as_it_is(said: str, most: int) -> None:
    kept = text.clean(said, most)
    assert len(kept) == min(len(said), most)
    kept.encode()
    assert all(character >= " " for character in kept)
    assert text.clean(kept, most) is kept or text.clean(kept, most) == kept


def test_clean_text_is_the_same_object() -> None:
    """Nothing is copied on the path of an ordinary call."""
    name = "gpt-4o-mini-2024-07-18"
    assert text.name(name) is name


class Word(StrEnum):
    """An SDK's enum."""

    STOP = "stop"


class Loud(str):
    """A text that says something else when asked."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\ud800"

    def __getitem__(self, key: Any) -> str:
        return "\ud800"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("gpt-4o", "gpt-4o"),
        (Word.STOP, "stop"),
        (Loud("x\n"), "x?"),
        ("", None),
        (" \t", " ?"),
        ("  ", None),
        (None, None),
        (7, None),
        (b"gpt-4o", None),
        (object(), None),
    ],
)
def test_a_name_is_text_that_is_not_blank(value: Any, said: str | None) -> None:
    assert text.name(value) == said
    assert said is None or type(text.name(value)) is str
    assert text.again(value) == said
    assert text.again(value) == said, "the second time, too"


def test_only_names_that_need_no_cleaning_are_usual_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "usual", kept := set[str]())
    for value in (*HOSTILE, None, 3, Loud("loud"), "x" * 201):
        text.again(value)
    assert kept == set()
    text.again("stop")
    assert kept == {"stop"}
    for number in range(2000):
        assert text.again(f"model {number}") == f"model {number}"
        assert len(kept) <= 512


class Number(IntEnum):
    """An integer that is no plain one."""

    ONE = 1


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, None),
        (-(2**63) - 1, None),
        (Number.ONE, 1),
        (True, True),
        (0.5, 0.5),
        (float("nan"), None),
        (float("-inf"), None),
        (b"x", None),
        (None, None),
        ({"a": 1}, None),
        ("x" * 1001, "x" * 1000),
        (["a", None, "b\ud800"], ["a", "b?"]),
        (["a", 1, 2.0, "b"], ["a", "b"]),
        ([1, True, 2**63, 2], [1, 2]),
        ([["a"]], []),
        ((), []),
        (["x"] * 500_000, ["x"] * 128),
        (["x" * 1000] * 9, ["x" * 1000] * 4),
    ],
    ids=brief,
)
def test_an_attribute_is_what_otlp_can_carry(value: Any, kept: Any) -> None:
    assert text.attribute(value) == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x\n" * 10**6, "x\n" * 10**6),
        ("é\ud800", "é?"),
        (2**63, None),
        (Number.ONE, Number.ONE),
        (True, True),
        (b"x", b"x"),
        (None, None),
        (float("inf"), float("inf")),
        (("a\udfff", 2**64), ["a?", None]),
        ({"k\ud800": ["é\ud800"]}, {"k?": ["é?"]}),
    ],
    ids=brief,
)
def test_a_stranger_s_attribute_stays_as_it_is_where_it_can(value: Any, kept: Any) -> None:
    assert text.encodable(value) == kept


# --- where it enters ---


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where an event has texts and numbers."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(value: Any, path: tuple[Any, ...], into: Any) -> Any:
    """An event with another value at one place."""
    if not path:
        return into
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], path[1:], into)
    return copied


PLACES = [(sample, path) for sample in SAMPLES for path in leaves(list(sample.events))]


@PROPERTY
@given(st.sampled_from(SAMPLES), st.data())
def test_any_text_in_an_answer(fresh: Callable[..., Kit], sample: Sample, data: st.DataObject) -> None:
    """Of any wire, at any few places."""
    kit, events = fresh(), list(sample.events)
    paths = list(leaves(events))
    for path in data.draw(st.lists(st.sampled_from(paths), max_size=4)):
        events = changed(events, path, data.draw(ANYTHING))
    list(wrap(iter(events), wire=sample.wire, telemetry=kit.telemetry))
    check(kit)
    for event in events:
        normalize(event, wire=sample.wire).model_dump_json()


@pytest.mark.parametrize("said", ["gpt-4o\x00\ud800", HUGE], ids=("unfit", "huge"))
def test_a_text_at_every_place_of_every_wire(fresh: Callable[..., Kit], said: str) -> None:
    """One after another."""
    kit = fresh()
    for sample, path in PLACES:
        list(wrap(iter(changed(list(sample.events), path, said)), wire=sample.wire, telemetry=kit.telemetry))
    size = exported(kit)
    assert size.refused == []
    assert size.span < LARGEST_SPAN


FIELDS = [name for name, field in Request.__dataclass_fields__.items() if field.init]


@PROPERTY
@given(st.dictionaries(st.sampled_from(FIELDS), TEXTS), st.data())
def test_any_text_in_a_request(fresh: Callable[..., Kit], fields: dict[str, Any], data: st.DataObject) -> None:
    """In what is known of a call at its start, and in the attributes that an instrumentor gives it."""
    kit = fresh()
    for structured in ("attributes", "labels", "media", "stream", "sent", "context_cache", "server_port"):
        fields.pop(structured, None)
    given = data.draw(st.dictionaries(st.sampled_from(["a.b", "c.d"]), st.one_of(ANYTHING, st.lists(ANYTHING))))
    Call(kit.telemetry, Request(**fields, attributes=given)).settle("closed")
    check(kit)


PARAMETERS = [
    "model", "modelId", "temperature", "top_p", "top_k", "max_tokens", "stop", "stop_sequences", "seed", "n",
    "service_tier", "config", "generation_config", "inferenceConfig", "extra_body",
]  # fmt: skip
DEEPER = st.one_of(ANYTHING, st.lists(TEXTS, max_size=5), st.dictionaries(st.sampled_from(PARAMETERS), ANYTHING))


@PROPERTY
@given(st.dictionaries(st.sampled_from(PARAMETERS), DEEPER), TEXTS, TEXTS)
def test_any_text_in_an_sdk_s_parameters(
    fresh: Callable[..., Kit], parameters: dict[str, Any], host: str, provider: str
) -> None:
    kit, endpoint = fresh(), Endpoint(address=host, port=443)
    request = request_of(parameters, endpoint, operation="chat", stream=False, provider=provider)
    Call(kit.telemetry, request).settle("closed")
    check(kit)


NAMES = [
    "gen_ai.system", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id",
    "gen_ai.response.finish_reasons", "openai.response.service_tier", "gen_ai.usage.input_tokens",
    "gen_ai.usage.cost.amount", "gen_ai.usage.cost.currency", "llm.request.model", "llm.request.type", "mine",
]  # fmt: skip


SHORT = TEXTS.filter(lambda said: len(said) < 1_000)


class Keeping(SpanProcessor):
    """A next processor that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_end(self, span: Any) -> None:
        self.spans.append(span)


@PROPERTY
@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(SHORT, NUMBERS, st.lists(SHORT, max_size=3))), SHORT)
@example({"gen_ai.request.model": HUGE, "gen_ai.response.model": HUGE, "gen_ai.provider.name": HUGE}, "chat")
def test_any_text_in_a_foreign_span(fresh: Callable[..., Kit], attributes: dict[str, Any], name: str) -> None:
    """Metrics of it are exported, and so is its copy. How large that is, its owner chose."""
    kit, kept = fresh(), Keeping()
    processor = ChunkSpanProcessor(
        kept, tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, settings=kit.telemetry.settings
    )
    kit.tracer_provider.add_span_processor(processor)
    foreign: dict[str, Any] = {"gen_ai.operation.name": "chat", **attributes, semconv.COST_SOURCE: "provider"}
    kit.tracer.start_span(name, attributes=foreign).end()
    size = exported(kit, kept.spans)
    assert size.refused == []
    assert size.metrics < 100_000
    assert kit.total("chunkmeter.calls") == 1


@PROPERTY
@given(TEXTS, TEXTS, TEXTS)
def test_any_text_in_a_label(fresh: Callable[..., Kit], tenant: str, customer: str, tag: str) -> None:
    """From the process, from a tag, from baggage."""
    kit = fresh("tenant", "team", "baggage:customer")
    token = otel_context.attach(baggage.set_baggage("customer", customer))
    try:
        with labels(tenant=tenant):
            captured = kit.telemetry.attribution.capture(tags=[f"team:{tag}", tag])
    finally:
        otel_context.detach(token)
    Call(kit.telemetry, Request(labels=captured)).settle("closed")
    check(kit)
    assert all(len(value) <= 64 for value in captured.all().values())


def test_texts_that_read_the_same_are_one_series(fresh: Callable[..., Kit]) -> None:
    """Else a store would take 10 for 13: two series that it is told by one name."""
    kit = fresh("tenant")
    for tenant, calls in (("acme\ud800", 3), ("acme\udfff", 10)):
        for _ in range(calls):
            with labels(tenant=tenant):
                captured = kit.telemetry.attribution.capture()
            Call(kit.telemetry, Request(provider="openai", model=f"{tenant}-1", labels=captured)).settle("closed")
    (point,) = kit.points("chunkmeter.calls")
    assert (point.value, point.attributes["tenant"], point.attributes["gen_ai.request.model"]) == (
        13,
        "acme?",
        "acme?-1",
    )


def test_any_number_of_choices(kit: Kit) -> None:
    """The span tells the first 128; the one word of metrics is that of all."""
    choices = [{"index": index, "delta": {}, "finish_reason": "stop"} for index in range(50_000)]
    choices.append({"index": 50_000, "delta": {}, "finish_reason": "length"})
    list(wrap(iter([{"model": "gpt-4o", "choices": choices}]), wire="openai_chat", telemetry=kit.telemetry))
    assert kit.attributes["gen_ai.response.finish_reasons"] == ["stop"] * 128
    assert kit.attributes["chunkmeter.finish_reason"] == "length"
    assert kit.attributes["chunkmeter.outcome"] == "completed"
    check(kit)


def test_a_finish_reason_without_a_word_is_one(kit: Kit) -> None:
    """It was given, so the answer is whole."""
    event = {"candidates": [{"index": 0, "finish_reason": 10**5000}], "modelVersion": "gemini-2.5-pro"}
    list(wrap(iter([event]), wire="google_generate_content", telemetry=kit.telemetry))
    assert kit.attributes["gen_ai.response.finish_reasons"] == ["unknown"]
    assert kit.attributes["chunkmeter.outcome"] == "completed"


@pytest.mark.parametrize("said", ["\ud800\n", HUGE], ids=("unfit", "huge"))
def test_a_class_of_errors_of_any_name(kit: Kit, said: str) -> None:
    """Made at run time: its name and its module may be any text."""
    made = type("Made", (Exception,), {"__module__": said, "__qualname__": said})

    def failing() -> Iterator[Any]:
        yield {"model": "gpt-4o", "choices": []}
        raise made

    with pytest.raises(made):
        list(wrap(failing(), wire="openai_chat", telemetry=kit.telemetry))
    assert kit.attributes["error.type"] == f"{said}.{said}".replace("\ud800", "?").replace("\n", "?")[:200]
    check(kit)


def test_a_span_of_the_largest_texts_is_below_the_bound(fresh: Callable[..., Kit]) -> None:
    """Everything at its bound at a time, in characters of four bytes."""
    kit, huge = fresh("tenant", "team"), "\U0001f600" * 5_000
    with labels(tenant=huge, team=huge):
        captured = kit.telemetry.attribution.capture()
    attributes = {
        semconv.REQUEST_STOP_SEQUENCES: [huge] * 200,
        semconv.MIRASCOPE_TAGS: [huge] * 200,
        semconv.CODE_FUNCTION_NAME: huge,
    }
    names = {"provider": huge, "model": huge, "server_address": huge, "tier": huge}
    call = Call(kit.telemetry, Request(**names, attributes=attributes, labels=captured))
    tally = call.tally
    tally.wire = "openai_responses"
    tally.reasons.update(dict.fromkeys(range(1000), huge))
    tally.response_id = tally.response_model = tally.service_tier = tally.region = tally.block_reason = huge
    tally.usage, tally.count_tokens = Tokens(input_tokens=1, output_tokens=1), lambda usage: usage
    call.settle("error", huge[: text.NAME])
    size = exported(kit)
    assert size.refused == []
    assert 50_000 < size.span < LARGEST_SPAN


def test_what_a_tally_keeps_is_cleaned_for_whoever_reads_it() -> None:
    """Also by `normalize`."""
    event = {"id": "a\x00" + HUGE, "model": "gpt-4o\ud800", "choices": [{"index": 0, "finish_reason": "stop\n"}]}
    chunk = normalize(event, wire="openai_chat")
    assert (chunk.id, chunk.model, chunk.raw_finish_reasons) == (f"a?{HUGE[:998]}", "gpt-4o?", ["stop?"])
    tally = Tally()
    tally.response_model = "   "
    tally.clean()
    assert tally.response_model is None


def test_somebody_s_span_gets_clean_text_too(kit: Kit) -> None:
    """Of the request and of the answer."""
    with kit.tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
        event = {"model": "gpt-4o\ud800", "choices": [{"index": 0, "finish_reason": HUGE}]}
        list(wrap(iter([event]), wire="openai_chat", telemetry=kit.telemetry))
    assert attributes_of(kit.span)["gen_ai.response.model"] == "gpt-4o?"
    check(kit)
