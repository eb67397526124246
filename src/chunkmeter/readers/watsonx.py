"""IBM watsonx text generation: the prompt's count comes first, the answer's grows with each event.

https://cloud.ibm.com/apidocs/watsonx-ai#text-generation-stream. Its chat has OpenAI's shape.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally
from ._usage import Table, amend, counts
from ._view import View

WIRE = "watsonx"
OPERATION = "text_completion"

COUNTS: Table = {"input_tokens": ("input_token_count",), "output_tokens": ("generated_token_count",)}


def read(tally: Tally, event: Any) -> None:
    """Fold one event of the stream, or one whole answer, into `tally`."""
    said = View(event)
    tally.response_model = tally.response_model or said.text("model_id")
    for index, result in enumerate(said.objects("results")):
        reason = result.text("stop_reason")
        tally.reasons[index] = None if reason is None or reason.lower() == "not_finished" else reason
        amend(tally, counts(result, COUNTS))
