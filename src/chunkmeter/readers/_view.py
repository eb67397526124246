"""A forgiving view of a raw event: attributes over dicts and SDK objects alike, None for what is not there."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["view"]

_CAMEL = re.compile(r"_([a-z])")
_SCALARS = (str, int, float, bool, type(None))


def view(value: Any) -> Any:
    """`value` for reading by attribute: scalars as they are, lists as lists of views, all else as a view."""
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, list | tuple):
        return [view(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return View(value)


class View:
    """One JSON object. A name is looked up as written, then in camelCase (Google's JSON)."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        raw = self._raw
        if isinstance(raw, dict):
            found: Any = raw.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if found is None:
                found = raw.get(_CAMEL.sub(lambda match: match[1].upper(), name))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        else:
            found = getattr(raw, name, None)
        return view(found)
