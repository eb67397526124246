"""Whole answers that are given to `wrap`: each counts as the call that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .. import readers
from ..facts.tally import Tally
from ..readers import Reader, UnknownWireError
from .metered import is_answer_noted

__all__ = ["answer_in", "is_known", "is_whole", "provider_of", "reader_of"]

_MIRASCOPE = "mirascope."
_HELD = ("response", "raw")
"""Where an answer of Mirascope 1's and of Mirascope 2's holds that of the SDK."""
_NEXT = ("__next__", "__anext__", "__aiter__")


def is_whole(thing: Any) -> bool:
    """Whether an object is no stream, though Python may iterate it: a pydantic model gives its fields, a dict its keys.

    Args:
        thing: what the application has given to `wrap`.
    """
    kind: type[Any] = type(thing)
    if any(hasattr(kind, name) for name in _NEXT):
        return False
    iterates = getattr(kind, "__iter__", None)
    return iterates is None or isinstance(thing, Mapping | str | bytes) or _is_pydantic_s(iterates)


def _is_pydantic_s(method: Any) -> bool:
    return str(getattr(method, "__module__", "")).partition(".")[0] == "pydantic"


def answer_in(thing: Any) -> Any:
    """The SDK's answer in what an application holds: in a response of Mirascope's, else the object itself."""
    if not any(kind.__module__.startswith(_MIRASCOPE) for kind in type(thing).__mro__):
        return thing
    return next((held for name in _HELD if (held := getattr(thing, name, None)) is not None), thing)


def provider_of(thing: Any) -> str | None:
    """The provider that a response of Mirascope 1's names; None of anything else."""
    name = None if answer_in(thing) is thing else getattr(thing, "_provider", None)
    return name if isinstance(name, str) else None


def is_known(thing: Any, answer: Any) -> bool:
    """Whether an answer has been metered, as it was given to us or where its request was sent."""
    return is_answer_noted(thing) or is_answer_noted(answer)


def reader_of(answer: Any, reader: Reader | None, provider: str | None) -> Reader:
    """The reader of a whole answer.

    Args:
        answer: the SDK's answer, or its JSON as a mapping.
        reader: that of the wire that the application has named; None where it has named none.
        provider: who answered, in any spelling; None where that is not known.

    Raises:
        TypeError: if it is none: no wire fits, or it says neither why it ended nor what it used.
    """
    kind = type(answer)
    if reader is None:
        try:
            reader = readers.for_event(answer)
        except UnknownWireError:
            reader = readers.known(provider)
    tally = Tally(reader.wire) if reader else Tally()
    if reader is not None:
        reader.read(tally, cast("Any", answer))
    if not (tally.final or tally.tokens() or tally.items):
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} is no stream, no manager of one and no whole answer: give wrap "
            "what you iterate, or what the SDK has answered"
        )
    return cast("Reader", reader)
