"""Known bugs, each of which a check has to find: `FAULT=name make target` plants one, and must fail.

A fault is one function in a module of this folder, under `@fault(...)` with the targets that know it; it is called what
the function is called, with dashes. Nothing else has to name it. Every target calls `plant` before it starts.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NoReturn, TypeVar

__all__ = ["Fault", "Target", "asked", "fault", "known", "plant", "put"]

Target = Literal["test", "corpus", "fuzz", "torture", "e2e", "guard", "stress", "green", "matrix", "coexist", "uis"]
"""Of the Makefile."""
_Written = TypeVar("_Written", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Fault:
    """A bug: what plants it, and which targets have to find it."""

    plant: Callable[[], None]
    targets: tuple[Target, ...]


_faults: dict[str, Fault] = {}


def _call(function: Callable[[], None]) -> None:
    function()


def fault(*targets: Target, into: Callable[[Any], None] = _call) -> Callable[[_Written], _Written]:
    """Registers a function as a fault.

    Args:
        targets: which targets know it.
        into: puts what the function is to where it does its harm; the function does it itself unless told.
    """

    def register(function: _Written) -> _Written:
        name = function.__name__.replace("_", "-")
        if name in _faults:
            raise ValueError(f"there are two faults called {name}")
        _faults[name] = Fault(partial(into, function), targets)
        return function

    return register


def put(owner: Any, name: str, value: Any) -> None:
    """Has a class or module go by `value`, to the end of the process."""
    setattr(owner, name, value)


def known() -> Mapping[str, Fault]:
    """Every fault by its name. The modules are loaded here, since most runs plant nothing."""
    for module in pkgutil.iter_modules(__path__):
        if module.name != "__main__":
            importlib.import_module(f"{__name__}.{module.name}")
    return _faults


def asked(target: Target, refuse: Callable[[str], NoReturn] = sys.exit) -> str:
    """The fault that `FAULT` names, "" if it names none.

    Args:
        target: which target this is.
        refuse: ends the run with a message, for a name that the target doesn't know.
    """
    name = os.environ.get("FAULT", "")
    if name:
        names = sorted(name for name, fault in known().items() if target in fault.targets)
        if name not in names:
            refuse(f"FAULT={name} is unknown to make {target}: write one of {', '.join(names)}")
    return name


def plant(target: Target, refuse: Callable[[str], NoReturn] = sys.exit) -> str:
    """Plants the fault that `FAULT` names, if it names one; its name. The arguments are those of `asked`."""
    name = asked(target, refuse)
    if name:
        known()[name].plant()
    return name
