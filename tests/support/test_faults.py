"""Faults are planted in one way, and each target knows its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

import pytest

import chunkmeter
from chunkmeter.testing import Kit, scripted
from support import ROOT
from support.faults import Target, asked, exports, fault, known, plant

TARGETS: dict[Target, set[str]] = {
    "test": {
        "double-cached",
        "ignore-tier",
        "unknown-is-zero",
        "forget-item",
        "queue-at-import",
        "raw-names",
        "unbounded-hosts",
        "quadratic-framing",
    },
    "corpus": {"sum-usage", "last-finish-only", "drop-cache", "double-cached"},
    "fuzz": {"sum-usage"},
    "torture": {"double-settle", "swallow-cancel", "zero-cost", "never-end"},
    "e2e": {"lost-batch", "double-count", "wrong-unit", "raw-names"},
    "guard": {"slow-chunk", "slow-call", "slow-price"},
    "stress": {"settle-in-finalizer"},
    "green": {"queue-at-import"},
    "matrix": {"double-hook", "lost-raw", "early-end"},
    "uis": {"lost-cost", "second-span"},
}


class RefusedError(Exception):
    """What `refuse` raises here."""


def refuse(message: str) -> NoReturn:
    raise RefusedError(message)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_knows_its_faults(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name for name, fault in known().items() if target in fault.targets} >= TARGETS[target]
    for name in TARGETS[target]:
        monkeypatch.setenv("FAULT", name)
        assert asked(target, refuse) == name


def test_a_target_refuses_another_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words that name those it knows."""
    monkeypatch.setenv("FAULT", "slow-call")
    with pytest.raises(RefusedError, match=r"^FAULT=slow-call is unknown to make fuzz: write one of .*\bsum-usage\b"):
        plant("fuzz", refuse)


def test_without_a_name_nothing_is_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAULT", raising=False)
    assert plant("test", refuse) == ""


def test_a_name_is_given_once() -> None:
    known()
    with pytest.raises(ValueError, match="two faults called slow-call"):

        @fault("guard")
        def slow_call() -> None:
            """Another one."""


@pytest.mark.parametrize(("name", "spans", "costs"), [("lost-cost", 1, 0), ("second-span", 2, 2)])
def test_what_a_ui_is_told_is_spoilt(name: str, spans: int, costs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault lies on the way that a call's facts take to its span."""
    monkeypatch.setattr(exports, "put", monkeypatch.setattr)  # taken back after the test
    known()[name].plant()
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    event = {"model": "gpt-4o-mini", "choices": [], "usage": usage}
    with Kit() as kit:
        list(chunkmeter.wrap(scripted([event]), provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry))
        assert len(kit.spans) == spans
        assert sum("gen_ai.usage.cost.amount" in (span.attributes or {}) for span in kit.spans) == costs


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["benchmarks.guard"], id="guard"),
        pytest.param(["pytest", "tests/test_public.py"], id="test"),
    ],
)
def test_a_run_ends_at_a_name_that_nobody_knows(command: list[str], request: pytest.FixtureRequest) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "FAULT": "none-such"},
        capture_output=True,
        text=True,
        check=False,
    )
    target = request.node.callspec.id
    assert result.returncode != 0
    assert f"FAULT=none-such is unknown to make {target}: write one of " in result.stderr
