"""Finds token counts and charges in a usage object. Tables say where they may stand."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from ..facts.tally import MOST_COUNTED, Tally, Tokens, count
from ._view import View, is_object, outline

__all__ = [
    "Table", "add", "amend", "amount", "charge", "counts", "find", "note_all_kept", "note_kept", "numbers",
    "parts_beside", "says_counts", "says_more", "states", "sum_of",
]  # fmt: skip

_CLASSES_KEPT = (None, "5m", "1h")
_USUALLY_KEPT = frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"})
_TOO_MUCH = 10**18  # no call costs so much, in USD or in ticks
# The paths where a service says what it charged, each with how many of its units are one USD: OpenRouter's number,
# Perplexity's total, and xAI's ticks (https://docs.x.ai/docs/models).
_CHARGES = (("cost", 1), ("cost.total_cost", 1), ("cost_in_usd_ticks", 10**10))

_INTEGERS = {int}
_is_count = range(MOST_COUNTED).__contains__
"""Whether an integer is a count as it is; of another type it would take long to tell."""
_Path = tuple[str, ...]
_MOST_PLANS, _MOST_NAMES = 64, 100


class Table:
    """Where the counts stand in the usage objects of a wire.

    Args:
        paths: a field of `Tokens` -> the dotted paths where its count may stand. The first that has a count is taken.
        beside: the names of what is looked for beside counts, in the object and in those that a path leads into.

    Attributes:
        paths: the same.
        beside: the same.
        plans: how objects of one outline are read: those of one SDK's class or of one service have the same.
    """

    __slots__ = ("beside", "paths", "plans")

    def __init__(self, paths: Mapping[str, tuple[str, ...]], beside: frozenset[str] = frozenset()) -> None:
        self.paths, self.beside = paths, beside
        self.plans: dict[Hashable, _Plan] = {}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How usage objects of one outline are read, or objects in them.

    Attributes:
        names: the names that such an object may have.
        paths: a field of `Tokens` -> the paths where its count may stand, step by step. Only fields that may have one.
        straight: the fields that have one place, each with its key in the object's dictionary.
        inner: the keys of objects in it, each with the table of what has all of its places there.
        others: the other fields, which have to be looked for.
        says_more: whether it may have something beside counts.
    """

    names: frozenset[str]
    paths: dict[str, tuple[_Path, ...]]
    straight: dict[str, str]
    inner: tuple[tuple[str, Table], ...]
    others: tuple[str, ...]
    says_more: bool


def find(said: View, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    return _at(said, _steps(path))


def counts(said: Any, table: Table) -> Tokens:
    """The counts that `table` finds in a usage object."""
    tokens = Tokens.__new__(Tokens)  # in one step: each other count is the class's own None
    tokens.__dict__ = numbers(said, table)
    return tokens


def numbers(said: Any, table: Table) -> dict[str, int | None]:
    """The same by the names that the table has for them; what has no count is None or is left out."""
    raw = said.raw if type(said) is View else said
    plan = table.plans.get(type(raw))
    # As `_plan` does, in less time.
    if plan is None or getattr(raw, "__pydantic_extra__", None) or not plan.names.issuperset(told := raw.__dict__):
        plan, told = _plan(raw, table)
    stated: list[Any] = [*map(told.get, plan.straight.values())]
    if {*map(type, stated)} != _INTEGERS or not all(map(_is_count, stated)):
        stated = [*map(count, stated)]
    found: dict[str, int | None] = dict(zip(plan.straight, stated, strict=True))
    for key, its in plan.inner:
        inner = told.get(key)
        if inner is not None and (type(inner) in its.plans or is_object(inner)):
            found.update(numbers(inner, its))
    if plan.others:
        seen = raw if isinstance(raw, View) else View(raw)
        for field in plan.others:
            found[field] = _first(seen, plan.paths[field])
    return found


def states(said: View, table: Table, *names: str) -> bool:
    """Whether a usage object has a count for one of these fields of `table`."""
    plan, told = _plan(said.raw if type(said) is View else said, table)
    return _states(said, plan, told, names)


def says_more(said: View, table: Table, *names: str) -> bool | None:
    """Whether a usage object may have something beside counts; None where it has no count for one of these fields."""
    plan, told = _plan(said.raw if type(said) is View else said, table)
    if not _states(said, plan, told, names):
        return None
    return plan.says_more or _says_more_inside(plan, told)


def says_counts(said: Any, table: Table, name: str) -> bool:
    """Whether an SDK's object has a count for this field and nothing beside counts. False where that takes a search."""
    plan = table.plans.get(type(said))
    if plan is None or plan.says_more or getattr(said, "__pydantic_extra__", None):
        return False
    told = said.__dict__
    number = told.get(plan.straight.get(name))
    if type(number) is not int or number < 0 or not plan.names.issuperset(told):
        return False
    return not _says_more_inside(plan, told)


def _says_more_inside(plan: _Plan, told: Mapping[str, Any]) -> bool:
    for key, its in plan.inner:
        inner = told.get(key)
        if inner is not None and (type(inner) in its.plans or is_object(inner)) and _plan(inner, its)[0].says_more:
            return True
    return False


def _states(said: View, plan: _Plan, told: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    for name in names:
        if (key := plan.straight.get(name)) is not None:
            number = told.get(key)
            if (type(number) is int and number >= 0) or count(number) is not None:
                return True
        elif name in plan.paths and _first(said, plan.paths[name]) is not None:
            return True
    return False


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
        if name not in _USUALLY_KEPT:
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


def _plan(raw: Any, table: Table) -> tuple[_Plan, Mapping[str, Any]]:
    """How an object is read with a table, and the dictionary that it has."""
    plan = table.plans.get(type(raw))
    if plan is not None and not getattr(raw, "__pydantic_extra__", None) and plan.names.issuperset(raw.__dict__):
        return plan, raw.__dict__
    outlined, told = outline(raw)
    plan = table.plans.get(outlined)
    if plan is not None and (outlined is None or plan.names.issuperset(told)):
        return plan, told
    said = raw if isinstance(raw, View) else View(raw)
    names = said.names()
    plan = _planned(said, names if names is None or plan is None else names | plan.names, table)
    if len(plan.names) <= 2 * _MOST_NAMES:  # names come from a service, in any number
        if len(table.plans) >= _MOST_PLANS:
            table.plans.clear()
        table.plans[outlined] = plan
    return plan, told


def _planned(said: View, names: frozenset[str] | None, table: Table) -> _Plan:
    steps = {field: tuple(map(_steps, each)) for field, each in table.paths.items()}
    paths = {
        field: fitting
        for field, each in steps.items()
        if (fitting := tuple(path for path in each if names is None or path[0] in names))
    }
    straight: dict[str, str] = {}
    inner: dict[str, dict[str, tuple[str, ...]]] = {}
    others: list[str] = []
    for field, each in paths.items():
        key = said.key(each[0][0])
        if key is None or len({path[0] for path in each}) > 1:
            others.append(field)
        elif each == ((each[0][0],),):
            straight[field] = key
        elif all(len(path) > 1 for path in each):
            inner.setdefault(key, {})[field] = tuple(".".join(path[1:]) for path in each)
        else:
            others.append(field)
    tables = tuple((key, Table(its, table.beside)) for key, its in inner.items())
    heads = {path[0] for each in paths.values() for path in each if len(path) > 1}
    more = names is None or not names.isdisjoint(table.beside) or not {*map(said.key, heads)} <= inner.keys()
    return _Plan(names or frozenset(), paths, straight, tables, tuple(others), more)


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
