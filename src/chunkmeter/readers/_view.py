"""A forgiving view of a raw event: attributes over dicts and SDK objects alike, else None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, cast

__all__ = ["View", "view"]

_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})


def view(value: Any) -> Any:
    """`value` for reading by attribute: scalars as they are, lists as lists of views, all else as a view."""
    if type(value) in _SCALARS or isinstance(value, View | Enum):  # the exact type first: it is the cheapest to ask
        return value
    if isinstance(value, list | tuple):
        # No wire has lists in lists, so those stay as they are: any number of them can be sent.
        return [item if isinstance(item, list | tuple) else view(item) for item in cast("list[Any]", value)]
    return value if isinstance(value, str | bytes | int | float) else View(value)


class View:
    """One JSON object. A name is looked up as written, then in camelCase (Google's JSON)."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def get(self, name: str) -> Any:
        """What has that name, also one that is a method's here; None where there is nothing."""
        found = _getter(type(self._raw), name)(self._raw)
        return found if type(found) in _SCALARS else view(found)

    def knows(self, name: str) -> bool:
        """Whether there is room for that name: an SDK's class may have none for what its service sends by now."""
        return isinstance(self._raw, Mapping) or hasattr(self._raw, name)

    def object(self, name: str, default: View | None = None) -> View:
        """The object of that name; `default`, or an empty one, where there is none or something else."""
        found = self.get(name)
        return found if isinstance(found, View) else default or _NOTHING

    def objects(self, name: str) -> list[View]:
        """The objects in the list of that name; none where there is no list."""
        found = self.get(name)
        return [item for item in cast("list[Any]", found) if isinstance(item, View)] if isinstance(found, list) else []

    def text(self, *names: str) -> str | None:
        """The text of the first of these names that has one; an empty one is none. An SDK's enum is its value."""
        for name in names:
            found = self.get(name)
            if isinstance(found, Enum):
                found = found.value
            if found and isinstance(found, str):
                return found
        return None

    def index(self, default: int) -> int:
        """The object's own `index`, else `default`."""
        found = self.get("index")
        return found if isinstance(found, int) and not isinstance(found, bool) else default


_NOTHING = View({})


@lru_cache(maxsize=4096)  # our readers ask for few names, of as many classes as there are
def _getter(kind: type[Any], name: str) -> Callable[[Any], Any]:
    """How to get what an object of that class has by that name, None where it has nothing."""
    if issubclass(kind, dict):
        return _of_dict(name)
    if _is_plain_model(kind) and not hasattr(kind, name):
        return _of_model(name)
    if issubclass(kind, Mapping):
        return _of_mapping(name)
    return lambda raw: getattr(raw, name, None)


def _of_dict(name: str) -> Callable[[dict[str, Any]], Any]:
    camel_case = re.sub(r"_([a-z])", lambda match: match[1].upper(), name)

    def get(raw: dict[str, Any]) -> Any:
        found = raw.get(name)
        return raw.get(camel_case) if found is None else found

    return get


def _of_model(name: str) -> Callable[[Any], Any]:
    """As `getattr`, without what it costs pydantic to say that there is nothing: most names are asked for in vain."""

    def get(raw: Any) -> Any:
        found = raw.__dict__.get(name)
        if found is None and (extra := getattr(raw, "__pydantic_extra__", None)):
            return extra.get(name)
        return found

    return get


def _of_mapping(name: str) -> Callable[[Any], Any]:
    """By attribute, then by key: Azure's objects keep what they have no attribute for."""

    def get(raw: Any) -> Any:
        found = getattr(raw, name, None)
        return raw.get(name) if found is None else found

    return get


def _is_plain_model(kind: type[Any]) -> bool:
    """Whether it is a pydantic model that looks attributes up as pydantic does."""
    looked_up_by = next((each for each in kind.__mro__ if "__getattr__" in vars(each)), None)
    return (
        looked_up_by is not None
        and looked_up_by.__module__ == "pydantic.main"
        and kind.__getattribute__ is object.__getattribute__
    )
