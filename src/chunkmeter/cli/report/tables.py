"""Tables of figures: names with thin bars, numbers to the right. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .charts import bar
from .figures import NOTHING, Figures
from .markup import Markup, join, tag
from .numbers import counted, money, places_for, share, short
from .sums import Group, Groups

__all__ = ["Cells", "counts", "groups", "spend_of", "table"]

Cells = Sequence[str]
"""The cells of a row, the first its name."""
_MOST_ROWS = 12


def table(caption: str, heads: Cells, rows: Sequence[Cells], foot: Cells = (), kind: str = "") -> Markup:
    """A table whose first column has the names of its rows.

    Args:
        caption: what it shows.
        heads: the columns' names.
        rows: the rows.
        foot: a last row, of what the others add up to.
        kind: a class for the looks.
    """
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *map(_row, rows)),
        tag("tfoot", _row(foot)) if foot else None,
        class_=kind or None,
    )


def _row(cells: Cells) -> Markup:
    return tag("tr", tag("th", cells[0], scope="row"), *(tag("td", cell) for cell in cells[1:]))


def spend_of(group: Group, currencies: Sequence[str], places: int) -> Markup:
    """What a group's calls cost, an amount a line; with its currency where the report has several."""
    amounts = [
        join(money(group.spend[currency], places), f" {currency}" if len(currencies) > 1 else None)
        for currency in currencies
        if currency in group.spend
    ]
    return Markup("<br>".join(amounts)) if amounts else Markup("-")


def groups(caption: str, head: str, of: Groups, figures: Figures, nothing: str) -> Markup:
    """The groups of one kind, those that spent most first; what is beyond the first dozen is one row.

    Args:
        caption: what the table shows.
        head: what the groups are named by.
        of: the groups.
        figures: the whole report.
        nothing: the name of the group that has none.
    """
    currency, ranked = figures.currency, of.ranked(figures.currency)
    shown, others = ranked[:_MOST_ROWS], ranked[_MOST_ROWS:]
    rest = Group()
    for _, group in others:
        rest.merge(group)
    named = [(name if name != NOTHING else nothing, group) for name, group in shown]
    if others:
        named.append((f"{counted(len(others))} others", rest))
    currencies = sorted(figures.whole.spend, key=lambda each: (each != currency, each))
    whole = figures.whole.spend.get(currency, Decimal())
    places = places_for([whole])
    heads = [head, "Calls", f"Spend, {currency}" if len(currencies) == 1 else "Spend", "Share"]
    rows: list[Cells] = []
    for name, group in named:
        spent = group.spend.get(currency, Decimal())
        rows.append(
            [
                join(
                    tag("span", name, class_="name"),
                    tag("small", _tokens(group)),
                    bar(float(spent / whole) if whole else group.calls / figures.whole.calls),
                ),
                counted(group.calls),
                spend_of(group, currencies, places),
                share(spent, whole)
                if whole and group.priced
                else share(group.calls, figures.whole.calls) * (not whole),
            ]
        )
    return table(caption, heads, rows, kind="groups")


def _tokens(group: Group) -> str:
    unpriced = group.calls - group.priced
    said = f"{short(group.input)} in, {short(group.output)} out"
    return f"{said}; {counted(unpriced)} unpriced" if unpriced else said


def counts(
    caption: str, head: str, of: Mapping[str, int], meanings: Mapping[str, str], bad: frozenset[str] = frozenset()
) -> Markup:
    """Calls by a word, with what the word means.

    Args:
        caption: what the table shows.
        head: what the words are.
        of: word -> calls.
        meanings: word -> what it means.
        bad: the words that stand for something that went wrong.
    """
    ranked = sorted(of.items(), key=lambda each: (-each[1], each[0]))
    shown, whole = ranked[:_MOST_ROWS], sum(of.values())
    rest = sum(number for _, number in ranked[_MOST_ROWS:])
    rows: list[Cells] = [
        [
            join(
                tag("span", word or "not told", class_="name"),
                tag("small", meanings[word]) if word in meanings else None,
                bar(number / whole, "bad" if word in bad else ""),
            ),
            counted(number),
            share(number, whole),
        ]
        for word, number in shown
    ]
    if rest:
        rows.append([f"{counted(len(ranked) - _MOST_ROWS)} others", counted(rest), share(rest, whole)])
    return table(caption, [head, "Calls", "Share"], rows)
