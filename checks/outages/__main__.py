"""Runs an app through outages, and holds what was lost against `docs/reliability.md`.

    python -m checks.outages [--write] [--only WORD] [--exporter NAME]

Each row is an app of its own beside an OTLP endpoint of its own, two at a time. The app says each call as it makes it;
what arrived is the last point of each series, and the spans. A run fails where more was lost than a row may lose, or
where the page says something else. `--write` writes its table.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from checks.outages.endpoint import ENDPOINTS
from checks.outages.page import PAGE, document
from checks.outages.rows import OUTAGES, Bounds, Outage
from checks.outages.run import Parent, Run

PRICE = 0.0000036
"""USD a call: 12 tokens in at 0.15 and 3 out at 0.60 a million."""
SLOWEST = 1.0
"""Seconds that the median call may take during an outage: a tenth of what an exporter is given."""
WARNING = "before this process was forked"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came of one outage with one exporter; `faults` is what should not have."""

    counted: int
    arrived: int
    spend: float
    spans_lost: int
    seconds: float
    alive: list[float]
    dead: list[float]
    faults: list[str] = field(default_factory=list[str])


def measure(outage: Outage, parent: Parent) -> Measured:
    """Have it happen to an app."""
    began = time.monotonic()
    with Run(parent, outage.interval, outage.variables) as run:
        stuck = ""
        try:
            outage.happen(run)
            run.end()
        except (AssertionError, TimeoutError) as error:
            stuck = f"stuck: {error}"
        counted, spend = len(run.times), run.endpoint.total("chunkmeter.spend")
        read = run.endpoint.total("chunkmeter.calls", chunkmeter__usage__status="reported")
        if run.arrived == counted:
            read = counted - outage.unread
        # A collection takes one instrument after the other: a process killed meanwhile may have told more of one.
        between = (counted - outage.unread - read) * PRICE if outage.lost.high > 0 else 0.0
        waited = statistics.median(run.dead or [0.0])
        checks = {
            stuck: bool(stuck),
            f"{counted} calls were made": counted != outage.counted,
            f"{counted - run.arrived} calls were lost": not within(outage.lost, counted - run.arrived),
            f"{counted - run.endpoint.spans} spans were lost": not within(outage.spans, counted - run.endpoint.spans),
            f"the spend of {spend} USD is not that of the calls": not -1e-9 <= spend - read * PRICE <= between + 1e-9,
            f"the app ended by {run.status}": run.status != outage.status,
            f"the app warned {run.errors.count(WARNING)} times": run.errors.count(WARNING) != outage.warned,
            f"a call took {waited:.2f} s": waited > SLOWEST,
        }
        faults = [fault for fault, holds in checks.items() if holds]
        if faults:
            faults.append(run.errors)
        return Measured(
            counted=counted,
            arrived=run.arrived,
            spend=spend,
            spans_lost=counted - run.endpoint.spans,
            seconds=time.monotonic() - began,
            alive=run.alive,
            dead=run.dead,
            faults=faults,
        )


def within(bounds: Bounds, number: int) -> bool:
    return bounds.low <= number <= bounds.high


def show(outage: Outage, exporter: str, came: Measured) -> None:
    print(
        f"{outage.name:44} {exporter:13} {came.counted:5} {came.arrived:7} {came.counted - came.arrived:5} "
        f"{came.spend:12.7f} {came.spans_lost:10} {came.seconds:6.1f} s  {'FAILED' if came.faults else ''}",
        flush=True,
    )
    for fault in came.faults:
        print(f"    {fault}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the page's table")
    parser.add_argument("--only", default="", help="outages with this in their name")
    parser.add_argument("--exporter", choices=list(ENDPOINTS), help="one exporter")
    options = parser.parse_args()
    exporters = [options.exporter] if options.exporter else list(ENDPOINTS)
    chosen = [outage for outage in OUTAGES if options.only in outage.name]
    print(f"{'outage':44} {'exporter':13} calls arrived  lost  arrived USD spans lost")
    came: list[Measured] = []
    parents = [Parent(exporter) for exporter in exporters]
    # One thread an exporter: what the two do at the same time is shown together.
    with ThreadPoolExecutor(len(parents)) as pool:
        for outage in chosen:
            for parent, measured in zip(parents, pool.map(partial(measure, outage), parents), strict=True):
                came.append(measured)
                show(outage, parent.exporter, measured)
    for parent in parents:
        parent.close()
    alive, dead = ([seconds for each in came for seconds in getattr(each, name)] for name in ("alive", "dead"))
    if alive and dead:
        usual, meanwhile = statistics.median(alive), statistics.median(dead)
        print(
            f"a call took {usual * 1e6:.0f} us, during outages {meanwhile * 1e6:.0f} ({meanwhile / usual:.2f} times "
            f"that), at most {max(dead) * 1e3:.1f} ms"
        )
    if any(each.faults for each in came):
        return 1
    if options.write:
        PAGE.write_text(document(), encoding="utf-8")
    elif PAGE.read_text("utf-8") != document():
        print(f"{PAGE.name} has another table: make outages ARGS=--write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
