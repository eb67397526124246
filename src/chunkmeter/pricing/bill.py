"""Adds the lines of a call's bill up: the tokens of each model, and each item. Pure.

A line is a question of its own, so that each price source answers for what it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from .answers import IMPOSSIBLE, UNKNOWN_MODEL, Answer, Priced, Question, Unpriced
from .tokens import impossible

__all__ = ["bill"]

_MOST_COUNTED = 10**9
"""Nobody is charged for so many items in one call: a count above it is damaged."""
_MOST_CALLS = 1000
"""No call is made of so many calls of models. Each takes its time to price."""


def bill(asked: Question, price: Callable[[Question], Answer]) -> Answer:
    """The answer for a whole call.

    Args:
        asked: the call.
        price: answers for one line: a question about the tokens of one model, or about one item.

    Returns:
        What could be priced, with the names of what could not; `Unpriced` where the tokens of the model that answers
        have no price, or where there is nothing to price. Where none of several models is the one that answers, any of
        them may have the price.
    """
    items = [item for item in asked.items if item.count]
    main, beside = _calls(asked)
    calls = [*main, *beside]
    if not calls and not items:
        return Unpriced("no_usage")
    if any(each.usage is not None and impossible(each.usage) for each in calls):
        return IMPOSSIBLE
    if len(calls) > _MOST_CALLS or any(not 0 <= item.count <= _MOST_COUNTED for item in items):
        return IMPOSSIBLE
    if calls and asked.several_models:
        return UNKNOWN_MODEL
    lines = [(f"model:{each.model}", price(each)) for each in calls]
    needed = lines[:1] if main else lines
    if needed and not any(isinstance(answer, Priced) for _, answer in needed):
        return needed[0][1]
    lines += [(item.name, price(replace(asked, usage=None, inner=(), items=(), item=item))) for item in items]
    if any(answer == IMPOSSIBLE for _, answer in lines):
        return IMPOSSIBLE
    whole: Priced | None = None
    missing: list[str] = []
    for name, answer in lines:
        whole = _added(whole, answer, name, missing)
    whole = whole or Priced(Decimal(0))
    return replace(whole, unpriced=tuple(sorted({*whole.unpriced, *missing})))


def _calls(asked: Question) -> tuple[list[Question], list[Question]]:
    """The calls of models that the bill has tokens of: those of the model that answers, and those of others."""
    usage = asked.usage
    if not asked.inner:
        told = usage is not None and (usage.input_tokens is not None or usage.output_tokens is not None)
        return [asked] if told else [], []
    main: list[Question] = []
    beside: list[Question] = []
    for each in asked.inner:
        call = replace(asked, usage=each.tokens, inner=())
        if each.model is None or each.model in asked.names[:1]:
            main.append(call)
        else:
            beside.append(replace(call, model=each.model, request_model=None, items=()))
    return main, beside


def _added(whole: Priced | None, line: Answer, name: str, missing: list[str]) -> Priced | None:
    """The bill with one more line; a line without a price, or in another currency, is named as missing."""
    if not isinstance(line, Priced) or (whole is not None and whole.currency != line.currency):
        missing.append(name)
        return whole
    if whole is None:
        return line
    split = dict(whole.split)
    for part, amount in line.split.items():
        split[part] = split.get(part, Decimal(0)) + amount
    return replace(
        whole,
        amount=whole.amount + line.amount,
        split=split,
        unpriced=(*whole.unpriced, *line.unpriced),
        assumed=whole.assumed or line.assumed,
        own=whole.own | line.own,
    )
