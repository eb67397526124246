"""Embeddings as Cohere, Ollama and Vertex AI have them in APIs of their own: vectors, and a count of what went in.

https://docs.cohere.com/reference/embed, https://github.com/ollama/ollama/blob/main/docs/api.md,
https://ai.google.dev/api/embeddings. The Gemini API tells no count. The vectors themselves are never looked at.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens, count
from ._usage import Table, amend, counts, find, sum_of
from ._view import View, view
from .cohere import note_items

WIRE = "native_embeddings"
OPERATION = "embeddings"
REASONS = False

COUNTS = Table({"input_tokens": ("prompt_eval_count", "billed_units.input_tokens")})  # Ollama, Cohere


def read(tally: Tally, event: Any) -> None:
    """Fold one whole answer into `tally`."""
    said = View(event)
    tally.ended = tally.vectors = True
    tally.response_id = tally.response_id or said.text("id")
    tally.response_model = tally.response_model or said.text("model")
    meta = said.object("meta")
    note_items(tally, meta)
    usage = meta if counts(meta, COUNTS) else said
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens
        return
    embedded = [count(find(each, "statistics.token_count")) for each in said.objects("embeddings")]
    amend(tally, Tokens(input_tokens=sum_of(*embedded)))


def tokens(usage: Any) -> Tokens:
    """The counts in an answer of Ollama's, or in the `meta` of Cohere's."""
    return counts(view(usage), COUNTS)
