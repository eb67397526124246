"""Debian's Chromium without a window, driven by Playwright, https://playwright.dev/python/docs/api/class-playwright."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, sync_playwright

__all__ = ["chromium", "still"]

_SWITCHES = (
    "--force-color-profile=srgb",
    # Nothing but this machine is asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
)
_WITHIN = 60
"""Seconds in which a picture has to come to rest."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; it ends with the `with`."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("This needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_SWITCHES, chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


def still(element: Locator) -> bytes:
    """What the window shows of an element, once it stands still: a PNG."""
    seen = [element.screenshot()]
    until = time.monotonic() + _WITHIN
    while seen[-3:] != [seen[-1]] * 3:
        if time.monotonic() > until:
            raise TimeoutError(f"the page goes on moving after {_WITHIN} s")
        element.page.wait_for_timeout(1000)
        seen.append(element.screenshot())
    return seen[-1]
