"""Usage, model, provider and tier in; what it cost, or why that can't be told, out. Asks no network.

Sources in order: the cost that the provider returned, then the bundled price table of genai-prices.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Literal, Protocol

from .. import semconv

__all__ = [
    "CostStatus",
    "Priced",
    "TokenCounts",
    "Unpriced",
    "knows",
    "loaded",
    "price",
    "price_table",
    "warm_up",
]

CostStatus = Literal["known", "unknown_model", "no_usage", "impossible_usage", "failed"]


@dataclass(frozen=True, slots=True)
class Priced:
    """What a call cost.

    Attributes:
        amount: in `currency`.
        currency: ISO 4217 code.
        source: `provider` where the response carried the cost, else `local`.
        model: the price table's id of the model, None where the provider priced it.
        version: name and version of the price table, None where the provider priced it.
        split: `amount` by class of token (input, output, cache_read, cache_write); empty where not known.
    """

    amount: Decimal
    currency: str = semconv.CURRENCY
    source: Literal["provider", "local"] = "local"
    model: str | None = None
    version: str | None = None
    split: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])

    @property
    def table(self) -> str:
        """Where the price stands: `provider`, or the name of the price table."""
        return "provider" if self.version is None else self.version.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """There is no cost, and why. Not the same as a cost of 0."""

    reason: CostStatus


_UNKNOWN_MODEL = Unpriced("unknown_model")


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
    def input_audio_tokens(self) -> int | None: ...
    @property
    def output_audio_tokens(self) -> int | None: ...


def price(
    usage: TokenCounts | None,
    *,
    model: str | None,
    provider: str | None = None,
    request_model: str | None = None,
    service_tier: str | None = None,
    provider_cost: float | None = None,
    at: datetime | None = None,
) -> Priced | Unpriced:
    """What `usage` of `model` costs.

    Args:
        usage: token counts; input includes cached tokens, output includes reasoning.
        model: the model that answered.
        provider: any spelling of the provider; left out, the model's name tells.
        request_model: the model asked for, tried where `model` has no price.
        service_tier: the tier that served the call (flex, priority, batch, ...).
        provider_cost: USD that the provider itself returned; passed through as it is, unless it is no amount.
        at: when the request was made, for prices that change; now if left out.
    """
    if provider_cost is not None and 0 <= provider_cost < math.inf:
        return Priced(Decimal(repr(provider_cost)), source="provider")
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return Unpriced("no_usage")
    if _impossible(usage):
        return Unpriced("impossible_usage")
    from . import genai

    for provider_id, name in _references(provider, model, request_model):
        answer = genai.price(usage, name, provider_id, service_tier, at)
        if answer != _UNKNOWN_MODEL:
            return answer
    return _UNKNOWN_MODEL


def knows(model: str, provider: str | None = None) -> bool:
    """Whether some price table knows the model, so that its name may become a metric label."""
    from . import genai

    return any(genai.knows(name, provider_id) for provider_id, name in _references(provider, model, None))


def warm_up() -> None:
    """Load the price table now, off the path of a call."""
    import_module(".genai", __name__)


def loaded() -> bool:
    """Whether the price table is in memory; the first price or `warm_up` loads it."""
    return f"{__name__}.genai" in sys.modules


def price_table() -> tuple[str, datetime]:
    """The price table's name with version, and the day of its newest price."""
    from . import genai

    return genai.VERSION, genai.newest_price()


def _impossible(usage: TokenCounts) -> bool:
    """Whether a part is more than its whole, which a price table notices only where the part has its own price."""
    read, written, hour = usage.cached_tokens or 0, usage.cache_write_tokens or 0, usage.cache_write_1h_tokens or 0
    audio_in, audio_out = usage.input_audio_tokens or 0, usage.output_audio_tokens or 0
    inputs, outputs = usage.input_tokens or 0, usage.output_tokens or 0
    return (
        min(inputs, outputs, read, written, hour, audio_in, audio_out) < 0
        or max(read + written, audio_in) > inputs
        or hour > written
        or audio_out > outputs
    )


def _references(provider: str | None, model: str | None, request_model: str | None) -> Iterator[tuple[str | None, str]]:
    """What to look up, best first: the table's provider id and a model name."""
    row = semconv.provider(provider)
    provider_id = row.prices if row else None
    names = [name for name in dict.fromkeys((model, request_model)) if name]
    if provider_id == "litellm":
        # LiteLLM names the upstream in front of the model asked for, https://docs.litellm.ai/docs/providers.
        upstream = next((name.partition("/")[0] for name in reversed(names) if "/" in name), None)
        row = semconv.provider(upstream)
        provider_id = row.prices if row else None
        names = [name.removeprefix(f"{upstream}/") for name in names]
    if provider_id == "google":
        names = [name.removeprefix("models/") for name in names]  # how Google's API lists its models
    for name in dict.fromkeys(names):
        yield provider_id, name
