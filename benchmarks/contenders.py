"""chunkmeter and its peers: how each is switched on."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult

MODEL = "gpt-4o-mini"
SHORTEST = 3
"""Chunks of a stream that says all there is to say: its first, its reason, its usage."""
SWITCHED_OFF = "on as it comes"
OURS = ("chunkmeter", "hook")
"""The contenders that are chunkmeter: by `wrap` and Mirascope's instrumentor, and by all of its hooks."""
FLOOR = "floor"
"""The contender that does the least that telling as much takes."""


class Ended(SpanProcessor):
    """Keeps the spans that end while somebody looks."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] | None = None

    def on_end(self, span: ReadableSpan) -> None:
        if self.spans is not None:
            self.spans.append(span)


class Switched(Sampler):
    """Samples all spans, or none."""

    sampled = True

    def should_sample(self, *args: Any, **keywords: Any) -> SamplingResult:
        return (ALWAYS_ON if self.sampled else ALWAYS_OFF).should_sample(*args, **keywords)

    def get_description(self) -> str:
        return "all or none"


class Providers:
    """Where a contender reports: nothing leaves the process, and nothing is kept unless somebody looks."""

    def __init__(self) -> None:
        self.sampler = Switched()
        self.ended = Ended()
        self.tracer_provider = TracerProvider(sampler=self.sampler)
        self.tracer_provider.add_span_processor(self.ended)
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader])

    def make_global(self) -> None:
        """For those that take the global ones only."""
        trace.set_tracer_provider(self.tracer_provider)
        metrics.set_meter_provider(self.meter_provider)
        _logs.set_logger_provider(LoggerProvider())


def points(reader: InMemoryMetricReader) -> Iterator[tuple[Any, Any]]:
    """Each point that has been recorded so far, after its metric."""
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield metric, point


def is_recorded(metric: Any) -> bool:
    """Whether its points are recorded, as those of counters and histograms are; a gauge is asked."""
    return getattr(metric.data, "is_monotonic", False) or isinstance(metric.data, Histogram)


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to instrument an app.

    Attributes:
        title: as the tables have it.
        packages: whose versions are told.
        package: what an app imports of it.
        entry_points: what is imported to switch it on.
        install: switches it on; told whether content is to be captured as it comes, or off.
        through: what it meters, `openai` and `mirascope`.
        content: how its content capture comes; measured with it off if it can be.
        reads: whether it reads the stream itself, or tells what the library has counted, metered or not.
        wrap: what is done with an SDK's stream, if that is how it meters one.
        decorate: what is done with a function of Mirascope's, likewise.
        home: whose environment it is measured in, if it has none of its own.
    """

    title: str
    packages: tuple[str, ...]
    package: str
    entry_points: tuple[str, ...]
    install: Callable[[Providers, bool], None]
    through: tuple[str, ...] = ("openai", "mirascope")
    content: str = "off as it comes"
    reads: bool = True
    wrap: Callable[[Providers], Callable[[Any], Any]] | None = None
    decorate: Callable[[Providers], Callable[[Any], Any]] | None = None
    home: str | None = None

    def takes_plain(self, through: str) -> bool:
        """Whether it meters plain answers there; a `wrap` takes streams alone."""
        return self.wrap is None or through != "openai"


# --- chunkmeter ---


def _chunkmeter(providers: Providers, _: bool) -> None:
    from chunkmeter.instrumentors.mirascope import MirascopeInstrumentor

    MirascopeInstrumentor().instrument(
        tracer_provider=providers.tracer_provider, meter_provider=providers.meter_provider
    )


def _chunkmeter_wrap(providers: Providers) -> Callable[[Any], Any]:
    import chunkmeter
    from chunkmeter.reporting.telemetry import Telemetry

    telemetry = Telemetry(providers.tracer_provider, providers.meter_provider)

    def wrap(stream: Any) -> Any:
        return chunkmeter.wrap(stream, provider="openai", model=MODEL, telemetry=telemetry)

    return wrap


def _chunkmeter_hooks(providers: Providers, _: bool) -> None:
    import chunkmeter

    chunkmeter.instrument(tracer_provider=providers.tracer_provider, meter_provider=providers.meter_provider)


def _nothing(*_: Any) -> None:
    """What is done by hand needs no switch."""


def _by_hand(providers: Providers) -> Any:
    from .by_hand import Asking, ByHand
    from .workload import ready_chunks

    hand = ByHand(ready_chunks(SHORTEST))
    return Asking(hand.recorder(providers.tracer_provider, providers.meter_provider))


def _entry_points() -> tuple[str, ...]:
    """The modules that `opentelemetry-instrument` imports of chunkmeter."""
    project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())["project"]
    declared = project["entry-points"]["opentelemetry_instrumentor"].values()
    return tuple(each.partition(":")[0] for each in declared)


# --- peers: each is installed in its own environment alone ---


