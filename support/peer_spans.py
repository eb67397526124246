"""Spans of other instrumentations as each of them makes them, and what the calls that they tell of cost.

Those of the packages named by version were recorded from a server that sends, for `gpt-4o-mini`, 1,000 tokens in (400
of them cached) and 200 out (80 of them reasoning); for `claude-sonnet-4-5`, 600 in beside 400 cached, and 200 out; for
`text-embedding-3-small`, 1,000 in. Content is left out, and the server is the provider's own. The others are written
from their sources.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from opentelemetry.util.types import AttributeValue

__all__ = ["CLAUDE", "EMBEDDING", "GPT", "SPANS", "PeerSpan"]

# USD a million tokens: gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out.
GPT = (600 * 0.15 + 400 * 0.075 + 200 * 0.60) / 1e6
# claude-sonnet-4-5 3.00 in, 0.30 cached, 15.00 out.
CLAUDE = (600 * 3.00 + 400 * 0.30 + 200 * 15.00) / 1e6
_CLAUDE_INPUT = (600 * 3.00 + 400 * 0.30) / 1e6
# text-embedding-3-small 0.02 in.
EMBEDDING = 1000 * 0.02 / 1e6

_GENAI = "opentelemetry.instrumentation.genai.openai"
_V2 = "opentelemetry.instrumentation.openai_v2"


class PeerSpan(NamedTuple):
    """A span, and what it must come to.

    Attributes:
        scope: the instrumentation scope.
        attributes: its attributes.
        usd: what the call costs; None where it has no cost.
        status: `chunkmeter.cost.status`; None where the span is no call of its own.
        unpriced: `chunkmeter.cost.unpriced`.
    """

    scope: str
    attributes: dict[str, AttributeValue]
    usd: float | None = None
    status: str | None = "known"
    unpriced: tuple[str, ...] = ()


def _span(scope: str, usd: float | None, status: str | None = "known", /, *parts: Any, **more: Any) -> PeerSpan:
    """A span with the attributes of `parts`, each a dict, and of keywords: `__` stands for a dot."""
    attributes: dict[str, Any] = {}
    for part in parts:
        attributes |= part
    return PeerSpan(scope, attributes | {name.replace("__", "."): value for name, value in more.items()}, usd, status)


_OPENAI = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
_OPENAI_ANSWER = {
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ("stop",),
}
_OPENAI_USAGE = {
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.output_tokens": 200,
}
_EMBEDDINGS = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "text-embedding-3-small",
    "gen_ai.response.model": "text-embedding-3-small",
    "gen_ai.usage.input_tokens": 1000,
}
_CLAUDE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.id": "msg_7",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 400,
}
_LOGFIRE = {
    "logfire.span_type": "span",
    "request_data": '{"model":"gpt-4o-mini"}',
    "logfire.tags": ("LLM",),
    "gen_ai.system": "openai",
    "async": False,
}
_LOGFIRE_LOG = {**_LOGFIRE, "logfire.span_type": "log", "logfire.level_num": 9, "duration": 0.0}
_OI = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.invocation_parameters": '{"model": "gpt-4o-mini", "stream": true, "stream_options": {"include_usage": true}}',
    "llm.model_name": "gpt-4o-mini-2024-07-18",
    "input.mime_type": "application/json",
}
_OI_USAGE = {
    "llm.token_count.prompt": 1000,
    "llm.token_count.prompt_details.audio": 0,
    "llm.token_count.prompt_details.cache_read": 400,
    "llm.token_count.completion": 200,
    "llm.token_count.completion_details.audio": 0,
    "llm.token_count.completion_details.reasoning": 80,
    "llm.token_count.total": 1200,
}
_OI_CLAUDE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "anthropic",
    "llm.system": "anthropic",
    "llm.request.model_name": "claude-sonnet-4-5",
    "llm.response.model_name": "claude-sonnet-4-5-20250929",
    "llm.model_name": "claude-sonnet-4-5-20250929",
    "llm.invocation_parameters": '{"max_tokens": 64}',
    "llm.finish_reason": "end_turn",
    "llm.token_count.prompt": 1000,
    "llm.token_count.prompt_details.cache_read": 400,
    "llm.token_count.completion": 200,
    "llm.token_count.total": 1200,
}
_LANGFUSE = {
    "langfuse.internal.is_app_root": True,
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o-mini-2024-07-18",
    "langfuse.observation.model.parameters": '{"temperature": 1, "max_tokens": "Infinity", "service_tier": "default"}',
}
_CHAT_USAGE = (
    '{"completion_tokens": 200, "prompt_tokens": 1000, "total_tokens": 1200, "completion_tokens_details": '
    '{"accepted_prediction_tokens": 0, "audio_tokens": 0, "reasoning_tokens": 80, "rejected_prediction_tokens": 0}, '
    '"prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 400}}'
)
_RESPONSES_USAGE = (
    '{"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 400}, "output_tokens": 200, '
    '"output_tokens_details": {"reasoning_tokens": 80}, "total_tokens": 1200}'
)
_LITELLM = {
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.system": "openai",
    "gen_ai.usage.completion_tokens": 200,
    "gen_ai.usage.prompt_tokens": 1000,
    "gen_ai.completion.0.finish_reason": "stop",
    "gen_ai.cost.input_cost": 0.00012,
    "gen_ai.cost.output_cost": 0.00012,
    "gen_ai.cost.total_cost": 0.00024,
    "hidden_params": '{"model_id": null, "response_cost": 0.00024}',
    "llm.usage.total_tokens": 1200,
}
_VERCEL = {"ai.model.id": "gpt-4o-mini", "ai.model.provider": "openai.chat"}
_VERCEL_USAGE = {"ai.usage.inputTokens": 1000, "ai.usage.cachedInputTokens": 400, "ai.usage.outputTokens": 200}

SPANS: dict[str, PeerSpan] = {
    # opentelemetry-instrumentation-genai-openai and -genai-anthropic 1.3b0
    "genai": _span(
        _GENAI, GPT, "known", _OPENAI, _OPENAI_ANSWER, _OPENAI_USAGE, openai__response__service_tier="default"
    ),
    "genai, left": _span(_GENAI, None, "no_usage", _OPENAI, gen_ai__request__stream=True, gen_ai__response__id="c-3"),
    "genai, embeddings": _span(_GENAI, EMBEDDING, "known", _EMBEDDINGS, gen_ai__embeddings__dimension__count=3),
    "genai, Anthropic": _span(
        "opentelemetry.instrumentation.genai.anthropic",
        CLAUDE,
        "known",
        _CLAUDE,
        {
            "gen_ai.usage.output_tokens": 200,
            "gen_ai.response.finish_reasons": ("stop",),
            "server.address": "api.anthropic.com",
        },
    ),
    # opentelemetry-instrumentation-openai-v2 2.4b0: no count of cached tokens, so all are taken as not cached.
    "openai-v2": _span(
        _V2,
        (1000 * 0.15 + 200 * 0.60) / 1e6,
        "incomplete",
        _OPENAI,
        _OPENAI_ANSWER,
        {"gen_ai.system": "openai", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200},
    )._replace(unpriced=("class:cached_tokens",)),
    # OpenLLMetry 0.62.4
    "OpenLLMetry": _span(
        "opentelemetry.instrumentation.openai.v1",
        GPT,
        "known",
        _OPENAI,
        _OPENAI_ANSWER,
        _OPENAI_USAGE,
        {"gen_ai.is_streaming": False, "gen_ai.openai.api_base": "https://api.openai.com/v1/"},
        {"gen_ai.usage.reasoning_tokens": 80, "gen_ai.usage.total_tokens": 1200},
    ),
    "OpenLLMetry, older": _span(
        "opentelemetry.instrumentation.openai.v1",
        GPT,
        "known",
        _OPENAI_ANSWER,
        {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o-mini"},
        {"gen_ai.usage.prompt_tokens": 1000, "gen_ai.usage.completion_tokens": 200},
        {"gen_ai.usage.cache_read_input_tokens": 400, "llm.usage.total_tokens": 1200},
    ),
    "OpenLLMetry, a failing stream of responses": _span(
        "opentelemetry.instrumentation.openai.v1",
        None,
        "no_usage",
        {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5-nano", "gen_ai.is_streaming": True},
        {"error.type": "APIError"},
    ),
    "OpenLLMetry, embeddings": _span(
        "opentelemetry.instrumentation.openai.v1",
        EMBEDDING,
        "known",
        _EMBEDDINGS,
        {"gen_ai.usage.cache_read.input_tokens": 0, "gen_ai.is_streaming": False},
    ),
    # OpenInference 0.1.66 for OpenAI, 3.1.0 for Anthropic
    "OpenInference": _span(
        "openinference.instrumentation.openai", GPT, "known", _OI, _OI_USAGE, llm__finish_reason="stop"
    ),
    "OpenInference, left": _span("openinference.instrumentation.openai", None, "no_usage", _OI),
    "OpenInference, its cost": _span(
        "openinference.instrumentation.openai",
        GPT,
        "known",
        _OI,
        _OI_USAGE,
        {"llm.finish_reason": "stop", "llm.cost.total": 9.0, "llm.cost.prompt": 5.0},
    ),
    "OpenInference, Anthropic": _span("openinference.instrumentation.anthropic", CLAUDE, "known", _OI_CLAUDE),
    "OpenInference, embeddings": _span(
        "openinference.instrumentation.openai",
        EMBEDDING,
        "known",
        {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "text-embedding-3-small"},
        {"embedding.invocation_parameters": '{"model": "text-embedding-3-small", "encoding_format": "base64"}'},
        {"llm.system": "openai", "llm.token_count.prompt": 1000, "llm.token_count.total": 1000},
    ),
    "OpenInference, a chain's sums": _span(
        "openinference.instrumentation.langchain", None, None, _OI_USAGE, openinference__span__kind="CHAIN"
    ),
    # Logfire 5.4.0
    "Logfire": _span(
        "logfire.openai",
        GPT,
        "known",
        _LOGFIRE,
        _OPENAI,
        _OPENAI_ANSWER,
        _OPENAI_USAGE,
        {"gen_ai.response.finish_reasons": '["stop"]', "operation.cost": 9.0},
    ),
    "Logfire, a stream's request": _span(
        "logfire.openai", None, None, _LOGFIRE, _OPENAI, gen_ai__response__model="gpt-4o-mini"
    ),
    "Logfire, a stream's end": _span(
        "logfire.openai",
        GPT,
        "known",
        _LOGFIRE_LOG,
        _OPENAI,
        _OPENAI_ANSWER,
        _OPENAI_USAGE,
        {"gen_ai.response.finish_reasons": '["stop"]', "operation.cost": 9.0},
    ),
    "Logfire, a stream left": _span(
        "logfire.openai", None, "no_usage", _LOGFIRE_LOG, _OPENAI, gen_ai__response__id="chatcmpl-3"
    ),
    "Logfire, a request refused": _span(
        "logfire.openai", None, "no_usage", _LOGFIRE, _OPENAI, {"logfire.level_num": 17}
    ),
    "Logfire, embeddings": _span("logfire.openai", EMBEDDING, "known", _LOGFIRE, _EMBEDDINGS, operation__cost=9.0),
    # Langfuse 5.0.4
    "Langfuse": _span("langfuse-sdk", GPT, "known", _LANGFUSE, langfuse__observation__usage_details=_CHAT_USAGE),
    "Langfuse, a stream": _span(
        "langfuse-sdk",
        GPT,
        "known",
        _LANGFUSE,
        {"langfuse.observation.usage_details": _CHAT_USAGE, "langfuse.observation.metadata.finish_reason": '"stop"'},
    ),
    "Langfuse, responses": _span(
        "langfuse-sdk",
        GPT,
        "known",
        _LANGFUSE,
        {"langfuse.observation.usage_details": _RESPONSES_USAGE, "langfuse.observation.metadata.id": '"resp_5"'},
    ),
    "Langfuse, left": _span("langfuse-sdk", None, "no_usage", _LANGFUSE),
    "Langfuse, embeddings": _span(
        "langfuse-sdk",
        EMBEDDING,
        "known",
        {"langfuse.observation.type": "embedding"},
        {"langfuse.observation.model.name": "text-embedding-3-small", "langfuse.observation.model.parameters": "{}"},
        {"langfuse.observation.usage_details": '{"input": 1000}'},
    ),
    "Langfuse, counts beside": _span(
        "langfuse-sdk",
        CLAUDE,
        "known",
        {"langfuse.observation.type": "generation"},
        {"langfuse.observation.model.name": "claude-sonnet-4-5-20250929"},
        {"langfuse.observation.usage_details": '{"input": 600, "cache_read_input_tokens": 400, "output": 200}'},
    ),
    "Langfuse, a span": _span("langfuse-sdk", None, None, langfuse__observation__type="span"),
    # LiteLLM 1.80.0's callback
    "LiteLLM": _span(
        "litellm", GPT, "known", _LITELLM, {"llm.request.type": "completion", "llm.is_streaming": "False"}
    ),
    "LiteLLM, awaited": _span(
        "litellm", GPT, "known", _LITELLM, {"llm.request.type": "acompletion", "llm.is_streaming": "True"}
    ),
    "LiteLLM, embeddings": _span(
        "litellm",
        EMBEDDING,
        "known",
        {"llm.request.type": "embedding", "gen_ai.system": "", "hidden_params": "{}"},
        {"gen_ai.request.model": "text-embedding-3-small", "gen_ai.usage.prompt_tokens": 1000},
        {"gen_ai.usage.completion_tokens": 0, "gen_ai.cost.total_cost": 2e-05},
    ),
    "LiteLLM, the raw request": _span("litellm", None, None, {"llm.openai.model": "gpt-4o-mini-2024-07-18"}),
    # anthropic 2.14.0
    "Anthropic": _span(
        "com.anthropic.sdk.python",
        CLAUDE,
        "known",
        _CLAUDE,
        {"gen_ai.usage.output_tokens": 200, "gen_ai.usage.cache_write.input_tokens": 0},
        {"anthropic.message.stop_reason": "end_turn", "anthropic.response.service_tier": "standard"},
        {"server.address": "api.anthropic.com", "server.port": 443, "gen_ai.request.stream": True},
    ),
    "Anthropic, left": _span(
        "com.anthropic.sdk.python",
        _CLAUDE_INPUT,
        "partial",
        _CLAUDE,
        {"gen_ai.request.stream": True, "anthropic.response.service_tier": "standard"},
    ),
    # xai-sdk 1.21.0. 880 tokens out with 80 of reasoning beside them would be told as 120 and 80; its cost in ticks
    # of 1e-10 USD is the provider's.
    "xAI": _span(
        "xai_sdk",
        0.0005,
        "known",
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "xai"},
        {"gen_ai.request.model": "grok-4", "gen_ai.response.model": "grok-4", "gen_ai.response.id": "x-1"},
        {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 120, "gen_ai.usage.total_tokens": 1200},
        {"gen_ai.usage.reasoning_tokens": 80, "gen_ai.usage.cached_prompt_text_tokens": 400},
        {"gen_ai.usage.prompt_text_tokens": 1000, "gen_ai.usage.prompt_image_tokens": 0},
        {"gen_ai.usage.cost_in_usd_ticks": 5_000_000, "gen_ai.response.finish_reasons": ("REASON_STOP",)},
    ),
    # Vercel's AI SDK, Google's ADK, Pydantic AI of 2025, Sentry and OpenRouter: from their sources
    "Vercel": _span(
        "ai",
        GPT,
        "known",
        _VERCEL,
        _VERCEL_USAGE,
        {
            "ai.operationId": "ai.streamText.doStream",
            "ai.response.finishReason": "stop",
            "ai.response.id": "chatcmpl-1",
        },
    ),
    "Vercel, the sums": _span("ai", None, None, _VERCEL, _VERCEL_USAGE, {"ai.operationId": "ai.streamText"}),
    # gemini-2.5-flash 0.30 in, 0.03 cached, 2.50 out: 600 * 0.30 + 400 * 0.03 + (120 + 80) * 2.50 = 692 millionths.
    "ADK": _span(
        "gcp.vertex.agent",
        0.000692,
        "known",
        {"gen_ai.system": "gcp.vertex.agent"},
        {"gen_ai.request.model": "gemini-2.5-flash", "gcp.vertex.agent.event_id": "e-1"},
        {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 120},
        {"gen_ai.response.finish_reasons": ("stop",)},
        {
            "gcp.vertex.agent.llm_response": '{"usage_metadata": {"prompt_token_count": 1000, "candidates_'
            'token_count": 120, "cached_content_token_count": 400, "thoughts_token_count": 80}}'
        },
    ),
    "ADK, a tool": _span(
        "gcp.vertex.agent", None, None, {"gen_ai.system": "gcp.vertex.agent", "gen_ai.operation.name": "execute_tool"}
    ),
    "Pydantic AI": _span(
        "pydantic-ai",
        GPT,
        "known",
        _OPENAI,
        {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200},
        {"gen_ai.usage.details.cached_tokens": 400, "gen_ai.usage.details.reasoning_tokens": 80, "operation.cost": 9.0},
        _OPENAI_ANSWER,
    ),
    "Pydantic AI, an agent": _span(
        "pydantic-ai", None, None, _OPENAI, _OPENAI_USAGE, gen_ai__operation__name="invoke_agent"
    ),
    "Sentry": _span(
        "sentry",
        GPT,
        "known",
        _OPENAI,
        {"gen_ai.response.model": "gpt-4o-mini-2024-07-18"},
        {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.input_tokens.cached": 400},
        {"gen_ai.usage.output_tokens": 200, "gen_ai.usage.output_tokens.reasoning": 80},
    ),
}
"""By what they are spans of."""
