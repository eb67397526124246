"""The book of `chunkmeter tail`: a bounded number of calls, and totals of all."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from chunkmeter import semconv
from chunkmeter.cli import totals
from chunkmeter.cli.book import MOST, Book
from chunkmeter.cli.call import Call
from chunkmeter.cli.totals import MeasuredTotals, SpanTotals, agree, written

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


def call(cost: float | None = None, *, tokens: int = 0, currency: str = "USD", left_out: tuple[str, ...] = ()) -> Call:
    return Call("p", "m", [], {"input_tokens": tokens}, cost, {}, "completed", None, currency, left_out)


def spend(amount: float, temporality: AggregationTemporality.ValueType = DELTA, currency: str = "USD") -> Metric:
    metric = Metric(name="chunkmeter.spend")
    metric.sum.aggregation_temporality = temporality
    point = metric.sum.data_points.add(as_double=amount)
    point.attributes.add(key=semconv.COST_CURRENCY).value.string_value = currency
    return metric


def rows(book: Book) -> dict[str, tuple[str, str, str]]:
    return {row.name: row[1:] for row in book.totals()}


def test_the_last_calls_are_kept_and_all_are_counted() -> None:
    """Of 100,000 calls of 3 tokens and 0.25 USD: 1,000 calls, 300,000 tokens, 25,000 USD."""
    book = Book()
    for number in range(100_000):
        book.add(Call("p", str(number), [], {"input_tokens": 3}, 0.25, {}, "completed", None))
    page = book.page()
    assert (len(page.calls), page.count, MOST) == (1000, 100_000, 1000)
    assert [each.model for each in book.page(2).calls] == ["99998", "99999"]
    assert rows(book)["chunkmeter.calls"][1] == "100000"
    assert rows(book)["gen_ai.client.token.usage input"][1] == "300000"
    assert rows(book)["chunkmeter.spend USD"][1] == "25000"


def test_a_book_of_few_calls_shows_them_all() -> None:
    book = Book()
    assert book.page() == ((), 0)
    assert book.totals() == []
    book.add(call())
    assert book.page() == ((call(),), 1)


@given(st.lists(st.floats(min_value=0, allow_infinity=False), max_size=20))
def test_sums_are_exact_in_any_order(amounts: list[float]) -> None:
    forth, back = SpanTotals(), SpanTotals()
    for one, other in zip(amounts, reversed(amounts), strict=True):
        forth.add(call(one))
        back.add(call(other))
    assert forth.read() == back.read()
    assert forth.read().get("chunkmeter.spend USD", 0) == sum(map(Fraction, amounts))


def test_sums_beyond_every_float_are_sums() -> None:
    """Twice 1e308 is 2e308, which no float is."""
    book = Book()
    for _ in range(2):
        book.add(call(1e308))
        book.measure("app", spend(1e308))
    assert rows(book)["chunkmeter.spend USD"] == ("2e+308", "2e+308", "agree")


@given(st.floats() | st.integers(-(2**63), 2**63 - 1))
def test_any_point_can_be_added(number: float) -> None:
    """What is no amount is left out: of a cumulative series the last one before it holds."""
    for temporality, usual in ((DELTA, 1), (CUMULATIVE, 0)):
        added, metric = MeasuredTotals(), spend(1, temporality)
        added.add("app", metric)
        if isinstance(number, int):
            metric.sum.data_points[0].as_int = number
        else:
            metric.sum.data_points[0].as_double = number
        added.add("app", metric)
        fits = math.isfinite(number) and number >= 0
        assert added.left_out == (0 if fits else 1)
        assert added.read() == {"chunkmeter.spend USD": usual + Fraction(number) if fits else 1}


def test_a_histogram_without_a_sum_is_no_zero() -> None:
    metric, added = Metric(name="gen_ai.client.token.usage"), MeasuredTotals()
    metric.histogram.data_points.add(count=2)
    metric.histogram.data_points.add(count=2, sum=math.nan)
    added.add("app", metric)
    assert (added.read(), added.left_out) == ({}, 2)


def test_what_was_left_out_is_told() -> None:
    book = Book()
    assert book.left_out() == ""
    book.measure("app", spend(math.nan))
    assert book.left_out() == "1 odd value left out, such as points of metrics"
    book.add(call(left_out=("gen_ai.usage.cost.amount", "gen_ai.provider.name")))
    assert book.left_out() == "3 odd values left out, such as gen_ai.usage.cost.amount"


def test_names_of_totals_are_bounded() -> None:
    """1,000 currencies of spans and of metrics: 100 have a row each, 900 share one."""
    book = Book()
    for number in range(1000):
        book.add(call(1, currency=f"C{number:03}"))
        book.measure("app", spend(1, DELTA, f"C{number:03}"))
        book.measure("app", spend(1, CUMULATIVE, f"C{number:03}"))
    found = rows(book)
    assert len(found) < 110
    assert found["chunkmeter.spend C007"] == ("2", "1", "differ")
    assert found["chunkmeter.spend _OTHER"] == ("1800", "900", "differ")


def test_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "_MOST_SERIES", 10)
    added = MeasuredTotals()
    for _ in range(2):
        for number in range(12):
            added.add(f"process {number}", spend(1, CUMULATIVE))
    assert (added.read(), added.left_out) == ({"chunkmeter.spend USD": 10}, 4)


def test_totals_agree_but_for_the_order_of_adding() -> None:
    """A metric adds floats: ten times 0.1 makes 0.9999999999999999. A call in a million is none of that."""
    assert agree(Fraction(sum([0.1] * 10)), 10 * Fraction(0.1))
    assert not agree(Fraction(10**6), Fraction(10**6 + 1))
    assert not agree(Fraction(1e-6), Fraction())


def test_a_total_is_written_in_12_digits() -> None:
    assert [written(Fraction(each)) for each in (0, 0.75, 100_000, 1e13)] == ["0", "0.75", "100000", "1e+13"]
    assert written(Fraction(1, 3)) == "0.333333333333"
    assert written(Fraction(sys.float_info.max) * 10**5) == "1.79769313486e+313"
