"""Usage, model, provider and tier in; what it cost, or why that can't be told, out. Asks no network.

Sources in order: the cost that the provider returned (`charged`), the user's price file (`file`, `overlay`), the
bundled table (`genai`). Each is asked with who comes next. A further source is one module with a
`price(asked, otherwise)` and, if it is a table, a `knows(provider, model)`: whether it lists that model by name.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import cache, partial
from importlib import import_module
from typing import Any

from .. import semconv
from . import charged
from .answers import (
    UNKNOWN_MODEL,
    Answer,
    CostStatus,
    Priced,
    Question,
    TokenCounts,
    Unpriced,
    impossible,
)
from .file import PriceFile

__all__ = [
    "UNKNOWN_MODEL",
    "Answer",
    "CostStatus",
    "PriceFile",
    "Priced",
    "Question",
    "TokenCounts",
    "Unpriced",
    "knows",
    "loaded",
    "price",
    "price_table",
    "warm_up",
]

_files: dict[str, PriceFile] = {}


def price(
    usage: TokenCounts | None,
    *,
    model: str | None,
    provider: str | None = None,
    request_model: str | None = None,
    service_tier: str | None = None,
    region: str | None = None,
    server_address: str | None = None,
    provider_cost: float | None = None,
    at: datetime | None = None,
    prices: PriceFile | str | None = None,
) -> Answer:
    """What `usage` of `model` costs.

    Args:
        usage: token counts; input includes cached tokens, output includes reasoning.
        model: the model that answered.
        provider: any spelling of the provider; left out, the model's name tells.
        request_model: the model asked for, tried where `model` has no price.
        service_tier: the tier that served the call (flex, priority, batch, ...).
        region: where it was served, as the provider names it.
        server_address: host that served it, which a price file may tell self-hosted models by.
        provider_cost: USD that the provider itself returned; passed through as it is, unless it is no amount.
        at: when the request was made, for prices that change; now if left out.
        prices: your own prices, by path; those of CHUNKMETER_PRICES if left out.
    """
    asked = Question(
        usage, model, request_model, semconv.provider_name(provider), semconv.service_tier(service_tier), region,
        server_address, provider_cost, at or datetime.now(UTC),
    )  # fmt: skip
    return charged.price(asked, partial(_by_tokens, _file(prices)))


def knows(model: str, provider: str | None = None, prices: PriceFile | str | None = None) -> bool:
    """Whether some price table lists the model by name, so that the name may become a metric label."""
    name = semconv.provider_name(provider)
    return _file(prices).knows(name, model) or _bundled().knows(name, model)


def warm_up() -> None:
    """Load the bundled table now, off the path of a call."""
    _bundled()


def loaded() -> bool:
    """Whether the bundled table is in memory; the first price or `warm_up` loads it."""
    return f"{__name__}.genai" in sys.modules


def price_table() -> tuple[str, datetime]:
    """The bundled table's name with version, and the day of its newest price."""
    return _bundled().VERSION, _bundled().newest_price()


def _by_tokens(file: PriceFile, asked: Question) -> Answer:
    usage = asked.usage
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return Unpriced("no_usage")
    if impossible(usage):
        return Unpriced("impossible_usage")
    return file.price(asked, partial(_bundled().price, otherwise=_nobody))


@cache
def _bundled() -> Any:
    """The module of the bundled table, imported when it is first needed: that takes a while."""
    return import_module(".genai", __name__)


def _nobody(asked: Question) -> Answer:
    return UNKNOWN_MODEL


def _file(prices: PriceFile | str | None) -> PriceFile:
    """The price file that is meant, each read once."""
    if isinstance(prices, PriceFile):
        return prices
    path = prices or os.environ.get("CHUNKMETER_PRICES", "").strip()
    if path not in _files:
        _files[path] = PriceFile(path or None)
    return _files[path]
