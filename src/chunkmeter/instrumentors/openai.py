"""OpenAI's SDK, 1.60 to 3.x: chat, responses, completions, embeddings, assistants, audio, images; Realtime."""

from __future__ import annotations

from ..reporting.telemetry import Telemetry
from ._library import Library, LibraryInstrumentor, Patches
from ._realtime import install_realtime
from ._stainless import Sdk, install

__all__ = ["SDK", "OpenAIInstrumentor"]

SDK = Sdk(
    package="openai",
    provider="openai",
    wires={
        "/chat/completions": "openai_chat",
        "/completions": "openai_completions",
        "/responses": "openai_responses",
        "/responses/compact": "openai_responses",
        "/embeddings": "openai_embeddings",
        "/threads/runs": "openai_assistants",
        "/threads/*/runs": "openai_assistants",
        "/threads/*/runs/*/submit_tool_outputs": "openai_assistants",
        "/audio/transcriptions": "openai_transcription",
        "/audio/translations": "openai_transcription",
        "/images/generations": "openai_images",
        "/images/edits": "openai_images",
        "/images/variations": "openai_images",
    },
    clients={"Azure": "azure.ai.openai", "Bedrock": "aws.bedrock"},
    untold=frozenset({"openai_chat", "openai_completions"}),
)


def _install(telemetry: Telemetry, patches: Patches) -> None:
    install(SDK, telemetry, patches)
    install_realtime(telemetry, patches)


class OpenAIInstrumentor(LibraryInstrumentor):
    """Meters the calls of OpenAI's SDK, also those to Azure, to Bedrock and to services that speak OpenAI's language.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="OpenAI's SDK",
        distribution="openai",
        least=(1, 60),
        below=(4,),
        last="3.x",
        cure="Install 'openai>=1.60,<4', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
