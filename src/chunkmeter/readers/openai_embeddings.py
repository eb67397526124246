"""OpenAI's embeddings, and those of the many services that answer in their shape: vectors, and a count of what went in.

https://platform.openai.com/docs/api-reference/embeddings/create. Vectors are no tokens: nothing that comes out is
counted, and there is no word for why it ended. The vectors themselves are never looked at, as they are many.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._fees import note_charge
from ._usage import Table, counts
from ._view import View, view

WIRE = "openai_embeddings"
OPERATION = "embeddings"
REASONS = False

COUNTS = Table(
    {
        "input_tokens": ("prompt_tokens", "total_tokens"),  # Voyage has the total alone
        "total_tokens": ("total_tokens",),
    }
)


def read(tally: Tally, event: Any) -> None:
    """Fold one whole answer into `tally`."""
    said = View(event)
    tally.ended = tally.vectors = True
    tally.response_id = tally.response_id or said.text("id")
    tally.response_model = tally.response_model or said.text("model")
    usage = said.object("usage")
    note_charge(tally, usage)  # OpenRouter
    if counts(usage, COUNTS).input_tokens:  # LiteLLM writes zeros where a service has told nothing
        tally.usage, tally.count_tokens = usage, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of embeddings."""
    return counts(view(usage), COUNTS)
