"""The telemetry's words in plain ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...pricing.items import ITEMS
from .figures import NOTHING

__all__ = ["COST", "OUTCOMES", "REASONS", "UNPRICED", "item"]

OUTCOMES: Final[Mapping[str, str]] = {
    "completed": "the answer came to its end",
    "interrupted": "the stream ran out before the provider had said why it stopped",
    "error": "an error ended it",
    "cancelled": "the task or the program was cancelled",
    "closed": "the app closed the stream before its end",
    "abandoned": "the app stopped reading the stream",
    NOTHING: "the span does not say",
}
"""`chunkmeter.outcome` -> what it means."""

REASONS: Final[Mapping[str, str]] = {
    "stop": "the model was done",
    "length": "cut off at a limit of tokens",
    "content_filter": "the provider held the answer back",
    "tool_call": "the model asked for a tool",
    "error": "the provider failed, or a reason was lost",
    "other": "a word of the provider's own",
    "none": "one was to come, and did not",
    NOTHING: "none told; embeddings have none",
}
"""`chunkmeter.finish_reason` -> what it means."""

COST: Final[Mapping[str, tuple[str, str]]] = {
    "partial": (
        "cost more than is counted here: their usage was told in part",
        "They ended before the provider's last word, so that their cost is a lower bound.",
    ),
    "incomplete": (
        "cost more than is counted here: a part has no price",
        "Their cost is a lower bound. A price file can name what is missing.",
    ),
    "estimated": ("priced by estimated tokens", "The provider told no usage, and estimates are switched on."),
    "assumed": (
        "priced as if the provider's own host had answered",
        "The host is not known to be the provider's. CHUNKMETER_SERVERS says whose it is.",
    ),
}
"""`chunkmeter.cost.status` of calls that have a cost -> what is said of such calls, and what that means."""

UNPRICED: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_model": ("no price is known for the model", "A price file (CHUNKMETER_PRICES) can name it."),
    "no_usage": (
        "the provider told no usage",
        "Streams of OpenAI's API tell it where it is asked for: stream_options={'include_usage': True}.",
    ),
    "impossible_usage": ("the counts are such as no call can have", "They are in no sum."),
    "failed": ("chunkmeter failed to read the answer", "Its log says why, at level DEBUG."),
    NOTHING: (
        "their spans say nothing of a cost",
        "Other instrumentations made them. chunkmeter's span processor adds the cost as spans are made.",
    ),
}
"""`chunkmeter.cost.status` of calls without a cost, or none -> why that is, and what can be done."""

_CLASSES: Final[Mapping[str, str]] = {
    "input": "Input tokens",
    "cache_read": "Input read from a cache",
    "cache_audio_read": "Audio read from a cache",
    "cache_image_read": "Images read from a cache",
    "cache_write": "Input written to a cache",
    "cache_write_1h": "Input written to a cache for an hour",
    "cache_write_12h": "Input written to a cache for 12 hours",
    "input_audio": "Audio in",
    "input_image": "Images in",
    "input_video": "Video in",
    "output": "Output tokens",
    "reasoning": "Reasoning",
    "output_audio": "Audio out",
    "output_image": "Images out",
    "output_video": "Video out",
}


def item(name: str) -> str:
    """A class of token, or an item that a call is charged for."""
    if name in _CLASSES:
        return _CLASSES[name]
    meaning = ITEMS[name].meaning if name in ITEMS else name
    return meaning[:1].upper() + meaning[1:]
