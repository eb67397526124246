"""OpenAI chat completions, as OpenAI and many other services send them.

https://platform.openai.com/docs/api-reference/chat-streaming. Each usage object replaces the one before as a whole.
Where a service has a count in a place of its own, that place is a path in the table below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..facts.tally import Inner, Tally, Tokens
from ._fees import note_charge, note_copilot, note_fees, note_searching, tool
from ._openai_chunks import RARE, quiet, quiet_json, read_plain
from ._usage import Table, amount, counts, find, note_all_kept, parts_beside, states, sum_of
from ._view import View, view

__all__ = ["COUNTS", "MODEL", "OPERATION", "REASON", "WIRE", "quiet", "quiet_json", "read", "tokens", "without_audio"]

WIRE = "openai_chat"
OPERATION = "chat"

MODEL = ("model", "model_id")  # watsonx has the second
REASON = ("finish_reason", "stop_reason")  # Mistral's and DeepSeek's models on Bedrock have the second
COUNTS: Table = {
    "input_tokens": ("prompt_tokens",),
    "cached_tokens": (
        "prompt_tokens_details.cached_tokens",
        "prompt_token_details.cached_tokens",  # OpenAI's assistants, Writer
        "prompt_cache_hit_tokens",  # DeepSeek
        "cached_tokens",  # Moonshot, Together
        "num_cached_tokens",  # Mistral
        "cache_read_input_tokens",  # LiteLLM, Databricks
    ),
    "cached_audio_tokens": ("prompt_tokens_details.cached_tokens_details.audio_tokens",),
    "cached_image_tokens": ("prompt_tokens_details.cached_tokens_details.image_tokens",),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens",  # OpenRouter
        "prompt_tokens_details.cache_creation_tokens",  # LiteLLM
        "cache_creation_input_tokens",
    ),
    "cache_write_1h_tokens": (
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",  # LiteLLM
        "cache_creation_token_details.ephemeral_1h_input_tokens",
        "cache_creation.ephemeral_1h_input_tokens",
    ),
    "cache_write_12h_tokens": ("prompt_tokens_details.cache_write_tokens_details.ttl_12h_tokens",),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "reasoning_tokens"),
    "input_audio_tokens": ("prompt_tokens_details.audio_tokens",),
    "output_audio_tokens": ("completion_tokens_details.audio_tokens",),
    "input_image_tokens": ("prompt_tokens_details.image_tokens",),
    "output_image_tokens": ("completion_tokens_details.image_tokens",),
    "input_video_tokens": ("prompt_tokens_details.video_tokens",),  # OpenRouter, Doubleword
    "output_video_tokens": ("completion_tokens_details.video_tokens",),
}


_RUNS = frozenset({"executed_tools", "tool_calls"})
_KEPT_BY_TIME = frozenset({"prompt_tokens_details", "cache_creation"})


def read(tally: Tally, event: Any) -> None:
    """Fold one `chat.completion.chunk`, or one whole `chat.completion`, into `tally`."""
    if type(event) is not dict and read_plain(tally, event):
        return
    said = View(event)
    choices = said.objects("choices")
    if not choices and said.get("usage") is None:
        said = said.object("data", said)
        choices = said.objects("choices")
    _read(tally, said, choices)


def _read(tally: Tally, event: View, choices: list[View]) -> None:
    """Fold a chunk that may say something new, whatever its shape."""
    rare = event.tells(RARE)
    tally.response_id = tally.response_id or event.text("id")
    if tally.response_model is None:
        tally.response_model = event.text(*MODEL)
        note_searching(tally)
        tally.tells_runs = rare and event.get("x_groq") is not None
    tally.service_tier = event.text("service_tier") or tally.service_tier
    for position, choice in enumerate(choices):
        index, reason = choice.index(position), choice.text(*REASON)
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
        _note_runs(tally, index, choice)
    for usage in _usages(event, choices, rare=rare):
        if isinstance(usage, View) and states(usage, COUNTS, "input_tokens", "output_tokens", "total_tokens"):
            tally.usage, tally.count_tokens = usage, tokens
            # Mistral's tier stands in the usage.
            tally.service_tier = event.text("service_tier") or usage.text("service_tier") or tally.service_tier
            cost = amount(find(event, "cost.usd")) if rare else None  # Venice
            tally.provider_cost = tally.provider_cost if cost is None else cost
            note_charge(tally, usage)
            note_fees(tally, usage)
            if usage.tells(_KEPT_BY_TIME):
                for name in ("prompt_tokens_details.cache_creation_token_details", "cache_creation"):
                    note_all_kept(tally, find(usage, name))
            if "audio_second" in tally.items:
                tally.count_billed = without_audio
            if rare:
                _note_models(tally, event)
                note_copilot(tally, event)
            break
    hidden = event.get("_hidden_params") if rare else None
    if isinstance(hidden, View):
        _read_litellm(tally, hidden, chunk=event.get("object") == "chat.completion.chunk")


def _note_runs(tally: Tally, index: int, choice: View) -> None:
    """Groq tells what it ran, before it runs and after; Moonshot has the app call a tool of its own.

    https://console.groq.com/docs/compound, https://platform.moonshot.ai/docs/pricing/tools
    """
    piece = choice.get("delta")
    said = choice.get("message") if piece is None else piece
    # Text without Groq's mark before it tells of no tools: to look into each piece would take long.
    if not isinstance(said, View) or not said.tells(_RUNS):
        return
    if piece is None or tally.tells_runs or not said.get("content"):
        for position, ran in enumerate(said.objects("executed_tools")):
            kind = ran.text("type")
            item = tool(ran.text("name") if kind == "function" else kind)
            if item is not None:
                tally.ran(item, (index, ran.index(position)))
        for position, call in enumerate(said.objects("tool_calls")):
            name = call.object("function").text("name") or ""
            if name.startswith("$"):
                tally.ran(name[1:], (index, call.index(position)))


def _note_models(tally: Tally, event: View) -> None:
    """Groq's compound systems are several models, each charged by itself."""
    found = find(event, "usage_breakdown.models") or find(event, "x_groq.usage_breakdown.models")
    if isinstance(found, list):
        parts = [each for each in found if isinstance(each, View)]
        calls = [Inner(tokens(each.object("usage")), each.text("model")) for each in parts]
        tally.inner = [call for call in calls if call.tokens]


