"""A view of a protocol buffer's message as the JSON that it stands for: what is not set is not there, enums are words.

Google's older SDKs hand out such messages, wrapped in classes of their own. A field that was never sent reads 0 or ""
on them, and an enum's word that the SDK's release doesn't know warns when it is asked for; here neither happens.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import Any, cast

from ._view import View

__all__ = ["Message", "message_of"]

# Where the SDKs' classes keep the message, by the module they are at home in.
_KEPT_IN = {"google.generativeai": "_result", "vertexai": "_raw_response"}


class Message(View):
    """One message of the `protobuf` package."""

    __slots__ = ()

    def get(self, name: str) -> Any:
        """What was set under that name; None where nothing was."""
        message, field = self._raw, self._field(name)
        if field is None:
            return None
        value = getattr(message, name)
        if field.message_type is not None:
            if not hasattr(value, "ListFields"):
                return [Message(item) for item in value]
            return Message(value) if message.HasField(name) else None
        if field.enum_type is not None and value in field.enum_type.values_by_number:
            value = field.enum_type.values_by_number[value].name
        return value or None

    def index(self, default: int) -> int:
        """The message's own `index`, which is the first where it was not set; else `default`."""
        return self._raw.index if self.knows("index") else default

    def names(self) -> Container[str]:
        """The names of its type's fields."""
        return self._raw.DESCRIPTOR.fields_by_name

    def knows(self, name: str) -> bool:
        """Whether the message's type has a field of that name."""
        return self._field(name) is not None

    def _field(self, name: str) -> Any:
        return self._raw.DESCRIPTOR.fields_by_name.get(name)


def message_of(event: Any) -> Message | None:
    """The message that an SDK's event keeps, or is itself; None for JSON and for all other objects."""
    kept_in = _kept_in(cast("type[Any]", type(event)))
    if kept_in is None:
        return None
    wrapped = getattr(event, kept_in) if kept_in else event
    kind = cast("Any", type(wrapped))
    return Message(kind.pb(wrapped))


@lru_cache(64)
def _kept_in(kind: type[Any]) -> str | None:
    """The attribute that has the message; empty where the object is one, as the package `proto` makes them."""
    if type(kind).__module__ == "proto.message":
        return ""
    modules = [base.__module__ for base in kind.__mro__]
    return next(
        (name for home, name in _KEPT_IN.items() if any(f"{module}.".startswith(f"{home}.") for module in modules)),
        None,
    )
