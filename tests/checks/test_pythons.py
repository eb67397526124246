"""Which interpreters `make pythons` finds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from checks import pythons

SAYS = "#!/bin/sh\necho {}\n"


def put(place: Path, text: str) -> str:
    """A program in place of an interpreter."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o755)
    return str(place)


def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join((str(tmp_path / "shims"), str(tmp_path / "bin"))), "HOME": str(tmp_path)}


def test_the_classifiers_name_what_is_tested() -> None:
    assert pythons.named() == ["3.11", "3.12", "3.13"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="its interpreters here are shell scripts")
def test_the_first_that_runs_is_taken_from_path(tmp_path: Path) -> None:
    """A shim of pyenv's that was not chosen fails, and a program of another version is not the one."""
    put(tmp_path / "shims/python3.13", "#!/bin/sh\nexit 127\n")
    wanted = put(tmp_path / "bin/python3.13", SAYS.format("3.13"))
    put(tmp_path / ".pyenv/versions/3.13.9/bin/python", SAYS.format("3.13"))
    put(tmp_path / "bin/python3.12", SAYS.format("3.13"))
    assert pythons.find("3.13", environment(tmp_path)) == wanted
    assert pythons.find("3.12", environment(tmp_path)) is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="its interpreters here are shell scripts")
def test_the_newest_of_pyenv_is_taken_where_path_has_none(tmp_path: Path) -> None:
    for micro in (9, 10, 1):
        put(tmp_path / f".pyenv/versions/3.12.{micro}/bin/python", SAYS.format("3.12"))
    put(tmp_path / ".pyenv/versions/3.12.11-debug/bin/python", SAYS.format("3.12"))
    newest = str(tmp_path / ".pyenv/versions/3.12.10/bin/python")
    assert pythons.find("3.12", environment(tmp_path)) == newest
    elsewhere = {"PATH": "", "PYENV_ROOT": str(tmp_path / ".pyenv"), "HOME": "/nowhere"}
    assert pythons.find("3.12", elsewhere) == newest
    assert pythons.find("3.1", elsewhere) is None


def test_a_python_that_nobody_named_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert pythons.main(["3.13", "2.7"]) == 2
    assert capsys.readouterr().err == "no Python 2.7: pyproject.toml names 3.11, 3.12, 3.13\n"
