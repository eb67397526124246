"""What a price source is asked, what it answers, and the classes that a cost is split into. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Literal, Protocol

from .. import semconv

__all__ = [
    "CLASSES",
    "PARTS",
    "UNKNOWN_MODEL",
    "Answer",
    "CostStatus",
    "Otherwise",
    "Priced",
    "Question",
    "TokenCounts",
    "Unpriced",
    "classes",
    "cost_of",
    "impossible",
]

CostStatus = Literal["known", "partial", "estimated", "unknown_model", "no_usage", "impossible_usage", "failed"]
"""`known`, `partial` and `estimated` say how far to trust a cost, the others why there is none."""

_MILLION = 1_000_000
_NOTHING = Decimal(0)


class TokenCounts(Protocol):
    """The counts a price depends on; `Usage` and `Tokens` both have them."""

    # ruff: noqa: D102 -- the names say it
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def cached_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def cache_write_tokens(self) -> int | None: ...
    @property
    def cache_write_1h_tokens(self) -> int | None: ...
    @property
    def reasoning_tokens(self) -> int | None: ...
    @property
    def input_audio_tokens(self) -> int | None: ...
    @property
    def output_audio_tokens(self) -> int | None: ...
    @property
    def input_image_tokens(self) -> int | None: ...
    @property
    def output_image_tokens(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """A call to be priced.

    Attributes:
        usage: token counts; input includes cached tokens, output includes reasoning.
        model: the model that answered.
        request_model: the model asked for.
        provider: the conventions' name of the provider, None if unknown.
        service_tier: the tier that served the call, in lower case (flex, priority, batch, fast, ...).
        region: where it was served, as the provider names it.
        server_address: host that served it.
        provider_cost: USD that the provider itself returned.
        at: when the request was made.
    """

    usage: TokenCounts | None
    model: str | None = None
    request_model: str | None = None
    provider: str | None = None
    service_tier: str | None = None
    region: str | None = None
    server_address: str | None = None
    provider_cost: float | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def names(self) -> tuple[str, ...]:
        """The model's names, the one that answered first: whoever answers is paid."""
        return tuple(name for name in dict.fromkeys((self.model, self.request_model)) if name)


@dataclass(frozen=True, slots=True)
class Priced:
    """What a call cost.

    Attributes:
        amount: in `currency`.
        currency: ISO 4217 code.
        source: `provider` where the response carried the cost, else `local`.
        model: the price table's id of the model, None where the provider priced it.
        version: name and version of the price table, None where the provider priced it.
        split: `amount` by class of token (see `CLASSES`), in parts that don't overlap: `input` and `output` without
            what stands apart, and each other class whose count the usage states; a fee for the call as a whole is
            `request`. Empty where the provider priced it.
        multiplier: what the table's price was multiplied with, 1 where nothing was agreed.
    """

    amount: Decimal
    currency: str = semconv.CURRENCY
    source: Literal["provider", "local"] = "local"
    model: str | None = None
    version: str | None = None
    split: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    multiplier: Decimal = Decimal(1)

    @property
    def table(self) -> str:
        """Where the price stands: `provider`, or the name of the price table."""
        return "provider" if self.version is None else self.version.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """There is no cost, and why. Not the same as a cost of 0."""

    reason: CostStatus


Answer = Priced | Unpriced
Otherwise = Callable[[Question], Answer]
"""Who is asked next: a source answers itself, or has this answer the same question or a clearer one."""
UNKNOWN_MODEL = Unpriced("unknown_model")


# Class of token -> the field of its count, and the class it is priced as where it has no price of its own.
CLASSES: Mapping[str, tuple[str, str | None]] = {
    "input": ("input_tokens", None),
    "cache_read": ("cached_tokens", "input"),
    "cache_write": ("cache_write_tokens", "input"),
    "cache_write_1h": ("cache_write_1h_tokens", "cache_write"),
    "input_audio": ("input_audio_tokens", "input"),
    "input_image": ("input_image_tokens", "input"),
    "output": ("output_tokens", None),
    "reasoning": ("reasoning_tokens", "output"),
    "output_audio": ("output_audio_tokens", "output"),
    "output_image": ("output_image_tokens", "output"),
}


# The classes that lie in another's count, in the order in which they are taken out of it.
PARTS: Mapping[str, tuple[str, ...]] = {
    "input": ("cache_read", "cache_write", "cache_write_1h", "input_audio", "input_image"),
    "output": ("output_audio", "output_image", "reasoning"),
}
_counted = attrgetter(*(field for field, _ in CLASSES.values()))


def impossible(usage: TokenCounts) -> bool:
    """Whether a part is more than its whole, which a price table notices only where the part has its own price."""
    count = {name: number or 0 for name, number in zip(CLASSES, _counted(usage), strict=True)}
    return (
        min(count.values()) < 0
        or max(count["cache_read"] + count["cache_write"], count["input_audio"] + count["input_image"]) > count["input"]
        or count["cache_write_1h"] > count["cache_write"]
        or count["output_audio"] + count["output_image"] > count["output"]
    )


def classes(usage: TokenCounts) -> dict[str, int]:
    """The tokens of each class, each token in one: `input`, `output`, and what else the usage states.

    How many tokens are both cached and audio, or image, nobody says: as few as the counts allow, and those are
    cached ones here. So reasoning gives way to what else the output states.
    """
    said = zip(CLASSES, _counted(usage), strict=True)
    count = {name: number or 0 for name, number in said if number is not None or name in ("input", "output")}
    if "cache_write_1h" in count:
        count["cache_write"] = count.get("cache_write", 0) - count["cache_write_1h"]
    for whole, parts in PARTS.items():
        for part in parts:
            if part in count:
                count[part] = min(count[part], count[whole])
                count[whole] -= count[part]
    return count


def cost_of(tokens: Mapping[str, int], prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the tokens of each class cost.

    Args:
        tokens: by class, as `classes` tells them.
        prices: a million tokens' price by class; a class without one is priced as the one it is part of.

    Raises:
        LookupError: if there are tokens that none of the prices is for.
    """
    return {name: number * _price(name, prices) / _MILLION if number else _NOTHING for name, number in tokens.items()}


def _price(name: str | None, prices: Mapping[str, Decimal]) -> Decimal:
    while name is not None and name not in prices:
        name = CLASSES[name][1]
    if name is None:
        raise LookupError("no price for these tokens")
    return prices[name]
