"""A settled call in; span attributes and metric points out. Owns the tracer, the meter and the instruments."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from . import pricing, semconv
from ._version import __version__
from .guard import Guard, Stage
from .pricing import CostStatus, Priced, Unpriced
from .settings import Settings
from .tally import Outcome, Tally, Tokens, UsageStatus

__all__ = ["Ended", "Facts", "Request", "Telemetry", "default", "for_providers"]

_logger = logging.getLogger("chunkmeter")

_MOST_UNKNOWN_MODELS = 100
_NANOSECONDS = 1e9
# Wires whose finish reasons the published opentelemetry-instrumentation-genai-openai passes on unmapped.
_RAW_REASON_WIRES = frozenset({"openai_chat"})


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a call when it starts.

    Attributes:
        operation: `gen_ai.operation.name`.
        provider: the conventions' name of the provider, None if unknown.
        model: the model asked for, None if unknown.
        stream: whether the answer comes in chunks.
        server_address: host the request goes to.
        server_port: its port.
        sent: whether the start time is when the request was sent, so that first-chunk time means something.
        attributes: further span attributes (`gen_ai.request.*`, function name, tags).
    """

    operation: str = "chat"
    provider: str | None = None
    model: str | None = None
    stream: bool = True
    server_address: str | None = None
    server_port: int | None = None
    sent: bool = True
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over, or how it stands right now. Times are nanoseconds since the epoch, 0 for never."""

    request: Request
    tally: Tally
    outcome: Outcome
    error_type: str | None
    start_ns: int
    first_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What an ended call amounts to: its tokens, how far to trust them, and its cost or why there is none."""

    tokens: Tokens
    usage_status: UsageStatus
    cost: Priced | Unpriced
    raw_reasons: list[str | None]

    @property
    def cost_status(self) -> CostStatus:
        """`known`, or why there is no cost."""
        return "known" if isinstance(self.cost, Priced) else self.cost.reason


