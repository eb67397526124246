"""What chunkmeter promises of its cost, held against the figures of one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from .contenders import CONTENDERS, OURS
from .timing import spread

Results = dict[str, Any]

_FLAT = 1.5
"""How much the dearest may be over the cheapest and still be called flat: what such short timings differ by anyway."""
TITLES = {"openai": "OpenAI SDK", "mirascope": "Mirascope"}
"""What streams are read through."""
WAYS = {"for": ("bare", "noting"), "next": ("bare next", "noting next"), "async": ("bare async", "noting async")}
"""Ways to read a stream without an SDK: what it takes bare, and through the iterator that notes the time of each."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise: `what` is at most `limit`, or at least where `floor` says so, in `unit`; a `tie` counts as met."""

    what: str
    figure: float
    limit: float
    unit: str = ""
    floor: bool = False
    tie: bool = False

    @property
    def verdict(self) -> str:
        """`met`, or by how much of the limit it is missed."""
        met = self.figure >= self.limit if self.floor else self.figure <= self.limit
        if met:
            return "met"
        if self.tie:
            return "met, a tie"
        return f"missed by {abs(self.figure / self.limit - 1):.0%}" if self.limit else f"missed by {self.figure:g}"

    @property
    def asked(self) -> str:
        """The limit in words."""
        return f"{'≥' if self.floor else '≤'} {self.limit:g}{self.unit}"


def bounds(results: Results) -> Iterator[Bound]:
    """Each promise with its figure."""
    own, imports = results["own"], {name: results["imports"][name] for name in OURS if name in results["imports"]}
    for name in imports:
        turns = row(results, name, "openai")
        part = 100 * median(turns["chunk"]) / median(turns["work"])
        what = f"{CONTENDERS[name].title}: CPU added to a chunk, of the OpenAI SDK's own work on it"
        yield Bound(what, part, 1, " %")
    for through in TITLES:
        for name in imports:
            yield from _beside_peers(results, name, through)
    for way, over in noted(own["chunk"]).items():
        yield Bound(f"a chunk by `{way}`, over an iterator that notes the time of each", over, 4, " x")
    call, price = own["call"], own["price"]
    yield Bound(
        "a call, its price included, over its span and points by hand", ratio(call, "metered", "by hand"), 2, " x"
    )
    yield Bound(
        "a price for usage never seen before, over genai-prices' own", ratio(price, "ours", "genai-prices"), 0.2, " x"
    )
    held = own["held"][0]
    beyond = held["metered"] - held["bare"] - held["span"]
    yield Bound("memory of an open stream, over the SDK's span", beyond / 1024, 4, " KiB")
    if "metered, of 10^4" in held:
        among = held["metered, of 10^4"] - held["bare"] - held["span"]
        yield Bound("memory of each of 10^4 open streams, over the SDK's span", among / 1024, 4, " KiB")
    grown = held["metered, 10^4 chunks"] / held["metered"]
    yield Bound("memory of an open stream after 10^4 chunks, over that after the first", grown, 1.05, " x")
    starts = [start for each in imports.values() for start in each]
    yield Bound("`import chunkmeter`, over `opentelemetry.sdk`", least(starts, "import"), 30, " ms")
    for name, what in (("chunkmeter", "of Mirascope"), ("hook", "of all libraries")):
        if name in imports:
            took = least(imports[name], "instrument")
            yield Bound(f"`instrument()` {what}, without the entry points' imports", took, 50, " ms")
    loaded = {name for start in starts for names in start["loaded"].values() for name in names}
    for step, limit in (("import", 30), ("instrument", 50)):
        imported = results["importtime"][step]
        loaded |= {*imported["heavy"]}
        yield Bound(f"`python -X importtime`: {step}, {imported['modules']} modules", imported["ms"], limit, " ms")
    yield Bound("provider SDKs, pydantic, genai-prices imported by either", len(loaded), 0)
    sizes = {size: median(turn[size] for turn in own["flat"]) for size in own["flat"][0]}
    yield Bound("a chunk's cost in streams of 10^2 to 10^6 chunks, most over least", _range(sizes), _FLAT, " x")
    crowd = {
        streams: crowded(results, "chunkmeter", streams) for streams in results["contenders"]["chunkmeter"]["crowd"]
    }
    yield Bound("a call's cost alone and among 10^4 open streams, most over least", _range(crowd), _FLAT, " x")


