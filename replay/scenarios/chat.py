"""OpenAI's chat completion wire, which `openai` and `litellm` (its OpenAI route) share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replay.scenarios.base import compact, pieces

_PADDING = "k3VtQz9LmWx0RbYc7Hd"


def usage(
    prompt: int,
    completion: int,
    *,
    cached: int = 0,
    reasoning: int = 0,
    audio_in: int = 0,
    audio_out: int = 0,
) -> dict[str, Any]:
    """The usage object: cached and audio are parts of prompt, reasoning and audio parts of completion."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": audio_in},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@dataclass(frozen=True, slots=True)
class Chat:
    """Writes one answer, streamed or not."""

    id: str
    model: str
    created: int
    fingerprint: str | None = "fp_51db84afab"

    def stream(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage_object: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The usual stream: deltas, the finish chunk, the usage chunk without choices."""
        return [
            *(self.chunk(delta) for delta in deltas),
            self.chunk({}, finish=finish),
            self.usage_chunk(usage_object),
        ]

    def chunk(self, delta: Mapping[str, Any], *, index: int = 0, finish: str | None = None) -> dict[str, Any]:
        """One chunk with one choice; `usage` is null because the client asked for usage."""
        choice = {"index": index, "delta": dict(delta), "logprobs": None, "finish_reason": finish}
        return self._envelope([choice], None)

    def usage_chunk(self, usage_object: Mapping[str, Any]) -> dict[str, Any]:
        """The last chunk: usage, and no choices at all."""
        return self._envelope([], dict(usage_object))

    def completion(self, message: Mapping[str, Any], finish: str, usage_object: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a call that does not stream."""
        full: dict[str, Any] = {
            "role": "assistant",
            "content": None,
            **message,
            "refusal": None,
            "annotations": [],
        }
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": full, "logprobs": None, "finish_reason": finish}],
            "usage": dict(usage_object),
            "service_tier": "default",
            "system_fingerprint": self.fingerprint,
        }

    def _envelope(self, choices: list[dict[str, Any]], usage_object: dict[str, Any] | None) -> dict[str, Any]:
        event: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": self.fingerprint,
            "choices": choices,
            "usage": usage_object,
        }
        # OpenAI pads every event, so that its length on the network does not give the token away.
        return {**event, "obfuscation": _PADDING[: 4 + len(compact(choices)) % 13]}


def text_deltas(text: str, size: int = 9) -> list[dict[str, Any]]:
    """An empty delta with the role, then the text."""
    first = {"role": "assistant", "content": "", "refusal": None}
    return [first, *({"content": piece} for piece in pieces(text, size))]


def tool_deltas(call_id: str, name: str, arguments: Mapping[str, Any], *, at: int = 0) -> list[dict[str, Any]]:
    """The name alone, then the arguments in pieces; the first call also carries the role."""
    head = {"index": at, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
    first: dict[str, Any] = {"tool_calls": [head]}
    if at == 0:
        first = {"role": "assistant", "content": None, **first, "refusal": None}
    rest = (
        {"tool_calls": [{"index": at, "function": {"arguments": piece}}]} for piece in pieces(compact(arguments), 7)
    )
    return [first, *rest]


def tool_call(call_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A whole call, as in a message."""
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": compact(arguments)},
    }
