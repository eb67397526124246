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
    return {"prompt_tokens": 90, "completion_tokens": 20, "total_tokens": 110, **fields}


RESPONSE: Json = {"id": "resp_1", "object": "response", "model": "model-2026-01-01", "incomplete_details": None}
RESPONSE_USAGE: Json = {
    "input_tokens": 90, "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 9}, "output_tokens": 20,
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
    "total_input_tokens": 90, "input_tokens_by_modality": [
        {"modality": "audio", "tokens": 3}, {"modality": "image", "tokens": 4},
        {"modality": "video", "tokens": 5}, {"modality": "document", "tokens": 6},
    ],
    "output_tokens_by_modality": [{"modality": "audio", "tokens": 2}, {"modality": "image", "tokens": 1}],
    "total_cached_tokens": 64, "total_output_tokens": 12, "total_thought_tokens": 8, "total_tool_use_tokens": 5,
    "total_tokens": 110,
}  # fmt: skip
GOOGLE_USAGE: Json = {
    "promptTokenCount": 85,
    "promptTokensDetails": [
        {"modality": "AUDIO", "tokenCount": 3}, {"modality": "IMAGE", "tokenCount": 4},
        {"modality": "VIDEO", "tokenCount": 5}, {"modality": "DOCUMENT", "tokenCount": 6},
    ],
    "cachedContentTokenCount": 64, "candidatesTokenCount": 12, "thoughtsTokenCount": 8, "toolUsePromptTokenCount": 5,
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 1}],
    "totalTokenCount": 110,
}  # fmt: skip
RUN: Json = {"id": "run_1", "object": "thread.run", "model": "gpt-4o-mini"}
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
        "Alibaba, Cerebras, Mistral, Hugging Face, Z.ai",
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
    Sample("anthropic_messages", "Anthropic, Vertex AI (Claude)", ANTHROPIC),
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
                        "inputTokens": 29,
                        "cacheReadInputTokens": 60,
                        "cacheWriteInputTokens": 1,
                        "outputTokens": 20,
                        "totalTokens": 110,
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
        "Bedrock: Cohere Command",
        ({"text": "Hi", "is_finished": False}, metered(is_finished=True, finish_reason="COMPLETE")),
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
