"""The sections of a report's page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ... import semconv
from .charts import Column, columns, steps, whole_ticks
from .figures import NOTHING, Figures
from .markup import Markup, join, tag
from .notes import Note, Total
from .numbers import alone, calls, counted, exact, money, places_for, seconds, share, short, streams
from .sums import Times, add
from .tables import Cells, counts, groups, table
from .traces import Trace
from .waterfall import waterfall
from .words import OUTCOMES, REASONS, item

__all__ = ["bill", "endings", "first_chunks", "notes", "section", "tiles", "totals", "traces", "where"]

_MOST_TIMED = 8
_DAY = 86_400


def section(head: str, *content: Markup | None, lead: str = "", kind: str = "") -> Markup:
    """A section with its heading."""
    return tag(
        "section", tag("h2", head), tag("p", lead, class_="lead") if lead else None, *content, class_=kind or None
    )


def tiles(figures: Figures) -> Markup:
    """The few figures to know first."""
    whole, currency = figures.whole, figures.currency
    first = figures.first.quantiles()
    failed = figures.outcomes["error"] + figures.outcomes["interrupted"]
    unpriced = whole.calls - whole.priced
    spent, priced = whole.spend.get(currency, Decimal()), figures.priced_in[currency]
    mean = spent / priced if priced else Decimal()
    told = [
        (
            "A call cost",
            alone(mean) if priced else "-",
            f"{currency}, on average" if priced else "no cost told",
        ),
        ("Tokens in", short(whole.input), "cached ones included"),
        ("Tokens out", short(whole.output), "reasoning included"),
        ("First chunk", seconds(first.p50) if first else "-", "half of them within" if first else "not told"),
        ("Failed", counted(failed), share(failed, whole.calls)),
        ("Without a cost", counted(unpriced), share(unpriced, whole.calls)),
    ]
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", value, tag("small", note) if note else None))
            for name, value, note in told
        ),
        class_="tiles",
    )


def notes(found: Sequence[Note]) -> Markup:
    """What to know before the figures are read."""
    if not found:
        return tag("p", "Every call has a cost, none failed, and nothing was left out.", class_="fine")
    return tag(
        "ul",
        *(
            tag("li", tag("strong", each.head), *(tag("p", line) for line in each.lines), class_=each.kind)
            for each in found
        ),
        class_="notes",
    )


def where(figures: Figures) -> Markup:
    """Who and what spent: by model, provider, service and each label."""
    kinds = [
        ("model", "Model", "no model told"),
        ("provider", "Provider", "no provider told"),
        ("service", "Service", "no service.name"),
    ]
    shown = [
        tag(
            "div",
            tag("h3", f"By {name}"),
            groups(f"Calls and spend by {name}", head, figures.by[name], figures, nothing),
        )
        for name, head, nothing in kinds
    ]
    for name, of in figures.by_label.items():
        head = "function" if name == semconv.CODE_FUNCTION_NAME else name
        unlabelled = figures.whole.calls - sum(group.calls for group in of.by_name.values())
        shown.append(
            tag(
                "div",
                tag("h3", "By label ", tag("code", head)),
                groups(f"Calls and spend by the label {head}", head, of, figures, "empty"),
                tag("p", f"{calls(unlabelled)} without this label.", class_="muted") if unlabelled else None,
            )
        )
    return section("Where it went", tag("div", *shown, class_="pairs"))


def bill(figures: Figures) -> Markup | None:
    """What each currency's spend is made of."""
    tables: list[Markup] = []
    for currency in sorted(figures.items, key=lambda each: (each != figures.currency, each)):
        whole, itemised = figures.whole.spend.get(currency, Decimal()), Decimal()
        rows: list[tuple[Markup | str, str, Decimal]] = []
        for name, amount in figures.items[currency].items():
            itemised = add(itemised, amount)
            tokens = figures.item_tokens[name] if currency == figures.currency else 0
            known = item(name)
            label = join(tag("span", known, class_="name"), tag("small", tag("code", name)))
            rows.append((label, short(tokens) if tokens else "", amount))
        rows.sort(key=lambda each: -each[2])  # of equal ones the first told comes first
        rest = add(whole, -itemised)
        if abs(rest) > Decimal("1e-9") * max(whole, Decimal(1)):
            rows.append(("Not told by item" if rest > 0 else "Told twice among the items", "", rest))
        places = places_for([whole])
        cells: list[Cells] = [
            [label, tokens, money(amount, places), share(amount, whole)] for label, tokens, amount in rows
        ]
        foot = ["All calls", "", money(whole, places), ""]
        tables.append(
            table(f"The bill by item, in {currency}", ["Item", "Tokens", currency, "Share"], cells, foot, "bill")
        )
        tables.append(tag("p", f"All digits: {exact(whole)} {currency}.", class_="muted"))
    return (
        section(
            "The bill by item", *tables, lead="Each token is in one row: a cached one is not in the row of other input."
        )
        if tables
        else None
    )


