"""What a scenario is: bytes in true wire shape, and the truth about them as literals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Service = Literal[
    "openai",
    "groq",
    "xai",
    "litellm",
    "anthropic",
    "google",
    "azure",
    "bedrock",
    "cohere",
    "mistral",
    "gemini",
    "vertex",
    "responses",
    "together",
]
Kind = Literal["plain", "structured", "tools"]
Key = tuple[str, str, bool, str | None]

D = Decimal
MILLION = 1_000_000
"""Prices are USD per million tokens."""

BOOK_TOOL = "Book"
"""Structured scenarios answer with a call of this tool: the name of the user's response model."""
BOOK = {"title": "The Left Hand of Darkness", "author": "Ursula K. Le Guin"}
WEATHER_TOOL = "get_weather"
"""Tools scenarios call this function, with one argument `city`."""

_STREAM_TYPES: dict[Service, str] = {
    "bedrock": "application/vnd.amazon.eventstream",
    "cohere": "application/stream+json",
}
_SSE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the call was, by the wire alone. `None` means that the wire does not say it."""

    raw_finish_reasons: tuple[str, ...]
    """The provider's own words, in choice order."""
    finish_reasons: tuple[str, ...]
    """The conventions' words: stop, length, content_filter, tool_call."""
    provider: str
    """The conventions' name of the provider."""
    response_model: str | None
    response_id: str | None
    input_tokens: int | None
    """Everything that went in, cache reads and writes included."""
    output_tokens: int | None
    """Everything that came out, reasoning included."""
    total_tokens: int | None
    cost: Decimal | None
    """USD; None without usage, and for a model that no price list has."""
    unpriced: tuple[str, ...] = ()
    """What the call is charged for besides, and no price list has a fee for."""
    provider_cost: Decimal | None = None
    """USD, where the provider itself says what it charged."""
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    items: Mapping[str, float] = field(default_factory=dict[str, float])
    """What was used besides tokens, or in their place, by item."""
    service_tier: str | None = None
    operation: str | None = None
    """The conventions' name of the operation; None for the usual one of the provider."""
    events_on_wire: int | None = None
    """JSON events of a stream: without `[DONE]`, with pings."""
    unseen: int = 0
    """Those of them which the SDK keeps to itself: pings, and what LiteLLM merges."""

    @property
    def usage_status(self) -> str:
        """Whether the provider said what was used."""
        return "reported" if self._tells_usage else "missing"

    @property
    def cost_status(self) -> str:
        """`known`, `incomplete` where a fee is missing, or why there is no cost."""
        if self.cost is not None:
            return "incomplete" if self.unpriced else "known"
        return "unknown_model" if self._tells_usage else "no_usage"

    @property
    def _tells_usage(self) -> bool:
        return self.input_tokens is not None or bool(self.items)

    @property
    def usd(self) -> float:
        """What it adds to spend."""
        return float(self.cost or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server sends."""

    id: str
    service: Service
    stream: bool
    events: tuple[bytes, ...]
    """One HTTP write each; a plain call has one: its body."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of the answer, besides those of every answer."""

    @property
    def content_type(self) -> str:
        """The media type of the answer."""
        return _STREAM_TYPES.get(self.service, _SSE) if self.stream else "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(Answer):
    """One call: how it is asked for, what goes over the wire, what is true of it."""

    model: str
    """The model as the request on the wire names it."""
    kind: Kind
    truth: Truth
    wire: str | None = None
    """The wire, where it is not the service's usual one."""
    tool: str | None = None
    """The request is this scenario's only if it offers a tool of this name."""
    demo: bool = False
    """The demo's apps (`replay.demo.APPS`) make this call once."""

    @property
    def key(self) -> Key:
        """What a request must match."""
        return (self.service, self.model, self.stream, self.tool)

    @property
    def app_model(self) -> str:
        """The model as a Mirascope user writes it."""
        return f"openai/{self.model}" if self.service == "litellm" else self.model


def compact(value: object) -> str:
    """JSON without blanks, as most providers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def spaced(value: object) -> str:
    """JSON with blanks, as models themselves write it."""
    return json.dumps(value, ensure_ascii=False)


def sse(events: Iterable[Mapping[str, Any]], *, done: bool = True) -> tuple[bytes, ...]:
    """Server-sent events as OpenAI frames them, with the sentinel at the end."""
    written = [f"data: {compact(event)}\n\n".encode() for event in events]
    return (*written, b"data: [DONE]\n\n") if done else tuple(written)


def body(value: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The one write of a call that does not stream."""
    return (compact(value).encode(),)


def pieces(text: str, size: int) -> Sequence[str]:
    """Cuts a text the way a model's tokens would."""
    return [text[at : at + size] for at in range(0, len(text), size)]
