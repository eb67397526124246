"""Bedrock converse: `messageStop` has the finish reason, `metadata` the usage, and they come in either order.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. A prompt
router says which model it chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..facts.tally import Tally, Tokens, count
from . import _bedrock
from ._usage import Table, counts, find, note_kept, sum_of
from ._view import View, view

WIRE = "bedrock_converse"
OPERATION = "chat"

COUNTS = Table(
    {
        "input_tokens": ("inputTokens",),
        "cached_tokens": ("cacheReadInputTokens", "cacheReadInputTokenCount"),
        "output_tokens": ("outputTokens",),
        "total_tokens": ("totalTokens",),
        "cache_write_tokens": ("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
    }
)

_PIECE = {"contentBlockDelta"}
ANSWERING = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop")


def quiet_json(tally: Tally, event: Any) -> bool:
    """Whether an event brings only a piece of an answer that has begun."""
    return bool(tally.reasons) and isinstance(event, dict) and event.keys() == _PIECE


def read(tally: Tally, event: Any) -> None:
    """Fold one event of the stream, or one whole answer, into `tally`."""
    said = View(event)
    whole = said if said.stopReason is not None else None
    metadata = said.object("metadata", whole)
    reason = said.object("messageStop", whole).text("stopReason")
    if reason is not None or (not tally.reasons and any(said.get(name) is not None for name in ANSWERING)):
        tally.reasons[0] = reason
    if reason == "guardrail_intervened":
        _bedrock.note_guardrail_ran(tally)
    begun = said.object("contentBlockStart")
    blocks = [begun.object("start")] if whole is None else whole.object("output").object("message").objects("content")
    for position, block in enumerate(blocks):
        tool = block.object("toolUse")
        if tool.text("type") == "server_tool_use" and (name := tool.text("name")) is not None:
            at = position if whole is not None else count(begun.get("contentBlockIndex"))
            tally.ran(name, (tool.text("toolUseId"), at))  # Nova's web grounding, which has a fee a request
    chosen = find(metadata, "trace.promptRouter.invokedModelId")
    if isinstance(chosen, str) and chosen:
        tally.response_model = chosen.rpartition("/")[2]
    tally.service_tier = _bedrock.tier_of(metadata) or tally.service_tier
    _note_guardrails(tally, event, whole=whole is not None)
    usage = metadata.object("usage")
    if counts(usage, COUNTS):
        tally.usage, tally.count_tokens = usage, tokens
        for detail in usage.objects("cacheDetails"):
            note_kept(tally, detail.text("ttl"), detail.inputTokens)


def _note_guardrails(tally: Tally, event: Any, *, whole: bool) -> None:
    # The names of guardrails are keys, which a view can't list.
    if isinstance(event, Mapping):
        said = cast("Mapping[str, Any]", event)
        about = said if whole else said.get("metadata")
        if isinstance(about, Mapping):
            _bedrock.note_guardrails(tally, cast("Mapping[str, Any]", about).get("trace"))


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object. Its `inputTokens` leave cached tokens out, ours include them."""
    said: View = view(usage)
    tokens = with_cached(counts(said, COUNTS))
    tokens.cache_write_1h_tokens = sum_of(
        *(count(detail.inputTokens) for detail in said.objects("cacheDetails") if detail.ttl == "1h")
    )
    return tokens


def with_cached(said: Tokens) -> Tokens:
    """Add the tokens that a cache gave or took to the input of `said`, and return it."""
    if said.input_tokens is not None:
        said.input_tokens = sum_of(said.input_tokens, said.cached_tokens, said.cache_write_tokens)
    return said
