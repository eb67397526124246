"""`make pythons`: runs all tests on every Python that chunkmeter's classifiers name, each in an environment of its own.

A Python that is not found is told of, and fails nothing. Standard library only: `.ci/plan.py` asks here as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["OWN", "find", "named", "places"]

ROOT = Path(__file__).resolve().parents[1]
OWN = "{}.{}".format(*sys.version_info)
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
# pyenv's shims are found on PATH for each version, and fail for those that are not chosen.
_ASK = "import ensurepip, sys, venv; print('{}.{}'.format(*sys.version_info))"
_COUNTS = re.compile(r"\d+ (?:passed|failed).* in ")


def named() -> list[str]:
    """The Pythons of the classifiers, such as `3.13`, the oldest first."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    return [match[1] for each in project["classifiers"] if (match := _CLASSIFIER.fullmatch(each))]


def places(version: str, environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Where that Python may be: on PATH, then in pyenv's folder, the newest first."""
    for folder in filter(None, environment.get("PATH", "").split(os.pathsep)):
        yield Path(folder) / f"python{version}"
    root = Path(environment.get("PYENV_ROOT") or Path(environment.get("HOME", "~")).expanduser() / ".pyenv")
    installed = (folder for folder in root.glob(f"versions/{version}.*") if folder.name.rpartition(".")[2].isdecimal())
    for folder in sorted(installed, key=lambda folder: int(folder.name.rpartition(".")[2]), reverse=True):
        yield folder / "bin" / "python"


def find(version: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """An interpreter of that version that makes environments, None if there is none."""
    for place in places(version, environment):
        if place.exists():
            asked = subprocess.run([place, "-c", _ASK], capture_output=True, text=True, check=False, env=environment)
            if asked.returncode == 0 and asked.stdout.strip() == version:
                return str(place)
    return None


def _test(python: str | None) -> tuple[bool, str]:
    """Whether `make test` passes with this interpreter, None for make's own; and the counts that pytest told last."""
    # What this make was given is not for the other one.
    kept = {name: word for name, word in os.environ.items() if name not in ("ARGS", "MAKEFLAGS", "MFLAGS", "PYTHON")}
    command = ["make", "--no-print-directory", "test", *([f"PYTHON={python}"] if python else [])]
    counts = "no counts"
    with subprocess.Popen(command, cwd=ROOT, env=kept, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            counts = line.strip("= \n") if _COUNTS.search(line) else counts
    return process.returncode == 0, counts


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a test fails, 2 for a Python that no classifier names. Arguments are versions, all if none."""
    unknown = sorted(set(arguments) - set(named()))
    if unknown:
        print(f"no Python {', '.join(unknown)}: pyproject.toml names {', '.join(named())}", file=sys.stderr)
        return 2
    told, failed = list[str](), False
    for version in (version for version in named() if version in arguments or not arguments):
        python = sys.executable if version == OWN else find(version)
        if python is None:
            told.append(f"Python {version}: not run, neither python{version} on PATH nor pyenv has it")
            continue
        print(f"\n=== Python {version}: {python}", flush=True)
        began = time.monotonic()
        # Make's own Python has the environment without a version in its name.
        passed, counts = _test(None if version == OWN and "PYTHON" not in os.environ else python)
        failed, outcome = failed or not passed, "passed" if passed else "FAILED"
        told.append(f"Python {version}: {outcome}, {counts}; {time.monotonic() - began:.0f} s with the set-up")
    print("", *told, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