def _genai(providers: Providers, _: bool) -> None:
    _instrument("opentelemetry.instrumentation.genai.openai", providers)


def _openai_v2(providers: Providers, _: bool) -> None:
    _instrument("opentelemetry.instrumentation.openai_v2", providers)


def _openllmetry(providers: Providers, content: bool) -> None:
    os.environ["TRACELOOP_TRACE_CONTENT"] = str(content).lower()
    _instrument("opentelemetry.instrumentation.openai", providers)


def _openinference(providers: Providers, content: bool) -> None:
    if not content:
        os.environ["OPENINFERENCE_HIDE_INPUTS"] = os.environ["OPENINFERENCE_HIDE_OUTPUTS"] = "true"
    _instrument("openinference.instrumentation.openai", providers)


def _openlit(providers: Providers, content: bool) -> None:
    openlit: Any = import_module("openlit")
    providers.make_global()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as prices:  # else it asks the network for some
        json.dump({"chat": {MODEL: {"promptPrice": 0.00015, "completionPrice": 0.0006}}}, prices)
        prices.flush()
        openlit.init(capture_message_content=content, pricing_json=prices.name)


def _logfire(providers: Providers, _: bool) -> None:
    logfire: Any = import_module("logfire")
    providers.reader = InMemoryMetricReader()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        sampling=logfire.SamplingOptions(head=providers.sampler),
        additional_span_processors=[providers.ended],
        metrics=logfire.MetricsOptions(additional_readers=[providers.reader]),
    )
    logfire.instrument_openai()


def _langfuse(providers: Providers, _: bool) -> None:
    langfuse: Any = import_module("langfuse")
    import_module("langfuse.openai")
    langfuse.Langfuse(
        public_key="none",
        secret_key="none",
        tracer_provider=providers.tracer_provider,
        span_exporter=InMemorySpanExporter(),  # else it asks the network to take them
    )


def _mirascope(providers: Providers, _: bool) -> None:
    providers.make_global()


def _with_otel(_: Providers) -> Callable[[Any], Any]:
    from mirascope.integrations.otel import with_otel

    return with_otel()


def _instrument(module: str, providers: Providers) -> None:
    instrumentor: Any = import_module(module)
    instrumentor.OpenAIInstrumentor().instrument(
        tracer_provider=providers.tracer_provider,
        meter_provider=providers.meter_provider,
        skip_dep_check=True,  # Mirascope holds the SDK back for all alike
    )


CONTENDERS = {
    "chunkmeter": Contender(
        "chunkmeter",
        ("chunkmeter",),
        "chunkmeter",
        ("chunkmeter.instrumentors.mirascope",),
        _chunkmeter,
        wrap=_chunkmeter_wrap,
    ),
    "hook": Contender("chunkmeter, hooked", ("chunkmeter",), "chunkmeter", _entry_points(), _chunkmeter_hooks),
    FLOOR: Contender(
        "span and points by hand",
        (),
        "opentelemetry.sdk",
        (),
        _nothing,
        reads=False,
        wrap=lambda providers: _by_hand(providers).stream,
        decorate=lambda providers: _by_hand(providers).function,
        home="chunkmeter",
    ),
    "genai": Contender(
        "official genai-openai",
        ("opentelemetry-instrumentation-genai-openai", "opentelemetry-util-genai"),
        "opentelemetry.instrumentation.genai.openai",
        ("opentelemetry.instrumentation.genai.openai",),
        _genai,
    ),
    "openai-v2": Contender(
        "official openai-v2",
        ("opentelemetry-instrumentation-openai-v2", "opentelemetry-util-genai"),
        "opentelemetry.instrumentation.openai_v2",
        ("opentelemetry.instrumentation.openai_v2",),
        _openai_v2,
    ),
    "openllmetry": Contender(
        "OpenLLMetry",
        ("opentelemetry-instrumentation-openai",),
        "opentelemetry.instrumentation.openai",
        ("opentelemetry.instrumentation.openai",),
        _openllmetry,
        content=SWITCHED_OFF,
    ),
    "openinference": Contender(
        "OpenInference",
        ("openinference-instrumentation-openai",),
        "openinference.instrumentation.openai",
        ("openinference.instrumentation.openai",),
        _openinference,
        content=SWITCHED_OFF,
    ),
    "openlit": Contender("OpenLIT", ("openlit",), "openlit", ("openlit",), _openlit, content=SWITCHED_OFF),
    "logfire": Contender("Logfire", ("logfire",), "logfire", ("logfire",), _logfire, content="on, no switch"),
    "langfuse": Contender(
        "Langfuse", ("langfuse",), "langfuse", ("langfuse.openai",), _langfuse, content="on, no switch"
    ),
    "mirascope": Contender(
        "Mirascope with_otel",
        ("mirascope",),
        "mirascope",
        ("mirascope.integrations.otel",),
        _mirascope,
        through=("mirascope",),
        content="on, no switch",
        reads=False,
        decorate=_with_otel,
    ),
}
