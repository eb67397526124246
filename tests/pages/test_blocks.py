"""Every code block on our pages: programs run, files load, commands name what is there, and all of it parses."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from checks.pages import shell
from checks.pages.data import load
from checks.pages.kinds import ALL, commands_of, kind_of, run_by, unrun
from checks.pages.program import compiled, program
from chunkmeter import cli
from replay.demo import app_environment
from replay.server import Server
from support import ROOT
from support.pages import PAGES, Block, blocks, spoken

SHELL = [block for block in ALL if kind_of(block) in ("shell", "console")]
DATA = [block for block in ALL if kind_of(block) == "data"]
PYTHON = [block for block in ALL if kind_of(block) == "python"]
PROGRAMS = [page for page in PAGES if program(page)]
TOLD_OF_THE_PAST = ("CHANGELOG.md", "docs/decisions.md")
SCRIPTS = [
    block
    for block in PYTHON
    if block.file and not block.needs and not block.file.startswith("src/") and not run_by(block)
]


def files_of(page: str) -> set[str]:
    """The files that the page has, or has a command write."""
    written = {
        file
        for block in SHELL
        if block.page == page
        for command in shell.commands(commands_of(block))
        for file in shell.written(command.words)
    }
    return written | {block.file for block in blocks(page) if block.file}


def faults(block: Block) -> list[str]:
    folder = str(PurePosixPath(block.page).parent)
    files = files_of(block.page)
    return [fault for command in shell.commands(commands_of(block)) for fault in shell.faults(command, folder, files)]


def lay_out(page: str, folder: Path) -> None:
    """The files of a page, in a folder."""
    for block in blocks(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, "utf-8")


def run(command: list[str], folder: Path, server: Server) -> str:
    """Run it with the providers played, and return what it prints."""
    played = app_environment(server.url, "").items()
    environment = {name: value for name, value in played if not name.startswith("OTEL_")} | {"PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment.pop("COLUMNS", None)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", PROGRAMS)
def test_a_page_s_program_runs(page: str, server: Server, tmp_path: Path) -> None:
    lay_out(page, tmp_path)
    run([sys.executable, "-m", "checks.pages.program", page], tmp_path, server)


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_a_page_s_script_runs(block: Block, server: Server, tmp_path: Path) -> None:
    """A file of tests by pytest."""
    assert block.file is not None
    lay_out(block.page, tmp_path)
    by = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if PurePosixPath(block.file).name.startswith("test_") else []
    run([sys.executable, *by, block.file], tmp_path, server)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_parses(block: Block) -> None:
    compiled(block)


@pytest.mark.parametrize("block", DATA, ids=str)
def test_a_file_loads(block: Block) -> None:
    load(block)


@pytest.mark.slow
@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_parse(block: Block) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=commands_of(block), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_name_what_is_there(block: Block) -> None:
    assert faults(block) == []


SHOWN = [
    (block, line)
    for block in SHELL
    if not block.needs
    for line in commands_of(block).splitlines()
    if any(
        file.file in command.words[1:]
        for command in shell.commands(line)
        for file in PYTHON
        if file.page == block.page and file.file
    )
]


@pytest.mark.parametrize(("block", "line"), SHOWN, ids=str)
def test_an_app_of_the_page_does_as_shown(block: Block, line: str, server: Server, tmp_path: Path) -> None:
    """A command that runs a file of its page; a console shows what it prints, but for how long it takes."""
    lay_out(block.page, tmp_path)
    told = run(shlex.split(line), tmp_path, server)
    if kind_of(block) != "console":
        return
    shown = block.code.partition(f"$ {line}\n")[2].partition("\n$ ")[0]
    seconds = re.compile(r"\d+\.\d+ s\b")
    shown, told = seconds.sub("0.0 s", shown), seconds.sub("0.0 s", told)
    assert doctest.OutputChecker().check_output(shown, told, doctest.ELLIPSIS), told


PRICED = [
    (block, command.words[1:])
    for block in SHELL
    if not block.needs
    for command in shell.commands(commands_of(block))
    if command.words[:2] in (("chunkmeter", "price"), ("chunkmeter", "prices"))
]


@pytest.mark.parametrize(("block", "arguments"), PRICED, ids=str)
def test_prices_are_told_as_shown(
    block: Block,
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`chunkmeter price` and `prices` run; a console shows what they print."""
    monkeypatch.setenv("COLUMNS", "120")
    lay_out(block.page, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 0
    told = capsys.readouterr().out
    if kind_of(block) == "console":
        shown = block.code.partition(f"$ {shlex.join(['chunkmeter', *arguments])}\n")[2].partition("\n$ ")[0]
        assert doctest.OutputChecker().check_output(shown, told, doctest.ELLIPSIS), told


@pytest.mark.parametrize("block", [block for block in ALL if kind_of(block) == "text"], ids=str)
def test_a_synopsis_has_options_that_are_there(block: Block) -> None:
    assert shell.synopsis(block.code) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page not in TOLD_OF_THE_PAST])
def test_a_sentence_names_what_is_there(page: str) -> None:
    """Targets, commands with their options, settings."""
    found = [fault for code in spoken(page) for fault in shell.synopsis(code)]
    named = {name for code in spoken(page) for name in re.findall(r"\bCHUNKMETER_\w*[A-Z]\b", code)}
    assert found + [fault for name in named for fault in shell.faults(shell.Command((), {name: ""}))] == []


def test_what_is_not_run_is_listed() -> None:
    """Each with what it needs, and nothing else."""
    listed = {line.partition(": needs ")[0] for line in unrun()}
    assert listed >= {str(block) for block in ALL if block.needs}
    assert not listed & {str(block) for block in SCRIPTS}
    assert "docs/prices.md" in {place.partition(":")[0] for place in listed}


