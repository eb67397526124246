"""What users test their own code with: a kit, a scripted stream, a clock that stands still."""

from __future__ import annotations

import ast
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import chunkmeter
from chunkmeter import Settings, testing
from chunkmeter.testing import Clock, Kit, attributes_of, fixed_clock, scripted
from support.sdk import eventually

EVENTS: list[dict[str, Any]] = [
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]},
    {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"model": "gpt-4o-mini", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}},
]
NEW_YEAR_NS = 1_767_225_600_000_000_000
"""2026-01-01 00:00 UTC: 20,454 days."""


def wrap(kit: Kit, stream: Any, **named: Any) -> Any:
    return chunkmeter.wrap(stream, provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry, **named)


# --- Kit ---


def test_a_kit_has_what_was_received(kit: Kit) -> None:
    assert list(wrap(kit, scripted(EVENTS))) == EVENTS
    assert kit.spans == [kit.span]
    assert kit.attributes == attributes_of(kit.span)
    assert kit.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.calls", outcome="completed", usage__status="reported") == 1
    assert kit.total("chunkmeter.calls", outcome="error") == 0
    assert kit.points("chunkmeter.no_such_metric") == []
    assert kit.total("chunkmeter.no_such_metric") == 0


def test_a_histogram_s_total_is_its_sum(kit: Kit) -> None:
    list(wrap(kit, scripted(EVENTS)))
    assert kit.total("gen_ai.client.token.usage", token__type="input") == 12
    assert kit.total("gen_ai.client.token.usage", token__type="output") == 3


def test_one_span_is_one(kit: Kit) -> None:
    """Neither none nor two."""
    with pytest.raises(ValueError, match="unpack"):
        _ = kit.span
    for _ in range(2):
        list(wrap(kit, scripted(EVENTS)))
    with pytest.raises(ValueError, match="unpack"):
        _ = kit.attributes
    assert len(kit.spans) == 2


def test_a_kit_takes_a_sampler_and_settings() -> None:
    with Kit(ALWAYS_OFF, Settings(semconv="latest")) as kit:
        list(wrap(kit, scripted(EVENTS)))
        assert kit.spans == []
        assert kit.total("chunkmeter.calls") == 1
        assert kit.telemetry.settings.semconv == "latest"


def test_a_kit_s_settings_are_not_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHUNKMETER_IDLE_TIMEOUT", "7")
    with Kit() as kit:
        assert kit.telemetry.settings == Settings()


# --- scripted ---


async def test_a_script_is_read_by_async_for_too(kit: Kit) -> None:
    stream = scripted(EVENTS)
    assert [event async for event in wrap(kit, stream)] == EVENTS
    assert kit.attributes["chunkmeter.outcome"] == "completed"
    assert stream.given == 3
    assert not stream.closed


def test_an_error_comes_after_the_events_and_once(kit: Kit) -> None:
    error = TimeoutError("read timed out")
    stream, given = scripted(EVENTS[:1], error=error), list[Any]()
    metered = wrap(kit, stream)
    with pytest.raises(TimeoutError) as raised:
        given += metered
    assert raised.value is error
    assert list(stream) == []
    assert kit.attributes["error.type"] == "TimeoutError"


async def test_an_error_comes_to_async_code() -> None:
    with pytest.raises(TimeoutError):
        await anext(scripted([], error=TimeoutError()))


def test_a_closed_script_gives_no_more(kit: Kit) -> None:
    stream = scripted(EVENTS)
    with wrap(kit, stream) as metered:
        next(metered)
    assert (stream.given, stream.closed, list(stream)) == (1, True, [])
    assert kit.attributes["chunkmeter.outcome"] == "closed"


async def test_a_script_is_closed_by_async_code() -> None:
    async with scripted(EVENTS) as stream:
        assert await anext(stream) == EVENTS[0]
    assert stream.closed
    assert [event async for event in stream] == []


# --- fixed_clock ---


def test_times_are_the_clock_s(kit: Kit) -> None:
    with fixed_clock() as clock:
        assert clock.ns == NEW_YEAR_NS
        list(wrap(kit, scripted(EVENTS, clock=clock, gap=0.25), start_time=clock.ns))
    assert kit.span.start_time == NEW_YEAR_NS
    assert kit.span.end_time == NEW_YEAR_NS + 750_000_000
    assert kit.total("gen_ai.client.operation.duration") == 0.75
    assert kit.total("gen_ai.client.operation.time_to_first_chunk") == 0.25


def test_open_streams_age_by_the_clock(kit: Kit) -> None:
    with fixed_clock() as clock:
        stream = wrap(kit, scripted(EVENTS))
        next(stream)
        clock.advance(90)
        assert kit.total("chunkmeter.streams.oldest_idle") == 90


def test_a_stream_is_idle_by_the_clock() -> None:
    """The keeper looks by its own time, and sees the clock's."""
    with Kit(settings=Settings(idle_timeout=0.1)) as kit, fixed_clock() as clock:
        stream = wrap(kit, scripted(EVENTS))
        next(stream)
        clock.advance(60)
        eventually(lambda: bool(kit.spans))
        assert kit.attributes["chunkmeter.outcome"] == "abandoned"


def test_prices_are_of_the_clock_s_day() -> None:
    """DeepSeek's cost half from 16:30 to 00:30 UTC, until that ended in September 2025."""
    usage = chunkmeter.Usage(input_tokens=1_000_000, output_tokens=0)

    def amount() -> Any:
        priced = chunkmeter.price(usage, model="deepseek-chat", provider="deepseek")
        return priced.amount if isinstance(priced, chunkmeter.Priced) else priced

    given = [datetime(2025, 8, 1, hour, tzinfo=UTC) for hour in (12, 20)]
    expected = [chunkmeter.price(usage, model="deepseek-chat", provider="deepseek", at=at) for at in given]
    for at, priced in zip(given, expected, strict=True):
        with fixed_clock(at):
            assert amount() == getattr(priced, "amount", priced)
    assert expected[0] != expected[1]


def test_a_clock_may_be_set_back() -> None:
    clock = Clock(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    clock.advance(-0.5)
    assert clock.ns == NEW_YEAR_NS - 500_000_000


def test_a_clock_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"), fixed_clock(datetime(2026, 1, 1)):
        pytest.fail("it has begun")


def test_the_time_is_everybody_else_s_all_the_while() -> None:
    with fixed_clock(datetime(2020, 1, 1, tzinfo=UTC)):
        assert time.time_ns() > NEW_YEAR_NS - 10**18


def test_the_time_is_chunkmeter_s_again() -> None:
    """However the block ends."""
    with pytest.raises(LookupError), fixed_clock():
        raise LookupError
    assert {getattr(module, name) for module, name in testing._READS_THE_TIME} == {time.time_ns, time, datetime}


def test_every_module_that_reads_the_time_reads_the_clock() -> None:
    """But for the command, which meters nothing."""
    package = Path(chunkmeter.__path__[0])
    asks = {
        ".".join(("chunkmeter", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")
        for path in package.rglob("*.py")
        if "cli" not in path.relative_to(package).parts and path.name != "testing.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("time_ns", "time.time_ns", "time.time", "datetime.now")
    }
    assert asks == {module.__name__ for module, _ in testing._READS_THE_TIME}
