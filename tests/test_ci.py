"""What `.ci/run` runs, in which order."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import pytest

from checks.coexist.peers import ENVIRONMENTS

ROOT = Path(__file__).parents[1]
FIRST = [
    "make lint",
    "make quick",
    "make test",
    "FAULT=double-cached make test",
    "FAULT=ignore-tier make test",
    "FAULT=unknown-is-zero make test",
    "FAULT=forget-item make test",
    "FAULT=believe-any-host make test",
    "FAULT=queue-at-import make test",
    "FAULT=raw-names make test",
    "FAULT=unbounded-hosts make test",
    "FAULT=quadratic-framing make test",
    "make demo",
]


def load() -> Any:
    """The program itself: its folder is no package."""
    spec = importlib.util.spec_from_file_location("plan", ROOT / ".ci" / "plan.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ci = load()


def order(files: list[str] | None, turn: int = 0) -> list[str]:
    """The targets that come after the first ones, without their faults."""
    jobs = ci.plan(files, turn)
    assert [str(job) for job in jobs[: len(FIRST)]] == FIRST
    assert str(jobs[len(FIRST)]).startswith("make test PYTHON=python3.")
    return [job.target for job in jobs[len(FIRST) + 1 :] if job.fault is None]


EVERY = [
    "torture",
    "guard",
    "site",
    "linear",
    "outages",
    "corpus",
    "matrix",
    "fuzz",
    "stress",
    "green",
    "coexist",
    "uis",
    "backends",
    "e2e",
    "dist",
    "bench",
]


@pytest.mark.parametrize(
    ("file", "checks"),
    [
        ("src/chunkmeter/readers/cohere.py", ["linear", "corpus", "fuzz"]),
        ("src/chunkmeter/instrumentors/mirascope/v1.py", ["matrix"]),
        ("src/chunkmeter/streams/taps.py", ["torture", "guard", "stress"]),
        ("src/chunkmeter/calls/call.py", ["torture", "guard", "outages", "stress", "green"]),
        ("src/chunkmeter/pricing/overlay.py", ["guard", "linear", "corpus", "green"]),
        ("src/chunkmeter/processor.py", ["coexist"]),
        ("collector-config/chunkmeter.rules.yaml", ["site", "backends", "e2e"]),
        ("backends/build.py", ["backends", "e2e"]),
        ("benchmarks/bench.py", ["guard", "bench"]),
        ("checks/stress.py", ["stress"]),
        ("checks/release/contents.py", ["dist"]),
        ("checks/linear.py", ["linear"]),
        ("checks/torture/check_costs.py", ["torture"]),
        ("checks/e2e/check_names.py", ["backends", "e2e"]),
        ("checks/e2e/programs.py", ["uis", "backends", "e2e"]),
        ("tests/test_wrap.py", []),
        ("docs/performance.md", ["site", "bench"]),
        ("docs/alerts.md", ["site"]),
        ("SECURITY.md", ["site"]),
        ("checks/site.py", ["site"]),
        ("checks/pages/shell.py", []),
        ("src/chunkmeter/settings.py", EVERY),
        ("support/kit.py", EVERY),
        ("a-folder/of-which/nobody.knows", EVERY),
    ],
)
def test_what_a_changed_file_can_break_comes_before_the_rest(file: str, checks: list[str]) -> None:
    assert order([file]) == [*checks, *(target for target in EVERY if target not in checks)]


def test_files_break_together_what_each_can_break() -> None:
    files = ["README.md", "src/chunkmeter/readers/cohere.py", "src/chunkmeter/instrumentors/_media.py"]
    assert order(files)[:4] == ["site", "linear", "corpus", "matrix"]


@pytest.mark.parametrize("files", [None, [], ["pyproject.toml"], ["README.md"], ["src/chunkmeter/readers/cohere.py"]])
def test_each_has_its_turn_at_coming_first(files: list[str] | None) -> None:
    """Of what can be broken and of the rest: within as many commits in a row as there are checks of the kind."""
    broken = ci.breakable(files)
    for names, place in ((broken, 0), (set(ci.TURNS) - broken, len(broken))):
        assert {ci.turns(files, turn)[place] for turn in range(100, 100 + len(names))} == names


@pytest.mark.parametrize("files", [None, [], ["pyproject.toml"], ["src/chunkmeter/readers/cohere.py"]])
@pytest.mark.parametrize("turn", range(10))
def test_nothing_is_lost_and_nothing_runs_twice(files: list[str] | None, turn: int) -> None:
    jobs = ci.plan(files, turn)
    targets = [job.target for job in jobs if job.fault is None]
    assert sorted(targets) == sorted(["lint", "quick", "test", "demo", "test", *EVERY])
    assert len(set(jobs)) == len(jobs) == len(targets) + 36
    for at, job in enumerate(jobs):
        assert job.fault is None or jobs[at - 1].target == job.target, "a fault comes right after its target"


def test_the_matrix_is_run_in_some_environments_which_take_turns() -> None:
    """Mirascope's and one of each kind; within nine commits in a row each has been there."""
    here = [set(ci.environments("matrix", turn)) for turn in range(7, 16)]
    for names in here:
        assert names >= {"dev", "oldest", "legacy", "oldest-legacy"}
        assert len(names) == 7
    assert set.union(*here) == {"dev"} | {row[0] for row in locked() if row[1] == "matrix"}
    jobs = {str(job) for job in ci.plan(None, 7)}
    assert (
        "make matrix ARGS='dev oldest legacy oldest-legacy mirascope-oldest sdks-bedrock-oldest strands-agents'" in jobs
    )
    assert "FAULT=lost-raw make matrix" in jobs


