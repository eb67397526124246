"""Pictures for the documentation: one call of the demo, with its cost, as each UI shows it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from checks.uis.browser import chromium, still
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


def _phoenix(page: Page, ui: Phoenix, trace: str) -> None:
    page.goto(f"{ui.url}/redirects/traces/{trace}")
    page.get_by_text(str(SHOWN.truth.response_id)).first.wait_for()
    page.get_by_text("Attributes", exact=True).last.click()
    _bring(page, "gen_ai.usage.cost.amount")


def _mlflow(page: Page, ui: Mlflow, trace: str) -> None:
    page.goto(f"{ui.url}/health")
    # Its assistant opens by itself at the first visit, and takes a third of the page.
    for key, value in (("panelOpen_v1", "false"), ("fab.autoOpenedOnFirstLoad_v1", "true")):
        page.evaluate("([key, value]) => localStorage.setItem(key, value)", [f"mlflow.assistant.{key}", value])
    page.goto(f"{ui.url}/#/experiments/{ui.experiment}/traces?selectedEvaluationId={trace}")
    _bring(page, "gen_ai.usage.cost.amount")


def _bring(page: Page, text: str) -> None:
    """Scroll what has this text into view, with what lies around it."""
    page.get_by_text(text).last.evaluate(
        "each => { each.style.scrollMarginBottom = '160px'; each.scrollIntoView({block: 'end'}); }"
    )


_WAYS: dict[type[Ui], Callable[[Page, Any, str], None]] = {Phoenix: _phoenix, Mlflow: _mlflow}


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
                with chromium() as browser:
                    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
                    page.set_default_timeout(60_000)
                    _WAYS[kind](page, ui, trace)
                    picture = still(page.locator("[role=dialog]").last)
            finally:
                ui.stop()
        path = IMAGES / f"{kind.name}.png"
        path.write_bytes(picture)
        print(f"{path.relative_to(ROOT)}: {len(picture) / 1000:.0f} kB", flush=True)
    return 0
