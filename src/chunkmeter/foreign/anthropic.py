"""The dialect of the Anthropic SDK's own tracing: the conventions' names, and its own for what they lack.

https://github.com/anthropics/anthropic-sdk-python
"""

from __future__ import annotations

from dataclasses import replace

from .. import semconv
from ..facts.request import Request
from ..facts.tally import Tally
from . import genai
from ._fields import Attributes, read_named, text

__all__ = ["begins", "read"]

_NAMES = replace(
    genai.NAMES,
    reasons=(*genai.NAMES.reasons, "anthropic.message.stop_reason"),
    service_tier=("anthropic.response.service_tier",),
    request_tier=("anthropic.request.service_tier",),
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that starts with these attributes is one of this dialect's."""
    return semconv.OPERATION_NAME in attributes and any(name.startswith("anthropic.") for name in attributes)


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    operation = text(attributes, (semconv.OPERATION_NAME,))
    return read_named(attributes, operation, _NAMES) if operation in semconv.INFERENCE_OPERATIONS else None
