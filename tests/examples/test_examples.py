"""The examples that are one command: what they spend, and that they print what `examples/README.md` says they do."""

from __future__ import annotations

import doctest
import math
import re
from pathlib import Path

import pytest

from replay import example
from replay.scenarios import by_id
from replay.server import start

EXAMPLES = Path(example.ROOT) / "examples"
PAGE = (EXAMPLES / "README.md").read_text("utf-8")
SHOWN = dict(re.findall(r"^```\n\$ make example ARGS=(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
# USD: tokens in, read from the cache, written to it, out, at so much a million each.
PLAIN = 31 * 0.15e-6 + 8 * 0.60e-6
STREAM = (1200 - 1024) * 0.15e-6 + 1024 * 0.075e-6 + 45 * 0.60e-6
SPENT = {
    "agent": 84 * 0.15e-6 + 16 * 0.60e-6  # the tool is asked for
    + 39 * 0.59e-6 + 5 * 0.79e-6  # its own model
    + 2 * PLAIN
    + 21 * 3.00e-6 + 1500 * 0.30e-6 + 9 * 15.00e-6,
    "azure_alias": 500 * 0.40e-6 + 25 * 1.60e-6,
    "celery_worker": 4 * STREAM,
    "fastapi_app": 2 * STREAM,  # a tenant each
    # All that it asks for, each as its scenario has it: the sum is written out here, since 33 terms say no more.
    "mirascope_streams": 0.012821145,
    "openrouter": 0.000195,  # as OpenRouter says
    "prefork_worker": 4 * STREAM,
    "prompt_caching": 12 * 3.00e-6 + 2048 * 0.30e-6 + 600 * 3.75e-6 + 400 * 6.00e-6 + 57 * 15.00e-6,
    "sdk_streams": 21_000 * 2.50e-6 + 2750 * 10.00e-6
    + (2100 - 2048) * 1.25e-6 + 2048 * 0.125e-6 + 60 * 10.00e-6
    + 18 * 1.00e-6 + 6 * 5.00e-6,
    "short_job": 3 * PLAIN,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", example.EXAMPLES)
def test_an_example_spends_and_prints_what_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest's workers have it, and the page is of no terminal
    saved = tmp_path / "saved.jsonl"
    with start() as providers, example.run(name, providers, f"--save={saved}") as process:
        try:
            printed, told = process.communicate(timeout=300)
        finally:
            process.kill()  # or leaving the `with` would wait for one that hangs
    assert process.returncode == 0, told
    # The last amount that is told is of all calls together; spans and metrics have come to it apart.
    total = re.findall(r"\d\.\d{9}", told)[-1]
    assert float(total) == pytest.approx(SPENT[name], abs=1e-9)
    assert "Its metrics and its spans tell of the same totals." in told
    assert saved.stat().st_size > 0
    assert doctest.OutputChecker().check_output(SHOWN[name], printed + told, doctest.ELLIPSIS), printed + told
    asked = [request.scenario for request in providers.requests if request.scenario in by_id]
    if name not in ("azure_alias", "openrouter"):
        assert math.fsum(by_id[scenario].truth.usd for scenario in asked) == pytest.approx(SPENT[name], abs=1e-12)


def test_each_example_is_told_of() -> None:
    """In the table, by a heading, and by what it prints."""
    files = {path.stem for path in EXAMPLES.glob("*.py")}
    assert set(re.findall(r"^\| \[(\w+)\.py\]\(#\1\) \|", PAGE, re.MULTILINE)) == files
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == files
    assert set(SHOWN) == set(example.EXAMPLES) == set(SPENT) == files
