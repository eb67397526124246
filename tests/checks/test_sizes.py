"""`docs/sizes.md`: its series are those that an app makes, and the manifests ask for what it was measured with."""

from __future__ import annotations

import re

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from checks.sizes.app import call
from checks.sizes.block import Block, lines
from checks.sizes.page import PAGE, document, measured_table, series_table
from checks.sizes.run import Measured, Taken
from checks.sizes.series import MODELS, OF_A_MODEL, OF_A_PROCESS, OF_A_TENANT, TENANTS, series
from chunkmeter.settings import Settings
from chunkmeter.testing import Kit
from support.manifests import build, container


def test_the_page_has_the_series_of_the_code() -> None:
    assert PAGE.read_text("utf-8") == document(), "make sizes ARGS=--write"
    assert "| 20 | 4 | 10 | 8,800 |" in series_table()  # 20 * (4 + 4 * (89 + 10 * 2))


def test_series_by_the_instruments() -> None:
    """Of bounds and what lies above them, sum and count: the cost has 18 bounds, all others 14."""
    assert OF_A_MODEL == (18 + 3) + 4 * (14 + 3) == 89
    assert OF_A_TENANT == 2  # spend and calls
    assert OF_A_PROCESS == 4  # streams open and idle, the age of the price table, target_info


@pytest.mark.parametrize("calls", [1, len(MODELS) * len(TENANTS)])
def test_an_app_makes_as_many_series_as_is_worked_out(calls: int) -> None:
    """The first makes those of a model and a tenant, the fortieth the last pair. Beside them is `target_info`."""
    with Kit(settings=Settings(metric_labels=("tenant",))) as kit:
        for number in range(calls):
            call(number, kit.telemetry)
        made = [name for _, name, _ in lines(kit)]
    assert len(set(made)) == len(made)
    # 4 + 1 * (89 + 1 * 2) = 95 and 4 + 4 * (89 + 10 * 2) = 440
    assert len(made) + 1 == {1: 95, 40: 440}[calls] == (series(1) if calls == 1 else series(4, 10))


@pytest.mark.parametrize(
    ("program", "name"), [("agent", "agent"), ("gateway", "gateway"), ("Prometheus", "prometheus")]
)
def test_the_manifests_ask_for_what_was_measured(program: str, name: str) -> None:
    """Requests are enough for the highest rate of the page: CPU and memory; nothing comes near its memory's limit."""
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {program} |"))
    cells = [float(cell) for cell in re.findall(r"-?\d+(?:\.\d+)?", row)]
    cores, mib = cells[-4:-2]  # behind them is what is worked out
    asked = container(build(), name)["resources"]
    in_mib = {"128Mi": 128, "192Mi": 192, "256Mi": 256, "512Mi": 512, "1Gi": 1024, "2Gi": 2048}
    assert mib <= in_mib[asked["requests"]["memory"]] < in_mib[asked["limits"]["memory"]]
    assert cores <= float(asked["requests"]["cpu"].removesuffix("m")) / 1000


def test_the_page_works_out_what_more_calls_take() -> None:
    """Of the first rate and the last: (0.211 - 0.011) cores and (180 - 60) MiB by (500 - 100) calls a second."""
    measured = [
        Measured(100, {"gateway": Taken(0.011, 60)}, 440, []),
        Measured(500, {"gateway": Taken(0.211, 180)}, 440, []),
    ]
    table = measured_table(measured, Block(samples=1000, series=10, size=2000))
    assert "| gateway | 0.011 | 60 | 0.211 | 180 | 0.50 | 300 |" in table
    # 95 series, 86,400 / 15 samples a day, 40 days, 2 bytes each
    assert 95 * 5760 * 40 * 2 == 43_776_000
    assert "takes 43.8 MB in 40 days" in table


def test_a_span_is_as_large_as_the_page_says() -> None:
    """In a batch, as the SDK's exporter encodes it."""
    with Kit(settings=Settings(metric_labels=("tenant",))) as kit:
        for number in range(512):
            call(number, kit.telemetry)
        size = encode_spans(kit.spans).ByteSize() / 512
    assert f"{size / 1000:.1f} KB" in PAGE.read_text("utf-8")
