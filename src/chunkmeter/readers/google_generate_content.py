"""Google generate content (Gemini API and Vertex AI): each usage object replaces the one before as a whole.

https://ai.google.dev/api/generate-content#UsageMetadata. Counts are cumulative and a later object may have
fewer fields than an earlier one, so neither adding up nor merging field by field is right.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..tally import Tally, Tokens, count
from ._message import message_of
from ._usage import sum_of
from ._view import View, view

WIRE = "google_generate_content"
OPERATION = "generate_content"

# What the API says where it has nothing to say; 0 is the same as a protocol buffer's number.
_UNSPECIFIED = ("", 0, "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")

_USUAL_TRAFFIC = ("ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED")
# https://ai.google.dev/api/generate-content#Modality
_MODALITIES = {"IMAGE": 2, "VIDEO": 3, "AUDIO": 4, "DOCUMENT": 5}


def read(tally: Tally, event: Any) -> None:
    """Fold one `GenerateContentResponse`, of a stream or whole, into `tally`."""
    message = message_of(event)
    if message is not None:
        _read(tally, message)
        return
    # Nearly every chunk brings text and a new usage object, nothing else that counts: see `openai_chat.read`.
    try:
        candidates, usage = event.candidates, event.usage_metadata
        for candidate in candidates:
            if candidate.finish_reason or (candidate.index or 0) not in tally.reasons:
                break
        else:
            named = (tally.response_id or not event.response_id) and (tally.response_model or not event.model_version)
            if candidates and named and (usage is None or usage.prompt_token_count is not None):
                if usage is not None:
                    tally.usage, tally.count_tokens = usage, tokens
                return
    except (AttributeError, TypeError):
        pass  # A dict, an SDK object that lacks a field, or no candidates at all.
    _read(tally, View(event))


def _read(tally: Tally, event: View) -> None:
    """Fold a chunk that may say something new, whatever its shape."""
    tally.response_id = tally.response_id or event.text("response_id")
    tally.response_model = tally.response_model or event.text("model_version")
    for position, candidate in enumerate(event.objects("candidates")):
        index, reason = candidate.index(position), _said(candidate.finish_reason)
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
    usage = event.object("usage_metadata")
    traffic = usage.text("traffic_type")  # Vertex has one in place of a tier
    tier = usage.text("service_tier") or (traffic if traffic not in _USUAL_TRAFFIC else None)
    tally.service_tier = tier or tally.service_tier
    # Vertex sends objects with a traffic type alone: they state no count, and so replace none.
    if tokens(usage):
        tally.usage, tally.count_tokens = usage, tokens
    block_reason = _said(event.object("prompt_feedback").block_reason)
    if block_reason is not None:
        tally.block_reason = block_reason


def _said(reason: Any) -> Any:
    return reason if isinstance(reason, str | int | Enum) and reason not in _UNSPECIFIED else None


def tokens(usage: Any) -> Tokens:
    """The counts in one `usageMetadata`: output has its thoughts beside it, input its tool-use prompts."""
    said: View = view(usage)
    prompt, tool_use = count(said.prompt_token_count), count(said.tool_use_prompt_token_count)
    given, made = said.objects("prompt_tokens_details"), said.objects("candidates_tokens_details")
    candidates, thoughts = count(said.candidates_token_count), count(said.thoughts_token_count)
    input_, output, total = sum_of(prompt, tool_use), sum_of(candidates, thoughts), count(said.total_token_count)
    if not said.knows("thoughts_token_count") and (total or 0) > (input_ or 0) + (output or 0):
        output = (total or 0) - (input_ or 0)  # An SDK from before thoughts: its total alone has them.
    return Tokens(
        input_tokens=input_,
        cached_tokens=count(said.cached_content_token_count),
        output_tokens=output,
        total_tokens=total,
        reasoning_tokens=thoughts,
        input_audio_tokens=_of("AUDIO", given),
        output_audio_tokens=_of("AUDIO", made),
        input_image_tokens=_of("IMAGE", given),
        output_image_tokens=_of("IMAGE", made),
        input_video_tokens=_of("VIDEO", given),
        input_document_tokens=_of("DOCUMENT", given),
        tool_use_tokens=tool_use,
    )


def _of(modality: str, details: list[View]) -> int | None:
    """The tokens of one modality; it is a number in some SDKs' protocol buffer."""
    for detail in details:
        if detail.modality in (modality, _MODALITIES[modality]):
            return count(detail.token_count)
    return None
