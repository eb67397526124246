"""Findings on how processes live: on which Python, SIGTERM, forks, green threads."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

from ...shown import plain
from .conditions import Finding, found
from .machine import Machine

__all__ = ["FINDERS", "FLUSH", "flushes"]

_SERVERS = ("gunicorn", "uvicorn", "hypercorn", "granian", "celery")
"""Those that a supervisor ends by SIGTERM."""
FLUSH = "CHUNKMETER_FLUSH_ON_EXIT"
_PATCH = "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH"
_YES = ("true", "1", "yes", "on")


def flushes(machine: Machine) -> bool:
    """Whether telemetry is exported as the process ends by a signal."""
    return machine.value(FLUSH).lower() in _YES


def sigterm(machine: Machine) -> Iterator[Finding]:
    """A server is there, and nothing exports at its end."""
    if flushes(machine):
        return
    there = [f"{name} {plain(at)}" for name in _SERVERS if (at := machine.version(name))]
    if there:
        are = "is" if len(there) == 1 else "are"
        yield found("sigterm", f"{', '.join(there)} {are} installed, and {FLUSH} is not set", f"export {FLUSH}=true")


def preload(machine: Machine) -> Iterator[Finding]:
    """Gunicorn loads the app in the process that it forks."""
    if "--preload" in machine.value("GUNICORN_CMD_ARGS").split():
        yield found("preload", "GUNICORN_CMD_ARGS has --preload", "take --preload out of GUNICORN_CMD_ARGS")
    elif "--preload" in machine.command and any(PurePath(word).name == "gunicorn" for word in machine.command):
        yield found("preload", "gunicorn is started with --preload", "take --preload out of the command")


def gevent_unpatched(machine: Machine) -> Iterator[Finding]:
    """With gevent the SDK is better set up after the patch."""
    version = machine.version("gevent")
    if version is not None and machine.value(_PATCH) != "patch_all":
        what = f"gevent {plain(version)} is installed, and {_PATCH} is not set"
        yield found("gevent-unpatched", what, f"export {_PATCH}=patch_all, if the app patches by gevent")


def other_python(machine: Machine) -> Iterator[Finding]:
    """The command is a Python that does not see the packages which have been looked at."""
    found_at = shutil.which(machine.command[0], path=machine.environ.get("PATH")) if machine.command else None
    if found_at is None or not PurePath(found_at).name.startswith("python"):
        return
    # The files may be links to one Python; what it imports depends on the folder that it is started from.
    own, its = Path(sys.executable).parent, Path(found_at).parent
    if own.resolve() != its.resolve():
        what = (
            f"{plain(machine.command[0])} is {plain(found_at)}, and chunkmeter is installed for {plain(sys.executable)}"
        )
        yield found("other-python", what, f"{plain(sys.executable)} in its place, or pip install chunkmeter for it")


FINDERS = (sigterm, preload, gevent_unpatched, other_python)
