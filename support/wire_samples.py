"""One answer of each service, as JSON events with every field that counts which the service is known to send.

`docs/providers.md` is made of these. They show where things stand, not how a call goes: some have more than one end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["SAMPLES", "Sample"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One service's stream on one wire."""

    wire: str
    services: str
    """Who sends it so, for people to read."""
    events: tuple[Json, ...]


def chat(usage: Json | None = None, *, choice: Json | None = None, **fields: Any) -> tuple[Json, ...]:
    """A chunk of text, and one that ends with usage."""
    chunk: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "model-2026-01-01"}
    text: Json = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
    last: Json = {"index": 0, "delta": {}, "finish_reason": "stop", **(choice or {})}
    end = chunk | {"choices": [last]} | ({} if usage is None else {"usage": usage}) | fields
    return chunk | {"choices": [text]}, end


def spent(**fields: Any) -> Json:
    return {"prompt_tokens": 90, "completion_tokens": 20, "total_tokens": 110} | fields


RESPONSE: Json = {"id": "resp_1", "object": "response", "model": "model-2026-01-01", "incomplete_details": None}
RESPONSE_USAGE: Json = {
    "input_tokens": 90, "input_tokens_details": {
        "cached_tokens": 64, "cache_write_tokens": 9, "cache_write_tokens_details": {"ttl_12h_tokens": 4},
    }, "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 8}, "total_tokens": 110,
}  # fmt: skip


def responses(**usage: Any) -> tuple[Json, ...]:
    begun = RESPONSE | {"status": "in_progress", "service_tier": "auto"}
    ended = RESPONSE | {"service_tier": "default", "usage": RESPONSE_USAGE | usage}
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    return (
        {"type": "response.created", "response": begun},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.completed", "response": ended | {"status": "completed"}},
        {"type": "response.incomplete", "response": ended | cut},
    )


ANTHROPIC_USAGE: Json = {
    "input_tokens": 9, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 21,
    "cache_creation": {"ephemeral_5m_input_tokens": 16, "ephemeral_1h_input_tokens": 5},
    "output_tokens": 1, "service_tier": "standard", "inference_geo": "us",
}  # fmt: skip
ANTHROPIC = (
    {
        "type": "message_start",
        "message": {"id": "msg_1", "model": "claude", "stop_reason": None, "usage": ANTHROPIC_USAGE},
    },
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {
            "input_tokens": 8, "cache_read_input_tokens": 61, "cache_creation_input_tokens": 22, "output_tokens": 20,
            "output_tokens_details": {"thinking_tokens": 7},
        },
    },
    {"type": "message_stop"},
)  # fmt: skip
METRICS: Json = {
    "inputTokenCount": 29, "outputTokenCount": 20, "cacheReadInputTokenCount": 60, "cacheWriteInputTokenCount": 1,
}  # fmt: skip


def metered(**body: Any) -> Json:
    return body | {"amazon-bedrock-invocationMetrics": METRICS}


