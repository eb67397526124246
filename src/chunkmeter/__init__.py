"""Meters every chunk of LLM streams: finish reasons, usage and cost, as OpenTelemetry spans and metrics.

Each name is loaded when it is first used, so that importing the package takes little time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .attribution import labels
    from .calls.flush import flush_on_exit
    from .instrumentors._everything import instrument, uninstrument
    from .models import CallResponseChunk, CostMetadata, FinishReason, Usage
    from .pricing import Priced, Unpriced, price
    from .processor import ChunkSpanProcessor
    from .readers import normalize
    from .settings import Settings
    from .spend import Spent, spending
    from .streams.wrap import wrap

__all__ = [
    "CallResponseChunk",
    "ChunkSpanProcessor",
    "CostMetadata",
    "FinishReason",
    "Priced",
    "Settings",
    "Spent",
    "Unpriced",
    "Usage",
    "__version__",
    "flush_on_exit",
    "instrument",
    "labels",
    "normalize",
    "price",
    "spending",
    "uninstrument",
    "wrap",
]

_HOMES = {
    "CallResponseChunk": "models",
    "ChunkSpanProcessor": "processor",
    "CostMetadata": "models",
    "FinishReason": "models",
    "Priced": "pricing",
    "Settings": "settings",
    "Spent": "spend",
    "Unpriced": "pricing",
    "Usage": "models",
    "flush_on_exit": "calls.flush",
    "instrument": "instrumentors._everything",
    "labels": "attribution",
    "normalize": "readers",
    "price": "pricing",
    "spending": "spend",
    "uninstrument": "instrumentors._everything",
    "wrap": "streams.wrap",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
