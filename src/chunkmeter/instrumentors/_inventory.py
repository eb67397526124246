"""One log line at the start: what is metered, what is installed and is not, and which other instrumentations there are.

Another one, a warning, says what of the spend will be lost, if anything.

It asks the packages' metadata alone, so that nothing is imported that the app does not use.
"""

from __future__ import annotations

import logging
import os
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from .. import instrumentors
from .._version import __version__
from ..guard import unheard
from ..reporting.first import at_first_call
from ..shown import plain
from ..switches import DISABLED, exporters, kept_share
from ._library import LibraryInstrumentor
from .others import TRACING, WITHOUT_HOOK

__all__ = ["every_instrumentor", "line", "losses", "tell"]

_logger = logging.getLogger("chunkmeter")

_OFF = "its hook is off: call chunkmeter.instrument()"
_WRAP = "it has no hook: give its streams to chunkmeter.wrap()"
_READ = "their spans are read, and a call that several tell of counts once"
_NOT_READ = "their spans are not read: add a chunkmeter.ChunkSpanProcessor to the tracer provider"

_first = iter((True,))


def every_instrumentor() -> list[BaseInstrumentor]:
    """The one object of each instrumentor."""
    return [getattr(instrumentors, name)() for name in instrumentors.__all__]


def tell() -> None:
    """Log both lines, once a process; the first now if the log takes it, else when a call begins. It never raises.

    `opentelemetry-instrument` calls this once it has loaded all instrumentors, mostly before the app configures its
    log.
    """
    with unheard("telling what is metered"):
        if next(_first, False):
            _warn_of_losses()
            if not _tell_if_heard():
                at_first_call(_tell_late)


def line() -> str | None:
    """What is metered, and what is not; None where every hook is off, and the user knows."""
    each = every_instrumentor()
    if not any(one.is_instrumented_by_opentelemetry for one in each):
        return None
    libraries = [one for one in each if isinstance(one, LibraryInstrumentor)]
    metered = [_named(one.library.name, found) for one in libraries if one.metering and (found := one.library.found())]
    parts = [f"meters {', '.join(metered) or 'no library'}"]
    parts += [f"not metered: {', '.join(names)} ({cure})" for cure, names in _unmetered(libraries).items()]
    if others := [_named(name, found) for name in TRACING if (found := _found(name))]:
        reads = any(one.metering for one in each if isinstance(one, instrumentors.SpansInstrumentor))
        parts.append(f"other instrumentations installed: {', '.join(others)} ({_READ if reads else _NOT_READ})")
    return "; ".join(parts)


def _unmetered(libraries: list[LibraryInstrumentor]) -> dict[str, list[str]]:
    """The libraries that are installed and go unmetered, by what the user can do about it."""
    named: dict[str, list[str]] = {}
    off = f"its hook is off: see {DISABLED}" if os.environ.get(DISABLED) else _OFF
    for one in libraries:
        if not one.metering and (found := one.library.found()):
            cure = one.library.cure.rstrip(".") if one.is_instrumented_by_opentelemetry else off
            named.setdefault(cure, []).append(_named(one.library.name, found))
    hooked = {one.library.distribution for one in libraries}
    for distribution, name in WITHOUT_HOOK.items():
        if distribution not in hooked and (found := _found(distribution)):
            named.setdefault(_WRAP, []).append(_named(name, found))
    return named


def losses() -> list[str]:
    """What the environment switches off or samples away of what is spent; nothing where every hook is off."""
    each = every_instrumentor()
    if not any(one.is_instrumented_by_opentelemetry for one in each):
        return []
    found: list[str] = []
    if not exporters(os.environ, "metrics"):
        found.append("OTEL_METRICS_EXPORTER=none, so that no metric tells of it")
    hooked = {one.library.distribution for one in each if isinstance(one, LibraryInstrumentor)}
    others = [name for name in TRACING if name not in hooked and _found(name)]
    if others and (share := kept_share(os.environ)) < 1:
        found.append(
            f"OTEL_TRACES_SAMPLER keeps {share:.3g} of the traces, and calls of {', '.join(others)} count there"
        )
    return found


def _warn_of_losses() -> None:
    if lost := "; ".join(losses()):
        _logger.warning("chunkmeter can't tell all that is spent: %s. `chunkmeter doctor` says what to write.", lost)


def _tell_if_heard() -> bool:
    """Log the line if anybody hears it, and say whether so."""
    if not (_logger.isEnabledFor(logging.INFO) and _logger.hasHandlers()):
        return False
    inventory = line()
    if inventory is not None:
        _logger.info("chunkmeter %s %s", __version__, inventory)
    return True


def _tell_late() -> None:
    with unheard("telling what is metered"):
        _tell_if_heard()


def _found(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _named(name: str, found: str) -> str:
    return f"{name} {plain(found)}"
