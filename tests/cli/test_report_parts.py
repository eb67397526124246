"""The parts of `chunkmeter report`: sums in bounded memory, trees of spans, numbers as people read them."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkmeter import semconv
from chunkmeter.cli.report.calls import Calls, Told
from chunkmeter.cli.report.charts import steps
from chunkmeter.cli.report.markup import Markup, join, tag
from chunkmeter.cli.report.numbers import alone, at, exact, money, places_for, seconds, share, short, span_of, streams
from chunkmeter.cli.report.page import page
from chunkmeter.cli.report.spans import spans_of
from chunkmeter.cli.report.sums import Group, Groups, Timeline, Times
from chunkmeter.cli.report.traces import dearest, traces_of
from tests.cli.report_pages import START, Page, call, export, figures_of, span


def told(cost: float | None = 0.1, start: float = 0.0, model: str = "gpt-4o") -> Told:
    (one,) = spans_of(export(call(model, cost, start=start)))
    found, again = Calls().read(one)
    assert found is not None
    assert not again
    return found


# --- sums ---


def test_a_sum_of_the_largest_and_the_smallest_float_is_exact() -> None:
    group = Group()
    for cost in (1.7e308, 5e-324, 1.7e308):
        group.add(told()._replace(cost=Decimal(repr(cost))))
    assert Fraction(group.spend["USD"]) == 34 * 10**307 + Fraction(5, 10**324)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**6)), min_size=1, max_size=200))
def test_a_timeline_loses_nothing(calls: list[tuple[int, int]]) -> None:
    one, timeline = told(), Timeline()
    for second, cost in calls:
        moved = one.span._replace(start=START + second * 10**9)
        timeline.add(one._replace(span=moved, cost=Decimal(cost)))
    moments = list(timeline)
    assert len(moments) <= 96
    assert sum(group.calls for _, group in moments) == len(calls)
    assert sum(group.spend.get("USD", Decimal()) for _, group in moments) == sum(cost for _, cost in calls)
    for moment, group in moments:
        within = [second for second, _ in calls if moment <= START // 10**9 + second < moment + timeline.width]
        assert group.calls == len(within)


def test_a_timeline_has_the_shortest_steps_that_fit() -> None:
    one, timeline = told(), Timeline()
    for minute in range(90):  # 90 minutes: 90 steps of one, where half minutes would be 180
        timeline.add(one._replace(span=one.span._replace(start=START + minute * 60 * 10**9)))
    assert timeline.width == 60
    assert [group.calls for _, group in timeline] == [1] * 90


def test_calls_without_a_time_are_in_no_step() -> None:
    one, timeline = told(), Timeline()
    timeline.add(one._replace(span=one.span._replace(start=0)))
    assert list(timeline) == []


def test_times_beyond_the_most_are_sampled_fairly() -> None:
    times = Times(1000)
    for number in range(20_000):
        times.add(number / 1000)
    found = times.quantiles()
    assert found is not None
    assert times.sampled
    assert (found.count, found.longest) == (20_000, 19.999)
    assert found.p50 == pytest.approx(10, abs=1.5)
    assert sum(times.buckets) == 20_000
    # The conventions' bounds: up to 0.01 s are 0, 1, ... 10 ms, and over 10.24 up to 20.48 s all the rest.
    assert times.buckets[0] == 11
    assert times.buckets[11] == 19_999 - 10_240


def test_no_time_has_no_quantiles() -> None:
    assert Times(10).quantiles() is None


def test_names_beyond_the_most_are_one_group() -> None:
    groups = Groups(3)
    for number in range(10):
        groups.add(f"model-{number}", told(float(number)))
    assert [(name, group.calls) for name, group in groups.ranked("USD")] == [
        ("_OTHER", 7), ("model-2", 1), ("model-1", 1), ("model-0", 1),
    ]  # fmt: skip


# --- traces ---


def test_spans_stand_below_what_they_lie_in() -> None:
    spans = [
        call(trace=1, id=4, parent=2, start=3),
        span("second", trace=1, id=3, parent=1, start=5),
        span("root", trace=1, id=1, took=9),
        span("first", trace=1, id=2, parent=1, start=2),
        span("lost", trace=1, id=9, parent=77, start=1),
    ]
    figures = figures_of(export(*spans))
    (trace,) = traces_of(dearest(figures, 20), [export(*spans)], figures)
    assert [(row.span.name, row.depth) for row in trace.rows] == [
        ("root", 0), ("first", 1), ("chat gpt-4o", 2), ("second", 1), ("lost", 0),
    ]  # fmt: skip
    assert (trace.calls, trace.spend, trace.start, trace.end) == (1, Decimal("0.1"), START, START + 9 * 10**9)


def test_spans_in_a_circle_are_all_there_once() -> None:
    spans = [call(trace=1, id=number, parent=number % 3 + 1) for number in (1, 2, 3)]
    spans.append(span("own parent", trace=1, id=8, parent=8))
    figures = figures_of(export(*spans))
    (trace,) = traces_of(dearest(figures, 20), [export(*spans)], figures)
    assert sorted(row.span.id[-1] for row in trace.rows) == [1, 2, 3, 8]


def test_of_a_large_trace_the_dearest_calls_are_drawn_with_what_they_lie_in() -> None:
    """300 agents of one call each, of which the last is the dearest."""
    spans = [span("root", trace=1, id=1, took=999)]
    for number in range(300):
        spans.append(span(f"agent {number}", trace=1, id=1000 + number, parent=1, start=number))
        spans.append(call(cost=0.001 * number, trace=1, id=2000 + number, parent=1000 + number, start=number))
    figures = figures_of(export(*spans))
    (trace,) = traces_of(dearest(figures, 20), [export(*spans)], figures)
    names = [row.span.name for row in trace.rows]
    assert trace.spans == 601
    assert len(names) <= 80
    assert names[0] == "root"
    assert names[-2:] == ["agent 299", "chat gpt-4o"]
    assert "agent 261" in names
    assert "agent 200" not in names
    assert float(trace.spend) == pytest.approx(0.001 * sum(range(300))), "of all its calls"
    assert "further spans of this trace: not drawn." in page(figures, [trace], ["kept.json"], 1, [])


def test_a_deep_trace_is_drawn() -> None:
    spans = [span(f"depth {number}", trace=1, id=number + 1, parent=number or None) for number in range(1500)]
    spans.append(call(trace=1, id=5000, parent=1500))
    figures = figures_of(export(*spans))
    (trace,) = traces_of(dearest(figures, 20), [export(*spans)], figures)
    assert 0 < len(trace.rows) <= 80


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_exports_changes_nothing(seed: int) -> None:
    spans = [call(f"m{number % 3}", number / 7, trace=number % 4, start=number) for number in range(40)]
    shuffled = random.Random(seed).sample(spans, len(spans))
    one, other = figures_of(export(*spans)), figures_of(*(export(each) for each in shuffled))
    pages = [
        page(each, traces_of(dearest(each, 20), [export(*shuffled)], each), ["kept.json"], 1, [])
        for each in (one, other)
    ]
    assert pages[0] == pages[1]


# --- whatever comes ---

NAMES = [
    semconv.OPERATION_NAME, semconv.OUTCOME, semconv.METERED, semconv.RESPONSE_MODEL, semconv.REQUEST_MODEL,
    semconv.PROVIDER_NAME, semconv.COST_AMOUNT, semconv.COST_CURRENCY, semconv.COST_STATUS, semconv.COST_UNPRICED,
    f"{semconv.COST_SPLIT}input", f"{semconv.COST_SPLIT}x", semconv.USAGE_STATUS, semconv.USAGE_INPUT_TOKENS,
    semconv.USAGE_OUTPUT_TOKENS, semconv.USAGE_CACHE_READ, semconv.RESPONSE_FINISH_REASONS, semconv.FINISH_REASON,
    semconv.RESPONSE_TIME_TO_FIRST_CHUNK, semconv.ERROR_TYPE, semconv.CODE_FUNCTION_NAME, "tenant", "",
    "langfuse.observation.type", "openinference.span.kind", "llm.token_count.prompt",
]  # fmt: skip
WORDS = st.sampled_from(
    ["chat", "completed", "known", "incomplete", "elsewhere", "USD", "gpt-4o", "generation", "LLM", ""]
)
VALUES = st.recursive(
    WORDS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
ODD = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)


@settings(max_examples=200)
@given(st.lists(st.tuples(ODD, st.integers(0, 3), st.integers(0, 3), st.sampled_from([-1.8e9, 0, 7, 1e9])), max_size=6))
def test_whatever_spans_say_there_is_a_page(spans: list[tuple[dict[str, Any], int, int, float]]) -> None:
    made = [
        span("odd", attributes, trace=1, id=number, parent=parent, start=start)
        for attributes, number, parent, start in spans
    ]
    figures = figures_of(export(*made))
    traces = traces_of(dearest(figures, 20), [export(*made)], figures)
    told = Page(page(figures, traces, ["kept.json"], 1, []))
    assert figures.whole.calls + figures.repeated <= len(made)
    assert told.tags.count("details") == len(traces)


# --- numbers ---


@pytest.mark.parametrize(
    ("amount", "places", "shown"),
    [
        ("1234567.891", 2, "1,234,567.89"),
        ("0.0004", 2, "<0.01"),
        ("-0.0004", 2, ">-0.01"),
        ("0", 2, "0.00"),
        ("0.125", 2, "0.12"),
        ("1e300", 2, "1.000000e+300"),
    ],
)
def test_money(amount: str, places: int, shown: str) -> None:
    assert money(Decimal(amount), places) == shown


@pytest.mark.parametrize(
    ("amounts", "places"),
    [(["123.4"], 2), (["29.4", "0.001"], 2), (["4.82"], 3), (["0.1234"], 4), (["0.00001"], 8), (["1e-30"], 9), ([], 2)],
)
def test_four_digits_of_the_largest(amounts: list[str], places: int) -> None:
    assert places_for(map(Decimal, amounts)) == places


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("29.461", "29.46"), ("0.5", "0.50"), ("0.00081", "0.00081"), ("0", "0.00"), ("1e300", "1.000000e+300")],
)
def test_an_amount_alone(amount: str, shown: str) -> None:
    assert alone(Decimal(amount)) == shown


def test_all_digits() -> None:
    assert exact(Decimal("1234.50")) == "1,234.5"
    assert exact(Decimal("0.30000000000000000001")) == "0.30000000000000000001"
    assert exact(Decimal("1e300")) == "1.00000000000000000e+300"
    assert exact(Decimal(100)) == "100"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"), (9_999, "9,999"), (10_000, "10.0 k"), (999_499, "999 k"), (999_500, "1.00 M"), (12_345_678, "12.3 M"),
        (3 * 10**15, "3000 T"),
    ],
)  # fmt: skip
def test_short_counts(number: int, shown: str) -> None:
    assert short(number) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.0 ms"), (0.0123, "12.3 ms"), (0.35, "350 ms"), (0.9999, "1.00 s"), (9.5, "9.50 s"), (42, "42.0 s"),
        (444, "7.4 min"), (7200, "2.0 h"), (864_000, "10.0 d"),
    ],
)  # fmt: skip
def test_times(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_shares() -> None:
    assert (share(1, 3), share(0, 3), share(1, 10**6), share(1, 0)) == ("33.3 %", "0.0 %", "<0.1 %", "")
    assert share(Decimal("1e400"), Decimal("2e400")) == "50.0 %"


def test_moments() -> None:
    assert at(START) == "15 Jan 2027 08:00:00"
    assert span_of(START, START + 3600 * 10**9) == "15 Jan 2027, 08:00 to 09:00 UTC"
    assert span_of(START, START + 2 * 10**9) == "15 Jan 2027, 08:00:00 to 08:00:02 UTC"
    assert (streams(1), streams(1500)) == ("1 stream", "1,500 streams")
    assert span_of(START, START + 86_400 * 10**9) == "15 Jan 2027 08:00 to 16 Jan 2027 08:00 UTC"
    assert span_of(0, 0) == "at an unknown time"
    assert at(2**64 - 1) == "21 Jul 2554 23:34:33"


@pytest.mark.parametrize(
    ("largest", "values"),
    [
        (1.7, [0, 0.5, 1.0, 1.5, 2.0]),
        (4, [0, 1, 2, 3, 4]),
        (10, [0, 2.5, 5, 7.5, 10]),
        (0, [0, 1]),
        (math.inf, [0, 1]),
    ],
)
def test_lines_of_a_chart_are_round(largest: float, values: list[float]) -> None:
    assert steps(largest) == values


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_lines_of_a_chart_reach_the_largest(largest: float) -> None:
    values = steps(largest)
    assert 2 <= len(values) <= 5
    assert values[-1] >= largest * (1 - 1e-6)


# --- markup ---


def test_markup_escapes_all_but_itself() -> None:
    made = tag("p", "a<b", Markup("<br>"), None, class_='"x"', aria_hidden="true", open=True, lang=None)
    assert made == '<p class="&quot;x&quot;" aria-hidden="true" open>a&lt;b<br></p>'
    assert join("<", made) == f"&lt;{made}"
    assert tag("rect", x=1) == '<rect x="1"/>'
