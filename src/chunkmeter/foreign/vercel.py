"""The dialect of Vercel's AI SDK. A span of its own around the calls has their sums, and is no call.

https://ai-sdk.dev/docs/ai-sdk-core/telemetry
"""

from __future__ import annotations

from dataclasses import replace

from .. import providers
from ..facts.request import Request
from ..facts.tally import Tally
from . import genai
from ._fields import Attributes, read_named, text

__all__ = ["begins", "read"]

_OPERATIONS = {
    "ai.generateText.doGenerate": "chat",
    "ai.generateObject.doGenerate": "chat",
    "ai.streamText.doStream": "chat",
    "ai.streamObject.doStream": "chat",
    "ai.embed.doEmbed": "embeddings",
    "ai.embedMany.doEmbed": "embeddings",
}
_OPERATION = "ai.operationId"
_TOKENS = {
    "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    "cached_tokens": ("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
    "cache_write_tokens": ("ai.usage.inputTokenDetails.cacheWriteTokens",),
    "output_tokens": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
    "reasoning_tokens": ("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
}
_NAMES = replace(
    genai.NAMES,
    provider=(*genai.NAMES.provider, "ai.model.provider"),
    request_model=(*genai.NAMES.request_model, "ai.model.id"),
    response_model=(*genai.NAMES.response_model, "ai.response.model"),
    response_id=(*genai.NAMES.response_id, "ai.response.id"),
    reasons=(*genai.NAMES.reasons, "ai.response.finishReason"),
    tokens={count: (*names, *_TOKENS.get(count, ())) for count, names in genai.NAMES.tokens.items()},
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return _OPERATION in attributes


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    called = text(attributes, (_OPERATION,)) or ""
    if called not in _OPERATIONS:
        return None
    request, tally = read_named(attributes, _OPERATIONS[called], _NAMES)
    # Its words are the conventions' with a hyphen: `tool-calls`, `content-filter`.
    tally.reasons = {choice: word and word.replace("-", "_") for choice, word in tally.reasons.items()}
    # A provider is written with its API, as `openai.chat` or `google.vertex.chat`.
    provider = text(attributes, _NAMES.provider) or ""
    if provider and not providers.is_provider(provider):
        provider = "vertex" if "vertex" in provider else provider.partition(".")[0]
    named = providers.provider_name(provider or None)
    return replace(request, provider=named, stream=called.endswith("doStream")), tally
