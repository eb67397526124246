"""Mistral's SDK, 1.1 to 3.x, with its copies for Azure and Google Cloud: chat, agents, completions, conversations."""

from __future__ import annotations

from ..reporting.telemetry import Telemetry
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method
from ._speakeasy import install

__all__ = ["MistralAIInstrumentor"]

_CONVERSATIONS = ("start", "append", "restart")
_WIRES = {
    "chat_completion_v1_chat_completions_post": "openai_chat",
    "stream_chat": "openai_chat",
    "agents_completion_v1_agents_completions_post": "openai_chat",
    "stream_agents": "openai_chat",
    "fim_completion_v1_fim_completions_post": "openai_chat",
    "stream_fim": "openai_chat",
    **{f"agents_api_v1_conversations_{each}": "mistral_conversations" for each in _CONVERSATIONS},
    **{f"agents_api_v1_conversations_{each}_stream": "mistral_conversations" for each in _CONVERSATIONS},
    "create_response_v1_responses_post": "openai_responses",
    "embeddings_v1_embeddings_post": "openai_embeddings",
    "audio_api_v1_transcriptions_post": "openai_transcription",
    "audio_api_v1_transcriptions_post_stream": "openai_transcription",
}
_PACKAGES = {
    "mistralai": "mistral_ai",  # 1.x
    "mistralai_azure": "azure.ai.inference",
    "mistralai_gcp": "gcp.vertex_ai",
    "mistralai.client": "mistral_ai",  # 2.x and later
    "mistralai.azure.client": "azure.ai.inference",
    "mistralai.gcp.client": "gcp.vertex_ai",
}
"""A package that Speakeasy has made -> who answers it, at a host that does not tell."""


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "mistralai", patches)
    for package, provider in _PACKAGES.items():
        install(method, patches, package, provider, _WIRES)


class MistralAIInstrumentor(LibraryInstrumentor):
    """Meters the calls of Mistral's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Mistral's SDK",
        distribution="mistralai",
        least=(1, 1),
        below=(4,),
        last="3.x",
        cure="Install 'mistralai>=1.1,<4', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
