"""OpenAI assistants: a run has its usage when it ends. The usage of its steps is a part of that; their tools have fees.

https://platform.openai.com/docs/api-reference/assistants-streaming/events. The SDK's events hold the object that the
wire sends as `data`. A run that isn't streamed is only queued by the time of its answer, and has told no usage yet. Nor
has one that stops for a tool; the stream that goes on with it tells the usage of all.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally
from ._view import View
from .openai_chat import tokens

WIRE = "openai_assistants"
OPERATION = "invoke_agent"

UNDER_WAY = frozenset({"queued", "in_progress", "cancelling"})


def read(tally: Tally, event: Any) -> None:
    """Fold one event, or one whole run, into `tally`."""
    said = View(event)
    run = said.object("data", said)
    if run.get("object") == "thread.run.step":
        for call in run.object("step_details").objects("tool_calls"):
            if call.text("type") == "code_interpreter":
                tally.ran("code_session", run.text("thread_id"))  # which a thread has one of
    if run.get("object") != "thread.run":
        return
    tally.response_id = tally.response_id or run.text("id")
    tally.response_model = tally.response_model or run.text("model")
    status = run.text("status")
    tally.reasons[0] = None if status in UNDER_WAY else status
    usage = run.object("usage")
    if tokens(usage):
        tally.usage, tally.count_tokens = usage, tokens
