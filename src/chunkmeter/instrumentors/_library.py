"""Puts one library's hooks in place, and takes them away again; says which of its versions are metered."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from importlib.metadata import PackageNotFoundError, version
from types import CellType
from typing import Any, ClassVar, Protocol

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from ..calls.flush import flush_on_exit
from ..guard import unheard
from ..reporting.telemetry import Telemetry, for_providers
from ..settings import Settings, warn_of_unknown
from ..shown import plain

__all__ = [
    "Configuration",
    "Library",
    "LibraryInstrumentor",
    "Patches",
    "Wrapper",
    "hook",
    "settings_of",
    "telemetry_of",
]

_logger = logging.getLogger("chunkmeter")


def _take(self: Any, **options: Any) -> None:
    for name in Settings.__dataclass_fields__:
        setattr(self, name, options.pop(name, None))
    warn_of_unknown(options)


Configuration = make_dataclass(
    "Configuration",
    [(name, Any, field(default=None)) for name in Settings.__dataclass_fields__],
    init=False,
    namespace={"__init__": _take},
)
"""What each instrumentor's entry in OpenTelemetry's configuration file may say: every field of `Settings`.

Each is None unless the file says otherwise, so that the environment is asked; `Settings` checks what the file says. Of
an option that is no setting a warning is logged, and the others count.
"""

_PROVIDERS = frozenset({"logger_provider", "meter_provider", "tracer_provider"})


class Wrapper(Protocol):
    """A function that wrapt calls in place of the library's own."""

    def __call__(self, wrapped: Any, instance: Any, args: Any, kwargs: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Library:
    """A library, and which of its versions are metered.

    Attributes:
        name: the library's name in the log.
        distribution: the name of the package that pip installs.
        least: the first version that the hooks are tested with, such as `(1, 20)` for 1.20.
        below: the first later version that they are not tested with, such as `(2,)` for 2.0.
        last: the last versions that they are tested with, as a user writes them, such as `1.x`.
        cure: a sentence that says what a user of another version can do.
        declines: whether other versions go unmetered, since they are another library by the same name; else they are
            metered too, as far as the hooks find their place.
    """

    name: str
    distribution: str
    least: tuple[int, ...]
    below: tuple[int, ...]
    last: str
    cure: str
    declines: bool = False

    def found(self) -> str | None:
        """The version that is installed; None if none is."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    def release(self) -> tuple[int, ...]:
        """The first numbers of the version that is installed, three at most; empty if none is."""
        return _numbers(self.found() or "")

    def installed(self) -> bool:
        """Whether a version that is metered is installed; a warning is logged for a version that is not tested."""
        found = self.found()
        if found is None:
            return False
        if self.least <= _numbers(found) < self.below:
            return True
        if self.declines:
            _logger.warning(
                "%s %s is installed; this version of chunkmeter meters %s %s to %s only, so its calls go unmetered. %s",
                self.name,
                plain(found),
                self.name,
                ".".join(map(str, self.least)),
                self.last,
                self.cure,
            )
        else:
            _logger.warning(
                "%s %s is installed; this version of chunkmeter is tested with %s to %s. Its calls are metered all the "
                "same. %s",
                self.name,
                plain(found),
                ".".join(map(str, self.least)),
                self.last,
                self.cure,
            )
        return not self.declines


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


class Patches:
    """The hooks that stand in place of a library's own functions, until `remove()`.

    Args:
        telemetry: its guard keeps our failures away from the application.

    Attributes:
        active: whether the hooks are to meter. After `remove()` somebody may still hold a hook, which then finds False.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.active = True
        self._telemetry = telemetry
        self._done: list[tuple[Any, str, Any, Any]] = []
        self._inside: list[tuple[CellType, Any, Any]] = []

    def put(self, module: str, name: str, wrapper: Wrapper) -> None:
        """Put a hook in place now, or when its module is imported.

        Args:
            module: the full name of the library's module.
            name: the function in the module, such as `create` or `Client.create`.
            wrapper: called in place of the function.
        """

        def patch(module: Any) -> None:
            parent, attribute, _ = wrapt.resolve_path(module, name)
            self.wrap(parent, attribute, wrapper)

        self.when_imported(module, patch, name)

    def when_imported(self, module: str, install: Callable[[Any], None], name: str) -> None:
        """Do something with a module now, or when it is imported.

        Args:
            module: the full name of the library's module.
            install: called with the module, unless the hooks have been removed by then.
            name: what is hooked there, for the log.
        """

        def imported(module: Any) -> None:
            if self.active:
                with self._telemetry.guard("hook", f"hooking {module.__name__}.{name}"):
                    install(module)

        wrapt.register_post_import_hook(imported, module)

    def wrap(self, parent: Any, attribute: str, wrapper: Wrapper) -> None:
        """Put a hook in place of what a class or module has under a name, which may be inherited.

        Args:
            parent: the class or module.
            attribute: the name.
            wrapper: called in place of the function.
        """
        original = wrapt.resolve_path(parent, attribute)[2]
        inherited = attribute not in vars(parent)
        hook = wrapt.FunctionWrapper(original, wrapper)
        setattr(parent, attribute, hook)
        self._done.append((parent, attribute, hook, None if inherited else original))

    def wrap_inside(self, cell: CellType, wrapper: Wrapper) -> None:
        """Put a hook in place of the function that a closure keeps, and that whoever holds the closure calls by it.

        Args:
            cell: where the closure keeps the function.
            wrapper: called in place of the function.
        """
        original = cell.cell_contents
        hook = wrapt.FunctionWrapper(original, wrapper)
        cell.cell_contents = hook
        self._inside.append((cell, hook, original))

    def remove(self) -> None:
        """Put the library's own functions back; a hook that somebody has wrapped stays, and does nothing."""
        self.active = False
        for cell, hook, original in reversed(self._inside):
            if cell.cell_contents is hook:
                cell.cell_contents = original
        self._inside.clear()
        for parent, attribute, hook, original in reversed(self._done):
            if vars(parent).get(attribute) is not hook:
                continue
            if original is None:
                delattr(parent, attribute)
            else:
                setattr(parent, attribute, original)
        self._done.clear()


class LibraryInstrumentor(BaseInstrumentor):
    """What the instrumentors of libraries have in common; each is a class of its own, with a library and its hooks.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library: ClassVar[Library]
    """The library that is metered."""
    install: ClassVar[Callable[[Telemetry, Patches], None]]
    """Puts its hooks in place, given where to report and the patches to put them with."""

    configuration = Configuration
    _patches: Patches | None = None

    @property
    def metering(self) -> bool:
        """Whether its hooks are in place."""
        return self._patches is not None

    def instrumentation_dependencies(self) -> tuple[str, ...]:
        """No dependencies, so that an unknown version of the library gets our own warning."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        self._patches = hook(self.library, kwargs, type(self).install)

    def _uninstrument(self, **kwargs: Any) -> None:
        if self._patches is not None:
            self._patches.remove()
            self._patches = None


def hook(
    library: Library, keywords: Mapping[str, Any], install: Callable[[Telemetry, Patches], None]
) -> Patches | None:
    """Put a library's hooks in place. Never raises.

    Args:
        library: the library.
        keywords: the keywords of `instrument()`: providers, and fields of `Settings`.
        install: puts each hook, given where to report and the patches to put it with.

    Returns:
        The patches, whose `remove()` takes the hooks away; None where the library is not metered.
    """
    with unheard(f"instrumenting {library.name}"):
        if not library.installed():
            return None
        telemetry = telemetry_of(keywords)
        patches = Patches(telemetry)
        install(telemetry, patches)
        telemetry.announce(f"{library.name} {plain(library.found())} hooked")
        return patches
    return None


def settings_of(keywords: Mapping[str, Any]) -> Settings | None:
    """The settings among the keywords of `instrument()`; the environment fills in the others.

    Args:
        keywords: the keywords: providers, and fields of `Settings`. An unknown name is warned of.

    Returns:
        The settings, None where the keywords have none and the environment alone says.
    """
    chosen = {name: value for name, value in keywords.items() if name not in _PROVIDERS and value is not None}
    return Settings.load(**chosen) if chosen else None


def telemetry_of(keywords: Mapping[str, Any]) -> Telemetry:
    """Where the hooks report.

    Args:
        keywords: the keywords of `instrument()`: providers, and fields of `Settings`.
    """
    telemetry = for_providers(keywords.get("tracer_provider"), keywords.get("meter_provider"), settings_of(keywords))
    if telemetry.settings.flush_on_exit:
        flush_on_exit()  # before a server has put a handler of its own in place, which it restores at its end
    return telemetry
