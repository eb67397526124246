"""What the commands on our pages name: whether each target, option, extra, module, file and variable is there."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import shlex
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from opentelemetry import environment_variables as of_the_api
from opentelemetry.instrumentation import environment_variables as of_instrumentations
from opentelemetry.sdk import environment_variables as of_the_sdk
from packaging.requirements import InvalidRequirement, Requirement

from checks.pages.warned import warned
from chunkmeter import Settings
from chunkmeter.cli import parser
from support import ROOT

__all__ = ["YOURS", "Command", "commands", "faults", "prompted", "synopsis", "written"]

YOURS: Final = frozenset({"app.py"})
"""Names of files that stand for the reader's own."""
_EXTRAS = frozenset(
    tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"].keys()
)
_TARGETS = frozenset(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
_OTEL = {
    value
    for module in (of_the_api, of_the_sdk, of_instrumentations)
    for value in vars(module).values()
    if isinstance(value, str) and value.startswith("OTEL_")
}
# Those of programs, or of chunkmeter's own development.
_CHUNKMETER = frozenset(
    {"CHUNKMETER_CACHE", "CHUNKMETER_CI_SECONDS", "CHUNKMETER_UI_CONFIG"}
    | {f"CHUNKMETER_{field.upper()}" for field in Settings.__dataclass_fields__}
)
# Programs of others: that their arguments are right is theirs to say.
_OTHERS = frozenset(
    [
        "[",
        "amtool",
        "cat",
        "cd",
        "celery",
        "cp",
        "curl",
        "docker",
        "echo",
        "exit",
        "git",
        "go",
        "gunicorn",
        "hey",
        "hypercorn",
        "ipython",
        "jq",
        "jupyter",
        "kill",
        "kubectl",
        "kubernetes-validate",
        "kustomize",
        "mkdir",
        "mlflow",
        "otelcol",
        "phoenix",
        "prometheus",
        "promtool",
        "pwd",
        "rm",
        "set",
        "sleep",
        "source",
        "tar",
        "tee",
        "test",
        "touch",
        "trap",
        "true",
        "uvicorn",
        "victoria-metrics",
        "vmalert",
        "wait",
        "wget",
    ]
)
_BEFORE = frozenset({"env", "exec", "export", "nohup", "sudo", "time"})
"""Words before a command, or before assignments."""
_CONTROL = frozenset({"do", "done", "elif", "else", "fi", "if", "then", "until", "while", "{", "}", "!"})
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?^\2$", re.DOTALL | re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_FILE = re.compile(r"[\w./-]+\.(json|py|toml|txt|yaml)")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    Attributes:
        words: the program and its arguments; none where nothing but variables is set.
        variables: what is assigned before it.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def prompted(text: str) -> str:
    """The commands of a console: the lines after a prompt."""
    return "".join(f"{line[2:]}\n" for line in text.splitlines() if line.startswith("$ "))


def commands(text: str) -> Iterator[Command]:
    """The simple commands of a shell's text, those behind a `--` apart.

    Raises:
        ValueError: where a quotation has no end.
    """
    text = _HERE.sub(r"\3", text).replace("\\\n", " ")
    rest = ""
    for line in text.splitlines():
        rest += line
        try:
            words = _words(rest)
        except ValueError:
            rest += "\n"
            continue
        rest = ""
        for simple in _simple(words):
            yield from _commands(simple)
    if rest:
        raise ValueError(f"a quotation without an end: {rest}")


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def _simple(words: list[str]) -> Iterator[list[str]]:
    """Split at what stands between commands, and leave out where to their output goes."""
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif set(word) <= set("<>&") and set(word) & set("<>"):
            skip = True
            if found and found[-1].isdecimal():
                found.pop()
        elif set(word) <= set("();|&"):
            yield found
            found = []
        else:
            found.append(word)
    yield found


def _commands(words: list[str]) -> Iterator[Command]:
    variables: dict[str, str] = {}
    while words:
        assigned = _ASSIGNED.fullmatch(words[0])
        if assigned:
            variables[assigned[1]] = assigned[2]
        elif words[0] not in _BEFORE | _CONTROL:
            break
        words = words[1:]
    if words and words[0] == "for":
        return
    inner = words.index("--") if "--" in words else len(words)
    if words or variables:
        yield Command(tuple(words[:inner]), variables)
    if words[inner + 1 :]:
        yield from _commands(words[inner + 1 :])


def faults(command: Command, folder: str = "", files: Collection[str] = ()) -> list[str]:
    """What is wrong with a command, a sentence each.

    Args:
        command: the command.
        folder: that of its page, in which the files that it names may be too.
        files: the files that its page has.
    """
    found = [fault for name, value in command.variables.items() for fault in _variable(name, value)]
    if command.words:
        program, *arguments = command.words
        program = PurePosixPath(program).name
        check = _PROGRAMS.get(re.sub(r"^(python|pip)[\d.]+$", r"\1", program))
        if check is not None:
            found += check(arguments)
        elif program not in _OTHERS and program not in files:
            found.append(f"no program is called {program}: if there is one, checks/pages/shell.py has to know it")
        found += _missing(arguments, folder, files)
    return found


def _variable(name: str, value: str) -> Iterator[str]:
    if name.startswith("CHUNKMETER_"):
        if name not in _CHUNKMETER:
            yield f"{name} is no setting"
            return
        with warned() as warnings:
            Settings.load({name: value})
        yield from warnings
    elif name.startswith("OTEL_") and name not in _OTEL:
        yield f"{name} is no variable of OpenTelemetry's"


def _missing(arguments: list[str], folder: str, files: Collection[str]) -> Iterator[str]:
    """The files that are named to be read, and aren't there."""
    for argument in arguments:
        path = argument.rpartition("=")[2]
        if (
            path in written(arguments)
            or not _FILE.fullmatch(path)
            or path.startswith("/")
            or path in YOURS | set(files)
        ):
            continue
        if not any((ROOT / place / path).is_file() for place in ("", folder)):
            yield f"no file is called {path}"


def written(arguments: Sequence[str]) -> set[str]:
    """The files that a command's arguments have it write."""
    return {value for option, value in pairwise(arguments) if option in ("-o", "--save", "--output", "--record")}


def synopsis(text: str) -> list[str]:
    """What is wrong with a text that may show how something is called: the options or the target that there are not."""
    target = re.match(r"make ([a-z0-9-]+)\b", text)
    if target:
        return list(_make([target[1]]))
    shown = re.match(r"chunkmeter ([a-z]+)\b", text)
    if shown is None:
        return []
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            parser().parse_args([shown[1], "--help"])
    except SystemExit as end:
        if end.code:
            return [f"chunkmeter has no command {shown[1]}"]
    known = set(_OPTION.findall(said.getvalue()))
    return [f"chunkmeter {shown[1]} has no option {name}" for name in _OPTION.findall(text) if name not in known]


def _make(arguments: list[str]) -> Iterator[str]:
    for argument in arguments:
        if not _ASSIGNED.fullmatch(argument) and not argument.startswith("-") and argument not in _TARGETS:
            yield f"no target is called {argument}"


def _chunkmeter(arguments: list[str]) -> Iterator[str]:
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            parser().parse_args(arguments)
    except SystemExit as end:
        if end.code:
            yield said.getvalue().strip().splitlines()[-1]


def _pip(arguments: list[str]) -> Iterator[str]:
    if not arguments or arguments[0] != "install":
        return
    for argument in arguments[1:]:
        local = re.fullmatch(r"(?:\.|.*/chunkmeter)(\[.*\])?", argument)
        if argument.startswith("-") or (_FILE.fullmatch(argument) and not local):
            continue
        try:
            wanted = Requirement(f"chunkmeter{local[1] or ''}" if local else argument)
        except InvalidRequirement as error:
            yield f"{argument} is no requirement: {error}"
            continue
        if wanted.name == "chunkmeter" and wanted.extras - _EXTRAS:
            yield f"chunkmeter has no extra {', '.join(sorted(wanted.extras - _EXTRAS))}"


def _python(arguments: list[str]) -> Iterator[str]:
    if arguments[:1] != ["-m"]:
        return
    module = arguments[1]
    if module == "pip":
        yield from _pip(arguments[2:])
    elif importlib.util.find_spec(module) is None:
        yield f"no module is called {module}"


def _wrapped(arguments: list[str]) -> Iterator[str]:
    """Of a program that runs the command behind its own options."""
    start = next((at for at, word in enumerate(arguments) if PurePosixPath(word).name in {*_PROGRAMS, *_OTHERS}), None)
    if start is None:
        yield f"{os.fspath(' '.join(arguments))}: no program is run"
    else:
        for command in _commands(arguments[start:]):
            yield from faults(Command(tuple(word for word in command.words if not _FILE.fullmatch(word))))


_PROGRAMS: Final[Mapping[str, Callable[[list[str]], Iterator[str]]]] = {
    "chunkmeter": _chunkmeter,
    "make": _make,
    "opentelemetry-instrument": _wrapped,
    "pip": _pip,
    "python": _python,
    "timeout": _wrapped,
    "uv": lambda arguments: _wrapped(arguments) if arguments[:1] in (["pip"], ["run"]) else iter(()),
}
