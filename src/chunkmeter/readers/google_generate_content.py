"""Google generate content (Gemini API and Vertex AI): each usage object replaces the one before as a whole.

https://ai.google.dev/api/generate-content#UsageMetadata. Counts are cumulative and a later object may have
fewer fields than an earlier one, so neither adding up nor merging field by field is right.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..facts.tally import Tally, Tokens, count
from ._grounding import used
from ._message import message_of
from ._usage import sum_of
from ._view import View, view

WIRE = "google_generate_content"
OPERATION = "generate_content"

# Values that stand for no reason; 0 is the protocol buffers' number for them.
_UNSPECIFIED = ("", 0, "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")

_USUAL_TRAFFIC = ("ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED")
# https://ai.google.dev/api/generate-content#Modality
_MODALITIES: dict[float, str] = {2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}


def read(tally: Tally, event: Any) -> None:
    """Fold one `GenerateContentResponse`, of a stream or whole, into `tally`."""
    message = message_of(event)
    if message is not None:
        _read(tally, message)
        return
    # Nearly every chunk brings only text and a new usage object. Plain attribute access finds that out quickly.
    try:
        candidates, usage = event.candidates, event.usage_metadata
        for candidate in candidates:
            if (
                candidate.finish_reason
                or candidate.grounding_metadata is not None
                or (candidate.index or 0) not in tally.reasons
            ):
                break
        else:
            named = (tally.response_id or not event.response_id) and (tally.response_model or not event.model_version)
            if candidates and named and (usage is None or usage.prompt_token_count is not None):
                if usage is not None:
                    tally.usage, tally.count_tokens = usage, tokens
                return
    except (AttributeError, TypeError):
        pass  # the event is a dict, lacks a field or has no candidates
    _read(tally, View(event))


def _read(tally: Tally, event: View) -> None:
    """Fold a chunk that may say something new, whatever its shape."""
    tally.response_id = tally.response_id or event.text("response_id")
    tally.response_model = tally.response_model or event.text("model_version")
    candidates = event.objects("candidates")
    for position, candidate in enumerate(candidates):
        index, reason = candidate.index(position), _said(candidate.finish_reason)
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
    metadata = [found for each in candidates if isinstance(found := each.get("grounding_metadata"), View)]
    fetched = any(each.get("url_context_metadata") is not None for each in candidates)
    for item, number in used(tally, metadata, fetched=fetched).items() if metadata else ():
        tally.use(item, number)
    usage = event.object("usage_metadata")
    tally.service_tier = tier_of(usage) or tally.service_tier
    # A usage object without counts replaces none: Vertex AI sends some that have a traffic type alone.
    if tokens(usage):
        tally.usage, tally.count_tokens = usage, tokens
    block_reason = _said(event.object("prompt_feedback").block_reason)
    if block_reason is not None:
        tally.block_reason = block_reason


def tier_of(usage: View) -> str | None:
    """The tier that served the call; Vertex AI has a traffic type in its place. None where the usage names none."""
    traffic = usage.text("traffic_type")
    return usage.text("service_tier") or (traffic if traffic not in _USUAL_TRAFFIC else None)


def _said(reason: Any) -> Any:
    return reason if isinstance(reason, str | int | Enum) and reason not in _UNSPECIFIED else None


def tokens(usage: Any) -> Tokens:
    """The counts in one `usageMetadata`. Thoughts are added to its output, tool-use prompts to its input."""
    said: View = view(usage)
    prompt, tool_use = count(said.prompt_token_count), count(said.tool_use_prompt_token_count)
    given, cached = _by_modality(said, "prompt_tokens_details"), _by_modality(said, "cache_tokens_details")
    made = _by_modality(said, "candidates_tokens_details", "response_tokens_details")
    candidates, thoughts = count(said.candidates_token_count), count(said.thoughts_token_count)
    if candidates is None:
        candidates = count(said.response_token_count)  # the Live API
    input_, output, total = sum_of(prompt, tool_use), sum_of(candidates, thoughts), count(said.total_token_count)
    if not said.knows("thoughts_token_count") and (total or 0) > (input_ or 0) + (output or 0):
        output = (total or 0) - (input_ or 0)  # an SDK without a field for thoughts has them in the total alone
    return Tokens(
        input_tokens=input_,
        cached_tokens=count(said.cached_content_token_count),
        cached_audio_tokens=_cached("AUDIO", cached, given),
        cached_image_tokens=_cached("IMAGE", cached, given),
        output_tokens=output,
        total_tokens=total,
        reasoning_tokens=thoughts,
        input_audio_tokens=given.get("AUDIO"),
        output_audio_tokens=made.get("AUDIO"),
        input_image_tokens=given.get("IMAGE"),
        output_image_tokens=made.get("IMAGE"),
        input_video_tokens=given.get("VIDEO"),
        output_video_tokens=made.get("VIDEO"),
        input_document_tokens=given.get("DOCUMENT"),
        tool_use_tokens=tool_use,
    )


def _by_modality(usage: View, *names: str) -> dict[str | None, int | None]:
    """The tokens by modality in the first list under these names, of each the first count."""
    details = next((found for name in names if (found := usage.objects(name))), ())
    counted: dict[str | None, int | None] = {}
    for detail in details:
        modality = detail.get("modality")
        if isinstance(modality, str):
            word: str | None = str.__str__(modality)  # an enum's may have a hash of its own
        else:  # some SDKs' protocol buffers give it by its number
            word = _MODALITIES.get(modality) if isinstance(modality, int | float) else None
        counted.setdefault(word, count(detail.get("token_count")))
    return counted


def _cached(modality: str, cached: dict[str | None, int | None], given: dict[str | None, int | None]) -> int | None:
    """The cached tokens of one modality; 0 where others are listed, and none of the prompt's in this one was cached."""
    number = cached.get(modality)
    return 0 if number is None and cached and given.get(modality) is not None else number
