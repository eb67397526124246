"""The SDKs made by Stainless: their clients, aimed at the replay server, and how each asks its model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import groq
import openai

from chunkmeter.instrumentors import AnthropicInstrumentor, GroqInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit
from replay.server import Server
from support.sdk import ASK, route

__all__ = ["ANTHROPIC", "CHAT", "GROQ", "LLAMA", "MESSAGE", "OPENAI", "SDKS", "USAGE", "Make", "Sdk", "instrument"]

Make = Callable[..., Any]
"""Makes an SDK's client, given the SDK, a scenario, the server's options, and more for the client."""


class Sdk(NamedTuple):
    """One SDK: its clients, and how its model is asked."""

    module: Any
    clients: tuple[str, str]
    instrumentor: Any
    scenario: str
    """The scenarios' names, without `-stream` or `-call`."""
    path: str
    """What a base URL has after the host."""
    asking: dict[str, Any]

    def client(self, server: Server, scenario: str, *, is_async: bool, options: str = "", **more: Any) -> Any:
        base = f"{route(server, scenario, options)}{self.path}"
        return getattr(self.module, self.clients[is_async])(
            **{"base_url": base, "api_key": "none", "max_retries": 0, **more}
        )


CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": ASK}
USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}
MESSAGE: dict[str, Any] = {"model": "claude-sonnet-4-5", "messages": ASK, "max_tokens": 64}
LLAMA: dict[str, Any] = {"model": "llama-3.3-70b-versatile", "messages": ASK}
OPENAI = Sdk(openai, ("OpenAI", "AsyncOpenAI"), OpenAIInstrumentor, "openai-plain", "/v1", CHAT)
ANTHROPIC = Sdk(anthropic, ("Anthropic", "AsyncAnthropic"), AnthropicInstrumentor, "anthropic-plain", "", MESSAGE)
GROQ = Sdk(groq, ("Groq", "AsyncGroq"), GroqInstrumentor, "groq-plain", "", LLAMA)
SDKS = {"openai": OPENAI, "anthropic": ANTHROPIC, "groq": GROQ}


def instrument(sdk: Sdk, kit: Kit, **options: Any) -> None:
    """Has an SDK report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    providers = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    sdk.instrumentor().instrument(**providers, servers=["127.0.0.1=*"], **options)
