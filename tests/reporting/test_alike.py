"""Labels are worked out once for calls that are alike, and nothing of a span where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import INVALID_SPAN

import chunkmeter
from chunkmeter import Settings
from chunkmeter.calls.call import Call
from chunkmeter.facts.request import Request
from chunkmeter.reporting import telemetry as reporting
from chunkmeter.reporting.series import Series
from chunkmeter.testing import Kit, fixed_clock, scripted

EVENTS = [
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]},
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"model": "gpt-4o-mini", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}},
]
METRICS = (
    "chunkmeter.calls", "chunkmeter.spend", "gen_ai.client.operation.cost", "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.token.usage",
)  # fmt: skip


@pytest.fixture
def kits() -> Iterator[Callable[..., Kit]]:
    """Makes a kit with these settings and this sampler."""
    made: list[Kit] = []

    def make(*sampler: Any, **chosen: Any) -> Kit:
        made.append(Kit(*sampler, settings=Settings(**chosen)))
        return made[-1]

    yield make
    for kit in made:
        kit.shutdown()


def ask(kit: Kit, model: str = "gpt-4o-mini", events: list[Any] = EVENTS, error: Exception | None = None) -> None:
    """One call, whose chunks come a quarter of a second after each other."""
    with fixed_clock() as clock:
        stream = scripted(events, clock=clock, gap=0.25, error=error)
        metered = chunkmeter.wrap(
            stream, provider="openai", model=model, start_time=clock.ns, telemetry=kit.telemetry
        )  # fmt: skip
        try:
            list(metered)
        except TimeoutError:
            assert error is not None


def told(kit: Kit) -> list[Any]:
    """Each point: its metric, labels, how many values it has, and their sum."""
    return sorted(
        (
            name,
            sorted(point.attributes.items()),
            getattr(point, "count", None),
            getattr(point, "sum", None) or point.value,
        )
        for name in METRICS
        for point in kit.points(name)
    )


def test_an_unsampled_call_is_measured_as_a_sampled_one(kits: Callable[..., Kit]) -> None:
    sampled, unsampled = kits(), kits(ALWAYS_OFF)
    for kit in (sampled, unsampled):
        ask(kit)
        ask(kit, events=EVENTS[:1], error=TimeoutError())
    assert unsampled.spans == []
    assert len(told(unsampled)) == 9  # two calls of unlike endings, with one spend and cost, and two counts of tokens
    assert told(unsampled) == told(sampled)


def test_nothing_of_a_span_is_worked_out_for_an_unsampled_call(
    kits: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out, ended = list[str](), list[object]()
    monkeypatch.setattr(reporting, "span_attributes", lambda *_, **__: worked_out.append("attributes") or {})
    monkeypatch.setattr(type(INVALID_SPAN), "end", lambda span, *_: ended.append(span))
    ask(kits(ALWAYS_OFF))
    assert (worked_out, ended) == ([], [])
    ask(kits())
    assert worked_out == ["attributes"]


def test_labels_of_a_call_that_has_had_its_like_are_not_worked_out_again(
    kits: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, asked = kits(), list[str]()
    labels = Series.labels
    monkeypatch.setattr(Series, "labels", lambda *of: asked.append(of[1].name) or labels(*of))
    ask(kit)
    once = len(asked)
    for _ in range(4):
        ask(kit)
    assert once == len(asked) == 7  # the points of a call; tokens have two
    assert kit.total("chunkmeter.calls") == 5
    # gpt-4o-mini: 0.15 and 0.60 USD a million tokens.
    assert kit.total("chunkmeter.spend") == pytest.approx(5 * (12 * 0.15e-6 + 3 * 0.60e-6))


def test_calls_that_differ_in_one_label_keep_their_own(kits: Callable[..., Kit]) -> None:
    kit = kits(metric_labels=("tenant", "function"))
    for tenant in ("acme", "umbra", "acme"):
        with chunkmeter.labels(tenant=tenant):
            ask(kit)
    ask(kit)
    ask(kit, events=EVENTS[:2])
    ask(kit, model="gpt-4o")
    assert [kit.total("chunkmeter.calls", tenant=tenant) for tenant in ("acme", "umbra")] == [2, 1]
    assert kit.total("chunkmeter.calls", **{"chunkmeter.usage.status": "missing"}) == 1
    assert kit.total("chunkmeter.calls", **{"gen_ai.request.model": "gpt-4o"}) == 1
    assert kit.total("chunkmeter.calls") == 6


def test_what_is_kept_is_bounded(kits: Callable[..., Kit]) -> None:
    kit = kits()
    for number in range(2100):
        call = Call(kit.telemetry, Request(provider="openai", model=f"made-up-{number}"))
        call.settle("exhausted")
    assert 0 < len(kit.telemetry._kinds._kept) <= 2048
    assert kit.total("chunkmeter.calls") == 2100


def test_what_is_kept_is_bounded_for_all_kinds_and_all_that_spend_together(kits: Callable[..., Kit]) -> None:
    """Tenants times models, as a service of many users has them."""
    kit = kits(metric_labels=("tenant",))
    for number in range(3000):
        with chunkmeter.labels(tenant=f"tenant-{number}"):
            spending = kit.telemetry.attribution.capture()
        for model in ("gpt-4o", "gpt-4o-mini"):
            Call(kit.telemetry, Request(provider="openai", model=model, labels=spending)).settle("exhausted")
        kinds = kit.telemetry._kinds._kept.values()
        assert sum(len(alike.labelled) for alike in kinds) <= 2048
    assert kit.total("chunkmeter.calls") == 6000


def test_a_price_file_that_is_read_again_names_its_models_from_the_next_call_on(
    kits: Callable[..., Kit], tmp_path: Path
) -> None:
    """A hundred names pass that nothing lists; this one comes after them, until the file lists it."""
    file = tmp_path / "prices.toml"
    file.write_text('version = "1"\n')
    kit = kits(prices=str(file), prices_reload=True)
    for number in range(100):
        ask(kit, model=f"made-up-{number}", events=EVENTS[:0])
    ask(kit, model="ours", events=EVENTS[:0])
    assert kit.total("chunkmeter.calls", **{"gen_ai.request.model": "ours"}) == 0
    file.write_text('version = "2"\nmodels = [{ names = ["ours"], prices = { input = 1, output = 2 } }]\n')
    kit.telemetry.refresh()
    ask(kit, model="ours", events=EVENTS[:0])
    assert kit.total("chunkmeter.calls", **{"gen_ai.request.model": "ours"}) == 1


def test_a_call_whose_labels_can_not_be_worked_out_counts_all_the_same(
    kits: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without those of its model, and the next call has them again."""

    def failing(*_: object) -> None:
        raise LookupError

    kit = kits()
    with monkeypatch.context() as patched:
        patched.setattr(Series, "provider", failing)
        ask(kit)
    assert kit.total("chunkmeter.errors", stage="settle") == 2  # in the labels of its spend, and in all others
    assert kit.total("gen_ai.client.token.usage") == 15
    ask(kit)
    assert kit.total("chunkmeter.calls") == 2
    assert kit.total("chunkmeter.calls", **{"gen_ai.request.model": "gpt-4o-mini"}) == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(2 * (12 * 0.15e-6 + 3 * 0.60e-6))


