"""Streams of other instrumentations: objects of theirs between an SDK's stream and its user.

They have a span of their own for the call, which ends when they do and can't be reached from here.
"""

from __future__ import annotations

from typing import Any

from .replace import held

__all__ = ["is_peer", "is_peer_s"]

_PACKAGES = ("opentelemetry.", "openinference.", "openlit.", "langfuse.", "logfire.", "mirascope.ops.", "respan_")
_MARK = "_langfuse_finalize_once"
"""What Langfuse leaves on an SDK's own stream, which it keeps as it is."""


def is_peer(module: str) -> bool:
    """Whether a module is another instrumentation's."""
    return module.startswith(_PACKAGES)


def is_peer_s(stream: Any) -> bool:
    """Whether a stream is another instrumentation's."""
    return is_peer(type(stream).__module__) or _MARK in held(stream)
