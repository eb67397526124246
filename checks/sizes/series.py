"""How many series Prometheus gets, by the instruments and their labels. Pure.

A histogram is a series for each of its bounds, one for what lies above, one for the sum and one for the count.
"""

from __future__ import annotations

from chunkmeter import semconv
from chunkmeter.semconv import Metric

__all__ = ["MODELS", "OF_A_MODEL", "OF_A_PROCESS", "OF_A_TENANT", "TENANTS", "of", "series"]

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini")
"""What the measured app calls."""
TENANTS = tuple(f"tenant-{number}" for number in range(10))
"""For whom it calls them."""


def of(metric: Metric) -> int:
    """The series of one set of labels."""
    return 1 if metric.buckets is None else len(metric.buckets) + 3


OF_A_PROCESS = 1 + sum(map(of, (semconv.STREAMS_OPEN, semconv.STREAMS_OLDEST_IDLE, semconv.PRICE_TABLE_AGE)))
"""Gauges, and `target_info`."""
OF_A_MODEL = (
    of(semconv.COST) + of(semconv.DURATION) + of(semconv.TIME_TO_FIRST_CHUNK) + 2 * of(semconv.TOKEN_USAGE)
)  # fmt: skip
"""Histograms; that of tokens has one set of labels for those that go in and one for those that come out."""
OF_A_TENANT = of(semconv.SPEND) + of(semconv.CALLS)
"""Counters of one tenant with one model, all of whose calls end alike."""


def series(models: int, tenants: int = 1) -> int:
    """Those of a process whose tenants all call all of its models, in streams."""
    return OF_A_PROCESS + models * (OF_A_MODEL + tenants * OF_A_TENANT)