def endings(figures: Figures) -> Markup:
    """Outcomes, finish reasons and errors."""
    shown = [
        tag(
            "div",
            tag("h3", "Outcomes"),
            counts("Calls by outcome", "Outcome", figures.outcomes, OUTCOMES, frozenset({"error", "interrupted"})),
        ),
        tag(
            "div",
            tag("h3", "Finish reasons"),
            counts("Calls by finish reason", "Finish reason", figures.reasons, REASONS, frozenset({"error", "none"})),
        ),
    ]
    if figures.errors:
        shown.append(
            tag(
                "div",
                tag("h3", "Errors"),
                counts("Calls by error", "error.type", figures.errors, {}, frozenset(figures.errors)),
            )
        )
    return section("How calls ended", tag("div", *shown, class_="pairs"))


def first_chunks(figures: Figures) -> Markup | None:
    """How long streams took to their first chunk: a histogram, and quantiles by model."""
    whole = figures.first.quantiles()
    if whole is None:
        return None
    buckets, bounds = figures.first.buckets, Times.BOUNDS
    used = [place for place, number in enumerate(buckets) if number]
    places = range(used[0], used[-1] + 1)
    shown = [Column(buckets[place], f"{_range(place)}: {calls(buckets[place])}") for place in places]
    ticks = whole_ticks(steps(max(each.value for each in shown)))
    feet = [f"{bounds[place]:g}" if place < len(bounds) else "more" for place in places]
    title = (
        f"Times to the first chunk of {streams(whole.count)}: half within {seconds(whole.p50)}, "
        f"9 of 10 within {seconds(whole.p90)}."
    )
    chart = columns(title, shown, ticks, feet, "even")
    timed = sorted(figures.first_by_model.items(), key=lambda each: (-each[1].count, each[0]))[:_MOST_TIMED]
    rows = [_timed(name if name != NOTHING else "no model told", times) for name, times in timed]
    sampled = " Quantiles are of a sample of the calls." if figures.first.sampled else ""
    return section(
        "Time to the first chunk",
        tag("p", "Below each column: its upper limit, in seconds.", class_="muted"),
        chart,
        table(
            "Quantiles of the time to the first chunk",
            ["Model", "Half", "90 %", "99 %", "Longest"],
            rows,
            _timed("All", figures.first),
            "times",
        ),
        lead=f"Of {streams(whole.count)} whose request time is known.{sampled}",
    )


def _range(place: int) -> str:
    bounds = Times.BOUNDS
    return f"over {seconds(bounds[-1])}" if place == len(bounds) else f"up to {seconds(bounds[place])}"


def _timed(name: str, times: Times) -> Cells:
    found = times.quantiles()
    assert found is not None  # it is made with its first time
    label = join(tag("span", name, class_="name"), tag("small", streams(found.count)))
    return [label, *(seconds(value) for value in found[1:])]


def traces(found: Sequence[Trace], figures: Figures) -> Markup | None:
    """The dearest traces, each with its waterfall."""
    if not found:
        return None
    whole = figures.whole.spend.get(figures.currency, Decimal())
    shown = [waterfall(trace, figures.currency, whole, is_open=place == 0) for place, trace in enumerate(found)]
    lead = "A bar is a span, from its start to its end. The mark in a call's bar is its first chunk."
    which = f"The {len(found)} that cost most. " if len(found) > 1 else ""
    return section("The dearest traces" if len(found) > 1 else "The dearest trace", *shown, lead=which + lead)


def totals(found: Sequence[Total]) -> Markup:
    """What metrics say beside what spans say."""
    head, kind = "Spans and metrics", "Totals by spans and by metrics"
    if not found:
        return section(head, lead="The files have no metrics of these calls: all figures come from the spans.")
    rows: list[Cells] = [
        [tag("span", each.name, class_="name"), each.spans, "agree" if each.agrees else tag("strong", each.metrics)]
        for each in found
    ]
    return section(
        head, table(kind, ["Total", "Spans", "Metrics"], rows), lead="All other figures come from the spans."
    )
