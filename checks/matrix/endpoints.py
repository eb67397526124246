"""What an SDK that Stainless generates can be asked for: one table for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from replay.scenarios.base import BOOK_TOOL, WEATHER_TOOL

__all__ = ["CLIENTS", "ENDPOINTS", "Endpoint", "Sdk"]

Sdk = Literal["openai", "anthropic", "groq", "together"]
Json = dict[str, Any]

CLIENTS: Mapping[Sdk, str] = {"openai": "OpenAI", "anthropic": "Anthropic", "groq": "Groq", "together": "Together"}
"""The SDKs, and what their clients are called; the async ones have `Async` before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What an SDK can be asked for.

    Attributes:
        sdk: the SDK.
        resource: where a client has it.
        answers: the beginning of the scenarios that answer.
        asked: what every request says besides the model.
        streamed: what a streamed one says besides; None where nothing is streamed.
        kinds: what each kind of request says besides, where it is not `.parse`.
        helper: the places that may have the SDK's helper `.stream`, and `.parse`; the first that does is taken.
        final: the helper's method that gives the whole answer.
        schema: the helpers' argument that takes the class of the answer.
        parsed: the beginning of the scenarios that answer where a schema is asked for.
    """

    sdk: Sdk
    resource: str
    answers: str
    asked: Json
    streamed: Json | None
    kinds: Mapping[str, Json]
    helper: tuple[str, ...] = ()
    final: str = ""
    schema: str = ""
    parsed: str = ""


_CITY: Json = {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
}  # fmt: skip
_BOOK: Json = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "author": {"type": "string"}},
    "required": ["title", "author"],
    "additionalProperties": False,
}


def _tool(name: str, schema: Json) -> Json:
    return {"tools": [{"type": "function", "function": {"name": name, "parameters": schema, "strict": True}}]}


def _asked(**more: Any) -> Json:
    return {"messages": [{"role": "user", "content": "What of Faro?"}], **more}


_CHAT: Mapping[str, Json] = {"plain": {}, "structured": _tool(BOOK_TOOL, _BOOK), "tools": _tool(WEATHER_TOOL, _CITY)}
_MESSAGES: Mapping[str, Json] = {
    "plain": {},
    "structured": {"tools": [{"name": BOOK_TOOL, "input_schema": _BOOK}]},
    "tools": {"tools": [{"name": WEATHER_TOOL, "input_schema": _CITY}]},
}
_FUNCTION = {"type": "function", "name": WEATHER_TOOL, "parameters": _CITY, "strict": True}

ENDPOINTS = (
    Endpoint(
        sdk="openai",
        resource="chat.completions",
        answers="openai",
        asked=_asked(),
        streamed={"stream_options": {"include_usage": True}},
        kinds=_CHAT,
        helper=("chat.completions", "beta.chat.completions"),
        final="get_final_completion",
        schema="response_format",
        parsed="openai-parsed",
    ),
    Endpoint(
        sdk="openai",
        resource="responses",
        answers="responses",
        asked={"input": "What of Faro?"},
        streamed={},
        kinds={"plain": {}, "tools": {"tools": [_FUNCTION]}},
        helper=("responses",),
        final="get_final_response",
        schema="text_format",
        parsed="responses-structured",
    ),
    Endpoint(
        sdk="openai",
        resource="embeddings",
        answers="openai",
        asked={"input": ["ebb", "flow"]},
        streamed=None,
        kinds={"embeddings": {}},
    ),
    Endpoint(
        sdk="anthropic",
        resource="messages",
        answers="anthropic",
        asked=_asked(max_tokens=64),
        streamed={},
        kinds=_MESSAGES,
        helper=("messages",),
        final="get_final_message",
        schema="output_format",
        parsed="anthropic-parsed",
    ),
    Endpoint(
        sdk="anthropic",
        resource="beta.messages",
        answers="anthropic",
        asked=_asked(max_tokens=64),
        streamed={},
        kinds={"plain": {}},
        helper=("beta.messages",),
        final="get_final_message",
        schema="output_format",
        parsed="anthropic-parsed",
    ),
    Endpoint(sdk="groq", resource="chat.completions", answers="groq", asked=_asked(), streamed={}, kinds=_CHAT),
    Endpoint(sdk="together", resource="chat.completions", answers="together", asked=_asked(), streamed={}, kinds=_CHAT),
)
