"""An ended call as points of the metrics that differ between the conventions, released and latest. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator

from opentelemetry.util.types import AttributeValue

from . import semconv
from .conventions import LATEST, RELEASED, Conventions
from .facts import Ended, Facts
from .semconv import Metric

__all__ = ["Point", "points"]

Point = tuple[Metric, float, dict[str, AttributeValue]]
"""A metric, a value, and the labels that not all points of the call share."""


def points(ended: Ended, facts: Facts, spoken: Container[Conventions]) -> Iterator[Point]:
    """The points of the call in the conventions that are spoken."""
    if RELEASED in spoken:
        yield from _released(ended, facts)
    if LATEST in spoken:
        yield from _latest(ended, facts)


def _released(ended: Ended, facts: Facts) -> Iterator[Point]:
    first, tokens = ended.time_to_first_chunk, facts.tokens
    yield semconv.DURATION, ended.duration, _failure(ended)
    if first is not None:
        yield semconv.TIME_TO_FIRST_CHUNK, first, {}
    for kind, count in (("input", tokens.input_tokens), ("output", tokens.output_tokens)):
        if count is not None:
            yield semconv.TOKEN_USAGE, count, {semconv.TOKEN_TYPE: kind, **_doubt(facts)}


def _latest(ended: Ended, facts: Facts) -> Iterator[Point]:
    first, tokens = ended.time_to_first_chunk, facts.tokens
    port, doubt = _port(ended), _doubt(facts)
    yield semconv.INFERENCE_DURATION, ended.duration, {**port, **_failure(ended)}
    if first is not None:
        yield semconv.INFERENCE_TIME_TO_FIRST_CHUNK, first, port
    for counter, count, audio in (
        (semconv.INFERENCE_INPUT_TOKENS, tokens.input_tokens, tokens.input_audio_tokens),
        (semconv.INFERENCE_OUTPUT_TOKENS, tokens.output_tokens, tokens.output_audio_tokens),
        # How much of these was audio is in no `Tokens`.
        (semconv.INFERENCE_CACHE_READ, tokens.cached_tokens, None),
        (semconv.INFERENCE_CACHE_WRITE, tokens.cache_write_tokens, None),
        (semconv.INFERENCE_REASONING, tokens.reasoning_tokens, None),
    ):
        for modality, part in _modalities(count or 0, audio or 0):
            yield counter, part, {**port, **doubt, semconv.TOKEN_MODALITY: modality}
    for histogram, count in (
        (semconv.OPERATION_INPUT_TOKENS, tokens.input_tokens),
        (semconv.OPERATION_OUTPUT_TOKENS, tokens.output_tokens),
    ):
        if count is not None:
            yield histogram, count, {**port, **doubt, **_failure(ended)}


def _modalities(count: int, audio: int) -> list[tuple[str, int]]:
    """`count` split by modality; what is not told to be audio may be text or image, so is unknown.

    The conventions want a counter for each call, 0 and unknown where no usage came.
    """
    audio = min(audio, count)
    parts = [("audio", audio), ("unknown", count - audio)]
    return [part for part in parts if part[1]] or [("unknown", 0)]


def _failure(ended: Ended) -> dict[str, AttributeValue]:
    return {semconv.ERROR_TYPE: ended.error_type} if ended.error_type else {}


def _doubt(facts: Facts) -> dict[str, AttributeValue]:
    """What keeps tokens that were estimated apart from those that were counted."""
    return {semconv.USAGE_STATUS: facts.usage_status} if facts.usage_status == "estimated" else {}


def _port(ended: Ended) -> dict[str, AttributeValue]:
    """Required beside an address."""
    request = ended.request
    return {semconv.SERVER_PORT: request.server_port} if request.server_address and request.server_port else {}
