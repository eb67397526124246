"""Writes a settled call as span attributes and metric points. Owns the tracer and the instruments."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Container, Hashable, Sequence

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from .. import pricing, semconv
from .._version import __version__
from ..attribution import NO_LABELS, Attribution
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..guard import Guard, Stage
from ..pricing import PriceFile
from ..semconv import LATEST, SEMCONV, Metric
from ..settings import Settings
from ..shown import origin
from .alike import Kinds
from .assess import Assess
from .attributes import span_attributes, span_name, start_attributes
from .first import do_waiting
from .gauges import Gauges
from .instruments import Instruments
from .labelled import Labelled, Labelling
from .points import Value, measured, spent
from .recorded import told_by
from .written import written

__all__ = ["SCOPE", "Telemetry", "default", "for_providers", "instances"]

SCOPE = "chunkmeter"
"""The instrumentation scope of every span and metric that chunkmeter emits."""

_logger = logging.getLogger("chunkmeter")


class Telemetry:
    """Where calls are reported: one tracer, one meter, one set of instruments.

    Args:
        tracer_provider: where spans go; None for the global provider, which may be set later.
        meter_provider: where metrics go; None for the global provider, which may be set later.
        settings: how chunkmeter behaves; None to read the environment.

    Attributes:
        gauges: the open calls and the observable gauges.
        guard: keeps our failures away from the application.
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
        self._tracer_provider, self._meter_provider = tracer_provider, meter_provider
        self.attribution = Attribution(self.settings.metric_labels)
        self.tracer = trace.get_tracer(SCOPE, __version__, tracer_provider)
        self.instruments = Instruments(metrics.get_meter(SCOPE, __version__, meter_provider), self.settings)
        self.guard = Guard(self._count_error)
        self.prices = PriceFile(
            self.settings.prices, reload=self.settings.prices_reload, failed=lambda _: self.guard.count("price")
        )
        self._assess = Assess(self.settings, self.prices, self.guard)
        self.gauges = Gauges(self.instruments, lambda: self.meter_provider, self.guard)
        self._labelling = Labelling(self.attribution, self.prices, self.instruments, self.guard, self._spoken)
        self._kinds = Kinds()
        self._warned = False
        instances.add(self)

    @property
    def tracer_provider(self) -> TracerProvider:
        """The provider that spans go to: the one given, or else the present global one."""
        return self._tracer_provider or trace.get_tracer_provider()

    @property
    def meter_provider(self) -> MeterProvider:
        """The provider that metrics go to: the one given, or else the present global one."""
        return self._meter_provider or metrics.get_meter_provider()

    def is_for(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, settings: Settings
    ) -> bool:
        """Whether this reports to these providers with these settings.

        Args:
            tracer_provider: None for the global provider.
            meter_provider: None for the global provider.
            settings: compared by value.
        """
        return (
            self.settings == settings
            and self.tracer_provider is (tracer_provider or trace.get_tracer_provider())
            and self.meter_provider is (meter_provider or metrics.get_meter_provider())
        )

    def start_span(self, request: Request, start_ns: int, context: Context | None) -> Span:
        """Start a CLIENT span for a call, without making it current.

        Args:
            request: what is known of the call at its start.
            start_ns: when the request was sent, in nanoseconds since the epoch.
            context: the context whose span becomes the parent; None for the current one.
        """
        if self._tracer_provider is None and not self._warned:
            self._warned = True
            _warn_without_sdk()
        attributes = start_attributes(request)
        return self.tracer.start_span(span_name(request), context, SpanKind.CLIENT, attributes, start_time=start_ns)

    def assess(self, ended: Ended) -> Facts:
        """Count and price a call: its tokens, how far to trust them, and its cost or why there is none."""
        try:
            in_use = pricing.in_use(self.prices)
        except Exception:  # noqa: BLE001 -- pricing will fail too, and says so, where the call needs them
            in_use = None
        self._kinds.renew(in_use)
        return self._assess(ended, in_use)

    def write(self, span: Span, ended: Ended, facts: Facts, *, status: bool) -> None:
        """Write a call's facts on a span, if the span is recording.

        Args:
            span: the span that the facts go on.
            ended: the call.
            facts: what the call amounts to.
            status: whether to set the span's status too, which only the span's owner may do.
        """
        if not span.is_recording():
            return
        attributes = written(
            self._kinds.of(ended, facts), ended, facts, lambda: self._span_attributes(ended, facts),
            draft_cost=self.draft_cost,
        )  # fmt: skip
        for name in () if status else told_by(span):
            attributes.pop(name, None)
        span.set_attributes(attributes)
        if status and ended.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))

    def record(self, ended: Ended, facts: Facts, context: Context, recorded: Container[Metric] = ()) -> None:
        """Record all metric points of a call, whether or not its span is sampled.

        Args:
            ended: the call.
            facts: what the call amounts to.
            context: holds the call's span, which exemplars then point to.
            recorded: the metrics that another instrumentation records of this call.
        """
        values = [*spent(facts)]
        try:
            values += measured(ended, facts, self._spoken)
        except Exception as error:  # noqa: BLE001
            self.guard.failed("settle", "measuring", error)
        labelled = self._labelled(ended, facts)
        if recorded:
            values = [None if labelled.metric(place) in recorded else value for place, value in enumerate(values)]
        self._record(labelled, values, context)

    def record_cost(self, ended: Ended, facts: Facts, context: Context) -> None:
        """Record what no other instrumentation records of a call that was read from its span: that, and the cost.

        Args:
            ended: the call.
            facts: what the call amounts to.
            context: holds the call's span, which exemplars then point to.
        """
        self._record(self._labelled(ended, facts, foreign=True), spent(facts), context)

    def announce(self, hooks: str) -> None:
        """Log one INFO line that says what is switched on; `hooks` names the hooks in it."""
        endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        _logger.info(
            "chunkmeter %s: %s; names as %s, cost %s; prices of %s; OTLP endpoint %s",
            __version__,
            hooks,
            " and ".join(conventions.origin for conventions in self._spoken),
            self.settings.cost_semconv,
            self._prices_in_use(),
            origin(endpoint) if endpoint else "as set in the SDK",
        )

    def warm_up(self) -> None:
        """Read the price file now, so that no call has to wait for it, and begin with the updates of the table."""
        with self.guard("price", "reading prices"):
            self.prices.warm_up()
        self._update()
        do_waiting()

    def refresh(self) -> None:
        """See to what the settings `prices_reload` and `prices_update` ask for, if it is time for that."""
        with self.guard("price", "reading prices"):
            self.prices.refresh()
        self._update()

    def _update(self) -> None:
        with self.guard("price", "updating prices"):
            pricing.keep_updated(self.settings.prices_update)

    def _prices_in_use(self) -> str:
        update = self.settings.prices_update
        place = f" from {origin(update)}" if isinstance(update, str) else ""
        return f"{pricing.table_version()}{f', updated hourly{place}' if update else ''}"

    def _labelled(self, ended: Ended, facts: Facts, *, foreign: bool = False) -> Labelled:
        alike, request = self._kinds.of(ended, facts), ended.request
        if request.labels is NO_LABELS and self._labelling.by_labels_alone and not foreign:
            whose: Hashable = ()  # as below, for nearly all
        else:
            whose = self._labelling.deciding(request, foreign=foreign)
        labelled = alike.labelled.get(whose)
        if labelled is None:
            labelled, is_whole = self._labelling.of(ended, facts, foreign=foreign)
            if is_whole:
                self._kinds.keep(alike, whose, labelled)
        return labelled

    def _record(self, labelled: Labelled, values: Sequence[Value], context: Context) -> None:
        self.instruments.sums.note()
        points = labelled.points
        for place, value in enumerate(values):
            if value is not None:
                try:
                    record, labels = points[place] or labelled.point(place)
                    record(value, labels, context)
                except Exception as error:  # noqa: BLE001 -- a guard's context manager would cost too much for each
                    self.guard.failed("settle", labelled.metric(place).name, error)

    def _span_attributes(self, ended: Ended, facts: Facts) -> dict[str, AttributeValue]:
        return span_attributes(ended, facts, draft_cost=self.draft_cost, raw_reasons=LATEST not in self._spoken)

    def _count_error(self, stage: Stage) -> None:
        self.instruments.record(semconv.ERRORS, 1, {semconv.ERROR_STAGE: stage})


