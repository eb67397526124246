"""Reads a protocol buffer's message as if it were JSON: a field that was not set is absent, and an enum is its word.

Google's older SDKs hand out such messages, wrapped in classes of their own. Those classes read a field that was not set
as 0 or "", and warn about an enum's number that the SDK's release doesn't know. Here neither happens.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from ._view import View

__all__ = ["Message", "message_of"]

# The module of an SDK's classes -> their attribute that holds the message.
_KEPT_IN = {"google.generativeai": "_result", "vertexai": "_raw_response", "xai_sdk": "proto"}


class Message(View):
    """One message of the `protobuf` package."""

    __slots__ = ()

    def get(self, name: str) -> Any:
        """The value of a field; None where it was not set."""
        message, field = self.raw, self._field(name)
        if field is None:
            return None
        value = getattr(message, name)
        if field.message_type is not None:
            if not hasattr(value, "ListFields"):
                return [Message(item) for item in value]
            return Message(value) if message.HasField(name) else None
        if field.enum_type is None and hasattr(value, "append"):
            return [*value] or None
        if field.has_presence:
            value = value if message.HasField(name) else None
        if field.enum_type is not None and value is not None:
            words = field.enum_type.values_by_number
            if not isinstance(value, int):
                return [words[number].name for number in value if number in words]
            value = words[value].name if value in words else value
        return value if field.has_presence else value or None

    def index(self, default: int) -> int:
        """The message's own `index`, 0 where it was not set; `default` where its type has no such field."""
        return self.raw.index if self.knows("index") else default

    def names(self) -> frozenset[Any] | None:
        """The names of its type's fields."""
        return frozenset(self.raw.DESCRIPTOR.fields_by_name)

    def knows(self, name: str) -> bool:
        """Whether the message's type has a field of that name."""
        return self._field(name) is not None

    def _field(self, name: str) -> Any:
        return self.raw.DESCRIPTOR.fields_by_name.get(name)


def message_of(event: Any) -> Message | None:
    """The message that an SDK's event is or holds; None for JSON and for any other object."""
    kept_in = _kept_in(cast("type[Any]", type(event)))
    if kept_in is None:
        return None
    wrapped = getattr(event, kept_in) if kept_in else event
    kind = cast("Any", type(wrapped))
    return Message(wrapped if hasattr(kind, "DESCRIPTOR") else kind.pb(wrapped))


@lru_cache(64)
def _kept_in(kind: type[Any]) -> str | None:
    """The attribute that holds the message; empty where the object is one, of `protobuf` or of the package `proto`."""
    if type(kind).__module__ == "proto.message" or hasattr(kind, "DESCRIPTOR"):
        return ""
    modules = [base.__module__ for base in kind.__mro__]
    return next(
        (name for home, name in _KEPT_IN.items() if any(f"{module}.".startswith(f"{home}.") for module in modules)),
        None,
    )
