"""Bedrock converse: `messageStop` says why it stopped, `metadata` what it used; they come in either order.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Its `inputTokens` leave cached
ones out, ours don't.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, counts, sum_of
from ._view import View, view

WIRE = "bedrock_converse"
OPERATION = "chat"

COUNTS: Table = {
    "input_tokens": ("inputTokens",),
    "cached_tokens": ("cacheReadInputTokens", "cacheReadInputTokenCount"),
    "output_tokens": ("outputTokens",),
    "total_tokens": ("totalTokens",),
    "cache_write_tokens": ("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
}

ANSWERING = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop")


def read(tally: Tally, event: Any) -> None:
    """Fold one event of the stream, or one whole answer, into `tally`."""
    said = View(event)
    whole = said if said.stopReason is not None else None
    metadata = said.object("metadata", whole)
    reason = said.object("messageStop", whole).text("stopReason")
    if reason is not None or (not tally.reasons and any(said.get(name) is not None for name in ANSWERING)):
        tally.reasons[0] = reason
    tally.service_tier = metadata.object("serviceTier").text("type") or tally.service_tier
    usage = metadata.object("usage")
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of an answer."""
    return with_cached(counts(view(usage), COUNTS))


def with_cached(said: Tokens) -> Tokens:
    """The same, cached tokens read and written among the input."""
    if said.input_tokens is not None:
        said.input_tokens = sum_of(said.input_tokens, said.cached_tokens, said.cache_write_tokens)
    return said
