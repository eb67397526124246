"""One call's facts, folded from what its chunks say, and the truth table of endings.

Pure: no OpenTelemetry, no SDK, nothing of ours. A reader (`chunkmeter.readers`) writes into a `Tally`
chunk by chunk; what is costly (counting tokens out of a usage object) waits until the call has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter
from typing import Any, Literal

__all__ = ["ENDINGS", "Ending", "Outcome", "Tally", "Tokens", "UsageStatus", "count"]

Ending = Literal["exhausted", "error", "cancelled", "closed", "collected"]
Outcome = Literal["completed", "interrupted", "error", "cancelled", "closed", "abandoned"]
UsageStatus = Literal["reported", "partial", "estimated", "missing", "failed"]

# How a stream came to its end -> (outcome if the provider had said why it stopped, outcome if it had not).
# "collected" stands for garbage collection, idleness and interpreter exit alike.
ENDINGS: dict[Ending, tuple[Outcome, Outcome]] = {
    "exhausted": ("completed", "interrupted"),
    "error": ("error", "error"),
    "cancelled": ("cancelled", "cancelled"),
    "closed": ("completed", "closed"),
    "collected": ("completed", "abandoned"),
}


@dataclass(slots=True)
class Tokens:
    """Token counts of one call; None where the provider said nothing.

    `input_tokens` includes cached ones, `output_tokens` includes reasoning: subsets are never added on top.
    """

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    tool_use_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    input_video_tokens: int | None = None
    input_document_tokens: int | None = None

    def __bool__(self) -> bool:
        return any(number is not None for number in _counts_of(self))


_counts_of = attrgetter(*(field.name for field in fields(Tokens)))


class Tally:
    """What one call's chunks have said so far. A later statement about the same thing replaces the earlier one."""

    __slots__ = (
        "block_reason",
        "cached_response",
        "chunks",
        "count_billed",
        "count_tokens",
        "failed",
        "provider_cost",
        "reasons",
        "region",
        "response_id",
        "response_model",
        "said",
        "service_tier",
        "usage",
        "wire",
    )

    def __init__(self) -> None:
        self.wire: str | None = None
        self.chunks = 0
        self.reasons: dict[int, Any] = {}
        """Raw finish reason by choice index; None for a choice that was seen but has none yet."""
        self.block_reason: str | None = None
        """Why the provider refused the prompt, where it then sends no choice or no reason (Google, Bedrock)."""
        self.usage: Any = None
        """The provider's usage object as the wire's rule keeps it: the last one, or the amended fields."""
        self.count_tokens: Callable[[Any], Tokens] | None = None
        """Reads `usage` on demand; set by the reader together with it."""
        self.count_billed: Callable[[Any], Tokens] | None = None
        """The same for what is charged for, where the provider counts that apart (Cohere)."""
        self.response_id: str | None = None
        self.response_model: str | None = None
        self.service_tier: str | None = None
        self.region: str | None = None
        """Where the call was served, where the provider says so."""
        self.cached_response: bool | None = None
        """Whether the answer came out of a gateway's cache, so that no model was asked."""
        self.provider_cost: float | None = None
        """USD as the provider itself charged it; 0.0 is a price, None is silence."""
        self.said: list[str] | None = None
        """The answer's text, piece by piece, where tokens are to be estimated; else None, so that nothing is kept."""
        self.failed = False
        """A reader raised on one of the chunks, so nothing here can be vouched for."""

    @property
    def final(self) -> bool:
        """Whether the provider said why it stopped, for every choice seen."""
        return self.block_reason is not None or (bool(self.reasons) and None not in self.reasons.values())

    def raw_reasons(self) -> list[str | None]:
        """The provider's own words in the order of choices, None where a choice got none."""
        return [_word(self.reasons[index]) for index in sorted(self.reasons)]

    def tokens(self) -> Tokens:
        """The token counts that the usage seen so far amounts to."""
        if self.usage is None or self.count_tokens is None:
            return Tokens()
        return self.count_tokens(self.usage)

    def billed(self, tokens: Tokens) -> Tokens:
        """The token counts that are charged for: `tokens`, unless the provider says others."""
        return tokens if self.count_billed is None else self.count_billed(self.usage) or tokens

    def outcome(self, ending: Ending) -> Outcome:
        """What became of the call, given how it ended."""
        return ENDINGS[ending][0 if self.final else 1]

    def usage_status(self, tokens: Tokens) -> UsageStatus:
        """How far to trust `tokens`: `partial` before the provider's last word, `failed` after a reader's error."""
        if self.failed:
            return "failed"
        if not tokens:
            return "missing"
        # A refused prompt has no output to count.
        whole = tokens.output_tokens is not None or self.block_reason is not None
        return "reported" if self.final and whole else "partial"


def count(value: Any) -> int | None:
    """`value` as a token count, or None: a negative, fractional, boolean or textual one is no count."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return int(value) if value == int(value) else None


def _word(reason: Any) -> str | None:
    if isinstance(reason, Enum):  # protocol buffers' enums have numbers for values, and the word for a name
        reason = reason.value if isinstance(reason.value, str) else reason.name
    return None if reason is None else str(reason)
