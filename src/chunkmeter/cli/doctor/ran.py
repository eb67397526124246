"""Findings on a run of an app: what its telemetry tells of its calls. Pure."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ... import semconv
from ...shown import plain, quoted
from ...switches import exporters, is_disabled
from .conditions import Finding, found
from .costs import unnamed
from .machine import Machine
from .observed import OURS, Observed
from .processes import FLUSH, flushes
from .variables import chosen

__all__ = ["FINDERS", "Run"]

_ASKED = ("openai", "azure", "groq", "x_ai", "mistral", "deepseek", "together", "vllm", "openrouter", "fireworks")
"""How the names of providers begin whose streams tell their usage when they are asked for it."""
_FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of an app.

    Attributes:
        machine: the set-up.
        seen: what it told by OTLP.
        code: its exit code; that of a signal is negative.
        lines: what it wrote to stderr that concerns chunkmeter.
    """

    machine: Machine
    seen: Observed
    code: int
    lines: tuple[str, ...] = ()


def nothing_arrived(run: Run) -> Iterator[Finding]:
    """Neither a span of a call nor a metric of one."""
    if not run.seen.calls and not run.seen.measured:
        yield found("nothing-arrived", "neither a span nor a metric of a call has arrived", _why(run))


def metrics_short(run: Run) -> Iterator[Finding]:
    """Metrics count fewer calls than there are spans of calls."""
    own = [call for scope, call in run.seen.calls if scope == OURS and call.get(semconv.COST_STATUS) != "elsewhere"]
    # Of spans of others several may tell of one call.
    measured, told = run.seen.measured or 0, len(own) or min(len(run.seen.calls), 1)
    if measured < told and exporters(run.machine.environ, "metrics"):
        what = f"metrics tell of {measured} calls, spans of {told}"
        yield found("metrics-short", what, f"export {FLUSH}=true OTEL_METRIC_EXPORT_INTERVAL=10000")


def usage_lost(run: Run) -> Iterator[Finding]:
    """Calls without usage: streams that were not asked for it, and others."""
    missing = _where(run, lambda call: call.get(semconv.USAGE_STATUS) == "missing" and _is_whole(call))
    unasked = _models(call for call in missing if _is_unasked(run, call))
    for model, number in unasked.items():
        what = f"{number} stream{_s(number)} of {model} came without usage, which nobody asked for"
        cure = "export CHUNKMETER_INCLUDE_USAGE=true, or write stream_options={'include_usage': True}"
        yield found("usage-not-asked", what, cure)
    for model, number in _models(call for call in missing if not _is_unasked(run, call)).items():
        cure = "export CHUNKMETER_ESTIMATE=true, and pip install 'chunkmeter[estimate]', for an estimate"
        yield found("usage-missing", f"{number} call{_s(number)} of {model} came without usage", cure)


def model_unpriced(run: Run) -> Iterator[Finding]:
    """Models without a price."""
    lost = _where(run, lambda call: call.get(semconv.COST_STATUS) == "unknown_model")
    for model, number in _models(lost).items():
        name = model.partition(" of ")[0]
        cure = f"[[models]]  names = [{_in_toml(name)}]  prices = {{ input = ..., output = ... }}  # {_file(run)}"
        yield found(
            "model-unpriced", f"{number} call{_s(number)} of {model} {'has' if number == 1 else 'have'} no price", cure
        )


def cost_incomplete(run: Run) -> Iterator[Finding]:
    """Items without a price."""
    lacks = Counter(
        f"{plain(item)}, in a call of {_model(call)}"
        for call in _where(run, lambda call: call.get(semconv.COST_STATUS) == "incomplete")
        for item in call.get(semconv.COST_UNPRICED) or ()
    )
    for item, number in lacks.items():
        name = item.partition(",")[0]
        cure = f"fees or tiers of [[models]] with a price of {name}  # {_file(run)}"
        yield found("cost-incomplete", f"no price of {item} ({number} time{_s(number)})", cure)


def servers_assumed(run: Run) -> Iterator[Finding]:
    """Servers that nobody names, and calls that are priced as if one did."""
    assumed = _where(run, lambda call: call.get(semconv.COST_STATUS) == "assumed")
    places = {(call.get(semconv.SERVER_ADDRESS), call.get(semconv.SERVER_PORT)): call for call in assumed}
    for (host, port), call in places.items():
        if isinstance(host, str):
            provider = str(call.get(semconv.PROVIDER_NAME) or "openai")
            number = port if isinstance(port, int) else None
            yield from unnamed(run.machine, host, number, provider, "calls have been priced by a guess at")


