"""Google's generateContent wire, which `google`, `gemini` and `vertex` share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replay.scenarios.base import pieces

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """Writes one answer, streamed or not."""

    model: str
    id: str | None = None
    """The answer has none if there is none here."""
    created: str | None = None
    """The same; Vertex AI says it, and does not number its candidates."""

    def stream(
        self, parts: Sequence[Sequence[Part]], finish: str, usages: Sequence[Mapping[str, Any]]
    ) -> tuple[bytes, ...]:
        """An event for each list of parts; the last has the finish reason."""
        last = len(parts) - 1
        events = (
            self.event(content, finish if at == last else None, counts)
            for at, (content, counts) in enumerate(zip(parts, usages, strict=True))
        )
        # Blanks after colons but not after commas: that is how Google streams.
        return tuple(f"data: {json.dumps(event, separators=(',', ': '))}\r\n\r\n".encode() for event in events)

    def call(self, content: Sequence[Part], finish: str, counts: Mapping[str, Any]) -> tuple[bytes, ...]:
        """The body of an answer that does not stream."""
        return (json.dumps(self.event(content, finish, counts), indent=2).encode(),)

    def event(self, content: Sequence[Part], finish: str | None, counts: Mapping[str, Any]) -> dict[str, Any]:
        """One `GenerateContentResponse`."""
        candidate: dict[str, Any] = {"content": {"parts": [dict(part) for part in content], "role": "model"}}
        if finish is not None:
            candidate["finishReason"] = finish
        if self.created is None:
            candidate["index"] = 0
        said = {"modelVersion": self.model, "createTime": self.created, "responseId": self.id}
        event = {"candidates": [candidate], "usageMetadata": dict(counts), **said}
        return {name: value for name, value in event.items() if value is not None}


def usage(prompt: int, candidates: int | None, *, thoughts: int = 0, cached: int = 0) -> dict[str, Any]:
    """The usage object: Google leaves out what is zero."""
    counts: dict[str, Any] = {"promptTokenCount": prompt}
    if candidates is not None:
        counts["candidatesTokenCount"] = candidates
    counts["totalTokenCount"] = prompt + (candidates or 0) + thoughts
    if cached:
        counts["cachedContentTokenCount"] = cached
    counts["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": prompt}]
    if cached:
        counts["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": cached}]
    return {**counts, "thoughtsTokenCount": thoughts} if thoughts else counts


def texts(text: str, size: int) -> list[list[Part]]:
    """The parts of a streamed text, one piece an event."""
    return [[{"text": piece}] for piece in pieces(text, size)]


def calling(name: str, arguments: Mapping[str, Any]) -> Part:
    """The part that calls a function."""
    return {"functionCall": {"name": name, "args": dict(arguments)}}
