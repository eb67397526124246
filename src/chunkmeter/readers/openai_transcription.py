"""OpenAI's and Mistral's transcription and speech: the last event has the usage, and it alone says that all is over.

https://platform.openai.com/docs/api-reference/audio/transcript-text-done-event. Some models are charged by the token,
some by the second of what they heard: a usage has either, whisper's verbose answers have the duration alone. Mistral
counts both, and charges seconds. The events of Mistral's SDK have the object of the wire as `data`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "openai_transcription"
OPERATION = "generate_content"
REASONS = False

COUNTS = Table(
    {
        "input_tokens": ("input_tokens", "prompt_tokens"),
        "output_tokens": ("output_tokens", "completion_tokens"),
        "total_tokens": ("total_tokens",),
        "input_audio_tokens": ("input_token_details.audio_tokens",),
    }
)
SPOKEN = "speech.audio.done"
END = frozenset({"transcript.text.done", "transcription.done", SPOKEN})


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole transcription, into `tally`."""
    said = View(event)
    said = said.object("data", said)
    kind = said.text("type")
    if kind in END or (kind is None and isinstance(said.get("text"), str)):
        tally.ended = True
    tally.response_model = tally.response_model or said.text("model")
    usage = said.object("usage")
    heard = usage.get("prompt_audio_seconds")  # Mistral
    tally.use("audio_second", usage.get("seconds") if heard is None else heard)
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, spoken if kind == SPOKEN else tokens
        tally.count_billed = None if heard is None else nothing
    elif "audio_second" not in tally.items:
        tally.use("audio_second", said.get("duration"))


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of a transcription."""
    return counts(view(usage), COUNTS)


def spoken(usage: Any) -> Tokens:
    """The counts in the usage object of a speech, whose output is audio."""
    said = tokens(usage)
    return replace(said, output_audio_tokens=said.output_tokens)


def nothing(usage: Any) -> Tokens:
    """No tokens that go in or out, and the total, which says that this is the service's count of what it charges."""
    return Tokens(total_tokens=tokens(usage).total_tokens or 0)
