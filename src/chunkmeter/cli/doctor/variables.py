"""Findings on variables: what is switched off, sampled away, misspelt, or has a value that can't be used."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chunkmeter import Settings

from ...shown import plain
from ...spelling import misspelt
from ...switches import exporters, is_disabled, kept_share
from .conditions import Finding, found
from .machine import Machine

__all__ = ["FINDERS", "chosen", "heard"]

_UNSAMPLED = "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector (tail_sampling)"
_UNUSABLE = " is not usable: "


def sdk_disabled(machine: Machine) -> Iterator[Finding]:
    """The SDK does nothing."""
    if is_disabled(machine.environ):
        yield found("sdk-disabled", "OTEL_SDK_DISABLED=true", "unset OTEL_SDK_DISABLED")


def signals_off(machine: Machine) -> Iterator[Finding]:
    """A signal is not exported."""
    if not exporters(machine.environ, "metrics"):
        yield found("metrics-off", "OTEL_METRICS_EXPORTER=none", "unset OTEL_METRICS_EXPORTER")
    if not exporters(machine.environ, "traces"):
        yield found("traces-off", "OTEL_TRACES_EXPORTER=none", "unset OTEL_TRACES_EXPORTER")


def exporter_unknown(machine: Machine) -> Iterator[Finding]:
    """An exporter that nobody has installed keeps the SDK from being set up."""
    for signal in ("traces", "metrics"):
        there = machine.entry_points(f"opentelemetry_{signal}_exporter")
        for name in exporters(machine.environ, signal):
            if there and name not in there:
                variable = f"OTEL_{signal.upper()}_EXPORTER"
                what = f"{variable} has {plain(name)}, and installed are {', '.join(map(plain, sorted({*there})))}"
                yield found("exporter-unknown", what, f"export {variable}=otlp")


def sampled(machine: Machine) -> Iterator[Finding]:
    """Traces are dropped as they begin."""
    share = kept_share(machine.environ)
    if share == 1:
        return
    sampler = plain(machine.value("OTEL_TRACES_SAMPLER"))
    what = f"OTEL_TRACES_SAMPLER={sampler} keeps {share:.3g} of the traces"
    if others := machine.tracing():
        yield found("others-sampled", f"{what}, and {', '.join(map(plain, others))} is installed", _UNSAMPLED)
    else:
        yield found("head-sampling", what, _UNSAMPLED)


def variable_misspelt(machine: Machine) -> Iterator[Finding]:
    """A variable of ours that is none."""
    fields = Settings.__dataclass_fields__
    for name, meant in misspelt(machine.environ, fields).items():
        every = ", ".join(f"CHUNKMETER_{field.upper()}" for field in fields)
        cure = f"export {meant}=... in place of {plain(name)}" if meant else f"unset {plain(name)}; there are {every}"
        yield found("variable-misspelt", f"{plain(name)} is no variable of chunkmeter", cure)


def value_unusable(machine: Machine) -> Iterator[Finding]:
    """A value that the settings refuse; they say themselves what to write."""
    for line in _refused(machine.environ):
        what, _, rest = line.partition(_UNUSABLE)
        words, _, instead = rest.rpartition(". Using ")
        cure = f"export {what.partition('=')[0]}=... with {words.removeprefix('write ')}"
        yield found("value-unusable", f"{what} is not usable, and {instead.rstrip('.')} is in its place", cure)


def chosen(environ: Mapping[str, str]) -> Settings:
    """The settings that an app has in this environment, without a word on what is wrong with it."""
    with heard():
        return Settings.load(environ)


def _refused(environ: Mapping[str, str]) -> list[str]:
    with heard() as lines:
        Settings.load(environ)
    return [line for line in lines if _UNUSABLE in line]


@contextmanager
def heard() -> Iterator[list[str]]:
    """The lines that chunkmeter logs meanwhile; nobody else hears them."""
    logger, lines = logging.getLogger("chunkmeter"), list[str]()

    def hear(record: logging.LogRecord) -> bool:
        lines.append(record.getMessage())
        return False

    logger.addFilter(hear)
    try:
        yield lines
    finally:
        logger.removeFilter(hear)


FINDERS = (sdk_disabled, signals_off, exporter_unknown, sampled, variable_misspelt, value_unusable)
