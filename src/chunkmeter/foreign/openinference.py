"""The dialect of OpenInference. Its `llm.cost.*` are figures of a client's or server's own, and are not passed on.

https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ..facts.request import Request
from ..facts.tally import Tally
from ._fields import Attributes, Names, json_at, read_named, text

__all__ = ["begins", "read"]

# Chains and agents have sums of what is below them, and so are no calls.
_OPERATIONS = {"LLM": "chat", "EMBEDDING": "embeddings"}
_KIND = "openinference.span.kind"
_PARAMETERS = ("llm.invocation_parameters", "embedding.invocation_parameters")
_NAMES = Names(
    provider=("llm.provider", "llm.system"),
    request_model=("llm.request.model_name", "llm.model_name", "embedding.model_name"),
    response_model=("llm.response.model_name", "llm.model_name", "embedding.model_name"),
    reasons=("llm.finish_reason",),
    tokens={
        "input_tokens": ("llm.token_count.prompt",),
        "cached_tokens": ("llm.token_count.prompt_details.cache_read",),
        "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
        "input_audio_tokens": ("llm.token_count.prompt_details.audio",),
        "output_tokens": ("llm.token_count.completion",),
        "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
        "output_audio_tokens": ("llm.token_count.completion_details.audio",),
        "total_tokens": ("llm.token_count.total",),
    },
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return _KIND in attributes


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    operation = _OPERATIONS.get(text(attributes, (_KIND,)) or "")
    if operation is None:
        return None
    request, tally = read_named(attributes, operation, _NAMES)
    asked = _asked(attributes)
    # `llm.model_name` has the model asked for until the answer names another.
    model = text(attributes, ("llm.request.model_name",)) or text(asked, ("model",)) or request.model
    return replace(request, model=model, stream=asked.get("stream") is True, tier=text(asked, ("service_tier",))), tally


def _asked(attributes: Attributes) -> Mapping[str, Any]:
    found = next((said for name in _PARAMETERS if isinstance(said := json_at(attributes, name), dict)), {})
    return cast("Mapping[str, Any]", found)