COHERE_USAGE: Json = {
    "billed_units": {"input_tokens": 7, "output_tokens": 18},
    "tokens": {"input_tokens": 90, "output_tokens": 20, "reasoning_tokens": 3},
    "cached_tokens": 64,
}
INTERACTION: Json = {"id": "v1_1", "object": "interaction", "model": "gemini", "status": "in_progress"}
INTERACTION_USAGE: Json = {
    "total_input_tokens": 85, "input_tokens_by_modality": [
        {"modality": "audio", "tokens": 3}, {"modality": "image", "tokens": 4},
        {"modality": "video", "tokens": 5}, {"modality": "document", "tokens": 6},
    ],
    "output_tokens_by_modality": [
        {"modality": "audio", "tokens": 2}, {"modality": "image", "tokens": 1}, {"modality": "video", "tokens": 3},
    ],
    "cached_tokens_by_modality": [{"modality": "audio", "tokens": 2}, {"modality": "image", "tokens": 3}],
    "total_cached_tokens": 64, "total_output_tokens": 12, "total_thought_tokens": 8, "total_tool_use_tokens": 5,
    "total_tokens": 110,
}  # fmt: skip
GOOGLE_USAGE: Json = {
    "promptTokenCount": 85,
    "promptTokensDetails": [
        {"modality": "AUDIO", "tokenCount": 3}, {"modality": "IMAGE", "tokenCount": 4},
        {"modality": "VIDEO", "tokenCount": 5}, {"modality": "DOCUMENT", "tokenCount": 6},
    ],
    "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 3}],
    "cachedContentTokenCount": 64, "candidatesTokenCount": 12, "thoughtsTokenCount": 8, "toolUsePromptTokenCount": 5,
    "candidatesTokensDetails": [
        {"modality": "AUDIO", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 1},
        {"modality": "VIDEO", "tokenCount": 3},
    ],
    "totalTokenCount": 110,
}  # fmt: skip
REALTIME_USAGE: Json = {
    "total_tokens": 110, "input_tokens": 90, "output_tokens": 20,
    "input_token_details": {
        "text_tokens": 20, "audio_tokens": 65, "image_tokens": 5, "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 51, "image_tokens": 3},
    },
    "output_token_details": {"text_tokens": 4, "audio_tokens": 16},
}  # fmt: skip
LIVE_USAGE: Json = {
    "promptTokenCount": 90,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 70}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 14}, {"modality": "AUDIO", "tokenCount": 50}],
    "cachedContentTokenCount": 64, "responseTokenCount": 12, "thoughtsTokenCount": 8,
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}], "totalTokenCount": 110,
}  # fmt: skip
RUN: Json = {"id": "run_1", "object": "thread.run", "model": "gpt-4o-mini"}
VECTORS: Json = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
}
EMBEDDED: Json = {"prompt_tokens": 90, "total_tokens": 110}
"""The two are the same in truth; here they show which is which."""
LINE: Json = {"model": "llama3", "message": {"content": "Hi"}, "done": False}

