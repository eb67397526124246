"""`chunkmeter doctor`: what is wrong with a set-up, or with a run of an app, and what to write against it.

    chunkmeter doctor [--json] [-- COMMAND ...]

Findings are small functions, each of one condition. Alone it looks at variables and packages; with a command it runs
that too.
"""

from __future__ import annotations

import argparse
import platform
import signal
from collections.abc import Iterator

from chunkmeter import __version__

from ...pricing import table_version
from ...shown import plain
from ...switches import disabled_hooks
from ..output import say, take_any_text
from .conditions import CONDITIONS, Finding
from .machine import Machine
from .report import Report

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "Find what is wrong with a set-up, or with a run of an app, and say what to write."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="-- COMMAND",
        help="a command to run auto-instrumented, such as -- python app.py; its telemetry comes here",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print the report, and return the exit code: 0 nothing found, 1 findings, 2 it can't work; or the command's."""
    command = options.command
    if command and command[0] != "--":
        say(f"chunkmeter doctor: {plain(command[0])} is no option of it: write -- before a command to run.")
        return 2
    machine = Machine(command=tuple(command[1:]))
    take_any_text()
    report = examine(machine)
    if machine.command:
        from .launch import CannotRunError, launch

        try:
            ran = launch(machine)
        except (CannotRunError, OSError, RuntimeError) as error:
            say(f"Cannot run {plain(machine.command[0])}: {error}")
            return 2
        report = _with_run(report, ran)
    print(report.as_json() if options.json else report.as_text())
    return report.exit_code()


def examine(machine: Machine) -> Report:
    """What the environment's variables and the packages tell. Exports of nothing are sent to the OTLP endpoint."""
    from . import costs, packages, processes, variables
    from .endpoint import endpoints

    finders = (*packages.FINDERS, *variables.FINDERS, *costs.FINDERS, *processes.FINDERS)
    findings = [each for find in finders for each in find(machine)]
    more, reached = endpoints(machine)
    return Report((*_fine(machine), *reached), _ordered([*findings, *more]))


def _with_run(report: Report, ran: object) -> Report:
    from . import heard
    from .ran import FINDERS, Run

    assert isinstance(ran, Run)
    more = [each for find in FINDERS for each in find(ran)]
    more += heard.findings(ran.lines, ran.machine)
    known = {(each.id, each.cure) for each in report.findings}
    more = [each for each in more if (each.id, each.cure) not in known]
    told = ran.seen.summary()
    return Report(
        (*report.fine, _end(ran.code), *told), _ordered([*report.findings, *more]), ran.code
    )  # fmt: skip


def _end(code: int) -> str:
    if code >= 0:
        return f"ran to exit code {code}"
    try:
        return f"ran until {signal.Signals(-code).name} ended it"
    except ValueError:
        return f"ran until signal {-code} ended it"


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """In the order of the table of conditions."""
    places = {name: place for place, name in enumerate(CONDITIONS)}
    return tuple(sorted(findings, key=lambda each: places[each.id]))


def _fine(machine: Machine) -> Iterator[str]:
    """What is in place."""
    yield f"chunkmeter {__version__}, Python {platform.python_version()}, prices of {plain(table_version())}"
    off = disabled_hooks(machine.environ)
    metered = [each for each in machine.hooked() if each.metered and not off & {each.hook, "*"}]
    yield f"metered: {', '.join(f'{each.name} {plain(each.version)}' for each in metered) or 'no library'}"
    if others := machine.tracing():
        told = ", ".join(map(plain, others.values()))
        yield f"other instrumentations: {told}; a call that several tell of counts once"
