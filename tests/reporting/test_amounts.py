"""Amounts that no call has: they are told as such, and the counters stay finite, growing and exact behind them."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.util.types import AttributeValue

import chunkmeter
from chunkmeter import ChunkSpanProcessor, Settings, price
from chunkmeter.pricing.tokens import CLASSES, Tokens, absurd
from chunkmeter.testing import Kit, fixed_clock, scripted
from support.wire_samples import SAMPLES, Sample

Json = dict[str, Any]
# gpt-4o: 2.50 USD a million in, 10.00 out: 1000 * 2.50 / 1e6 + 100 * 10.00 / 1e6.
GOOD = 0.0035
MOST = 2**53 - 1
BEYOND = [10**9 + 1, 10**12, MOST, 2**53, 2**63, 10**30, 10**400, 1e300, math.inf]
"""Counts that no call has."""
ODD: list[Any] = [*BEYOND, -1, -(10**30), -1e308, 7.5, math.nan, -math.inf, True, False, "7", b"7", [7], {"a": 7}, None]
"""What may stand in the place of a number."""
LABELS: dict[str, AttributeValue] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
}  # fmt: skip


def chat(usage: Json | None = None, **fields: Any) -> Json:
    said = {"prompt_tokens": 1000, "completion_tokens": 100} if usage is None else usage
    end: Json = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return {"object": "chat.completion.chunk", "model": "gpt-4o", "choices": [end], "usage": said} | fields


def meter(kit: Kit, *events: Json, wire: str | None = None) -> None:
    """One call that asks for OpenAI's gpt-4o, whose price it has where nobody knows the model that answers."""
    list(chunkmeter.wrap(scripted(events), provider="openai", model="gpt-4o", wire=wire, telemetry=kit.telemetry))


def status(kit: Kit) -> list[str]:
    """The cost statuses that calls are counted under."""
    return sorted(point.attributes["chunkmeter.cost.status"] for point in kit.points("chunkmeter.calls"))


def tokens_out(kit: Kit) -> float:
    return sum(
        point.sum
        for point in kit.points("gen_ai.client.token.usage")
        if point.attributes["gen_ai.token.type"] == "output"
    )


def sums(kit: Kit) -> dict[tuple[Any, ...], float]:
    """Every number that a metric has, by its series."""
    found: dict[tuple[Any, ...], float] = {}
    data = kit.reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if "streams" in metric.name or "age" in metric.name:
                    continue  # gauges, which rise and fall
                for point in metric.data.data_points:
                    made = cast("Any", point)
                    key = (metric.name, *sorted((made.attributes or {}).items()))
                    found[key] = made.value if hasattr(made, "value") else made.sum
    return found


# --- what a stream says ---


@pytest.mark.parametrize("count", BEYOND)
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens", "total_tokens"])
def test_a_count_that_no_call_has_is_told_and_added_to_nothing(
    kit: Kit, caplog: pytest.LogCaptureFixture, field: str, count: float
) -> None:
    """The call is counted, its span has what was told, one line names the model, and a good call is counted exactly."""
    for _ in range(2):
        meter(kit, chat({"prompt_tokens": 1000, "completion_tokens": 100, field: count}))
    assert status(kit) == ["impossible_usage"]
    assert kit.total("chunkmeter.calls") == 2
    assert kit.points("chunkmeter.spend") == kit.points("gen_ai.client.token.usage") == []
    names = {"prompt_tokens": "gen_ai.usage.input_tokens", "completion_tokens": "gen_ai.usage.output_tokens"}
    said = kit.spans[0].attributes or {}
    assert said[names.get(field, "chunkmeter.usage.total_tokens")] == min(count, MOST)
    assert "gen_ai.usage.cost.amount" not in said
    assert [record.getMessage()[:34] for record in caplog.records] == ["A call of model 'gpt-4o' of openai"]
    meter(kit, chat())
    assert kit.total("chunkmeter.spend") == GOOD
    assert tokens_out(kit) == 100


def test_a_billion_tokens_are_believed(kit: Kit) -> None:
    """That is the bound: 1e9 * 2.50 / 1e6."""
    meter(kit, chat({"prompt_tokens": 10**9, "completion_tokens": 0}))
    assert kit.total("chunkmeter.spend") == 2500


