"""The outages: what happens to an app or to its OTLP endpoint, and what that may cost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from checks.outages.endpoint import Refusal
from checks.outages.run import Run

__all__ = ["OUTAGES", "Bounds", "Outage"]

AWAY = 12.0
"""Seconds of an outage: more than an export may take, so that some exports are given up."""
LATE = 11.0
"""Seconds that a slow endpoint takes: more than that, too."""


class Bounds(NamedTuple):
    """From how many to how many; below zero, so many too many."""

    low: int
    high: int


NONE = Bounds(0, 0)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A row of the table for each exporter.

    Attributes:
        name: of the row.
        happen: does it.
        counted: the calls that the app makes.
        unread: those whose stream is left open, so that they bring no usage and cost nothing.
        lost: how many of the calls may be missing in the metrics.
        spans: how many spans may be missing.
        why: what the table says of those.
        status: how the app has to end.
        warned: how often it has to warn of sums from before a fork.
        interval: seconds between exports; long where only the end's export is to be seen.
        variables: more of its environment.
    """

    name: str
    happen: Callable[[Run], None]
    counted: int
    unread: int = 0
    lost: Bounds = NONE
    spans: Bounds = NONE
    why: str = ""
    status: str = "0"
    warned: int = 0
    interval: float = 1.0
    variables: dict[str, str] = field(default_factory=dict[str, str])


# --- of the endpoint; half of the calls are made meanwhile ---


def fifty(run: Run) -> list[float]:
    """So many calls, while an outage lasts; in bursts, as some machines are slow whenever they have rested."""
    times: list[float] = []
    for _ in range(5):
        times += run.do("calls 10")
        time.sleep(AWAY / 5)
    return times


def down_at_start(run: Run) -> None:
    run.endpoint.kill()
    run.dead = fifty(run)
    run.endpoint.start()
    run.do("calls 50")
    run.arrive(100)


def killed(run: Run) -> None:
    run.alive = fifty(run)
    run.arrive(50, 50)
    run.endpoint.kill()
    run.dead = fifty(run)
    run.endpoint.start()
    run.arrive(100)


def slow(run: Run) -> None:
    run.alive = fifty(run)
    run.arrive(50, 50)
    run.endpoint.delay = LATE
    run.dead = fifty(run)
    run.endpoint.delay = 0.0
    run.arrive(100)


def refused(refusal: Refusal) -> Callable[[Run], None]:
    def happen(run: Run) -> None:
        run.alive = fifty(run)
        run.arrive(50, 50)
        run.endpoint.refusal = refusal
        run.dead = fifty(run)
        assert run.endpoint.refused > 0
        run.endpoint.refusal = None
        run.arrive(100)

    return happen


def overflow(run: Run) -> None:
    run.endpoint.delay = 0.5
    run.do("calls 200")
    run.arrive(200)


# --- of the process ---


def ending(end: Callable[[Run], object], *before: str) -> Callable[[Run], None]:
    """It ends just after an export, so that what it holds is as old as can be told."""

    def happen(run: Run) -> None:
        for command in before:
            run.do(command)
        run.do("calls 20")
        run.arrive(20, 20)
        run.do("calls 10")
        run.do("hold")
        end(run)

    return happen


def send(number: signal.Signals) -> Callable[[Run], None]:
    return lambda run: run.kill(number)


def child(*before: str) -> Callable[[Run], None]:
    def happen(run: Run) -> None:
        for command in before:
            run.do(command)
        run.do("process fork 10")
        run.do("calls 20")

    return happen


def pool(how: str) -> Callable[[Run], None]:
    def happen(run: Run) -> None:
        run.do(f"pool {how} 3 10")

    return happen


def prefork(*before: str) -> Callable[[Run], None]:
    def happen(run: Run) -> None:
        for command in before:
            run.do(command)
        run.do("fork 2 20")

    return happen


MEANWHILE = "of spans, at most those that ended meanwhile"
ONE_INTERVAL = "at most what one export interval counted"


def away(name: str, happen: Callable[[Run], None]) -> Outage:
    return Outage(name=name, happen=happen, counted=100, spans=Bounds(0, 50), why=MEANWHILE)


def exits(
    name: str, happen: Callable[[Run], None], lost: Bounds = NONE, status: str = "0", interval: float = 3.0
) -> Outage:
    why = ONE_INTERVAL if lost.high else ""
    return Outage(
        name=name, happen=happen, counted=31, unread=1, lost=lost, spans=lost, why=why, status=status, interval=interval
    )


OUTAGES = [
    away("endpoint down at start", down_at_start),
    away("endpoint killed and back", killed),
    away("endpoint slower than the timeout", slow),
    away("endpoint answers 429", refused("429")),
    away("endpoint answers 503", refused("503")),
    Outage(
        name="span queue overflows",
        happen=overflow,
        counted=200,
        spans=Bounds(1, 199),
        why="of spans, what the queue had no room for",
        variables={"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16"},
    ),
    exits("`os._exit`", ending(lambda run: run.tell("_exit")), Bounds(1, 11)),
    exits("SIGKILL", ending(send(signal.SIGKILL)), Bounds(1, 11), status="SIGKILL"),
    exits("SIGTERM", ending(send(signal.SIGTERM)), Bounds(1, 11), status="SIGTERM"),
    exits("SIGTERM, `flush_on_exit()`", ending(send(signal.SIGTERM), "helper 30"), status="SIGTERM"),
    exits("unhandled exception", ending(lambda run: run.tell("raise")), status="1"),
    exits("`multiprocessing` child", child(), interval=60.0),
    exits("`multiprocessing` child, `flush_on_exit()`", child("helper 30"), interval=60.0),
    Outage(name="`multiprocessing.Pool`, terminated", happen=pool("terminated"), counted=33, unread=3, interval=60.0),
    Outage(name="`ProcessPoolExecutor`", happen=pool("executor"), counted=33, unread=3, interval=60.0),
    Outage(name="prefork, first call after it", happen=prefork(), counted=40, interval=60.0),
    Outage(
        name="prefork, calls before it",
        happen=prefork("calls 10"),
        counted=50,
        lost=Bounds(-20, -20),
        why="those from before the fork count once more in each of 2 workers; warned of",
        warned=1,
        interval=60.0,
    ),
]
