"""Cohere's rerank: which documents fit a query best. It is charged by units of search, and tells no tokens.

https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally
from ._view import View
from .cohere import note_items

WIRE = "cohere_rerank"
OPERATION = "rerank"
REASONS = False


def read(tally: Tally, event: Any) -> None:
    """Fold one whole answer into `tally`."""
    said = View(event)
    tally.ended = True
    tally.response_id = tally.response_id or said.text("id")
    note_items(tally, said.object("meta"))
