"""Anthropic messages: `message_start` has the first usage, and each non-null field of a `message_delta` replaces its.

https://docs.anthropic.com/en/docs/build-with-claude/streaming. The `output_tokens` of `message_start` are
provisional: they count only where that event brings the `stop_reason` too. Where the usage lists `iterations`, the call
is all of them: the fields beside them leave compactions and advisors out, which are charged too, each at its model.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Inner, Tally, Tokens, quantity
from ._fees import TELLING, note_charge
from ._usage import Table, note_all_kept, numbers, sum_of
from ._view import View
from .quiet import by_type

WIRE = "anthropic_messages"
OPERATION = "chat"

_COUNTS = Table(
    {
        "input": ("input_tokens",),
        "output": ("output_tokens",),
        "cache_read": ("cache_read_input_tokens",),
        "cache_write": ("cache_creation_input_tokens",),
        "cache_write_1h": ("cache_creation.ephemeral_1h_input_tokens",),
        "thinking": ("output_tokens_details.thinking_tokens",),
    }
)
# What few usage objects have.
_MORE = TELLING | {"iterations", "speed"}
# The fields of `server_tool_use` that are looked for in objects which can't list theirs.
_COUNTED = ("web_search_requests", "code_execution_requests")
# A tool's name -> the item that its run is; None where it has no fee but tokens. Others are items by their names.
# https://platform.claude.com/docs/en/about-claude/pricing#tool-use-pricing
_TOOLS = {
    "bash_code_execution": "code_execution",
    "text_editor_code_execution": "code_execution",
    **dict.fromkeys(("web_fetch", "tool_search", "tool_search_tool_regex", "tool_search_tool_bm25", "advisor")),
}
# What `inference_geo` says where it names no place.
_NOWHERE = ("not_available", "global")

quiet, quiet_json = by_type(frozenset({"message_delta", "message_start", "content_block_start", "message"}))


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole message, into `tally`."""
    try:
        kind = event.type
    except AttributeError:
        kind = View(event).type
    if kind == "message_delta":
        said = View(event)
        _amend(tally, said.object("usage"))
        _stop(tally, said.object("delta").text("stop_reason"))
    elif kind == "message_start":
        _open(tally, View(event).object("message"))
    elif kind == "content_block_start":
        _note_block(tally, View(event).object("content_block"))
    elif kind == "message":
        message = View(event)
        for block in message.objects("content"):
            _note_block(tally, block)
        _open(tally, message)


def _open(tally: Tally, message: View) -> None:
    tally.response_id = tally.response_id or message.text("id")
    tally.response_model = tally.response_model or message.text("model")
    reason = message.text("stop_reason")
    _amend(tally, message.object("usage"), provisional_output=reason is None)
    _stop(tally, reason)


def _stop(tally: Tally, reason: str | None) -> None:
    if reason is not None or 0 not in tally.reasons:
        tally.reasons[0] = reason


def _amend(tally: Tally, said: View, *, provisional_output: bool = False) -> None:
    stated, more = numbers(said, _COUNTS), said.tells(_MORE)
    iterations = said.objects("iterations") if more else []
    if iterations:
        parts = [numbers(iteration, _COUNTS) for iteration in iterations]
        sums = {name: sum_of(*(part.get(name) for part in parts)) for name in _COUNTS.paths}
        stated |= _said(sums)
        calls = [Inner(tokens(_said(part)), each.text("model")) for part, each in zip(parts, iterations, strict=True)]
        tally.inner = [call for call in calls if call.tokens]
    if provisional_output:
        stated["output"] = None
    known: dict[str, int] = tally.usage if isinstance(tally.usage, dict) else {}
    tally.usage = known | _said(stated)
    tally.count_tokens = tokens
    note_all_kept(tally, said.get("cache_creation"))
    if more:
        _note_items(tally, said)
        note_charge(tally, said)  # OpenRouter
    # Fast mode has its own prices, whatever the tier. https://docs.anthropic.com/en/docs/build-with-claude/fast-mode
    fast = "fast" if more and said.text("speed") == "fast" else None
    tally.service_tier = fast or said.text("service_tier") or tally.service_tier
    geo = said.text("inference_geo")
    tally.region = tally.region if geo in (None, *_NOWHERE) else geo


def _said(stated: dict[str, int | None]) -> dict[str, int]:
    return {name: number for name, number in stated.items() if number is not None}


def _note_block(tally: Tally, block: View) -> None:
    """Note a tool that ran at the service.

    Code from which a search was made is a part of the search, and free.
    """
    if block.text("type") != "server_tool_use" or (name := block.text("name")) is None:
        return
    item = _TOOLS.get(name, name)
    if item is not None:
        tally.ran(item, block.text("id"))
    if (block.object("caller").text("type") or "").startswith("code_execution"):
        tally.waive("code_execution")


def _note_items(tally: Tally, said: View) -> None:
    """Note what the usage counts, in place of the runs so far: a search that failed is not charged."""
    used = said.object("server_tool_use")
    told = {name: used.get(name) for name in _COUNTED} | dict(used.pairs())
    for name, value in told.items():
        number, word = quantity(value), str(name).removesuffix("_requests")
        item = _TOOLS.get(word, word)
        if number is not None and item is not None:
            tally.items.pop(item, None)
            tally.use(item, number)


def tokens(usage: dict[str, int]) -> Tokens:
    """The counts in the fields so far. Anthropic's `input_tokens` leave cached tokens out, ours include them."""
    input_tokens = sum_of(usage.get("input"), usage.get("cache_read"), usage.get("cache_write"))
    output_tokens = usage.get("output")
    return Tokens(
        input_tokens=input_tokens,
        cached_tokens=usage.get("cache_read"),
        output_tokens=output_tokens,
        total_tokens=None if input_tokens is None or output_tokens is None else sum_of(input_tokens, output_tokens),
        cache_write_tokens=usage.get("cache_write"),
        cache_write_1h_tokens=usage.get("cache_write_1h"),
        reasoning_tokens=usage.get("thinking"),
    )