SAMPLES = (
    Sample(
        "openai_chat",
        "OpenAI, Azure OpenAI, Azure AI inference",
        chat(
            spent(
                prompt_tokens_details={"cached_tokens": 64, "audio_tokens": 3},
                completion_tokens_details={"reasoning_tokens": 8, "audio_tokens": 2},
            ),
            service_tier="default",
        ),
    ),
    Sample("openai_chat", "Cloudflare, llama.cpp, Ollama, vLLM", chat(spent())),
    Sample(
        "openai_chat",
        "Groq",
        chat(
            x_groq={
                "id": "req_1",
                "usage": spent(
                    prompt_tokens_details={"cached_tokens": 64}, completion_tokens_details={"reasoning_tokens": 8}
                ),
            },
            service_tier="on_demand",
        ),
    ),
    Sample(
        "openai_chat",
        "Mistral",
        chat(
            spent(
                prompt_tokens=87,
                num_cached_tokens=64,
                prompt_tokens_details={"audio_tokens": 3},
                service_tier="standard",
            )
        ),
    ),
    Sample("openai_chat", "Gemini", chat(spent(completion_tokens=12))),
    Sample("openai_chat", "Venice", chat(spent(), cost={"usd": 0.0001, "diem": 0.0001})),
    Sample(
        "openai_chat",
        "Alibaba, Cerebras, Hugging Face, Z.ai",
        chat(
            spent(prompt_tokens_details={"cached_tokens": 64}, completion_tokens_details={"reasoning_tokens": 8}),
        ),
    ),
    Sample(
        "openai_chat",
        "xAI",
        chat(
            spent(
                total_tokens=118,
                prompt_tokens_details={"cached_tokens": 64, "audio_tokens": 3, "image_tokens": 5},
                completion_tokens_details={"reasoning_tokens": 8, "audio_tokens": 2},
                cost_in_usd_ticks=45_000,
            )
        ),
    ),
    Sample(
        "openai_chat",
        "DeepSeek",
        chat(spent(prompt_cache_hit_tokens=64, completion_tokens_details={"reasoning_tokens": 8})),
    ),
    Sample(
        "openai_chat",
        "OpenRouter, Vercel AI gateway, Avian",
        chat(
            spent(
                cost=0.0001,
                prompt_tokens_details={"cached_tokens": 64, "cache_write_tokens": 9, "audio_tokens": 3},
                completion_tokens_details={"reasoning_tokens": 8},
            ),
            service_tier="default",
        ),
    ),
    Sample("openai_chat", "Perplexity", chat(spent(reasoning_tokens=8, cost={"total_cost": 0.0001}))),
    Sample("openai_chat", "Together", chat(spent(cached_tokens=64))),
    Sample("openai_chat", "Moonshot", chat(choice={"usage": spent(cached_tokens=64)})),
    Sample(
        "openai_chat",
        "LiteLLM",
        chat(
            spent(
                cache_read_input_tokens=64,
                cache_creation_input_tokens=9,
                prompt_tokens_details={
                    "cached_tokens": 64,
                    "cache_creation_tokens": 9,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 4,
                        "ephemeral_1h_input_tokens": 5,
                    },
                },
                completion_tokens_details={"reasoning_tokens": 8},
            ),
            _hidden_params={"response_cost": 0.0001, "cache_hit": False},
        ),
    ),
    Sample(
        "openai_chat",
        "Databricks",
        chat(
            spent(
                cache_read_input_tokens=64,
                cache_creation_input_tokens=9,
                completion_tokens_details={"reasoning_tokens": 8},
            )
        ),
    ),
    Sample(
        "openai_chat",
        "Writer",
        chat(spent(prompt_token_details={"cached_tokens": 64}, completion_tokens_details={"reasoning_tokens": 8})),
    ),
    Sample(
        "openai_chat",
        "watsonx (chat)",
        tuple(
            {key: value for key, value in chunk.items() if key != "model"} | {"model_id": "granite"}
            for chunk in chat(spent())
        ),
    ),
    Sample(
        "openai_completions",
        "OpenAI, vLLM",
        (
            {
                "id": "cmpl-1",
                "object": "text_completion",
                "model": "gpt-3.5-turbo-instruct",
                "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop"}],
                "usage": spent(),
            },
        ),
    ),
    Sample("openai_responses", "OpenAI, Azure OpenAI, Bedrock, DeepSeek, GitHub Copilot, LM Studio", responses()),
    Sample("openai_responses", "OpenRouter", responses(cost=0.0001)),
    Sample("openai_responses", "xAI", responses(cost_in_usd_ticks=45_000)),
    Sample(
        "openai_assistants",
        "OpenAI",
        (
            RUN | {"status": "in_progress", "usage": None},
            RUN
            | {
                "status": "completed",
                "usage": spent(
                    prompt_token_details={"cached_tokens": 64}, completion_tokens_details={"reasoning_tokens": 8}
                ),
            },
        ),
    ),
    Sample(
        "openai_transcription",
        "OpenAI",
        (
            {"type": "transcript.text.delta", "delta": "Hi"},
            {
                "type": "transcript.text.done",
                "usage": {
                    "input_tokens": 90,
                    "input_token_details": {"audio_tokens": 80},
                    "output_tokens": 20,
                    "total_tokens": 110,
                },
            },
        ),
    ),
    Sample(
        "openai_transcription",
        "OpenAI: speech",
        (
            {"type": "speech.audio.delta", "audio": "aGk="},
            {"type": "speech.audio.done", "usage": {"input_tokens": 90, "output_tokens": 20, "total_tokens": 110}},
        ),
    ),
    Sample(
        "openai_transcription",
        "Mistral: transcription",
        (
            {"type": "transcription.text.delta", "text": "Hi"},
            {
                "type": "transcription.done",
                "model": "voxtral-mini-2602",
                "text": "Hi",
                "usage": {
                    "prompt_tokens": 90,
                    "completion_tokens": 20,
                    "total_tokens": 1110,
                    "prompt_audio_seconds": 80,
                },
            },
        ),
    ),
    Sample("openai_embeddings", "OpenAI, Azure OpenAI, Together", (VECTORS | {"usage": EMBEDDED},)),
    Sample("openai_embeddings", "Mistral", (VECTORS | {"id": "embd-1", "usage": EMBEDDED | {"completion_tokens": 0}},)),
    Sample("openai_embeddings", "OpenRouter", (VECTORS | {"id": "embd-1", "usage": EMBEDDED | {"cost": 0.0001}},)),
    Sample(
        "native_embeddings",
        "Ollama: embeddings",
        ({"model": "all-minilm", "embeddings": [[0.1]], "prompt_eval_count": 90},),
    ),
    Sample(
        "native_embeddings",
        "Cohere: embeddings",
        ({"id": "embd-1", "embeddings": [[0.1]], "meta": {"billed_units": {"input_tokens": 90, "images": 1}}},),
    ),
    Sample(
        "native_embeddings",
        "Vertex AI: embeddings",
        ({"embeddings": [{"values": [0.1], "statistics": {"token_count": 90.0}}]},),
    ),
    Sample(
        "cohere_rerank",
        "Cohere: rerank",
        ({"id": "rerank-1", "results": [{"index": 0}], "meta": {"billed_units": {"search_units": 1}}},),
    ),
    Sample("openai_embeddings", "Voyage", (VECTORS | {"usage": {"total_tokens": 90}},)),
    Sample(
        "openai_images",
        "OpenAI",
        (
            {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": "aGk="},
            {
                "type": "image_generation.completed",
                "usage": {
                    "input_tokens": 90,
                    "input_tokens_details": {"text_tokens": 50, "image_tokens": 40, "cached_tokens": 6},
                    "output_tokens": 20,
                    "output_tokens_details": {"text_tokens": 3, "image_tokens": 17},
                    "total_tokens": 110,
                },
            },
        ),
    ),
    Sample(
        "openai_realtime",
        "OpenAI",
        (
            {"type": "session.created", "session": {"model": "gpt-realtime"}},
            {"type": "response.created", "response": {"object": "realtime.response", "status": "in_progress"}},
            {"type": "response.output_text.delta", "delta": "Hi"},
            {
                "type": "response.done",
                "response": {
                    "id": "resp_1",
                    "object": "realtime.response",
                    "status": "incomplete",
                    "status_details": {"type": "incomplete", "reason": "max_output_tokens"},
                    "usage": REALTIME_USAGE,
                },
            },
        ),
    ),
    Sample(
        "openai_realtime",
        "OpenAI: transcription",
        (
            {
                "type": "session.created",
                "session": {"audio": {"input": {"transcription": {"model": "gpt-transcribe"}}}},
            },
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": "Hi",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 90,
                    "input_token_details": {"text_tokens": 10, "audio_tokens": 80},
                    "output_tokens": 20,
                    "total_tokens": 110,
                },
            },
        ),
    ),
    Sample(
        "mistral_conversations",
        "Mistral",
        (
            {"type": "conversation.response.started", "conversation_id": "conv_1"},
            {"type": "message.output.delta", "id": "msg_1", "model": "mistral-medium-latest", "content": "Hi"},
            {
                "type": "conversation.response.done",
                "usage": {
                    "prompt_tokens": 80,
                    "completion_tokens": 20,
                    "total_tokens": 110,
                    "connector_tokens": 10,
                    "connectors": {"web_search": 1},
                },
            },
        ),
    ),
    Sample("anthropic_messages", "Anthropic, Vertex AI (Claude)", ANTHROPIC),
    Sample(
        "anthropic_messages",
        "Anthropic: compaction, advisor",
        (
            ANTHROPIC[0],
            ANTHROPIC[1],
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {
                    "input_tokens": 8,
                    "output_tokens": 20,
                    "iterations": [
                        {
                            "type": "compaction",
                            "input_tokens": 100,
                            "cache_read_input_tokens": 50,
                            "cache_creation_input_tokens": 11,
                            "cache_creation": {"ephemeral_1h_input_tokens": 2},
                            "output_tokens": 6,
                        },
                        {"type": "message", "input_tokens": 8, "cache_read_input_tokens": 7, "output_tokens": 20},
                    ],
                },
            },
        ),
    ),
    Sample(
        "anthropic_messages",
        "OpenRouter (messages)",
        (
            ANTHROPIC[0],
            ANTHROPIC[1],
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"input_tokens": 9, "output_tokens": 20, "cost": 0.0001},
            },
        ),
    ),
    Sample(
        "anthropic_complete",
        "Anthropic",
        (
            {
                "type": "completion",
                "id": "compl_1",
                "model": "claude-2.1",
                "completion": "Hi",
                "stop_reason": "max_tokens",
            },
        ),
    ),
    Sample(
        "google_generate_content",
        "Gemini",
        (
            {
                "responseId": "r-1",
                "modelVersion": "gemini",
                "candidates": [{"index": 0, "finishReason": "STOP"}],
                "usageMetadata": GOOGLE_USAGE | {"serviceTier": "standard"},
            },
        ),
    ),
    Sample(
        "google_generate_content",
        "Vertex AI",
        (
            {
                "responseId": "r-1",
                "modelVersion": "gemini",
                "candidates": [{"index": 0, "finishReason": "STOP"}],
                "usageMetadata": GOOGLE_USAGE | {"trafficType": "ON_DEMAND_PRIORITY"},
            },
        ),
    ),
    Sample(
        "google_generate_content",
        "Gemini, Vertex AI: a refused prompt",
        ({"responseId": "r-1", "modelVersion": "gemini", "promptFeedback": {"blockReason": "SAFETY"}},),
    ),
    Sample(
        "google_live",
        "Gemini",
        (
            {"setupComplete": {}},
            {"serverContent": {"modelTurn": {"parts": [{"text": "Hi"}]}}},
            {"serverContent": {"turnComplete": True}, "usageMetadata": LIVE_USAGE},
        ),
    ),
    Sample(
        "google_interactions",
        "Gemini",
        (
            {"event_type": "interaction.created", "interaction": INTERACTION, "metadata": {"usage": INTERACTION_USAGE}},
            {
                "event_type": "interaction.completed",
                "interaction": INTERACTION
                | {"status": "completed", "usage": INTERACTION_USAGE, "service_tier": "standard"},
            },
        ),
    ),
    Sample(
        "cohere",
        "Cohere (v2)",
        (
            {"type": "message-start", "id": "c-1"},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE_USAGE}},
        ),
    ),
    Sample(
        "cohere",
        "Cohere (v2): a whole answer",
        (
            {
                "id": "c-1",
                "finish_reason": "COMPLETE",
                "message": {"role": "assistant", "content": []},
                "usage": COHERE_USAGE,
            },
        ),
    ),
    Sample(
        "cohere",
        "Cohere (v1)",
        (
            {"event_type": "stream-start", "generation_id": "c-1"},
            {
                "event_type": "stream-end",
                "finish_reason": "COMPLETE",
                "response": {
                    "generation_id": "c-1",
                    "meta": {
                        "billed_units": {"input_tokens": 7, "output_tokens": 18},
                        "tokens": {"input_tokens": 90, "output_tokens": 20},
                    },
                },
            },
        ),
    ),
    Sample(
        "bedrock_converse",
        "Bedrock",
        (
            {"messageStart": {"role": "assistant"}},
            {"messageStop": {"stopReason": "end_turn"}},
            {
                "metadata": {
                    "usage": {
                        "inputTokens": 26,
                        "cacheReadInputTokens": 60,
                        "cacheWriteInputTokens": 4,
                        "cacheDetails": [{"ttl": "5m", "inputTokens": 1}, {"ttl": "1h", "inputTokens": 3}],
                        "outputTokens": 20,
                        "totalTokens": 110,
                    },
                    "trace": {
                        "promptRouter": {
                            "invokedModelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
                        }
                    },
                    "serviceTier": {"type": "default"},
                }
            },
        ),
    ),
    Sample("bedrock_invoke", "Bedrock: Claude", (*ANTHROPIC[:-1], metered(type="message_stop"))),
    Sample(
        "bedrock_invoke",
        "Bedrock: Claude 2",
        ({"completion": "Hi", "stop_reason": None}, metered(completion="", stop_reason="stop_sequence")),
    ),
    Sample(
        "bedrock_invoke",
        "Bedrock: Titan",
        (
            {
                "outputText": "Hi",
                "inputTextTokenCount": 90,
                "totalOutputTextTokenCount": None,
                "completionReason": None,
            },
            metered(outputText="", inputTextTokenCount=None, totalOutputTextTokenCount=20, completionReason="FINISH"),
        ),
    ),
    Sample(
        "bedrock_invoke",
        "Bedrock: Llama",
        (
            {"generation": "H", "prompt_token_count": 90, "generation_token_count": 1, "stop_reason": None},
            metered(generation="i", prompt_token_count=None, generation_token_count=20, stop_reason="stop"),
        ),
    ),
    Sample(
        "bedrock_invoke",
        "Bedrock: Mistral, DeepSeek",
        (
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "stop_reason": None}]},
            metered(choices=[{"index": 0, "message": {"role": "assistant", "content": ""}, "stop_reason": "stop"}]),
        ),
    ),
    Sample(
        "bedrock_invoke",
        "Bedrock: Cohere Command",
        ({"text": "Hi", "is_finished": False}, metered(is_finished=True, finish_reason="COMPLETE")),
    ),
    Sample(
        "mlx",
        "MLX LM",
        (
            {"text": "Hi", "prompt_tokens": 90, "generation_tokens": 1, "finish_reason": None},
            {"text": "", "prompt_tokens": 90, "generation_tokens": 20, "finish_reason": "stop"},
        ),
    ),
    Sample(
        "ollama",
        "Ollama",
        (LINE, LINE | {"done": True, "done_reason": "stop", "prompt_eval_count": 90, "eval_count": 20}),
    ),
    Sample(
        "watsonx",
        "watsonx (text generation)",
        (
            {
                "model_id": "granite",
                "results": [{"generated_token_count": 1, "input_token_count": 90, "stop_reason": "not_finished"}],
            },
            {"model_id": "granite", "results": [{"generated_token_count": 20, "stop_reason": "eos_token"}]},
        ),
    ),
    Sample(
        "xai_sdk",
        "xAI's own SDK",
        (
            {"id": "1", "model": "grok-4", "outputs": [{"index": 0, "delta": {"content": "Hi"}}]},
            {
                "id": "1",
                "model": "grok-4",
                "outputs": [{"index": 0, "delta": {}, "finish_reason": "REASON_STOP"}],
                "service_tier": "SERVICE_TIER_DEFAULT",
                "usage": {
                    "prompt_tokens": 90,
                    "cached_prompt_text_tokens": 64,
                    "prompt_image_tokens": 9,
                    "completion_tokens": 12,
                    "reasoning_tokens": 8,
                    "total_tokens": 110,
                    "cost_in_usd_ticks": 45_000,
                },
            },
        ),
    ),
    Sample(
        "tgi",
        "Hugging Face text generation inference",
        (
            {"token": {"text": "Hi"}, "details": None},
            {
                "token": {"text": ""},
                "generated_text": "Hi",
                "details": {"finish_reason": "eos_token", "generated_tokens": 20, "input_length": 90},
            },
        ),
    ),
)
"""Every service's, wire by wire."""