# --- the test of the tests ---


def program_run(page: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "checks.pages.program", str(page)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def block_of(language: str, code: str, above: str = "") -> Block:
    (found,) = blocks("docs/start.md", f"{above}\n```{language}\n{code}\n```\n")
    return found


@pytest.mark.parametrize(
    ("commands", "fault"),
    [
        ("make tset", "no target is called tset"),
        ("FAULT=x make test ARGS='-k name'", ""),
        ("pip install 'chunkmeter[atuo,cli]'", "chunkmeter has no extra atuo"),
        ("pip install 'chunkmeter[auto,cli]' fastapi 'openai>=2'", ""),
        ("pip install '/path/to/chunkmeter[clli]'", "chunkmeter has no extra clli"),
        ("python -m pip install 'chunkmeter[auto'", "chunkmeter[auto is no requirement"),
        ("chunkmeter tial", "invalid choice: 'tial'"),
        ("chunkmeter tail --sav calls.json --tre", ""),  # argparse takes what is short and clear
        ("chunkmeter tail --trees", "unrecognized arguments: --trees"),
        ("chunkmeter run --by tenant -- python ap.py", "no file is called ap.py"),
        ("chunkmeter run --bye tenant", "unrecognized arguments: --bye"),
        ("chunkmeter run -- pyhton app.py", "no program is called pyhton"),
        ("opentelemetry-instrument pyhton app.py", "no program is run"),
        ("cd x && opentelemetry-instrument python app.py", ""),
        ("python -m replay.sever 8901", "no module is called replay.sever"),
        ("curl -s localhost:1 | jqq .", "no program is called jqq"),
        ("export CHUNKMETER_METRIC_LABLES=tenant", "CHUNKMETER_METRIC_LABLES is no setting"),
        ("CHUNKMETER_SEMCONV=newest python app.py", "CHUNKMETER_SEMCONV='newest' is not usable"),
        ("OTEL_EXPORTER_OTLP_ENDPONT=http://x python app.py", "OTEL_EXPORTER_OTLP_ENDPONT is no variable"),
        ("cat docs/no_such.toml > x.txt", "no file is called docs/no_such.toml"),
        ("cat <<EOF > x.txt\nno command\nEOF", ""),
        ("for x in 1 2; do\n  mkae $x\ndone 2>&1", "no program is called mkae"),
        ("chunkmeter run \\\n  --by tenant -- python app.py  # mkae", ""),
    ],
)
def test_a_command_that_is_wrong_is_found(commands: str, fault: str) -> None:
    found = faults(block_of("sh", commands))
    assert len(found) == bool(fault), found
    assert fault in "".join(found)


@pytest.mark.parametrize(
    ("language", "code", "error"),
    [
        ("toml", "[[models]]\nnames = ['acme']\nprices = {ouput = 1}", "write output"),
        ("toml", "a = ", "Invalid value"),
        ("json", "{'a': 1}", "Expecting property name"),
        ("yaml", "a: [1", "expected ',' or ']'"),
        ("yaml", "instrumentation/development: {python: {chunkmeter_opnai: {}}}", "no instrumentor is called"),
        ("yaml", "instrumentation/development: {python: {chunkmeter_openai: {metric_lables: [a]}}}", "metric_lables"),
        ("yaml", "instrumentation/development: {python: {chunkmeter_openai: {semconv: new}}}", "semconv='new' is not"),
    ],
)
def test_a_file_that_is_wrong_is_found(language: str, code: str, error: str) -> None:
    with pytest.raises(Exception, match=error.replace("[", r"\[").replace("]", r"\]")):
        load(block_of(language, code))


@pytest.mark.parametrize("language", ["", "pyton"])
def test_a_block_of_no_known_language_is_found(language: str) -> None:
    with pytest.raises(ValueError, match="its fence says"):
        kind_of(block_of(language, "x"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chunkmeter tail [--tree | --jason]\n", ["chunkmeter tail has no option --jason"]),
        ("chunkmeter tial", ["chunkmeter has no command tial"]),
        ("chunkmeter price MODEL --tier ...", []),
        ("make tset", ["no target is called tset"]),
        ("make sense of it", ["no target is called sense"]),
        ("chunkmeter 0.1.0 meters --all", []),
    ],
)
def test_a_synopsis_that_is_wrong_is_found(text: str, found: list[str]) -> None:
    assert shell.synopsis(text) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("", "chunkmeter warns: "),
        ("<!-- warns: metric_lables -->", ""),
        ("<!-- warns: lables, too -->", "no warning says"),
    ],
)
def test_a_warning_that_is_meant_is_none_that_fails(above: str, told: str, tmp_path: Path) -> None:
    """It fails where it does not come."""
    page = tmp_path / "page.md"
    page.write_text(f"{above}\n```python\nimport chunkmeter\nchunkmeter.instrument(metric_lables='a')\n```\n")
    done = program_run(page)
    assert (done.returncode == 0, told in done.stderr) == (not told, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import chunkmeter\nchunkmeter.instrument(metric_lables='tenant')", "metric_lables"),
        ("import chunkmeter\nchunkmeter.wrap([], provder='openai')", "provder"),
        ("from chunkmeter import wrp", "wrp"),
        ("x = 1\nassert x == 2", "line 4"),
    ],
)
def test_a_program_that_is_wrong_is_found(code: str, told: str, tmp_path: Path) -> None:
    """Also where chunkmeter only warns; the page's line is told."""
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n```python\n{code}\n```\n")
    done = program_run(page)
    assert done.returncode == 1
    assert told in done.stderr
