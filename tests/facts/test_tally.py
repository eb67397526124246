"""How a call ended, what it amounts to, and what counts as a count."""

from __future__ import annotations

import enum
import math
from typing import Any, get_args

import pytest

from chunkmeter.facts.tally import Ending, Inner, Outcome, Tally, Tokens, count


class Word(enum.Enum):
    STOP = "stop"


class Number(enum.IntEnum):
    STOP = 1


def tally(reasons: dict[int, Any] | None = None, block_reason: Any = None) -> Tally:
    made = Tally()
    made.reasons = reasons or {}
    made.block_reason = block_reason
    return made


@pytest.mark.parametrize(
    ("ending", "final", "outcome"),
    [
        ("exhausted", True, "completed"),
        ("exhausted", False, "interrupted"),
        ("error", True, "error"),
        ("error", False, "error"),
        ("cancelled", True, "cancelled"),
        ("cancelled", False, "cancelled"),
        ("closed", True, "completed"),
        ("closed", False, "closed"),
        ("collected", True, "completed"),
        ("collected", False, "abandoned"),
    ],
)
def test_endings(ending: Ending, final: bool, outcome: Outcome) -> None:
    """What the provider said before the end decides, unless the end is the source's or the user's doing."""
    assert tally({0: "stop"} if final else {0: None}).outcome(ending) == outcome
    assert ending in get_args(Ending)


@pytest.mark.parametrize(
    ("reasons", "block_reason", "final"),
    [
        ({}, None, False),
        ({0: None}, None, False),
        ({0: "stop"}, None, True),
        ({0: "stop", 1: None}, None, False),
        ({0: "stop", 1: "length"}, None, True),
        ({}, "SAFETY", True),
        ({0: None}, "SAFETY", True),
    ],
)
def test_final(reasons: dict[int, Any], block_reason: Any, final: bool) -> None:
    """Every choice seen has a reason, or the prompt was refused."""
    assert tally(reasons, block_reason).final is final


def test_raw_reasons_are_in_the_order_of_choices() -> None:
    """They come in any order, and a choice without one keeps its place."""
    assert tally({2: "length", 0: "stop", 1: None}).raw_reasons() == ["stop", None, "length"]


def test_raw_reasons_are_words() -> None:
    """An SDK's enum is the word that the provider sent, a protocol buffer's its name, a number stays one."""
    assert tally({0: Word.STOP, 1: Number.STOP, 2: 1}).raw_reasons() == ["stop", "STOP", "1"]


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (2**53 - 1, 2**53 - 1),
        (None, None),
        (True, None),
        (False, None),
        (-1, None),
        (7.5, None),
        (2**53, 2**53 - 1),
        (10**400, 2**53 - 1),
        (math.nan, None),
        (math.inf, 2**53 - 1),
        (-math.inf, None),
        ("7", None),
        (b"7", None),
        ([7], None),
        ({}, None),
    ],
)
def test_count(value: Any, counted: int | None) -> None:
    """A whole number and no truth value; what is more than a float keeps exact reads as the most that it does."""
    result = count(value)
    assert result == counted
    assert type(result) in (int, type(None))


def test_tokens_are_counted_on_demand() -> None:
    """The usage is kept as it came until somebody asks."""
    made, asked = tally(), list[Any]()

    def count_tokens(usage: Any) -> Tokens:
        asked.append(usage)
        return Tokens(input_tokens=usage)

    assert made.tokens() == Tokens()
    made.usage, made.count_tokens = 5, count_tokens
    assert asked == []
    assert made.tokens() == Tokens(input_tokens=5)
    assert asked == [5]


def test_tokens_are_true_if_anything_was_said() -> None:
    """A count of 0 was said."""
    assert not Tokens()
    assert Tokens(output_tokens=0)
    assert Tokens(tool_use_tokens=0)


@pytest.mark.parametrize(
    ("reasons", "tokens", "failed", "status"),
    [
        ({0: "stop"}, Tokens(input_tokens=5, output_tokens=2), False, "reported"),
        ({0: "stop"}, Tokens(input_tokens=5, output_tokens=0), False, "reported"),
        ({0: "stop"}, Tokens(input_tokens=5), False, "partial"),
        ({0: "stop"}, Tokens(output_tokens=2), False, "partial"),
        ({0: "stop"}, Tokens(total_tokens=7), False, "partial"),
        ({0: "stop"}, Tokens(output_tokens=2, total_tokens=7), False, "partial"),
        ({0: None}, Tokens(input_tokens=5, output_tokens=2), False, "partial"),
        ({0: "stop"}, Tokens(), False, "missing"),
        ({0: "stop"}, Tokens(input_tokens=5, output_tokens=2), True, "failed"),
        ({}, Tokens(), True, "failed"),
    ],
)
def test_usage_status(reasons: dict[int, Any], tokens: Tokens, failed: bool, status: str) -> None:
    """Usage is reported once the provider's last word has come, and not to be trusted after a reader's failure."""
    assert tally(reasons).usage_status(tokens, failed=failed) == status


def test_a_refused_prompt_has_reported_all_its_usage() -> None:
    """It has no output to count, but what went in."""
    made = tally({})
    made.block_reason = "SAFETY"
    assert made.usage_status(Tokens(input_tokens=5)) == "reported"
    assert made.usage_status(Tokens(total_tokens=5)) == "partial"


def test_no_tally_has_what_another_was_told() -> None:
    one, other = Tally(keeps_text=True), Tally()
    one.reasons[0] = "stop"
    one.ran("web_search", 1)
    one.waived.add("web_search")
    one.ended, one.response_id, one.usage, one.untold = True, "r", object(), ("tool",)
    one.inner.append(Inner(Tokens(), "m"))
    assert one.said == []
    told = {name: getattr(other, name) for name in Tally.__annotations__}
    assert not any(told.values()), told
