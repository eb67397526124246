"""The benchmark's own parts: what it switches, what it compares with, and what it says of its figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import openai
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from benchmarks import guard, imports, report, steady, timing
from benchmarks.bench import Remote, answer
from benchmarks.bounds import Bound, bounds, leanest
from benchmarks.by_hand import Asking, ByHand, Recorded, metered
from benchmarks.contenders import CONTENDERS, SHORTEST, is_recorded, points
from benchmarks.switch import Switch
from benchmarks.workload import Workload, create, ready_chunks
from chunkmeter.instrumentors import _HOMES
from chunkmeter.reporting.telemetry import Telemetry
from support.sdk import eventually


def test_a_bound_says_by_how_much_it_is_missed() -> None:
    assert Bound("a", 1.5, 1.5).verdict == "met"
    assert Bound("a", 1.8, 1.5, " x").verdict == "missed by 20%"  # 1.8 / 1.5 = 1.2
    assert Bound("a", 12, 10, " x", floor=True).verdict == "met"
    assert Bound("a", 8, 10, " x", floor=True).verdict == "missed by 20%"  # 8 / 10 = 0.8
    assert Bound("a", 8, 10, " x", floor=True).asked == "≥ 10 x"
    assert Bound("a", 1, 0).verdict == "missed by 1"


def row(name: str, through: str, chunk: list[float]) -> dict[str, Any]:
    turns = {"chunk": chunk, "call": [100.0, 110.0, 120.0], "ratio": [1.0, 1.1, 1.2], "work": [50.0, 40.0, 60.0]}
    turns["plain"] = [] if name == "chunkmeter" else [1.3, 1.4, 1.5]
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


def start(instrument: float = 10.0) -> dict[str, Any]:
    steps = ("sdk", "import", "entry point", "instrument")
    return {"ms": dict(zip(steps, (100.0, 20.0, 30.0, instrument), strict=True)), "loaded": {key: [] for key in steps}}


RESULTS: dict[str, Any] = {
    "machine": {"date": "2026-01-01", "processor": "any", "cores": 2, "system": "Linux 6", "python": "3.11.7"},
    "turns": 3,
    "seconds": 120,
    "contenders": {
        "chunkmeter": contender(), "hook": contender(), "genai": contender(usage=False), "logfire": contender()
    },
    "failed": {"openlit": "OpenLIT ended with 1: no such thing"},
    "rows": [
        row(name, through, chunk)
        for name, chunk in (
            ("chunkmeter", [0.4, 0.5, 0.9]), ("hook", [0.6, 0.7, 0.8]),
            ("genai", [1.0, 1.0, 1.0]), ("logfire", [8.0, 6.0, 7.0]),
        )
        for through in ("openai", "mirascope")
    ],
    "imports": {"hook": [start(55.0)], **{key: [start()] for key in ("chunkmeter", "genai", "logfire")}},
    "importtime": {
        "sdk": {"modules": 100, "ms": 90.0, "own": 0.0, "heavy": []},
        "import": {"modules": 3, "ms": 31.0, "own": 1.0, "heavy": ["pydantic"]},
        "instrument": {"modules": 2, "ms": 2.5, "own": 2.5, "heavy": []},
    },
    "own": {
        "chunk": [{"bare": 0.1, "generator": 0.2, "noting": 0.3, "for": 0.6, "next": 0.7, "bare next": 0.1}
                  | {"noting next": 0.3, "async": 0.9, "bare async": 0.2}],
        "call": [{"bare": 1.0, "metered": 200.0, "unsampled": 150.0, "by hand": 100.0, "priced": 130.0}],
        "price": [{"ours": 130.0, "genai-prices": 100.0}],
        "flat": [{"100": 0.5, "1000": 0.4, "10000": 0.5, "100000": 0.6}],
        "held": [{"span": 2000.0, "bare": 400.0, "metered": 4448.0, "metered, 10^4 chunks": 4448.0}],
    },
}  # fmt: skip


def test_each_promise_is_held_against_the_run() -> None:
    said = [(round(bound.figure, 6), bound.verdict) for bound in bounds(RESULTS)]
    through = [
        (14.0, "met"),  # 7 over 0.5: genai's 1.0 reports no usage
        (1.1, "missed by 7%"),  # of 1.03
        (1.0, "met"),  # as Logfire
        (10.0, "met"),  # 7 over 0.7, hooked
        (1.1, "missed by 7%"),
        (1.0, "met"),
    ]
    assert said == [
        (1.0, "met"),  # 0.5 of 50 us
        (1.4, "missed by 40%"),  # 0.7 of 50 us, hooked
        *through,
        *through,
        (2.5, "met"),  # a chunk by `for`: 0.5 over 0.2
        (3.0, "met"),  # by `next`: 0.6 over 0.2
        (2.0, "met"),  # 200 over 100
        (1.3, "missed by 550%"),  # of 0.2
        (2.0, "met"),  # (4448 - 400 - 2000) bytes
        (1.0, "met"),
        (20.0, "met"),
        (10.0, "met"),
        (55.0, "missed by 10%"),  # of 50 ms, all libraries
        (31.0, "missed by 3%"),  # 31 of 30 ms
        (2.5, "met"),
        (1.0, "missed by 1"),  # pydantic
        (1.5, "met"),  # 0.6 over 0.4
        (1.2, "met"),  # (130 - 10) over (110 - 10)
    ]


def test_the_leanest_peer_is_one_that_reports_as_much() -> None:
    assert leanest(RESULTS, "openai", "chunk", ("usage",)) == ("Logfire", [8.0, 6.0, 7.0])
    assert leanest(RESULTS, "openai", "chunk", ("usage", "cost")) is None
    alone = {**RESULTS, "contenders": {"chunkmeter": contender()}}
    assert leanest(alone, "openai", "chunk", ("usage",)) is None


def test_a_peer_that_reads_no_chunk_is_no_measure_of_one() -> None:
    """It tells what Mirascope has counted, metered or not."""
    rows = [*RESULTS["rows"], row("mirascope", "mirascope", [-0.1, 0.1, 0.2])]
    only = {**contender(), "tells": {"mirascope": contender()["tells"]["mirascope"]}}
    results = {**RESULTS, "contenders": {**RESULTS["contenders"], "mirascope": only}, "rows": rows}
    assert leanest(results, "mirascope", "chunk", ("usage",)) == ("Logfire", [8.0, 6.0, 7.0])


def test_a_call_is_held_against_peers_that_report_cost() -> None:
    pricing = contender()
    pricing["tells"] = {through: {**tells, "cost": True} for through, tells in pricing["tells"].items()}
    rows = [
        row("openlit", through, [9.0, 9.0, 9.0]) | {"call": [50.0, 55.0, 60.0]} for through in ("openai", "mirascope")
    ]
    results = {
        **RESULTS, "contenders": {**RESULTS["contenders"], "openlit": pricing}, "rows": [*RESULTS["rows"], *rows]
    }  # fmt: skip
    said = [bound.figure for bound in bounds(results) if "reports cost" in bound.what]
    assert said == [2.0] * 4  # 110 over 55


def test_within_both_intervals_is_a_tie() -> None:
    """The lowest quartile of ours lies below the highest of the peer's."""

    def said(ratios: list[float]) -> set[str]:
        rows = [{**each, "ratio": ratios if each["name"] == "logfire" else each["ratio"]} for each in RESULTS["rows"]]
        found = bounds({**RESULTS, "rows": rows})
        return {bound.verdict for bound in found if "finish reasons" in bound.what}

    assert said([1.0, 1.05, 1.1]) == {"met, a tie"}  # ours: 1.05 to 1.15, about 1.1; theirs: 1.025 to 1.075
    assert said([1.0, 1.01, 1.02]) == {"missed by 9%"}  # 1.1 over 1.01


