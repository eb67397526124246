"""The dialect of OpenLLMetry, which has a kind of request instead of the operation, and its own names for some facts.

https://github.com/traceloop/openllmetry
"""

from __future__ import annotations

from dataclasses import replace

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally
from . import genai
from ._fields import Attributes, read_named, text

__all__ = ["begins", "read"]

_OPERATIONS = {"chat": "chat", "completion": "text_completion", "embedding": "embeddings"}
_REQUEST_TYPE = "llm.request.type"
_ITS_OWN = "gen_ai.is_streaming"
"""All that tells the span of a stream of OpenAI's responses that fails, which names no operation."""

# The conventions' names, then those of OpenLLMetry.
_NAMES = replace(
    genai.NAMES,
    request_model=(*genai.NAMES.request_model, "llm.request.model"),
    response_model=(*genai.NAMES.response_model, "llm.response.model"),
    reasons=(*genai.NAMES.reasons, "gen_ai.completion.0.finish_reason"),
    stream=(*genai.NAMES.stream, "llm.is_streaming"),
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that has these attributes is one of this dialect's."""
    return any(name == _ITS_OWN or name.startswith(("llm.", "gen_ai.completion.")) for name in attributes)


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    named = text(attributes, (semconv.OPERATION_NAME,))
    asked = str(attributes.get(_REQUEST_TYPE, "chat" if _ITS_OWN in attributes else None))
    operation = named or _OPERATIONS.get(asked)
    return read_named(attributes, operation, _NAMES) if operation in semconv.INFERENCE_OPERATIONS else None
