"""xAI's own SDK, which speaks gRPC: each chunk wraps a message that has what was used so far.

https://github.com/xai-org/xai-proto/blob/main/proto/xai/api/v1/chat.proto. xAI's REST API speaks `openai_chat` and
`openai_responses`.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._fees import note_charge, note_fees
from ._message import message_of
from ._usage import Table, counts, parts_beside, states
from ._view import View, view

WIRE = "xai_sdk"
OPERATION = "chat"

COUNTS = Table(
    {
        "input_tokens": ("prompt_tokens",),
        "cached_tokens": ("cached_prompt_text_tokens",),
        "output_tokens": ("completion_tokens",),
        "total_tokens": ("total_tokens",),
        "reasoning_tokens": ("reasoning_tokens",),
        "input_image_tokens": ("prompt_image_tokens",),
    }
)
_UNSET = frozenset({None, "REASON_INVALID", "SERVICE_TIER_UNSPECIFIED"})
_TOOLS = frozenset({"ROLE_TOOL", "ROLE_FUNCTION"})
"""What the service's own tools have put out is no choice of the model's."""


def read(tally: Tally, event: Any) -> None:
    """Fold one chunk of a stream, or one whole response, into `tally`."""
    said = message_of(event) or View(event)
    tally.response_id = tally.response_id or said.text("id")
    tally.response_model = tally.response_model or said.text("model")
    tier = said.text("service_tier")
    tally.service_tier = tally.service_tier if tier in _UNSET else tier
    for output in said.objects("outputs") or said.objects("choices"):  # releases before 1.3 have the second
        if output.object("delta", output.object("message")).text("role") in _TOOLS:
            continue
        index, reason = output.index(0), output.text("finish_reason")
        if reason in _UNSET:
            tally.reasons.setdefault(index, None)
        else:
            tally.reasons[index] = reason
    if not said.knows("outputs") and not said.knows("choices"):  # a compaction has none, and no word for its end
        tally.ended = True
    usage = said.get("usage")
    if isinstance(usage, View) and states(usage, COUNTS, "input_tokens", "output_tokens", "total_tokens"):
        tally.usage, tally.count_tokens = usage, tokens
        note_charge(tally, usage)
        note_fees(tally, usage)


def tokens(usage: Any) -> Tokens:
    """The counts in one usage message, reasoning added to the output, beside which xAI counts it."""
    return parts_beside(counts(view(usage), COUNTS))
