"""A settled call in; span attributes and metric points out. Owns the tracer and the instruments."""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from . import pricing, semconv
from ._version import __version__
from .attribution import Attribution
from .bounded import Bounded
from .conventions import LATEST, SEMCONV
from .cost_metadata import cost_metadata
from .facts import Ended, Facts, Request, seconds, span_attributes, span_name, start_attributes
from .guard import Guard, Stage
from .instruments import Instruments
from .points import points
from .prefork import warn_of_inherited_sums
from .pricing import UNKNOWN_MODEL, Priced, PriceFile, Unpriced
from .semconv import Metric
from .settings import Settings
from .tally import Ending, Tokens

if TYPE_CHECKING:
    from .estimate import Estimator

__all__ = ["SCOPE", "OpenCall", "Telemetry", "default", "for_providers", "instances"]

SCOPE = "chunkmeter"
"""The instrumentation scope of all that is emitted."""

_logger = logging.getLogger("chunkmeter")

_MOST_UNKNOWN = 100
_NOTHING, _FAILED = Tokens(), Unpriced("failed")
_NANOSECONDS = 1e9


class OpenCall(Protocol):
    """A call that has not settled yet."""

    request: Request
    paused_ns: int
    """When its user was last handed something, 0 while the source is being waited for."""

    def settle(self, ending: Ending) -> None:
        """End it, unless it has ended already."""

    def disown(self) -> None:
        """Leave it to another process to settle."""


