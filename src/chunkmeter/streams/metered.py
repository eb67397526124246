"""Finds what a call amounts to by what its user holds: a stream, a helper around one, or a plain answer."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from ..calls.call import Call
from ..calls.lease import Lease
from ..facts.ended import Facts
from .replace import LEASE
from .responses import lease_of, response_of

__all__ = ["Found", "find", "is_answer_noted", "note_answer", "note_lazy"]

_HELD = ("response", "raw", "stream")
"""Where Mirascope's answers hold the SDK's, and its streams of response models the stream that these are made of."""

_answers: dict[int, tuple[ref[Any], Facts | None]] = {}
"""What plain answers amount to, by their `id`, for as long as somebody holds them."""
_lazy: WeakKeyDictionary[Any, list[Lease]] = WeakKeyDictionary()
"""The leases of lazy streams; a list is empty until the call begins."""


class Found(NamedTuple):
    """What is known of an answer.

    Attributes:
        facts: what its call amounts to; None as long as that is not over.
    """

    facts: Facts | None


def note_answer(answer: Any, call: Call) -> None:
    """Note that a plain answer has been metered, and what its call amounts to.

    Args:
        answer: the answer; one that can't be referred to weakly, such as a dict, is let be.
        call: its call, which is settled.
    """
    if not type(answer).__weakrefoffset__:
        return
    key = id(answer)

    def forget(gone: ref[Any]) -> None:
        if _answers.get(key, (None,))[0] is gone:
            _answers.pop(key, None)

    _answers[key] = ref(answer, forget), call.facts


def is_answer_noted(answer: Any) -> bool:
    """Whether this very answer has been metered."""
    noted = _answers.get(id(answer))
    return noted is not None and noted[0]() is answer


def note_lazy(stream: Any, begun: list[Lease]) -> None:
    """Note that a stream is a lazy one.

    Args:
        stream: the generator or async iterator that its user gets.
        begun: gets the lease when the call begins.
    """
    _lazy[stream] = begun


def find(answer: Any) -> Found | None:
    """What is known of an answer; None of what has not been metered. May raise what an object of the user's raises.

    Args:
        answer: a stream or a plain answer, sync or async.
    """
    found = _found(answer)
    if found is not None:
        return found
    inside = getattr(answer, "__dict__", {})
    held = [*(inside.get(name) for name in _HELD), *inside.values()]
    return next((found for each in held if each is not None and (found := _found(each)) is not None), None)


def _found(answer: Any) -> Found | None:
    noted = _answers.get(id(answer))
    if noted is not None and noted[0]() is answer:
        return Found(noted[1])
    lease = _lease(answer)
    return None if lease is None else Found(None if lease.call is None else lease.call.facts)


def _lease(stream: Any) -> Lease | None:
    for name in (LEASE, "_lease"):
        lease = getattr(stream, name, None)
        if isinstance(lease, Lease):
            return lease
    response = response_of(stream)
    lease = None if response is None else lease_of(response)
    if lease is None and type(stream).__weakrefoffset__ and type(stream).__hash__:
        begun = _lazy.get(stream)
        return None if begun is None else (begun or [Lease()])[0]
    return lease
