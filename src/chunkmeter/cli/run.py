"""Runs a command with its LLM calls metered, and prints what it cost.

chunkmeter run [--by model,tenant] [--save FILE] [--forward URL] -- COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import Any, Self

from ..shown import plain
from .child import environment, exporting, without_sdk
from .forward import Target, environment_targets
from .options import add_shared, listening
from .output import say
from .picture import summary
from .receiver import Receiver
from .screen import error_style

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "Runs a command with its LLM calls metered, and prints what they cost: chunkmeter run -- python app.py"
_USAGE = "chunkmeter run [-h] [--by NAME[,NAME...]] [--save FILE] [--forward URL] -- COMMAND [ARGUMENT ...]"
_NOT_FOUND, _NOT_RUN = 127, 126
_AUTO = "opentelemetry.instrumentation.auto_instrumentation"
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_OF_TERMINALS = ("SIGINT", "SIGQUIT")
"""Signals that a terminal sends to every process in its foreground, to the command too."""
_NOTHING_CAME = (
    "\nNo LLM call has been seen. chunkmeter has to be installed where the command's Python looks for packages, and "
    "the library that calls the model has to be one that it meters: `chunkmeter doctor -- COMMAND` looks why."
)
_ENDED = (
    "\nNo LLM call has been seen before the command ended with {}. If it has made one, `chunkmeter doctor -- COMMAND` "
    "looks why it has not come."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.usage = _USAGE
    add_shared(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, and its arguments")


def run(options: argparse.Namespace) -> int:
    """Run the command to its end, and return its exit code; 128 and the signal's number where a signal ended it.

    127 stands for a command that is not there, 126 for one that can't be run, and 2 for what is missing here.
    """
    command: list[str] = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        say("Name the command to run: chunkmeter run -- python app.py")
        return 2
    auto = importlib.util.find_spec(_AUTO)
    if auto is None or auto.origin is None or not entry_points(group="opentelemetry_configurator"):
        say("Running an app metered needs OpenTelemetry's distro: pip install 'chunkmeter[auto]'")
        return 2
    try:
        goals = environment_targets(os.environ) if exporting(os.environ) else {}
    except ValueError as error:
        say(f"OTEL_EXPORTER_OTLP_ENDPOINT is not usable: {error}. Nothing is forwarded.")
        goals = dict[str, Target]()
    receiver = listening(options, speaks_grpc=False, goals=goals)
    if receiver is None:
        return 2
    if why := without_sdk(os.environ):
        say(why)
    began = time.monotonic()
    with receiver:
        endpoint = f"http://{receiver.host}:{receiver.http_port}"
        code = _run(command, environment(os.environ, endpoint, Path(auto.origin).parent, Path.cwd()))
    if code not in (_NOT_FOUND, _NOT_RUN):
        _tell(receiver, time.monotonic() - began, code)
    return code


def _run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command, with its input and outputs untouched, and return its exit code."""
    with _Signals() as signals:
        try:
            child = subprocess.Popen(command, env=environ)
        except FileNotFoundError:
            say(f"{plain(command[0])}: no such command. It is looked for in PATH, as a shell does.")
            return _NOT_FOUND
        except OSError as error:
            say(f"{plain(command[0])} can't be run: {error.strerror}.")
            return _NOT_RUN
        signals.pass_to(child)
        code = child.wait()
    return 128 - code if code < 0 else code


class _Signals(AbstractContextManager["_Signals"]):
    """Passes signals on to a child, and lives on. Those that were ignored before stay so, for the child too."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (getattr(signal, name) for name in (*_PASSED_ON, *_OF_TERMINALS) if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_to(self, child: subprocess.Popen[bytes]) -> None:
        """Pass signals on to this child, first those that came before it was there."""
        self._child = child
        for number in self._early:
            child.send_signal(number)

    def _take(self, number: int, _: FrameType | None) -> None:
        if signal.Signals(number).name in _OF_TERMINALS and _in_foreground():
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


def _in_foreground() -> bool:
    """Whether this runs in the foreground of a terminal, which then sends its signals to the command as well."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _tell(receiver: Receiver, seconds: float, code: int) -> None:
    """Print what the command cost, on stderr."""
    book, style = receiver.book, error_style()
    count = book.page(1).count
    if not count:
        say(_ENDED.format(code) if code else _NOTHING_CAME)
        return
    say(f"\n{count:,} LLM {'call' if count == 1 else 'calls'} in {seconds:.1f} s")
    say("\n".join(line.text for line in summary(book, style, brief=True)[1:]))
