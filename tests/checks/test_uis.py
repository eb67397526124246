"""What a UI tells of a call is held against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from checks.uis.compare import Row, compared
from checks.uis.servers import UIS, Phoenix, Seen, Ui
from replay.scenarios import by_id

CALL = by_id["openai-plain-stream"]
# 1,200 tokens in, 1,024 of them cached, 45 out: 176 * 0.15 + 1024 * 0.075 + 45 * 0.60 = 130.2 millionths.
USD = 0.0001302
TOKENS = {"input_tokens": 1200, "output_tokens": 45, "cached_tokens": 1024, "cache_write_tokens": None}
ANSWERED = "gpt-4o-mini-2024-07-18"


def seen(*, model: str | None = None, cost: float | None = USD, **given: Any) -> Seen:
    """The call's span, in a UI that goes by the answer's model."""
    attributes = {"chunkmeter.outcome": "completed", "gen_ai.response.id": CALL.truth.response_id}
    told = {} if cost is None else {"gen_ai.usage.cost.amount": cost}
    tokens = {**TOKENS, **given}
    return Seen("chat gpt-4o-mini", "1", {**attributes, **told}, model or ANSWERED, tokens, USD)


def rows(*spans: Seen, kind: type[Ui] = UIS[1]) -> dict[str, Row]:
    def told() -> Iterator[Row]:
        # Only what the class says of itself is asked for.
        yield from compared(kind.__new__(kind), spans, [CALL])

    return {row.of: row for row in told()}


def wrong(*spans: Seen) -> list[str]:
    return [line for row in rows(*spans).values() for line in row.wrong]


def test_a_call_that_is_told_as_it_was() -> None:
    assert not wrong(seen())
    told = rows(seen())["openai-plain-stream"].told
    assert told == "1200 in, 45 out, 0.000130200 USD; own price 0.000130200 USD"


@pytest.mark.parametrize(
    ("span", "line"),
    [
        (seen(model="gpt-4o-mini"), "model: got 'gpt-4o-mini', expected 'gpt-4o-mini-2024-07-18'"),
        (seen(input_tokens=176), "input_tokens: got 176, expected 1200"),
        (seen(output_tokens=None), "output_tokens: got None, expected 45"),
        (seen(cached_tokens=0), "cached_tokens: got 0, expected 1024"),
        (seen(cost=0.00018), "cost: got 0.00018, expected 0.0001302"),
        (seen(cost=None), "cost: got None, expected 0.0001302"),
    ],
)
def test_what_is_told_wrong(span: Seen, line: str) -> None:
    assert wrong(span)[0] == line


def test_a_call_that_is_not_there() -> None:
    assert "spans of the call: got 0, expected 1" in wrong()


def test_a_call_that_is_there_twice() -> None:
    lines = wrong(seen(), seen())
    assert "spans of the call: got 2, expected 1" in lines
    assert "spans with a cost: got 2, expected 1" in lines


def test_a_call_that_nobody_made() -> None:
    stranger = Seen("chat x", "2", {"chunkmeter.outcome": "error", "gen_ai.response.id": "x"}, "x", {}, None)
    assert wrong(seen(), stranger) == ["calls of no scenario: got [('x',)], expected []"]


def test_a_span_of_another_s_that_the_ui_prices_too() -> None:
    other = Seen("stream_chat", "1", {}, "gpt-4o-mini", {}, 0.0001)
    assert wrong(seen(), other) == ["spans priced beside ours: got {'stream_chat': 1}, expected {}"]


def test_a_ui_that_goes_by_what_was_asked_for() -> None:
    assert not rows(seen(model="gpt-4o-mini"), kind=Phoenix)["openai-plain-stream"].wrong
    assert rows(seen(), kind=Phoenix)["openai-plain-stream"].wrong
