"""Turns an ended call into points. Pure.

Which points a call may have, and their labels, is the same for calls that are alike: these are its *slots*. Its values
come in the order of the slots.
"""

from __future__ import annotations

from collections.abc import Container

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..facts.tally import Tokens
from ..pricing import ELSEWHERE, Priced
from ..pricing.tokens import absurd
from ..semconv import LATEST, RELEASED, Conventions, Metric

__all__ = ["Labels", "Slot", "Value", "measured", "measured_slots", "spent", "spent_slots"]

_LONGEST = 30 * 86_400.0
"""Seconds that no call takes. A clock set right within a call, or a wrong `start_time`, may make them."""

Labels = tuple[tuple[str, AttributeValue], ...]
"""Names with values."""
Slot = tuple[Metric, Labels]
"""A metric, and the labels that only some points of the call have."""
Value = float | None
"""A value in the unit of its slot's metric; None where there is no such point."""

_INPUT, _OUTPUT = (((semconv.TOKEN_TYPE, kind),) for kind in ("input", "output"))
_AUDIO, _UNKNOWN = (((semconv.TOKEN_MODALITY, modality),) for modality in ("audio", "unknown"))
_ESTIMATED: Labels = ((semconv.USAGE_STATUS, "estimated"),)
"""The label that keeps estimated tokens apart from counted ones."""
_NOTHING = Tokens()


def spent_slots(ended: Ended, facts: Facts, whose: Labels, reason: Labels) -> tuple[Slot, ...]:
    """The points that no other instrumentation records: one for the call itself, and those of its cost, if it has one.

    A call that has been counted elsewhere has none of them.

    Labels that say who is spending are on these alone, since they would multiply the series of each histogram.

    Args:
        ended: the call.
        facts: what the call amounts to.
        whose: who is spending.
        reason: the call's one finish reason; empty where it has none.
    """
    cost, trust = facts.cost, facts.cost_status
    status = (semconv.COST_STATUS, trust)
    outcome = (semconv.OUTCOME, ended.outcome), (semconv.USAGE_STATUS, facts.usage_status), status
    counted = semconv.CALLS, (*whose, *reason, *outcome)
    if not isinstance(cost, Priced):
        return () if cost == ELSEWHERE else (counted,)
    priced = (semconv.COST_CURRENCY, cost.currency), (semconv.COST_SOURCE, cost.source)
    # The conventions give the last metric no status. Only a cost that is not fully known gets ours, so that a query can
    # leave it out.
    doubt = () if trust == "known" else (status,)
    return counted, (semconv.SPEND, (*whose, *priced, status)), (semconv.COST, (*priced, *doubt))


def spent(facts: Facts) -> tuple[Value, ...]:
    """The value of each of these slots."""
    if not isinstance(facts.cost, Priced):
        return () if facts.cost == ELSEWHERE else (1,)
    amount = float(facts.cost.amount)
    return 1, amount, amount


def measured_slots(
    spoken: Container[Conventions], usage_status: str, failure: Labels, port: Labels
) -> tuple[Slot, ...]:
    """All other points that a call may have, in each of the conventions that are switched on.

    Args:
        spoken: the conventions that are switched on.
        usage_status: how far to trust the call's tokens.
        failure: the label for what failed; empty where nothing did.
        port: the label for the server's port, which main's conventions require where a point has the server's address;
            empty where it is not known.
    """
    estimated = _ESTIMATED if usage_status == "estimated" else ()
    made: list[Slot] = []
    if RELEASED in spoken:
        made += [
            (semconv.DURATION, failure),
            (semconv.TIME_TO_FIRST_CHUNK, ()),
            (semconv.TOKEN_USAGE, _INPUT + estimated),
            (semconv.TOKEN_USAGE, _OUTPUT + estimated),
        ]
    if LATEST in spoken:
        made += [(semconv.INFERENCE_DURATION, port + failure), (semconv.INFERENCE_TIME_TO_FIRST_CHUNK, port)]
        for counter in (
            semconv.INFERENCE_INPUT_TOKENS,
            semconv.INFERENCE_OUTPUT_TOKENS,
            semconv.INFERENCE_CACHE_READ,
            semconv.INFERENCE_CACHE_WRITE,
            semconv.INFERENCE_REASONING,
        ):
            made += [(counter, port + estimated + _AUDIO), (counter, port + estimated + _UNKNOWN)]
        for histogram in (semconv.OPERATION_INPUT_TOKENS, semconv.OPERATION_OUTPUT_TOKENS):
            made.append((histogram, port + estimated + failure))
    return tuple(made)


def measured(ended: Ended, facts: Facts, spoken: Container[Conventions]) -> list[Value]:
    """The value of each of these slots.

    Args:
        ended: the call.
        facts: what the call amounts to.
        spoken: as for `measured_slots`.
    """
    tokens = facts.tokens
    if not facts.linear and absurd(tokens):  # what a call can't have counts as not told
        tokens = _NOTHING
    duration: Value = ended.duration
    first = ended.time_to_first_chunk
    if ended.duration > _LONGEST:
        duration = None
    if first is not None and first > _LONGEST:
        first = None
    made: list[Value] = []
    if RELEASED in spoken:
        made += (duration, first, tokens.input_tokens, tokens.output_tokens)
    if LATEST in spoken:
        made += (
            duration,
            first,
            *_by_modality(tokens.input_tokens, tokens.input_audio_tokens),
            *_by_modality(tokens.output_tokens, tokens.output_audio_tokens),
            # `Tokens` doesn't say how much of these was audio.
            *_by_modality(tokens.cached_tokens),
            *_by_modality(tokens.cache_write_tokens),
            *_by_modality(tokens.reasoning_tokens),
            tokens.input_tokens,
            tokens.output_tokens,
        )
    return made


def _by_modality(count: int | None, audio: int | None = None) -> tuple[Value, Value]:
    """A count split in audio and what is not, which may be text or image, so it is `unknown`.

    The conventions want a point for every call, so a call without usage gives 0 `unknown` tokens.
    """
    whole = count or 0
    part = min(audio or 0, whole)
    return part or None, whole - part if whole != part or not part else None
