"""One `BaseInstrumentor` a library: finds the library's hooks and hands over stream, wire and request facts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mirascope import MirascopeInstrumentor
    from .spans import SpansInstrumentor

__all__ = ["MirascopeInstrumentor", "SpansInstrumentor"]

_HOMES = {"MirascopeInstrumentor": "mirascope", "SpansInstrumentor": "spans"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
