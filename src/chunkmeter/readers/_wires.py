"""Which wire an event is of: one row a wire format, and what tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

__all__ = ["ROWS", "of", "of_event", "of_provider"]


@dataclass(frozen=True, slots=True)
class Row:
    """What tells a wire format.

    Attributes:
        providers: conventions' and libraries' provider names whose streams have this shape, unless they say otherwise.
        modules: where the classes of its events are at home.
        names: what its JSON events call themselves, as their `type`, `event_type` or `object`; one that ends with a
            dot stands for all that begin so.
        keys: keys of a JSON event, any of which tells this shape where it doesn't call itself anything.
    """

    providers: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


ROWS: dict[str, Row] = {
    "anthropic_complete": Row(
        modules=("anthropic.types.completion",),
        names=_words("completion"),
    ),
    "anthropic_messages": Row(
        providers=_words("anthropic"),
        modules=("anthropic",),
        names=_words(
            "message message_start message_delta message_stop ping "
            "content_block_start content_block_delta content_block_stop"
        ),
    ),
    "bedrock_converse": Row(
        providers=_words("aws.bedrock bedrock aws"),
        keys=_words(
            "messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop metadata stopReason"
        ),
    ),
    "bedrock_invoke": Row(keys=_words("chunk bytes outputText generation")),
    "cohere": Row(
        providers=_words("cohere"),
        modules=("cohere",),
        names=_words(
            "stream-start text-generation citation-generation search-queries-generation search-results "
            "tool-calls-chunk tool-calls-generation stream-end message-start content-start content-delta content-end "
            "tool-plan-delta tool-call-start tool-call-delta tool-call-end citation-start citation-end message-end"
        ),
        keys=_words("chat_history"),
    ),
    "google_generate_content": Row(
        providers=_words("google gemini vertex vertex_ai vertexai gcp.gemini gcp.vertex_ai gcp.gen_ai"),
        modules=(
            "google.genai.types",
            "google.generativeai.types",
            "google.ai.generativelanguage_v1beta.types",
            "vertexai.generative_models",
            "google.cloud.aiplatform_v1.types",
            "google.cloud.aiplatform_v1beta1.types",
        ),
        keys=_words("candidates usageMetadata usage_metadata promptFeedback prompt_feedback"),
    ),
    "google_interactions": Row(
        modules=("google.genai._interactions", "google.genai.interactions"),
        names=_words("interaction interaction. step. content."),
    ),
    "ollama": Row(
        modules=("ollama",),
        keys=_words("done"),
    ),
    "openai_assistants": Row(
        modules=("openai.types.beta",),
        names=_words("thread thread."),
    ),
    "openai_chat": Row(
        providers=_words(
            "openai azure azure_openai azure.ai.openai azure.ai.inference groq xai x_ai x-ai litellm deepseek "
            "openrouter together together_ai mistral mistral_ai perplexity moonshot moonshotai moonshot_ai "
            "ollama vllm cerebras fireworks huggingface writer"
        ),
        modules=("openai.types.chat", "groq.types.chat", "litellm", "mistralai", "azure.ai.inference"),
        names=_words("chat."),
        keys=_words("choices"),
    ),
    "openai_completions": Row(
        modules=("openai.types.completion",),
        names=_words("text_completion"),
    ),
    "openai_responses": Row(
        modules=("openai.types.responses",),
        names=_words("response response."),
    ),
    "openai_transcription": Row(
        modules=("openai.types.audio",),
        names=_words("transcript."),
    ),
    "tgi": Row(keys=_words("token details generated_text")),
    "watsonx": Row(
        providers=_words("watsonx ibm.watsonx.ai"),
        keys=_words("results"),
    ),
}
_BY_NAME = {name: wire for wire, row in ROWS.items() for name in row.names}
_BY_KEY = {key: wire for wire, row in ROWS.items() for key in row.keys}
_BY_MODULE = {module: wire for wire, row in ROWS.items() for module in row.modules}
_BY_PROVIDER = {name: wire for wire, row in ROWS.items() for name in row.providers}


def of(said: Mapping[str, Any]) -> str | None:
    """The wire of a JSON event, None where nothing tells."""
    for key in ("type", "event_type", "object"):
        name = said.get(key)
        if isinstance(name, str):
            wire = _BY_NAME.get(name) or _BY_NAME.get(f"{name.partition('.')[0]}.")
            if wire is not None:
                return wire
    return next((_BY_KEY[key] for key in said if key in _BY_KEY), None)


def of_event(event: Any) -> str | None:
    """The wire of an SDK's event, told by the module of its class, or of a JSON event; None where nothing tells."""
    kind = cast("type[Any]", type(event))
    wire = of(cast("dict[str, Any]", event)) if issubclass(kind, dict) else None
    # Many services' own SDKs have classes of OpenAI's shape.
    return wire or _of_class(kind) or ("openai_chat" if hasattr(event, "choices") else None)


@lru_cache(maxsize=256)
def _of_class(kind: type[Any]) -> str | None:
    for base in kind.__mro__:
        parts = base.__module__.split(".")
        for end in range(len(parts), 0, -1):
            wire = _BY_MODULE.get(".".join(parts[:end]))
            if wire is not None:
                return wire
    return None


def of_provider(provider: str) -> str | None:
    """The native wire of a provider by any spelling, None where the provider is not known."""
    return _BY_PROVIDER.get(provider.strip().lower())


PROVIDERS = tuple(sorted(_BY_PROVIDER))