class Telemetry:
    """Where calls are reported: one tracer, one meter, one set of instruments.

    Args:
        tracer_provider: None for the global one, whenever that gets set.
        meter_provider: the same.
        settings: None to read the environment.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self.draft_cost = self.settings.cost_semconv == "draft"
        self._spoken = SEMCONV[self.settings.semconv]
        self.attribution = Attribution(self.settings.metric_labels)
        self.tracer = trace.get_tracer(SCOPE, __version__, tracer_provider)
        self.prices = PriceFile(
            self.settings.prices, reload=self.settings.prices_reload, failed=self._prices_failed
        )  # fmt: skip
        self.open: dict[int, OpenCall] = {}
        """Calls that have not settled, by id."""
        self._tracer_provider, self._meter_provider = tracer_provider, meter_provider
        instances.add(self)
        self._unknown_models = Bounded(_MOST_UNKNOWN, "models that no price table lists")
        self._unknown_providers = Bounded(_MOST_UNKNOWN, "providers that the conventions don't name")
        self._named_unknown: set[str] = set()
        self._warned = False
        self.instruments = Instruments(metrics.get_meter(SCOPE, __version__, meter_provider), self.settings)
        self.guard = Guard(self._count_error)
        # Its vocabulary takes seconds to load in which no thread goes on: at the start, and once for all forks.
        self._estimator: Estimator | None = None
        if self.settings.estimate:
            with self.guard("hook", "loading what estimates tokens"):
                self._estimator = _new_estimator()
        self._observe(semconv.STREAMS_OPEN, self._streams_open)
        self._observe(semconv.STREAMS_OLDEST_IDLE, self._oldest_idle)
        self._observe(semconv.PRICE_TABLE_AGE, _price_table_age)

    @property
    def tracer_provider(self) -> TracerProvider:
        """Whose tracer it is, the global provider of this moment if none was given."""
        return self._tracer_provider or trace.get_tracer_provider()

    @property
    def meter_provider(self) -> MeterProvider:
        """Whose meter it is, likewise."""
        return self._meter_provider or metrics.get_meter_provider()

    def start_span(self, request: Request, start_ns: int, context: Context | None) -> Span:
        """A CLIENT span for the call, not made current."""
        if self._tracer_provider is None and not self._warned:
            self._warned = True
            _warn_without_sdk()
        attributes = start_attributes(request)
        return self.tracer.start_span(span_name(request), context, SpanKind.CLIENT, attributes, start_time=start_ns)

    def assess(self, ended: Ended) -> Facts:
        """What the call amounts to. A failure of ours on the way shows as a status, never as an exception."""
        tally = ended.tally
        raw_reasons: list[str | None] = []
        tokens = billed = _NOTHING
        with self.guard("reader", f"reading the usage of {tally.wire}"):
            try:
                raw_reasons = tally.raw_reasons()
                tokens = tally.tokens()
                billed = tally.billed(tokens)
            except Exception:
                tally.failed = True
                raise
        status = tally.usage_status(tokens)
        # An answer that came whole has all its usage, whether or not it says why it stopped.
        if status == "partial" and _came_whole(ended) and tokens.output_tokens is not None:
            status = "reported"
        estimated_by: str | None = None
        if self._estimator is not None and status in ("missing", "partial"):
            with self.guard("reader", f"estimating the usage of {tally.wire}"):
                filled = self._estimated(ended, tokens)
                if filled is not None:
                    tokens, estimated_by = filled
                    billed, status = tokens, "estimated"
        cost: Priced | Unpriced = _FAILED
        metadata: dict[str, Any] = {}
        with self.guard("price", "pricing"):
            metadata = cost_metadata(tally, tokens, ended.request)
            cost = pricing.price(
                billed,
                model=tally.response_model,
                request_model=ended.request.model,
                provider=ended.request.provider,
                service_tier=metadata.get("tier"),
                region=metadata.get("region"),
                server_address=ended.request.server_address,
                provider_cost=tally.provider_cost,
                at=datetime.fromtimestamp(ended.start_ns / _NANOSECONDS, UTC) if ended.start_ns else None,
                prices=self.prices,
            )
            if cost == UNKNOWN_MODEL:
                self._name_unknown(ended)
        return Facts(tokens, status, cost, raw_reasons, metadata, estimated_by)

    def write(self, span: Span, ended: Ended, facts: Facts, *, status: bool) -> None:
        """Put the call's facts on its span; `status` sets the span's status too, which is its owner's to set."""
        if not span.is_recording():
            return
        raw_reasons = LATEST not in self._spoken
        span.set_attributes(span_attributes(ended, facts, draft_cost=self.draft_cost, raw_reasons=raw_reasons))
        if status and ended.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))

    def record(self, ended: Ended, facts: Facts, context: Context) -> None:
        """The call's metric points, once, whether its span is sampled or not; `context` links exemplars to the span."""
        labels = self.record_cost(ended, facts, context)
        request, tally = ended.request, ended.tally
        with self.guard("settle", "labelling"):
            if tally.response_model:
                labels[semconv.RESPONSE_MODEL] = self._model_label(tally.response_model, request.provider)
            if request.server_address:
                labels[semconv.SERVER_ADDRESS] = request.server_address
        with self.guard("settle", "measuring"):
            for metric, value, more in points(ended, facts, self._spoken):
                self._record(metric, value, {**labels, **more}, context)

    def record_cost(self, ended: Ended, facts: Facts, context: Context) -> dict[str, AttributeValue]:
        """The points that no other instrumentation records: that the call was, and what it cost.

        Returns:
            The labels that all points of the call share; who is spending is not among them, since a label for
            that would multiply each of a histogram's series.
        """
        request, cost = ended.request, facts.cost
        labels: dict[str, AttributeValue] = {semconv.OPERATION_NAME: request.operation}
        whose: dict[str, str] = {}
        with self.guard("settle", "labelling"):
            if request.provider:
                labels[semconv.PROVIDER_NAME] = self._provider_label(request.provider)
            if request.model:
                labels[semconv.REQUEST_MODEL] = self._model_label(request.model, request.provider)
            whose = self.attribution.bounded(request.labels, request.attributes.get(semconv.CODE_FUNCTION_NAME))
        with self.guard("settle", semconv.CALLS.name):
            blocked = ["content_filter"] if ended.tally.block_reason is not None else []
            ending = {
                semconv.FINISH_REASON: semconv.worst_reason([*facts.raw_reasons, *blocked]),
                semconv.OUTCOME: ended.outcome,
                semconv.USAGE_STATUS: facts.usage_status,
                semconv.COST_STATUS: facts.cost_status,
            }
            self.instruments.record(semconv.CALLS, 1, {**whose, **labels, **ending}, context)
        if isinstance(cost, Priced):
            amount = float(cost.amount)
            labels_of_cost = {**labels, semconv.COST_CURRENCY: cost.currency, semconv.COST_SOURCE: cost.source}
            status: dict[str, AttributeValue] = {semconv.COST_STATUS: facts.cost_status}
            self._record(semconv.SPEND, amount, {**whose, **labels_of_cost, **status}, context)
            # The convention's own metric has a label more only where it would mix what is known with what is not.
            doubt = {} if facts.cost_status == "known" else status
            self._record(semconv.COST, amount, {**labels_of_cost, **doubt}, context)
        return labels

    def announce(self, hooks: str) -> None:
        """The one INFO line that says what is switched on, `hooks` among it."""
        _logger.info(
            "chunkmeter %s: %s; names as %s, cost %s; prices of genai-prices %s; OTLP endpoint %s",
            __version__,
            hooks,
            " and ".join(conventions.origin for conventions in self._spoken),
            self.settings.cost_semconv,
            version("genai-prices"),
            os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or "as the SDK has it",
        )

    def warm_up(self) -> None:
        """Read the price file now, off the path of a call."""
        with self.guard("price", "reading prices"):
            self.prices.warm_up()

    def refresh(self) -> None:
        """Read the price file again if it has changed, where the settings say so."""
        with self.guard("price", "reading prices"):
            self.prices.refresh()

    def _estimated(self, ended: Ended, tokens: Tokens) -> tuple[Tokens, str] | None:
        """The tokens with what the provider left out, and how that was counted; None where nothing can be added."""
        from .estimate import estimated

        if self._estimator is None:
            return None
        model = ended.tally.response_model or ended.request.model
        filled = estimated(self._estimator, ended.tally, tokens, ended.request.prompt, model)
        return None if filled is None else (filled, self._estimator.method(model))

    def _record(self, metric: Metric, value: float, labels: dict[str, AttributeValue], context: Context) -> None:
        try:
            self.instruments.record(metric, value, labels, context)
        except Exception as error:  # noqa: BLE001 -- the guard, without its context manager: this runs every point
            self.guard.failed("settle", metric.name, error)

    def _observe(self, metric: Metric, observe: Callable[[], Iterable[Observation]]) -> None:
        def guarded() -> Iterable[Observation]:
            with self.guard("settle", metric.name):
                return observe()
            return ()

        self.instruments.observe(metric, guarded)

    def _count_error(self, stage: Stage) -> None:
        self.instruments.record(semconv.ERRORS, 1, {semconv.ERROR_STAGE: stage})

    def _prices_failed(self, _: Exception) -> None:
        with self.guard("price", "counting an unusable price file"):
            self._count_error("price")

    def _model_label(self, model: str, provider: str | None) -> str:
        return model if pricing.knows(model, provider, self.prices) else self._unknown_models.label(model)

    def _provider_label(self, provider: str) -> str:
        return provider if semconv.is_provider(provider) else self._unknown_providers.label(provider)

    def _name_unknown(self, ended: Ended) -> None:
        model = ended.tally.response_model or ended.request.model
        if model is None or model in self._named_unknown or len(self._named_unknown) >= _MOST_UNKNOWN:
            return
        self._named_unknown.add(model)
        _logger.warning(
            "No price is known for model %r of %s: its calls count without cost. Give it one, or an alias, in the file "
            "that CHUNKMETER_PRICES names.",
            model,
            ended.request.provider,
        )

    def _here(self) -> list[Telemetry]:
        # The SDK keeps one gauge a meter, the first one made, so that one speaks for all who share the meter.
        mine = self.meter_provider
        return [telemetry for telemetry in list(instances) if telemetry.meter_provider is mine]

    def _open_here(self) -> list[OpenCall]:
        return [call for telemetry in self._here() for call in list(telemetry.open.values()) if call.request.stream]

    def _streams_open(self) -> list[Observation]:
        # A reader is collecting, so what was inherited goes out now, whether or not this process makes calls.
        if any(telemetry.instruments.sums.inherited for telemetry in self._here()):
            warn_of_inherited_sums()
        return [Observation(len(self._open_here()))]

    def _oldest_idle(self) -> list[Observation]:
        paused = [call.paused_ns for call in self._open_here() if call.paused_ns]
        return [Observation(seconds(min(paused), time.time_ns()) if paused else 0.0)]


