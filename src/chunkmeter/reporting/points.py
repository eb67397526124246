"""Turns an ended call into points of the metrics that differ between the released and latest conventions. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..facts.tally import Tokens
from ..pricing.tokens import absurd
from ..semconv import LATEST, RELEASED, Conventions, Metric

__all__ = ["Labels", "Point", "points"]

_LONGEST = 30 * 86_400.0
"""Seconds that no call takes. A clock set right within a call, or a wrong `start_time`, may make them."""

Labels = tuple[tuple[str, AttributeValue], ...]
"""Names with values: what can be looked up as it is."""
Point = tuple[Metric, float, Labels]
"""A metric, a value in its unit, and the labels that only some points of the call have."""

_INPUT, _OUTPUT = (((semconv.TOKEN_TYPE, kind),) for kind in ("input", "output"))
_AUDIO, _UNKNOWN = (((semconv.TOKEN_MODALITY, modality),) for modality in ("audio", "unknown"))
_ESTIMATED: Labels = ((semconv.USAGE_STATUS, "estimated"),)


def points(
    ended: Ended, facts: Facts, spoken: Container[Conventions], failure: Labels, port: Labels
) -> Iterator[Point]:
    """The points of a call, in each of the conventions that are switched on.

    Args:
        ended: the call.
        facts: what the call amounts to.
        spoken: the conventions that are switched on.
        failure: the label for what failed; empty where nothing did.
        port: the label for the server's port, which main's conventions require where a point has the server's address;
            empty where it is not known.
    """
    if absurd(facts.tokens):  # what a call can't have counts as not told
        facts = replace(facts, tokens=Tokens())
    made: list[Point] = []
    if RELEASED in spoken:
        made += _released(ended, facts, failure)
    if LATEST in spoken:
        made += _latest(ended, facts, failure, port)
    for point in made:
        if point[0].unit != "s" or point[1] <= _LONGEST:
            yield point


def _released(ended: Ended, facts: Facts, failure: Labels) -> Iterator[Point]:
    first, tokens, estimated = ended.time_to_first_chunk, facts.tokens, _estimated(facts)
    yield semconv.DURATION, ended.duration, failure
    if first is not None:
        yield semconv.TIME_TO_FIRST_CHUNK, first, ()
    for kind, count in ((_INPUT, tokens.input_tokens), (_OUTPUT, tokens.output_tokens)):
        if count is not None:
            yield semconv.TOKEN_USAGE, count, kind + estimated


def _latest(ended: Ended, facts: Facts, failure: Labels, port: Labels) -> Iterator[Point]:
    first, tokens, estimated = ended.time_to_first_chunk, facts.tokens, _estimated(facts)
    yield semconv.INFERENCE_DURATION, ended.duration, port + failure
    if first is not None:
        yield semconv.INFERENCE_TIME_TO_FIRST_CHUNK, first, port
    for counter, count, audio in (
        (semconv.INFERENCE_INPUT_TOKENS, tokens.input_tokens, tokens.input_audio_tokens),
        (semconv.INFERENCE_OUTPUT_TOKENS, tokens.output_tokens, tokens.output_audio_tokens),
        # `Tokens` doesn't say how much of these was audio.
        (semconv.INFERENCE_CACHE_READ, tokens.cached_tokens, None),
        (semconv.INFERENCE_CACHE_WRITE, tokens.cache_write_tokens, None),
        (semconv.INFERENCE_REASONING, tokens.reasoning_tokens, None),
    ):
        for modality, part in _modalities(count or 0, audio or 0):
            yield counter, part, port + estimated + modality
    for histogram, count in (
        (semconv.OPERATION_INPUT_TOKENS, tokens.input_tokens),
        (semconv.OPERATION_OUTPUT_TOKENS, tokens.output_tokens),
    ):
        if count is not None:
            yield histogram, count, port + estimated + failure


def _modalities(count: int, audio: int) -> list[tuple[Labels, int]]:
    """`count` split by modality. Tokens that are not audio may be text or image, so they are `unknown`.

    The conventions want a point for every call, so a call without usage gives 0 `unknown` tokens.
    """
    audio = min(audio, count)
    parts = [(_AUDIO, audio), (_UNKNOWN, count - audio)]
    return [part for part in parts if part[1]] or [(_UNKNOWN, 0)]


def _estimated(facts: Facts) -> Labels:
    """The label that keeps estimated tokens apart from counted ones."""
    return _ESTIMATED if facts.usage_status == "estimated" else ()