@pytest.mark.parametrize("names", ["latest", "both"])
def test_main_s_counters_of_tokens_get_none_of_them(names: Any) -> None:
    """They count the call with 0 tokens, as one without usage."""
    with Kit(settings=Settings(semconv=names)) as kit:
        meter(kit, chat({"prompt_tokens": 10**12, "completion_tokens": 5}))
        for kind in ("input", "output"):
            (point,) = kit.points(f"gen_ai.client.inference.usage.{kind}_tokens")
            assert (point.value, point.attributes["gen_ai.token.modality"]) == (0, "unknown")
            assert kit.points(f"gen_ai.client.inference.operation.{kind}_tokens") == []


@pytest.mark.parametrize("where", ["usage", "litellm", "venice"])
@pytest.mark.parametrize("charge", [1_000_000.5, 9e17, 1e18, 1e308, 10**400, math.inf])
def test_a_charge_that_no_call_has_is_no_cost(kit: Kit, where: str, charge: float) -> None:
    """Its tokens are good ones, and are counted; they are not priced, since nothing says what was charged."""
    usage: Json = {"prompt_tokens": 1000, "completion_tokens": 100}
    said = {
        "usage": chat(usage | {"cost": charge}),
        "litellm": chat(_hidden_params={"response_cost": charge}),
        "venice": chat(cost={"usd": charge}),
    }
    meter(kit, said[where])
    assert status(kit) == ["impossible_usage"]
    assert kit.points("chunkmeter.spend") == kit.points("gen_ai.client.operation.cost") == []
    assert tokens_out(kit) == 100
    assert math.isfinite(kit.attributes["chunkmeter.cost_metadata.cost"])
    meter(kit, chat())
    assert kit.total("chunkmeter.spend") == GOOD


@pytest.mark.parametrize("ticks", [10**16 + 10**6, 10**18, 10**30])
def test_ticks_that_no_call_has_are_no_cost(kit: Kit, ticks: int) -> None:
    """1e10 of them are one USD."""
    meter(kit, chat({"prompt_tokens": 1000, "completion_tokens": 100, "cost_in_usd_ticks": ticks}))
    assert status(kit) == ["impossible_usage"]
    assert kit.points("chunkmeter.spend") == []


def test_a_good_charge_beside_tokens_that_no_call_has_is_spent(kit: Kit) -> None:
    """The provider's own cost needs no tokens. They are in no metric all the same."""
    meter(kit, chat({"prompt_tokens": 10**12, "completion_tokens": 100, "cost": 0.25}))
    assert (status(kit), kit.total("chunkmeter.spend")) == (["known"], 0.25)
    assert kit.points("gen_ai.client.token.usage") == []


@pytest.mark.parametrize(("currency", "known"), [("USD", False), ("EUR", True)])
def test_a_price_of_one_s_own_has_a_bound_too(tmp_path: Path, currency: str, known: bool) -> None:
    """A million USD a call; a billion of another currency, which may be worth a thousand times less."""
    path = tmp_path / "prices.toml"
    path.write_text(f'[[models]]\nnames = ["m"]\nprices = {{ input = 1000000, output = 0 }}\ncurrency = "{currency}"')
    usage = chunkmeter.Usage(input_tokens=1_000_001, output_tokens=0)
    answer = price(usage, model="m", prices=str(path))
    assert isinstance(answer, chunkmeter.Priced) is known
    usage = chunkmeter.Usage(input_tokens=1_000_000_000, output_tokens=0)
    assert isinstance(price(usage, model="m", prices=str(path)), chunkmeter.Priced) is known


