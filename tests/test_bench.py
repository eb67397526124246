"""The benchmark's own parts: what it switches, what it compares with, and what it says of its figures."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import openai
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from benchmarks import guard, report, timing
from benchmarks.bounds import Bound, bounds, leanest
from benchmarks.contenders import SHORTEST, Switch, is_recorded, points
from benchmarks.own import ByHand, Recorded, metered
from benchmarks.workload import ready_chunks
from chunkmeter.telemetry import Telemetry
from tests.sdk import eventually


def test_a_bound_says_by_how_much_it_is_missed() -> None:
    assert Bound("a", 1.5, 1.5).verdict == "met"
    assert Bound("a", 1.8, 1.5, " x").verdict == "missed by 20%"  # 1.8 / 1.5 = 1.2
    assert Bound("a", 12, 10, " x", floor=True).verdict == "met"
    assert Bound("a", 8, 10, " x", floor=True).verdict == "missed by 20%"  # 8 / 10 = 0.8
    assert Bound("a", 8, 10, " x", floor=True).asked == "≥ 10 x"
    assert Bound("a", 1, 0).verdict == "missed by 1"


def row(name: str, through: str, chunk: list[float]) -> dict[str, Any]:
    turns = {"chunk": chunk, "call": [100.0, 110.0, 120.0], "ratio": [1.0, 1.1, 1.2], "work": [50.0, 40.0, 60.0]}
    return {"name": name, "mode": "off", "through": through, **turns}


def contender(*, usage: bool = True) -> dict[str, Any]:
    tells = {"finish reason": True, "usage": usage, "cost": False, "usage metric": True, "cost metric": False}
    through = ("openai", "mirascope")
    return {
        "versions": {"it": "1.0"},
        "tells": dict.fromkeys(through, tells),
        "memory": {key: {"bare": 0, "metered": 2048} for key in through},
        "crowd": {"0": {"bare": 10.0, "metered": 110.0}, "10000": {"bare": 10.0, "metered": 130.0}},
    }


def start() -> dict[str, Any]:
    steps = ("sdk", "import", "entry point", "instrument")
    return {"ms": dict(zip(steps, (100.0, 20.0, 30.0, 10.0), strict=True)), "loaded": {key: [] for key in steps}}


RESULTS: dict[str, Any] = {
    "machine": {"date": "2026-01-01", "processor": "any", "cores": 2, "system": "Linux 6", "python": "3.11.7"},
    "turns": 3,
    "seconds": 120,
    "contenders": {"chunkmeter": contender(), "genai": contender(usage=False), "logfire": contender()},
    "failed": {"openlit": "OpenLIT ended with 1: no such thing"},
    "rows": [
        row(name, through, chunk)
        for name, chunk in (("chunkmeter", [0.4, 0.5, 0.9]), ("genai", [1.0, 1.0, 1.0]), ("logfire", [8.0, 6.0, 7.0]))
        for through in ("openai", "mirascope")
    ],
    "imports": {key: [start()] for key in ("chunkmeter", "genai", "logfire")},
    "own": {
        "chunk": [{"bare": 0.1, "generator": 0.2, "noting": 0.3, "for": 0.6, "next": 0.7, "bare next": 0.1}
                  | {"async": 0.9, "bare async": 0.2}],
        "call": [{"bare": 1.0, "metered": 200.0, "unsampled": 150.0, "by hand": 100.0}],
        "price": [{"ours": 130.0, "genai-prices": 100.0}],
        "flat": [{"100": 0.5, "1000": 0.4, "10000": 0.5, "100000": 0.6}],
        "held": [{"span": 2000.0, "bare": 400.0, "metered": 4448.0, "metered, 10^4 chunks": 4448.0}],
    },
}  # fmt: skip


def test_each_promise_is_held_against_the_run() -> None:
    said = [(round(bound.figure, 6), bound.verdict) for bound in bounds(RESULTS)]
    assert said == [
        (1.0, "met"),  # 0.5 of 50 us
        (14.0, "met"),  # 7 over 0.5: genai's 1.0 reports no usage
        (14.0, "met"),
        (2.0, "missed by 33%"),  # 200 over 100, of 1.5
        (1.3, "met"),
        (2.0, "met"),  # (4448 - 400 - 2000) bytes
        (1.0, "met"),
        (20.0, "met"),
        (10.0, "met"),
        (0.0, "met"),
        (1.5, "met"),  # 0.6 over 0.4
        (1.2, "met"),  # (130 - 10) over (110 - 10)
    ]


def test_the_leanest_peer_is_one_that_reports_usage() -> None:
    assert leanest(RESULTS, "openai") == ("Logfire", 7.0)
    alone = {**RESULTS, "contenders": {"chunkmeter": contender()}}
    assert leanest(alone, "openai") is None


def test_the_page_has_the_figures_between_its_marks() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    written = report.replaced(page, RESULTS)
    assert written.startswith("before\n")
    assert written.endswith(f"{report.END}\nafter\n")
    assert "old" not in written
    assert (
        "| Logfire | 7.00 [6.50 .. 7.50] | 110 [105 .. 115] | 1.100 [1.050 .. 1.150] | 2 | cost, cost metric |"
        in written
    )
    assert "- OpenLIT did not run: OpenLIT ended with 1: no such thing" in written
    assert report.replaced(written, RESULTS) == written


def test_the_chart_has_a_bar_for_each_contender() -> None:
    svg = ET.fromstring(report.chart(RESULTS))
    bars = [each for each in svg.iter() if each.tag.endswith("rect")]
    assert len(bars) == 1 + 2 * 3  # the ground, and three contenders through each
    words = [each.text for each in svg.iter() if each.tag.endswith("text")]
    assert words.count("chunkmeter") == 2
    assert words.count("0.50") == 2


def test_what_is_switched_on_can_be_taken_out_and_put_in_again() -> None:
    original = vars(openai.OpenAI)["__init__"]

    def patched(*_: Any, **__: Any) -> None:
        raise AssertionError

    def install() -> None:
        client: Any = openai.OpenAI
        client.__init__ = patched
        client.added = True

    switch = Switch(install)
    assert switch.patched == ["openai.OpenAI.__init__", "openai.OpenAI.added"]
    switch.turn(on=False)
    assert vars(openai.OpenAI)["__init__"] is original
    assert not hasattr(openai.OpenAI, "added")
    switch.turn(on=True)
    assert vars(openai.OpenAI)["__init__"] is patched
    assert hasattr(openai.OpenAI, "added")
    switch.turn(on=False)


def test_by_hand_is_the_same_span_and_the_same_points() -> None:
    def told(report_one: Callable[[TracerProvider, MeterProvider], None]) -> tuple[Any, ...]:
        recorded, reader = Recorded(), InMemoryMetricReader()
        tracer_provider, meter_provider = TracerProvider(), MeterProvider([reader])
        tracer_provider.add_span_processor(recorded)
        report_one(tracer_provider, meter_provider)
        told = {
            (metric.name, metric.unit, frozenset(point.attributes.items()))
            for metric, point in points(reader)
            if is_recorded(metric)
        }
        return recorded.span.name, recorded.span.kind, set(recorded.span.attributes), told

    chunks = ready_chunks(SHORTEST)
    by_hand = ByHand(chunks)
    ours = told(lambda tracers, meters: metered(chunks, Telemetry(tracers, meters)))
    assert told(lambda tracers, meters: by_hand.recorder(tracers, meters)()) == ours
    assert len(ours[3]) == 6


def test_sides_take_turns_at_being_first() -> None:
    ran: list[str] = []

    def side(name: str) -> Callable[[], Callable[[], object]]:
        return lambda: lambda: ran.append(name)

    taken = timing.in_turns([side("bare"), side("metered")], 0, times=2)
    assert ran == ["metered", "metered", "bare", "bare"]
    assert len(taken) == 2
    ran.clear()
    timing.in_turns([side("bare"), side("metered")], 1)
    assert ran == ["bare", "metered"]


def test_a_ratio_over_its_limit_fails_the_guard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FAULT", raising=False)
    monkeypatch.setattr(guard, "Own", SimpleNamespace)
    monkeypatch.setattr(guard, "figures", lambda _: [("this", 1.0, 2.0), ("that", 3.0, 2.0)])
    assert guard.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "guard: 1 ratios within their limits, 1 failed"
    monkeypatch.setattr(guard, "figures", lambda _: [("this", 1.0, 2.0)])
    assert guard.main() == 0


def test_ready_chunks_say_what_a_parsed_stream_says() -> None:
    """So that a call of theirs has all its facts, usage, reason and price."""
    recorded, reader = Recorded(), InMemoryMetricReader()
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(recorded)
    metered(ready_chunks(20), Telemetry(tracer_provider, MeterProvider([reader])))
    eventually(lambda: hasattr(recorded, "span"))
    attributes = recorded.span.attributes
    assert attributes["chunkmeter.chunks"] == 20
    assert attributes["gen_ai.usage.input_tokens"] == 1207
    assert attributes["gen_ai.response.finish_reasons"] == ("length",)
    # 1207 input at 0.15 and 345 output at 0.60 USD a million: 0.00018105 + 0.000207
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(0.00038805, abs=1e-12)
