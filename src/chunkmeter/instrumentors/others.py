"""The packages that chunkmeter has no hook for, and yet knows."""

from __future__ import annotations

from typing import Final

__all__ = ["TRACING", "WITHOUT_HOOK"]

WITHOUT_HOOK: Final = {
    "google-cloud-aiplatform": "Vertex AI's SDK",
    "google-generativeai": "Google's older SDK",
    "ibm-watsonx-ai": "IBM's SDK",
}
"""Distribution -> the name of a library that chunkmeter has no hook for, and whose streams `wrap()` reads."""

TRACING: Final = (
    "google-adk",
    "langfuse",
    "logfire",
    "openinference-instrumentation-anthropic",
    "openinference-instrumentation-langchain",
    "openinference-instrumentation-litellm",
    "openinference-instrumentation-openai",
    "openlit",
    "opentelemetry-instrumentation-anthropic",
    "opentelemetry-instrumentation-genai-anthropic",
    "opentelemetry-instrumentation-genai-openai",
    "opentelemetry-instrumentation-google-genai",
    "opentelemetry-instrumentation-langchain",
    "opentelemetry-instrumentation-openai",
    "opentelemetry-instrumentation-openai-v2",
    "pydantic-ai-slim",
    "xai-sdk",
)
"""The distributions of instrumentations, and of libraries that trace themselves, whose spans are read."""
