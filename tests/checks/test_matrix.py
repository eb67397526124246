"""`make matrix` runs what it is asked for, and its verdict tells a sound run from one that is not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import chunkmeter
from checks.matrix.__main__ import ENVIRONMENTS, chosen
from checks.matrix.judge import judge, table
from checks.matrix.ways import at_once
from checks.sdk_tests import recorded
from checks.sdk_tests.alone import ALONE, wants_to_be_alone
from checks.sdk_tests.suites import SUITES
from chunkmeter.testing import Kit
from replay.scenarios import by_id
from support import ROOT
from support.cells import Outcome
from support.sdk import PLAIN
from support.streams import events_of


def test_it_has_each_environment_of_the_table_once() -> None:
    lines = (ROOT / "requirements" / "environments.tsv").read_text().splitlines()
    locked = [line.split("\t")[0] for line in lines if line.split("\t")[1:2] == ["matrix"]]
    assert sorted(environment.name for environment in ENVIRONMENTS) == sorted(["dev", *locked])


def test_names_choose_environments_and_what_is_run_in_them() -> None:
    assert chosen([]) == list(ENVIRONMENTS)
    assert [(each.name, each.runs) for each in chosen(["sdks-oldest", "groq"])] == [("sdks-oldest", ("groq",))]
    assert [each.name for each in chosen(["openai"])] == ["dev", "oldest", "sdks-newest", "sdks-oldest"]
    assert [each.name for each in chosen(["instructor", "sdks-newest"])] == ["instructor", "sdks-newest"]
    with pytest.raises(ValueError, match=r"^no lama: there are dev, .*sdks-newest.*openai-agents.*together.*$"):
        chosen(["lama"])


def test_a_sync_way_runs_without_a_loop() -> None:
    async def gives() -> str:
        return "at once"

    async def waits() -> None:
        await asyncio.sleep(0)

    assert at_once(gives()) == "at once"
    with pytest.raises(RuntimeError, match="has waited for a loop"):
        at_once(waits())


# --- the verdict ---


def metered() -> Kit:
    kit = Kit()
    events = (event for event in events_of(PLAIN))
    list(
        chunkmeter.wrap(
            events, provider="openai", model="gpt-4o-mini", start_time=time.time_ns(), telemetry=kit.telemetry
        )
    )
    return kit


def outcome(*items: Any, error: Exception | None = None, requests: int = 1) -> Outcome:
    return Outcome(list(items), error, [PLAIN] * requests)


@pytest.mark.parametrize(
    ("bare", "got", "answers", "said"),
    [
        (outcome("a"), outcome("a"), 1, "ok"),
        (outcome("a"), outcome("b"), 1, "FAIL: item 0 : got 'b', bare 'a'"),
        (outcome("a", "b"), outcome("b", "a"), 1, "FAIL: item 0 "),
        (outcome("a"), outcome(), 1, "FAIL: number of items: got 0, expected 1"),
        (outcome(), outcome(error=ValueError("no")), 1, "FAIL: exception: got 'ValueError: no', expected ''"),
        (outcome(requests=2), outcome(requests=2), 2, "FAIL: spans: got 1, expected 2"),
        (outcome(), outcome(requests=2), 1, "FAIL: requests: got "),
    ],
)
def test_the_verdict(bare: Outcome, got: Outcome, answers: int, said: str) -> None:
    assert judge(bare, got, metered(), *[by_id[PLAIN]] * answers).startswith(said)


def test_the_truth_is_the_scenario_s() -> None:
    truth = replace(by_id[PLAIN].truth, output_tokens=46)
    said = judge(outcome(), outcome(), metered(), replace(by_id[PLAIN], truth=truth))
    assert "openai-plain-stream output_tokens: got 45, expected 46" in said
    assert "metric gen_ai.client.token.usage {'token__type': 'output'}: got 45, expected 46" in said


def test_a_call_that_nobody_ended_is_seen_though_its_span_comes_later() -> None:
    kit = metered()
    events = (event for event in events_of(PLAIN))
    stream = chunkmeter.wrap(events, provider="openai", telemetry=kit.telemetry)
    next(stream)
    assert "calls left open: got 1, expected 0" in judge(outcome(), outcome(), kit, by_id[PLAIN])
    stream.close()


def test_a_library_that_fails_by_itself_has_to_leave_a_span_that_says_so() -> None:
    failed = outcome(error=ValueError("no"))
    assert "status: got <StatusCode.UNSET: 0>" in judge(failed, failed, metered(), by_id[PLAIN])
    nothing_sent = outcome(error=TypeError("no such argument"), requests=0)
    assert judge(nothing_sent, nothing_sent, Kit(), by_id[PLAIN]) == "library fails: TypeError: no such argument"


@pytest.mark.parametrize(
    ("verdicts", "once", "status", "rows"),
    [
        (["ok", "library fails: no"], False, 0, 2),
        (["ok", "FAIL: no", "ok"], False, 1, 3),
        (["ok", "FAIL: no", "ok"], True, 1, 2),
        ([], False, 1, 0),
    ],
)
def test_the_table(verdicts: list[str], once: bool, status: int, rows: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        table("{:<5}{}", ("way", "result"), ((str(at), said) for at, said in enumerate(verdicts)), once=once) == status
    )
    assert len(capsys.readouterr().out.splitlines()) == 1 + rows + 1


# --- the SDKs' own tests ---


def report(test: str, when: str, outcome: str) -> Any:
    return SimpleNamespace(nodeid=test, when=when, passed=outcome == "passed", failed=outcome == "failed")


def test_what_fails_after_its_body_has_not_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(recorded, "_passed", set())
    monkeypatch.setattr(recorded, "_failed", set())
    monkeypatch.setenv(recorded.PASSED, str(tmp_path / "passed"))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    for test, *outcomes in (
        ("well", "passed", "passed", "passed"),
        ("badly", "passed", "failed", "passed"),
        ("untidy", "passed", "passed", "failed"),
        ("skipped", "passed", "skipped", "passed"),
    ):
        for when, said in zip(("setup", "call", "teardown"), outcomes, strict=True):
            recorded.pytest_runtest_logreport(report(test, when, said))
    recorded.pytest_sessionfinish()
    assert (tmp_path / "passed").read_text() == "well"


def test_what_wants_the_span_alone_is_of_a_suite_and_told_by_its_function() -> None:
    assert set(ALONE) <= set(SUITES)
    file = "tests/ops/_internal/instrumentation/llm/test_model_call.py"
    assert wants_to_be_alone("mirascope-2-ops", f"{file}::test_model_call_with_image")
    assert not wants_to_be_alone("mirascope-2-ops", f"{file}::test_model_call_with_image_url")
    assert not wants_to_be_alone("mirascope-2", f"{file}::test_model_call_with_image")
    assert wants_to_be_alone("anthropic", "tests/test_spans.py::TestSpans::test_async_unary_attributes[trio]")
