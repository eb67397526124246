"""Google interactions: each usage object replaces the one before; thoughts stand beside the output.

https://ai.google.dev/gemini-api/docs/interactions
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._usage import Table, counts, reasoning_beside
from ._view import View, view

WIRE = "google_interactions"
OPERATION = "generate_content"

COUNTS: Table = {
    "input_tokens": ("total_input_tokens",),
    "cached_tokens": ("total_cached_tokens",),
    "output_tokens": ("total_output_tokens",),
    "total_tokens": ("total_tokens",),
    "reasoning_tokens": ("total_thought_tokens",),
    "tool_use_tokens": ("total_tool_use_tokens",),
}
UNDER_WAY = frozenset({"queued", "in_progress"})

_BY_MODALITY = frozenset((
    "input_audio_tokens", "input_image_tokens", "input_video_tokens", "input_document_tokens", "output_audio_tokens",
    "output_image_tokens",
))  # fmt: skip


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole interaction, into `tally`."""
    said = View(event)
    interaction = said.object("interaction", said if said.get("object") == "interaction" else None)
    tally.response_id = tally.response_id or interaction.text("id")
    tally.response_model = tally.response_model or interaction.text("model")
    tally.service_tier = interaction.text("service_tier") or tally.service_tier
    status = interaction.text("status")
    if status is not None:
        tally.reasons[0] = None if status in UNDER_WAY else status
    usage = interaction.object("usage", said.object("metadata").object("usage"))
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object."""
    said = view(usage)
    tokens = reasoning_beside(counts(said, COUNTS))
    for side in ("input", "output"):
        for detail in said.objects(f"{side}_tokens_by_modality"):
            field = f"{side}_{detail.modality}_tokens"
            if field in _BY_MODALITY:
                setattr(tokens, field, count(detail.tokens))
    return tokens
