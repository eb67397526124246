"""Prices that were worked out before: what calls that are alike cost a token, kept by all that decides that.

Whatever decides a price is known before the call is counted, but for the length of its input, which the rates know of.
So a second call that is alike costs a few multiplications. Which calls are alike changes with the price file, with the
table, and with the moments at which their prices begin to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .answers import Question
from .rates import Rates

if TYPE_CHECKING:
    from .overlay import Overlay

__all__ = ["Listed", "Resolved"]

_Kept = TypeVar("_Kept")

Listed = Callable[[Question], tuple[tuple[Any, ...], Rates | None]]
"""Gives what says when the prices of a call hold, objects whose `active` tells of a moment; and its rates, if any."""

_MOST = 512
"""How many kinds of calls are kept, and of each how many periods."""


class _Plan(NamedTuple):
    """How calls of one kind are priced.

    Attributes:
        conditions: what says when their prices hold.
        rates: their rates, by which of the conditions hold; None where each such call has to be priced by itself.
    """

    conditions: tuple[Any, ...]
    rates: dict[tuple[bool, ...], Rates | None]


class Resolved:
    """The rates of calls by the rules of one price file, and by the table in use.

    It takes no lock: two threads that find nothing may work the same out at once.
    """

    def __init__(self) -> None:
        self._kept: tuple[Any, Any, dict[Hashable, _Plan]] = (None, None, {})
        """The rules and the table that count, and the plans by them."""

    def rates(
        self, rules: Overlay | None, listed: Listed, table: object, alike: Hashable, at: datetime,
        asked: Callable[[], Question],
    ) -> Rates | None:  # fmt: skip
        """The rates of a call; None where it has none, and each source has to be asked for its price.

        Args:
            rules: the price file's rules, None without a file.
            listed: gives the rates of the next source, the bundled table, and what says when they hold.
            table: the table that it asks.
            alike: what decides the price of a call, but for its time and its tokens.
            at: when the request was made, with its time zone.
            asked: gives the question that the call is.
        """
        by_rules, by_table, plans = self._kept
        if by_rules is not rules or by_table is not table:
            plans = {}
            self._kept = rules, table, plans
        kind = alike if rules is None else (alike, rules.period(at))
        plan = plans.get(kind)
        if plan is not None:
            period = tuple([each.active(at) for each in plan.conditions])
            if period in plan.rates:
                return plan.rates[period]
        conditions, found = _worked_out(rules, listed, asked())
        plan = plan or _put(plans, kind, _Plan(conditions, {}))
        return _put(plan.rates, tuple([each.active(at) for each in plan.conditions]), found)


def _worked_out(rules: Overlay | None, listed: Listed, asked: Question) -> tuple[tuple[Any, ...], Rates | None]:
    """The rates of a call, and what says when they hold; the file has but one answer for its whole period."""
    if rules is None:
        return listed(asked)
    conditions: list[Any] = []

    def told(meant: Question) -> Rates | None:
        said, found = listed(meant)
        conditions.extend(said)
        return found

    found = rules.rates(asked, told)
    return tuple(conditions), found


def _put(kept: dict[Any, _Kept], key: Hashable, it: _Kept) -> _Kept:
    if len(kept) >= _MOST:
        kept.clear()
    kept[key] = it
    return it
