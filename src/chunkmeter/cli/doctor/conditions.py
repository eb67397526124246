"""What `chunkmeter doctor` can find: each condition once, as data. The table of docs/doctor.md is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CONDITIONS", "Condition", "Finding", "Level", "found"]

Level = Literal["look", "loses money"]
"""How bad it is: worth a look, or some of the spend is not told."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may be wrong.

    Attributes:
        id: its name, in `--json` too.
        level: how bad it is.
        what: what is wrong, in general words.
        why: what it does.
        cure: what to write, in general words.
        run: whether it is found only where the doctor runs the app.
    """

    id: str
    level: Level
    what: str
    why: str
    cure: str
    run: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition as it was found.

    Attributes:
        id: the condition's name.
        level: how bad it is.
        what: what is wrong, and where.
        why: what it does.
        cure: the line to write.
    """

    id: str
    level: Level
    what: str
    why: str
    cure: str


def found(id: str, what: str, cure: str) -> Finding:  # noqa: A002 - it is the condition's word
    """A finding of a listed condition.

    Args:
        id: the condition's name.
        what: what is wrong here, and where; without a secret.
        cure: the line to write here.
    """
    condition = CONDITIONS[id]
    return Finding(id, condition.level, what, condition.why, cure)


_LOOK: Final = "look"
_LOSES: Final = "loses money"
_ALL: Final = (
    # --- what is installed ---
    Condition(
        "no-distro", _LOOK, "no distro of OpenTelemetry's is installed",
        "opentelemetry-instrument sets up no SDK, and nothing is exported unless the app does that itself",
        "pip install 'chunkmeter[auto]'",
    ),
    Condition(
        "distro-unknown", _LOSES, "OTEL_PYTHON_DISTRO or OTEL_PYTHON_CONFIGURATOR names one that is not installed",
        "opentelemetry-instrument sets up no SDK, and nothing is exported",
        "unset the variable, or write a name that is installed",
    ),
    Condition(
        "hook-off", _LOSES, "a library is installed, and its hook is switched off",
        "its calls are neither metered nor priced",
        "take the hook's name out of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    ),
    Condition(
        "spans-unread", _LOSES, "another instrumentation is installed, and chunkmeter_spans is switched off",
        "calls that only the other instrumentation tells of count nothing",
        "take chunkmeter_spans out of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    ),
    Condition(
        "no-hook", _LOOK, "a library is installed that chunkmeter has no hook for",
        "its calls count only where the app gives its streams to wrap()",
        "stream = chunkmeter.wrap(stream, provider=...), or uninstall what is not used",
    ),
    Condition(
        "version-declined", _LOSES, "a version of a library is installed that chunkmeter does not meter",
        "its calls go unmetered", "install a version that is metered",
    ),
    Condition(
        "version-untested", _LOOK, "a version of a library is installed that chunkmeter is not tested with",
        "its calls are metered as far as the hooks find their place", "install a version that is tested",
    ),
    # --- what is switched off, sampled away or misspelt ---
    Condition(
        "sdk-disabled", _LOSES, "OTEL_SDK_DISABLED=true", "nothing is recorded and nothing is exported",
        "unset OTEL_SDK_DISABLED",
    ),
    Condition(
        "metrics-off", _LOSES, "OTEL_METRICS_EXPORTER=none",
        "chunkmeter.spend and chunkmeter.calls are not exported; spans alone miss what is sampled away",
        "unset OTEL_METRICS_EXPORTER",
    ),
    Condition(
        "traces-off", _LOOK, "OTEL_TRACES_EXPORTER=none",
        "there are no spans to look calls up in; metrics stay exact",
        "unset OTEL_TRACES_EXPORTER",
    ),
    Condition(
        "exporter-unknown", _LOSES, "an OTEL_*_EXPORTER names an exporter that is not installed",
        "the SDK is not set up at all, and nothing is exported",
        "export OTEL_TRACES_EXPORTER=otlp, OTEL_METRICS_EXPORTER=otlp",
    ),
    Condition(
        "head-sampling", _LOOK, "OTEL_TRACES_SAMPLER drops traces as they begin",
        "most calls have no span; chunkmeter's metrics count them all and stay exact",
        "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector",
    ),
    Condition(
        "others-sampled", _LOSES, "OTEL_TRACES_SAMPLER drops traces, and another instrumentation is installed",
        "what its spans cost is counted as they end, and one that is dropped counts nothing",
        "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector",
    ),
    Condition(
        "variable-misspelt", _LOSES, "a CHUNKMETER_* variable that there is none of",
        "it has no effect, and its setting is at the default",
        "the name that was meant",
    ),
    Condition(
        "value-unusable", _LOSES, "a CHUNKMETER_* variable has a value that can't be used",
        "its setting is at the default, or at what could be used of the value",
        "what the line says",
    ),
    # --- where telemetry goes ---
    Condition(
        "endpoint-unusable", _LOSES, "the OTLP endpoint or its protocol is none", "nothing can be exported there",
        "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
    ),
    Condition(
        "endpoint-unreachable", _LOSES, "nothing takes OTLP at the endpoint",
        "metrics arrive once it is back, spans are lost; a process that ends before loses both",
        "start the Collector (or `chunkmeter tail`), or export OTEL_EXPORTER_OTLP_ENDPOINT=...",
    ),
    Condition(
        "endpoint-other", _LOSES, "the endpoint takes OTLP by another protocol, port or scheme",
        "no export arrives", "export the protocol and endpoint that answered",
    ),
    Condition(
        "endpoint-refused", _LOSES, "the endpoint answers, and refuses",
        "no export is taken", "export OTEL_EXPORTER_OTLP_HEADERS=... with a key that is valid, or the right path",
    ),
    # --- prices ---
    Condition(
        "price-file", _LOSES, "the file that CHUNKMETER_PRICES names can't be used",
        "none of its prices counts", "what `chunkmeter prices check` says",
    ),
    Condition(
        "price-entry", _LOOK, "an entry of the price file prices nothing",
        "what it names has no price", "what `chunkmeter prices check` says",
    ),
    Condition(
        "price-table-old", _LOOK, "the newest price of the table is more than 90 days old",
        "prices that have changed since are the old ones",
        "pip install --upgrade genai-prices, or export CHUNKMETER_PRICES_UPDATE=true",
    ),
    Condition(
        "server-unnamed", _LOOK, "nobody says who answers at a server",
        "a call there is priced as if the SDK's maker answered, and its cost is 'assumed'",
        "export CHUNKMETER_SERVERS=host:port=provider",
    ),
    # --- how the process lives and ends ---
    Condition(
        "sigterm", _LOOK, "a server is installed that ends by SIGTERM",
        "what was counted since the last export may be lost at each deploy",
        "export CHUNKMETER_FLUSH_ON_EXIT=true",
    ),
    Condition(
        "preload", _LOOK, "gunicorn loads the app before it forks",
        "calls from before the fork count once more in each worker",
        "take --preload away, or make the first call in the workers",
    ),
    Condition(
        "gevent-unpatched", _LOOK, "gevent is installed, and nothing patches before OpenTelemetry is set up",
        "the SDK's locks and threads are those of the system, and may hang the app's end",
        "export OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all",
    ),
    # --- what happened in the app ---
    Condition(
        "nothing-arrived", _LOSES, "the app has told of no call", "there is nothing to see, whatever it called",
        "what the line says", run=True,
    ),
    Condition(
        "other-python", _LOSES, "the command runs on another Python than chunkmeter is installed for",
        "the app goes without it", "the path of the Python that has chunkmeter, or install it for the other one",
        run=True,
    ),
    Condition(
        "no-sdk", _LOSES, "no SDK was set up when the first call began", "nothing is exported",
        "pip install 'chunkmeter[auto]'", run=True,
    ),
    Condition(
        "sdk-twice", _LOOK, "the app sets up an SDK of its own beside that of opentelemetry-instrument",
        "the second one is not taken", "start the app without opentelemetry-instrument, and call "
        "chunkmeter.instrument() once its SDK is set up", run=True,
    ),
    Condition(
        "metrics-short", _LOSES, "metrics tell of fewer calls than spans",
        "spend is that of fewer calls than were made", "export CHUNKMETER_FLUSH_ON_EXIT=true", run=True,
    ),
    Condition(
        "usage-not-asked", _LOSES, "a stream was not asked for its usage", "it has no tokens and no cost",
        "export CHUNKMETER_INCLUDE_USAGE=true, or write stream_options={'include_usage': True}", run=True,
    ),
    Condition(
        "usage-missing", _LOSES, "a call came without usage", "it has no tokens and no cost",
        "export CHUNKMETER_ESTIMATE=true for an estimate", run=True,
    ),
    Condition(
        "model-unpriced", _LOSES, "no price is known for a model", "its calls count without cost",
        "a price or an alias in the file that CHUNKMETER_PRICES names", run=True,
    ),
    Condition(
        "cost-incomplete", _LOSES, "something that a call was charged for has no price", "the cost lacks it",
        "a price of it in the file that CHUNKMETER_PRICES names", run=True,
    ),
    Condition(
        "label-unset", _LOOK, "CHUNKMETER_METRIC_LABELS has a label that no call was given",
        "spend is not split by it", "with chunkmeter.labels(name=...):", run=True,
    ),
    Condition(
        "label-unlisted", _LOOK, "the app sets a label that CHUNKMETER_METRIC_LABELS does not list",
        "it has no effect", "export CHUNKMETER_METRIC_LABELS with its name", run=True,
    ),
    Condition(
        "label-overflow", _LOOK, "a label has more than 200 values", "the spend of further ones is that of _OTHER",
        "a label with fewer values, such as a team in place of a user", run=True,
    ),
    Condition(
        "keyword-unknown", _LOSES, "a keyword of instrument() is no setting", "it has no effect",
        "the name that was meant", run=True,
    ),
    Condition(
        "forked-late", _LOSES, "processes were forked after the first call",
        "totals count the calls from before once more for each",
        "make the first call after the fork, or start processes by spawn", run=True,
    ),
    Condition(
        "patched-late", _LOOK, "gevent or eventlet patched what was imported already",
        "locks from before the patch may hang the app",
        "export OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all, or patch in the first line",
        run=True,
    ),
    Condition(
        "ended-by-sigterm", _LOSES, "SIGTERM ended the app", "what was counted since the last export is lost",
        "export CHUNKMETER_FLUSH_ON_EXIT=true", run=True,
    ),
    Condition(
        "warned", _LOOK, "chunkmeter has logged a warning", "the line says it", "what the line says", run=True,
    ),
)  # fmt: skip

CONDITIONS: Final = {each.id: each for each in _ALL}
"""Every condition by its name, in the order of the report."""
