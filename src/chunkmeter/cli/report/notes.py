"""What whoever reads a report should know before its figures, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ..totals import agree, written
from .figures import NOTHING, Figures
from .numbers import calls, counted, share
from .sums import Groups
from .words import COST, UNPRICED

__all__ = ["Note", "Total", "notes_of", "totals_of"]

_MOST_MODELS = 5
_MOST_WORDS = 8
_WHY_OTHERWISE = (
    "All other figures here come from the spans. The two differ if spans are sampled, if the files lack some of "
    "either, or if metrics and spans are from different times."
)


class Note(NamedTuple):
    """One thing to know.

    Attributes:
        kind: `bad` where calls failed or money is missing, else `warn`.
        head: what it is, in a few words.
        lines: what that means, and what can be done.
    """

    kind: str
    head: str
    lines: Sequence[str] = ()


class Total(NamedTuple):
    """One total by the metrics and by the spans, as written, and whether they agree."""

    name: str
    metrics: str
    spans: str
    agrees: bool


def totals_of(figures: Figures) -> list[Total]:
    """Each total of which the files' metrics tell."""
    metrics = figures.by_metrics.read()
    spans = figures.by_spans.read(metrics)
    told = {name.partition(" ")[0] for name in metrics}
    totals: list[Total] = []
    for name in sorted(metrics.keys() | spans.keys()):
        if name.partition(" ")[0] in told:
            one, other = metrics.get(name, Fraction()), spans.get(name, Fraction())
            totals.append(Total(name, written(one), written(other), agree(one, other)))
    return totals


def notes_of(figures: Figures, skipped: Sequence[str]) -> list[Note]:
    """The notes, the gravest first.

    Args:
        figures: the report's figures.
        skipped: what could not be read, a line each.
    """
    notes = [Note("bad", "Some lines could not be read, and are not counted", skipped)] if skipped else []
    notes += _without_cost(figures)
    notes += _with_doubt(figures)
    whole = figures.whole.calls
    failed = figures.outcomes["error"] + figures.outcomes["interrupted"]
    if failed:
        kinds = ", ".join(f"{name} ({counted(number)})" for name, number in figures.errors.most_common(_MOST_MODELS))
        lines = [f"Most often by {kinds}."] if kinds else []
        notes.append(Note("bad", f"{calls(failed)} failed ({share(failed, whole)})", lines))
    if cut := figures.reasons["length"]:
        head = f"{calls(cut)} {_were(cut)} cut off at a limit of tokens ({share(cut, whole)})"
        notes.append(Note("warn", head, ["Their answers are not whole; what they used is counted."]))
    if wrong := [total for total in totals_of(figures) if not total.agrees]:
        lines = [f"{each.name}: {each.metrics} by metrics, {each.spans} by spans." for each in wrong[:_MOST_MODELS]]
        notes.append(Note("warn", "The files' metrics and spans have different totals", [*lines, _WHY_OTHERWISE]))
    if figures.priced_here:
        head = f"{calls(figures.priced_here)} {_were(figures.priced_here)} priced here: their spans have no cost"
        notes.append(
            Note("warn", head, ["Other instrumentations made them. The price is that of the day of the call."])
        )
    if figures.left_out:
        head = f"{counted(figures.left_out)} odd value{'s' * (figures.left_out != 1)} left out"
        notes.append(Note("warn", head, ["They are negative, not finite or of another kind than their names promise."]))
    return notes


def _without_cost(figures: Figures) -> list[Note]:
    missing = figures.whole.calls - figures.whole.priced
    if not missing:
        return []
    whys: list[str] = []
    for status, of in figures.cost_statuses.items():
        number = sum(group.calls - group.priced for group in of.by_name.values())
        if number:
            why, cure = UNPRICED.get(status, (f"the status is {status}", ""))
            whys.append(f"{calls(number)}: {why} ({_models(of, unpriced=True)}). {cure}".strip())
    part = share(missing, figures.whole.calls)
    return [Note("bad", f"{calls(missing)} without a cost ({part}): the spend was more than is told here", whys)]


def _with_doubt(figures: Figures) -> list[Note]:
    notes: list[Note] = []
    for status, (did, means) in COST.items():
        of = figures.cost_statuses.get(status)
        if of is None:
            continue
        number = sum(group.calls for group in of.by_name.values())
        lines = [f"{means} By model: {_models(of)}."]
        if status == "incomplete" and figures.unpriced:
            words = [f"{name} ({counted(number)})" for name, number in figures.unpriced.most_common(_MOST_WORDS)]
            lines.append(f"Missing: {', '.join(words)}.")
        notes.append(Note("warn", f"{calls(number)} {did}", lines))
    return notes


def _models(of: Groups, *, unpriced: bool = False) -> str:
    """The models with most calls, or with most that have no cost."""
    numbers = {name: group.calls - group.priced * unpriced for name, group in of.by_name.items()}
    ranked = sorted((name for name, number in numbers.items() if number), key=lambda each: (-numbers[each], each))
    named = [name if name != NOTHING else "no model told" for name in ranked[:_MOST_MODELS]]
    more = len(ranked) - _MOST_MODELS
    return ", ".join(named) + (f" and {counted(more)} more" if more > 0 else "")


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
