"""Known bugs of other instrumentations' costs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import chunkmeter
from chunkmeter import Priced, Unpriced, Usage, pricing
from support.faults import fault, put

Price = Callable[..., Any]


def _price(faulty: Callable[[Price], Price]) -> None:
    """Puts it in place of the function, before anybody has imported that by its name."""
    price = faulty(pricing.price)
    for module in (pricing, chunkmeter):
        put(module, "price", price)


def _without(price: Price, argument: str) -> Price:
    """The same function, deaf to one argument."""

    def faulty(usage: Any, **named: Any) -> Any:
        return price(usage, **{**named, argument: None})

    return faulty


@fault("test", "corpus", into=_price)
def double_cached(price: Price) -> Price:
    """Charges cached tokens on top of the full input, as Mirascope does."""

    def faulty(usage: Any, **named: Any) -> Any:
        if usage is not None and usage.cached_tokens and usage.input_tokens is not None:
            counts = {name: getattr(usage, name) for name in Usage.model_fields}
            usage = Usage(**{**counts, "input_tokens": usage.input_tokens + usage.cached_tokens})
        return price(usage, **named)

    return faulty


@fault("test", into=_price)
def ignore_tier(price: Price) -> Price:
    """Prices every tier as the standard one."""
    return _without(price, "service_tier")


@fault("test", into=_price)
def unknown_is_zero(price: Price) -> Price:
    """Says that a model without a price costs nothing."""

    def faulty(usage: Any, **named: Any) -> Any:
        answer = price(usage, **named)
        return Priced(Decimal(0), model="none") if answer == Unpriced("unknown_model") else answer

    return faulty


@fault("test", "e2e", into=_price)
def forget_item(price: Price) -> Price:
    """Prices tokens alone, and calls that the whole bill."""
    return _without(price, "items")


@fault("test", into=_price)
def believe_any_host(price: Price) -> Price:
    """Takes the SDK's word for who answers, whatever the host, as every other instrumentation does."""
    return _without(price, "server_address")
