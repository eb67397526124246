"""The dialect of Logfire: the conventions' names, with a stream told of twice.

A span records the request of a stream, and a log at the stream's end, which is a span too, has what was used. Only the
log is the call. Its `operation.cost` is a figure of Logfire's own, and is not passed on.
https://logfire.pydantic.dev/docs/integrations/llms/openai/
"""

from __future__ import annotations

from dataclasses import replace

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally
from . import genai
from ._fields import Attributes, read_named, text

__all__ = ["begins", "earlier_ns", "read"]

_KIND, _REQUEST, _LEVEL = "logfire.span_type", "request_data", "logfire.level_num"
_ERROR = 17
_MOST_SECONDS = 10**6


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return _KIND in attributes and _REQUEST in attributes


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect, or only a request."""
    operation = text(attributes, (semconv.OPERATION_NAME,))
    if operation not in semconv.INFERENCE_OPERATIONS:
        return None
    request, tally = read_named(attributes, operation, genai.NAMES)
    failed = isinstance(level := attributes.get(_LEVEL), int) and level >= _ERROR
    if attributes[_KIND] == "log":
        return replace(request, stream=True), tally
    return (request, tally) if failed or tally.response_id or tally.tokens() else None


def earlier_ns(attributes: Attributes) -> int:
    """How many nanoseconds before its span a call started: a log's span begins at the end of its stream."""
    seconds = attributes.get("duration") if attributes.get(_KIND) == "log" else None
    return int(seconds * 1e9) if isinstance(seconds, int | float) and 0 <= seconds < _MOST_SECONDS else 0