@pytest.mark.parametrize(
    ("usage", "spend"),
    [
        ({"prompt_tokens": 1000}, 0.0025),
        ({"completion_tokens": 100}, 0.001),
        ({"completion_tokens": 100, "total_tokens": 1100}, 0.001),
        ({"prompt_tokens": -1, "completion_tokens": 100}, 0.001),
        ({"prompt_tokens": "1000", "completion_tokens": 100}, 0.001),
        ({"total_tokens": 1100}, None),
    ],
)
def test_one_side_of_a_call_is_part_of_its_usage(kit: Kit, usage: Json, spend: float | None) -> None:
    """The rest isn't free: 1000 * 2.50 / 1e6 in and 100 * 10 / 1e6 out are lower bounds. No number is no count."""
    meter(kit, chat(usage))
    assert kit.attributes["chunkmeter.usage.status"] == "partial"
    assert status(kit) == ["no_usage" if spend is None else "partial"]
    assert kit.total("chunkmeter.spend", status="partial") == (spend or 0)


# --- times ---


@pytest.mark.parametrize("start", [-1, -(10**30), 10**400, 2**63, 1.7e18, math.nan, True, "now", [1]])
def test_a_start_that_is_no_time_counts_as_left_out(kit: Kit, start: Any) -> None:
    """The span begins where `wrap` was called, and the metric has the seconds from there."""
    with fixed_clock() as clock:
        events = scripted([chat()], clock=clock, gap=2.0)
        began = clock.ns
        list(chunkmeter.wrap(events, provider="openai", start_time=start, telemetry=kit.telemetry))
    assert kit.span.start_time == began
    (point,) = kit.points("gen_ai.client.operation.duration")
    assert point.sum == (kit.span.end_time or 0) / 1e9 - began / 1e9
    assert kit.points("gen_ai.client.operation.time_to_first_chunk") == []


@pytest.mark.parametrize("names", ["released", "latest"])
def test_a_duration_that_no_call_has_is_in_no_histogram(names: Any) -> None:
    """Seconds given for nanoseconds: the call begins in 1970. It is counted, and so is what it costs."""
    with Kit(settings=Settings(semconv=names)) as kit:
        start = 1_767_225_600
        list(chunkmeter.wrap(scripted([chat()]), provider="openai", start_time=start, telemetry=kit.telemetry))
        kinds = ("operation", "inference")
        assert [kit.points(f"gen_ai.client.{kind}.duration") for kind in kinds] == [[], []]
        assert [kit.points(f"gen_ai.client.{kind}.time_to_first_chunk") for kind in kinds] == [[], []]
        assert kit.total("chunkmeter.spend") == GOOD


# --- spans of others ---


@pytest.fixture
def foreign_spans(kit: Kit) -> Kit:
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    )
    return kit


def span(kit: Kit, **attributes: Any) -> None:
    """A span of somebody else's, attributes written with `__` for a dot."""
    kit.tracer.start_span(
        "chat", attributes=LABELS | {name.replace("__", "."): value for name, value in attributes.items()}
    ).end()


def good_span(kit: Kit) -> None:
    span(kit, gen_ai__usage__input_tokens=1000, gen_ai__usage__output_tokens=100)


@pytest.mark.parametrize("amount", [1_000_000.5, 9e17, 1e308, math.inf, 10**30])
def test_a_cost_attribute_that_no_call_has_is_no_cost(foreign_spans: Kit, amount: float) -> None:
    """Twice 1e308 would make the counter infinite, 9e17 would swallow each later cent."""
    kit = foreign_spans
    for _ in range(2):
        span(kit, gen_ai__usage__cost__amount=amount, gen_ai__usage__cost__source="provider")
    assert (status(kit), kit.total("chunkmeter.calls")) == (["impossible_usage"], 2)
    assert kit.points("chunkmeter.spend") == []
    good_span(kit)
    assert kit.total("chunkmeter.spend") == GOOD


@pytest.mark.parametrize("count", [10**9 + 1, MOST, 2**53, 2**63 - 1, 1e300, math.inf])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "cache_read__input_tokens"])
def test_a_count_of_a_span_that_no_call_has_is_impossible(foreign_spans: Kit, name: str, count: float) -> None:
    kit = foreign_spans
    usage: Json = {"input_tokens": 1000, "output_tokens": 100, name: count}
    span(kit, **{f"gen_ai__usage__{name}": number for name, number in usage.items()})
    assert (status(kit), kit.points("chunkmeter.spend")) == (["impossible_usage"], [])
    good_span(kit)
    assert kit.total("chunkmeter.spend") == GOOD


