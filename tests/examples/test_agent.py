"""The agent's trace adds up: each cost once, at the leaf that it is of, and each run's total above its attempts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from chunkmeter.cli.columns import Style
from chunkmeter.cli.intake import Intake
from chunkmeter.cli.trees import tree
from replay import agent, demo
from replay.otlp import read
from replay.server import start

pytestmark = pytest.mark.slow

# USD: tokens in and out at so much a million; Anthropic's also read from the cache.
TOOLS = 84 * 0.15e-6 + 16 * 0.60e-6
NESTED = 39 * 0.59e-6 + 5 * 0.79e-6
PLAIN = 31 * 0.15e-6 + 8 * 0.60e-6
CLAUDE = 21 * 3.00e-6 + 1500 * 0.30e-6 + 9 * 15.00e-6


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the agent leaves, under `opentelemetry-instrument`."""
    folder = tmp_path_factory.mktemp("agent")
    with start() as server:
        assert demo.play_agent(server.url, folder, json=True) == []
    return folder / "agent"


def test_the_agents_trace_adds_up(left: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Spans, parents, attempts and totals are literals; the counter has what the leaves have, and that is the truth."""
    recording = read(left)
    lines = agent.lines(recording.placed)
    assert [(line.depth, line.name, line.told, round(line.cost, 12)) for line in lines] == [
        (0, "plan a day", "", round(TOOLS + NESTED + 2 * PLAIN + CLAUDE, 12)),
        (1, "chat gpt-4o-mini", "", round(TOOLS, 12)),
        (1, "execute_tool get_weather", "", round(NESTED, 12)),
        (2, "chat llama-3.3-70b-versatile", "", round(NESTED, 12)),
        (1, "retry answer", "2 attempts, known", round(2 * PLAIN, 12)),
        (2, "chat gpt-4o-mini", "attempt 1", round(PLAIN, 12)),
        (2, "chat gpt-4o-mini", "attempt 2 after AssertionError", round(PLAIN, 12)),
        (1, "fallback cheer", "2 attempts, partial: no_usage", round(CLAUDE, 12)),
        (2, "chat gpt-4.5-preview", "attempt 1", 0.0),
        (2, "chat claude-sonnet-4-5", "attempt 2 after openai.NotFoundError", round(CLAUDE, 12)),
    ]
    totals = {span.name: span.attributes.get("chunkmeter.run.cost") for span in recording.placed}
    assert totals["retry answer"] == pytest.approx(2 * PLAIN, abs=1e-12)
    assert totals["fallback cheer"] == pytest.approx(CLAUDE, abs=1e-12)
    assert totals["plan a day"] is None
    leaves = math.fsum(span.attributes.get("gen_ai.usage.cost.amount", 0.0) for span in recording.placed)
    assert leaves == pytest.approx(TOOLS + NESTED + 2 * PLAIN + CLAUDE, abs=1e-12)
    spent = recording.points("chunkmeter.spend", {})
    assert math.fsum(point for point in spent if isinstance(point, float)) == pytest.approx(leaves, abs=1e-12)
    assert agent.main([str(left)]) == 0
    assert capsys.readouterr().out == f"{len(recording.placed)} spans checked, 0 mismatches\n"


def test_tail_s_tree_is_the_agent_s_trace(left: Path) -> None:
    """The same bytes, as `chunkmeter tail --tree` shows them: names, levels and costs are those of the check."""
    intake = Intake(trees=True)
    for file in sorted(left.iterdir()):
        intake.take(file.name.split(".")[1], file.read_bytes())
    (trace,) = intake.book.take_traces()
    heading, *shown = tree(trace, Style(200))
    assert heading.split() == ["trace", "of", "agent", "in", "out", "cost"]
    expected = agent.lines(read(left).placed)
    assert [line[: line.index(each.name)] for line, each in zip(shown, expected, strict=True)] == [
        "  " * each.depth for each in expected
    ]
    costs = [0.0 if line.endswith("-") else float(line.split()[-2]) for line in shown]
    assert costs == [pytest.approx(each.cost, abs=1e-9) for each in expected]


def test_a_cost_that_is_counted_twice_is_found(left: Path) -> None:
    """The check itself can fail: on another cost, on a run that says another total, on a span too many."""
    recording = read(left)
    run = next(span for span in recording.placed if span.name == "retry answer")
    run.attributes["chunkmeter.run.cost"] *= 2
    call = next(span for span in recording.placed if span.name == "chat llama-3.3-70b-versatile")
    call.attributes["gen_ai.usage.cost.amount"] *= 2
    assert [line.partition(":")[0] for line in agent.check(recording)] == [
        "cost of plan a day", "cost of execute_tool get_weather", "cost of chat llama-3.3-70b-versatile",
        "chunkmeter.run.cost of retry answer",
    ]  # fmt: skip
