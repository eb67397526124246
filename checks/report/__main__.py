"""Check a report's page in a browser: `python -m checks.report [--calls N]`.

`chunkmeter report` makes it of a made-up day's calls. Headless Chromium opens it as a phone of 360 px and as a window
of 1280 px, light and dark: the page must not scroll sideways, nothing may stand on the console, and axe-core must find
nothing serious. It is told how long the report takes, how much memory, how large it is, and when it has opened.

With --shots it writes `docs/images/report.png` and `report-phone.png` in place of checking.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from checks.report.kept import keep
from checks.report.opened import Opened, View, axe
from checks.uis.browser import chromium
from support import ROOT

IMAGES = ROOT / "docs" / "images"
CALLS = 1500
VIEWS = tuple(View(width, dark=dark) for width in (360, 1280) for dark in (False, True))
OPENS_WITHIN = 10
"""Seconds. On an idle machine it is some tenths."""


class Row(NamedTuple):
    """One thing looked at: what was seen, and what is wrong with it."""

    of: str
    told: str
    wrong: Sequence[str]


def _made(work: Path, calls: int) -> tuple[Path, Row]:
    """The page of so many calls, and what it took."""
    keep(work / "kept.json", calls)
    command = [str(Path(sys.executable).with_name("chunkmeter")), "report", "kept.json"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    took, memory = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if done.returncode:
        sys.exit(done.stderr)
    page = work / "report.html"
    sizes = [each.stat().st_size / 1e6 for each in (work / "kept.json", page)]
    told = f"{took:.1f} s, at most {memory:.0f} MiB, of a file of {sizes[0]:.1f} MB; the page has {sizes[1]:.2f} MB"
    return page, Row("chunkmeter report", told, ["over 3 MB"] if sizes[1] > 3 else [])


def _rows(work: Path, calls: int) -> Iterator[Row]:
    script = axe()
    page, row = _made(work, calls)
    yield row
    with chromium() as browser:
        for view in VIEWS:
            opened = Opened(browser, page, view)
            wrong = [f"it is {opened.width} px wide"] if opened.width > view.width else []
            wrong += [f"open only after {opened.seconds:.1f} s"] if opened.seconds > OPENS_WITHIN else []
            found = opened.found(script)
            wrong += [str(each) for each in found if each.grave] + opened.log
            other = "; ".join(str(each) for each in found if not each.grave)
            yield Row(str(view), f"open after {opened.seconds:.1f} s; {other or 'axe-core finds nothing'}", wrong)


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if something is wrong with the page."""
    parser = argparse.ArgumentParser(prog="python -m checks.report")
    parser.add_argument("--calls", type=int, default=CALLS, help="how many calls the page tells of")
    parser.add_argument("--shots", action="store_true", help="write the pictures of the documentation")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="chunkmeter-report-") as folder:
        if options.shots:
            page, _ = _made(Path(folder), options.calls)
            with chromium() as browser:
                for name, view, height in (("report", View(1280), 1700), ("report-phone", View(360), 1500)):
                    picture = Opened(browser, page, view).picture(height)
                    (IMAGES / f"{name}.png").write_bytes(picture)
                    print(f"docs/images/{name}.png: {len(picture) / 1000:.0f} kB", flush=True)
            return 0
        passed = failed = 0
        for row in _rows(Path(folder), options.calls):
            print(f"{row.of:<18} {row.told:<90} {'; '.join(row.wrong) or 'ok'}", flush=True)
            passed, failed = passed + (not row.wrong), failed + bool(row.wrong)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