def test_what_is_measured_elsewhere_stands_in_tables_of_its_own() -> None:
    own = RESULTS["own"] | {"chunk": [RESULTS["own"]["chunk"][0] | {"noting async": 0.4}]}
    bare, metered = {"cpu": 60.0, "p50": 1.0, "p99": 2.0}, {"cpu": 80.25, "p50": 1.5, "p99": 2.5}
    results = {
        **RESULTS, "steady": {"3.13": {"rate": 600.4, "bare": bare, "metered": metered}}, "pythons": {"3.13": own}
    }  # fmt: skip
    written = report.text(results)
    assert "| 3.13 | 600 | 60.0 % | 80.2 % | 2.00 | 2.50 | 0.50 |" in written
    assert "| 3.13 | 0.500 [0.500 .. 0.500] | 0.600 [0.600 .. 0.600] | 0.700 [0.700 .. 0.700] | 199.0 " in written


def test_a_call_counts_from_when_it_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes long makes those late that are due meanwhile."""
    now = [0.0]

    def passes(seconds: float) -> None:
        now[0] += seconds

    def clock() -> float:
        return now[0]

    monkeypatch.setattr(steady, "time", SimpleNamespace(perf_counter=clock, process_time=clock, sleep=passes))
    takes = iter([5.0, 1.0, 1.0, 1.0])
    busy, latencies = steady.at_rate(lambda: passes(next(takes)), rate=0.5, seconds=8.0)
    assert latencies == [5, 4, 3, 2]  # due at 0, 2, 4 and 6, ended at 5, 6, 7 and 8
    assert busy == 8
    assert steady.figures([0.5, 0.7], [0.001] * 98 + [0.2] * 2, 2.0) == {
        "cpu": pytest.approx(60), "p50": 1.0, "p99": 200.0,
    }  # fmt: skip


IMPORT_TIME = """\
import time: self [us] | cumulative | imported package
import time:       900 |        900 | site
step: sdk
import time:       400 |        400 |   opentelemetry.context
import time:       600 |       1000 | opentelemetry.sdk
step: import
import time:       250 |        250 |   pydantic_core._pydantic_core
import time:        50 |        300 | chunkmeter._version
a peer's greeting
"""


def test_what_importtime_says_is_told_by_step() -> None:
    assert imports.steps(IMPORT_TIME, "chunkmeter") == {
        "sdk": {"modules": 2, "ms": 1.0, "own": 0.0, "heavy": []},
        "import": {"modules": 2, "ms": 0.3, "own": 0.05, "heavy": ["pydantic_core"]},
    }


def test_the_page_has_the_figures_between_its_marks() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    written = report.replaced(page, RESULTS)
    assert written.startswith("before\n")
    assert written.endswith(f"{report.END}\nafter\n")
    assert "old" not in written
    assert (
        "| Logfire | 7.00 [6.50 .. 7.50] | 110 [105 .. 115] | 1.100 [1.050 .. 1.150] | 1.400 [1.350 .. 1.450] | 2 "
        "| cost, cost metric |" in written
    )
    assert "- OpenLIT did not run: OpenLIT ended with 1: no such thing" in written
    assert report.replaced(written, RESULTS) == written


def test_page_and_chart_are_of_the_run_that_is_kept() -> None:
    """Nothing in them was written by hand, or left over from another run."""
    results = json.loads((report.DOCS / "performance.json").read_text())
    page = (report.DOCS / "performance.md").read_text()
    assert report.replaced(page, results) == page
    assert report.chart(results) == (report.DOCS / "performance.svg").read_text()


def test_the_chart_has_a_bar_for_each_contender() -> None:
    svg = ET.fromstring(report.chart(RESULTS))
    bars = [each for each in svg.iter() if each.tag.endswith("rect")]
    assert len(bars) == 1 + 2 * 4  # the ground, and four contenders through each
    words = [each.text for each in svg.iter() if each.tag.endswith("text")]
    assert words.count("chunkmeter") == words.count("chunkmeter, hooked") == 2
    assert words.count("0.50") == 2


def test_what_wrap_cannot_take_has_no_figure() -> None:
    written = report.text(RESULTS)
    assert "| chunkmeter | 0.50 [0.45 .. 0.70] | 110 [105 .. 115] | 1.100 [1.050 .. 1.150] |  | 2 |" in written
    assert not CONTENDERS["chunkmeter"].takes_plain("openai")
    assert CONTENDERS["chunkmeter"].takes_plain("mirascope")
    assert CONTENDERS["hook"].takes_plain("openai")


@pytest.mark.slow
def test_hooking_imports_every_entry_point_and_no_library() -> None:
    """So that the start of a library that is added is measured too."""
    assert {*CONTENDERS["hook"].entry_points} == {f"chunkmeter.instrumentors.{home}" for home in _HOMES.values()}
    loaded = answer(sys.executable, "benchmarks.imports", "hook")["loaded"]
    assert loaded == {"sdk": [], "import": [], "entry point": [], "instrument": []}


@pytest.mark.slow
def test_the_hooks_meter_what_a_turn_asks_for() -> None:
    """In a process of its own, which the patches stay in."""
    facts = ("finish reason", "usage", "cost", "usage metric", "cost metric")
    remote = Remote("hook", "off", sys.executable)
    try:
        tells = remote.ask("hello")["tells"]
        assert [[tells[through][fact] for fact in facts] for through in ("openai", "mirascope")] == [[True] * 5] * 2
        assert remote.ask("plain", through="openai", seconds=0)["ratio"] > 1
    finally:
        remote.close()


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


def test_the_floor_asks_each_chunk_and_then_records() -> None:
    """It lets the user have every chunk, and knows what the chunks said."""
    recorded: list[int] = []
    chunks = ready_chunks(SHORTEST)
    by_hand = Asking(lambda: recorded.append(by_hand.chunks))
    assert list(by_hand.stream(iter(chunks))) == chunks
    assert recorded == [3]  # its first, its reason, its usage
    assert (by_hand.usage.prompt_tokens, by_hand.usage.completion_tokens) == (1207, 345)
    assert by_hand.reasons == ["length"]


PACE = timing.Pace()


def test_sides_take_turns_at_being_first() -> None:
    ran: list[str] = []

    def side(name: str) -> Callable[[], Callable[[], object]]:
        return lambda: lambda: ran.append(name)

    taken = timing.in_turns([side("bare"), side("metered")], 0, 2, PACE)
    assert ran == ["metered", "metered", "bare", "bare"]
    assert len(taken) == 2
    ran.clear()
    timing.in_turns([side("bare"), side("metered")], 1, 1, PACE)
    assert ran == ["bare", "metered"]
    ran.clear()
    assert [len(each) for each in timing.rounds([side("bare"), side("metered")], 0, PACE, fewest=2)] == [2, 2]
    assert ran == ["metered", "bare", "bare", "metered"]


def test_a_time_is_scaled_by_the_pace_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken while all runs at half the speed counts half."""
    work = iter([100] * 200 + [200] * 3)
    monkeypatch.setattr(timing, "_once", lambda _: next(work))
    assert timing.Pace().scaled(4000) == 2.0  # 4 us, of which half is the machine's


