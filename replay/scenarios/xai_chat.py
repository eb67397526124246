"""xAI's variety of the chat completion wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replay.scenarios.base import compact, pieces


@dataclass(frozen=True, slots=True)
class XaiChat:
    """Writes one answer, streamed or not."""

    id: str
    model: str = "grok-3-mini"
    created: int = 1763800200
    fingerprint: str = "fp_2a885414fb"

    def stream(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": finish}
        return [
            *(self._chunk(choices=[{"index": 0, "delta": dict(delta)}]) for delta in deltas),
            self._chunk(choices=[last]),
            self._chunk(choices=[], usage=dict(usage)),
        ]

    def completion(self, message: Mapping[str, Any], finish: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        full = {"role": "assistant", "content": "", **message, "refusal": None}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": full, "finish_reason": finish}],
            "usage": dict(usage),
            "system_fingerprint": self.fingerprint,
        }

    def _chunk(self, **fields: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            **fields,
            "system_fingerprint": self.fingerprint,
        }


def usage_of(prompt: int, completion: int, *, reasoning: int, cached: int, ticks: int | None = None) -> dict[str, Any]:
    """The usage object, with what the call cost where ticks are given."""
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion + reasoning,
        "prompt_tokens_details": {
            "text_tokens": prompt,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": cached,
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
    }
    return usage if ticks is None else {**usage, "cost_in_usd_ticks": ticks}


def think(text: str) -> list[dict[str, Any]]:
    """Reasoning, streamed before the answer; the role comes with its first piece."""
    first, *rest = pieces(text, 12)
    return [
        {"reasoning_content": first, "role": "assistant"},
        *({"reasoning_content": piece} for piece in rest),
    ]


def tool_call(call_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A whole call: streams have it in one piece too."""
    return {
        "id": call_id,
        "function": {"name": name, "arguments": compact(arguments)},
        "index": 0,
        "type": "function",
    }
