"""What chunkmeter promises of its cost, held against the figures of one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from .contenders import CONTENDERS, OURS

Results = dict[str, Any]

_FLAT = 1.5
"""How much the dearest may be over the cheapest and still be called flat: what such short timings differ by anyway."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise: `what` is at most `limit`, or at least where `floor` says so, in `unit`."""

    what: str
    figure: float
    limit: float
    unit: str = ""
    floor: bool = False

    @property
    def verdict(self) -> str:
        """`met`, or by how much of the limit it is missed."""
        met = self.figure >= self.limit if self.floor else self.figure <= self.limit
        if met:
            return "met"
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
    for through, title in (("openai", "OpenAI SDK"), ("mirascope", "Mirascope")):
        ours = median(row(results, "chunkmeter", through)["chunk"])
        told = {leanest(results, through): "reports usage"}
        told.setdefault(leanest(results, through, reading=True), "reads usage out of the stream itself")
        for lean, who in told.items():
            if lean is not None:
                what = f"{title}: CPU added to a chunk by the leanest peer that {who} ({lean[0]}), over ours"
                yield Bound(what, lean[1] / ours, 10, " x", floor=True)
    call, price = own["call"], own["price"]
    beside = median((turn["metered"] - turn["priced"]) / turn["by hand"] for turn in call)
    yield Bound(
        "a call, its price included, over its span and points by hand", ratio(call, "metered", "by hand"), 1.5, " x"
    )
    yield Bound("a call less its price, over its span and points by hand", beside, 1.5, " x")
    yield Bound(
        "a price for usage never seen before, over genai-prices' own", ratio(price, "ours", "genai-prices"), 1.3, " x"
    )
    held = own["held"][0]
    beyond = held["metered"] - held["bare"] - held["span"]
    yield Bound("memory of an open stream, over the SDK's span", beyond / 1024, 4, " KiB")
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
    yield Bound("a chunk's cost in streams of 10^2 to 10^5 chunks, most over least", _range(sizes), _FLAT, " x")
    crowd = {
        streams: crowded(results, "chunkmeter", streams) for streams in results["contenders"]["chunkmeter"]["crowd"]
    }
    yield Bound("a call's cost alone and among 10^4 open streams, most over least", _range(crowd), _FLAT, " x")


def row(results: Results, name: str, through: str, mode: str = "off") -> dict[str, Any]:
    """The turns of one contender."""
    return next(
        row for row in results["rows"] if (row["name"], row["through"], row["mode"]) == (name, through, mode)
    )  # fmt: skip


def leanest(results: Results, through: str, *, reading: bool = False) -> tuple[str, float] | None:
    """Which peer that reports usage adds least to a chunk, and how much; None if there is no such peer in the run.

    Args:
        results: of the run.
        through: what the stream is read through.
        reading: whether only those count that read the stream themselves.
    """
    costs = [
        (CONTENDERS[name].title, median(row(results, name, through)["chunk"]))
        for name, said in results["contenders"].items()
        if name not in OURS and said["tells"].get(through, {}).get("usage")
        if CONTENDERS[name].reads or not reading
    ]
    return min(costs, key=lambda cost: cost[1], default=None)


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
