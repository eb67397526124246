"""What the doctor looks at: the environment's variables, and the packages' metadata. Nothing of it is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, entry_points, version

from chunkmeter import instrumentors

from ...instrumentors import others

__all__ = ["Hooked", "Machine"]

_SPANS = "SpansInstrumentor"
_GROUP = "opentelemetry_instrumentor"


@dataclass(frozen=True, slots=True)
class Hooked:
    """A library that is installed and that chunkmeter has a hook for.

    Attributes:
        name: what it is called.
        distribution: the name of its package.
        version: which version is installed.
        hook: the name of the hook's entry point, by which it is switched off.
        tested: whether the hook is tested with that version.
        metered: whether the hook meters that version.
        cure: what to do about another version.
    """

    name: str
    distribution: str
    version: str
    hook: str
    tested: bool
    metered: bool
    cure: str


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _names(group: str) -> tuple[str, ...]:
    return tuple(point.name for point in entry_points(group=group))


@dataclass(frozen=True)
class Machine:
    """What is installed for this Python, and the environment's variables.

    Attributes:
        environ: the variables by name.
        command: the command to be run, with its arguments; empty without one.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    command: tuple[str, ...] = ()

    def value(self, name: str) -> str:
        """A variable without spaces around it; empty where it is not set."""
        return self.environ.get(name, "").strip()

    def version(self, distribution: str) -> str | None:
        """Which version of a package is installed; None if none is."""
        return _version(distribution)

    def entry_points(self, group: str) -> tuple[str, ...]:
        """The names of the entry points of a group."""
        return _names(group)

    def hooked(self) -> list[Hooked]:
        """The libraries that are installed and that chunkmeter has hooks for."""
        points = {point.value.partition(":")[2]: point.name for point in entry_points(group=_GROUP)}
        found: list[Hooked] = []
        for name in instrumentors.__all__:
            library = getattr(getattr(instrumentors, name), "library", None)
            installed = library and library.found()
            if library is None or installed is None or name not in points:
                continue
            tested = library.least <= library.release() < library.below
            found.append(
                Hooked(
                    library.name, library.distribution, installed, points[name], tested,
                    tested or not library.declines, library.cure,
                )
            )  # fmt: skip
        return found

    def unhooked(self) -> dict[str, str]:
        """The libraries that are installed and have no hook, as `name version`, by the name of their package."""
        found = {each: _version(each) for each in others.WITHOUT_HOOK}
        return {each: f"{others.WITHOUT_HOOK[each]} {at}" for each, at in found.items() if at is not None}

    def tracing(self) -> dict[str, str]:
        """The other instrumentations that are installed, as `name version`, by the name of their package.

        A library that traces itself and that chunkmeter has a hook for is none.
        """
        own = {getattr(instrumentors, each).library.distribution for each in instrumentors.__all__ if each != _SPANS}
        found = {each: _version(each) for each in others.TRACING if each not in own}
        return {each: f"{each} {at}" for each, at in found.items() if at is not None}
