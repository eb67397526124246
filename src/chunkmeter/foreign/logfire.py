"""The dialect of Logfire: the conventions' names, with a stream told of twice.

A span records the request of a stream, and a log at the stream's end, which is a span too, has what was used. Only the
log is the call. Its `operation.cost` is a figure of Logfire's own, and is not passed on. Only the SDK's own
usage, which is there as JSON text, has all parts of the tokens.
https://logfire.pydantic.dev/docs/integrations/llms/openai/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally, count
from . import genai
from ._fields import Attributes, json_at, read_named, text

__all__ = ["begins", "earlier_ns", "read"]

_KIND, _REQUEST, _LEVEL = "logfire.span_type", "request_data", "logfire.level_num"
_RAW = "gen_ai.usage.raw"
_PARTS = {
    "cached_tokens": (
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens",
        "cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens",
        "input_tokens_details.cache_write_tokens",
        "cache_creation_input_tokens",
    ),
    "cache_write_1h_tokens": ("cache_creation.ephemeral_1h_input_tokens",),
    "input_audio_tokens": ("prompt_tokens_details.audio_tokens",),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    "output_audio_tokens": ("completion_tokens_details.audio_tokens",),
}
"""Field of `Tokens` -> where the usage of OpenAI's SDK and Anthropic's has it."""
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
    if isinstance(raw := json_at(attributes, _RAW), dict):
        told, parts = tally.tokens(), {name: _at(raw, paths) for name, paths in _PARTS.items()}
        whole = replace(told, **{name: number for name, number in parts.items() if getattr(told, name) is None})
        tally.count_tokens = lambda _: whole
        tally.service_tier = tally.service_tier or text(raw, ("service_tier",))
    failed = isinstance(level := attributes.get(_LEVEL), int) and level >= _ERROR
    if attributes[_KIND] == "log":
        return replace(request, stream=True), tally
    return (request, tally) if failed or tally.response_id or tally.tokens() else None


def _at(raw: Mapping[str, Any], paths: tuple[str, ...]) -> int | None:
    """The first count that stands at one of these paths."""
    found = (reduce(_in, path.split("."), raw) for path in paths)
    return next((number for each in found if (number := count(each)) is not None), None)


def _in(said: Any, name: str) -> Any:
    return said.get(name) if isinstance(said, dict) else None


def earlier_ns(attributes: Attributes) -> int:
    """How many nanoseconds before its span a call started: a log's span begins at the end of its stream."""
    seconds = attributes.get("duration") if attributes.get(_KIND) == "log" else None
    return int(seconds * 1e9) if isinstance(seconds, int | float) and 0 <= seconds < _MOST_SECONDS else 0
