"""Findings on what an app has written to stderr: chunkmeter's own warnings, and those of others that concern it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..otlp import clean
from .conditions import Finding, found
from .machine import Machine

__all__ = ["TOLD", "findings", "is_ours"]

_PATCH = "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH"
_INFO = re.compile(r"chunkmeter \S+( meters |: )|Prices of .* are in use, version ")
"""Lines that say what is in order."""
_OURS = re.compile(
    r"chunkmeter|\bwrap\(|\bspending\b|flush_on_exit|No newer prices|Prices are updated from|"
    r"Tokens are to be estimated|"
    r"The price table did not load|have been seen; the metrics call further ones",
    re.IGNORECASE,
)
_ENDS_OF_WORDS = " \t.;"


def _label_unlisted(match: re.Match[str], machine: Machine) -> str:
    before = machine.value("CHUNKMETER_METRIC_LABELS")
    name = match["name"]
    more = f'"$CHUNKMETER_METRIC_LABELS,{name}"' if before else name
    return f"export CHUNKMETER_METRIC_LABELS={more}"


def _keyword(match: re.Match[str], _: Machine) -> str:
    return match["rest"].strip().rstrip("?").replace("did you mean", "write")


_Cure = Callable[[re.Match[str], Machine], str]
_PATTERNS: tuple[tuple[str, str, _Cure], ...] = (
    ("no-sdk", r"No OpenTelemetry SDK is set up", lambda _, __: "pip install 'chunkmeter[auto]'"),
    (
        "sdk-twice",
        r"Overriding of current (Tracer|Meter)Provider is not allowed",
        lambda _, __: "start the app without opentelemetry-instrument, and call chunkmeter.instrument() after its SDK",
    ),
    ("keyword-unknown", r"'(?P<name>[^']+)' is no setting of chunkmeter: (?P<rest>.*)", _keyword),
    ("label-unlisted", r"labels\((?P<name>[\w.]+)=\.\.\.\) has no effect", _label_unlisted),
    (
        "label-overflow",
        r"\d+ (values of the label '[^']+'|label values that baggage brought) have been seen",
        lambda _, __: "a label with fewer values, such as a team in place of a user",
    ),
    (
        "forked-late",
        r"Calls had been recorded before this process was forked",
        lambda _, __: "make the first call after the fork (gunicorn: preload_app = False), or start by spawn",
    ),
    (
        "patched-late",
        r"MonkeyPatchWarning|RLock\(s\) were not greened",
        lambda _, __: f"export {_PATCH}=patch_all (gevent), or patch in the app's first line",
    ),
)
_CURES = {name: (re.compile(pattern), cure) for name, pattern, cure in _PATTERNS}
TOLD = re.compile(
    r"No price is known for model|Nobody says who answers at|has a usage or a cost that can't be true|"
    r"A stream's request does not ask for its usage|meters ended without its usage|"
    r"is no variable of chunkmeter|is not usable: write|"
    r"The price file can't be used|is installed; this version of chunkmeter|can't tell all that is spent"
)
"""Warnings whose facts the telemetry, the environment or the packages tell better."""


def is_ours(line: str) -> bool:
    """Whether a line may be one of the doctor's business."""
    return any(pattern.search(line) for pattern, _ in _CURES.values()) or bool(TOLD.search(line) or _OURS.search(line))


def findings(lines: Sequence[str], machine: Machine) -> Iterator[Finding]:
    """What these lines tell of, each once.

    Args:
        lines: the lines that `is_ours` has let through.
        machine: the set-up.
    """
    told: set[str] = set()
    for line in map(clean, lines):
        matched = False
        for name, (pattern, cure) in _CURES.items():
            match = pattern.search(line)
            matched = matched or match is not None
            if match is not None and match[0] not in told:
                told.add(match[0])
                yield found(name, match[0].strip(_ENDS_OF_WORDS), cure(match, machine))
        if not matched and line not in told and not (TOLD.search(line) or _INFO.search(line)):
            told.add(line)
            yield found("warned", line.strip(), "what the line says")