instances: weakref.WeakSet[Telemetry] = weakref.WeakSet()
"""Each `Telemetry` there is."""
_default: Telemetry | None = None


def default() -> Telemetry:
    """The one `Telemetry` on the global providers and the environment's settings."""
    global _default  # noqa: PLW0603
    if _default is None:
        _default = Telemetry()
    return _default


def for_providers(
    tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, settings: Settings | None
) -> Telemetry:
    """A `Telemetry` on these providers; the shared default one where all are left out."""
    if tracer_provider is None and meter_provider is None and settings is None:
        return default()
    return Telemetry(tracer_provider, meter_provider, settings)


def _new_estimator() -> Estimator:
    from .estimate import Estimator

    return Estimator()


def _came_whole(ended: Ended) -> bool:
    return ended.outcome == "completed" and not ended.request.stream


def _price_table_age() -> list[Observation]:
    if not pricing.loaded():
        return []
    version, newest = pricing.price_table()
    return [Observation(max(0.0, time.time() - newest.timestamp()), {semconv.PRICE_SOURCE: version.partition(" ")[0]})]


def _warn_without_sdk() -> None:
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        _logger.warning(
            "No OpenTelemetry SDK is set up, so nothing is exported. Run the app with opentelemetry-instrument "
            "(pip install 'chunkmeter[auto]'), or call opentelemetry.trace.set_tracer_provider and "
            "opentelemetry.metrics.set_meter_provider at its start."
        )
