"""What other instrumentations say of a call themselves, found by running each: metrics, and attributes of their span.

Our metric would double theirs, and our attribute replace what the owner of the span says in words of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..facts.ended import Ended
from ..semconv import (
    DURATION,
    ERROR_TYPE,
    RESPONSE_MODEL,
    RESPONSE_TIME_TO_FIRST_CHUNK,
    TIME_TO_FIRST_CHUNK,
    TOKEN_USAGE,
    Metric,
)

__all__ = ["recorded_by", "told_by"]


class _Records(NamedTuple):
    """What an instrumentation records.

    Attributes:
        metrics: the metrics of a call.
        of_streams: those of a streamed one, where it records fewer.
        not_of: the wires of calls of which it records none.
        of_whole_ones: whether it records none of a stream that is broken off or fails.
    """

    metrics: tuple[Metric, ...]
    of_streams: tuple[Metric, ...] | None = None
    not_of: tuple[str, ...] = ()
    of_whole_ones: bool = False


_ALL, _NOT_THE_FIRST = (DURATION, TOKEN_USAGE, TIME_TO_FIRST_CHUNK), (DURATION, TOKEN_USAGE)
# By scope, which is the package too in which its streams are. `make coexist` holds the table against each of them.
_RECORDED = {
    "opentelemetry.instrumentation.genai.openai": _Records(_ALL),  # 1.3b0
    "opentelemetry.instrumentation.genai.anthropic": _Records(_ALL),  # 1.3b0
    "opentelemetry.util.genai": _Records(
        _ALL
    ),  # 1.0b0, which has the tracer of both then; the scope ends in `.handler`
    "opentelemetry.instrumentation.openai_v2": _Records(_NOT_THE_FIRST, of_streams=(DURATION,)),  # 2.4b0
    # OpenLLMetry 0.62.4; the scope ends in `.v1`
    "opentelemetry.instrumentation.openai": _Records(_NOT_THE_FIRST, not_of=("openai_responses",)),
    "opentelemetry.instrumentation.anthropic": _Records(_NOT_THE_FIRST, of_whole_ones=True),  # OpenLLMetry, the same
    "pydantic-ai": _Records((TOKEN_USAGE,)),  # 2.66.0
}
# Before which release another row holds, and that row.
_EARLIER = {
    "opentelemetry.instrumentation.anthropic": (
        (0, 61),
        _Records(_NOT_THE_FIRST, of_streams=(DURATION,), of_whole_ones=True),  # 0.59.2
    ),
}


def recorded_by(ended: Ended, module: str | None, span: Any, others: Iterable[str] = ()) -> tuple[Metric, ...]:
    """The metrics of a call that other instrumentations record.

    Args:
        ended: the call.
        module: the module of the call's stream, where that is another instrumentation's; None where it is not.
        span: the call's span, which may be another instrumentation's.
        others: the scopes of those that have a span of the call beside.
    """
    scopes = (module or _scope(span), *others)
    found = [_recorded(ended, _records(name)) for scope in scopes for name in _names(scope, _RECORDED)]
    return tuple({metric.name: metric for metrics in found for metric in metrics}.values())


def _records(scope: str) -> _Records:
    """What the release of an instrumentation records that runs here."""
    below, records = _EARLIER.get(scope, ((), None))
    if records is not None and (release := _release(scope)) and release < below:
        return records
    return _RECORDED[scope]


def _release(scope: str) -> tuple[int, ...]:
    """The first numbers of an instrumentation's version, as its package says it; empty where it does not."""
    said = getattr(sys.modules.get(f"{scope}.version"), "__version__", "")
    return tuple(int(number) for number in re.findall(r"\d+", str(said))[:2])


def _recorded(ended: Ended, records: _Records) -> tuple[Metric, ...]:
    broken = records.of_whole_ones and ended.outcome != "completed"
    if broken or ended.tally.wire in records.not_of:
        return ()
    return records.metrics if records.of_streams is None or not ended.request.stream else records.of_streams


# Anthropic's SDK has a scope for each service too, such as `.bedrock`. Its model is that of a fallback, where the
# service names one in the middle of the answer; ours is that of the message.
_TOLD = {"com.anthropic.sdk.python": (ERROR_TYPE, RESPONSE_MODEL, RESPONSE_TIME_TO_FIRST_CHUNK)}  # 2.14.0


def told_by(span: Any) -> tuple[str, ...]:
    """The attributes that are left to the owner of a span, by their names."""
    return next((_TOLD[name] for name in _names(_scope(span), _TOLD)), ())


def _scope(span: Any) -> str:
    return getattr(getattr(span, "instrumentation_scope", None), "name", None) or ""


def _names(scope: str, table: Mapping[str, object]) -> list[str]:
    """The names in a table that a scope has, or goes on from behind a dot."""
    return [name for name in table if scope == name or scope.startswith(f"{name}.")]
