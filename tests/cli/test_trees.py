"""Traces as trees: each span below its parent, each call's cost at every level above it, once."""

from __future__ import annotations

from typing import Any

import pytest

from chunkmeter.cli import trees
from chunkmeter.cli.call import read_call
from chunkmeter.cli.columns import Style
from chunkmeter.cli.trees import Node, Traces, node_of, tree


def node(span_id: int, parent_id: int, name: str, **said: Any) -> Node:
    """A span that starts after those with lower ids; one with a cost is a call."""
    attributes = {key.replace("__", "."): value for key, value in said.items()}
    if "cost" in attributes:
        attributes |= {"chunkmeter.outcome": "completed", "gen_ai.usage.cost.amount": attributes.pop("cost")}
    return node_of(span_id, parent_id, span_id, name, attributes, read_call(attributes))


def trace(*nodes: Node) -> Traces:
    traces = Traces()
    for each in nodes:
        traces.add(7, each, "shop")
    return traces


AGENT = (
    node(4, 3, "chat llama", cost=0.25, gen_ai__usage__input_tokens=1000),
    node(5, 3, "POST", http__request__method="POST"),
    node(3, 1, "execute_tool weather", gen_ai__operation__name="execute_tool"),
    node(2, 1, "chat gpt", cost=0.5, gen_ai__usage__output_tokens=7, gen_ai__response__finish_reasons=["stop"]),
    node(7, 6, "chat gpt", cost=0.125, chunkmeter__attempt=1),
    node(
        8, 6, "chat gpt", cost=None, chunkmeter__attempt=2, chunkmeter__attempt__reason="ValueError",
        chunkmeter__cost__status="no_usage",
    ),
    node(
        6, 1, "retry answer", chunkmeter__run__attempts=2, chunkmeter__run__cost__status="partial",
        chunkmeter__run__cost__unpriced=["no_usage"],
    ),
    node(1, 0, "GET /plan", http__request__method="GET"),
)  # fmt: skip
# 0.25 + 0.5 + 0.125 = 0.875.
TREE = """\
trace of shop                                                    in  out             cost
GET /plan                                                     1,000    7  0.875000000 USD
  chat gpt              stop                                      -    7  0.500000000 USD
  execute_tool weather                                        1,000    -  0.250000000 USD
    chat llama                                                1,000    -  0.250000000 USD
  retry answer          2 attempts, cost partial: no_usage        -    -  0.125000000 USD
    chat gpt            attempt 1                                 -    -  0.125000000 USD
    chat gpt            attempt 2 after ValueError, no usage      -    -                -"""


def test_each_level_costs_what_lies_below_it() -> None:
    """HTTP's spans are there where calls lie below them, and only there."""
    (found,) = trace(*AGENT).take()
    assert "\n".join(tree(found, Style(120))) == TREE


def test_a_narrow_screen_cuts_what_is_told_and_no_cost() -> None:
    (found,) = trace(*AGENT).take()
    lines = tree(found, Style(80))
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("1,000    7  0.875000000 USD")
    assert "attempt 2 after ValueError…" in lines[-1]


def test_a_trace_is_taken_once_its_root_has_ended() -> None:
    traces = trace(*AGENT[:-1])
    assert traces.take() == []
    traces.add(7, AGENT[-1], "shop")
    assert len(traces.take()) == 1
    assert traces.take() == []


def test_what_comes_later_is_shown_at_the_end_and_nothing_twice() -> None:
    traces = trace(*AGENT)
    traces.take()
    traces.add(7, node(9, 1, "chat late", cost=2.0), "shop")
    assert traces.take() == []
    (rest,) = traces.take(unfinished=True)
    assert [line.split()[0] for line in tree(rest, Style(80))] == ["trace", "chat"]
    assert traces.take(unfinished=True) == []


def test_a_trace_without_a_call_is_not_shown() -> None:
    assert trace(node(1, 0, "GET /health", http__request__method="GET")).take() == []


def test_spans_in_a_circle_end_in_no_loop() -> None:
    """Nor does one that is its own parent, or one without an id."""
    circle = [node(1, 2, "a", cost=1.0), node(2, 1, "b", cost=1.0), node(3, 3, "c", cost=1.0), node(0, 0, "d")]
    (found,) = trace(*circle, node(4, 0, "root", cost=0.5)).take()
    assert [line.split()[0] for line in tree(found, Style(80))] == ["trace", "root"]


def test_a_trace_deeper_than_python_goes_is_drawn() -> None:
    """5,000 levels of 1 USD: 5,000 at the top."""
    (found,) = trace(*(node(number, number - 1, "s", cost=1.0) for number in range(1, 5001))).take()
    lines = tree(found, Style(200))
    assert len(lines) == 5001
    assert lines[1].endswith("5000.000000000 USD")


def test_the_oldest_traces_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more than 3 traces, or more than 5 spans."""
    monkeypatch.setattr(trees, "_MOST_TRACES", 3)
    monkeypatch.setattr(trees, "_MOST_SPANS", 5)
    traces = Traces()
    for number in range(10):
        traces.add(number, node(1, 9, "chat", cost=float(number)), "shop")
    assert [found.nodes[1].start_ns for found in traces.take(unfinished=True)] == [1, 1, 1]
    for number in range(1, 7):
        traces.add(number % 2, node(number, 9, "chat", cost=1.0), "shop")
    assert sum(len(found.nodes) for found in traces.take(unfinished=True)) == 3
