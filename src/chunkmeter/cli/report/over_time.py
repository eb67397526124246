"""The section on when money was spent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from .charts import Column, columns, steps, whole_ticks
from .figures import Figures
from .markup import Markup
from .numbers import at, calls, money, places_for
from .sections import section
from .sums import Group

__all__ = ["over_time"]

_DAY = 86_400
_MOST_CURRENCIES = 3


def over_time(figures: Figures) -> Markup | None:
    """Spend by when calls started, a chart for each currency; calls, where nothing has a cost."""
    moments = list(figures.timeline)
    if not moments:
        return None
    width = figures.timeline.width
    form = "%H:%M:%S" if width < 60 else "%H:%M" if width < _DAY else "%-d %b %Y"
    if width < _DAY and moments[-1][0] - moments[0][0] >= _DAY:
        form = f"%-d %b {form}"
    named = [(at(moment * 10**9, form), group) for moment, group in moments]
    ranked = sorted(figures.priced_in, key=lambda each: (each != figures.currency, -figures.priced_in[each], each))
    charts = [_spend(named, currency, width) for currency in ranked[:_MOST_CURRENCIES]]
    return section(
        "Spend over time" if charts else "Calls over time",
        *(charts or [_calls(named, width)]),
        lead=f"By when a call started, in steps of {_step(width)}. Times are UTC.",
    )


def _spend(moments: Sequence[tuple[str, Group]], currency: str, width: int) -> Markup:
    amounts = [group.spend.get(currency, Decimal()) for _, group in moments]
    places = places_for(amounts)
    shown = [
        Column(float(amount), f"{moment}: {money(amount, places)} {currency}, {calls(group.calls)}")
        for (moment, group), amount in zip(moments, amounts, strict=True)
    ]
    return _chart(f"Spend over time in {currency}", shown, lambda values: _ticks(values, currency), moments, width)


def _calls(moments: Sequence[tuple[str, Group]], width: int) -> Markup:
    shown = [Column(group.calls, f"{moment}: {calls(group.calls)}") for moment, group in moments]
    return _chart("Calls over time", shown, whole_ticks, moments, width)


def _chart(
    what: str,
    shown: Sequence[Column],
    ticks: Callable[[Sequence[float]], Sequence[str]],
    moments: Sequence[tuple[str, Group]],
    width: int,
) -> Markup:
    largest = max(shown, key=lambda each: each.value)
    title = f"{what}: {len(shown)} steps of {_step(width)}. The most was at {largest.says}."
    feet = [moments[place][0] for place in sorted({0, len(moments) // 2, len(moments) - 1})]
    return columns(title, shown, ticks(steps(largest.value)), feet)


def _ticks(values: Sequence[float], unit: str) -> list[str]:
    """The values in as many decimal places as the finest of them needs, the topmost with its unit."""
    wanted = [Decimal(f"{value:.2g}").normalize().as_tuple().exponent for value in values if value]
    places = min(max(0, *(-each for each in wanted if isinstance(each, int))), 12)
    return [f"{value:,.{places}f}{f' {unit}' * (value == values[-1])}" for value in values]


def _step(width: int) -> str:
    units = ((_DAY, "a day"), (3600, "an hour"), (60, "a minute"), (1, "a second"))
    size, name = next(each for each in units if width >= each[0])
    return f"{width // size} {name.split()[-1]}s" if width > size else name
