"""Amounts, counts, shares and times as people read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

__all__ = [
    "alone", "at", "calls", "counted", "exact", "money", "places_for", "seconds", "share", "short", "span_of",
    "streams",
]  # fmt: skip

_WIDE = Context(prec=2000)
_MOST_PLACES = 9
_MOST_READ = Decimal(10) ** 15
_UNITS = "kMGT"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def places_for(amounts: Iterable[Decimal]) -> int:
    """How many decimal places show the largest of these amounts in four digits at least, 2 to 9."""
    largest = max(amounts, default=Decimal())
    return 2 if not largest else min(max(3 - largest.adjusted(), 2), _MOST_PLACES)


def money(amount: Decimal, places: int) -> str:
    """An amount with these decimal places; one that is too small for them says so, one too large is in few digits."""
    if abs(amount) >= _MOST_READ:
        return f"{amount:.6e}"
    step = Decimal(1).scaleb(-places)
    rounded = amount.quantize(step, ROUND_HALF_EVEN, context=_WIDE)
    if amount and not rounded:
        return f"<{step:f}" if amount > 0 else f">-{step:f}"
    return f"{rounded:,f}"


def alone(amount: Decimal) -> str:
    """An amount that stands in no column: in four digits, without zeros that say nothing."""
    shown = money(amount, places_for([amount]))
    whole, dot, places = shown.partition(".")
    return shown if "e" in shown or not dot else f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def exact(amount: Decimal) -> str:
    """All digits of an amount, up to 30 of them."""
    normal = amount.normalize(_WIDE)
    return f"{normal:,f}" if -30 < normal.adjusted() < 15 and len(normal.as_tuple().digits) <= 30 else f"{normal:.17e}"


def calls(number: int) -> str:
    """So many calls."""
    return f"{number:,} call{'s' * (number != 1)}"


def streams(number: int) -> str:
    """So many streams."""
    return f"{number:,} stream{'s' * (number != 1)}"


def counted(number: int) -> str:
    """A count with its thousands apart."""
    return f"{number:,}"


def short(number: int) -> str:
    """A count in three digits: 1.23 M. One below 10,000 stands as it is."""
    if number < 10_000:
        return f"{number:,}"
    scaled, unit = number / 1000, 0
    while scaled >= 999.5 and unit < len(_UNITS) - 1:
        scaled, unit = scaled / 1000, unit + 1
    return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f} {_UNITS[unit]}"


def share(part: Decimal | int, whole: Decimal | int) -> str:
    """A part of a whole in per cent; empty where there is no whole."""
    if not whole:
        return ""
    percent = float(Decimal(part) / Decimal(whole)) * 100
    return f"{percent:.1f} %" if percent >= 0.05 or not part else "<0.1 %"


def seconds(value: float) -> str:
    """A time in three digits, in the unit that fits."""
    if value < 0.9995:
        return f"{value * 1000:.{0 if value >= 0.1 else 1}f} ms"
    if value < 99.95:
        return f"{value:.{2 if value < 9.995 else 1}f} s"
    if value < 3600:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:,.1f} h" if value < 86_400 * 3 else f"{value / 86_400:,.1f} d"


def at(nanoseconds: int, form: str = "%-d %b %Y %H:%M:%S") -> str:
    """A moment in UTC."""
    try:
        moment = _EPOCH + timedelta(seconds=nanoseconds // 1_000_000_000)
    except OverflowError:
        return "an unknown time"
    return moment.strftime(form.replace("%-d", str(moment.day)))


def span_of(start: int, end: int) -> str:
    """From when to when, in UTC."""
    if not start:
        return "at an unknown time"
    if at(start, "%Y-%m-%d") == at(end, "%Y-%m-%d"):
        clock = "%H:%M:%S" if at(start, "%H:%M") == at(end, "%H:%M") else "%H:%M"
        return f"{at(start, '%-d %b %Y')}, {at(start, clock)} to {at(end, clock)} UTC"
    return f"{at(start, '%-d %b %Y %H:%M')} to {at(end, '%-d %b %Y %H:%M')} UTC"
