"""The cost that the provider itself returned: passed through as it is, 0.0 kept apart from none.

OpenRouter's `usage.cost`, xAI's ticks, Perplexity's total, LiteLLM's response cost; the readers find them.
"""

from __future__ import annotations

import math
from decimal import Decimal

from .answers import Answer, Otherwise, Priced, Question

__all__ = ["price"]


def price(asked: Question, otherwise: Otherwise) -> Answer:
    """The provider's own cost, unless it is no amount."""
    cost = asked.provider_cost
    if cost is None or not 0 <= cost < math.inf:
        return otherwise(asked)
    return Priced(Decimal(repr(cost)), source="provider")