def _read_litellm(tally: Tally, hidden: View, *, chunk: bool) -> None:
    """Fold what LiteLLM says beside an answer, https://docs.litellm.ai/docs/completion/token_usage."""
    cost = amount(hidden.response_cost)
    if chunk and cost == 0 and hidden.cache_hit is not True:
        cost = None  # up to 1.72 at least, LiteLLM's chunks have a cost of 0 before there is anything to price
    tally.provider_cost = tally.provider_cost if cost is None else cost
    if isinstance(hidden.cache_hit, bool):
        tally.cached_response = hidden.cache_hit


def _usages(event: View, choices: list[View], *, rare: bool) -> Iterator[Any]:
    """The values that may be the usage object; the first that has a count is taken."""
    yield event.get("usage")
    if rare:
        yield find(event, "x_groq.usage")
    for choice in choices:
        yield choice.get("usage")  # Moonshot


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object of this wire."""
    usage = view(usage)
    said = counts(usage, COUNTS)
    if said.reasoning_tokens is None:
        return _thoughts_in_total(said)
    if usage.get("num_search_queries") is not None:
        # Perplexity's deep research counts reasoning beside the output, and in no total.
        return replace(said, output_tokens=sum_of(said.output_tokens, said.reasoning_tokens))
    return parts_beside(said)


def without_audio(usage: Any) -> Tokens:
    """The counts in a usage object of Mistral's whose audio is charged by the second."""
    said = tokens(usage)
    if said.input_tokens is None or said.input_audio_tokens is None:
        return said
    return replace(said, input_tokens=said.input_tokens - said.input_audio_tokens, input_audio_tokens=None)


def _thoughts_in_total(said: Tokens) -> Tokens:
    """The same for a usage without a word on reasoning: Gemini's thoughts are in the total alone.

    https://ai.google.dev/gemini-api/docs/openai. What lies outside may as well be audio, or what a cache was asked.
    """
    said = parts_beside(said)
    if said.input_tokens is None or said.total_tokens is None:
        return said
    made = said.total_tokens - said.input_tokens
    cached, written = said.cached_tokens or 0, said.cache_write_tokens or 0
    if made - (said.output_tokens or 0) in (cached, written, cached + written):
        return said
    return replace(said, output_tokens=max(made, said.output_tokens or 0))
