"""Set-ups for `chunkmeter doctor`: each as it is broken, what is found, and what cures it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Found", "Report", "SetUp", "examine"]

_DOCTOR = "from chunkmeter.cli import main; raise SystemExit(main())"


class Found(NamedTuple):
    """A finding: its condition, what is said to be wrong, and the line to write."""

    id: str
    what: str
    cure: str


@dataclass(frozen=True)
class SetUp:
    """One set-up, in two states.

    Attributes:
        name: what tells it from others.
        found: what is found while it is broken; `{otlp}` and `{replay}` stand for where these servers listen,
            `{folder}` for that of its files.
        broken: variables while it is broken; an empty one is not set.
        cured: those that differ once it is cured.
        packages: packages that are installed while it is broken, by name.
        cured_packages: those once it is cured.
        without_distro: whether OpenTelemetry's distro is missing while it is broken.
        script: the app that is run; none where the doctor only looks.
        cured_script: the app once it is cured, where that takes another line of code.
        files: files that are there while it is broken, by name.
        cured_files: those once it is cured.
        code: the app's exit code, as a shell has it, in both states.
    """

    name: str
    found: tuple[Found, ...]
    broken: Mapping[str, str] = field(default_factory=dict)
    cured: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    cured_packages: Mapping[str, str] = field(default_factory=dict)
    without_distro: bool = False
    script: str = ""
    cured_script: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    cured_files: Mapping[str, str] = field(default_factory=dict)
    code: int = 0


class Report(NamedTuple):
    """What the doctor printed as JSON, and its exit code; `text` is all that it wrote."""

    said: dict[str, Any]
    code: int
    text: str

    @property
    def found(self) -> list[Found]:
        return [Found(each["id"], each["what"], each["cure"]) for each in self.said["findings"]]


def examine(python: Path, environ: Mapping[str, str], command: Sequence[str] = ()) -> Report:
    """Runs the doctor in an environment of packages and variables of its own.

    Args:
        python: the environment's Python.
        environ: all variables; an empty one is left out.
        command: a command for the doctor to run.
    """
    done = subprocess.run(
        [str(python), "-c", _DOCTOR, "doctor", "--json", *(["--", *command] if command else [])],
        env={name: value for name, value in environ.items() if value},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    return Report(json.loads(done.stdout.splitlines()[-1]), done.returncode, done.stdout + done.stderr)
