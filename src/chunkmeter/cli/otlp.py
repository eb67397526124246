"""What OTLP's attributes say, as plain values: cleaned, to be shown, or as they came, to read facts from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

__all__ = ["LONGEST", "READ", "attributes", "clean", "read_attributes"]

LONGEST = 256
"""How many characters of a text are shown."""
READ = 65_536
"""How many characters of a span's text are read: some instrumentations write usage as JSON, beside the messages."""
# Control and format characters, halves of characters, and the separators that some readers take for the end of a line.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST) -> str:
    """Take out what could drive a terminal or break a line, and what is too long."""
    if text.isascii() and text.isprintable():
        return text[:longest]
    # Cut before it is looked at: what was sent may be as long as a message.
    return "".join(char for char in text[: 4 * longest] if unicodedata.category(char) not in _UNFIT)[:longest]


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name: text, numbers, truth values, lists and mappings; None for bytes and for no value."""
    return {clean(pair.key): _value(pair.value, clean) for pair in pairs}


def read_attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """The same, but text is as it came, up to `READ` characters: what is shown of it has to be cleaned."""
    return {clean(pair.key): _value(pair.value, _cut) for pair in pairs}


def _cut(text: str) -> str:
    return text[:READ]


def _value(value: AnyValue, text: Callable[[str], str]) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return text(value.string_value)
    if kind == "array_value":
        return [_value(item, text) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {clean(pair.key): _value(pair.value, text) for pair in value.kvlist_value.values}
    return None if kind is None or kind == "bytes_value" else getattr(value, kind)
