"""Faults in how calls are told apart that several instrumentations tell of."""

from __future__ import annotations

from typing import Any

from chunkmeter import processor
from chunkmeter.foreign import openinference
from chunkmeter.reporting.accounts import Account
from chunkmeter.reporting.once import Once
from support.faults import fault, put


@fault("coexist")
def double_cost() -> None:
    """Nobody looks who else has told of a call."""

    def nobody(_: Once, __: Account) -> None:
        return None

    put(Once, "earlier", nobody)


@fault("coexist")
def price_parents() -> None:
    """The sums on a chain's span are taken for a call."""
    openinference._OPERATIONS["CHAIN"] = "chat"


@fault("coexist")
def lost_enrichment() -> None:
    """A span of another instrumentation's goes on without its cost."""

    def unchanged(span: Any, _: Any) -> Any:
        return span

    put(processor, "with_attributes", unchanged)
