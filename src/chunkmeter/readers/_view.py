"""A forgiving view of a raw event: attributes over dicts and SDK objects alike, else None."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, cast

__all__ = ["View", "view"]


class _Any:
    """Contains every name: an object's may be worked out when they are asked for."""

    def __contains__(self, name: object) -> bool:
        return True


_ANY = _Any()
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

    __slots__ = ("_attributes", "_raw", "_said")

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._attributes: frozenset[str] | None = None
        """Those of its class beside its fields, where that is a plain model's."""
        self._said: Mapping[str, Any] | None = None
        """What it says by name, where that is at hand: most of what is asked for is not there."""
        if isinstance(raw, dict):
            self._said = cast("dict[str, Any]", raw)
        elif (attributes := _attributes_of_model(cast("type[Any]", type(raw)))) is not None:
            extra = getattr(raw, "__pydantic_extra__", None)
            self._attributes, self._said = attributes, {**extra, **raw.__dict__} if extra else raw.__dict__

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def get(self, name: str) -> Any:
        """What has that name, also one that is a method's here; None where there is nothing."""
        said = self._said
        if said is None:
            found = _of_object(self._raw, name)
        else:
            found = said.get(name)
            if found is None:
                if self._attributes is None:
                    found = said.get(_camel_case(name))
                elif name in self._attributes:
                    found = getattr(self._raw, name, None)
        return found if type(found) in _SCALARS else view(found)

    def names(self) -> Container[str]:
        """Where all names are that there may be something of; to be asked first where most names are asked in vain."""
        if self._said is None:
            return _ANY
        said = [name for name, value in self._said.items() if value is not None]
        return {*said, *(map(_snake_case, said) if self._attributes is None else self._attributes)}

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


@lru_cache(maxsize=4096)  # our readers ask for few names
def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _snake_case(name: Any) -> Any:
    # Without a cache: these are a service's names, of any number and length.
    if not isinstance(name, str) or name.islower():
        return name
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


@lru_cache(maxsize=1024)
def _attributes_of_model(kind: type[Any]) -> frozenset[str] | None:
    """What the class adds to pydantic's, if it is a model that looks attributes up as pydantic does; else None.

    Asked for what it hasn't, such a model takes long to say so: what its fields hold is looked up beside it.
    """
    looked_up_by = next((each for each in kind.__mro__ if "__getattr__" in vars(each)), None)
    if (
        looked_up_by is None
        or looked_up_by.__module__ != "pydantic.main"
        or kind.__getattribute__ is not object.__getattribute__
        or issubclass(kind, Mapping)
    ):
        return None
    private: Iterable[str] = getattr(kind, "__private_attributes__", ())  # in no `dir`
    return frozenset((*dir(kind), *private)).difference(dir(looked_up_by))


def _of_object(raw: Any, name: str) -> Any:
    """By attribute, then by key: Azure's objects keep what they have no attribute for."""
    found = getattr(raw, name, None)
    return raw.get(name) if found is None and isinstance(raw, Mapping) else found
