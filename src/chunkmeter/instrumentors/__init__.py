"""One `BaseInstrumentor` for each library. It puts the hooks in place that meter the library's calls."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .anthropic import AnthropicInstrumentor
    from .azure_ai_inference import AzureAIInferenceInstrumentor
    from .botocore import BotocoreInstrumentor
    from .cohere import CohereInstrumentor
    from .foreign_spans import SpansInstrumentor
    from .google_genai import GoogleGenAIInstrumentor
    from .groq import GroqInstrumentor
    from .huggingface_hub import HuggingFaceHubInstrumentor
    from .litellm import LiteLLMInstrumentor
    from .mcp import MCPInstrumentor
    from .mirascope import MirascopeInstrumentor
    from .mistralai import MistralAIInstrumentor
    from .ollama import OllamaInstrumentor
    from .openai import OpenAIInstrumentor
    from .together import TogetherInstrumentor
    from .xai_sdk import XAIInstrumentor

__all__ = [
    "AnthropicInstrumentor",
    "AzureAIInferenceInstrumentor",
    "BotocoreInstrumentor",
    "CohereInstrumentor",
    "GoogleGenAIInstrumentor",
    "GroqInstrumentor",
    "HuggingFaceHubInstrumentor",
    "LiteLLMInstrumentor",
    "MCPInstrumentor",
    "MirascopeInstrumentor",
    "MistralAIInstrumentor",
    "OllamaInstrumentor",
    "OpenAIInstrumentor",
    "SpansInstrumentor",
    "TogetherInstrumentor",
    "XAIInstrumentor",
]

_HOMES = {
    "AnthropicInstrumentor": "anthropic",
    "AzureAIInferenceInstrumentor": "azure_ai_inference",
    "BotocoreInstrumentor": "botocore",
    "CohereInstrumentor": "cohere",
    "GoogleGenAIInstrumentor": "google_genai",
    "GroqInstrumentor": "groq",
    "HuggingFaceHubInstrumentor": "huggingface_hub",
    "LiteLLMInstrumentor": "litellm",
    "MCPInstrumentor": "mcp",
    "MirascopeInstrumentor": "mirascope",
    "MistralAIInstrumentor": "mistralai",
    "OllamaInstrumentor": "ollama",
    "OpenAIInstrumentor": "openai",
    "SpansInstrumentor": "foreign_spans",
    "TogetherInstrumentor": "together",
    "XAIInstrumentor": "xai_sdk",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
