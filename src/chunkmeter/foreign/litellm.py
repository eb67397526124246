"""The dialect of LiteLLM's OpenTelemetry callback, which tells what LiteLLM charges for the call.

It tells no cached tokens, but its cost takes them into account: that cost counts as the provider's.
https://github.com/BerriAI/litellm/blob/main/litellm/integrations/opentelemetry.py
"""

from __future__ import annotations

from dataclasses import replace

from ..facts.request import Request
from ..facts.tally import Tally
from . import genai
from ._fields import Attributes, read_named, text

__all__ = ["begins", "read"]

_CALL = "llm.request.type"
_OWN = ("hidden_params", "gen_ai.cost.total_cost")
# The function called, without the `a` of its async twin. `completion` is LiteLLM's word for a chat.
_OPERATIONS = {
    "completion": "chat",
    "responses": "chat",
    "nthropic_messages": "chat",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "text_completion": "text_completion",
    "embedding": "embeddings",
}
_NAMES = replace(
    genai.NAMES, reasons=(*genai.NAMES.reasons, "gen_ai.completion.0.finish_reason"), cost=("gen_ai.cost.total_cost",)
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's; it gets them after its start."""
    return _CALL in attributes and any(name in attributes for name in _OWN)


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    operation = _OPERATIONS.get((text(attributes, (_CALL,)) or "").removeprefix("a"))
    if operation is None:
        return None
    request, tally = read_named(attributes, operation, _NAMES)
    if tally.response_id == text(attributes, ("litellm.call_id",)):
        tally.response_id = None  # Its own id of a call that failed, which no answer has.
    return replace(request, stream=attributes.get("llm.is_streaming") in (True, "True")), tally
