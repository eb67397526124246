"""The bundled price table of genai-prices, looked up without growing its caches.

https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import genai_prices
from genai_prices import Usage, data_snapshot
from genai_prices.types import ModelInfo, Provider, TieredPrices, calc_unit_price

from . import Priced, TokenCounts, Unpriced

VERSION = f"genai-prices {genai_prices.__version__}"

_LONGEST_NAME = 200
_DATE = re.compile(r"[-@](latest|\d{4}-?\d{2}-?\d{2})$")
_MILLION = 1_000_000

# Their counts by our field names; a child count needs its parent there, which ours guarantee.
_USAGE_KEYS = {
    "input_tokens": "input_tokens",
    "cached_tokens": "cache_read_tokens",
    "output_tokens": "output_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
}


def price(
    usage: TokenCounts, model: str, provider: str | None, service_tier: str | None, at: datetime | None
) -> Priced | Unpriced:
    """The table's price, or why it has none."""
    found = _find(model[:_LONGEST_NAME].lower(), provider)
    if found is None:
        return Unpriced("unknown_model")
    known_provider, known_model = found
    counts = {theirs: getattr(usage, ours) for ours, theirs in _USAGE_KEYS.items() if getattr(usage, ours)}
    if usage.cached_tokens and usage.input_audio_tokens:
        # How many tokens are both, nobody says, and some prices ask: as few as the counts allow.
        both = usage.cached_tokens + usage.input_audio_tokens - (usage.input_tokens or 0)
        counts["cache_audio_read_tokens"] = max(0, both)
    context: dict[str, str] = {}
    if service_tier:
        context = {"processing": "batch"} if service_tier == "batch" else {"service_tier": service_tier}
    try:
        answer = known_model.calc_price(
            Usage(**counts),
            known_provider,
            genai_request_timestamp=at or datetime.now(UTC),
            price_context=context,
        )
    except ValueError:
        # Counts that can't be, by the table's finer rules.
        return Unpriced("impossible_usage")
    return Priced(amount=answer.total_price, model=known_model.id, version=VERSION, split=_split(counts, answer))


def _split(counts: dict[str, int], answer: Any) -> dict[str, Decimal]:
    """The amount by class of token. Cached tokens without a price of their own stay under `input`."""
    prices, total = answer.model_price, counts.get("input_tokens", 0)

    def part(cost_per_million: Decimal | TieredPrices | None, tokens: int) -> Decimal:
        return calc_unit_price(cost_per_million, tokens, total, _MILLION)

    def of(whole: str, finer: str, cost_per_million: Decimal | TieredPrices | None) -> Decimal:
        """The cost of a count, of which a part has a price of its own where `cost_per_million` is one."""
        own = counts.get(finer, 0) if cost_per_million is not None else 0
        base = getattr(prices, whole.replace("_tokens", "_mtok"))
        return part(cost_per_million, own) + part(base, counts.get(whole, 0) - own)

    cache_read = of("cache_read_tokens", "cache_audio_read_tokens", prices.cache_audio_read_mtok)
    cache_write = of("cache_write_tokens", "cache_write_1h_tokens", prices.cache_write_1h_mtok)
    return {
        "input": answer.total_price - answer.output_price - cache_read - cache_write,
        "output": answer.output_price,
        "cache_read": cache_read,
        "cache_write": cache_write,
    }


# genai-prices keeps every name it was ever asked for, so a user's invented model names would grow it without
# end: the provider is looked up without the model, and the model without its cache, behind one bounded cache.
@lru_cache(maxsize=512)
def _find(model: str, provider_id: str | None) -> tuple[Provider, ModelInfo] | None:
    snapshot = data_snapshot.get_snapshot()
    if provider_id is not None:
        candidates = [data_snapshot.find_provider_by_id(snapshot.providers, provider_id)]
    else:
        candidates = [row for row in snapshot.providers if row.model_match and row.model_match.is_match(model)]
    for row in candidates:
        found = row.find_model(model, all_providers=snapshot.providers) if row else None
        if row and found:
            return row, found
    return None


def newest_price() -> datetime:
    """When the newest price in the table took effect, as far as that lay in the past when the table was installed.

    The table carries no date of its own, so this is the latest day it can be shown to know of.
    """
    installed = datetime.fromtimestamp(Path(data_snapshot.__file__).stat().st_mtime, UTC).date()
    starts = [
        start
        for row in data_snapshot.get_snapshot().providers
        for model in row.models
        if isinstance(model.prices, list)
        for conditional in model.prices
        if (start := getattr(conditional.constraint, "start_date", None)) is not None and start <= installed
    ]
    newest = max(starts)
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC)


@lru_cache(maxsize=512)
def knows(model: str, provider_id: str | None) -> bool:
    """Whether the table lists the model under this name, a date aside.

    It finds prices by pattern too, `gpt-4o-whatever-a-user-makes-up` among them, so having a price isn't enough.
    """
    name = model[:_LONGEST_NAME].lower()
    found = _find(name, provider_id)
    return found is not None and _undated(name) == _undated(found[1].id.lower())


def _undated(name: str) -> str:
    return _DATE.sub("", name)
