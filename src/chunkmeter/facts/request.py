"""What is known of a call when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.util.types import AttributeValue

from .. import text
from ..attribution import NO_LABELS, Labels

__all__ = ["Request", "server"]

_PORTS = {"https": 443, "http": 80}


@dataclass(slots=True)  # not frozen, since each field of a frozen one takes longer to set; nobody changes it
class Request:
    """What is known of a call when it starts. Its text is cleaned as it comes: see `chunkmeter.text`.

    Attributes:
        operation: `gen_ai.operation.name`.
        provider: the conventions' name of the provider, None if unknown.
        named: whether the user named the provider, who is then believed whatever the host; else it is inferred.
        model: the model asked for, None if unknown.
        stream: whether the answer comes in chunks.
        server_address: the host that the request goes to.
        server_port: its port.
        sent: whether the call starts when its request is sent; else its time to first chunk would mean nothing.
        attributes: further span attributes (`gen_ai.request.*`, function name, tags).
        labels: who is spending.
        tier: the service tier asked for.
        media: the request's images, videos, audio and pdf by field of `CostMetadata`, with what is known of each item.
        context_cache: whether the request names a cache that was made before (Google's `cached_content`).
        prompt: what the model is given, kept only where tokens are to be estimated; no signal ever has it.
        starts: what a span of it starts with, once that has been asked for: calls that are alike share a request.
    """

    operation: str = "chat"
    provider: str | None = None
    model: str | None = None
    stream: bool = True
    server_address: str | None = None
    server_port: int | None = None
    sent: bool = True
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    labels: Labels = NO_LABELS
    tier: str | None = None
    media: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    context_cache: bool = False
    prompt: Any = None
    named: bool = False
    starts: Mapping[str, AttributeValue] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.starts = None
        self.operation = text.clean(self.operation)
        self.provider = text.name(self.provider)
        self.model = text.name(self.model)
        self.server_address = text.name(self.server_address)
        self.tier = text.name(self.tier)
        if self.attributes:
            self.attributes = text.attributes(self.attributes)


def server(url: object) -> tuple[str | None, int | None]:
    """The host and port of a URL; None for what it doesn't tell. A URL without a port has its scheme's."""
    return _server(str(url or ""))


@lru_cache(maxsize=128)
def _server(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # no URL or no port, which whoever sends the request reports
        return None, None
