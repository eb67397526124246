"""The waterfall of a trace: each span with its name, when it was, and what it cost. Pure."""

from __future__ import annotations

from decimal import Decimal

from .charts import bar
from .markup import Markup, join, tag
from .numbers import at, calls, counted, money, places_for, seconds
from .traces import Row, Trace

__all__ = ["waterfall"]

_DEEPEST = 8
"""How far a name is moved in."""


def waterfall(trace: Trace, currency: str, whole: Decimal, *, is_open: bool) -> Markup:
    """A trace that can be opened.

    Args:
        trace: the trace.
        currency: the currency of its amounts.
        whole: what all calls cost.
        is_open: whether it is open from the start.
    """
    root = trace.root
    took = (trace.end - trace.start) / 1e9
    places = places_for([trace.spend])
    told = [root.service, calls(trace.calls), seconds(took), at(trace.start)]
    head = tag(
        "summary",
        tag("span", root.name or "a span without a name", class_="name"),
        tag("span", f"{money(trace.spend, places)} {currency}", class_="amount"),
        tag("small", " · ".join(each for each in told if each)),
        bar(float(trace.spend / whole) if whole else 0),
    )
    many = trace.spans - len(trace.rows)
    services = {row.span.service for row in trace.rows}
    return tag(
        "details",
        head,
        tag("ol", *(_row(row, trace, currency, places, named=len(services) > 1) for row in trace.rows), class_="spans"),
        tag("p", f"{counted(many)} further span{'s' * (many != 1)} of this trace: not drawn.", class_="muted")
        if many
        else None,
        tag("p", "Trace ", tag("code", trace.id.hex()), class_="muted"),
        open=is_open,
        class_="trace",
    )


def _row(row: Row, trace: Trace, currency: str, places: int, *, named: bool) -> Markup:
    span, told = row.span, row.told
    took = (span.end - span.start) / 1e9
    whole = max(trace.end - trace.start, 1)
    left = max(span.start - trace.start, 0) / whole * 100
    width = max((span.end - span.start) / whole * 100, 0.4)
    kind = "bad" if span.failed else "call" if told is not None else ""
    first = told.call.time_to_first_chunk if told is not None else None
    said = [f"at {seconds(left / 100 * whole / 1e9)}" if left else None, f"took {seconds(took)}"]
    mark = None
    if first is not None and 0 < first < took:
        mark = tag("i", style=f"left:{first / took * 100:.1f}%")
        said.append(f"first chunk after {seconds(first)}")
    if told is not None:
        said += [told.call.model if (told.call.model or "") not in span.name else None, _tokens(row)]
        said += [told.outcome if told.outcome not in (None, "completed") else None]
    said += [span.error, span.service if named else None]
    return tag(
        "li",
        tag("span", span.name or "a span without a name", class_="name"),
        tag("span", _cost(row, currency, places), class_="amount"),
        tag(
            "span",
            tag(
                "span",
                mark,
                class_=kind or None,
                style=f"left:{min(left, 99.6):.2f}%;width:{min(width, 100 - min(left, 99.6)):.2f}%",
            ),
            class_="track",
            aria_hidden="true",
        ),
        tag("small", join(" · ".join(each for each in said if each))),
        style=f"--in:{min(row.depth, _DEEPEST)}" if row.depth else None,
    )


def _cost(row: Row, currency: str, places: int) -> str:
    if row.told is None:
        return ""
    if row.told.cost is None:
        return "no cost"
    own = row.told.call.currency
    return money(row.told.cost, places) + ("" if own == currency else f" {own}")


def _tokens(row: Row) -> str | None:
    usage = row.told.call.usage if row.told is not None else {}
    if "input_tokens" not in usage and "output_tokens" not in usage:
        return None
    return f"{counted(usage.get('input_tokens', 0))} in, {counted(usage.get('output_tokens', 0))} out"
