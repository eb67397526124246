"""OpenAI assistants: a run says what it used when it ends; its steps say the same of their parts.

https://platform.openai.com/docs/api-reference/assistants-streaming/events. The SDK's events have the object of the
wire as `data`.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally
from ._view import View
from .openai_chat import tokens

WIRE = "openai_assistants"
OPERATION = "chat"

UNDER_WAY = frozenset({"queued", "in_progress", "cancelling"})


def read(tally: Tally, event: Any) -> None:
    """Fold one event, or one whole run, into `tally`."""
    said = View(event)
    run = said.object("data", said)
    if run.get("object") != "thread.run":
        return
    tally.response_id = tally.response_id or run.text("id")
    tally.response_model = tally.response_model or run.text("model")
    status = run.text("status")
    tally.reasons[0] = None if status in UNDER_WAY else status
    usage = run.object("usage")
    if tokens(usage):
        tally.usage, tally.count_tokens = usage, tokens
