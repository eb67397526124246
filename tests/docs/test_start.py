"""The five-minute starts: what each page has you write and run does what the page says, against the replay server."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

from replay.demo import app_environment
from replay.server import Server
from support import ROOT

pytestmark = pytest.mark.slow

STARTS = ROOT / "docs" / "start"
WITHIN = 120.0
BLOCK = re.compile(
    r"^(?:<!-- needs: [^>]*>\n(?=<!--))?(?:<!-- (?P<mark>\w+): (?P<of>.*?) -->\n)?"
    r"```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SECONDS = re.compile(r"in \d+\.\d s$", re.MULTILINE)
PORT = "8000"
"""Uvicorn's own, which a page says."""


class Page(NamedTuple):
    """What a page has the reader write, run and see."""

    files: dict[str, str]
    cells: list[str]
    """Python that is no file."""
    commands: list[str]
    """Lines for a shell, but for those that install or that ask a collector."""
    seen: list[str]
    """What is printed; of a console without its prompt."""


def read(name: str) -> Page:
    """Take a page apart."""
    page = Page({}, [], [], [])
    for block in BLOCK.finditer((STARTS / f"{name}.md").read_text("utf-8")):
        mark, of, language, code = block["mark"], block["of"], block["language"], block["code"]
        if mark == "file":
            page.files[of] = code
        elif language == "python" and mark is None:
            page.cells.append(code)
        elif language == "console":
            command, _, seen = code.partition("\n")
            page.commands.append(command.removeprefix("$ "))
            page.seen.append(seen)
        elif language == "sh" and of == "a second terminal":
            page.commands.extend(code.splitlines())
        elif language == "text":
            page.seen.append(code)
    return page


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """That of a reader whose providers are played."""
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest's workers have it, and the pages are of no terminal
    usual = app_environment(server.url, "")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**{name: value for name, value in usual.items() if not name.startswith("OTEL_")}, "PATH": path}


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One with the files of the page that the test names."""
    for file, code in read(request.param).files.items():
        (tmp_path / file).write_text(code, "utf-8")
    return tmp_path


def told(text: str) -> str:
    """Without the time that it took."""
    return SECONDS.sub("in ... s", text)


@contextmanager
def first_terminal(command: str, folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until Ctrl-C, as the first of two terminals has it."""
    process = subprocess.Popen(
        shlex.split(command), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ctrl_c(process: subprocess.Popen[str]) -> str:
    """What it has printed by its end."""
    process.send_signal(signal.SIGINT)
    return told(process.communicate(timeout=WITHIN)[0])


@pytest.mark.parametrize(
    ("name", "folder"),
    [(each, each) for each in ("openai", "anthropic", "mirascope", "langchain")],
    indirect=["folder"],
)
def test_an_app_prints_and_costs_what_the_page_says(name: str, folder: Path, environment: dict[str, str]) -> None:
    page = read(name)
    [command], [seen] = page.commands, page.seen
    ran = subprocess.run(
        shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True, timeout=WITHIN, check=False
    )
    assert (ran.returncode, told(ran.stdout + ran.stderr)) == (0, told(seen))


@pytest.mark.parametrize("folder", ["fastapi"], indirect=True)
def test_a_service_tells_what_each_tenant_has_spent(folder: Path, environment: dict[str, str]) -> None:
    page = read("fastapi")
    label, command, *asking = page.commands
    name, value = label.removeprefix("export ").split("=")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with first_terminal(command, folder, {**environment, name: value, "UVICORN_PORT": port}) as service:
        with httpx.Client(trust_env=False, timeout=WITHIN) as client:
            for each in asking:
                url = shlex.split(each)[-1].replace(PORT, port)
                assert until_answered(client, url, service) == "Lisbon lies on seven hills above the Tagus."
        assert ctrl_c(service).strip() == told(page.seen[0]).strip()
    assert len(asking) == 2


def until_answered(client: httpx.Client, url: str, service: subprocess.Popen[str]) -> str:
    """The answer, once the service listens."""
    ends = time.monotonic() + WITHIN
    while True:
        try:
            return client.get(url).raise_for_status().text
        except httpx.ConnectError:
            assert service.poll() is None, service.communicate()[0]
            assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.mark.parametrize("folder", ["celery"], indirect=True)
def test_a_worker_tells_what_its_tasks_have_spent(folder: Path, environment: dict[str, str]) -> None:
    """Also with nothing exported before the end, as the page's table has it."""
    page = read("celery")
    command, ask = page.commands
    rare = {"OTEL_METRIC_EXPORT_INTERVAL": "3600000", "OTEL_BSP_SCHEDULE_DELAY": "3600000"}
    with first_terminal(command, folder, {**environment, **rare}) as worker:
        asked = subprocess.run(
            shlex.split(ask), cwd=folder, env=environment, capture_output=True, text=True, timeout=WITHIN, check=False
        )
        assert (asked.stdout, asked.returncode) == ("Porto is older than it looks.\n" * 3, 0), asked.stderr
        assert told(page.seen[0]).strip() in ctrl_c(worker)


def test_a_notebook_s_cells_print_what_the_page_says(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real kernel runs them in order, as a reader does."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    page = read("jupyter")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in page.cells])
    NotebookClient(notebook, timeout=int(WITHIN), resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [text for cell in notebook.cells if (text := printed(cell, "stdout"))] == page.seen
    warnings = "".join(printed(cell, "stderr") for cell in notebook.cells)
    assert warnings.startswith("No OpenTelemetry SDK is set up, so nothing is exported.")
    assert warnings.count("\n") == 1


def printed(cell: Any, stream: str) -> str:
    """What a cell has printed there."""
    return "".join(output["text"] for output in cell.outputs if output.get("name") == stream)


def test_every_start_is_tested_and_told_of() -> None:
    """In the overview, in the order in which it has them."""
    listed = re.findall(r"\(start/(\w+)\.md\)", (ROOT / "docs" / "start.md").read_text("utf-8"))
    assert sorted(dict.fromkeys(listed)) == sorted(path.stem for path in STARTS.glob("*.md"))
    assert {*listed} == {"openai", "anthropic", "mirascope", "langchain", "fastapi", "celery", "jupyter"}
