"""Prices a call: what its tokens and items cost, or why that can't be told. Only `updates` asks the network.

The price sources are asked in this order: the cost that the provider returned (`provider_cost`), the user's price file
(`price_file`, `overlay`), the bundled table (`bundled`). docs/architecture.md says how to add one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import localcontext
from functools import cache, partial
from importlib import import_module
from typing import Any

from .. import providers, threads
from ..servers import Servers, who_answers
from . import tiers
from .answers import ELSEWHERE, IMPOSSIBLE, UNKNOWN_MODEL, Answer, CostStatus, Priced, Question, Unpriced, possible
from .bill import bill
from .items import Inner, Item
from .price_file import PriceFile
from .provider_cost import price as as_charged
from .rates import DECIMALS
from .resolved import InUse, moment
from .tokens import Tokens, linear
from .updates import Updates, version_of

__all__ = [
    "ELSEWHERE",
    "IMPOSSIBLE",
    "UNKNOWN_MODEL",
    "Answer",
    "CostStatus",
    "InUse",
    "Inner",
    "PriceFile",
    "Priced",
    "Question",
    "Tokens",
    "Unpriced",
    "in_use",
    "keep_updated",
    "knows",
    "loaded",
    "moment",
    "price",
    "price_table",
    "table_version",
    "warm_up",
]

Kind = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None, int | None, bool, Servers | None
]  # fmt: skip
"""What decides a call's price, but for its tokens and its time: the model that answered, the one asked for, provider,
tier, region, host, port, whether the provider is named, and who answers at which server; as `price` is told them."""

_files: dict[str, PriceFile] = {}
_updates = Updates()


def price(
    usage: Tokens | None,
    *,
    model: str | None,
    provider: str | None = None,
    request_model: str | None = None,
    service_tier: str | None = None,
    region: str | None = None,
    server_address: str | None = None,
    provider_cost: float | None = None,
    several_models: bool = False,
    at: datetime | None = None,
    prices: PriceFile | str | None = None,
    items: Mapping[str, float] | None = None,
    inner: Iterable[Inner] = (),
    named: bool = True,
    server_port: int | None = None,
    servers: Servers | None = None,
) -> Answer:
    """What one call cost.

    Args:
        usage: the call's token counts; input includes cached tokens, output includes reasoning.
        model: the model that answered.
        provider: any spelling of the provider; if left out, it is told from the model's name.
        request_model: the model asked for, which is tried where `model` has no price.
        service_tier: the tier that served the call (flex, priority, batch, ...).
        region: where the call was served, as the provider names it.
        server_address: the host that served the call, by which a price file can tell self-hosted models.
        provider_cost: the cost in USD that the provider itself returned; it is the answer, unless it is negative or
            no number. More than a million is `impossible_usage`.
        several_models: whether `usage` is that of several models: then only the provider's own cost is an answer.
        at: when the request was made, for prices that change; now if left out.
        prices: your own prices, a file or its path; those of CHUNKMETER_PRICES if left out.
        items: what else the call is charged for, such as `{"web_search": 3}`; docs/prices.md has the names.
        inner: the calls of models that this call is made of, where the provider charges each by itself: they are
            priced in place of `usage`.
        named: whether you name the provider. False if it is inferred, such as from an SDK: then, at a host that is not
            known to be the provider's own, the cost is `assumed`, and there is one only for models listed by name.
        server_port: the port of `server_address`.
        servers: who answers at which server; this goes before the servers of your price file.

    Returns:
        `Priced`, or `Unpriced` with the reason why there is no cost.
    """
    file, at = _file(prices), at or datetime.now(UTC)

    def asked() -> Question:
        name, sure = who_answers(
            providers.provider_name(provider), server_address, server_port, named=named,
            servers=filter(None, (servers, file.servers())),
        )  # fmt: skip
        return Question(
            usage, model, request_model, name, tiers.service_tier(service_tier), region,
            server_address, provider_cost, several_models, at, tuple(inner),
            tuple(Item(name, count) for name, count in (items or {}).items()), assumed=not sure,
        )  # fmt: skip

    with localcontext(DECIMALS):
        if not (items or inner or several_models or file.charges_requests()) and provider_cost is None:
            kind: Kind = (
                model, request_model, provider, service_tier, region, server_address, server_port, named, servers,
            )  # fmt: skip
            answer = _by_rates(file, _bundled().in_use(), usage, kind, at, asked)
            if answer is not None:
                return possible(answer)
        return possible(as_charged(asked(), partial(_as_listed, file)))


def knows(model: str, provider: str | None = None, prices: PriceFile | str | None = None) -> bool:
    """Whether some price table lists the model, spelled like this, so that the name may become a metric label."""
    name = providers.provider_name(provider)
    return _file(prices).knows(name, model) or _bundled().knows(name, model)


def in_use(prices: PriceFile) -> InUse:
    """What prices calls now: the same object for as long as a file's rules and the table are the same."""
    rules, table = None if prices.path is None else prices.rules(), _bundled().in_use()
    kept = prices.resolved.kept
    return kept if kept.rules is rules and kept.table is table else prices.resolved.by(rules, table)


