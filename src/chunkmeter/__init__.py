"""Meter every chunk: finish reasons, usage and cost of LLM streams, as OpenTelemetry.

The names here are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .attribution import labels
    from .flush import flush_on_exit
    from .models import CallResponseChunk, CostMetadata, FinishReason, Usage
    from .pricing import Priced, Unpriced, price
    from .processor import ChunkSpanProcessor
    from .readers import normalize
    from .settings import Settings
    from .stream import wrap

__all__ = [
    "CallResponseChunk",
    "ChunkSpanProcessor",
    "CostMetadata",
    "FinishReason",
    "Priced",
    "Settings",
    "Unpriced",
    "Usage",
    "__version__",
    "flush_on_exit",
    "labels",
    "normalize",
    "price",
    "wrap",
]

_HOMES = {
    "CallResponseChunk": "models",
    "ChunkSpanProcessor": "processor",
    "CostMetadata": "models",
    "FinishReason": "models",
    "Priced": "pricing",
    "Settings": "settings",
    "Unpriced": "pricing",
    "Usage": "models",
    "flush_on_exit": "flush",
    "labels": "attribution",
    "normalize": "readers",
    "price": "pricing",
    "wrap": "stream",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
