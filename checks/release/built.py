"""Wheel and sdist: built from the checkout, and looked through."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from checks.release.contents import of_sdist, of_wheel
from support import ROOT

__all__ = ["RELEASE", "TOOLS", "bare", "build", "looked_through", "said"]

TOOLS = ROOT / ".venv-tools" / "bin"
"""The installer and the build backend."""
RELEASE = ROOT / ".venv-release" / "bin"
"""What judges metadata, and lists materials."""


def bare() -> dict[str, str]:
    """This environment without what leads Python to a checkout."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "FAULT")}


def said(*command: str | Path, cwd: Path) -> tuple[int, str]:
    """A command's exit status, and what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=bare(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def build(source: Path, into: Path, *targets: str) -> list[Path]:
    """Build wheel and sdist, in this order, or the targets that are named.

    Raises:
        RuntimeError: if the build backend fails; with what it said.
    """
    chosen = targets or ("wheel", "sdist")
    options = [part for target in chosen for part in ("--target", target)]
    status, told = said(TOOLS / "hatchling", "build", *options, "--directory", into, cwd=source)
    if status:
        raise RuntimeError(told)
    kinds = {"wheel": "*.whl", "sdist": "*.tar.gz"}
    return [path for target in chosen for path in into.glob(kinds[target])]


def looked_through(wheel: Path, sdist: Path, number: str, work: Path) -> Iterator[tuple[str, str, list[str]]]:
    """A row for each thing that is looked at: of what, what was looked at, what is wrong.

    Args:
        wheel: its path.
        sdist: its path.
        number: the version that both have to be of.
        work: a folder for what is unpacked.
    """
    source = ROOT / "src"
    sources = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if not name.endswith("/")]
    yield wheel.name, f"{len(inside)} files, the package's", of_wheel(inside, sources, number)
    with tarfile.open(sdist) as archive:
        members = [member.name for member in archive if not member.isdir()]
        archive.extractall(work / "sdist", filter="data")
    yield sdist.name, f"{len(members)} files, the package's", of_sdist(members, sources, number)
    (again,) = build(work / "sdist" / f"chunkmeter-{number}", work / "again", "wheel")
    same = again.name == wheel.name and again.read_bytes() == wheel.read_bytes()
    yield sdist.name, "makes the same wheel, byte for byte", [] if same else ["it makes another wheel"]
    status, told = said(RELEASE / "twine", "--no-color", "check", "--strict", wheel, sdist, cwd=work)
    yield "both", "metadata, by twine", [told] if status else []
