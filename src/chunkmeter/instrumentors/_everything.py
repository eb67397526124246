"""`chunkmeter.instrument()` and `chunkmeter.uninstrument()`: every instrumentor at once."""

from __future__ import annotations

import logging
from typing import Any

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from ..guard import unheard
from ..reporting.telemetry import instances
from ..settings import Settings
from ..shown import plain
from ._inventory import every_instrumentor, tell

__all__ = ["instrument", "uninstrument"]

_logger = logging.getLogger("chunkmeter")


def instrument(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None, **settings: Any
) -> None:
    """Meter every installed library that chunkmeter has hooks for, and count what other instrumentations' spans cost.

    `opentelemetry-instrument` does this by itself; call it in an app that is started in another way, once the SDK is
    set up. Libraries may be imported before or after. Called again, it changes nothing. It never raises.

    Args:
        tracer_provider: where spans go; the global provider if left out.
        meter_provider: where metrics go; the global provider if left out.
        **settings: fields of `chunkmeter.Settings`; the environment fills in those left out.
    """
    with unheard("instrumenting all libraries"):
        chosen = Settings.load(**settings)  # once, so that a value that can't be used is warned of once
        asked = settings or tracer_provider or meter_provider
        in_force = any(each.is_for(tracer_provider, meter_provider, chosen) for each in [*instances])
        keywords = {name: getattr(chosen, name) for name in Settings.__dataclass_fields__}
        metering = [each for each in every_instrumentor() if each.is_instrumented_by_opentelemetry]
        if metering and asked and not in_force:
            _logger.warning(
                "chunkmeter.instrument() changes nothing about %s, which runs with other settings or providers: to "
                "change these, call chunkmeter.uninstrument() first.",
                plain(", ".join(type(each).__name__ for each in metering)),
            )
        for each in every_instrumentor():
            if each not in metering:
                each.instrument(tracer_provider=tracer_provider, meter_provider=meter_provider, **keywords)
        tell()


def uninstrument() -> None:
    """Undo `instrument()`, and what `opentelemetry-instrument` did of chunkmeter. It never raises.

    Streams that are open stay as they are, and are metered to their end.
    """
    for each in every_instrumentor():
        if each.is_instrumented_by_opentelemetry:
            with unheard("uninstrumenting a library"):
                each.uninstrument()