def labels_unset(run: Run) -> Iterator[Finding]:
    """Labels that are allowed and that no call has."""
    calls = [call for scope, call in run.seen.calls if scope == OURS]
    if not calls:
        return
    for name in chosen(run.machine.environ).metric_labels:
        bare = name.removeprefix("baggage:")
        attribute = semconv.CODE_FUNCTION_NAME if bare == _FUNCTION else bare
        if not any(attribute in call for call in calls):
            cure = "take it out: only Mirascope names functions" if bare == _FUNCTION else _with(bare)
            what = f"CHUNKMETER_METRIC_LABELS has {plain(name)}, and none of {len(calls)} call{_s(len(calls))} has it"
            yield found("label-unset", what, cure)


def ended_by_sigterm(run: Run) -> Iterator[Finding]:
    """SIGTERM ended the app without an export."""
    if run.code == -signal.SIGTERM and not flushes(run.machine):
        yield found("ended-by-sigterm", "SIGTERM ended the app", f"export {FLUSH}=true")


def _why(run: Run) -> str:
    """What most likely keeps telemetry away, as what to do."""
    machine = run.machine
    if any("No OpenTelemetry SDK is set up" in line for line in run.lines):
        return "pip install 'chunkmeter[auto]'"
    if is_disabled(machine.environ):
        return "unset OTEL_SDK_DISABLED"
    if machine.value("OTEL_CONFIG_FILE"):
        return "OTEL_CONFIG_FILE says where telemetry goes, and the doctor can't have it: run once without the file"
    elsewhere = [
        f"OTEL_{signal.upper()}_EXPORTER"
        for signal in ("traces", "metrics")
        if not any("otlp" in name for name in exporters(machine.environ, signal))
    ]
    if elsewhere:
        return f"unset {' '.join(elsewhere)}: nothing is exported by OTLP"
    if run.code == -signal.SIGTERM and not flushes(machine):
        return f"export {FLUSH}=true: SIGTERM has ended the app before it exported"
    if run.code:
        return f"have the app come to its end: its exit code is {run.code}"
    return (
        "make a call in the app; if it has made one, look whether its library is among those metered, and whether its "
        "process ends by itself (os._exit and SIGKILL lose everything)"
    )


def _where(run: Run, fits: Callable[[Mapping[str, Any]], bool]) -> list[Mapping[str, Any]]:
    return [call for _, call in run.seen.calls if fits(call)]


def _is_whole(call: Mapping[str, Any]) -> bool:
    """Whether the call came to its end, so that its usage could have come."""
    return call.get(semconv.OUTCOME) == "completed"


def _is_unasked(run: Run, call: Mapping[str, Any]) -> bool:
    provider = str(call.get(semconv.PROVIDER_NAME) or "")
    return (
        call.get(semconv.REQUEST_STREAM) is True
        and provider.startswith(_ASKED)
        and not chosen(run.machine.environ).include_usage
    )


def _models(calls: Any) -> Counter[str]:
    return Counter(map(_model, calls))


def _model(call: Mapping[str, Any]) -> str:
    model = call.get(semconv.RESPONSE_MODEL) or call.get(semconv.REQUEST_MODEL) or "an unnamed model"
    provider = call.get(semconv.PROVIDER_NAME)
    return f"{plain(model)} of {plain(provider)}" if provider else plain(model)


def _file(run: Run) -> str:
    path = run.machine.value("CHUNKMETER_PRICES")
    return f"in {plain(path)}" if path else "in a file of yours; export CHUNKMETER_PRICES=its path"


def _in_toml(name: str) -> str:
    return f'"{name}"' if not name.startswith("'") else quoted(name)


def _with(label: str) -> str:
    return (
        f"with chunkmeter.labels({label}=...):"
        if label.isidentifier()
        else f"with chunkmeter.labels(**{{'{label}': ...}}):"
    )


def _s(number: int) -> str:
    return "" if number == 1 else "s"


FINDERS = (
    nothing_arrived, metrics_short, usage_lost, model_unpriced, cost_incomplete, servers_assumed, labels_unset,
    ended_by_sigterm,
)  # fmt: skip
