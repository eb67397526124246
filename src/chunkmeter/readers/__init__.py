"""Readers: one module a wire format, each folding raw events into a `Tally`. No OpenTelemetry, no SDK.

A reader module has `WIRE`, `OPERATION` and `read(tally, event)`. To add one: write the module, add its
row to `_ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..tally import Tally

if TYPE_CHECKING:
    from ..models import CallResponseChunk

__all__ = ["WIRES", "Reader", "UnknownWireError", "for_event", "for_provider", "for_wire", "normalize"]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one wire format is read.

    Attributes:
        wire: its name, as `wrap(wire=...)` takes it.
        operation: `gen_ai.operation.name` of a call on this wire.
        read: folds one raw event into a tally.
    """

    wire: str
    operation: str
    read: Callable[[Tally, Any], None]


class UnknownWireError(LookupError):
    """No reader fits. The message says what was given and what to give instead."""


@dataclass(frozen=True, slots=True)
class _Row:
    providers: frozenset[str]
    """Conventions' and libraries' provider names whose streams have this shape."""
    modules: tuple[str, ...]
    """Packages whose event classes have this shape."""
    keys: frozenset[str]
    """Keys of a raw JSON event, any of which tells this shape."""


_ROWS: dict[str, _Row] = {
    "anthropic_messages": _Row(
        frozenset({"anthropic"}),
        ("anthropic",),
        frozenset({"message", "delta", "content_block", "stop_reason", "content_block_index"}),
    ),
    "google_generate_content": _Row(
        frozenset({"google", "gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai"}),
        ("google.genai",),
        frozenset({"candidates", "usageMetadata", "usage_metadata", "promptFeedback"}),
    ),
    "openai_chat": _Row(
        frozenset(
            {"openai", "azure.ai.openai", "groq", "xai", "x_ai", "litellm", "deepseek", "openrouter", "together",
             "ollama", "vllm"}
        ),
        ("openai", "groq", "litellm"),
        frozenset({"choices"}),
    ),
}  # fmt: skip

WIRES: tuple[str, ...] = tuple(sorted(_ROWS))
_loaded: dict[str, Reader] = {}


def for_wire(wire: str) -> Reader:
    """The reader of a wire format by its name.

    Raises:
        UnknownWireError: if there is no such wire.
    """
    if wire not in _loaded:
        if wire not in _ROWS:
            raise UnknownWireError(f"wire={wire!r} is not known: write one of {', '.join(WIRES)}")
        module = import_module(f"{__name__}.{wire}")
        _loaded[wire] = Reader(module.WIRE, module.OPERATION, module.read)
    return _loaded[wire]


def for_provider(provider: str) -> Reader:
    """The reader of a provider's native wire, by Mirascope's or the conventions' name of it.

    Raises:
        UnknownWireError: if the provider is not known.
    """
    for wire, row in _ROWS.items():
        if provider in row.providers:
            return for_wire(wire)
    known = ", ".join(sorted(name for row in _ROWS.values() for name in row.providers))
    raise UnknownWireError(f"provider={provider!r} has no reader: write one of {known}, or name a wire")


def for_event(event: Any) -> Reader:
    """The reader that fits a raw event, told by the package of its class or, for a dict, by its keys.

    Raises:
        UnknownWireError: if none does.
    """
    if isinstance(event, dict):
        for wire, row in _ROWS.items():
            if not row.keys.isdisjoint(event):  # pyright: ignore[reportUnknownArgumentType]
                return for_wire(wire)
    else:
        for base in type(event).__mro__:
            for wire, row in _ROWS.items():
                if any(base.__module__ == name or base.__module__.startswith(f"{name}.") for name in row.modules):
                    return for_wire(wire)
    raise UnknownWireError(f"an event of {type(event).__module__}.{type(event).__qualname__} fits no known wire")


def normalize(raw_chunk: Any, provider: str | None = None, *, wire: str | None = None) -> CallResponseChunk:
    """What one raw chunk alone says, as a `CallResponseChunk`.

    Args:
        raw_chunk: the provider SDK's event object, or its JSON as a dict.
        provider: Mirascope's or the conventions' name of the provider; left out, the chunk tells.
        wire: the wire format's name, where neither tells (see `WIRES`).

    Raises:
        UnknownWireError: if nothing tells how to read the chunk.
    """
    from ..models import CallResponseChunk

    reader = for_wire(wire) if wire else for_provider(provider) if provider else for_event(raw_chunk)
    tally = Tally()
    tally.wire = reader.wire
    reader.read(tally, raw_chunk)
    return CallResponseChunk.from_tally(tally)
