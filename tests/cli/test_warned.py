"""What `chunkmeter tail` says is wrong with calls, each with its cure; and why totals differ."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from chunkmeter.cli.book import Book
from chunkmeter.cli.call import Call
from chunkmeter.cli.spending import Spending, money
from chunkmeter.cli.warned import Warned

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
FILE = "in the file that CHUNKMETER_PRICES names."


def call(status: str | None = "known", outcome: str = "completed", model: str = "m", **more: Any) -> Call:
    streams = more.pop("streams", False)
    reasons = more.pop("reasons", ["stop"])
    metadata = {"streaming_mode": streams}
    return Call("openai", model, reasons, {}, None, metadata, outcome, None, cost_status=status, **more)


STREAMED = call("no_usage", streams=True)
LEFT = call("no_usage", "closed", streams=True)
LACKING = call("incomplete", unpriced=("tier:flex", "web_search"))
OTHERS = call("incomplete", unpriced=("class:cached_tokens",), scope="peer")
SAID = [
    (call("unknown_model"), f"1 call without a price: m (openai). Give it one, or an alias, {FILE}"),
    (
        STREAMED,
        """1 call without usage, and so without cost: m (openai). Ask for it: stream_options={'include_usage': True} in
        the request, or CHUNKMETER_INCLUDE_USAGE=true.""",
    ),
    (
        LEFT,
        "1 call without usage, and so without cost: m (openai). It comes at the end: read streams to their end.",
    ),
    (call("no_usage", "error"), ""),
    (LACKING, f"1 call whose cost lacks the tier flex, web search: m (openai). Give that a price {FILE}"),
    (
        OTHERS,
        """1 call read from spans of peer, whose cost lacks the share of cached tokens: m (openai). Use chunkmeter's
        own hooks, which see that: opentelemetry-instrument, or chunkmeter.instrument().""",
    ),
    (
        call("assumed", server="llm:8000"),
        """1 call at a price that is assumed: m (openai) at llm:8000. Say who answers there:
        CHUNKMETER_SERVERS=llm:8000=openai.""",
    ),
    (
        call("partial", "abandoned"),
        """1 call with a part of the usage only: m (openai). They cost at least this much. Read streams to their end. |
        1 call left unread: m. Read a stream to its end, or close it.""",
    ),
    (
        call(reasons=["length"]),
        "1 call cut off at the limit of tokens: m. Raise max_tokens, or leave more room in the context.",
    ),
    (
        call(outcome="interrupted"),
        """1 call that ended before the answer did: m. The provider or the network broke it off, so it may have cost
        more.""",
    ),
    (
        call("impossible_usage"),
        """1 call whose usage or cost can't be true: m (openai). That cost is not counted. Look at what the server
        sends.""",
    ),
    (call("failed"), "1 call that chunkmeter failed to read or to price: m (openai). The app's log says why."),
    (call("estimated"), ""),
    (call(None), ""),
    (call(), ""),
]


@pytest.mark.parametrize(("found", "said"), SAID)
def test_what_is_wrong_is_said_with_its_cure(found: Call, said: str) -> None:
    warned = Warned()
    warned.add(found)
    assert " | ".join(warned.texts()) == " ".join(said.split())


def test_one_cure_is_said_once_for_all_that_need_it() -> None:
    warned = Warned()
    for number in range(1000):
        warned.add(call("unknown_model", model=f"m{number % 5}"))
    (text,) = warned.texts()
    assert text.startswith("1,000 calls without a price: m0 (openai), m1 (openai), m2 (openai) and 2 more. Give it")


def test_however_many_are_wrong_few_are_named() -> None:
    """More than a hundred models are no longer counted; more than 50 kinds of warnings are only counted."""
    warned = Warned()
    for number in range(200):
        warned.add(call("unknown_model", model=f"m{number}"))
    for number in range(60):
        warned.add(call("incomplete", unpriced=(f"thing{number}",)))
    texts = warned.texts()
    assert len(texts) == 51
    assert " and more. Give" in texts[0]
    assert texts[-1] == "11 calls with something else that is wrong."


def counted(calls: int, *, start: int = 0) -> Metric:
    metric = Metric(name="chunkmeter.calls")
    metric.sum.aggregation_temporality = CUMULATIVE
    metric.sum.data_points.add(as_int=calls, start_time_unix_nano=start)
    return metric


def notes(spans: int, metrics: int | None, *, others: int = 0, start: int = 2**62) -> list[str]:
    """The notes on calls of one app by spans, by its metrics, and on those of another app without metrics."""
    book = Book()
    for sender, number in (("app", spans), ("other", others)):
        for _ in range(number):
            book.add(call(), sender)
    if metrics is not None:
        book.measure("app", counted(metrics, start=start))
    return book.notes()


def test_totals_that_agree_need_no_reason() -> None:
    assert notes(0, None) == []
    assert notes(2, 2) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (notes(2, None), ["No metrics of chunkmeter's have come"]),
        (notes(2, 3), ["Metrics count calls whose spans have not come: a sampler drops them"]),
        (notes(2, 3, start=1), ["Metrics count from the start of an app that was running before"]),
        (notes(3, 2), ["Spans tell of calls that the metrics have not counted yet"]),
        (notes(2, 2, others=1), ["A call comes from an app that sends no metrics of chunkmeter's"]),
        (
            notes(2, 3, others=2),
            ["2 calls come from apps that send no metrics of chunkmeter's", "Metrics count calls whose spans"],
        ),
    ],
)
def test_totals_that_differ_say_why(found: list[str], said: list[str]) -> None:
    assert [text.startswith(beginning) for text, beginning in zip(found, said, strict=True)] == [True] * len(said)


def test_the_same_calls_by_other_facts() -> None:
    """One call by both; the metrics have tokens that no span tells of, then a cost that no span has either."""
    book = Book()
    book.add(call(), "app")
    book.measure("app", counted(1, start=2**62))
    tokens = Metric(name="gen_ai.client.token.usage")
    tokens.sum.aggregation_temporality = CUMULATIVE
    tokens.sum.data_points.add(as_int=5).attributes.add(key="gen_ai.token.type").value.string_value = "input"
    book.measure("app", tokens)
    (text,) = book.notes()
    assert text.startswith("If a call is read from another instrumentation's span, its tokens are")
    spend = Metric(name="chunkmeter.spend")
    spend.sum.data_points.add(as_double=0.5)
    book.measure("app", spend)
    assert [note.split(" ", 1)[0] for note in book.notes()] == ["The", "If"]


def test_a_call_told_of_again_is_said() -> None:
    book = Book()
    book.add_again()
    assert book.notes() == ["A span tells of a call that another span had told of, and counts no more."]
    book.add_again()
    assert book.notes() == ["2 spans tell of a call that another span had told of, and counts no more."]


def test_spend_by_group_is_exact() -> None:
    """0.1 a thousand times is a thousand times that float, which no sum of floats comes to."""
    spending = Spending(("model",))
    priced = Call("p", "m", [], {}, 0.1, {}, "completed", None)
    for _ in range(1000):
        spending.add(priced, ("m",))
    assert spending._whole.spent == {"USD": Fraction(0.1) * 1000}
    assert money(Fraction(1, 3)) == "0.333333333"
    assert money(Fraction(2, 3)) == "0.666666667"
    assert money(Fraction(999_999_999)) == "999999999.000000000"
