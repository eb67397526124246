"""Google interactions: each usage object replaces the one before; thoughts and tool use are counted beside the rest.

https://ai.google.dev/gemini-api/docs/interactions
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens, count
from ._grounding import by_tool, called
from ._usage import Table, counts, sum_of
from ._view import View, view

WIRE = "google_interactions"
OPERATION = "generate_content"

COUNTS = Table(
    {
        "input_tokens": ("total_input_tokens",),
        "cached_tokens": ("total_cached_tokens",),
        "output_tokens": ("total_output_tokens",),
        "total_tokens": ("total_tokens",),
        "reasoning_tokens": ("total_thought_tokens",),
        "tool_use_tokens": ("total_tool_use_tokens",),
    }
)
UNDER_WAY = frozenset({"queued", "in_progress"})

_BY_MODALITY = frozenset((
    "input_audio_tokens", "input_image_tokens", "input_video_tokens", "input_document_tokens", "output_audio_tokens",
    "output_image_tokens", "output_video_tokens", "cached_audio_tokens", "cached_image_tokens",
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
    for name in ("step", "content", "delta"):
        called(tally, said.object(name), said.index(0))
    for name in ("steps", "outputs"):
        for position, step in enumerate(interaction.objects(name)):
            called(tally, step, position)
    usage = interaction.object("usage", said.object("metadata").object("usage"))
    for item, number in by_tool(tally, usage.objects("grounding_tool_count")).items():
        tally.use(item, number)
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object: output has its thoughts beside it, input what tools put into the prompt."""
    said = view(usage)
    tokens = counts(said, COUNTS)
    tokens.input_tokens = sum_of(tokens.input_tokens, tokens.tool_use_tokens)
    tokens.output_tokens = sum_of(tokens.output_tokens, tokens.reasoning_tokens)
    for side in ("input", "cached", "output"):
        for detail in said.objects(f"{side}_tokens_by_modality"):
            field = f"{side}_{detail.modality}_tokens"
            if field in _BY_MODALITY:
                setattr(tokens, field, count(detail.tokens))
    if said.objects("cached_tokens_by_modality"):  # they leave out what was not cached
        for kind in ("audio", "image"):
            if getattr(tokens, f"input_{kind}_tokens") is not None and getattr(tokens, f"cached_{kind}_tokens") is None:
                setattr(tokens, f"cached_{kind}_tokens", 0)
    return tokens
