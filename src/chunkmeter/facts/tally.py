"""What the chunks of one call have said so far, and the truth table of endings.

Only readers (`chunkmeter.readers`) and dialects (`chunkmeter.foreign`) write facts into a `Tally`. Counting the tokens
in a usage object is costly, and waits until the call has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from enum import Enum
from math import inf
from typing import Any, Final, Literal

from .. import text
from ..pricing.items import ITEMS, Inner
from ..pricing.tokens import Tokens

__all__ = [
    "ENDINGS", "MOST_COUNTED", "Ending", "Inner", "Outcome", "Tally", "Tokens", "UsageStatus", "count", "quantity",
]  # fmt: skip

MOST_COUNTED: Final = 2**53 - 1
"""The largest count: every float and JSON reader keeps it exact, and OTLP's integers have room for it."""

Ending = Literal["exhausted", "error", "cancelled", "closed", "collected"]
Outcome = Literal["completed", "interrupted", "error", "cancelled", "closed", "abandoned"]
UsageStatus = Literal["reported", "partial", "estimated", "missing", "failed"]

# How a stream ended -> (outcome if the provider had given every finish reason, outcome if it had not).
# "collected" stands for garbage collection, for idleness and for the exit of the interpreter.
ENDINGS: dict[Ending, tuple[Outcome, Outcome]] = {
    "exhausted": ("completed", "interrupted"),
    "error": ("error", "error"),
    "cancelled": ("cancelled", "cancelled"),
    "closed": ("completed", "closed"),
    "collected": ("completed", "abandoned"),
}

_HIGHEST = 2**31  # an enum's number is below
_NO_WORD = "unknown"
_NUMBERS = (int, float)  # a union would be made anew each time that it is asked for
_MORE = "more"
"""The item that stands for all beyond the most that are told apart."""


