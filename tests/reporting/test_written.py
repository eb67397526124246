"""What calls that are alike have in common is written as it was worked out once, and all else as each call has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter import Priced, Unpriced
from chunkmeter.facts.ended import Ended, Facts
from chunkmeter.facts.request import Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.pricing.tokens import ATTRIBUTES, linear
from chunkmeter.reporting.alike import Kinds
from chunkmeter.reporting.attributes import span_attributes
from chunkmeter.reporting.written import written

SECOND = 1_000_000_000


def call(response_id: str | None = "chatcmpl-1", usage: Tokens | None = None, **asked: Any) -> tuple[Ended, Facts]:
    """A call of 7 chunks whose first came after 0.25 s, priced at 2 USD a million tokens in, and 4 out."""
    tally = Tally("openai_chat")
    tally.response_id, tally.response_model, tally.reasons = response_id, "m-2", {0: "stop", 1: "end_turn"}
    tokens = Tokens(input_tokens=10, output_tokens=5) if usage is None else usage
    given, made = Decimal(tokens.input_tokens or 0) * 2 / 10**6, Decimal(tokens.output_tokens or 0) * 4 / 10**6
    cost = Priced(given + made, model="m", version="table 1", split={"input": given, "output": made}, unpriced=("x",))
    ended = Ended(Request(model="m", **asked), tally, "completed", None, SECOND, SECOND * 5 // 4, 2 * SECOND, 7)
    return ended, Facts(tokens, "reported", cost, ["stop", "end_turn"])


def worked_out(ended: Ended, facts: Facts, *, draft: bool = True) -> dict[str, Any]:
    return span_attributes(ended, facts, draft_cost=draft, raw_reasons=False)


@pytest.fixture
def asked() -> list[str | None]:
    """The ids of the calls that were worked out."""
    return []


@pytest.fixture
def write(asked: list[str | None]) -> Callable[[Ended, Facts], dict[str, Any]]:
    kinds = Kinds()

    def write(ended: Ended, facts: Facts) -> dict[str, Any]:
        def work_out() -> dict[str, Any]:
            asked.append(ended.tally.response_id)
            return worked_out(ended, facts)

        return written(kinds.of(ended, facts), ended, facts, work_out, draft_cost=True)

    return write


Write = Callable[[Ended, Facts], dict[str, Any]]


def test_a_call_that_has_had_its_like_has_its_own_numbers(write: Write, asked: list[str | None]) -> None:
    write(*call())
    told = write(*call("chatcmpl-2", Tokens(input_tokens=20, output_tokens=30)))
    assert asked == ["chatcmpl-1"]
    assert told == {
        "gen_ai.response.id": "chatcmpl-2",
        "gen_ai.response.model": "m-2",
        "gen_ai.response.time_to_first_chunk": 0.25,
        "chunkmeter.outcome": "completed",
        "chunkmeter.chunks": 7,
        "chunkmeter.usage.status": "reported",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.response.finish_reasons": ["stop", "stop"],
        "chunkmeter.response.raw_finish_reasons": ["stop", "end_turn"],
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.cost.status": "incomplete",
        "chunkmeter.price.source": "table",
        "chunkmeter.price.version": "table 1",
        "chunkmeter.price.model": "m",
        "chunkmeter.cost.unpriced": ["x"],
        "chunkmeter.cost.input": 0.00004,
        "chunkmeter.cost.output": 0.00012,
        "gen_ai.usage.cost.amount": 0.00016,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
    }


def test_what_a_caller_does_with_them_changes_no_other_call(write: Write) -> None:
    for number in range(3):
        told = write(*call(f"chatcmpl-{number}"))
        assert told["chunkmeter.cost.unpriced"] == ["x"]
        assert told["gen_ai.response.finish_reasons"] == ["stop", "stop"]
        told["chunkmeter.cost.unpriced"].append("y")
        told["gen_ai.response.finish_reasons"].clear()
        told["gen_ai.response.model"] = "another"


@pytest.mark.parametrize(
    "unlike",
    [
        call(None),
        call(usage=Tokens(input_tokens=10)),
        call(usage=Tokens(input_tokens=10, output_tokens=5, cached_tokens=2)),
        call(usage=Tokens(input_tokens=0, output_tokens=5)),  # a part of the cost that is 0 has no attribute
        call(tier="flex"),
        call(stream=False),
        call(server_address="eu.api.openai.com"),
    ],
)
def test_a_call_that_has_not_had_its_like_is_worked_out(
    write: Write, asked: list[str | None], unlike: tuple[Ended, Facts]
) -> None:
    write(*call())
    assert write(*unlike) == worked_out(*unlike)
    assert len(asked) == 2
    assert write(*unlike) == worked_out(*unlike)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "special",
    [
        call(media={"images": [{"detail": "low"}]}),
        call(usage=Tokens(input_tokens=10, output_tokens=5, tool_use_tokens=3)),
        call(usage=Tokens(input_tokens=10, output_tokens=5, cached_tokens=2), context_cache=True),
    ],
)
def test_a_call_with_further_numbers_is_worked_out_each_time(
    write: Write, asked: list[str | None], special: tuple[Ended, Facts]
) -> None:
    for _ in range(2):
        assert write(*special) == worked_out(*special)
    assert len(asked) == 2


def test_what_can_be_no_key_is_worked_out(write: Write, asked: list[str | None]) -> None:
    """As where a failed reader has left it."""
    for _ in range(2):
        ended, facts = call()
        ended.tally.region = ["eu"]  # pyrefly: ignore[bad-assignment]
        assert write(ended, facts) == worked_out(ended, facts)
    assert len(asked) == 2


def test_what_the_long_way_says_otherwise_is_never_kept() -> None:
    kinds, ended_and_facts = Kinds(), call()
    for _ in range(2):
        alike = kinds.of(*ended_and_facts)
        told = written(alike, *ended_and_facts, lambda: {"gen_ai.usage.input_tokens": 11}, draft_cost=True)
        assert told == {"gen_ai.usage.input_tokens": 11}


def test_what_is_kept_is_bounded(write: Write, asked: list[str | None]) -> None:
    kinds = Kinds()
    for number in range(2100):
        kinds.of(*call(tier=f"tier-{number}"))
    assert 0 < len(kinds._kept) <= 2048
    alike = kinds.of(*call())
    for number in range(100):
        ended, facts = call()
        split = {f"class_{bit}": Decimal(number >> bit & 1) for bit in range(7)}
        assert isinstance(facts.cost, Priced)
        facts.cost = replace(facts.cost, split=split)
        written(alike, ended, facts, partial(worked_out, ended, facts), draft_cost=True)
    assert len(alike.written) == 64
    ended, facts = call()
    facts = replace(facts, raw_reasons=["stop"] * 17)
    for _ in range(2):
        write(ended, facts)
    assert len(asked) == 2


@pytest.mark.parametrize("field", ATTRIBUTES.values())
def test_a_count_of_any_kind_is_each_call_s_own(write: Write, field: str) -> None:
    for count in (0, 3, None, 4):
        ended, facts = call(usage=Tokens(**{"input_tokens": 10, "output_tokens": 5, field: count}))
        assert write(ended, facts) == worked_out(ended, facts)


WORDS = st.sampled_from(["stop", "length", "tool_calls", "end_turn", "gen_ai.response.id"])
COUNTS = st.sampled_from([None, 0, 1, 7])
AMOUNTS = st.sampled_from([Decimal(0), Decimal("-0"), Decimal("0.000001"), Decimal("1E-400"), Decimal("2.50")])
COSTS = st.sampled_from([Unpriced("unknown_model"), Unpriced("elsewhere")]) | st.builds(
    Priced,
    AMOUNTS,
    currency=st.sampled_from(["USD", "EUR"]),
    source=st.sampled_from(["local", "provider"]),
    model=st.sampled_from([None, "m"]),
    version=st.sampled_from([None, "table 1", "table 2"]),
    split=st.dictionaries(st.sampled_from(["input", "output", "cache_read"]), AMOUNTS),
    multiplier=st.sampled_from([Decimal(1), Decimal("1.0"), Decimal("1.10"), Decimal("1.1")]),
    unpriced=st.sampled_from([(), ("x",)]),
    assumed=st.booleans(),
)
SHARED = {draft: Kinds() for draft in (True, False)}
"""Kept from one example to the next, so that nearly all of them have had their like."""


@given(st.data())
def test_both_ways_write_the_same_in_the_same_order(data: st.DataObject) -> None:
    tally = Tally(data.draw(st.sampled_from([None, "openai_chat", "anthropic_messages"])))
    tally.response_id = data.draw(st.sampled_from([None, "", "id-1", "id-2"]))
    tally.response_model = data.draw(st.sampled_from([None, "", "m"]))
    tally.block_reason = data.draw(st.sampled_from([None, None, "SAFETY"]))
    tally.provider_cost = data.draw(st.sampled_from([None, None, 0.0, 0.5]))
    tally.cached_response = data.draw(st.sampled_from([None, None, True, False]))
    tally.service_tier = data.draw(st.sampled_from([None, "batch"]))
    tally.region = data.draw(st.sampled_from([None, "eu"]))
    said = data.draw(st.lists(st.none() | WORDS, max_size=2))
    tally.reasons = dict(enumerate(said))
    request = Request(
        operation=data.draw(st.sampled_from(["chat", "embeddings"])),
        stream=data.draw(st.booleans()),
        sent=data.draw(st.booleans()),
        server_address=data.draw(st.sampled_from([None, "eu.api.openai.com"])),
        tier=data.draw(st.sampled_from([None, "auto", "flex"])),
        context_cache=data.draw(st.booleans()),
    )
    fields = ("input_tokens", "output_tokens", "total_tokens", "cached_tokens", "cache_write_tokens",
              "reasoning_tokens", "input_audio_tokens", "input_image_tokens", "tool_use_tokens")  # fmt: skip
    tokens = Tokens(**{name: data.draw(COUNTS) for name in fields})
    outcome: Any = data.draw(st.sampled_from(["completed", "error", "interrupted"]))
    error = None if outcome == "completed" else data.draw(st.sampled_from(["TimeoutError", "KeyError"]))
    ended = Ended(request, tally, outcome, error, 0, data.draw(st.sampled_from([0, SECOND])), 2 * SECOND, 3)
    usage: Any = data.draw(st.sampled_from(["reported", "partial", "estimated"]))
    facts = Facts(tokens, usage, data.draw(COSTS), data.draw(st.sampled_from([said, []])), data.draw(st.none() | WORDS))
    facts.linear = linear(tokens) is not None and not tokens.tool_use_tokens
    draft = data.draw(st.booleans())
    long = worked_out(ended, facts, draft=draft)
    for _ in range(2):
        alike = SHARED[draft].of(ended, facts)
        told = written(alike, ended, facts, lambda: long | {}, draft_cost=draft)
        assert [*told.items()] == [*long.items()]
