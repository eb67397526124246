"""Text and numbers as telemetry can carry them.

Names, ids, words and labels come from strangers: from an answer, a request, a foreign span, baggage. A lone surrogate
or an integer of more than 64 bits would keep what holds it from being exported, and a text of any length would make
each later export too large. So all is cleaned here, once, where it enters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from opentelemetry.util.types import AttributeValue

__all__ = [
    "ITEMS",
    "LABEL",
    "LONGEST",
    "NAME",
    "TOGETHER",
    "again",
    "attribute",
    "attributes",
    "carried",
    "clean",
    "encodable",
    "first",
    "name",
    "usual",
]

_Item = TypeVar("_Item")

NAME: Final = 200
"""How many characters of a name are kept: of a model, a host, a tier, a finish reason, a class of errors."""
LABEL: Final = 64
"""How many characters of a label that says who is spending are kept."""
LONGEST: Final = 1_000
"""How many characters of any other text are kept: of ids, function names, tags and stop sequences."""
ITEMS: Final = 128
"""How many items of a sequence are kept, finish reasons by choice too."""
TOGETHER: Final = 4_000
"""How many characters all items of a sequence may have; an item that passes that is left out, and those after it."""

# Lone surrogates, which UTF-8 has no bytes for; control characters, line separators, and what turns the direction of
# the text around it: they would forge lines of a log or the look of a page.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_is_plain = re.compile("[!-~][ -~]*").fullmatch
"""Tells a text of printable ASCII that does not begin with a space, which needs no cleaning and is not blank."""
_MOST_USUAL = 512
_LEAST, _MOST = -(2**63), 2**63 - 1  # OTLP's integers have 64 bits


def clean(value: str, most: int = NAME) -> str:
    """`value` without what telemetry can't carry, which reads `?`, and no longer than `most` characters."""
    if type(value) is not str:
        value = str.__str__(value)  # a class of its own may say anything else
    if len(value) <= most and value.isascii() and value.isprintable():
        return value
    return _UNFIT.sub("?", value[:most])


def name(value: object, most: int = NAME) -> str | None:
    """`value` as a name, cleaned; None where it is no text, or blank."""
    if type(value) is str and len(value) <= most and _is_plain(value):
        return value  # nearly every name is, and this is asked for several times a call
    if not isinstance(value, str):
        return None
    said = clean(value, most)
    return said if said and not said.isspace() else None


usual: Final = set[str]()
"""Names of models, tiers and reasons that `again` has been asked for and that need no cleaning."""


def again(value: object) -> str | None:
    """The same as `name`, of a value that the next call is likely to have too: then it is `usual`."""
    said = name(value)
    if said is not None and said is value:
        if len(usual) >= _MOST_USUAL:
            usual.clear()
        usual.add(said)
    return said


def attribute(value: Any) -> AttributeValue | None:
    """`value` as an attribute, cleaned; None where it can be none."""
    if not isinstance(value, list | tuple):
        return _scalar(value)
    known = [item for each in cast("Sequence[Any]", value)[:ITEMS] if (item := _scalar(each)) is not None]
    # The conventions, and other SDKs, know sequences of one type alone.
    return first([item for item in known if type(item) is type(known[0])])


def first(items: Sequence[_Item]) -> list[_Item]:
    """The first of the items, as many as a sequence may have."""
    kept: list[_Item] = []
    left = TOGETHER
    for item in items[:ITEMS]:
        left -= len(item) if isinstance(item, str) else 1
        if left < 0:
            break
        kept.append(item)
    return kept


def attributes(values: Mapping[str, Any]) -> Mapping[str, AttributeValue]:
    """Attributes by name, cleaned; those that can be none are left out."""
    return {key: known for key, value in values.items() if (known := attribute(value)) is not None}


def carried(value: str) -> str:
    """`value`, which telemetry can carry as it is.

    Raises:
        ValueError: if it can't.
    """
    if clean(value, len(value)) != value:
        raise ValueError("has control characters: leave them out")
    return value


def encodable(value: Any) -> Any:
    """A stranger's own attribute as it is, but for what OTLP can't carry."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return value if _LEAST <= value <= _MOST else None
    if isinstance(value, Mapping):
        return {encodable(key): encodable(inner) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [encodable(item) for item in cast("Sequence[Any]", value)]
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, LONGEST)
    if isinstance(value, int):
        return value if _LEAST <= value <= _MOST else None
    return value if isinstance(value, float) and math.isfinite(value) else None
