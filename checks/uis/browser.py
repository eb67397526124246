"""Headless Chromium, driven through chromedriver by the WebDriver protocol, https://www.w3.org/TR/webdriver2/."""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from checks.e2e.programs import HTTP, Program, eventually, free_port

__all__ = ["Browser"]

_SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # containers have none
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # Nothing but this machine is asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
)
# Scripts' bodies, whose argument is the whole text of what is looked for.
_CLICK = """
const it = [...document.querySelectorAll('button, a, [role]')]
    .filter(each => each.innerText?.trim() === arguments[0] && each.checkVisibility());
it.at(-1)?.click();
return it.length;
"""
_BRING = """
const it = [...document.querySelectorAll('body *')].findLast(each => each.innerText?.trim() === arguments[0]);
const scrolls = each => each.scrollHeight > each.clientHeight && /auto|scroll/.test(getComputedStyle(each).overflowY);
let around = it.parentElement;
while (!scrolls(around)) around = around.parentElement;
const below = it.getBoundingClientRect().bottom - around.getBoundingClientRect().top;
around.scrollTop += Math.max(0, below - 0.85 * around.clientHeight);
"""


class Browser:
    """A browser with one window: a context manager that closes it.

    Args:
        work: a folder for what it keeps and prints.
        size: the window's width and height.
    """

    def __init__(self, work: Path, size: tuple[int, int]) -> None:
        driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
        if not driver or not chromium:
            sys.exit("This needs Chromium and its driver: apt-get install chromium chromium-driver")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self._driver = Program([driver, f"--port={port}"], work / "chromedriver.log", f"{url}/status")
        options = {
            "binary": chromium,
            "args": [*_SWITCHES, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={work / 'chromium'}"],
        }
        asked = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        wanted = {"capabilities": {"alwaysMatch": asked}}
        try:
            answer = HTTP.post(f"{url}/session", json=wanted, timeout=120).raise_for_status().json()
        except BaseException:
            self._driver.stop()
            raise
        self._session = f"{url}/session/{answer['value']['sessionId']}"

    def open(self, url: str) -> None:
        """Go to a page."""
        self._ask("url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """What a script's body returns in the page; `arguments` are the body's own."""
        return self._ask("execute/sync", {"script": script, "args": arguments})

    def click(self, text: str) -> None:
        """Click what has this text and nothing else, once it is there."""

        def there() -> None:
            assert self.run(_CLICK, text), f"{text!r} is not on the page"

        eventually(there, within=60)

    def wait(self, text: str) -> None:
        """Wait until the page shows a text."""

        def there() -> None:
            assert text in self.run("return document.body.innerText"), f"{text!r} is not on the page"

        eventually(there, within=60)

    def bring(self, text: str) -> None:
        """Scroll what has this text and nothing else into view, with what lies around it."""
        self.run(_BRING, text)

    def command(self, name: str, **parameters: Any) -> Any:
        """What a command of Chromium's own protocol gives, https://chromedevtools.github.io/devtools-protocol/."""
        return self._ask("goog/cdp/execute", {"cmd": name, "params": parameters})

    def log(self) -> list[str]:
        """What the page has written on the console since this was asked last, errors of the browser's among it."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._ask("se/log", {"type": "browser"})]

    def shot(self, selector: str) -> bytes:
        """The last element that a CSS selector finds, as far as the window shows it, once it stands still: a PNG."""
        element = self.run("return [...document.querySelectorAll(arguments[0])].at(-1)", selector)
        (name,) = element.values()
        seen: list[bytes] = []

        def still() -> bytes:
            answer = HTTP.get(f"{self._session}/element/{name}/screenshot", timeout=60).raise_for_status()
            seen.append(base64.b64decode(answer.json()["value"]))
            assert seen[-3:] == [seen[-1]] * 3, "the page goes on moving"
            return seen[-1]

        return eventually(still, within=60, every=1)

    def _ask(self, what: str, body: dict[str, object]) -> Any:
        return HTTP.post(f"{self._session}/{what}", json=body, timeout=120).raise_for_status().json()["value"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        HTTP.delete(self._session, timeout=60)
        self._driver.stop()
