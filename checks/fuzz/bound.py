"""The most that the events of a stream can amount to, by the numbers in them. Knows nothing of chunkmeter.

A service's counts are of the call so far, and are said again as it goes on; sessions count each answer by itself. So a
count is one of the numbers that some
event has under a fitting name; one that is made of parts has at most one number of each place, so it is no more than
the greatest numbers of as many places. A sum over events soon is more than that.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

__all__ = ["Bound"]

# How services name what they count, lower case and without underscores. `total` says whose output is counted by total.
_NAMES = {
    "input_tokens": re.compile(r"input|prompt|cache|tool|connector|statistics"),
    "output_tokens": re.compile(
        r"output|completion|candidates|responsetoken|generat|(?<!prompt)evalcount|reasoning|thought|thinking"
    ),
    "total_tokens": re.compile(r"total"),
    "cached_tokens": re.compile(r"cache"),
    "cache_write_tokens": re.compile(r"cache"),
    "cache_write_1h_tokens": re.compile(r"cache.*1h|cachedetails"),
    "reasoning_tokens": re.compile(r"reasoning|thought|thinking"),
    "input_audio_tokens": re.compile(r"audio|prompttokensdetails|bymodality"),
    "output_audio_tokens": re.compile(r"audio|candidatestokensdetails|responsetokensdetails|outputtokensbymodality"),
    "tool_use_tokens": re.compile(r"tool|connector"),
}
FIELDS = tuple(_NAMES)
# How many numbers a count is the sum of, where it is not one that the service says itself:
# - Anthropic and Bedrock count cached tokens, read and written, outside the input; Anthropic says no total.
# - xAI, Google and whoever speaks as they do count reasoning outside the output; Google tool use outside the prompt,
#   and Mistral audio and what its connectors bring.
_CACHE_OUTSIDE = {"input_tokens": 3}
_REASONING_OUTSIDE = {"output_tokens": 2}
_INPUT_OUTSIDE = {"input_tokens": 2}
_PARTS: dict[str, dict[str, int]] = {
    "anthropic_messages": _CACHE_OUTSIDE | {"total_tokens": 4},
    "bedrock_converse": _CACHE_OUTSIDE,
    "bedrock_invoke": _CACHE_OUTSIDE | _REASONING_OUTSIDE | {"total_tokens": 4},
    "google_generate_content": _REASONING_OUTSIDE | _INPUT_OUTSIDE,
    "google_interactions": _REASONING_OUTSIDE | _INPUT_OUTSIDE,
    "mistral_conversations": _INPUT_OUTSIDE,
    "openai_assistants": _REASONING_OUTSIDE,
    "openai_chat": _REASONING_OUTSIDE,
    "openai_completions": _REASONING_OUTSIDE,
    "openai_responses": _REASONING_OUTSIDE,
    "xai_sdk": _REASONING_OUTSIDE,
}
_ANY_WIRE = _CACHE_OUTSIDE | _REASONING_OUTSIDE | {"total_tokens": 4}
_SUM_OF_ALL = re.compile("|".join(_NAMES[name].pattern for name in ("input_tokens", "output_tokens", "total_tokens")))
# Google's older SDKs have no field for thoughts, and over OpenAI's wire it fills none: the output is the total less the
# input.
_OUTPUT_BY_TOTAL = (
    "google_generate_content", "openai_assistants", "openai_chat", "openai_completions", "bedrock_invoke", None,
)  # fmt: skip
# All that embeddings count is what goes in, which some services call the total.
_INPUT_BY_TOTAL = ("openai_embeddings", None)
_INPUT_OR_TOTAL = re.compile("|".join(_NAMES[name].pattern for name in ("input_tokens", "total_tokens")))
# What comes out of a speech is audio, whatever the wire calls it.
_SPEECH = ("openai_transcription", None)
# Each answer of a session, each entry of Anthropic's list of iterations and each embedding of Vertex AI's is counted by
# itself: they are added up.
_SESSIONS = ("google_live", "openai_realtime", None)
_LISTED = re.compile("iterations|statistics")
# A count above this, which no call has, reads as this.
_MOST = 2**53 - 1


class Bound:
    """What the events added so far allow for.

    Args:
        wire: whose events they are; None if that isn't told, so that anything any wire does may be.
    """

    def __init__(self, wire: str | None) -> None:
        self._wire = wire
        self._parts = _ANY_WIRE if wire is None else _PARTS.get(wire, {})
        self._numbers: dict[str, set[int]] = {}
        """By place."""
        self._sums: dict[str, int] = {}
        """Of all events of a session, by place."""
        self._added: dict[int, Any] = {}

    def add(self, event: Any) -> bool:
        """The stream goes on with `event`; says whether that is new, and not the same object again."""
        new = id(event) not in self._added
        if not new and self._wire not in _SESSIONS:
            return False
        self._added[id(event)] = event
        found: dict[str, list[int]] = {}
        for place, number in numbers(event):
            found.setdefault(place, []).append(number)
        for place, said in found.items():
            known = self._numbers.setdefault(place, set())
            known.update(said)
            if _LISTED.search(place):
                known.update(itertools.accumulate(said))
            if self._wire in _SESSIONS:
                known.add(self._sums.get(place, 0) + sum(said))
                self._sums[place] = self._sums.get(place, 0) + sum(said)
        return new

    def broken_by(self, field: str, count: int) -> str | None:
        """Why `count` can't be, if it can't."""
        parts = self._parts.get(field, 1)
        beside = field == "input_tokens" and any("audio" in place for place in self._numbers)
        if beside or self._wire in _SESSIONS:  # Mistral's audio; a session's transcriptions beside its responses
            parts = max(parts, 2)
        if field == "output_audio_tokens" and self._wire in _SPEECH:
            field = "output_tokens"
        names = _SUM_OF_ALL if parts == 4 else _NAMES[field]
        if field == "input_tokens" and self._wire in _INPUT_BY_TOTAL:
            names = _INPUT_OR_TOTAL
        places = {place: said for place, said in self._numbers.items() if names.search(place)}
        most = sum(sorted(map(max, places.values()))[-parts:])
        if field == "output_tokens" and self._wire in _OUTPUT_BY_TOTAL:
            most = max([most, *(max(said) for place, said in self._numbers.items() if "total" in place)])
        if count > most:
            return f"{field} is {count}, and the events so far say no more than {most}"
        if parts == 1 and not any(count in said for said in places.values()):
            return f"{field} is {count}, which no event so far says"
        return None


def numbers(event: Any) -> Iterator[tuple[str, int]]:
    """The whole numbers in an event that could count tokens, each with its place: the names on the way to it."""
    left: list[tuple[str, Any]] = [("", event)]
    while left:
        place, value = left.pop()
        if isinstance(value, SimpleNamespace):
            value = vars(value)
        if isinstance(value, dict):
            said = cast("dict[str, Any]", value)
            left += [(f"{place}.{_plain(name)}", inner) for name, inner in said.items()]
        elif isinstance(value, list):
            left += [(place, inner) for inner in cast("list[Any]", value)]
        elif isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            if value >= _MOST:
                yield place, _MOST
            elif value % 1 == 0:
                yield place, int(value)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
