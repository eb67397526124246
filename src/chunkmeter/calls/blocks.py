"""What is spent in blocks of code: a call belongs to the blocks that were open in its context when it began.

Nothing here has a lock, since a call may be settled in any thread, and a process may be forked in the middle: each
thing that two threads may do at once is one operation on a list or a dictionary.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from typing import Any, Final, Protocol, cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from ..facts.ended import Facts
from ..facts.sums import FAILED, Sums, sum_of, sums_of
from ..pricing import ELSEWHERE
from ..pricing.tokens import Tokens

__all__ = ["Spent", "Watching", "blocks_here", "carried", "enter", "handed_on", "joined", "leave"]

_MADE_IN: Final = "chunkmeter.spent"
"""Context key of the blocks that were open where a lazy stream was made."""
_MOST_APART: Final = 1000
"""So many calls are kept apart; then they become one sum, so that a block may be as long as the process lives."""


class Watching(Protocol):
    """Is told when a call is settled."""

    def settled(self, call: Any, facts: Facts | None, /) -> None:
        """Note that a call is settled, with what it amounts to; None if we failed to tell."""


class Spent:
    """What the calls of a block, or one call, have spent so far. It may be read at any time, from any thread.

    Only calls that are over count. Each attribute is computed as it is read.

    Attributes:
        left: whether the block has been left. Calls that begin later do not belong to it.
    """

    __slots__ = ("__weakref__", "_adding_up", "_open", "_settled", "left")

    def __init__(self) -> None:
        self.left = False
        self._settled: list[Sums] = []
        self._open: dict[object, int] = {}
        """The calls, by the process that began them: a forked one leaves its parent's to the parent."""
        self._adding_up: list[None] = [None]
        """Empty while one thread makes one sum of many."""

    def __repr__(self) -> str:
        return f"Spent(amounts={self.amounts}, calls={self.calls}, open={self.open}, unpriced={self.unpriced})"

    @property
    def calls(self) -> int:
        """How many calls are over, failed ones too."""
        return self._sums().calls

    @property
    def open(self) -> int:
        """How many calls have begun and are not over, such as streams that are being read: they don't count yet."""
        return [*self._open.values()].count(os.getpid())

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What the calls that have a price cost, exactly, by the currency's ISO 4217 code."""
        return {currency: _added(amounts) for currency, amounts in self.by_status.items()}

    @property
    def by_status(self) -> dict[str, dict[str, Decimal]]:
        """The same by currency and then by how far to trust it: the words of `chunkmeter.cost.status`."""
        amounts: dict[str, dict[str, Decimal]] = {}
        for (currency, status), amount in self._sums().amounts.items():
            amounts.setdefault(currency, {})[status] = amount
        return amounts

    @property
    def tokens(self) -> Tokens:
        """The tokens that the providers have told: `input_tokens`, `output_tokens` and what is part of these.

        The names are those of `chunkmeter.Usage`. A count that no call has told is None.
        """
        return Tokens(**self._sums().tokens)

    @property
    def unpriced(self) -> dict[str, int]:
        """How many calls have no amount, by the reason, such as `no_usage` or `unknown_model`."""
        return dict(self._sums().unpriced)

    @property
    def incomplete(self) -> dict[str, int]:
        """How many calls have an amount that lacks something, by what it lacks, such as `web_search`."""
        return dict(self._sums().incomplete)

    def begun(self, call: object) -> None:
        """Note that a call has begun."""
        self._open[call] = os.getpid()

    def settled(self, call: object, facts: Facts | None) -> None:
        """Note that a call is over.

        Args:
            call: the call.
            facts: what it amounts to; None if we failed to tell. What has been counted elsewhere is left out.
        """
        if facts is None or facts.cost != ELSEWHERE:
            self._settled.append(FAILED if facts is None else sums_of(facts))
            if len(self._settled) > _MOST_APART:
                self._add_up()
        self._open.pop(call, None)

    def _sums(self) -> Sums:
        return sum_of(self._settled.copy())

    def _add_up(self) -> None:
        try:
            self._adding_up.pop()
        except IndexError:
            return  # Another thread is doing it.
        try:
            settled = self._settled.copy()
            self._settled[: len(settled)] = [sum_of(settled)]  # what has been added meanwhile comes behind
        finally:
            self._adding_up.append(None)


def _added(amounts: dict[str, Decimal]) -> Decimal:
    """Amounts of one currency as one."""
    return sum_of(Sums(amounts={("", ""): amount}) for amount in amounts.values()).amounts["", ""]


_entered: ContextVar[tuple[Spent, ...]] = ContextVar("chunkmeter_spent", default=())


def enter() -> Spent:
    """Open a block in the current context."""
    spent = Spent()
    _entered.set((*_entered.get(), spent))
    return spent


def leave(is_it: Callable[[Spent], bool]) -> Spent | None:
    """Leave a block: the innermost in the current context of those that may be meant.

    A context variable's token would not do. A generator may leave a block in another context, or while its consumer is
    in blocks that were entered later.

    Args:
        is_it: says of a block whether it may be meant.

    Returns:
        The block; None where this context has none of them.
    """
    inward = _entered.get()
    spent = next((each for each in reversed(inward) if is_it(each)), None)
    if spent is not None:
        spent.left = True
        _entered.set(tuple(each for each in inward if not each.left))
    return spent


def blocks_here() -> tuple[Spent, ...]:
    """The blocks that are open in the current context."""
    entered = _entered.get()
    return tuple(each for each in entered if not each.left) if entered else entered


def carried(made: Context) -> Context:
    """A context like `made`, by which a call that begins later belongs to the blocks of now as well."""
    blocks = blocks_here()
    return otel_context.set_value(_MADE_IN, blocks, made) if blocks else made


def handed_on(made: Context, place: Context | None) -> Context | None:
    """`place` with the blocks that `made` carries.

    Args:
        made: a context that `carried` gave.
        place: another context; None for the current one.
    """
    blocks = made.get(_MADE_IN)
    return place if blocks is None else otel_context.set_value(_MADE_IN, blocks, place)


def joined(call: object, parent: Context) -> tuple[Spent, ...]:
    """The blocks to which a call belongs that begins now; each takes note of it.

    Args:
        call: the call.
        parent: the context in which it would start its span: that in which a lazy stream was made.
    """
    blocks, made_in = _entered.get(), parent.get(_MADE_IN)
    if not blocks and made_in is None:
        return blocks
    blocks = blocks_here()
    if made_in is not None:
        blocks = tuple(dict.fromkeys((*cast("tuple[Spent, ...]", made_in), *blocks)))
    for block in blocks:
        block.begun(call)
    return blocks
