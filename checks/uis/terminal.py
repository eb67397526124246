"""Pictures for the documentation: the demo's calls in `chunkmeter tail`, at 80 columns and at 120."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from playwright.sync_api import Page
from rich.console import Console

from checks.uis.browser import chromium, still
from checks.uis.shots import IMAGES
from chunkmeter.cli import picture
from chunkmeter.cli.book import Book
from chunkmeter.cli.columns import Style
from chunkmeter.cli.receiver import Receiver
from chunkmeter.cli.screen import drawable
from replay import server
from replay.demo import AGENT, APPS, app_environment, run_app
from support import ROOT

__all__ = ["main"]

SIZES = ((80, 24), (120, 36))
"""Columns and lines."""


def _run(receiver: Receiver, log: IO[str]) -> None:
    with server.start() as providers:
        environment = app_environment(providers.url, f"http://127.0.0.1:{receiver.port}")
        for app in (*APPS, AGENT):
            if run_app(app, environment, log):
                log.seek(0)
                sys.exit(log.read())


def _svg(book: Book, width: int, height: int) -> str:
    lines = picture.live(book, Style(width), height - 1, "")
    console = Console(record=True, file=io.StringIO(), width=width, height=height, force_terminal=True, highlight=False)
    console.print(drawable(lines), soft_wrap=True)
    console.print()  # the line that `Screen.draw` leaves for the cursor
    return console.export_svg(title="chunkmeter tail")


def _shot(page: Page, svg: str) -> bytes:
    page.set_content(f"<!DOCTYPE html><meta charset=utf-8><style>body {{ margin: 0 }}</style>{svg}")
    # Without a size it fills the window.
    page.evaluate("(svg => svg.style.width = `${svg.viewBox.baseVal.width}px`)(document.querySelector('svg'))")
    return still(page.locator("svg").first)


def main(arguments: Sequence[str] = ()) -> int:
    """Write a picture of each size; 0."""
    with tempfile.TemporaryDirectory(prefix="chunkmeter-terminal-") as folder:
        work = Path(folder)
        with Receiver(by=[("model",)]) as receiver, (work / "apps.log").open("w+", encoding="utf-8") as log:
            _run(receiver.start(), log)
            book = receiver.book
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1600, "height": 1200})
            for width, height in SIZES:
                path = IMAGES / f"tail-{width}.png"
                path.write_bytes(_shot(page, _svg(book, width, height)))
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
