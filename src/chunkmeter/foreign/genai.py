"""The dialect of the GenAI conventions: their names of today, those from before 1.27, and what others made of them.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md
"""

from __future__ import annotations

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally
from ..pricing.tokens import ATTRIBUTES
from ._fields import Attributes, Names, read_named, text

__all__ = ["NAMES", "begins", "read"]

# The conventions' older names; then Sentry's, which OpenRouter has too; then those of Pydantic AI's details.
_OTHER_TOKENS = {
    "input_tokens": ("gen_ai.usage.prompt_tokens",),
    "output_tokens": ("gen_ai.usage.completion_tokens",),
    "cached_tokens": (
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.details.cached_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.output_tokens.reasoning",
        "gen_ai.usage.details.reasoning_tokens",
    ),
    "input_audio_tokens": ("gen_ai.usage.details.input_audio_tokens",),
    "output_audio_tokens": ("gen_ai.usage.details.output_audio_tokens",),
}

NAMES = Names(
    provider=(semconv.PROVIDER_NAME, "gen_ai.system"),
    request_model=(semconv.REQUEST_MODEL,),
    response_model=(semconv.RESPONSE_MODEL,),
    response_id=(semconv.RESPONSE_ID,),
    reasons=(semconv.RESPONSE_FINISH_REASONS, "gen_ai.response.finish_reason"),
    stream=(semconv.REQUEST_STREAM, "gen_ai.is_streaming"),
    service_tier=("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
    request_tier=("openai.request.service_tier", "gen_ai.openai.request.service_tier"),
    region=("cloud.region", "aws.region"),
    url=("gen_ai.openai.api_base",),
    tokens={
        count: (attribute, *_OTHER_TOKENS.get(count, ()))
        for attribute, count in ATTRIBUTES.items()
        if attribute.startswith("gen_ai.")
    },
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return any(name.startswith("gen_ai.") for name in attributes)


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    operation = text(attributes, (semconv.OPERATION_NAME,))
    return read_named(attributes, operation, NAMES) if operation in semconv.INFERENCE_OPERATIONS else None
