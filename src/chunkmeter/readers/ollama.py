"""Ollama's own API, chat and generate: the last line has the counts and the finish reason.

https://github.com/ollama/ollama/blob/main/docs/api.md. Ollama gives no count of a prompt that it has in its cache.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "ollama"
OPERATION = "chat"

COUNTS = Table({"input_tokens": ("prompt_eval_count",), "output_tokens": ("eval_count",)})


def quiet(tally: Tally, event: Any) -> bool:
    """Whether an SDK's object is not the last one, nor the first."""
    try:
        return bool(tally.reasons) and not event.done
    except Exception:  # noqa: BLE001 -- whatever is odd, `read` takes
        return False


def read(tally: Tally, event: Any) -> None:
    """Fold one line of the stream, or one whole answer, into `tally`."""
    said = View(event)
    if said.done is None:
        return
    tally.response_model = tally.response_model or said.text("model")
    reason = said.text("done_reason")
    if said.done is True and reason is None:  # older releases don't say why
        tally.ended = True
        tally.reasons.clear()
    else:
        tally.reasons[0] = reason
    if counts(said, COUNTS):
        tally.usage, tally.count_tokens = said, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the last line."""
    return counts(view(usage), COUNTS)
