"""The price source that has the cost which the provider itself returned. 0.0 is such a cost, None is not.

The readers find it: OpenRouter's `usage.cost`, xAI's ticks, Perplexity's total, LiteLLM's response cost.
"""

from __future__ import annotations

from decimal import Decimal

from .answers import IMPOSSIBLE, MOST_COST, Answer, Otherwise, Priced, Question

__all__ = ["price"]


def price(asked: Question, otherwise: Otherwise) -> Answer:
    """The provider's own cost as it is; the answer of `otherwise` where it is None, negative or no number.

    One that no call has is no reason to believe the tokens beside it: that call has no cost.
    """
    cost = asked.provider_cost
    if cost is None or isinstance(cost, bool) or not cost >= 0:
        return otherwise(asked)
    if cost > MOST_COST:  # which may be infinite, or have more digits than Python writes
        return IMPOSSIBLE
    return Priced(Decimal(repr(cost)), source="provider")
