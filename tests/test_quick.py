"""`make quick` leaves out what is slow, and fails where that was not said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import os, socket, subprocess, time
import grpc, pytest

@pytest.fixture
def server():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened

@pytest.fixture
def client(server):
    return server

def test_asks_for_a_service(server): ...
def test_asks_through_another_fixture(client): ...
@pytest.mark.slow
def test_is_marked(): time.sleep(0.1)

def test_runs_a_program(): subprocess.run(["true"])
def test_forks(): os.fork()
def test_sleeps(): time.sleep(0.1)
def test_opens_a_port(): socket.socket().bind(("127.0.0.1", 0))
def test_serves(): grpc.server(None)
def test_asks_late(request): request.getfixturevalue("server")

def test_is_quick(): time.sleep(0.001)
"""


@pytest.mark.slow
def test_a_test_that_belongs_elsewhere_fails(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    (tmp_path / "test_them.py").write_text(TESTS)
    options = ("-p", "support.quick", "-p", "no:randomly", "-p", "no:cacheprovider", "-rA", "--tb=no", "--color=no")
    command = [sys.executable, "-m", "pytest", *options, f"--rootdir={tmp_path}", str(tmp_path)]
    wide = {**os.environ, "COLUMNS": "400"}
    done = subprocess.run(
        command, cwd=pytestconfig.rootpath, env=wide, capture_output=True, text=True, timeout=300, check=False
    )
    lines = done.stdout.splitlines()
    said = {line.partition("::")[2] for line in lines if line.startswith(("FAILED", "ERROR"))}
    cure = "which is not for `make quick`: mark it with @pytest.mark.slow"
    assert said == {
        f"test_runs_a_program - Failed: this test starts a process, {cure}",
        f"test_forks - Failed: this test starts a process, {cure}",
        f"test_sleeps - Failed: this test sleeps for 0.1 s, {cure}",
        f"test_opens_a_port - Failed: this test opens a port, {cure}",
        f"test_serves - Failed: this test opens a port, {cure}",
        f"test_asks_late - Failed: this test opens a port, {cure}",
    }
    assert " 6 failed, 1 passed, 3 deselected" in lines[-1]
