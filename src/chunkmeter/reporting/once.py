"""Tells which accounts are of one call, so that it counts once, however many instrumentations tell of it.

There is no lock, since a span may end, and a call be settled, in a finalizer: each thing that two threads may do at
once is one operation on a dictionary or a list.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.metrics import MeterProvider

from ..facts.ended import Ended, Facts
from .accounts import Account, account_of, alike, are_vectors, resemble
from .attributes import counted_attributes
from .telemetry import SCOPE, Telemetry

__all__ = ["Once", "is_counted", "once_for", "once_on"]

_MOST_CALLS = 4096
_MOST_OF_ONE_ID = 16
_MOST_RECENT = 64


class _Call:
    """A call that has been counted.

    Args:
        account: the account by which it was.
        beside: the calls with its response id, itself among them; empty where it has none.

    Attributes:
        others: who else has told of it since.
    """

    __slots__ = ("account", "beside", "others")

    def __init__(self, account: Account, beside: list[_Call]) -> None:
        self.account, self.beside = account, beside
        self.others: dict[str, object] = dict.fromkeys(account.others, account)


class Once:
    """The calls that have been counted lately, a few thousand at most. It forgets the oldest when it is full.

    Two accounts are of one call where the span of one lies around that of the other, and no two ids say otherwise; or
    where two sources tell of the same response id, or of the same model and tokens at the same time where one tells no
    id. Two calls of ours are two, whatever they say. So are two of another
    source's, unless they have one id, one around the other: caches and test servers give an id more than once.
    """

    def __init__(self) -> None:
        self._peers = False
        """Whether another instrumentation has told of a call. Until then none of ours can have been told of before."""
        self._waiting: deque[Account] = deque(maxlen=_MOST_CALLS)
        """Our calls from before that, the oldest first. They are put in order when the first other one comes."""
        self._recent: deque[_Call] = deque(maxlen=_MOST_RECENT)
        """The calls counted last: another account of one may not tell of the response id."""
        self._calls: OrderedDict[str, list[_Call]] = OrderedDict()
        """By response id."""
        self._inside: OrderedDict[tuple[int, int], Account] = OrderedDict()
        """By trace and span id of the span around it: the call counted last inside that span."""

    def earlier(self, account: Account) -> Account | None:
        """The account by which this one's call has been counted already; None for the first, which is to be counted."""
        waits = account.source == SCOPE and not self._peers
        if account.source != SCOPE:
            self._peers = True  # before anything else, so that no call of ours looks in vain
        if waits:
            self._waiting.append(account)
            # It waits before it looks: of two threads that do so at once, the later one sees the earlier.
            if not self._peers:
                return None
        self._put_in_order()
        own = (waits and self._found(account)) or self._joined(account)
        counted = self._told_before(own)
        if counted is None:
            self._keep(own)
        elif own in own.beside:
            own.beside.remove(own)
        if account.parent_id:
            self._inside[account.trace_id, account.parent_id] = counted or account
            _bound(self._inside)
        return counted

    def _put_in_order(self) -> None:
        # Two threads may do so at once. Each goes on only when all that waited has its place, whoever gave it that.
        while self._waiting:
            with suppress(IndexError, ValueError):
                account = self._waiting[0]
                self._keep(self._found(account) or self._joined(account))
                if account.parent_id:
                    self._inside[account.trace_id, account.parent_id] = account
                    _bound(self._inside)
                self._waiting.remove(account)

    def _found(self, account: Account) -> _Call | None:
        """The call of an account that has waited, if another thread has been quicker to give it its place."""
        known = (*self._calls.get(account.response_id or "", ()), *self._recent.copy())
        return next((call for call in known if call.account is account), None)

    def _joined(self, account: Account) -> _Call:
        """The call of an account, which is in the list of those with its response id from now on."""
        own = _Call(account, self._calls.setdefault(account.response_id, []) if account.response_id else [])
        if account.response_id:
            # It joins the list before it looks: of two threads that do so at once, the later one sees the earlier.
            own.beside.append(own)
        return own

    def _keep(self, own: _Call) -> None:
        if own not in tuple(self._recent):
            self._recent.append(own)
        if len(own.beside) > _MOST_OF_ONE_ID:
            del own.beside[0]
        _bound(self._calls)

    def _told_before(self, own: _Call) -> Account | None:
        """The account that this one is of one call with.

        By where their spans lie, by the response id, or by all else where one of them tells none.
        """
        return self._around(own.account) or self._of_that_id(own) or self._recently(own)

    def _around(self, account: Account) -> Account | None:
        inner = self._inside.get((account.trace_id, account.span_id)) if account.span_id else None
        if inner is None or are_vectors(inner) != are_vectors(account):
            return None
        ids = {inner.response_id, account.response_id}
        if inner.source == account.source:
            return inner if len(ids) == 1 and None not in ids and account.source != SCOPE else None
        return inner if len(ids - {None}) < 2 else None

    def _of_that_id(self, own: _Call) -> Account | None:
        for call in tuple(own.beside):
            if call is own:
                break
            if alike(call.account, own.account) and call.others.setdefault(own.account.source, own) is own:
                return call.account
        return None

    def _recently(self, own: _Call) -> Account | None:
        source = own.account.source  # nearly all are of this one, and never resemble it
        for call in [call for call in tuple(self._recent) if call.account.source != source]:
            if resemble(call.account, own.account) and call.others.setdefault(source, own) is own:
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
    """Whether a span of another instrumentation's, which ended before, has been counted for ours. Never raises.

    Args:
        telemetry: where the call reports.
        ended: the call, its text cleaned.
        facts: what it amounts to.
        span: its span, or the one around it.
        own: whether it is the former.
        others: the scopes of others whose span ended inside the call's stream.
    """
    try:
        once = once_on(telemetry.meter_provider)
        if once is None:
            return False
        tokens = facts.tokens if facts.estimated_by is None else None
        counted = None if own else counted_attributes(ended, facts, draft_cost=telemetry.draft_cost)
        account = account_of(ended, SCOPE, span, own=own, tokens=tokens, counted=counted, others=others)
        return once.earlier(account) is not None
    except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
        telemetry.guard.failed("settle", "telling calls apart", error)
        return False


def _bound(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > _MOST_CALLS:
        kept.popitem(last=False)
