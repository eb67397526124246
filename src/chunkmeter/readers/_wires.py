"""Tells the wire of an event. Each wire has one row, which says what its events are known by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

__all__ = ["ROWS", "of", "of_event"]


@dataclass(frozen=True, slots=True)
class Row:
    """What the events of one wire are known by.

    Attributes:
        modules: the modules, the packages or the classes that its SDKs have for events.
        names: what its JSON events, or the object in their `response`, have as `type`, `event_type` or `object`; a
            name that ends with a dot stands for all that begin with it.
        keys: keys that its JSON events have; one of them is enough where none of those names tells the wire. Where an
            event has keys of several wires, the first row counts.
    """

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
        modules=("anthropic",),
        names=_words(
            "message message_start message_delta message_stop ping "
            "content_block_start content_block_delta content_block_stop"
        ),
    ),
    "bedrock_converse": Row(
        keys=_words(
            "messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop metadata stopReason"
        ),
    ),
    "bedrock_invoke": Row(keys=_words("chunk bytes outputText generation")),
    "mlx": Row(
        modules=("mlx_lm",),
        keys=_words("generation_tokens"),
    ),
    "cohere": Row(
        modules=("cohere",),
        names=_words(
            "stream-start text-generation citation-generation search-queries-generation search-results "
            "tool-calls-chunk tool-calls-generation stream-end message-start content-start content-delta content-end "
            "tool-plan-delta tool-call-start tool-call-delta tool-call-end citation-start citation-end message-end"
        ),
        keys=_words("chat_history finish_reason"),
    ),
    "cohere_rerank": Row(
        modules=("cohere.types.rerank_response", "cohere.v2.types.v2rerank_response"),
    ),
    "google_live": Row(
        modules=("google.genai.types.LiveServerMessage",),
        keys=_words(
            "setupComplete setup_complete serverContent server_content toolCall tool_call toolCallCancellation "
            "tool_call_cancellation sessionResumptionUpdate session_resumption_update goAway go_away"
        ),
    ),
    "google_generate_content": Row(
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
    "mistral_conversations": Row(
        modules=(
            "mistralai.models.conversationevents",
            "mistralai.models.conversationresponse",
            "mistralai.client.models.conversationevents",
            "mistralai.client.models.conversationresponse",
        ),
        names=_words("conversation.response. message.output. tool.execution. agent.handoff. function.call."),
    ),
    "native_embeddings": Row(
        modules=(
            "cohere.types.embed_response",
            "cohere.types.embed_by_type_response",
            "google.genai.types.EmbedContentResponse",
            "ollama._types.EmbedResponse",
        ),
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
        modules=("openai.types.chat", "groq.types.chat", "litellm", "mistralai", "azure.ai.inference"),
        names=_words("chat."),
        keys=_words("choices"),
    ),
    "openai_completions": Row(
        modules=("openai.types.completion",),
        names=_words("text_completion"),
    ),
    "openai_embeddings": Row(
        modules=(
            "openai.types.create_embedding_response",
            "groq.types.create_embedding_response",
            "together.types.embedding",
            "litellm.types.utils.EmbeddingResponse",
            "mistralai.models.embeddingresponse",
            "mistralai.client.models.embeddingresponse",
            "azure.ai.inference.models._models.EmbeddingsResult",
            "azure.ai.inference.models._patch.EmbeddingsResult",
        ),
        names=_words("list"),
    ),
    "openai_images": Row(
        modules=(
            "openai.types.image_gen_completed_event",
            "openai.types.image_gen_partial_image_event",
            "openai.types.image_edit_completed_event",
            "openai.types.image_edit_partial_image_event",
            "openai.types.images_response",
            "litellm.types.utils.ImageResponse",
        ),
        names=_words("image_generation. image_edit."),
    ),
    "openai_realtime": Row(
        modules=("openai.types.realtime", "openai.types.beta.realtime"),
        names=_words(
            "realtime.response response.done session. conversation.created conversation.item. input_audio_buffer. "
            "output_audio_buffer. rate_limits. transcription_session."
        ),
    ),
    "openai_responses": Row(
        modules=("openai.types.responses",),
        names=_words("response response."),
    ),
    "openai_transcription": Row(
        modules=(
            "openai.types.audio",
            "groq.types.audio",
            "litellm.types.utils.TranscriptionResponse",
            "mistralai.models.transcriptionstreamevents",
            "mistralai.models.transcriptionresponse",
            "mistralai.client.models.transcriptionstreamevents",
            "mistralai.client.models.transcriptionresponse",
        ),
        names=_words("transcript. transcription. speech."),
    ),
    "tgi": Row(keys=_words("token details generated_text")),
    "xai_sdk": Row(
        modules=("xai_sdk", "xai.api"),
    ),
    "watsonx": Row(
        keys=_words("results"),
    ),
}
_BY_NAME = {name: wire for wire, row in ROWS.items() for name in row.names}
_KEYS = frozenset(key for row in ROWS.values() for key in row.keys)
_BY_MODULE = {module: wire for wire, row in ROWS.items() for module in row.modules}


def of(said: Mapping[str, Any]) -> str | None:
    """The name of a JSON event's wire; None where nothing tells it."""
    about = said.get("response")
    inner = cast("dict[str, Any]", about).get("object") if isinstance(about, dict) else None
    for name in (inner, *map(said.get, ("type", "event_type", "object"))):
        wire = _of_name(name) if isinstance(name, str) else None
        if wire is not None:
            return wire
    keys = _KEYS.intersection(said)
    return next(wire for wire, row in ROWS.items() if row.keys & keys) if keys else None


def _of_name(name: str) -> str | None:
    first, _, rest = name.partition(".")
    second = rest.partition(".")[0]
    return _BY_NAME.get(name) or _BY_NAME.get(f"{first}.{second}.") or _BY_NAME.get(f"{first}.")


def of_event(event: Any) -> str | None:
    """The name of the wire of an SDK's event or of a JSON event; None where nothing tells it."""
    kind: Any = type(event)
    wire = of(event) if issubclass(kind, dict) else None
    # Many services' own SDKs have classes of OpenAI's shape.
    return wire or _of_class(kind) or ("openai_chat" if hasattr(event, "choices") else None)


@lru_cache(maxsize=256)
def _of_class(kind: type[Any]) -> str | None:
    for base in kind.__mro__:
        parts = [*base.__module__.split("."), base.__name__]
        for end in range(len(parts), 0, -1):
            wire = _BY_MODULE.get(".".join(parts[:end]))
            if wire is not None:
                return wire
    return None
