"""Prices that were worked out before: what calls that are alike cost a token, kept by all that decides that.

Whatever decides a price is known before the call is counted, but for the length of its input, which the rates know of.
So a second call that is alike costs a few multiplications. Which calls are alike changes with the price file, with the
table, and with the moments at which their prices begin to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .answers import Question
from .rates import Rates

if TYPE_CHECKING:
    from .overlay import Overlay

__all__ = ["Conditions", "Listed", "Resolved", "moment"]

_Kept = TypeVar("_Kept")
_NANOSECONDS = 1e9

_MOST = 512
"""How many kinds of calls are kept, of each how many periods, and how many kinds on a day."""
_DAY = 24 * 60 * 60 * 10**9
_SURE = _DAY - 10**4
"""The nanoseconds of a day after which a moment may be rounded to the next day."""


class Conditions(NamedTuple):
    """What says when prices hold.

    Attributes:
        each: objects whose `active` tells of a moment.
        by_day: whether they tell the same of all moments of a day in UTC.
    """

    each: tuple[Any, ...]
    by_day: bool = True

    def period(self, at: datetime) -> tuple[bool, ...]:
        """Which of them hold at a moment."""
        return tuple([each.active(at) for each in self.each])


Listed = Callable[[Question], tuple[Conditions, Rates | None]]
"""Gives what says when the prices of a call hold; and its rates, if any."""


class _Plan(NamedTuple):
    """How calls of one kind are priced.

    Attributes:
        conditions: what says when their prices hold.
        rates: their rates, by which of the conditions hold; None where each such call has to be priced by itself.
    """

    conditions: Conditions
    rates: dict[tuple[bool, ...], Rates | None]


class Resolved:
    """The rates of calls by the rules of one price file, and by the table in use.

    It takes no lock: two threads that find nothing may work the same out at once.
    """

    def __init__(self) -> None:
        self._kept: tuple[Any, Any, dict[Hashable, _Plan], dict[Hashable, Rates]] = (None, None, {}, {})
        """The rules and the table that count, and by them: the plans of calls that are alike; and the rates of calls on
        a day since the epoch, if those are the same all day."""

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
        by_rules, by_table, plans, _ = self._kept
        if by_rules is not rules or by_table is not table:
            plans = {}
            self._kept = rules, table, plans, {}
        kind = alike if rules is None else (alike, rules.period(at))
        plan = plans.get(kind)
        if plan is not None:
            period = plan.conditions.period(at)
            if period in plan.rates:
                return plan.rates[period]
        conditions, found = _worked_out(rules, listed, asked())
        plan = plan or _put(plans, kind, _Plan(conditions, {}))
        return _put(plan.rates, plan.conditions.period(at), found)

    def known(self, rules: Overlay | None, table: object, alike: Hashable, at_ns: int) -> Rates | None:
        """The same, only if it has been worked out before.

        Args:
            rules: the price file's rules, None without a file.
            table: the table in use.
            alike: what decides the price of a call, but for its time and its tokens.
            at_ns: when the request was made, in nanoseconds since the epoch; 0 where that isn't known.
        """
        by_rules, by_table, plans, by_day = self._kept
        if by_rules is not rules or by_table is not table or not at_ns:
            return None
        at = None
        if rules is not None:
            at = moment(at_ns)
            if at is None:
                return None
            alike = alike, rules.period(at)
        this_day = alike, at_ns // _DAY
        found, is_sure = by_day.get(this_day), at_ns % _DAY < _SURE
        if found is not None and is_sure:
            return found
        plan, at = plans.get(alike), at or moment(at_ns)
        if plan is None or at is None:
            return None
        found = plan.rates.get(plan.conditions.period(at))
        if found is not None and is_sure and plan.conditions.by_day:
            _put(by_day, this_day, found)
        return found


def moment(at_ns: int) -> datetime | None:
    """A moment, by its nanoseconds since the epoch; None for 0, which is none, and where it is beyond all years."""
    try:
        return datetime.fromtimestamp(at_ns / _NANOSECONDS, UTC) if at_ns else None
    except (OSError, OverflowError, ValueError):
        return None


def _worked_out(rules: Overlay | None, listed: Listed, asked: Question) -> tuple[Conditions, Rates | None]:
    """The rates of a call, and what says when they hold; the file has but one answer for its whole period."""
    if rules is None:
        return listed(asked)
    conditions = Conditions(())

    def told(meant: Question) -> Rates | None:
        nonlocal conditions
        conditions, found = listed(meant)
        return found

    found = rules.rates(asked, told)
    return conditions, found


def _put(kept: dict[Any, _Kept], key: Hashable, it: _Kept) -> _Kept:
    if len(kept) >= _MOST:
        kept.clear()
    kept[key] = it
    return it
