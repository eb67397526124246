"""MLX LM's `GenerationResponse`, of models in the process itself: each has the counts so far, the last one the reason.

https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/generate.py. It names no model.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Tally, Tokens
from ._usage import Table, counts
from ._view import View, view

WIRE = "mlx"
OPERATION = "chat"

COUNTS = Table({"input_tokens": ("prompt_tokens",), "output_tokens": ("generation_tokens",)})


def read(tally: Tally, event: Any) -> None:
    """Fold one chunk of the stream, or the last one that stands for a whole answer, into `tally`."""
    said = View(event)
    if said.generation_tokens is None:
        return
    tally.reasons[0] = said.text("finish_reason")
    tally.usage, tally.count_tokens = said, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the last chunk."""
    return counts(view(usage), COUNTS)
