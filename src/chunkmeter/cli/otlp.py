"""What OTLP's attributes say, as plain values; text in them has nothing left that could drive a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

__all__ = ["LONGEST", "attributes", "clean"]

LONGEST = 256
"""How many characters of a text are kept."""
# Control and format characters, halves of characters, and the separators that some readers take for the end of a line.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST) -> str:
    """Take out what could drive a terminal or break a line, and what is too long."""
    if text.isascii() and text.isprintable():
        return text[:longest]
    # Cut before it is looked at: what was sent may be as long as a message.
    return "".join(char for char in text[: 4 * longest] if unicodedata.category(char) not in _UNFIT)[:longest]


def attributes(pairs: Iterable[KeyValue], longest: int = LONGEST) -> dict[str, Any]:
    """Attributes by name: text, numbers, truth values, lists and mappings; None for bytes and for no value.

    Args:
        pairs: the attributes.
        longest: how many characters of a text are kept.
    """
    return {clean(pair.key): _value(pair.value, longest) for pair in pairs}


def _value(value: AnyValue, longest: int) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return clean(value.string_value, longest)
    if kind == "array_value":
        return [_value(item, longest) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values, longest)
    return None if kind is None or kind == "bytes_value" else getattr(value, kind)
