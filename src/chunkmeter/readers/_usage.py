"""Token counts and charges out of a usage object, by tables of where they stand in it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

from ..tally import Tally, Tokens, count
from ._view import View

__all__ = ["Table", "amend", "amount", "charge", "counts", "find", "reasoning_beside", "states", "sum_of"]

Table = Mapping[str, tuple[str, ...]]
"""A field of `Tokens` -> the dotted paths where it may stand, the first that has a count is taken."""

_TOO_MUCH = 10**18  # no amount that anyone pays, in USD or ticks
# What a service itself charged: OpenRouter's number, Perplexity's total, and xAI's ticks of 1e-10 USD
# (https://docs.x.ai/docs/models). A path, and how many of its unit a USD is.
_CHARGES = (("cost", 1), ("cost.total_cost", 1), ("cost_in_usd_ticks", 10**10))


def find(said: View, path: str) -> Any:
    """What stands at a dotted path, None where nothing does."""
    steps = _steps(path)
    found = said.get(steps[0])
    for name in steps[1:]:
        if not isinstance(found, View):
            return None
        found = found.get(name)
    return found


def counts(said: View, table: Table) -> Tokens:
    """The counts that `table` finds in a usage object."""
    names = said.names()
    return Tokens(**{field: _first(said, paths, names) for field, paths in table.items()})


def states(said: View, table: Table, *names: str) -> bool:
    """Whether a usage object has a count for one of these fields of `table`."""
    known = said.names()
    return any(_first(said, table[name], known) is not None for name in names)


def sum_of(*parts: int | None) -> int | None:
    """The sum of those counts that are said; None where none is, or where their sum is too much for a count."""
    said = [part for part in parts if part is not None]
    return count(sum(said)) if said else None


def reasoning_beside(tokens: Tokens) -> Tokens:
    """The same, reasoning added to the output where the service counts it outside; only the total tells."""
    inside, reasoning = tokens.output_tokens, tokens.reasoning_tokens
    if reasoning and inside is not None and tokens.total_tokens == (tokens.input_tokens or 0) + inside + reasoning:
        return replace(tokens, output_tokens=inside + reasoning)
    return tokens


def amend(tally: Tally, said: Tokens) -> None:
    """Let each count that is said replace the one of its name, where the counts of a call come one by one."""
    stated = {field.name: number for field in fields(said) if (number := getattr(said, field.name)) is not None}
    if stated:
        # A model's chunks may begin in another's shape: what that kept can't be amended, only replaced.
        known = tally.usage if isinstance(tally.usage, Tokens) else Tokens()
        tally.usage, tally.count_tokens = replace(known, **stated), _as_they_are


def _as_they_are(usage: Tokens) -> Tokens:
    return usage


def charge(usage: View) -> float | None:
    """USD as the service itself charged them; 0.0 is a price, None is silence."""
    for path, per_usd in _CHARGES:
        charged = amount(find(usage, path))
        if charged is not None:
            return charged / per_usd
    return None


def amount(value: Any) -> float | None:
    """`value` as an amount of money, or None: a negative, textual or absurd one is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _TOO_MUCH:
        return None
    return float(value)


def _first(said: View, paths: tuple[str, ...], names: Container[str]) -> int | None:
    for path in paths:
        if _steps(path)[0] in names and (number := count(find(said, path))) is not None:
            return number
    return None


@cache  # of the paths in the readers' tables
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))
