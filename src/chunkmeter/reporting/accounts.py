"""What each instrumentation tells of a call, and whether two such accounts are of one call. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended
from ..facts.tally import Tokens
from .telemetry import SCOPE

__all__ = ["Account", "account_of", "alike", "are_vectors", "lies_around", "resemble"]

_LATE_NS = 10**9
_DATE = re.compile(r"-\d{4}-?\d\d-?\d\d\Z")


class Account(NamedTuple):
    """What one instrumentation tells of a call.

    Attributes:
        source: the instrumentation scope.
        operation: the call's `gen_ai.operation.name`.
        response_id: the answer's id, None where it isn't told.
        provider: the conventions' name of the provider, None where it isn't told.
        model: the model that answered, None where it isn't told.
        trace_id: the trace that the call is in; 0 where it is in none.
        span_id: the account's own span; 0 where it has none.
        parent_id: the span around it; 0 where there is none.
        start_ns: when the call started, in nanoseconds since the epoch.
        end_ns: when it ended.
        tokens: the counts of what went in and what came out.
        counted: what a span is to say of the call's cost, where the account has no span of its own.
        others: the scopes of others whose span is known to be of the call, and is not asked for here.
        asked: the model asked for, None where it isn't told.
        late: whether its span has no length: it may be written some time after the call is over.
    """

    source: str
    operation: str
    response_id: str | None
    provider: str | None
    model: str | None
    trace_id: int
    span_id: int
    parent_id: int
    start_ns: int
    end_ns: int
    tokens: tuple[int | None, int | None] = (None, None)
    counted: Mapping[str, AttributeValue] | None = None
    others: tuple[str, ...] = ()
    asked: str | None = None
    late: bool = False


def account_of(
    ended: Ended,
    source: str,
    span: Any,
    *,
    own: bool = True,
    tokens: Tokens | None = None,
    counted: Mapping[str, AttributeValue] | None = None,
    others: tuple[str, ...] = (),
) -> Account:
    """What a source tells of a call that is over.

    Args:
        ended: the call, its text cleaned.
        source: the instrumentation scope.
        span: the span that the source has for the call, or the one around the call.
        own: whether it is the former.
        tokens: the counts of the call's tally, where they are known; counted if left out.
        counted: as `Account` has it.
        others: as `Account` has them.
    """
    request, tally = ended.request, ended.tally
    tokens = tally.tokens() if tokens is None else tokens
    context, parent = span.get_span_context(), getattr(span, "parent", None)
    around = (parent.span_id if parent else 0) if own else context.span_id
    began = getattr(span, "start_time", None) if own else None
    return Account(
        source, request.operation, tally.response_id, request.provider, tally.response_model or request.model,
        context.trace_id, context.span_id if own else 0, around, ended.start_ns, ended.end_ns,
        (tokens.input_tokens, tokens.output_tokens), counted, others, request.model,
        began is not None and began == getattr(span, "end_time", None),
    )  # fmt: skip


def alike(one: Account, other: Account) -> bool:
    """Whether two accounts with the same response id are of one call.

    Instrumentations spell providers in their own ways, so either the provider or the model has to agree. Without a
    span around, each of them begins a trace of its own; then their times have to overlap.
    """
    if one.source == other.source or are_vectors(one) != are_vectors(other):
        return False
    told = None in (one.provider, other.provider) or None in (one.model, other.model)
    if not told and one.provider != other.provider and one.model != other.model:
        return False
    # Logfire tells of a stream by a log, a span without length, which it may write when the stream is collected. So it
    # may come a while after a call without a span.
    spanless = not (one.span_id and other.span_id)
    apart_ns = _LATE_NS if spanless and (one.late or other.late) else 0
    return one.trace_id == other.trace_id or (_anywhere(one, other) and _meet(one, other, apart_ns))


def resemble(one: Account, other: Account) -> bool:
    """Whether two accounts, of which one tells no response id, are of one call: by model, time and tokens.

    An account without a span is of a stream of another source's, so that the tokens need not be told.
    """
    if (one.response_id and other.response_id) or one.source == other.source:
        return False
    if one.source == SCOPE and lies_around(other, one):
        return True
    spanless = not (one.span_id and other.span_id)
    if not (one.model == other.model or (spanless and _undated(one.model) == _undated(other.model))):
        return False
    if are_vectors(one) != are_vectors(other) or not (spanless or (one.tokens == other.tokens and any(one.tokens))):
        return False
    return _meet(one, other) and (one.trace_id == other.trace_id or _anywhere(one, other))


def _undated(model: str | None) -> str | None:
    """A model's name without the date that providers add to the one that was asked for."""
    return model and _DATE.sub("", model)


def lies_around(other: Account, ours: Account) -> bool:
    """Whether an account that tells neither an id nor tokens is of a call of ours: it lies around it.

    One that tells that the same model was asked for may lie inside our span, also after its end (Logfire's log of a
    stream left early), or at the same time in a trace of its own (LiteLLM's span of a stream that fails, made in
    another thread).
    OpenLLMetry, LiteLLM and Logfire have such spans for streams that are broken off or fail. They have no cost, so that
    none is lost.
    """
    bare = not (other.response_id or any(other.tokens)) and are_vectors(other) == are_vectors(ours)
    beside = other.parent_id == ours.parent_id and (other.trace_id == ours.trace_id or not other.parent_id)
    if not bare:
        return False
    if other.asked is None:
        return beside and other.start_ns < ours.start_ns <= other.end_ns
    if other.asked not in (ours.asked, ours.model):
        return False
    inside = other.trace_id == ours.trace_id and other.parent_id == ours.span_id
    return inside or ((beside or not other.parent_id) and _meet(other, ours))


def _anywhere(one: Account, other: Account) -> bool:
    """Whether one of two accounts may be in another trace than the other: it has no span, or none is around that."""
    return not (one.span_id and one.parent_id and other.span_id and other.parent_id)


def _meet(one: Account, other: Account, apart_ns: int = 0) -> bool:
    """Whether two accounts lie at the same time, or no further apart than this."""
    return one.start_ns <= other.end_ns + apart_ns and other.start_ns <= one.end_ns + apart_ns


def are_vectors(account: Account) -> bool:
    """Whether an account is of embeddings."""
    return account.operation == semconv.EMBEDDINGS
