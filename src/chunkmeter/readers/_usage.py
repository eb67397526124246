"""Finds token counts and charges in a usage object. Tables say where they may stand."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

from ..facts.tally import Tally, Tokens, count
from ._view import View

__all__ = [
    "Table", "add", "amend", "amount", "charge", "counts", "find", "note_all_kept", "note_kept", "parts_beside",
    "states", "sum_of",
]  # fmt: skip

Table = Mapping[str, tuple[str, ...]]
"""A field of `Tokens` -> the dotted paths where its count may stand. The first path that has a count is taken."""

_CLASSES_KEPT = (None, "5m", "1h")
_TOO_MUCH = 10**18  # no call costs so much, in USD or in ticks
# The paths where a service says what it charged, each with how many of its units are one USD: OpenRouter's number,
# Perplexity's total, and xAI's ticks (https://docs.x.ai/docs/models).
_CHARGES = (("cost", 1), ("cost.total_cost", 1), ("cost_in_usd_ticks", 10**10))


_Path = tuple[str, ...]
_Plan = dict[str, tuple[_Path, ...]]
"""A field of `Tokens` -> the paths where a usage object may have its count, step by step. Only fields that have one."""

_plans: dict[tuple[int, Hashable], tuple[Table, _Plan]] = {}
"""By table and by the shape of a usage object, its names: those of one SDK's class or of one service have the same."""
_MOST_PLANS, _MOST_NAMES = 256, 100


def find(said: View, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    return _at(said, _steps(path))


def counts(said: View, table: Table) -> Tokens:
    """The counts that `table` finds in a usage object."""
    return Tokens(**{field: _first(said, paths) for field, paths in _plan(said, table).items()})


def states(said: View, table: Table, *names: str) -> bool:
    """Whether a usage object has a count for one of these fields of `table`."""
    plan = _plan(said, table)
    return any(name in plan and _first(said, plan[name]) is not None for name in names)


def sum_of(*parts: int | None) -> int | None:
    """The sum of the counts that are not None; None where all are."""
    said = [part for part in parts if part is not None]
    return count(sum(said)) if said else None


def parts_beside(tokens: Tokens) -> Tokens:
    """`tokens` with what the service counts beside the input or the output added to it, which only the total shows.

    xAI counts reasoning so, Mistral audio that goes in.
    """
    given, made = tokens.input_tokens or 0, tokens.output_tokens or 0
    audio, reasoning = tokens.input_audio_tokens or 0, tokens.reasoning_tokens or 0
    outside = (tokens.total_tokens or 0) - given - made
    if outside <= 0:
        return tokens
    if tokens.output_tokens is not None and outside in (reasoning, reasoning + audio):
        tokens = replace(tokens, output_tokens=made + reasoning)
        outside -= reasoning
    if tokens.input_tokens is not None and outside == audio:
        tokens = replace(tokens, input_tokens=given + audio)
    return tokens


def amend(tally: Tally, said: Tokens) -> None:
    """Replace the tally's counts by those that `said` has, on a wire where the counts of a call come one by one."""
    stated = {field.name: number for field in fields(said) if (number := getattr(said, field.name)) is not None}
    if stated:
        # Earlier chunks may have had another wire's shape. The usage that its reader kept can only be replaced.
        known = tally.usage if isinstance(tally.usage, Tokens) else Tokens()
        tally.usage, tally.count_tokens = replace(known, **stated), _as_they_are


def add(known: Tokens, said: Tokens) -> Tokens:
    """The sum of two counts, field by field, on the wires that count each part of a call by itself."""
    return Tokens(
        **{field.name: sum_of(getattr(known, field.name), getattr(said, field.name)) for field in fields(Tokens)}
    )


def _as_they_are(usage: Tokens) -> Tokens:
    return usage


def note_kept(tally: Tally, how_long: str | None, number: Any) -> None:
    """Note what was written to a cache and is kept for another time than those that have a class."""
    if how_long not in _CLASSES_KEPT:
        tally.use(f"class:cache_write_{how_long}", number)


def note_all_kept(tally: Tally, details: Any) -> None:
    """The same for an object that has a count for each time, such as `ephemeral_24h_input_tokens`."""
    for name, number in details.pairs() if isinstance(details, View) else ():
        note_kept(tally, str(name).removeprefix("ephemeral_").removesuffix("_input_tokens"), number)


def charge(usage: View) -> float | None:
    """What the service itself charged, in USD; 0.0 is a charge, None means that it said nothing."""
    for path, per_usd in _CHARGES:
        charged = amount(find(usage, path))
        if charged is not None:
            return charged / per_usd
    return None


def amount(value: Any) -> float | None:
    """`value` as an amount of money; None where it is negative or no number.

    One that is too large, which may not fit a float, reads as an amount that no call can cost.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, _TOO_MUCH))


def _plan(said: View, table: Table) -> _Plan:
    shape = said.shape()
    made = _plans.get((id(table), shape))
    if made is not None:
        return made[1]
    names = said.names()
    paths = {field: tuple(map(_steps, each)) for field, each in table.items()}
    fitting = {field: tuple(path for path in each if path[0] in names) for field, each in paths.items()}
    plan = {field: each for field, each in fitting.items() if each}
    if not isinstance(names, set) or len(names) <= _MOST_NAMES:  # names come from a service, in any number
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        _plans[id(table), shape] = table, plan  # whose id stays its own for as long as it is held
    return plan


def _first(said: View, paths: tuple[_Path, ...]) -> int | None:
    for path in paths:
        if (number := count(_at(said, path))) is not None:
            return number
    return None


def _at(said: View, path: _Path) -> Any:
    found: Any = said
    for name in path:
        if not isinstance(found, View):
            return None
        found = found.get(name)
    return found


@cache  # which stays small: all paths are from the readers' tables
def _steps(path: str) -> _Path:
    return tuple(path.split("."))
