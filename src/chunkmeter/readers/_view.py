"""A forgiving view of a raw event: attributes over dicts and SDK objects alike, else None."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import Any, cast

__all__ = ["View", "view"]

_SCALARS = frozenset({str, int, float, bool, type(None)})


def view(value: Any) -> Any:
    """`value` for reading by attribute: scalars as they are, lists as lists of views, all else as a view."""
    if type(value) in _SCALARS or isinstance(value, View | Enum):  # the exact type first: it is the cheapest to ask
        return value
    if isinstance(value, list | tuple):
        return [view(item) for item in cast("list[Any]", value)]
    return value if isinstance(value, str | int | float) else View(value)


class View:
    """One JSON object. A name is looked up as written, then in camelCase (Google's JSON)."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        raw = self._raw
        if isinstance(raw, dict):
            fields = cast("dict[str, Any]", raw)
            found = fields.get(name)
            if found is None:
                found = fields.get(_camel_case(name))
        else:
            found = getattr(raw, name, None)
        return found if type(found) in _SCALARS else view(found)

    def object(self, name: str) -> View:
        """The object of that name; an empty one where there is none, or something else."""
        found = getattr(self, name)
        return found if isinstance(found, View) else _NOTHING

    def objects(self, name: str) -> list[View]:
        """The objects in the list of that name; none where there is no list."""
        found = getattr(self, name)
        return [item for item in cast("list[Any]", found) if isinstance(item, View)] if isinstance(found, list) else []

    def text(self, name: str) -> str | None:
        """The text of that name; None where it is empty or something else. An SDK's enum is its value."""
        found = getattr(self, name)
        if isinstance(found, Enum):
            found = found.value
        return found if found and isinstance(found, str) else None

    def index(self, default: int) -> int:
        """The object's own `index`, else `default`."""
        found = self.__getattr__("index")
        return found if isinstance(found, int) and not isinstance(found, bool) else default


_NOTHING = View({})


@cache  # of the names that our readers ask for, so it can't grow
def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
