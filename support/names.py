"""The names that dashboards, rules and collector files may use: what `semconv` becomes in Prometheus.

They are those of the default, `CHUNKMETER_SEMCONV=released`; those of `latest` stand beside.

Prometheus' own translation of OTLP names is a fact of its documentation (`UnderscoreEscapingWithSuffixes`): dots
become underscores, a unit in braces is an annotation and vanishes, seconds and monotonic sums get a suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chunkmeter import semconv
from chunkmeter.semconv import LATEST, RELEASED

METRICS = [
    value for value in vars(semconv).values() if isinstance(value, semconv.Metric) and value not in LATEST.metrics
]
ATTRIBUTES = {
    value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str) and "." in value
}
GAUGES = {semconv.STREAMS_OPEN.name, semconv.STREAMS_OLDEST_IDLE.name, semconv.PRICE_TABLE_AGE.name}
_ON_POINTS = (
    semconv.OPERATION_NAME,
    semconv.PROVIDER_NAME,
    semconv.REQUEST_MODEL,
    semconv.RESPONSE_MODEL,
    semconv.SERVER_ADDRESS,
    semconv.SERVER_PORT,
    semconv.ERROR_TYPE,
    semconv.TOKEN_TYPE,
    semconv.TOKEN_MODALITY,
    semconv.COST_CURRENCY,
    semconv.COST_SOURCE,
    semconv.FINISH_REASON,
    semconv.OUTCOME,
    semconv.USAGE_STATUS,
    semconv.COST_STATUS,
    semconv.USAGE_SOURCE,
    semconv.ERROR_STAGE,
    semconv.PRICE_SOURCE,
    semconv.CODE_FUNCTION_NAME,
)
LABELS = {name.replace(".", "_") for name in _ON_POINTS} | {
    "service_name",  # promoted from the resource
    "tenant",  # the label that the shipped files attribute spend by
    "job",
    "instance",
    "le",
    "otel_metric_overflow",  # the SDK's, on what goes beyond its limit of series
}
"""Every label that a series of ours can have."""

_KEYWORDS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan", "atan2"})
_GROUPINGS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_TOKEN = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[a-zA-Z_:][\w:]*|[{}()\[\],]|[=!]~|[=!<>]=?|[\d.]+\w*|\S")
_STATIC = re.compile(r"\$\{?\w+(?::\w+)?\}?")


def series(metric: semconv.Metric) -> set[str]:
    """The names of a metric's series in Prometheus."""
    name = metric.name.replace(".", "_") + ("_seconds" if metric.unit == "s" else "")
    if metric.buckets:
        return {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return {name if metric.name in GAUGES else f"{name}_total"}


SERIES = {name for metric in METRICS for name in series(metric)}
RELEASED_SERIES = {name for metric in RELEASED.metrics for name in series(metric)}
"""Those of `SERIES` that a service with `CHUNKMETER_SEMCONV=latest` does not have."""
LATEST_SERIES = {name for metric in LATEST.metrics for name in series(metric)}


def used(expression: str) -> Iterator[tuple[str, str]]:
    """What a PromQL expression names: ("metric", name), ("label", name) pairs.

    It takes templates of Grafana for numbers; functions, keywords, strings and durations are passed over.
    """
    tokens = _TOKEN.findall(_STATIC.sub("5m", expression))
    depth: list[str] = []  # what encloses a token: {, [, a grouping's (, or another (
    for at, token in enumerate(tokens):
        before, after = tokens[at - 1] if at else "", tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in "{[":
            depth.append(token)
        elif token == "(":
            depth.append("by" if before in _GROUPINGS else "(")
        elif token in ")}]":
            depth.pop()
        elif re.match(r"[a-zA-Z_:]", token) and "[" not in depth:
            if depth and depth[-1] == "{":
                if re.match(r"[=!]", after):
                    yield "label", token
                    if token == "__name__":
                        yield from (("pattern", name) for name in [tokens[at + 2].strip("\"'")])
            elif depth and depth[-1] == "by":
                yield "label", token
            elif after not in {"(", "by", "without"} and token not in _KEYWORDS | _GROUPINGS:
                yield "metric", token