def test_the_environments_of_other_instrumentations_take_turns() -> None:
    assert [ci.environments("coexist", turn) for turn in (4, 5, 6, 7)] == [
        ["coexist"], ["coexist-older"], ["coexist-openai-v2"], ["coexist-mirascope"],
    ]  # fmt: skip
    named = {name for names in ci.ENVIRONMENTS["coexist"] for name in names}
    assert named == {row[0] for row in locked() if row[1] == "coexist"} == set(ENVIRONMENTS)
    jobs = {str(job) for job in ci.plan(None, 7)}
    assert jobs >= {"make coexist ARGS='coexist-mirascope'", "FAULT=double-cost make coexist"}


def test_it_is_told_what_a_run_leaves_out() -> None:
    left_out = ci.not_planned(7)
    assert left_out[0].startswith(
        "make matrix ARGS='mirascope-newest sdks-newest sdks-oldest sdks-bedrock "
        "langchain-openai pydantic-ai-slim instructor openai-agents llama-index-llms-litellm dspy crewai google-adk': "
    )
    assert (
        left_out[1]
        == "make coexist ARGS='coexist coexist-older coexist-openai-v2': their turns come with later commits"
    )
    assert [line for line in left_out if line.startswith("make sdk-tests: ")]
    assert not {job.target for job in ci.plan(None, 7)} & set(ci.BY_HAND)
    assert all(f"\n{target}: " in MAKEFILE for target in ci.BY_HAND)


def locked() -> list[list[str]]:
    """The table of environments."""
    table = (ROOT / "requirements" / "environments.tsv").read_text()
    return [line.split("\t") for line in table.splitlines() if not line.startswith("#")]


def test_every_file_of_pins_is_of_an_environment() -> None:
    """`make lock` pins each, and none is left that nothing uses."""
    pinned = {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    assert pinned == {row[0] for row in locked()}
    assert {path.stem for path in (ROOT / "requirements").glob("*.in")} == pinned | {"bench"}
    assert {row[1] for row in locked()} <= {"set-up", *re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE)}


def test_the_other_pythons_take_turns_one_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ci.pythons, "OWN", "3.11")
    monkeypatch.setattr(ci.pythons, "named", lambda: ["3.11", "3.12", "3.13"])
    others = [[job.python for job in ci.plan([], turn) if job.python] for turn in range(4)]
    assert others == [["3.12"], ["3.13"], ["3.12"], ["3.13"]]


def test_a_python_that_is_not_found_is_told_of_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ci, "plan", lambda *_: [ci.Job("lint"), ci.Job("test", python="3.13"), ci.Job("demo")])
    monkeypatch.setattr(ci, "history", lambda: ([], 0))
    monkeypatch.setattr(ci, "run", lambda *_: True)
    monkeypatch.setattr(ci.signal, "signal", lambda *_: None)
    monkeypatch.setattr(ci.pythons, "find", lambda _: None)
    assert ci.main() == 0
    said = capsys.readouterr().out
    assert "make test PYTHON=python3.13: this Python is neither on PATH nor in pyenv's folder" in said
    assert "make demo: passed" in said
    assert "All that ran passed" in said


@pytest.mark.parametrize(
    ("came_to", "exits", "told"),
    [
        ([True], 0, "make lint: passed after 0 s"),
        ([False, True], 0, "make lint: FAILED, and passed when run once more, after 0 s"),
        ([False, False], 1, "make lint: FAILED after 0 s"),
        ([False, None], 1, "make lint: FAILED after 0 s"),
        ([None], 0, "make lint: not at its end when the time was over, after 0 s"),
    ],
)
def test_what_failed_is_run_once_more(
    came_to: list[bool | None],
    exits: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = iter(came_to)
    monkeypatch.setattr(ci, "plan", lambda *_: [ci.Job("lint")])
    monkeypatch.setattr(ci, "history", lambda: ([], 0))
    monkeypatch.setattr(ci, "run", lambda *_: next(runs))
    monkeypatch.setattr(ci.signal, "signal", lambda *_: None)
    assert ci.main() == exits
    assert told in capsys.readouterr().out.splitlines()
    assert list(runs) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "status", "is_found"),
    [
        ("===== 1 failed, 20 passed in 4.87s =====", 2, True),
        ("demo: 3 passed, 1 failed", 2, True),
        ("WARNING A stream ended without its usage.\n===== 1 failed in 4.87s =====", 2, True),
        ("===== 1 failed, 20 passed in 4.87s =====", 0, False),
        ("===== 2 errors in 4.87s =====", 2, False),
        ("the receiver ended with 1\n===== 1 failed in 4.87s =====", 2, False),
        ("the child ended with -15\n===== 1 failed in 4.87s =====", 2, False),
        ("ended with exit status 3 before its end\n17 rows: 16 passed, 1 failed", 2, False),
    ],
)
def test_a_planted_fault_is_found_by_a_comparison_that_fails(
    said: str, status: int, is_found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `make` in place of the machine's says what a check says, and exits as it does."""
    (tmp_path / "make").write_text(f"#!/bin/sh\ncat <<'.'\n{said}\n.\nexit {status}\n")
    (tmp_path / "make").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert ci.run(ci.Job("torture", "zero-cost"), 60) is is_found


MAKEFILE = (ROOT / "Makefile").read_text()


def test_every_target_is_one_of_the_makefile() -> None:
    for job in ci.plan(None, 0):
        assert f"\n{job.target}: " in MAKEFILE


def test_every_target_is_in_a_group_of_the_help() -> None:
    """One of an unknown group would be told nowhere."""
    told = re.findall(r"^([a-z0-9-]+):.*## (\w+)", MAKEFILE, re.MULTILINE)
    assert {group for _, group in told} == {"daily", "submit", "long"}
    assert {target for target, _ in told} >= {job.target for job in ci.plan(None, 0)}
