"""Bytes that Prometheus keeps of a sample: a block of two hours, which promtool makes of what an app's metrics held.

The counters move as those of an app with a few calls between any two exports do; the time between them is made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from checks.e2e.programs import run
from checks.sizes.app import call
from chunkmeter.settings import Settings
from chunkmeter.testing import Kit

__all__ = ["Block", "lines", "make"]

EXPORTS, INTERVAL = 480, 15
"""Two hours, an export every 15 seconds."""
CALLS = 24
"""Between two exports; not all tenants call all models in each."""
BEGAN = 1_767_225_600
"""2026-01-01, when a block of two hours begins."""


class Block(NamedTuple):
    """What is in a block, and its size on disk."""

    samples: int
    series: int
    size: int

    @property
    def a_sample(self) -> float:
        """Bytes, the index included."""
        return self.size / self.samples


def lines(kit: Kit) -> Iterator[tuple[str, str, float]]:
    """Every series of the kit's metrics as Prometheus has it: the metric's family, name with labels, and value."""
    data = kit.reader.get_metrics_data()
    assert data is not None
    for metric in (m for resource in data.resource_metrics for scope in resource.scope_metrics for m in scope.metrics):
        for point in metric.data.data_points:
            yield from _of_point(metric.name.replace(".", "_"), point)


def _of_point(name: str, point: Any) -> Iterator[tuple[str, str, float]]:
    told = {"job": "load", "instance": "5b0c1d6e-0d5c-4c55-9d5b-3d2e7d1f1c11", **point.attributes}
    labels = [f'{key.replace(".", "_")}="{value}"' for key, value in told.items()]
    if not hasattr(point, "bucket_counts"):
        yield name, f"{name}{{{','.join(labels)}}}", point.value
        return
    total = 0
    for bound, count in zip([*point.explicit_bounds, "+Inf"], point.bucket_counts, strict=True):
        total += count
        le = f'le="{bound}"'
        yield name, f"{name}_bucket{{{','.join([*labels, le])}}}", total
    yield name, f"{name}_sum{{{','.join(labels)}}}", point.sum
    yield name, f"{name}_count{{{','.join(labels)}}}", point.count


def make(work: Path) -> Block:
    """Make it, in the folder `work`."""
    samples: dict[str, list[str]] = {}
    with Kit(settings=Settings(metric_labels=("tenant",))) as kit:
        for export in range(EXPORTS):
            for number in range(CALLS):
                call(export * CALLS + number, kit.telemetry)
            for _, series, value in lines(kit):
                samples.setdefault(series, []).append(f"{series} {value} {BEGAN + export * INTERVAL}")
            kit.exporter.clear()
    text = "\n".join(line for each in samples.values() for line in each)
    (work / "metrics.txt").write_text(f"{text}\n# EOF\n")
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", work / "metrics.txt", work / "blocks")
    counted = [json.loads(path.read_text())["stats"] for path in (work / "blocks").glob("*/meta.json")]
    size = sum(path.stat().st_size for path in (work / "blocks").rglob("*") if path.is_file())
    return Block(sum(each["numSamples"] for each in counted), len(samples), size)
