"""Pictures for the documentation: one call of the demo, with its cost, as each UI shows it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from checks.uis.browser import Browser
from checks.uis.run import sent
from checks.uis.servers import Mlflow, Phoenix, Ui
from replay.demo import APPS
from replay.scenarios import by_id
from support import ROOT

__all__ = ["shoot"]

IMAGES = ROOT / "docs" / "images"
SHOWN = by_id["openai-costly-stream"]
SIZE = (1280, 1180)
"""Pixels of the window; the picture is of a part of it."""


def _phoenix(browser: Browser, ui: Phoenix, trace: str) -> None:
    browser.open(f"{ui.url}/redirects/traces/{trace}")
    browser.wait(str(SHOWN.truth.response_id))
    browser.click("Attributes")
    browser.wait("gen_ai.usage.cost.amount")
    browser.bring("gen_ai.usage.cost.amount")


def _mlflow(browser: Browser, ui: Mlflow, trace: str) -> None:
    browser.open(f"{ui.url}/health")
    # Its assistant opens by itself at the first visit, and takes a third of the page.
    for key, value in (("panelOpen_v1", "false"), ("fab.autoOpenedOnFirstLoad_v1", "true")):
        browser.run("localStorage.setItem(arguments[0], arguments[1])", f"mlflow.assistant.{key}", value)
    browser.open(f"{ui.url}/#/experiments/{ui.experiment}/traces?selectedEvaluationId={trace}")
    browser.wait("gen_ai.usage.cost.amount")
    browser.bring("gen_ai.usage.cost.amount")


_WAYS: dict[type[Ui], Callable[[Browser, Any, str], None]] = {Phoenix: _phoenix, Mlflow: _mlflow}


def shoot(kinds: Sequence[type[Ui]]) -> int:
    """Writes a picture of each UI; 0.

    Args:
        kinds: the UIs.
    """
    IMAGES.mkdir(exist_ok=True)
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="chunkmeter-shots-") as folder:
            work, ui = Path(folder), kind(Path(folder))
            try:
                _, spans = sent(ui, APPS[1:], work / "apps.log")
                (trace,) = [
                    span.trace for span in spans if span.attributes.get("gen_ai.response.id") == SHOWN.truth.response_id
                ]
                with Browser(work, SIZE) as browser:
                    _WAYS[kind](browser, ui, trace)
                    picture = browser.shot("[role=dialog]")
            finally:
                ui.stop()
        path = IMAGES / f"{kind.name}.png"
        path.write_bytes(picture)
        print(f"{path.relative_to(ROOT)}: {len(picture) / 1000:.0f} kB", flush=True)
    return 0
