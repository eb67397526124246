"""OpenAI transcription: the last event has the usage, and nothing says why it stopped.

https://platform.openai.com/docs/api-reference/audio/transcript-text-done-event
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "openai_transcription"
OPERATION = "generate_content"

COUNTS: Table = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "total_tokens": ("total_tokens",),
    "input_audio_tokens": ("input_token_details.audio_tokens",),
}


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole transcription, into `tally`."""
    usage = View(event).object("usage")
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of a transcription."""
    return counts(view(usage), COUNTS)