class OpenStream(Protocol):
    """A call that has not settled; `paused_ns` is when its reader last let go of it, 0 while it waits for a chunk."""

    @property
    def paused_ns(self) -> int: ...


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
        self.tracer = trace.get_tracer("chunkmeter", __version__, tracer_provider)
        self.open: dict[int, OpenStream] = {}
        """Calls that have not settled, by id."""
        self._unknown_models: set[str] = set()
        self._global = tracer_provider is None
        self._warned = False
        meter = metrics.get_meter("chunkmeter", __version__, meter_provider)

        def histogram(metric: semconv.Metric) -> metrics.Histogram:
            return meter.create_histogram(
                metric.name,
                metric.unit,
                metric.description,
                explicit_bucket_boundaries_advisory=list(metric.buckets or ()),
            )

        def counter(metric: semconv.Metric) -> metrics.Counter:
            return meter.create_counter(metric.name, metric.unit, metric.description)

        def gauge(metric: semconv.Metric, observe: Callable[[], Iterable[Observation]]) -> None:
            def callback(_: CallbackOptions) -> Iterable[Observation]:
                with self.guard("settle", metric.name):
                    return observe()
                return ()

            meter.create_observable_gauge(metric.name, [callback], metric.unit, metric.description)

        self._spend = counter(semconv.SPEND)
        self._calls = counter(semconv.CALLS)
        self._errors = counter(semconv.ERRORS)
        self._cost = histogram(semconv.COST) if self.settings.cost_semconv == "draft" else None
        self._duration = histogram(semconv.DURATION)
        self._token_usage = histogram(semconv.TOKEN_USAGE)
        self._first_chunk = histogram(semconv.TIME_TO_FIRST_CHUNK)
        self.guard = Guard(self._count_error)
        gauge(semconv.STREAMS_OPEN, lambda: [Observation(len(self.open))])
        gauge(semconv.STREAMS_OLDEST_IDLE, self._oldest_idle)
        gauge(semconv.PRICE_TABLE_AGE, _price_table_age)

    def start_span(self, request: Request, start_ns: int, context: Context | None) -> Span:
        """A CLIENT span for the call, not made current."""
        if self._global and not self._warned:
            self._warned = True
            _warn_without_sdk()
        attributes: dict[str, AttributeValue] = {semconv.OPERATION_NAME: request.operation}
        for name, value in (
            (semconv.PROVIDER_NAME, request.provider),
            (semconv.REQUEST_MODEL, request.model),
            (semconv.REQUEST_STREAM, request.stream or None),
            (semconv.SERVER_ADDRESS, request.server_address),
            (semconv.SERVER_PORT, request.server_port),
        ):
            if value is not None:
                attributes[name] = value
        attributes.update(request.attributes)
        name = f"{request.operation} {request.model}" if request.model else request.operation
        return self.tracer.start_span(name, context, SpanKind.CLIENT, attributes, start_time=start_ns)

    def assess(self, ended: Ended) -> Facts:
        """What the call amounts to. A failure of ours on the way shows as a status, never as an exception."""
        tally = ended.tally
        tokens, raw_reasons = Tokens(), list[str | None]()
        with self.guard("reader", f"reading the usage of {tally.wire}"):
            try:
                tokens, raw_reasons = tally.tokens(), tally.raw_reasons()
            except Exception:
                tally.failed = True
                raise
        cost: Priced | Unpriced = Unpriced("failed")
        with self.guard("price", "pricing"):
            cost = pricing.price(
                tokens,
                model=tally.response_model,
                request_model=ended.request.model,
                provider=ended.request.provider,
                service_tier=tally.service_tier,
                provider_cost=tally.provider_cost,
            )
            if cost == Unpriced("unknown_model"):
                self._name_unknown(ended)
        return Facts(tokens, tally.usage_status(tokens), cost, raw_reasons)

    def write(self, span: Span, ended: Ended, facts: Facts, *, status: bool) -> None:
        """Put the call's facts on its span; `status` sets the span's status too, which is its owner's to set."""
        if not span.is_recording():
            return
        span.set_attributes(self.attributes(ended, facts))
        if status and ended.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))

    def attributes(self, ended: Ended, facts: Facts) -> dict[str, AttributeValue]:
        """The call's facts as span attributes. What is not known is not there."""
        tally, tokens, cost = ended.tally, facts.tokens, facts.cost
        known: dict[str, Any] = {
            semconv.RESPONSE_ID: tally.response_id or None,
            semconv.RESPONSE_MODEL: tally.response_model or None,
            semconv.OUTCOME: ended.outcome,
            semconv.ERROR_TYPE: ended.error_type,
            semconv.CHUNKS: tally.chunks if ended.request.stream else None,
            semconv.USAGE_STATUS: facts.usage_status,
            semconv.USAGE_INPUT_TOKENS: tokens.input_tokens,
            semconv.USAGE_OUTPUT_TOKENS: tokens.output_tokens,
            semconv.USAGE_TOTAL_TOKENS: tokens.total_tokens,
            semconv.USAGE_CACHE_READ: tokens.cached_tokens,
            semconv.USAGE_CACHE_WRITE: tokens.cache_write_tokens,
            semconv.USAGE_CACHE_WRITE_1H: tokens.cache_write_1h_tokens,
            semconv.USAGE_REASONING: tokens.reasoning_tokens,
            semconv.USAGE_AUDIO_INPUT: tokens.input_audio_tokens,
            semconv.USAGE_AUDIO_OUTPUT: tokens.output_audio_tokens,
            semconv.COST_STATUS: facts.cost_status,
            semconv.COST_METADATA + "tier": tally.service_tier,
            semconv.COST_METADATA + "tool_use_tokens": tokens.tool_use_tokens,
            semconv.COST_METADATA + "cost": tally.provider_cost,
        }
        if tokens.cache_write_tokens is not None:
            known[semconv.COST_METADATA + "cache_write"] = tokens.cache_write_tokens > 0
        if tally.reasons or tally.block_reason is not None:
            known[semconv.RESPONSE_FINISH_REASONS] = _finish_reasons(tally, facts.raw_reasons)
            known[semconv.RAW_FINISH_REASONS] = [raw for raw in facts.raw_reasons if raw is not None] or None
        if ended.request.stream and ended.request.sent and ended.first_ns:
            known[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = _seconds(ended.start_ns, ended.first_ns)
        if isinstance(cost, Priced):
            known[semconv.PRICE_SOURCE] = cost.table
            known[semconv.PRICE_VERSION] = cost.version
            known[semconv.PRICE_MODEL] = cost.model
            for part, amount in cost.split.items():
                known[semconv.COST_SPLIT + part] = float(amount)
            if self._cost is not None:
                known[semconv.COST_AMOUNT] = float(cost.amount)
                known[semconv.COST_CURRENCY] = cost.currency
                known[semconv.COST_SOURCE] = cost.source
        return {name: value for name, value in known.items() if value is not None}

    def record(self, ended: Ended, facts: Facts, context: Context) -> None:
        """The call's metric points, once, whether its span is sampled or not; `context` links exemplars to the span."""
        request, guard = ended.request, self.guard
        labels: dict[str, AttributeValue] = {semconv.OPERATION_NAME: request.operation}
        with guard("settle", "labelling"):
            if request.provider:
                labels[semconv.PROVIDER_NAME] = request.provider
            if request.model:
                labels[semconv.REQUEST_MODEL] = self._model_label(request.model, request.provider)
        with guard("settle", semconv.CALLS.name):
            call = {
                **labels,
                semconv.FINISH_REASON: semconv.worst_reason(facts.raw_reasons)
                if ended.tally.block_reason is None
                else "content_filter",
                semconv.OUTCOME: ended.outcome,
                semconv.USAGE_STATUS: facts.usage_status,
                semconv.COST_STATUS: facts.cost_status,
            }
            self._calls.add(1, call, context)
        with guard("settle", semconv.SPEND.name):
            if isinstance(facts.cost, Priced):
                amount = float(facts.cost.amount)
                cost = {
                    **labels,
                    semconv.COST_CURRENCY: facts.cost.currency,
                    semconv.COST_SOURCE: facts.cost.source,
                }
                self._spend.add(amount, cost, context)
                if self._cost is not None:
                    self._cost.record(amount, cost, context)
        with guard("settle", semconv.DURATION.name):
            if ended.tally.response_model:
                labels[semconv.RESPONSE_MODEL] = self._model_label(ended.tally.response_model, request.provider)
            if request.server_address:
                labels[semconv.SERVER_ADDRESS] = request.server_address
            failed = {semconv.ERROR_TYPE: ended.error_type} if ended.error_type else {}
            self._duration.record(_seconds(ended.start_ns, ended.end_ns), {**labels, **failed}, context)
            if request.stream and request.sent and ended.first_ns:
                self._first_chunk.record(_seconds(ended.start_ns, ended.first_ns), labels, context)
        with guard("settle", semconv.TOKEN_USAGE.name):
            for kind, tokens in (("input", facts.tokens.input_tokens), ("output", facts.tokens.output_tokens)):
                if tokens is not None:
                    self._token_usage.record(tokens, {**labels, semconv.TOKEN_TYPE: kind}, context)

    def announce(self, hooks: str) -> None:
        """The one INFO line that says what is switched on."""
        _logger.info(
            "chunkmeter %s: %s; names as opentelemetry-util-genai 1.3b0, cost %s", __version__, hooks,
            self.settings.cost_semconv,
        )  # fmt: skip

    def _count_error(self, stage: Stage) -> None:
        self._errors.add(1, {semconv.ERROR_STAGE: stage})

    def _model_label(self, model: str, provider: str | None) -> str:
        if model in self._unknown_models or pricing.knows(model, provider):
            return model
        if len(self._unknown_models) >= _MOST_UNKNOWN_MODELS:
            return semconv.OTHER
        self._unknown_models.add(model)
        if len(self._unknown_models) == _MOST_UNKNOWN_MODELS:
            _logger.warning(
                "%d models without a price have been called; the metrics call further ones %s.",
                _MOST_UNKNOWN_MODELS,
                semconv.OTHER,
            )
        return model

    def _name_unknown(self, ended: Ended) -> None:
        model = ended.tally.response_model or ended.request.model
        if model is not None and model not in self._unknown_models and len(self._unknown_models) < _MOST_UNKNOWN_MODELS:
            _logger.warning("No price is known for model %r of %s: its calls count without cost.", model,
                            ended.request.provider)  # fmt: skip

    def _oldest_idle(self) -> list[Observation]:
        paused = [call.paused_ns for call in list(self.open.values()) if call.paused_ns]
        return [Observation((time.time_ns() - min(paused)) / _NANOSECONDS if paused else 0.0)]


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


def _finish_reasons(tally: Tally, raw_reasons: list[str | None]) -> list[str]:
    if tally.block_reason is not None and not raw_reasons:
        return ["content_filter"]
    mapped = (lambda raw: raw) if tally.wire in _RAW_REASON_WIRES else semconv.finish_reason
    return [semconv.MISSING_REASON if raw is None else mapped(raw) for raw in raw_reasons]


def _seconds(start_ns: int, end_ns: int) -> float:
    return max(0, end_ns - start_ns) / _NANOSECONDS


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
