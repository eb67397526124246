"""Tells which accounts are of one call, so that it counts once, however many instrumentations tell of it.

There is no lock, since a span may end, and a call be settled, in a finalizer: each thing that two threads may do at
once is one operation on a dictionary or a list.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from opentelemetry.metrics import MeterProvider
from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..facts.ended import Ended, Facts
from ..facts.tally import Tokens
from .attributes import counted_attributes
from .telemetry import SCOPE, Telemetry

__all__ = ["Account", "Once", "account_of", "is_counted", "lies_around", "once_for", "once_on"]

_MOST_CALLS = 4096
_MOST_OF_ONE_ID = 16
_MOST_RECENT = 64
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


def account_of(ended: Ended, source: str, span: Any, *, own: bool = True, tokens: Tokens | None = None) -> Account:
    """What a source tells of a call that is over.

    Args:
        ended: the call, its text cleaned.
        source: the instrumentation scope.
        span: the span that the source has for the call, or the one around the call.
        own: whether it is the former.
        tokens: the counts of the call's tally, where they are known; counted if left out.
    """
    request, tally = ended.request, ended.tally
    tokens = tally.tokens() if tokens is None else tokens
    context, parent = span.get_span_context(), getattr(span, "parent", None)
    around = (parent.span_id if parent else 0) if own else context.span_id
    began = getattr(span, "start_time", None) if own else None
    return Account(
        source, request.operation, tally.response_id, request.provider, tally.response_model or request.model,
        context.trace_id, context.span_id if own else 0, around, ended.start_ns, ended.end_ns,
        (tokens.input_tokens, tokens.output_tokens), asked=request.model,
        late=began is not None and began == getattr(span, "end_time", None),
    )  # fmt: skip


class _Call:
    """A call that has been counted: the account by which it was, and who else has told of it since."""

    __slots__ = ("account", "others")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.others: dict[str, object] = dict.fromkeys(account.others, account)


class Once:
    """The calls that have been counted lately, a few thousand at most. It forgets the oldest when it is full.

    Two accounts are of one call where the span of one lies around that of the other, and no two ids say otherwise; or
    where two sources tell of the same response id, or of the same model and tokens at the same time where one tells no
    id. Two calls of ours are two, whatever they say. So are two of another
    source's, unless they have one id, one around the other: caches and test servers give an id more than once.
    """

    def __init__(self) -> None:
        self._recent: deque[_Call] = deque(maxlen=_MOST_RECENT)
        """The calls counted last: another account of one may not tell of the response id."""
        self._calls: OrderedDict[str, list[_Call]] = OrderedDict()
        """By response id."""
        self._inside: OrderedDict[tuple[int, int], Account] = OrderedDict()
        """By trace and span id of the span around it: the call counted last inside that span."""

    def earlier(self, account: Account) -> Account | None:
        """The account by which this one's call has been counted already; None for the first, which is to be counted."""
        counted = self._around(account) or self._alike(account)
        if account.parent_id:
            self._inside[account.trace_id, account.parent_id] = counted or account
            _bound(self._inside)
        return counted

    def _around(self, account: Account) -> Account | None:
        inner = self._inside.get((account.trace_id, account.span_id)) if account.span_id else None
        if inner is None or _are_vectors(inner) != _are_vectors(account):
            return None
        ids = {inner.response_id, account.response_id}
        if inner.source == account.source:
            return inner if len(ids) == 1 and None not in ids and account.source != SCOPE else None
        return inner if len(ids - {None}) < 2 else None

    def _alike(self, account: Account) -> Account | None:
        """The account that this one resembles: by response id, or by all else where one of them tells none."""
        own = _Call(account)
        counted = self._of_that_id(own) or self._recently(own)
        if counted is None:
            self._recent.append(own)
        return counted

    def _of_that_id(self, own: _Call) -> Account | None:
        account = own.account
        if not account.response_id:
            return None
        calls = self._calls.setdefault(account.response_id, [])
        # It joins the list before it looks: of two threads that do so at once, the later one sees the earlier.
        calls.append(own)
        for call in tuple(calls):
            if call is own:
                break
            if _alike(call.account, account) and call.others.setdefault(account.source, own) is own:
                calls.remove(own)
                return call.account
        if len(calls) > _MOST_OF_ONE_ID:
            del calls[0]
        _bound(self._calls)
        return None

    def _recently(self, own: _Call) -> Account | None:
        source = own.account.source  # nearly all are of this one, and never resemble it
        for call in [call for call in tuple(self._recent) if call.account.source != source]:
            if _resemble(call.account, own.account) and call.others.setdefault(source, own) is own:
                return call.account
        return None


def once_for(provider: MeterProvider) -> Once:
    """The calls counted on a meter provider. From the first such question on they are kept."""
    return _on.get(provider) or _on.setdefault(provider, Once())


def once_on(provider: MeterProvider) -> Once | None:
    """The calls counted on a meter provider; None where nobody else could count there, and none are kept."""
    return _on.get(provider)


_on: WeakKeyDictionary[MeterProvider, Once] = WeakKeyDictionary()


def is_counted(
    telemetry: Telemetry, ended: Ended, facts: Facts, span: Any, *, own: bool, others: tuple[str, ...] = ()
) -> bool:
    """Whether a span of another instrumentation's, which ended before, has been counted for a call of ours.

    Args:
        telemetry: where the call reports.
        ended: the call, its text cleaned.
        facts: what it amounts to.
        span: its span, or the one around it.
        own: whether it is the former.
        others: the scopes of others whose span ended inside the call's stream.
    """
    once = once_on(telemetry.meter_provider)
    if once is None:
        return False
    tokens = facts.tokens if facts.estimated_by is None else None
    account = account_of(ended, SCOPE, span, own=own, tokens=tokens)._replace(others=others)
    if not own:
        account = account._replace(counted=counted_attributes(ended, facts, draft_cost=telemetry.draft_cost))
    return once.earlier(account) is not None


def _alike(one: Account, other: Account) -> bool:
    """Whether two accounts with the same response id are of one call.

    Instrumentations spell providers in their own ways, so either the provider or the model has to agree. Without a
    span around, each of them begins a trace of its own; then their times have to overlap.
    """
    if one.source == other.source or _are_vectors(one) != _are_vectors(other):
        return False
    told = None in (one.provider, other.provider) or None in (one.model, other.model)
    if not told and one.provider != other.provider and one.model != other.model:
        return False
    # Logfire tells of a stream by a log, a span without length, which it may write when the stream is collected. So it
    # may come a while after a call without a span.
    spanless = not (one.span_id and other.span_id)
    apart_ns = _LATE_NS if spanless and (one.late or other.late) else 0
    return one.trace_id == other.trace_id or (_anywhere(one, other) and _meet(one, other, apart_ns))


def _resemble(one: Account, other: Account) -> bool:
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
    if _are_vectors(one) != _are_vectors(other) or not (spanless or (one.tokens == other.tokens and any(one.tokens))):
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
    bare = not (other.response_id or any(other.tokens)) and _are_vectors(other) == _are_vectors(ours)
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


def _are_vectors(account: Account) -> bool:
    return account.operation == semconv.EMBEDDINGS


def _bound(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > _MOST_CALLS:
        kept.popitem(last=False)
