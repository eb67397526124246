"""Reads a raw event by attribute, be it a dict or an SDK's object. What is absent reads None."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

__all__ = ["View", "attributes_of_model", "is_object", "outline", "view"]


_NO_DICT: Mapping[str, Any] = {}
_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})


def view(value: Any) -> Any:
    """`value`, ready to be read by attribute: a scalar as it is, a list as a list of views, all else as a view."""
    kind: Any = type(value)  # the exact type is the cheapest to ask
    if kind in _SCALARS:
        return value
    if _is_plain(kind):
        return View(value)
    if isinstance(value, _LISTS):
        # Lists in lists stay as they are: no wire has them, and a damaged event may nest any number.
        items: Any = value
        return [item if isinstance(item, _LISTS) else view(item) for item in items]
    return value if isinstance(value, _VALUES) else View(value)


def is_object(value: Any) -> bool:
    """Whether `view` makes a view of a value."""
    kind: Any = type(value)
    return kind not in _SCALARS and _is_plain(kind)


def outline(raw: Any) -> tuple[Hashable, Mapping[str, Any]]:
    """What tells which names an object may have, and its dict: its class, and its names where that doesn't tell them.

    It is None for an object without a dict, which may work out an attribute only when it is asked for.
    """
    kind: Any = type(raw)
    if kind is dict:
        return tuple(raw), raw
    if attributes_of_model(kind) is not None:
        extra = getattr(raw, "__pydantic_extra__", None)
        if not extra:
            return kind, raw.__dict__
        raw = {**extra, **raw.__dict__}
    if isinstance(raw, dict):
        return (kind, *raw), raw
    return (kind, type(raw.raw)) if isinstance(raw, View) else None, _NO_DICT


@lru_cache(maxsize=1024)
def _is_plain(kind: type[Any]) -> bool:
    """Whether each object of a class is read by attribute: neither a list, nor a value, nor a view already."""
    return not issubclass(kind, (*_LISTS, *_VALUES))


class View:
    """One JSON object, or an SDK's object. A name is looked up as written, then in camelCase (Google's JSON)."""

    __slots__ = ("_attributes", "_said", "raw")

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        kind: Any = type(raw)
        self._attributes = attributes = None if kind is dict else attributes_of_model(kind)
        """The attributes of the object's class that are no fields, if it is a plain pydantic model."""
        self._said: Mapping[str, Any] | None
        """The object's values by name, if it has them in a dict, which is quick to say that a name is absent."""
        if attributes is not None:
            extra = getattr(raw, "__pydantic_extra__", None)
            self._said = {**extra, **raw.__dict__} if extra else raw.__dict__
        else:
            self._said = raw if kind is dict or isinstance(raw, dict) else None

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            # Python's own: eventlet's patch asks every object for its `__dict__`.
            raise AttributeError(name)
        return self.get(name)

    def get(self, name: str) -> Any:
        """The value under a name, also under one that `View` has a method of; None where there is none."""
        said = self._said
        if said is None:
            found = _of_object(self.raw, name)
        else:
            found = said.get(name)
            if found is None:
                attributes = self._attributes
                if attributes is None:
                    found = said.get(_camel_case(name)) if "_" in name else None
                elif name in attributes:
                    found = getattr(self.raw, name, None)
                else:
                    return None
        kind: Any = type(found)
        if kind in _SCALARS:
            return found
        return View(found) if _is_plain(kind) else view(found)

    def tells(self, names: frozenset[str]) -> bool:
        """Whether it may have a value under one of these names: a quick first look for whoever asks for many."""
        said, attributes = self._said, self._attributes
        if said is None:
            return True
        if attributes is None:
            return not (names.isdisjoint(said) and _in_camel_case(names).isdisjoint(said))
        # A model has all fields of its class, and most of them say nothing.
        told = not names.isdisjoint(said) and any(said[name] is not None for name in names.intersection(said))
        return told or not names.isdisjoint(attributes)

    def names(self) -> frozenset[Any] | None:
        """All names that may have a value, which tell how an object is to be read; None where any may."""
        said = self._said
        if said is None:
            return None
        return frozenset((*said, *(map(_snake_case, said) if self._attributes is None else self._attributes)))

    def key(self, name: str) -> str | None:
        """The key that a name of it has in its dict; None where its value has to be asked for."""
        if self._attributes is not None:
            return None if name in self._attributes else name
        keys = [key for key in {name, _camel_case(name)} if key in self.raw] if type(self.raw) is dict else []
        return keys[0] if len(keys) == 1 else None

    def knows(self, name: str) -> bool:
        """Whether the object can have that name. An old SDK's class may lack a field that its service sends by now."""
        return isinstance(self.raw, Mapping) or hasattr(self.raw, name)

    def object(self, name: str, default: View | None = None) -> View:
        """The object under a name; `default`, or an empty object, where there is none or something else."""
        found = self.get(name)
        return found if isinstance(found, View) else default or _NOTHING

    def objects(self, name: str) -> list[View]:
        """The objects in the list under a name; an empty list where there is none."""
        said = self._said
        found = None if said is None else said.get(name)
        if type(found) is list:
            return [View(item) for item in found if _is_plain(type(item))]
        found = self.get(name)
        return [item for item in found if isinstance(item, View)] if isinstance(found, list) else []

    def pairs(self) -> list[tuple[Any, Any]]:
        """The names and values of a JSON object whose names are data, such as those of tools."""
        return list((self._said or {}).items())

    def text(self, *names: str) -> str | None:
        """The first text under these names that is not empty, else None. An SDK's enum reads as its value."""
        for name in names:
            found = self.get(name)
            if found is None:
                continue
            if type(found) is str:
                if found:
                    return found
                continue
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
_LISTS, _VALUES = (list, tuple), (View, Enum, str, bytes, int, float, type(None))


@lru_cache(maxsize=4096)  # more than the names that the readers ask for
def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


@lru_cache(maxsize=64)  # the sets are constants of the readers
def _in_camel_case(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_camel_case, names))


def _snake_case(name: Any) -> Any:
    # There is no cache here: these names come from a service, in any number and length.
    if not isinstance(name, str) or name.islower():
        return name
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


@lru_cache(maxsize=1024)
def attributes_of_model(kind: type[Any]) -> frozenset[str] | None:
    """The attributes that a class adds to pydantic's, if its objects look attributes up as pydantic does; else None.

    Such an object takes long to say that an attribute is absent, so it is asked only for those that its class has.
    """
    looked_up_by = next((each for each in kind.__mro__ if "__getattr__" in vars(each)), None)
    if (
        looked_up_by is None
        or looked_up_by.__module__ != "pydantic.main"
        or kind.__getattribute__ is not object.__getattribute__
        or issubclass(kind, Mapping)
    ):
        return None
    private: Iterable[str] = getattr(kind, "__private_attributes__", ())  # `dir` leaves them out
    return frozenset((*dir(kind), *private)).difference(dir(looked_up_by))


def _of_object(raw: Any, name: str) -> Any:
    """The value of an attribute, else of a key: Azure's objects keep under keys what they have no attribute for."""
    found = getattr(raw, name, None)
    return raw.get(name) if found is None and isinstance(raw, Mapping) else found
