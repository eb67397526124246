"""The other instrumentations that are tried: by name, what switches each on. All use the global providers."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from opentelemetry import trace

__all__ = ["LEFT_OPEN", "PEERS", "SERVICES", "WAYS", "switch_on"]

WAYS = ("processor", "wrap", "hook first", "hook last", "hook and wrap")
"""How chunkmeter sees the calls: by the processor alone; by `wrap`; by its hooks, put in before the peer or after it;
by both."""

LEFT_OPEN = {("openllmetry", "anthropic", "break"), ("openllmetry", "anthropic", "error")}
"""Peer, service, call: where the peer never ends its span."""
SERVICES = {"langfuse": ("openai",), "anthropic": ("anthropic",)}
"""Of the peers that don't trace both services, those that they do."""


def _instrumentors(package: str) -> None:
    import_module(f"{package}.openai").OpenAIInstrumentor().instrument()
    import_module(f"{package}.anthropic").AnthropicInstrumentor().instrument()


def _logfire() -> None:
    logfire = import_module("logfire")
    logfire.instrument_openai()
    logfire.instrument_anthropic()


def _langfuse() -> None:
    import_module("langfuse.openai")  # the import patches
    # Nobody answers at that port: what its own processor exports is of no interest here.
    keys = {"public_key": "none", "secret_key": "none", "base_url": "http://127.0.0.1:9"}
    import_module("langfuse").Langfuse(**keys, tracer_provider=trace.get_tracer_provider())


def _anthropic() -> None:
    os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "true"


PEERS: dict[str, Callable[[], None]] = {
    "genai": lambda: _instrumentors("opentelemetry.instrumentation.genai"),
    "openllmetry": lambda: _instrumentors("opentelemetry.instrumentation"),
    "openinference": lambda: _instrumentors("openinference.instrumentation"),
    "logfire": _logfire,
    "langfuse": _langfuse,
    "anthropic": _anthropic,
}


def switch_on(peer: str) -> None:
    """Switch a peer on, and Anthropic's own tracing off unless that is meant."""
    os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "false"
    PEERS[peer]()