def test_ready_streams_have_new_chunks_as_in_life() -> None:
    workload = Workload(lambda function: function)
    workload.serve(20)
    with workload.beneath():
        with workload.ready():
            first, second = list(create(workload.client)), list(create(workload.client))
        assert next(iter(create(workload.client))).model_dump() == first[0].model_dump()  # decoded by the SDK
    assert [chunk.model_dump() for chunk in first] == [chunk.model_dump() for chunk in ready_chunks(20)]
    assert not {id(chunk) for chunk in first} & {id(chunk) for chunk in second}
    assert workload.read("openai", None) == 20  # decoded by the SDK, of as many


def guarded(monkeypatch: pytest.MonkeyPatch, *measured: dict[str, float]) -> int:
    """What the guard exits with where one part of chunkmeter measures so, time after time."""
    turns = iter(measured)
    monkeypatch.delenv("FAULT", raising=False)
    monkeypatch.setattr(guard, "Own", lambda _: SimpleNamespace())
    monkeypatch.setattr(guard, "LIMITS", {"call": ("this", 2.0), "price": ("that", 2.0)})
    monkeypatch.setattr(guard, "MEASURED", (lambda _: next(turns),))
    exits = guard.main()
    assert next(turns, None) is None
    return exits


def test_a_ratio_over_its_limit_each_time_fails_the_guard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = {"call": 1.0, "price": 3.0}
    assert guarded(monkeypatch, slow, slow, slow) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "guard: 1 ratios within their limits, 1 failed"


def test_a_ratio_over_its_limit_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no bug. The least of each counts, also where no turn has the least of both."""
    assert guarded(monkeypatch, {"call": 1.0, "price": 1.9}) == 0
    assert guarded(monkeypatch, {"call": 1.0, "price": 3.0}, {"call": 1.1, "price": 1.9}) == 0
    assert guarded(monkeypatch, {"call": 2.5, "price": 1.9}, {"call": 1.9, "price": 2.5}) == 0


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