instances: weakref.WeakSet[Telemetry] = weakref.WeakSet()
"""Every `Telemetry` that exists."""
_default: list[Telemetry] = []
"""The one that `default` gives, once it has been asked for."""


def for_providers(
    tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, settings: Settings | None
) -> Telemetry:
    """The one `Telemetry` for these providers and settings; it is made when first asked for.

    Sharing it means that the price file is read once, and that names which no price table knows are limited together.

    Args:
        tracer_provider: where spans go; None for the global provider.
        meter_provider: where metrics go; None for the global provider.
        settings: how chunkmeter behaves; None to read the environment.
    """
    settings = settings or Settings.load()
    made = [*_default, *instances]
    known = (each for each in made if each.is_for(tracer_provider, meter_provider, settings))
    return next(known, None) or Telemetry(tracer_provider, meter_provider, settings)


def default() -> Telemetry:
    """Return the one `Telemetry` on the global providers, with the settings of the environment at the first call."""
    if not _default:
        _default.append(for_providers(None, None, None))
    return _default[0]


def _warn_without_sdk() -> None:
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        _logger.warning(
            "No OpenTelemetry SDK is set up, so nothing is exported. Run the app with opentelemetry-instrument "
            "(pip install 'chunkmeter[auto]'), or call opentelemetry.trace.set_tracer_provider and "
            "opentelemetry.metrics.set_meter_provider at its start."
        )
