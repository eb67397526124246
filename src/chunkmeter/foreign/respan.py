"""The dialect of Respan's instrumentation of Mirascope 2: OpenLLMetry's names, the ends of Mirascope's ids in them.

Source: `_instrumentation.py` of respan-instrumentation-mirascope 0.1.1.
"""

from __future__ import annotations

from dataclasses import replace

from ..facts.request import Request
from ..facts.tally import Tally
from . import genai, mirascope
from ._fields import Attributes, read_named, text

__all__ = ["begins", "read"]

_KIND = "respan.entity.log_type"
_NAME = "traceloop.entity.name"
_NAMES = replace(
    genai.NAMES,
    stream=("llm.is_streaming",),
    tokens={**genai.NAMES.tokens, "cache_write_tokens": ("llm.usage.cache_write_input_tokens",)},
)


def begins(attributes: Attributes) -> bool:
    """Whether a span that has these attributes is one of this dialect's; it gets them after its start."""
    return _KIND in attributes and str(attributes.get(_NAME)).startswith("mirascope.")


def read(attributes: Attributes) -> tuple[Request, Tally] | None:
    """The call that a finished span tells of; None if the span is no inference of this dialect."""
    if attributes.get(_KIND) != "chat":
        return None
    request, tally = read_named(attributes, "chat", _NAMES)
    told = text(attributes, _NAMES.provider) or ""
    tally.response_model = mirascope.without_interface(tally.response_model)
    name = mirascope.without_interface(request.model)
    return replace(request, provider=mirascope.provider(told, None), model=name), tally
