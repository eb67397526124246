"""IBM watsonx text generation: the first event counts the prompt, and the answer's count grows with each event.

https://cloud.ibm.com/apidocs/watsonx-ai#text-generation-stream. Its chat speaks `openai_chat`.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, amend, counts
from ._view import View

WIRE = "watsonx"
OPERATION = "text_completion"

COUNTS = Table({"input_tokens": ("input_token_count",), "output_tokens": ("generated_token_count",)})


def read(tally: Tally, event: Any) -> None:
    """Fold one event of the stream, or one whole answer, into `tally`."""
    said = View(event)
    tally.response_model = tally.response_model or said.text("model_id")
    for index, result in enumerate(said.objects("results")):
        reason = result.text("stop_reason")
        tally.reasons[index] = None if reason is None or reason.lower() == "not_finished" else reason
        amend(tally, _grown(tally, counts(result, COUNTS)))


def _grown(tally: Tally, said: Tokens) -> Tokens:
    """The counts without those that are less than known: later events have 0 where they say nothing of the prompt."""
    known = tally.tokens()
    return Tokens(
        **{
            name: number
            for name in COUNTS.paths
            if (number := getattr(said, name)) is not None and number >= (getattr(known, name) or 0)
        }
    )