@pytest.mark.parametrize("name", ["total_tokens", *(each.count for each in CLASSES.values())])
def test_a_count_of_any_class_is_absurd_above_a_billion(name: str) -> None:
    for count, above in ((10**9, False), (10**9 + 1, True), (None, False)):
        assert absurd(Tokens(**{name: count})) is above


def test_a_span_that_starts_beyond_all_years_is_priced_as_of_today(foreign_spans: Kit) -> None:
    kit = foreign_spans
    for start in (-(10**30), 10**30, 2**63):
        usage: dict[str, AttributeValue] = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
        kit.tracer.start_span("chat", attributes=LABELS | usage, start_time=start).end()
    assert kit.total("chunkmeter.spend", status="known") == pytest.approx(3 * GOOD)
    assert kit.points("chunkmeter.errors") == []


# --- any number anywhere ---


def numbers_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of the numbers in an event."""
    if isinstance(value, dict):
        for name, inner in cast("Json", value).items():
            yield from numbers_in(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from numbers_in(inner, (*path, index))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path


def changed(sample: Sample, changes: list[tuple[int, Any]]) -> list[Json]:
    events = copy.deepcopy(list(sample.events))
    places = list(numbers_in(events))
    for number, value in changes if places else ():
        *way, last = places[number % len(places)]
        holder: Any = events
        for step in way:
            holder = holder[step]
        holder[last] = value
    return events


GROWS = {"spend": 1e6, "cost": 1e6, "token": 1e9, "calls": 1, "errors": 0, "duration": 60, "first_chunk": 60}
"""A word in a metric's name -> the most that one call adds to it."""
amounts = st.sampled_from(ODD) | st.integers() | st.floats() | st.integers(min_value=10**8)


@pytest.fixture(scope="module")
def shared() -> Iterator[Kit]:
    """One kit whose counters go on through all examples."""
    with Kit(settings=Settings(semconv="both")) as kit:
        kit.tracer_provider.add_span_processor(
            ChunkSpanProcessor(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
        )
        yield kit


def assert_sound(kit: Kit, before: dict[tuple[Any, ...], float]) -> None:
    """No series has fallen, none has grown by more than a call has, and a good call then adds exactly what it has."""
    after = sums(kit)
    assert before.keys() <= after.keys()
    for key, value in after.items():
        most = next(most for word, most in GROWS.items() if word in key[0])
        assert 0 <= value - before.get(key, 0) <= most, key
    spent, calls, failed = (kit.total(f"chunkmeter.{name}") for name in ("spend", "calls", "errors"))
    made = tokens_out(kit)
    meter(kit, chat())
    assert tokens_out(kit) == made + 100
    # Behind 120 calls of a million USD each, the last digit of a float is 1.5e-8.
    assert kit.total("chunkmeter.spend") - spent == pytest.approx(GOOD, abs=1e-7)
    assert (kit.total("chunkmeter.calls"), kit.total("chunkmeter.errors")) == (calls + 1, failed)


@settings(max_examples=120)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 50), amounts), min_size=1, max_size=6))
def test_any_number_on_any_wire_leaves_the_counters_sound(
    shared: Kit, sample: Sample, changes: list[tuple[int, Any]]
) -> None:
    before = sums(shared)
    meter(shared, *changed(sample, changes), wire=sample.wire)
    assert_sound(shared, before)


NAMES = [
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens", "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.audio.input_tokens", "gen_ai.usage.audio.output_tokens",
    "gen_ai.usage.cost.amount", "gen_ai.usage.cost.currency",
]  # fmt: skip


@settings(max_examples=120)
@given(st.dictionaries(st.sampled_from(NAMES), amounts, min_size=1), st.booleans(), st.none() | st.integers())
def test_any_attribute_of_a_span_leaves_the_counters_sound(
    shared: Kit, attributes: Json, charged: bool, start: int | None
) -> None:
    source = {"gen_ai.usage.cost.source": "provider"} if charged else {}
    before = sums(shared)
    logging.getLogger("opentelemetry.attributes").disabled = True  # the SDK's own word on what is no attribute
    shared.tracer.start_span("chat", attributes=LABELS | source | attributes, start_time=start).end()
    assert_sound(shared, before)
