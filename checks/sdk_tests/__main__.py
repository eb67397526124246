"""Run the tests that libraries are published with, bare and metered: `python -m checks.sdk_tests [library ...]`.

Each library's source distribution is downloaded once, of the release that is installed in the environment. What passes
bare has to pass metered. A test that did not is run again by itself, bare and metered, since some depend on the time
and on their neighbours. A name is that of a suite or of a library.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.sdk_tests.alone import wants_to_be_alone
from checks.sdk_tests.recorded import CALLS, METERED, PASSED
from checks.sdk_tests.suites import SUITES, Suite
from support import ROOT

PIP = ROOT / ".venv-tools" / "bin" / "python"
CACHE = Path(os.environ.get("CHUNKMETER_CACHE") or Path.home() / ".cache" / "chunkmeter") / "sdists"


def sources(suite: Suite) -> Path:
    """The unpacked source distribution of the release that is installed, downloaded unless it is there."""
    asked = f"import importlib.metadata as m; print(m.version({suite.distribution!r}))"
    version = subprocess.run([suite.python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    # https://packaging.python.org/en/latest/specifications/source-distribution-format/#source-distribution-file-name
    folder = CACHE / f"{suite.distribution.replace('-', '_')}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        name = suite.distribution  # what it is built with comes as it is published
        release = ("--no-deps", "--no-binary", name, "--dest", str(CACHE), f"{name}=={version}")
        subprocess.run([PIP, "-m", "pip", "download", "--quiet", *release], check=True)
        with tarfile.open(CACHE / f"{folder.name}.tar.gz") as archive, TemporaryDirectory(dir=CACHE) as unpacked:
            archive.extractall(unpacked, filter="data")
            (Path(unpacked) / folder.name).rename(folder)
    return folder


def passed(suite: Suite, folder: Path, tests: Sequence[str], *, metered: bool) -> tuple[set[str], int]:
    """The names of the tests that pass, of those given or else of all that run offline, and how many calls counted."""
    chosen = (*suite.options, *((*tests, "-n0") if tests else suite.where))
    with TemporaryDirectory() as scratch:
        told, calls = Path(scratch) / "passed", Path(scratch) / "calls"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "OTEL", "CHUNKMETER"))
        }
        paths = os.pathsep.join((str(folder), str(ROOT), str(ROOT / "src")))
        # Some suites make their tests of sets: processes that share the tests have to find them in the same order.
        kept |= {"PYTHONPATH": paths, "PYTHONHASHSEED": "0"}
        # Some read and write what is at home: credentials, settings, caches.
        kept["HOME"] = scratch
        # Mirascope 2 formats what it has of a function with its environment's ruff.
        kept["PATH"] = os.pathsep.join((str(suite.python.parent), kept.get("PATH", os.defpath)))
        subprocess.run(
            [suite.python, "-m", "pytest", "-p", "checks.sdk_tests.recorded", "-q", "--no-header", "--tb=no", *chosen],
            cwd=folder,
            env={**kept, PASSED: str(told), CALLS: str(calls), METERED: str(int(metered))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,  # some fail bare
        )
        names = set(told.read_text().splitlines()) if told.exists() else set[str]()
        return names, sum(map(int, calls.read_text().split())) if calls.exists() else 0


def compare(name: str) -> tuple[int, int]:
    """How many tests pass bare that can pass metered, and how many of them do not; prints these and their names."""
    began, suite = time.monotonic(), SUITES[name]
    folder = sources(suite)
    (bare, _), (metered, calls) = (passed(suite, folder, (), metered=way) for way in (False, True))
    if not bare:
        raise RuntimeError(f"{name} of {folder.name}: no test passes bare, so that its tests tell nothing")
    alone = {test for test in bare - metered if wants_to_be_alone(name, test)}
    lost = sorted(bare - metered - alone)
    if lost:
        again = passed(suite, folder, lost, metered=False)[0] - passed(suite, folder, lost, metered=True)[0]
        lost = [test for test in lost if test in again]
    said = f"{name} of {folder.name}" if name != suite.distribution else folder.name
    for test in lost:
        print(f"{said}: passes bare, not metered: {test}", flush=True)
    seconds = time.monotonic() - began
    kept = len(bare) - len(lost) - len(alone)
    print(f"{said}: {len(bare)} pass bare, {kept} of them metered, with {calls} calls; {seconds:.0f} s", flush=True)
    if alone:
        print(f"{said}: {len(alone)} more want the library's span to say what the library says alone", flush=True)
    return len(bare) - len(alone), len(lost)


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a test passes bare and not metered, apart from those that `alone` lists."""
    named = {*SUITES, *(suite.distribution for suite in SUITES.values())}
    unknown = sorted(set(arguments) - named)
    if unknown:
        print(f"no tests of {', '.join(unknown)}: there are {', '.join(sorted(named))}", file=sys.stderr)
        return 2
    chosen = [name for name, suite in SUITES.items() if not arguments or {name, suite.distribution} & set(arguments)]
    counts = [compare(name) for name in chosen]
    bare, lost = (sum(count[at] for count in counts) for at in (0, 1))
    print(f"\n{bare - lost} passed, {lost} failed")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
