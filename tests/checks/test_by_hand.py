"""What `make backends-down` ends, and what it leaves alone; what `make backends` tells meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import build
from checks.e2e import by_hand

WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process that goes on until it is ended."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def keep(folder: Path, **process: Any) -> None:
    (folder / "running.json").write_text(json.dumps({"processes": [process], "addresses": {}}))


def test_what_was_started_is_ended(tmp_path: Path, parent: subprocess.Popen[str]) -> None:
    keep(tmp_path, name="otelcol", id=parent.pid, path=sys.executable)
    assert by_hand.down(tmp_path) == ["otelcol"]
    assert parent.wait(timeout=60) != 0
    assert by_hand.down(tmp_path) == []


def test_another_s_process_with_an_id_of_ours_is_left_alone(tmp_path: Path, parent: subprocess.Popen[str]) -> None:
    """Ids are used again, after a restart of the machine above all."""
    keep(tmp_path, name="otelcol", id=parent.pid, path="/home/ana/.cache/chunkmeter/backends/collector/otelcol")
    assert by_hand.down(tmp_path) == []
    assert parent.poll() is None


@pytest.mark.slow
def test_a_step_that_goes_on_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends once it has been told of, so that no clock decides."""
    told: list[str] = []
    flag = tmp_path / "told"

    def say(line: str) -> None:
        told.append(line)
        flag.touch()

    monkeypatch.setattr(build, "EVERY", 0.05)
    monkeypatch.setattr(build, "say", say)
    code = "import os, sys\nwhile not os.path.exists(sys.argv[1]): pass\nprint('done')"
    assert build.run(sys.executable, "-c", code, flag, cwd=tmp_path) == "done\n"
    assert told
    assert told[0].startswith(f"  {Path(sys.executable).name} -c is at work, ")


def test_a_build_is_told_of_as_it_begins_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what is there nothing is said."""

    def made(_: build.Backend, __: Path, binaries: Path) -> None:
        (binaries / "quayside").touch()

    monkeypatch.setenv("CHUNKMETER_CACHE", str(tmp_path))
    monkeypatch.setattr(build.shutil, "which", lambda _: "/usr/bin/go")
    monkeypatch.setattr(build.Backend, "build", made)
    backend = build.Backend("quay", {"version": "v1.2.3"}, ("quayside",))
    build.ensure(backend, "2 of 3: ")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "make backends: 2 of 3: building quay v1.2.3, some minutes"
    assert lines[1].startswith("make backends: 2 of 3: quay is built, ")
    build.ensure(backend, "2 of 3: ")
    assert capsys.readouterr().err == ""