def test_a_point_that_fails_loses_no_other(kits: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch) -> None:
    labels = Series.labels

    def failing(series: Series, metric: Any, *rest: Any) -> Any:
        if metric.name == "chunkmeter.calls":
            raise LookupError
        return labels(series, metric, *rest)

    kit = kits()
    monkeypatch.setattr(Series, "labels", failing)
    ask(kit)
    assert kit.points("chunkmeter.calls") == []
    assert kit.total("chunkmeter.errors", stage="settle") == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(12 * 0.15e-6 + 3 * 0.60e-6)
    assert kit.total("gen_ai.client.token.usage") == 15


def test_calls_of_one_model_that_end_in_other_ways_are_told_apart(kits: Callable[..., Kit]) -> None:
    kit = kits()
    for reason in ("stop", "length", "stop"):
        choice = {"index": 0, "delta": {}, "finish_reason": reason}
        ask(kit, events=[EVENTS[0], {"model": "gpt-4o-mini", "choices": [choice]}, EVENTS[2]])
    ask(kit, events=EVENTS[:1], error=TimeoutError())
    reasons = {word: kit.total("chunkmeter.calls", **{"chunkmeter.finish_reason": word}) for word in ("stop", "length")}
    assert reasons == {"stop": 2, "length": 1}
    assert kit.total("chunkmeter.calls", **{"chunkmeter.outcome": "error"}) == 1
    assert kit.total("gen_ai.client.operation.duration", **{"error.type": "TimeoutError"}) == 0.25


def test_what_has_many_choices_is_not_kept(kits: Callable[..., Kit]) -> None:
    kit = kits()
    for _ in range(2):
        choices = [{"index": index, "delta": {}, "finish_reason": "stop"} for index in range(40)]
        ask(kit, events=[{"model": "gpt-4o-mini", "choices": choices}, EVENTS[2]])
    assert kit.total("chunkmeter.calls", **{"chunkmeter.finish_reason": "stop"}) == 2
    assert kit.telemetry._kinds._kept == {}
