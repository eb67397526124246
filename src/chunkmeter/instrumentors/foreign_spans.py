"""Counts the cost of other instrumentations' inference spans, under `opentelemetry-instrument`."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from ..guard import unheard
from ._library import Configuration, settings_of

__all__ = ["SpansInstrumentor"]


class SpansInstrumentor(BaseInstrumentor):
    """Adds a `ChunkSpanProcessor`, which only counts, to the SDK's tracer provider.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`. A processor can't be removed from a provider: after `uninstrument()` it stays there and
    does nothing.
    """

    configuration = Configuration
    _processor: Any = None

    @property
    def metering(self) -> bool:
        """Whether its processor is on a tracer provider."""
        return self._processor is not None

    def instrumentation_dependencies(self) -> tuple[str, ...]:
        """No dependencies: the processor works on spans, whichever library made them."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        with unheard("adding a span processor"):
            tracer_provider = kwargs.get("tracer_provider")
            meter_provider = kwargs.get("meter_provider")
            provider: Any = tracer_provider or trace.get_tracer_provider()
            # Without an SDK there are no finished spans to count.
            if hasattr(provider, "add_span_processor"):
                from ..processor import ChunkSpanProcessor

                self._processor = ChunkSpanProcessor(
                    tracer_provider=tracer_provider, meter_provider=meter_provider, settings=settings_of(kwargs)
                )
                provider.add_span_processor(self._processor)

    def _uninstrument(self, **kwargs: Any) -> None:
        if self._processor is not None:
            self._processor.active = False
            self._processor = None
