"""What `chunkmeter doctor` can find: each condition once, as data. `make docs` writes a page from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["CONDITIONS", "SYMPTOMS", "Condition", "Finding", "Level", "Symptom", "found"]

Level = Literal["look", "loses money"]
"""How bad it is: worth a look, or some of the spend is not told."""
Symptom = Literal[
    "Nothing arrives",
    "Some calls are missing",
    "Spans are missing",
    "A call has no cost",
    "A cost is too low, or doubtful",
    "Spend is counted twice",
    "Spend is not split as it should be",
    "A setting has no effect",
    "The app hangs",
    "The log has a warning",
]
SYMPTOMS: Final[tuple[Symptom, ...]] = get_args(Symptom)
"""What somebody sees who has one of the conditions, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may be wrong.

    Attributes:
        id: its name, in `--json` too.
        level: how bad it is.
        symptom: what somebody sees who has it.
        what: what is wrong, in general words.
        why: what it does.
        cure: what to write, in general words.
        run: whether it is found only where the doctor runs the app.
    """

    id: str
    level: Level
    symptom: Symptom
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
(
    _NOTHING,
    _MISSING,
    _NO_SPAN,
    _NO_COST,
    _DOUBTFUL,
    _TWICE,
    _SPLIT,
    _NO_EFFECT,
    _HANGS,
    _LOGGED,
) = SYMPTOMS
_ALL: Final = (
    # --- what is installed ---
    Condition(
        "no-distro", _LOOK, _NOTHING, "no OpenTelemetry distro is installed",
        "opentelemetry-instrument sets up no SDK, and nothing is exported unless the app does that itself",
        "pip install 'chunkmeter[auto]'",
    ),
    Condition(
        "distro-unknown", _LOSES, _NOTHING,
        "OTEL_PYTHON_DISTRO or OTEL_PYTHON_CONFIGURATOR names a distro that is not installed",
        "opentelemetry-instrument sets up no SDK, and nothing is exported",
        "unset the variable, or write the name of one that is installed",
    ),
    Condition(
        "hook-off", _LOSES, _MISSING, "a library is installed, and its hook is switched off",
        "its calls are neither metered nor priced", "take the hook's name out of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    ),
    Condition(
        "spans-unread", _LOSES, _MISSING, "another instrumentation is installed, and chunkmeter_spans is switched off",
        "calls that only the other instrumentation sees are not counted",
        "take chunkmeter_spans out of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    ),
    Condition(
        "no-hook", _LOOK, _MISSING, "chunkmeter has no hook for a library that is installed",
        "its calls count only if the app gives its streams to wrap()",
        "stream = chunkmeter.wrap(stream, provider=...), or uninstall the library if nothing uses it",
    ),
    Condition(
        "version-declined", _LOSES, _MISSING, "chunkmeter does not meter this version of a library",
        "its calls are not counted", "install a version that is metered",
    ),
    Condition(
        "version-untested", _LOOK, _MISSING, "chunkmeter is not tested with this version of a library",
        "some of its calls may not be counted", "install a version that is tested",
    ),
    # --- what is switched off, sampled away or misspelt ---
    Condition(
        "sdk-disabled", _LOSES, _NOTHING, "OTEL_SDK_DISABLED=true", "nothing is recorded and nothing is exported",
        "unset OTEL_SDK_DISABLED",
    ),
    Condition(
        "metrics-off", _LOSES, _MISSING, "OTEL_METRICS_EXPORTER=none",
        "chunkmeter.spend and chunkmeter.calls are not exported, and spans alone miss what is sampled away",
        "unset OTEL_METRICS_EXPORTER",
    ),
    Condition(
        "traces-off", _LOOK, _NO_SPAN, "OTEL_TRACES_EXPORTER=none",
        "single calls can't be looked up; metrics stay exact",
        "unset OTEL_TRACES_EXPORTER",
    ),
    Condition(
        "exporter-unknown", _LOSES, _NOTHING, "an OTEL_*_EXPORTER names an exporter that is not installed",
        "the SDK is not set up at all, and nothing is exported",
        "export OTEL_TRACES_EXPORTER=otlp, OTEL_METRICS_EXPORTER=otlp",
    ),
    Condition(
        "head-sampling", _LOOK, _NO_SPAN, "OTEL_TRACES_SAMPLER drops traces as they begin",
        "most calls have no span; metrics count all calls and stay exact",
        "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector",
    ),
    Condition(
        "others-sampled", _LOSES, _MISSING,
        "OTEL_TRACES_SAMPLER drops traces, and another instrumentation is installed",
        "calls that only the other instrumentation sees are counted from its spans, and dropped spans count nothing",
        "export OTEL_TRACES_SAMPLER=parentbased_always_on, and sample in the Collector",
    ),
    Condition(
        "variable-misspelt", _LOSES, _NO_EFFECT, "a CHUNKMETER_* variable is no variable of chunkmeter",
        "it has no effect, and the setting that was meant has its default", "the name that was meant",
    ),
    Condition(
        "value-unusable", _LOSES, _NO_EFFECT, "a CHUNKMETER_* variable has a value that can't be used",
        "the default counts, or the part of the value that can be used", "what the line says",
    ),
    # --- where telemetry goes ---
    Condition(
        "endpoint-unusable", _LOSES, _NOTHING, "the OTLP endpoint is no URL, or its protocol does not exist",
        "nothing can be exported there",
        "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
    ),
    Condition(
        "endpoint-unreachable", _LOSES, _NOTHING, "nothing takes OTLP at the endpoint",
        "spans are lost; metrics arrive once something listens there, unless the process has ended by then",
        "start the Collector (or `chunkmeter tail`), or export OTEL_EXPORTER_OTLP_ENDPOINT=...",
    ),
    Condition(
        "endpoint-other", _LOSES, _NOTHING, "the endpoint takes OTLP by another protocol, port or scheme",
        "no export arrives", "the protocol and the endpoint that answered",
    ),
    Condition(
        "endpoint-refused", _LOSES, _NOTHING, "the endpoint refuses what is sent",
        "no export is taken", "export OTEL_EXPORTER_OTLP_HEADERS=... with a valid key, or correct the path",
    ),
    # --- prices ---
    Condition(
        "price-file", _LOSES, _NO_COST, "the file that CHUNKMETER_PRICES names can't be used",
        "none of its prices count", "what `chunkmeter prices check` says",
    ),
    Condition(
        "price-entry", _LOOK, _NO_COST, "an entry of the price file prices nothing",
        "what it names has no price", "what `chunkmeter prices check` says",
    ),
    Condition(
        "price-table-old", _LOOK, _DOUBTFUL, "the newest price in the bundled table is more than 90 days old",
        "calls have the old prices, even if a provider has changed them since",
        "pip install --upgrade genai-prices, or export CHUNKMETER_PRICES_UPDATE=true",
    ),
    Condition(
        "server-unnamed", _LOOK, _DOUBTFUL, "it is not known which provider answers at a server",
        "a call there is priced as if the SDK's maker answered, and its cost is 'assumed'",
        "export CHUNKMETER_SERVERS=host:port=provider",
    ),
    # --- how the process lives and ends ---
    Condition(
        "sigterm", _LOOK, _MISSING, "a server is installed whose processes are ended by SIGTERM",
        "each deploy may lose what was counted since the last export",
        "export CHUNKMETER_FLUSH_ON_EXIT=true",
    ),
    Condition(
        "preload", _LOOK, _TWICE, "gunicorn loads the app before it forks",
        "calls from before the fork count once more in each worker",
        "remove --preload, or make the first call in the workers",
    ),
    Condition(
        "gevent-unpatched", _LOOK, _HANGS, "gevent is installed, and OpenTelemetry is set up before gevent patches",
        "the SDK's locks and threads are not green, and the app may hang as it ends",
        "export OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all",
    ),
    # --- what happened in the app ---
    Condition(
        "nothing-arrived", _LOSES, _NOTHING, "no call of the app has arrived",
        "nothing can be said about its calls", "what the line says", run=True,
    ),
    Condition(
        "other-python", _LOSES, _NOTHING, "the command runs on another Python than chunkmeter is installed for",
        "the app is not metered", "the path of the Python that has chunkmeter, or install it for the other one",
        run=True,
    ),
    Condition(
        "no-sdk", _LOSES, _NOTHING, "no SDK was set up when the first call began", "nothing is exported",
        "pip install 'chunkmeter[auto]'", run=True,
    ),
    Condition(
        "sdk-twice", _LOOK, _NOTHING, "the app sets up an SDK of its own beside that of opentelemetry-instrument",
        "the app's own SDK has no effect", "start the app without opentelemetry-instrument, and call "
        "chunkmeter.instrument() once its SDK is set up", run=True,
    ),
    Condition(
        "metrics-short", _LOSES, _MISSING, "the metrics have fewer calls than the spans",
        "the spend lacks some of the calls", "export CHUNKMETER_FLUSH_ON_EXIT=true", run=True,
    ),
    Condition(
        "usage-not-asked", _LOSES, _NO_COST, "a stream's request didn't ask for usage", "it has no tokens and no cost",
        "export CHUNKMETER_INCLUDE_USAGE=true, or write stream_options={'include_usage': True}", run=True,
    ),
    Condition(
        "usage-missing", _LOSES, _NO_COST, "a call came without usage", "it has no tokens and no cost",
        "export CHUNKMETER_ESTIMATE=true for an estimate", run=True,
    ),
    Condition(
        "model-unpriced", _LOSES, _NO_COST, "no price is known for a model", "its calls have no cost",
        "a price or an alias in the file that CHUNKMETER_PRICES names", run=True,
    ),
    Condition(
        "cost-incomplete", _LOSES, _DOUBTFUL, "a call used something that no price is known for", "the cost lacks it",
        "its price in the file that CHUNKMETER_PRICES names", run=True,
    ),
    Condition(
        "label-unset", _LOOK, _SPLIT, "CHUNKMETER_METRIC_LABELS has a label that no call was given",
        "spend is not split by it", "with chunkmeter.labels(name=...):", run=True,
    ),
    Condition(
        "label-unlisted", _LOOK, _SPLIT, "the app sets a label that CHUNKMETER_METRIC_LABELS does not list",
        "it has no effect", "export CHUNKMETER_METRIC_LABELS with its name", run=True,
    ),
    Condition(
        "label-overflow", _LOOK, _SPLIT, "a label has more than 200 values", "later values count as _OTHER",
        "a label with fewer values, such as a team in place of a user", run=True,
    ),
    Condition(
        "keyword-unknown", _LOSES, _NO_EFFECT, "a keyword of instrument() is no setting", "it has no effect",
        "the name that was meant", run=True,
    ),
    Condition(
        "forked-late", _LOSES, _TWICE, "processes were forked after the first call",
        "the calls from before the fork count once more in each of them",
        "make the first call after the fork, or start processes by spawn", run=True,
    ),
    Condition(
        "patched-late", _LOOK, _HANGS, "gevent or eventlet patched modules that were already in use",
        "the app may hang at locks from before the patch",
        "export OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all, or patch in the first line",
        run=True,
    ),
    Condition(
        "ended-by-sigterm", _LOSES, _MISSING, "SIGTERM ended the app", "calls counted since the last export are lost",
        "export CHUNKMETER_FLUSH_ON_EXIT=true", run=True,
    ),
    Condition(
        "warned", _LOOK, _LOGGED, "chunkmeter has logged a warning", "the line says it", "what the line says", run=True,
    ),
)  # fmt: skip

CONDITIONS: Final = {each.id: each for each in _ALL}
"""Every condition by its name, in the order of the report."""
