"""Anthropic's SDK, 0.40 to 2.x: messages, beta messages and text completions; Bedrock, Vertex AI and Foundry too."""

from __future__ import annotations

from functools import partial

from ._library import Library, LibraryInstrumentor
from ._stainless import Sdk, install

__all__ = ["SDK", "AnthropicInstrumentor"]

SDK = Sdk(
    package="anthropic",
    provider="anthropic",
    wires={"/v1/messages": "anthropic_messages", "/v1/complete": "anthropic_complete"},
    clients={"Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai", "Foundry": "azure.ai.inference"},
)


class AnthropicInstrumentor(LibraryInstrumentor):
    """Meters the calls of Anthropic's SDK. Where that traces itself, its span gets the facts, and there is no other.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Anthropic's SDK",
        distribution="anthropic",
        least=(0, 40),
        below=(3,),
        last="2.x",
        cure="Install 'anthropic>=0.40,<3', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(partial(install, SDK))
