"""Known bugs of other instrumentations' costs, planted for `FAULT=name make test`, which has to find them: a plugin."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import chunkmeter
from chunkmeter import Priced, Unpriced, Usage, pricing

_patch = pytest.MonkeyPatch()


def double_cached(price: Callable[..., Any]) -> Callable[..., Any]:
    """Charges cached tokens on top of the full input, as Mirascope does."""

    def faulty(usage: Any, **named: Any) -> Any:
        if usage is not None and usage.cached_tokens and usage.input_tokens is not None:
            counts = {name: getattr(usage, name) for name in Usage.model_fields}
            usage = Usage(**{**counts, "input_tokens": usage.input_tokens + usage.cached_tokens})
        return price(usage, **named)

    return faulty


def ignore_tier(price: Callable[..., Any]) -> Callable[..., Any]:
    """Prices every tier as the standard one."""

    def faulty(usage: Any, **named: Any) -> Any:
        return price(usage, **{**named, "service_tier": None})

    return faulty


def unknown_is_zero(price: Callable[..., Any]) -> Callable[..., Any]:
    """Says that a model without a price costs nothing."""

    def faulty(usage: Any, **named: Any) -> Any:
        answer = price(usage, **named)
        return Priced(Decimal(0), model="none") if answer == Unpriced("unknown_model") else answer

    return faulty


FAULTS = {"double-cached": double_cached, "ignore-tier": ignore_tier, "unknown-is-zero": unknown_is_zero}


def pytest_configure() -> None:
    """Plant the fault that is asked for, before any test has imported the function."""
    fault = os.environ.get("FAULT", "")
    if fault not in FAULTS:
        raise pytest.UsageError(f"FAULT={fault} is unknown: write one of {', '.join(FAULTS)}")
    faulty = FAULTS[fault](pricing.price)
    for module in (pricing, chunkmeter):
        _patch.setattr(module, "price", faulty)
