"""The bundled price table of genai-prices, looked up without growing its caches.

https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from genai_prices import Usage
from genai_prices.types import ModelInfo, Provider

from .. import providers
from . import places, tiers
from .answers import (
    IMPOSSIBLE,
    UNKNOWN_MODEL,
    Answer,
    Otherwise,
    Priced,
    Question,
    Unpriced,
    cost_of,
)
from .instead import Stated, instead
from .items import ITEMS, Item
from .listed import FREE, PRICES, at_length, conditions, context_of, missing_tier, rates_of
from .names import references
from .rates import Rates
from .resolved import Conditions
from .table import Table, in_use
from .tokens import CACHED_MEDIA, CLASSES, LAST_PARTS, PARTS, Tokens, classes

_MILLION, _NOTHING = 1_000_000, Decimal(0)

# The counts that genai-prices has for our classes of token: a count's name ends in `_tokens` where a price's does in
# `_mtok`.
_THEIRS = {name: theirs.replace("_mtok", "_tokens") for name, theirs in PRICES.items()}
_UNLISTED = frozenset({"cache_write_12h"})

# What is written to a cache and kept longer than usual costs more, wherever writing has a price of its own.
_DEARER = ("cache_write_1h", "cache_write_12h")

# Fees for which a provider has a list of its own, though it takes its models' prices from their maker's. Azure searches
# with Bing, https://learn.microsoft.com/azure/ai-foundry/openai/how-to/web-search.
_OWN_FEES = frozenset((("azure", "web_search"),))

# The least that is billed of an item, by provider, https://groq.com/pricing.
_LEAST = {("groq", "audio_second"): 10}


def price(asked: Question, otherwise: Otherwise, table: Table | None = None) -> Answer:
    """The table's price, by genai-prices' own arithmetic; the answer of `otherwise` where it doesn't list the model.

    Args:
        asked: what is to be priced.
        otherwise: the next source.
        table: the table in use by default.
    """
    table = table or in_use()
    found = _found(table, asked)
    if found is None:
        return otherwise(asked)
    answer = _price(asked, *found) if asked.item is None else _fee(asked, asked.item, *found)
    return replace(answer, version=table.version, assumed=asked.assumed) if isinstance(answer, Priced) else answer


def rates(asked: Question, table: Table) -> tuple[Conditions, Rates | None]:
    """What says when the prices of a call hold, and its rates; None where `price` has to be asked."""
    found = _found(table, asked)
    if found is None:
        return Conditions(()), None
    return conditions(found[1], asked.region), rates_of(asked, *found, table.version)


def _found(table: Table, asked: Question) -> tuple[Provider, ModelInfo] | None:
    """The provider and the model whose price a call has, whenever it is made; None where the table lists none."""
    for provider_id, name in _references(asked.provider, asked.names):
        found = table.find(name, provider_id)
        if found is not None and not (asked.assumed and not table.lists(name, provider_id)):
            return found
    return None


def knows(provider: str | None, model: str) -> bool:
    """Whether the table lists the model, spelled like this. LiteLLM's names have a known provider before it.

    A price is no proof of that: the table also finds prices by pattern, such as for `gpt-4o-made-up-by-a-user`, and in
    any case of letters. There are as many such names as anybody likes.
    """
    row = providers.provider(provider)
    if row is not None and row.prices == "litellm":
        upstream, _, name = model.partition("/")
        if name and upstream in providers.SPELLINGS:
            row, model = providers.SPELLINGS[upstream], name
        else:
            row = None
    return model in in_use().listed().get(row.prices if row else None, ())


def _price(asked: Question, provider: Provider, model: ModelInfo) -> Answer:
    usage = asked.usage
    if usage is None:
        return Unpriced("no_usage")
    tokens = classes(usage)
    counts, cached = _counts(usage, tokens)
    context = context_of(provider, model, asked)
    try:
        answer = model.calc_price(Usage(**counts), provider, genai_request_timestamp=asked.at, price_context=context)
    except ValueError:
        # The table has finer rules than ours for counts that can't be.
        return IMPOSSIBLE
    listed = vars(answer.model_price)  # as an attribute, a price that is not there would take long to look up
    length = counts.get("input_tokens", 0)
    known = {
        name: at_length(listed[theirs], length) for name, theirs in PRICES.items() if listed.get(theirs) is not None
    }  # fmt: skip
    if not known and model.id.endswith(":free"):
        known = FREE
    try:
        split = cost_of(tokens, known)
    except LookupError:
        return UNKNOWN_MODEL  # the table lists it without prices of its tokens
    for name, number in cached.items():
        own = known.get(name)
        if number and own is not None:
            split["cache_read"] += cost_of({name: number}, {name: own})[name]
            split["cache_read"] -= cost_of({"cache_read": number}, known)["cache_read"]
    # Input and output get what the parts leave, so that all add up to the last digit.
    wholes = {"input": answer.input_price, "output": answer.output_price}
    for whole in wholes.keys() & split.keys():
        split[whole] = wholes[whole] - sum(split[part] for part in PARTS[whole] if part in split)
    amount, surcharge = answer.input_price + answer.output_price, places.factor(provider.id, model.id, asked)
    factor = Decimal(0) if tiers.is_prepaid(asked.service_tier) and not context else surcharge or Decimal(1)
    if factor != 1:
        amount, split = amount * factor, {name: part * factor for name, part in split.items()}
    replaced: dict[str, tuple[Decimal, Stated]] = {}
    if asked.stated:
        by_tier = bool(context) or tiers.is_prepaid(asked.service_tier)
        long = {name for name, each in known.items() if each != at_length(listed[PRICES[name]], 0)}
        replaced = instead(asked.stated, tokens.keys(), known.keys(), tier_is_listed=by_tier, long=long)
    if replaced:
        split |= {name: tokens[name] * each / _MILLION for name, (each, _) in replaced.items()}
        amount = sum(split.values(), Decimal(0))
    at_list = {name for name, number in tokens.items() if number and name not in replaced}
    missing = [f"class:{name}" for name in _DEARER if name in at_list and "cache_write" in known and name not in known]
    if surcharge is None and (at_list or not replaced):
        missing.append(f"region:{asked.region}")
    # The table has one fee for a request. Perplexity has three, by how much of the web a request is given.
    if listed.get("requests_kcount") is not None and not any(item.name == "request" for item in asked.items):
        missing.append("request")
    of_tier = (
        bool(replaced) and not at_list and all(each.of_tier for name, (_, each) in replaced.items() if tokens[name])
    )
    unpriced = (*(() if of_tier else missing_tier(asked, context)), *missing)
    return Priced(amount, model=model.id, split=split, unpriced=unpriced, own=frozenset(replaced))


def _fee(asked: Question, item: Item, provider: Provider, model: ModelInfo) -> Answer:
    """What an item costs; the model's answer is unknown where the table has no price for it."""
    kind = ITEMS.get(item.name)
    context = context_of(provider, model, asked)
    listed = vars(model.get_prices(asked.at, context))
    price = next((listed[name] for name in kind.listed if listed.get(name) is not None), None) if kind else None
    if kind is None or not isinstance(price, Decimal) or (provider.id, item.name) in _OWN_FEES:
        return UNKNOWN_MODEL
    count = max(item.count, _LEAST.get((provider.id, item.name), 0))
    amount = Decimal(repr(count)) * price / kind.per
    return Priced(amount, model=model.id, split={item.name: amount}, unpriced=missing_tier(asked, context))


def _counts(usage: Tokens, tokens: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The counts as the table takes them, and those among them that `tokens` has in `cache_read`: cached audio, images.

    Some prices are for such tokens. Where the usage doesn't say how many they are, the fewest that the counts allow are
    taken.
    """
    # Nearly every model has a price for cached input, and the table need not infer a 0 that is stated.
    counts = {"cache_read_tokens": 0}
    for name, alone in tokens.items():
        number = alone if name in LAST_PARTS else getattr(usage, CLASSES[name].count)
        if number and name not in _UNLISTED:
            counts[_THEIRS[name]] = number
    cached: dict[str, int] = {}
    for medium, both in CACHED_MEDIA.items():
        whole, alone = counts.get(_THEIRS[medium], 0), tokens.get(medium, 0)
        if both in tokens:
            number = tokens[both]
        elif whole:
            number = cached[both] = min(whole - alone, tokens.get("cache_read", 0) - sum(cached.values()))
        else:
            continue
        counts |= {_THEIRS[medium]: alone + number, _THEIRS[both]: number}
    return counts, cached


@lru_cache(maxsize=512)
def _references(provider: str | None, names: tuple[str, ...]) -> tuple[tuple[str | None, str], ...]:
    return tuple(references(provider, names))
