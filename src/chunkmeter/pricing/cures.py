"""Says where the mistakes of a price file are, and what to write instead: a line each. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import BaseModel, ValidationError

from ..shown import plain, quoted
from .entry import Alias, LongContext, Multiplier, OwnModel, Prices
from .items import ITEMS
from .meant import field
from .overlay import Overlay
from .reached import Place

__all__ = ["lines", "of_form", "words"]

_MOST_SHOWN, _MOST_COUNTED = 20, 1000
_LONGEST = 400
# What pydantic's places name besides the file's own words: the members of a union, and that a key is meant.
_NOT_OF_THE_FILE = frozenset({"date", "datetime", "[key]"})

_CURES = {
    "decimal_parsing": "write a number, such as 2.50",
    "decimal_type": "write a number, such as 2.50",
    "greater_than_equal": "write a number that is not below it",
    "less_than_equal": "write a number that is not above it; prices are per million tokens, fees per item",
    "string_type": "write a text in quotes",
    "list_type": 'write a list, such as ["gpt-4o"]',
    "model_type": "write a table, such as { input = 2.50, output = 10 }",
    "dict_type": "write a table, such as { input = 2.50, output = 10 }",
    "too_short": "write at least one",
    "string_too_short": "write at least one letter",
    "string_unicode": "write text without lone surrogates, such as \\ud800",
    "string_pattern_mismatch": "write three capital letters, such as 'USD'",
    "literal_error": 'write base = "table", or an alias for another model',
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
}
_MISSING = {
    "names": 'write the models it is about, such as names = ["my-model"]',
    "model": 'write the model whose price it has, such as model = "gpt-4o"',
    "multiplier": "write multiplier = a number, such as 0.85; 1 where fees and other tiers have the list price",
}
_LISTS: dict[str, type[BaseModel]] = {"models": OwnModel, "aliases": Alias, "multipliers": Multiplier}
_OTHER_WORDS = {
    "fee": "fees", "discount": "multiplier", "factor": "multiplier", "regex": "names",
    "pattern": "names", "match": "names", "price": "prices", "hosts": "servers", "start": "valid_from",
}  # fmt: skip
"""What people call a field -> its name."""


def lines(name: str, mistakes: Iterable[tuple[Place, str]]) -> str:
    """A line for each mistake.

    Args:
        name: the file's name.
        mistakes: where each is, and what is wrong with what to write instead.
    """
    found = iter(mistakes)
    shown = [
        f"{name}: {_written(place)}: {said}" if place else f"{name}: {said}"
        for place, said in islice(found, _MOST_SHOWN)
    ]
    left = sum(1 for _ in islice(found, _MOST_COUNTED))
    more = f"{left} more" if left < _MOST_COUNTED else f"at least {left} more"
    return "\n".join([*shown, f"{name}: and {more}"] if left else shown)


def of_form(error: ValidationError) -> Iterator[tuple[Place, str]]:
    """The mistakes that pydantic found."""
    for mistake in error.errors(include_url=False, include_input=False):
        place = tuple(part for part in mistake["loc"] if part not in _NOT_OF_THE_FILE)
        yield place, _said(mistake["type"], place, mistake["msg"])


def words(message: object) -> str:
    """The words of a parser or of pydantic, quoted if what they repeat of the file could end a line."""
    text = str(message)
    return text if text.isprintable() and len(text) <= _LONGEST else quoted(text, _LONGEST)


def _said(kind: str, place: Place, message: str) -> str:
    if kind == "extra_forbidden":
        return f"is no field here: {_field(place)}"
    if kind == "value_error":
        return words(message.removeprefix("Value error, "))
    last = str(place[-1]) if place else ""
    if kind == "missing":
        return f"is missing: {_MISSING.get(last, f'write {last} = a number, such as 2.50')}"
    message = words(message)
    cure = "write a day, such as 2026-01-31" if kind.startswith(("date", "datetime")) else _CURES.get(kind)
    if last == "multiplier" and kind in ("decimal_parsing", "decimal_type", "greater_than_equal"):
        cure = "write a factor, such as 0.85 for 15 percent off"
    return f"{message[:1].lower()}{message[1:]}{f': {cure}' if cure else ''}"


def _written(place: Place) -> str:
    """A mistake's place, such as `models[1].prices.input`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{plain(part)}" for part in place).removeprefix(".")


def _field(place: Place) -> str:
    """What to write in place of an unknown field: what was probably meant, else all fields that can stand there."""
    word = str(place[-1])
    cure = field(word)
    if cure is not None:
        return cure
    kind = _kind(place)
    fields = list(kind.model_fields)
    other = _OTHER_WORDS.get(word.lower())
    near = [other] if other in fields else difflib.get_close_matches(word, fields, 1, 0.7)
    if near:
        return f"write {near[0]}"
    if word in ITEMS:
        return f"write fees = {{ {word} = ... }} in the entry of models, the price of one of the {ITEMS[word].meaning}"
    homes = [
        f"an entry of {home}" for home, other in _LISTS.items() if word in other.model_fields and other is not kind
    ]
    if homes:
        return f"write it in {' or '.join(homes)}"
    return f"write one of {', '.join(fields)}"


def _kind(place: Place) -> type[BaseModel]:
    """What has the field at a place."""
    above = [str(part) for part in place[:-1]]
    if "long_context" in above:
        return LongContext
    if {"prices", "tiers"} & set(above):
        return Prices
    return _LISTS.get(above[0], Overlay) if above else Overlay
