"""Bedrock invoke: each chunk is one event of the model's own wire; the last has the service's counts too.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html. The model's
counts are taken where there are both: those of the service leave tool calls out of the output.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, cast

from ..facts.tally import Tally, Tokens
from . import _bedrock, _wires, anthropic_complete, anthropic_messages, bedrock_converse, cohere, openai_chat
from ._usage import Table, amend, counts
from ._view import View, view

WIRE = "bedrock_invoke"
OPERATION = "chat"

MODELS = {
    module.WIRE: module.read
    for module in (anthropic_complete, anthropic_messages, bedrock_converse, cohere, openai_chat)
}
# Titan, Llama, Mistral and Cohere's older models send flat bodies, and their counts one by one.
_REASON = ("completionReason", "stop_reason", "finish_reason")
_TEXT = ("outputText", "generation", "text")
_LISTS = ("generations", "outputs")
COUNTS = Table(
    {
        "input_tokens": ("inputTextTokenCount", "prompt_token_count"),
        "output_tokens": ("totalOutputTextTokenCount", "generation_token_count"),
    }
)
METRICS = "amazon-bedrock-invocationMetrics"
METERED = Table(
    {
        "input_tokens": ("inputTokenCount",),
        "cached_tokens": ("cacheReadInputTokenCount",),
        "output_tokens": ("outputTokenCount",),
        "cache_write_tokens": ("cacheWriteInputTokenCount",),
    }
)
TRACE = "amazon-bedrock-trace"
GUARDRAIL = "amazon-bedrock-guardrailAction"
# A chunk without any of these words says nothing that a reader needs, and is not parsed.
_TELLING = re.compile(rb"[Cc]ount|stop|[Rr]eason|usage|finish|guardrail|message_start|messageStart|\"id\"")


def read(tally: Tally, event: Any) -> None:
    """Fold one chunk of the stream, or one whole body, into `tally`."""
    body = body_of(event, first=not tally.reasons)
    if body is None:
        return
    wire = _wires.of(body)
    said = View(body)
    if wire in MODELS:
        MODELS[wire](tally, body)
    else:
        _read_flat(tally, said)
    tally.service_tier = _bedrock.tier_of(View(event)) or _bedrock.tier_of(said) or tally.service_tier
    if said.get(GUARDRAIL) is not None:  # also where it had nothing to say
        _bedrock.note_guardrail_ran(tally)
    _bedrock.note_guardrails(tally, body.get(TRACE))
    metered = said.object(METRICS)
    if counts(metered, METERED) and not tally.tokens():
        tally.usage, tally.count_tokens = metered, tokens
    if said.text(GUARDRAIL) == "INTERVENED" and not any(tally.reasons.values()):
        tally.block_reason = "guardrail_intervened"
        tally.reasons.clear()


def body_of(event: Any, *, first: bool) -> dict[str, Any] | None:
    """The JSON object in a chunk; None where it says nothing that a reader needs.

    Args:
        event: the chunk as the SDK hands it out, as it stands on the wire, or as parsed JSON.
        first: whether to parse it whatever it says.
    """
    said = View(event)
    raw = said.object("chunk", said).get("bytes")
    try:
        if isinstance(raw, str):
            raw = base64.b64decode(raw)
        if isinstance(raw, bytes):
            event = json.loads(raw) if first or _TELLING.search(raw) else None
    except (ValueError, RecursionError):
        return None  # neither base64 nor JSON: a damaged chunk says nothing
    return cast("dict[str, Any]", event) if isinstance(event, dict) else None


def _read_flat(tally: Tally, said: View) -> None:
    tally.response_id = tally.response_id or said.text("id")
    answers = [answer for name in _LISTS for answer in said.objects(name)] or [said]
    for index, answer in enumerate(answers):
        reason = answer.text(*_REASON)
        if reason is not None or (index not in tally.reasons and answer.text(*_TEXT) is not None):
            tally.reasons[index] = reason
    amend(tally, counts(said, COUNTS))


def tokens(usage: Any) -> Tokens:
    """The service's own counts. Its input leaves cached tokens out, ours includes them."""
    return bedrock_converse.with_cached(counts(view(usage), METERED))
