"""The guard: a failure of ours stays away from the user's code, is logged once a site and counted each time."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chunkmeter.guard import Guard, Stage


def make() -> tuple[Guard, list[Stage]]:
    counted: list[Stage] = []
    return Guard(counted.append), counted


def test_an_exception_is_swallowed_and_counted_each_time() -> None:
    """The body ends early, what follows goes on."""
    guard, counted = make()
    for stage in ("hook", "reader", "reader"):
        with guard(stage, "a site"):
            raise ValueError
    assert counted == ["hook", "reader", "reader"]


def test_no_exception_is_no_failure() -> None:
    """Nothing is counted or swallowed where nothing fails."""
    guard, counted = make()
    with guard("price", "a site"):
        pass
    assert counted == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_other_base_exceptions_pass_unchanged(kind: type[BaseException]) -> None:
    """What is not an `Exception` is the user's or the interpreter's word."""
    guard, counted = make()
    error = kind()
    with pytest.raises(kind) as raised, guard("settle", "a site"):
        raise error
    assert raised.value is error
    assert counted == []


def test_each_site_is_logged_once_without_the_exceptions_text(caplog: pytest.LogCaptureFixture) -> None:
    """Providers put fragments of keys in it; its type is enough to begin with."""
    guard, _ = make()
    with caplog.at_level(logging.INFO, "chunkmeter"):
        for site in ("one", "two", "one"):
            with guard("hook", site):
                raise RuntimeError("sk-secret")
    assert [record.getMessage() for record in caplog.records] == [
        f"chunkmeter failed in {site} (RuntimeError); your call goes on, its telemetry may be incomplete. "
        "Further failures there are only counted, in the metric chunkmeter.errors."
        for site in ("one", "two")
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "sk-secret" not in caplog.text


def test_the_traceback_is_there_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    """Who asks for it gets it."""
    guard, _ = make()
    with caplog.at_level(logging.DEBUG, "chunkmeter"), guard("hook", "one"):
        raise RuntimeError("details")
    assert "details" in caplog.text


def test_a_failure_to_count_is_swallowed_too(caplog: pytest.LogCaptureFixture) -> None:
    """A meter that fails doesn't reach the user either."""

    def count(_: Stage) -> None:
        raise RuntimeError("broken meter")

    guard = Guard(count)
    with caplog.at_level(logging.INFO, "chunkmeter"):
        with guard("hook", "one"):
            raise ValueError
        guard.late()
    assert "broken meter" not in caplog.text


def test_a_late_chunk_is_counted_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is no failure, only too late to count otherwise."""
    guard, counted = make()
    with caplog.at_level(logging.DEBUG, "chunkmeter"):
        guard.late()
    assert counted == ["late"]
    assert caplog.records == []
