"""The price table in use, and what was looked up in it: one object for each snapshot that genai-prices puts in place.

A newer snapshot reaches every price at once, for nothing outlives the object. Its caches are bounded and take no lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from genai_prices import data, data_snapshot
from genai_prices.types import ModelInfo, Provider

from .names import fits, on_bedrock
from .updates import version_of

__all__ = ["Table", "in_use"]

# What a name may have more than its model's: Bedrock's version, and a date.
_VERSION = re.compile(r"(-v\d{1,2}(:\d{1,2})?|:\d{1,2})$")
_DATE = re.compile(r"[-@](latest|\d{4}-?\d{2}-?\d{2})$")


class Table:
    """A price table.

    Args:
        snapshot: its prices. They are looked up anew only in another snapshot.

    Attributes:
        snapshot: the same.
        version: its name and version, with the time of the snapshot if that is not the bundled one.
        find: what the table lists for a model's name in lower case, and a provider's id in it or None for any.
        lists: whether the table has this name in words, but for a date or a version; not only a pattern that it fits.
        listed: a provider's id -> the names of its models, with those that it resells; None -> those of all.
        newest_price: the day on which the newest price took effect, without prices of days after the snapshot's.
    """

    def __init__(self, snapshot: data_snapshot.DataSnapshot) -> None:
        self.snapshot = snapshot
        bundled = snapshot.providers is data.providers
        self.version = version_of(None if bundled else snapshot.timestamp)
        # genai-prices caches every name it was ever asked for, so made-up names of models would fill the memory. Its
        # caches are passed by: provider and model are looked up apart from each other, behind one bounded cache.
        self.find = lru_cache(maxsize=512)(partial(_find, snapshot.providers))
        self.lists = lru_cache(maxsize=512)(partial(_lists, snapshot.providers))
        self.listed = cache(partial(_listed, snapshot.providers))
        self.newest_price = cache(partial(_newest_price, snapshot.providers, None if bundled else snapshot.timestamp))


_kept: dict[str, Table] = {}


def in_use() -> Table:
    """The table that genai-prices has in place now."""
    snapshot = data_snapshot.get_snapshot()
    table = _kept.get("one")
    if table is None or table.snapshot is not snapshot:
        table = _kept["one"] = Table(snapshot)
    return table


def _find(rows: list[Provider], model: str, provider_id: str | None) -> tuple[Provider, ModelInfo] | None:
    if provider_id is not None:
        # Its own look-up would find OpenAI for whatever has "openai" in its name.
        candidates = [row for row in rows if row.id == provider_id]
    else:
        candidates = [row for row in rows if row.model_match and row.model_match.is_match(model)]
    for row in candidates:
        found = row.find_model(model, all_providers=rows)
        if found and fits(model, row.id, found.id):
            return row, found
    return None


def _lists(rows: list[Provider], name: str, provider_id: str | None) -> bool:
    found = _find(rows, name, provider_id)
    if found is None:
        return False
    row, model = found
    bare = on_bedrock if row.id == "aws" else str
    return _undated(bare(name)) in {_undated(bare(word.lower())) for word in (model.id, *_words(model.match))}


def _words(clause: Any) -> Iterator[str]:
    """The texts that a clause of the table compares names with."""
    for field, value in vars(clause).items():
        if isinstance(value, str) and field != "regex":
            yield value
        elif isinstance(value, list):
            for each in value:
                yield from _words(each)


def _undated(name: str) -> str:
    return _DATE.sub("", _VERSION.sub("", name))


def _listed(rows: list[Provider]) -> dict[str | None, frozenset[str]]:
    own = {row.id: frozenset(model.id for model in row.models) for row in rows}
    resold = {row.id: row.fallback_model_providers or () for row in rows}
    listed: dict[str | None, frozenset[str]] = {
        name: models.union(*(own[each] for each in resold[name] if each in own)) for name, models in own.items()
    }
    return {**listed, None: frozenset().union(*own.values())}


def _newest_price(rows: list[Provider], taken: datetime | None) -> datetime:
    # The bundled table has no date of its own. It can be shown to be as new as its newest price, and no newer.
    day = (taken or datetime.fromtimestamp(Path(data_snapshot.__file__).stat().st_mtime, UTC)).astimezone(UTC).date()
    starts: list[date] = [
        start
        for row in rows
        for model in row.models
        if isinstance(model.prices, list)
        for conditional in model.prices
        if (start := getattr(conditional.constraint, "start_date", None)) is not None and start <= day
    ]
    newest = max(starts, default=day)
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
