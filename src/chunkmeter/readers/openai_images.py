"""OpenAI images, generated or edited: the last event has the usage, and is the only word on how it ended.

https://platform.openai.com/docs/api-reference/images-streaming. The output is the image, all of it where the usage
doesn't part it. Without a usage, as from DALL-E, images are charged by the piece.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._fees import note_charge
from ._usage import Table, counts
from ._view import View, view

WIRE = "openai_images"
OPERATION = "generate_content"
REASONS = False

COUNTS = Table(
    {
        "input_tokens": ("input_tokens",),
        "cached_tokens": ("input_tokens_details.cached_tokens",),
        "cached_image_tokens": ("input_tokens_details.cached_tokens_details.image_tokens",),
        "output_tokens": ("output_tokens",),
        "total_tokens": ("total_tokens",),
        "input_image_tokens": ("input_tokens_details.image_tokens",),
        "output_image_tokens": ("output_tokens_details.image_tokens", "output_tokens"),
    }
)
END = frozenset({"image_generation.completed", "image_edit.completed"})


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole answer, into `tally`."""
    said = View(event)
    kind = said.text("type", "object")
    if kind in END or (kind is None and isinstance(said.data, list)):
        tally.ended = True
    usage = said.object("usage")
    note_charge(tally, usage)  # xAI
    counted = counts(usage, COUNTS)
    # LiteLLM writes zeros where a service has told nothing.
    if counted.input_tokens or counted.output_tokens:
        tally.usage, tally.count_tokens = usage, tokens
    elif kind in END:
        tally.ran("image", hash(said.text("b64_json", "url")))  # which tells an image said twice from the next one
    else:
        tally.use("image", len(said.objects("data")))


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of an image."""
    return counts(view(usage), COUNTS)
