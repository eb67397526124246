"""The bundled price table of genai-prices, looked up without growing its caches.

https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import genai_prices
from genai_prices import Usage, data_snapshot
from genai_prices.types import ModelInfo, Provider, TieredPrices, calc_unit_price

from .. import semconv
from .answers import (
    CLASSES,
    PARTS,
    UNKNOWN_MODEL,
    Answer,
    Otherwise,
    Priced,
    Question,
    TokenCounts,
    Unpriced,
    classes,
    cost_of,
)

VERSION = f"genai-prices {genai_prices.__version__}"

_LONGEST_NAME = 200
_MILLION = 1_000_000
_DATE = re.compile(r"[-@](latest|\d{4}-?\d{2}-?\d{2})$")

# Their names of our classes of token; a price's name is a count's with `_mtok` for `_tokens`.
_THEIRS = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "input_audio": "input_audio_tokens",
    "input_image": "input_image_tokens",
    "output": "output_tokens",
    "reasoning": "output_reasoning_tokens",
    "output_audio": "output_audio_tokens",
    "output_image": "output_image_tokens",
}
_PRICES = {name: theirs.replace("_tokens", "_mtok") for name, theirs in _THEIRS.items()}
# The table gives free models no price at all, as it does some that it knows no price of.
_FREE = {"input": Decimal(0), "output": Decimal(0)}

# What the table has no prices for: a provider's id in it and a region -> the factor on all of them. "us" is what
# Anthropic's usage says of calls that were held in the United States,
# https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing.
_REGIONS = {("anthropic", "us"): Decimal("1.1")}


def price(asked: Question, otherwise: Otherwise) -> Answer:
    """The table's price, where it lists the model."""
    for provider_id, name in references(asked.provider, asked.names):
        found = _find(name[:_LONGEST_NAME].lower(), provider_id)
        if found is not None:
            return _price(asked, *found)
    return otherwise(asked)


def knows(provider: str | None, model: str) -> bool:
    """Whether the table lists the model under this name, a date aside.

    It finds prices by pattern too, `gpt-4o-whatever-a-user-makes-up` among them, so having a price isn't enough.
    """
    return _knows(provider, model[:_LONGEST_NAME])


def _price(asked: Question, provider: Provider, model: ModelInfo) -> Answer:
    usage = asked.usage
    if usage is None:
        return Unpriced("no_usage")
    tokens = classes(usage)
    counts, cached = _counts(usage, tokens)
    try:
        answer = model.calc_price(
            Usage(**counts),
            provider,
            genai_request_timestamp=asked.at,
            price_context=_context(provider, model, asked.service_tier),
        )
    except ValueError:
        # Counts that can't be, by the table's finer rules.
        return Unpriced("impossible_usage")
    listed = vars(answer.model_price)  # what it has no price for, it would look up at length
    known = {
        name: _at(listed[theirs], counts) for name, theirs in _PRICES.items() if listed.get(theirs) is not None
    }  # fmt: skip
    if not known and model.id.endswith(":free"):
        known = _FREE
    try:
        split = cost_of(tokens, known)
    except LookupError:
        return UNKNOWN_MODEL  # it is listed, but not by the token
    for name, number in cached.items():
        own = listed.get(name.replace("_tokens", "_mtok"))
        if number and own is not None:
            own = _at(own, counts)
            split["cache_read"] += cost_of({"cache_read": number}, {"cache_read": own})["cache_read"]
            split["cache_read"] -= cost_of({"cache_read": number}, known)["cache_read"]
    # What is left, so that the parts add up to the digit.
    split["input"], split["output"] = answer.input_price, answer.output_price
    for whole, parts in PARTS.items():
        for part in parts:
            if part in split:
                split[whole] -= split[part]
    fee = answer.total_price - answer.input_price - answer.output_price
    if fee:
        split["request"] = fee
    amount, factor = answer.total_price, _REGIONS.get((provider.id, asked.region or ""))
    if factor is not None:
        amount, split = amount * factor, {name: part * factor for name, part in split.items()}
    return Priced(amount, model=model.id, version=VERSION, split=split)


def _counts(usage: TokenCounts, tokens: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The counts as the table wants them, and of them those of tokens that are two parts at once, as few as can be.

    There a part lies in its whole, as in ours, and some prices ask for tokens that are cached and audio, or image.
    """
    # Nearly every model has a price for cached input: a 0 that is said need not be inferred.
    counts = {"cache_read_tokens": 0}
    for name, alone in tokens.items():
        number = alone if name == "reasoning" else getattr(usage, CLASSES[name][0])
        if number:
            counts[_THEIRS[name]] = number
    cached: dict[str, int] = {}
    for kind in ("audio", "image"):
        whole = counts.get(f"input_{kind}_tokens")
        if whole:
            alone, read = tokens[f"input_{kind}"], counts["cache_read_tokens"] - sum(cached.values())
            cached[f"cache_{kind}_read_tokens"] = both = min(whole - alone, read)
            counts[f"input_{kind}_tokens"] = alone + both
    return counts | cached, cached


def _context(provider: Provider, model: ModelInfo, tier: str | None) -> dict[str, str]:
    """How the table calls a tier, where the model has prices for it.

    Batches are a way of processing there, and Anthropic's fast mode a speed.
    """
    if not tier:
        return {}
    kind = "processing" if tier == "batch" else "service_tier"
    if (provider.id, tier) == ("anthropic", "fast"):
        kind = "speed"
    context = {kind: tier}
    # A variant may be there for its name alone, as that of OpenAI's `default` is, and the table is slow with any.
    differs = any(
        variant.when == context and any(vars(variant.prices).values()) for variant in model.price_variants or ()
    )
    return context if differs else {}


def _at(price: Decimal | TieredPrices, counts: Mapping[str, int]) -> Decimal:
    """What a million cost of a call with so much input."""
    if isinstance(price, Decimal):
        return price
    return calc_unit_price(price, _MILLION, counts.get("input_tokens", 0), _MILLION)


def references(provider: str | None, names: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """What to look up, best first: the table's provider id and a model name."""
    row = semconv.provider(provider)
    provider_id = row.prices if row else None
    if provider_id == "litellm":
        # LiteLLM names the upstream in front of the model asked for, https://docs.litellm.ai/docs/providers.
        upstream = next((name.partition("/")[0] for name in reversed(names) if "/" in name), None)
        row = semconv.provider(upstream)
        provider_id = row.prices if row else None
        names = [name.removeprefix(f"{upstream}/") for name in names]
    if provider_id == "google":
        names = [name.rpartition("/")[2] for name in names]  # models/..., publishers/google/models/..., google/...
    if provider_id == "aws":
        names = names[::-1]  # An id of Bedrock's tells the region that is billed; what answers there is a model's name.
    for name in dict.fromkeys(names):
        yield provider_id, name


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
def _knows(provider: str | None, model: str) -> bool:
    return any(_lists(name.lower(), provider_id) for provider_id, name in references(provider, (model,)))


def _lists(name: str, provider_id: str | None) -> bool:
    found = _find(name, provider_id)
    return found is not None and _undated(name) == _undated(found[1].id.lower())


def _undated(name: str) -> str:
    return _DATE.sub("", name)
