"""Check what would be released, and leave it in `dist/`: `python -m checks.release [3.13]`.

Wheel and sdist are built from the checkout. Their files are compared with its sources, their metadata is judged by
twine. Each Python that the classifiers name gets an environment with the wheel and its pinned requirements alone, where
the command and a small program run. The bill of materials is that of this Python's environment, by cyclonedx. A Python
that is not found is told of, and fails nothing.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from checks import pythons
from checks.release.built import build, looked_through
from checks.release.installed import Installed
from checks.release.materials import bill
from checks.release.versions import mismatches, tags, version
from support import ROOT


def _agree() -> list[str]:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return mismatches(version(), changelog, tags(), tags("--points-at", "HEAD"))


def _rows(chosen: Sequence[str], work: Path) -> Iterator[tuple[str, str, list[str]]]:
    number, built = version(), work / "dist"
    yield "version", number, _agree()
    wheel, sdist = build(ROOT, built)
    yield from looked_through(wheel, sdist, number, work)
    for each in chosen:
        interpreter = sys.executable if each == pythons.OWN else pythons.find(each)
        if interpreter is None:
            yield f"Python {each}", f"not run: neither python{each} on PATH nor pyenv has it", []
            continue
        environment = Installed(work / each, interpreter, wheel)
        yield f"Python {each}", "installed, run", environment.wrong(number, each)
        if each == pythons.OWN:
            target = built / f"chunkmeter-{number}.cdx.json"
            yield target.name, "what it brings along", bill(environment.python, target, number)


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if something is wrong, 2 for a Python that no classifier names. Arguments are versions."""
    unknown = sorted(set(arguments) - set(pythons.named()))
    if unknown:
        print(f"no Python {', '.join(unknown)}: pyproject.toml names {', '.join(pythons.named())}", file=sys.stderr)
        return 2
    failed = 0
    with tempfile.TemporaryDirectory(prefix="chunkmeter-release-") as work:
        for of, told, wrong in _rows(list(arguments) or pythons.named(), Path(work)):
            print(f"{of:<36} {told:<44} {'; '.join(wrong) or 'ok'}", flush=True)
            failed += bool(wrong)
        if not failed:
            shutil.rmtree(ROOT / "dist", ignore_errors=True)
            shutil.copytree(Path(work) / "dist", ROOT / "dist")
    left = sorted(f"dist/{path.name}" for path in (ROOT / "dist").iterdir()) if not failed else []
    print(f"{failed} failed, dist/ is as it was" if failed else f"made {', '.join(left)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
