"""Anthropic's legacy text completions, which have a finish reason and no usage.

https://docs.anthropic.com/en/api/complete
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally
from ._view import View

WIRE = "anthropic_complete"
OPERATION = "text_completion"


def read(tally: Tally, event: Any) -> None:
    """Fold one `completion`, of a stream or whole, into `tally`."""
    said = View(event)
    if said.type == "completion":
        tally.response_id = tally.response_id or said.text("id")
        tally.response_model = tally.response_model or said.text("model")
        tally.reasons[0] = said.text("stop_reason") or tally.reasons.get(0)
