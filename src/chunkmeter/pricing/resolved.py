"""Prices that were worked out before: what calls that are alike cost a token, kept by all that decides that.

Whatever decides a price is known before the call is counted, but for the length of its input, which the rates know of.
So a second call that is alike costs a few multiplications. Which calls are alike changes with the price file, with the
table, and with the moments at which their prices begin to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .answers import MOST_COST, Priced, Question
from .rates import Rates
from .tokens import Tokens, linear

if TYPE_CHECKING:
    from .overlay import Overlay

__all__ = ["Conditions", "InUse", "Listed", "Resolved", "moment"]

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


class InUse:
    """What prices calls: the rules of one price file, and the table in use; with the rates of calls by them.

    Args:
        rules: the price file's rules, None without a file.
        table: the table.

    Attributes:
        rules: the same.
        table: the same.
        plans: how calls are priced, by all that decides it.
        by_day: the rates of calls by kind and day since the epoch, if those are the same all day. A file's rules may
            change within a day; so with a file, a kind has what holds of them beside it.
    """

    __slots__ = ("by_day", "plans", "rules", "table")

    def __init__(self, rules: Overlay | None, table: object) -> None:
        self.rules, self.table = rules, table
        self.plans: dict[Hashable, _Plan] = {}
        self.by_day: dict[Hashable, Rates] = {}

    def known(self, usage: Tokens, kind: Hashable, at_ns: int) -> Priced | None:
        """What `pricing.price` says of a call, told in less time; None where that has to be asked.

        It has to be where tokens are of other classes than those of `tokens.LINEAR`, or are impossible.

        Args:
            usage: the call's token counts. It is charged for nothing else, and the provider named no cost.
            kind: all else that decides its price: a `pricing.Kind`.
            at_ns: when the request was made, in nanoseconds since the epoch; 0 where that isn't known.
        """
        rates = self.by_day.get((kind, at_ns // _DAY)) if at_ns % _DAY < _SURE else None
        if rates is None and (rates := self.rates(kind, at_ns)) is None:
            return None
        tokens = linear(usage)
        if tokens is None:
            return None
        answer = rates.cost(tokens, usage.input_tokens or 0)
        # `price` knows how much is possible of another currency.
        return answer if type(answer) is Priced and answer.amount <= MOST_COST else None

    def rates(self, kind: Hashable, at_ns: int) -> Rates | None:
        """The rates of a call, only if they have been worked out before."""
        rules, at = self.rules, moment(at_ns)
        # The file may have been read again as a call was priced that is alike, and a fee for a request be new.
        if at is None or (rules is not None and rules.charges_requests):
            return None
        kind = kind if rules is None else (kind, rules.period(at))
        day, time = divmod(at_ns, _DAY)
        is_sure = time < _SURE and day != 0  # a call of unknown time has day 0, and no price of that day
        if is_sure and (found := self.by_day.get((kind, day))) is not None:
            return found
        plan = self.plans.get(kind)
        if plan is None:
            return None
        found = plan.rates.get(plan.conditions.period(at))
        if found is not None and is_sure and plan.conditions.by_day:
            _put(self.by_day, (kind, day), found)
        return found


class Resolved:
    """The rates of calls by the rules of one price file, and by the table in use.

    It takes no lock: two threads that find nothing may work the same out at once.

    Attributes:
        kept: the rules and the table that count, with what was worked out by them.
    """

    def __init__(self) -> None:
        self.kept = InUse(None, None)

    def by(self, rules: Overlay | None, table: object) -> InUse:
        """What was worked out by these rules and this table; all else is forgotten."""
        kept = self.kept
        if kept.rules is not rules or kept.table is not table:
            kept = self.kept = InUse(rules, table)
        return kept

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
        plans = self.by(rules, table).plans
        kind = alike if rules is None else (alike, rules.period(at))
        plan = plans.get(kind)
        if plan is not None:
            period = plan.conditions.period(at)
            if period in plan.rates:
                return plan.rates[period]
        conditions, found = _worked_out(rules, listed, asked())
        plan = plan or _put(plans, kind, _Plan(conditions, {}))
        return _put(plan.rates, plan.conditions.period(at), found)


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
