"""Google generate content (Gemini API and Vertex AI): each usage object replaces the one before as a whole.

https://ai.google.dev/api/generate-content#UsageMetadata. Counts are cumulative and a later object may have
fewer fields than an earlier one, so neither adding up nor merging field by field is right.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._view import view

WIRE = "google_generate_content"
OPERATION = "generate_content"

_UNSPECIFIED = ("FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")


def read(tally: Tally, event: Any) -> None:
    """Fold one `GenerateContentResponse`, of a stream or whole, into `tally`."""
    if isinstance(event, dict):
        event = view(event)  # pyright: ignore[reportUnknownArgumentType]
    for index, candidate in enumerate(event.candidates or ()):
        index = candidate.index or index
        reason = candidate.finish_reason
        if reason is not None and reason not in _UNSPECIFIED:
            tally.reasons[index] = reason
        elif index not in tally.reasons:
            tally.reasons[index] = None
    usage = event.usage_metadata
    if usage is not None:
        tally.usage, tally.count_tokens = usage, tokens
        _read_head(tally, view(event))
    elif tally.response_id is None or event.prompt_feedback is not None:
        _read_head(tally, view(event))


def _read_head(tally: Tally, event: Any) -> None:
    tally.response_id = tally.response_id or event.response_id
    tally.response_model = tally.response_model or event.model_version
    if event.usage_metadata is not None:
        tier = event.usage_metadata.service_tier
        tally.service_tier = getattr(tier, "value", tier) or tally.service_tier
    if event.prompt_feedback is not None and event.prompt_feedback.block_reason not in (None, *_UNSPECIFIED):
        tally.block_reason = event.prompt_feedback.block_reason


def tokens(usage: Any) -> Tokens:
    """The counts in one `usageMetadata`: thoughts are output and tool-use prompts are input, each beside its main count."""
    said = view(usage)
    prompt, tool_use = count(said.prompt_token_count), count(said.tool_use_prompt_token_count)
    candidates, thoughts = count(said.candidates_token_count), count(said.thoughts_token_count)
    return Tokens(
        input_tokens=_sum(prompt, tool_use),
        cached_tokens=count(said.cached_content_token_count),
        output_tokens=_sum(candidates, thoughts),
        total_tokens=count(said.total_token_count),
        reasoning_tokens=thoughts,
        input_audio_tokens=_audio(said.prompt_tokens_details),
        output_audio_tokens=_audio(said.candidates_tokens_details),
        tool_use_tokens=tool_use,
    )


def _sum(*counts: int | None) -> int | None:
    known = [number for number in counts if number is not None]
    return sum(known) if known else None


def _audio(details: Any) -> int | None:
    for detail in details if isinstance(details, list) else ():
        if str(getattr(detail.modality, "value", detail.modality)).upper() == "AUDIO":
            return count(detail.token_count)
    return None
