"""Readers: one module a wire format, each folding raw events into a `Tally`. No OpenTelemetry, no SDK.

A reader module has `WIRE`, `OPERATION` and `read(tally, event)`. To add one: write the module, add its
row to `_ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

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
    """What tells a wire format.

    Attributes:
        providers: conventions' and libraries' provider names whose streams have this shape.
        modules: where the classes of its events are at home.
        keys: keys of a raw JSON event, any of which tells this shape.
        types: values of a raw JSON event's `type` that tell it.
    """

    providers: frozenset[str]
    modules: tuple[str, ...]
    keys: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ROWS: dict[str, _Row] = {
    "anthropic_messages": _Row(
        providers=_words("anthropic"),
        modules=("anthropic",),
        types=_words(
            "message message_start message_delta message_stop ping "
            "content_block_start content_block_delta content_block_stop"
        ),
    ),
    "google_generate_content": _Row(
        providers=_words("google gemini vertex vertex_ai vertexai gcp.gemini gcp.vertex_ai gcp.gen_ai"),
        modules=("google.genai.types",),
        keys=_words("candidates usageMetadata usage_metadata promptFeedback prompt_feedback"),
    ),
    "openai_chat": _Row(
        providers=_words(
            "openai azure azure_openai azure.ai.openai azure.ai.inference groq xai x_ai x-ai litellm deepseek "
            "openrouter together together_ai mistral mistral_ai perplexity moonshot moonshotai moonshot_ai ollama vllm"
        ),
        modules=("openai.types.chat", "openai.types.completion", "groq.types.chat", "litellm"),
        keys=_words("choices"),
    ),
}

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
    """The reader of a provider's native wire, by any spelling of the provider.

    Raises:
        UnknownWireError: if the provider is not known.
    """
    name = provider.strip().lower()
    for wire, row in _ROWS.items():
        if name in row.providers:
            return for_wire(wire)
    known = ", ".join(sorted(name for row in _ROWS.values() for name in row.providers))
    raise UnknownWireError(f"provider={provider!r} has no reader: write one of {known}, or name a wire")


def known(provider: str | None) -> Reader | None:
    """The reader of a provider's native wire, None where there is none."""
    try:
        return for_provider(provider) if provider else None
    except UnknownWireError:
        return None


def for_event(event: Any) -> Reader:
    """The reader that fits a raw event, told by the module of its class or, for a dict, by its keys.

    Raises:
        UnknownWireError: if none does.
    """
    kind = cast("type[Any]", type(event))
    if issubclass(kind, dict):
        said = cast("dict[str, Any]", event)
        for wire, row in _ROWS.items():
            if not row.keys.isdisjoint(said) or said.get("type") in tuple(row.types):
                return for_wire(wire)
    for base in kind.__mro__:
        for wire, row in _ROWS.items():
            if any(f"{base.__module__}.".startswith(f"{module}.") for module in row.modules):
                return for_wire(wire)
    raise UnknownWireError(f"an event of {kind.__module__}.{kind.__qualname__} fits no known wire")


def normalize(raw_chunk: Any, provider: str | None = None, *, wire: str | None = None) -> CallResponseChunk:
    """What one raw chunk alone says, as a `CallResponseChunk`.

    Args:
        raw_chunk: the provider SDK's event object, or its JSON as a dict.
        provider: any spelling of the provider, for a chunk that doesn't tell its format by itself.
        wire: the wire format's name, where neither tells (see `WIRES`).

    Raises:
        UnknownWireError: if nothing tells how to read the chunk.
    """
    from ..models import CallResponseChunk

    reader = for_wire(wire) if wire else _reader(raw_chunk, provider)
    tally = Tally()
    tally.wire = reader.wire
    reader.read(tally, raw_chunk)
    return CallResponseChunk.from_tally(tally)


def _reader(raw_chunk: Any, provider: str | None) -> Reader:
    """The chunk's own shape decides: a provider may speak another's wire, as Google does OpenAI's."""
    try:
        return for_event(raw_chunk)
    except UnknownWireError:
        if provider is None:
            raise
        return for_provider(provider)
