"""Findings on what is installed: no distro, hooks that are off, libraries without a hook, other versions."""

from __future__ import annotations

from collections.abc import Iterator

from ...shown import plain
from ...switches import DISABLED, disabled_hooks
from .conditions import Finding, found
from .machine import Machine

__all__ = ["FINDERS"]

_ALL = "*"
_SPANS = "chunkmeter_spans"
_DISTRO, _CONFIGURATOR = "opentelemetry_distro", "opentelemetry_configurator"


def no_distro(machine: Machine) -> Iterator[Finding]:
    """Nothing sets up an SDK."""
    if not (machine.entry_points(_DISTRO) and machine.entry_points(_CONFIGURATOR)):
        yield found("no-distro", "no distro of OpenTelemetry's is installed", "pip install 'chunkmeter[auto]'")


def distro_unknown(machine: Machine) -> Iterator[Finding]:
    """The distro that is asked for is not there."""
    for variable, group in (("OTEL_PYTHON_DISTRO", _DISTRO), ("OTEL_PYTHON_CONFIGURATOR", _CONFIGURATOR)):
        asked, there = machine.environ.get(variable), machine.entry_points(group)
        if asked is not None and there and asked not in there:
            what = f"{variable}={plain(asked)}, and installed is {', '.join(map(plain, there))}"
            yield found("distro-unknown", what, f"unset {variable}")


def hook_off(machine: Machine) -> Iterator[Finding]:
    """The hook of a library that is there is switched off."""
    off = disabled_hooks(machine.environ)
    switched = [each for each in machine.hooked() if each.hook in off or _ALL in off]
    for each in switched:
        what = f"{each.name} {plain(each.version)} is installed, and {DISABLED} has {_as_named(each.hook, off)}"
        yield found("hook-off", what, _without(off, {one.hook for one in switched}))


def spans_unread(machine: Machine) -> Iterator[Finding]:
    """Spans of others are there to be counted, and nobody counts them."""
    off = disabled_hooks(machine.environ)
    others = machine.tracing()
    if others and off & {_SPANS, _ALL}:
        what = f"{', '.join(map(plain, others))} is installed, and {DISABLED} has {_as_named(_SPANS, off)}"
        yield found("spans-unread", what, _without(off, {_SPANS}))


def no_hook(machine: Machine) -> Iterator[Finding]:
    """A library that only `wrap` meters."""
    for distribution, named in machine.unhooked().items():
        cure = f"stream = chunkmeter.wrap(stream, provider=...), or if nothing uses it: pip uninstall {distribution}"
        yield found("no-hook", f"{plain(named)} is installed, and has no hook", cure)


def other_version(machine: Machine) -> Iterator[Finding]:
    """A library in a version that is not metered, or not tested."""
    for each in machine.hooked():
        if not each.tested:
            what = f"{each.name} {plain(each.version)} is installed"
            yield found("version-untested" if each.metered else "version-declined", what, each.cure.rstrip("."))


def _as_named(hook: str, off: set[str]) -> str:
    return hook if hook in off else _ALL


def _without(off: set[str], wanted: set[str]) -> str:
    """The line that leaves the wanted hooks on."""
    kept = sorted(off - wanted - {_ALL})
    return f"export {DISABLED}={','.join(map(plain, kept))}" if kept else f"unset {DISABLED}"


FINDERS = (no_distro, distro_unknown, hook_off, spans_unread, no_hook, other_version)
