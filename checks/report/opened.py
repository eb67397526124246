"""A page that is open in a browser, and what axe-core finds in it, https://github.com/dequelabs/axe-core."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser

__all__ = ["Finding", "Opened", "View", "axe"]

_HERE = Path(__file__).parent
_SCRIPT = _HERE / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE = ("serious", "critical")
_HEIGHT = 900
_PHONE = 600
"""A view below so many pixels is a phone's."""
_FIND = """() => {
    for (const each of document.querySelectorAll('details')) each.open = true;
    return axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(
        each => [each.id, each.impact, each.help, each.nodes.length, each.nodes[0].target.join(' ')]));
}"""


class View(NamedTuple):
    """How a page is looked at: the width in pixels, and whether the user wants it dark."""

    width: int
    dark: bool = False

    def __str__(self) -> str:
        return f"{self.width} px, {'dark' if self.dark else 'light'}"


class Finding(NamedTuple):
    """A rule of axe-core's that is broken: how badly, what it is, at how many places, and the first of them."""

    rule: str
    impact: str
    means: str
    places: int
    first: str

    @property
    def grave(self) -> bool:
        """Whether it is one that keeps somebody from reading the page."""
        return self.impact in _GRAVE

    def __str__(self) -> str:
        return f"{self.impact}: {self.means} ({self.rule}, {self.places}: {self.first})"


def axe() -> str:
    """axe-core's script, of the release in `package-lock.json`; npm fetches it once."""
    if not _SCRIPT.exists():
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("This needs npm, to fetch axe-core: apt-get install npm")
        subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=_HERE, check=True, stdout=sys.stderr
        )
    return _SCRIPT.read_text()


class Opened:
    """A page, open.

    Args:
        browser: where.
        page: the file.
        view: how it is looked at.

    Attributes:
        view: as given.
        log: what the page and the browser have written on the console.
        seconds: until it was open.
        width: of all of it, in pixels; more than the view's where it scrolls sideways.
    """

    def __init__(self, browser: Browser, page: Path, view: View) -> None:
        self.view, self.log = view, list[str]()
        phone = view.width < _PHONE
        self._page = browser.new_page(
            viewport={"width": view.width, "height": _HEIGHT},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            color_scheme="dark" if view.dark else "light",
        )
        self._page.on("console", lambda message: self.log.append(f"{message.type}: {message.text}"))
        self._page.on("pageerror", lambda error: self.log.append(str(error)))
        began = time.monotonic()
        self._page.goto(page.as_uri())
        self.width = int(self._page.evaluate("document.documentElement.scrollWidth"))
        self.seconds = time.monotonic() - began

    def found(self, script: str) -> list[Finding]:
        """What axe-core finds, once all that can be opened is open."""
        self._page.evaluate(script)
        return [Finding(*each) for each in self._page.evaluate(_FIND)]

    def picture(self, height: int) -> bytes:
        """Its upper part as a PNG."""
        return self._page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": self.view.width, "height": height})