class Tally:
    """What one call's chunks have said so far. A later statement about the same thing replaces the earlier one.

    Readers put text here as it came, since most of it is never looked at; `clean` is for whoever takes it out.

    Args:
        wire: the wire format of the chunks, where it is known before the first of them.
        keeps_text: whether the answer's text is kept, to estimate tokens from.
        request_model: the model asked for, where it is known: some services count in another way for older models.
    """

    # What most calls leave as it is stands here, as the class's own: so a call is spared to set it.
    wire: str | None
    request_model: str | None
    reasons: dict[int, Any]
    """Raw finish reason by choice index; None for a choice that was seen but has none yet."""
    block_reason: str | None = None
    """Why the provider refused the prompt, where it then sends no choice or no reason (Google, Bedrock)."""
    ended: bool = False
    """Whether the provider said that the answer is whole, on a wire that has no word for why it stopped."""
    vectors: bool = False
    """Whether the answer is embeddings, which are no tokens, so that there is no output to count."""
    usage: Any = None
    """The usage as the reader keeps it: the provider's last usage object, or fields that later ones amend."""
    count_tokens: Callable[[Any], Tokens] | None = None
    """Counts the tokens in `usage`; the reader sets both together."""
    count_billed: Callable[[Any], Tokens] | None = None
    """Counts the tokens in `usage` that are charged for, where the provider counts them apart (Cohere)."""
    items: dict[str, int | float]
    """What else the call is charged for, by item (`pricing.items`), each with its count so far."""
    runs: dict[str, set[Hashable]]
    """The runs of tools by item, on wires that tell them one by one and may tell them twice."""
    waived: set[str]
    """The items that cost this call nothing, whatever tells of them."""
    tells_runs: bool = False
    """Whether a chunk that otherwise brings only text may tell of runs, as Groq's may."""
    going_on: tuple[Any, Any] | None = None
    """The choice and the tier of the last chunk, where one more piece of text with both says nothing new."""
    untold: tuple[str, ...] = ()
    """What the call may be charged for and its source never tells of, in the words of `Priced.unpriced`."""
    inner: list[Inner]
    """The calls of models that this call is made of, where the provider tells them one by one and charges each."""
    response_id: str | None = None
    response_model: str | None = None
    several_models: bool = False
    """Whether the usage is that of several models: no one model's prices fit it."""
    service_tier: str | None = None
    region: str | None = None
    """Where the call was served, where the provider says so."""
    cached_response: bool | None = None
    """Whether the answer came out of a gateway's cache, so that no model was asked."""
    provider_cost: float | None = None
    """What the provider itself charged, in USD; 0.0 is a charge, None means that it said nothing."""
    said: list[str] | None = None
    """The answer's text, piece by piece; None where it is not kept."""

    def __init__(self, wire: str | None = None, *, keeps_text: bool = False, request_model: str | None = None) -> None:
        self.wire, self.request_model = wire, request_model
        self.reasons, self.items, self.runs, self.waived, self.inner = {}, {}, {}, set(), []
        if keeps_text:
            self.said = []

    @property
    def final(self) -> bool:
        """Whether every choice seen has a finish reason, or the prompt was refused, or an end came without choices."""
        stopped = None not in self.reasons.values() if self.reasons else self.ended
        return stopped or self.block_reason is not None

    def clean(self) -> None:
        """Clean the text that the chunks brought, as `chunkmeter.text` does."""
        self.going_on = None  # what is cleaned may be said again
        self.response_id = text.name(self.response_id, text.LONGEST)
        model, tier = self.response_model, self.service_tier
        if type(model) is not str or model not in text.usual:
            self.response_model = text.again(model)
        if tier is not None and (type(tier) is not str or tier not in text.usual):
            self.service_tier = text.again(tier)
        if self.region is not None:
            self.region = text.name(self.region)
        if self.block_reason is not None:
            self.block_reason = _word(self.block_reason)
        if self.inner:
            self.inner = [replace(each, model=each.model and text.clean(str(each.model))) for each in self.inner]
        if self.items:
            self._clean_items()

    def _clean_items(self) -> None:
        named = [*self.items.items()]
        self.items = {}
        for item, number in named:
            known = text.clean(str(item)) if len(self.items) < text.ITEMS else _MORE
            self.items[known] = self.items.get(known, 0) + number

    def raw_reasons(self) -> list[str | None]:
        """The provider's own finish reasons in the order of choices; None for a choice without one."""
        if len(self.reasons) == 1:
            (reason,) = self.reasons.values()
            return [reason if type(reason) is str and reason in text.usual else _word(reason)]
        return [_word(self.reasons[index]) for index in sorted(self.reasons)]

    def tokens(self) -> Tokens:
        """The token counts in the usage so far."""
        if self.usage is None or self.count_tokens is None:
            return Tokens()
        return self.count_tokens(self.usage)

    def billed(self, tokens: Tokens) -> Tokens:
        """The token counts that are charged for: those that the provider counts apart, else `tokens`."""
        return tokens if self.count_billed is None else self.count_billed(self.usage) or tokens

    def use(self, item: str, number: Any) -> None:
        """Note that the call has used so many of an item; a later number replaces it, where it is one and not 0."""
        so_many = quantity(number)
        if so_many and item not in self.waived:
            self.items[item] = so_many

    def ran(self, item: str, which: Hashable) -> None:
        """Note one run of a tool; what is said again of the same run is still one."""
        known = self.runs.setdefault(item, set())
        known.add(which)
        self.use(item, len(known))

    def waive(self, item: str) -> None:
        """Note that an item costs this call nothing."""
        self.waived.add(item)
        self.items.pop(item, None)

    def forget_text(self) -> None:
        """Drop the answer's text, since a call may be held long after its end."""
        if self.said is not None:
            self.said = None

    def outcome(self, ending: Ending) -> Outcome:
        """What became of the call, by how its stream ended."""
        return ENDINGS[ending][0 if self.final else 1]

    def usage_status(self, tokens: Tokens, *, failed: bool = False) -> UsageStatus:
        """How far to trust `tokens`, which are `partial` until every choice has ended and both sides are counted.

        Args:
            tokens: the counts of this tally.
            failed: whether a reader raised an error, so that the tally can't be trusted.
        """
        if failed:
            return "failed"
        if tokens.input_tokens is not None and tokens.output_tokens is not None:  # so it is of nearly every call
            return "reported" if self.final else "partial"
        if tokens.input_tokens is None and not tokens:
            if any(name in ITEMS and ITEMS[name].measures for name in self.items):
                return "reported" if self.final else "partial"
            return "missing"
        return "reported" if self.final and self.counts_both(tokens) else "partial"

    def counts_both(self, tokens: Tokens) -> bool:
        """Whether `tokens` count what went in and what came out; a refused prompt and embeddings have no output."""
        made = tokens.output_tokens is not None or self.block_reason is not None or self.vectors
        return tokens.input_tokens is not None and made


def count(value: Any) -> int | None:
    """`value` as a token count; None where it is negative, fractional, boolean or no number.

    One that is too large reads as the largest count there is. No call can have that, and so it stays impossible.
    """
    if value is None:
        return None
    if type(value) is int and 0 <= value < MOST_COUNTED:
        return value
    if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not value >= 0:
        return None
    if value >= MOST_COUNTED:
        return MOST_COUNTED
    return int(value) if value == int(value) else None


def quantity(value: Any) -> int | float | None:
    """`value` as a count of items, which may be a fraction; None where it is no number.

    One that no call can have, such as -1, reads as infinite, and so it stays impossible: dropped, it would read as
    unused.
    """
    if value is None or isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return None
    return value if 0 <= value < MOST_COUNTED else inf


def _word(reason: Any) -> str | None:
    if type(reason) is str:
        return text.again(reason) or _NO_WORD
    if isinstance(reason, Enum):  # a protocol buffer's enum has a number as its value, and the word as its name
        reason = reason.value if isinstance(reason.value, str) else reason.name
    if reason is None:
        return None
    # An integer of many thousand digits has no text. A reason was given all the same.
    return text.name(str(reason) if isinstance(reason, int) and 0 <= reason < _HIGHEST else reason) or _NO_WORD
