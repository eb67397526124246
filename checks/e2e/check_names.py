"""The names that shipped files rely on are those that a real Prometheus makes."""

from __future__ import annotations

from checks.e2e.programs import Collector, eventually
from checks.e2e.stack import Stack
from support.names import LABELS, SERIES

# A healthy run has no failure of chunkmeter's own to count.
ABSENT = {"chunkmeter_errors_total"}


def test_prometheus_names_them_so(stack: Stack, minimal: Collector) -> None:
    """Every series of the demo app, and every label on them."""
    stack.demo("named", minimal)

    def compare() -> None:
        series = stack.prometheus.get(
            "series", **{"match[]": '{service_name="named",__name__=~"(chunkmeter|gen_ai)_.+"}'}
        )
        assert {one["__name__"] for one in series} == SERIES - ABSENT
        assert {label for one in series for label in one} - {"__name__"} <= LABELS

    eventually(compare)