def _beside_peers(results: Results, name: str, through: str) -> Iterator[Bound]:
    """What one of ours adds beside what each peer does that tells as much."""
    ours, who = row(results, name, through), f"{CONTENDERS[name].title} through {TITLES[through]}"
    lean = leanest(results, through, "chunk", ("usage",))
    if lean is not None:
        peer, costs = lean
        what = f"{who}: a chunk's CPU added by the leanest peer that reads usage ({peer}), over ours"
        yield Bound(what, median(costs) / median(ours["chunk"]), 8, " x", floor=True)
    dear = leanest(results, through, "call", ("cost",))
    if dear is not None:
        peer, costs = dear
        what = f"{who}: a call's CPU added, over that of the leanest peer that reports cost ({peer})"
        yield Bound(what, median(ours["call"]) / median(costs), 1, " x")
    yield Bound(f"{who}: a stream of 100 chunks, over bare", median(ours["ratio"]), 1.03, " x")
    lowest = leanest(results, through, "ratio", ("usage", "finish reason"))
    if lowest is not None:
        peer, costs = lowest
        what = f"{who}: the same, over the lowest of the peers that report usage and finish reasons ({peer})"
        tie = spread(ours["ratio"]).low <= spread(costs).high
        yield Bound(what, median(ours["ratio"]) / median(costs), 1, " x", tie=tie)


def noted(turns: list[dict[str, float]]) -> dict[str, float]:
    """A metered chunk over one whose time is noted, by the way of reading; ways that were not measured are left out."""
    return {
        way: median((turn[way] - turn[bare]) / (turn[noting] - turn[bare]) for turn in turns)
        for way, (bare, noting) in WAYS.items()
        if noting in turns[0]
    }


def row(results: Results, name: str, through: str, mode: str = "off") -> dict[str, Any]:
    """The turns of one contender."""
    return next(
        row for row in results["rows"] if (row["name"], row["through"], row["mode"]) == (name, through, mode)
    )  # fmt: skip


def leanest(results: Results, through: str, figure: str, telling: tuple[str, ...]) -> tuple[str, list[float]] | None:
    """Which peer adds least to a figure, and its turns; None if there is no such peer in the run.

    Args:
        results: of the run.
        through: what the stream is read through.
        figure: one that is taken by turns.
        telling: what it has to report, out of the stream itself: what a library has counted, metered or not, costs
            whoever writes it down nothing a chunk.
    """
    costs = [
        (CONTENDERS[name].title, row(results, name, through)[figure])
        for name, said in results["contenders"].items()
        if name not in OURS and CONTENDERS[name].reads
        if all(said["tells"].get(through, {}).get(fact) for fact in telling)
    ]
    return min(costs, key=lambda cost: median(cost[1]), default=None)


def crowded(results: Results, name: str, streams: str) -> float:
    """What a call adds among so many open ones, microseconds."""
    call = results["contenders"][name]["crowd"][streams]
    return call["metered"] - call["bare"]


def least(imports: list[dict[str, Any]], *steps: str) -> float:
    """Milliseconds of the fastest: nothing makes a start faster than it is, and a busy machine makes it slower."""
    return min(sum(turn["ms"][step] for step in steps) for turn in imports)


def ratio(turns: list[dict[str, float]], over: str, under: str) -> float:
    """Of two sides of the same turns, the median."""
    return median(turn[over] / turn[under] for turn in turns)


def _range(costs: dict[str, float]) -> float:
    return max(costs.values()) / min(costs.values())
