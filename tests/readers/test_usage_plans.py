"""Usage objects that are read by a plan: it says what looking at each place in turn says, whatever came before."""

from __future__ import annotations

import pickle
from dataclasses import asdict, replace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from openai import BaseModel
from openai.types import CompletionUsage
from openai.types.completion_usage import PromptTokensDetails

from chunkmeter.facts.tally import Tokens, count
from chunkmeter.readers._openai_usage import _BESIDE, _COUNTS, tokens
from chunkmeter.readers._usage import Table, counts, find, says_counts, says_more, states
from chunkmeter.readers._view import View
from chunkmeter.readers.openai_responses import COUNTS as OF_RESPONSES

FEW = Table(
    {
        "input_tokens": ("a", "b.c"),
        "output_tokens": ("b.c", "b.d"),
        "total_tokens": ("e_f",),
        "cached_tokens": ("b.c", "g.c"),
        "reasoning_tokens": ("g.b.c",),
    },
    frozenset({"cost"}),
)
VALUES = st.none() | st.integers(-2, 5) | st.sampled_from((True, 1.0, 1.5, "3", 2**60, [], [{"a": 1}]))


def objects(table: Table) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have some of a table's names."""
    steps = {step for paths in table.paths.values() for path in paths for step in path.split(".")}
    names = st.sampled_from(sorted({*steps, "cost", "eF", "promptTokens", "promptTokensDetails"}))
    usages = st.recursive(VALUES, lambda inner: st.dictionaries(names, inner, max_size=6), max_leaves=20)
    return st.dictionaries(names, usages, max_size=8)


ASKED = st.sampled_from((_COUNTS, OF_RESPONSES, FEW, FEW)).flatmap(
    lambda table: st.tuples(st.just(table), objects(table))
)


class AnyUsage(BaseModel):
    """An SDK's object, which may have further names."""

    prompt_tokens: Any = None
    prompt_tokens_details: Any = None
    a: Any = None
    b: Any = None
    cost: Any = None


class Details(BaseModel):
    cached_tokens: Any = None
    c: Any = None


def looked_for(said: View, table: Table) -> dict[str, int | None]:
    """The counts by a look at each place in turn."""
    found = {
        field: next((number for path in paths if (number := count(find(said, path))) is not None), None)
        for field, paths in table.paths.items()
    }
    return {field: number for field, number in found.items() if number is not None}


def check(raw: Any, table: Table) -> None:
    said = View(raw)
    expected = looked_for(said, table)
    for _ in range(2):
        got = counts(said, table)
        assert {name: number for name, number in asdict(got).items() if number is not None} == expected
        for field in table.paths:
            assert states(said, table, field) == (field in expected)
            if says_counts(raw, table, field):
                assert says_more(said, table, field) is False
        more = says_more(said, table, *table.paths)
        assert (more is None) == (not expected)
        if more is False:
            for name in table.beside:
                assert said.get(name) is None
                assert find(said, f"prompt_tokens_details.{name}") is None


@example(asked=(FEW, {"e_f": None, "eF": 3}))
@example(asked=(FEW, {"e_f": 1, "eF": 3}))
@example(asked=(FEW, {"b": {"c": None}, "g": {"c": 2, "b": {"c": 3}}}))
@given(asked=ASKED)
def test_of_json(asked: tuple[Table, dict[str, Any]]) -> None:
    table, raw = asked
    check(raw, table)


@given(asked=ASKED, details=objects(FEW))
def test_of_an_sdks_objects(asked: tuple[Table, dict[str, Any]], details: dict[str, Any]) -> None:
    table, raw = asked
    usage = AnyUsage.construct(**raw)
    check(usage, table)
    for name in ("prompt_tokens_details", "b"):
        setattr(usage, name, Details.construct(**details))
        check(usage, table)


def test_a_name_that_no_object_of_the_class_had_before() -> None:
    plain = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    bare, odd = CompletionUsage(**plain), CompletionUsage(**plain)
    assert tokens(bare).cached_tokens is None
    odd.__dict__["num_cached_tokens"] = 1
    odd.__dict__["cost"] = 0.5
    for _ in range(2):
        assert tokens(odd).cached_tokens == 1
        assert says_more(View(odd), _COUNTS, "input_tokens")
        assert tokens(bare).cached_tokens is None
    del odd.__dict__["prompt_tokens"]
    assert tokens(odd).input_tokens is None


def test_what_says_nothing_but_counts_is_seen_at_once() -> None:
    table = Table(_COUNTS.paths, _BESIDE)  # with no plan of an odd object's

    def seen(**said: Any) -> bool:
        plain: dict[str, Any] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        usage = CompletionUsage.construct(None, **(plain | said))
        counts(usage, table)
        return says_counts(usage, table, "input_tokens")

    assert seen()
    assert seen(prompt_tokens_details=PromptTokensDetails(cached_tokens=1))
    assert not seen(prompt_tokens_details={"web_search_requests": 3})
    assert not seen(prompt_tokens=None)
    assert not seen(prompt_tokens=-1)
    assert not seen(prompt_tokens=True)
    assert not seen(cost=0.5)
    for no_model in (None, 5, "5", [], {"prompt_tokens": 1}, View({"prompt_tokens": 1})):
        assert not says_counts(no_model, table, "input_tokens")


def test_plans_are_bounded() -> None:
    table = Table({"input_tokens": ("a",)}, _BESIDE)
    for number in range(1000):
        assert counts(View({"a": 5, f"name {number}": 1}), table).input_tokens == 5
    assert 0 < len(table.plans) <= 64
    before = len(table.plans)
    assert counts(View({"a": 5, **dict.fromkeys(map(str, range(1000)))}), table).input_tokens == 5
    assert len(table.plans) == before


def test_counts_that_are_not_stated_are_none_as_in_any_tokens() -> None:
    told = counts(CompletionUsage(prompt_tokens=5, completion_tokens=2, total_tokens=7), _COUNTS)
    same = Tokens(input_tokens=5, output_tokens=2, total_tokens=7)
    assert told == same
    assert (repr(told), asdict(told)) == (repr(same), asdict(same))
    assert replace(told, cached_tokens=3) == Tokens(5, 3, 2, 7)
    assert pickle.loads(pickle.dumps(told)) == same
    told.cached_tokens = 4
    assert counts(CompletionUsage(prompt_tokens=5, completion_tokens=2, total_tokens=7), _COUNTS) == same
    assert Tokens() == Tokens(None, None, None)
