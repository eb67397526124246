"""Run the tests that SDKs are published with, bare and metered: `python -m checks.sdk_tests [SDK ...]`.

Each SDK's source distribution is downloaded once, of the release that is installed in the environment. What passes bare
has to pass metered. A test that did not is run again by itself, bare and metered, since some depend on the time and
on their neighbours. The tests in `api_resources` ask a mock server that is downloaded by a tool of its own: they are
left out of both runs.
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

from checks.matrix.endpoints import CLIENTS
from checks.sdk_tests.alone import wants_to_be_alone
from checks.sdk_tests.recorded import METERED, PASSED
from support import ROOT

PYTHON = ROOT / ".venv-sdk-tests" / "bin" / "python"
PIP = ROOT / ".venv-tools" / "bin" / "python"
CACHE = Path(os.environ.get("CHUNKMETER_CACHE") or Path.home() / ".cache" / "chunkmeter") / "sdists"
LEFT_OUT = "tests/api_resources"


def sources(sdk: str) -> Path:
    """The unpacked source distribution of the release that is installed, downloaded unless it is there."""
    asked = f"import importlib.metadata as m; print(m.version({sdk!r}))"
    version = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    folder = CACHE / f"{sdk}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        release = ("--no-deps", "--no-binary", ":all:", "--dest", str(CACHE), f"{sdk}=={version}")
        subprocess.run([PIP, "-m", "pip", "download", "--quiet", *release], check=True)
        with tarfile.open(CACHE / f"{folder.name}.tar.gz") as archive, TemporaryDirectory(dir=CACHE) as unpacked:
            archive.extractall(unpacked, filter="data")
            (Path(unpacked) / folder.name).rename(folder)
    return folder


def passed(folder: Path, tests: Sequence[str], *, metered: bool) -> set[str]:
    """The names of the tests that pass; of those given, of all that run offline if none are."""
    chosen = (*tests, "-n0") if tests else (f"--ignore={LEFT_OUT}",)
    with TemporaryDirectory() as scratch:
        told = Path(scratch) / "passed"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "OTEL", "CHUNKMETER"))
        }
        paths = os.pathsep.join((str(folder), str(ROOT), str(ROOT / "src")))
        subprocess.run(
            [PYTHON, "-m", "pytest", "-p", "checks.sdk_tests.recorded", "-q", "--no-header", "--tb=no", *chosen],
            cwd=folder,
            env={**kept, "PYTHONPATH": paths, PASSED: str(told), METERED: str(int(metered))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,  # some fail bare
        )
        return set(told.read_text().splitlines()) if told.exists() else set()


def compare(sdk: str) -> tuple[int, int]:
    """How many tests pass bare that can pass metered, and how many of them do not; prints these and their names."""
    began = time.monotonic()
    folder = sources(sdk)
    bare, metered = passed(folder, (), metered=False), passed(folder, (), metered=True)
    if not bare:
        raise RuntimeError(f"{folder.name}: no test passes bare, so that its tests tell nothing")
    alone = {test for test in bare - metered if wants_to_be_alone(sdk, test)}
    lost = sorted(bare - metered - alone)
    if lost:
        again = passed(folder, lost, metered=False) - passed(folder, lost, metered=True)
        lost = [test for test in lost if test in again]
    for test in lost:
        print(f"{folder.name}: passes bare, not metered: {test}", flush=True)
    seconds = time.monotonic() - began
    kept = len(bare) - len(lost) - len(alone)
    print(f"{folder.name}: {len(bare)} pass bare, {kept} of them metered; {seconds:.0f} s", flush=True)
    if alone:
        print(f"{folder.name}: {len(alone)} more want the SDK's span to say what the SDK says alone", flush=True)
    return len(bare) - len(alone), len(lost)


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a test passes bare and not metered, apart from those that `alone` lists."""
    unknown = sorted(set(arguments) - set(CLIENTS))
    if unknown:
        print(f"no SDK {', '.join(unknown)}: there are {', '.join(CLIENTS)}", file=sys.stderr)
        return 2
    counts = [compare(sdk) for sdk in CLIENTS if sdk in arguments or not arguments]
    bare, lost = (sum(count[at] for count in counts) for at in (0, 1))
    print(f"\n{bare - lost} passed, {lost} failed")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