def import_looked_for() -> None:
    """Import, in this thread and before its request, what another one must not import beside it.

    OpenAI's SDK looks for httpx2, which genai-prices imports, as it reads an answer. A module that is half there fails
    the user's call. https://github.com/openai/openai-python/blob/main/src/openai/_httpx2.py
    """
    if "openai._httpx2" in sys.modules:
        with suppress(ImportError):
            import_module("httpx2")


def warm_up() -> None:
    """Load the bundled table now, so that no call waits for it."""
    _bundled()


def loaded() -> bool:
    """Whether the bundled table is in memory; the first price or `warm_up` loads it."""
    return _bundled.cache_info().currsize > 0


def price_table() -> tuple[str, datetime]:
    """The name and version of the table in use, and the day of its newest price."""
    table = _bundled().in_use()
    return table.version, table.newest_price()


def table_version() -> str:
    """The name and version of the table in use, without loading it."""
    if loaded():
        return _bundled().in_use().version
    # Somebody's own prices may be in place already. To ask genai-prices for the table would load it.
    snapshot = getattr(sys.modules.get("genai_prices.data_snapshot"), "_custom_snapshot", None)
    return version_of(snapshot and snapshot.timestamp)


def keep_updated(wanted: bool | str) -> None:
    """Have newer prices fetched if it is time for that; called now and then, and never where a call would wait.

    Args:
        wanted: whether to, or the URL to fetch them from.
    """
    if wanted:
        _updates.look(wanted if isinstance(wanted, str) else None)


def _as_listed(file: PriceFile, asked: Question) -> Answer:
    # An update may come between two lines, and one bill is by one table.
    table = _bundled().in_use()
    listed = partial(_bundled().price, otherwise=_nobody, table=table)

    def line(part: Question) -> Answer:
        with_fee = any(item.name == "request" for item in part.items)
        alike = (part.names, part.provider, part.service_tier, part.region, part.server_address, part.assumed, with_fee)
        return _by_rates(file, table, part.usage, alike, part.at, lambda: part) or file.price(part, listed)

    return bill(file.counted(asked), line)


def _by_rates(
    file: PriceFile, table: Any, usage: Tokens | None, alike: Hashable, at: datetime, asked: Callable[[], Question]
) -> Answer | None:
    """The short way: what a token costs in calls that are alike; None where only the long way tells."""
    tokens = None if usage is None or at.tzinfo is None else linear(usage)
    if usage is None or tokens is None:
        return None
    rates = file.rates(partial(_bundled().rates, table=table), table, alike, at, asked)
    return None if rates is None else rates.cost(tokens, usage.input_tokens or 0)


@cache
def _bundled() -> Any:
    """The module of the bundled table. Its import takes a while, and waits until it is needed."""
    return threads.aside(_import)


def _import() -> Any:
    return import_module(".bundled", __name__)


def _nobody(asked: Question) -> Answer:
    return UNKNOWN_MODEL


def _file(prices: PriceFile | str | None) -> PriceFile:
    """The price file that is meant. There is one for each path, so that none is read twice."""
    if isinstance(prices, PriceFile):
        return prices
    path = prices or os.environ.get("CHUNKMETER_PRICES", "").strip()
    if path not in _files:
        _files[path] = PriceFile(path or None)
    return _files[path]
