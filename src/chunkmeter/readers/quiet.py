"""Quiet events: those that say nothing but that another chunk has come. Nearly all are.

A reader that can tell them quickly has `quiet(tally, event)`, which an SDK's event is asked by before all else, or
`quiet_json(tally, event)` for JSON. Either says True only of an event of which its `read` would change nothing in the
tally, and says so by the few attributes that tell. Where one is missing or odd it says False, and the reader decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..facts.tally import Tally

__all__ = ["Quiet", "by_type", "never"]

Quiet = Callable[[Tally, Any], bool]
"""Whether an event changes nothing in the tally. Never raises."""


def never(tally: Tally, event: Any) -> bool:
    """False: any event may say something."""
    return False


def by_type(telling: frozenset[str]) -> tuple[Quiet, Quiet]:
    """`quiet` and `quiet_json` of a wire whose events say what they are by their `type`.

    Args:
        telling: the types that its reader takes something from. An event without a type is not quiet.
    """

    def quiet(tally: Tally, event: Any) -> bool:
        try:
            kind = event.type
        except Exception:  # noqa: BLE001 -- whatever is odd, the reader takes
            return False
        return type(kind) is str and kind not in telling and kind != ""

    def quiet_json(tally: Tally, event: Any) -> bool:
        kind = event.get("type") if type(event) is dict else None
        return type(kind) is str and kind not in telling and kind != ""

    return quiet, quiet_json
