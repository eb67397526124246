"""OpenAI chat completions, as OpenAI and the many services that speak it send them.

One usage object replaces the one before as a whole: https://platform.openai.com/docs/api-reference/chat-streaming.
Dialects are the services' own: Groq's `x_groq`, OpenRouter's `cost`, xAI's ticks, DeepSeek's cache counts.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._view import View, view

WIRE = "openai_chat"
OPERATION = "chat"

# xAI states its charge in ticks of 1e-10 USD (https://docs.x.ai/docs/models).
_XAI_TICKS_PER_USD = 10**10
_TOO_MUCH = 10**18  # no amount that anyone pays, in USD or ticks


def read(tally: Tally, event: Any) -> None:
    """Fold one `chat.completion.chunk`, or one whole `chat.completion`, into `tally`."""
    # Nearly every chunk brings text and nothing that counts: plain attribute access tells, and is quick.
    try:
        choices = event.choices
        for choice in choices:
            if choice.finish_reason or choice.index not in tally.reasons:
                break
        else:
            named = (tally.response_id or not event.id) and (tally.response_model or not event.model)
            # LiteLLM's chunks lack what was not set.
            if choices and named and getattr(event, "usage", None) is None:
                return
    except (AttributeError, TypeError):
        pass  # A dict, or an SDK object built from an event that lacks a field.
    _read(tally, View(event))


def _read(tally: Tally, event: View) -> None:
    """Fold a chunk that may say something, whatever its shape."""
    tally.response_id = tally.response_id or event.text("id")
    tally.response_model = tally.response_model or event.text("model")
    tally.service_tier = event.text("service_tier") or tally.service_tier
    choices = event.objects("choices")
    for position, choice in enumerate(choices):
        index, reason = choice.index(position), choice.text("finish_reason")
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
    usage = _usage(event) or _usage(event.x_groq) or next(filter(None, map(_usage, choices)), None)
    if usage is not None:
        tally.usage, tally.count_tokens = usage, tokens
        cost = _cost(usage)
        tally.provider_cost = tally.provider_cost if cost is None else cost


def _usage(said: Any) -> View | None:
    """The usage object in `said`, if it states any number."""
    usage = said.usage if isinstance(said, View) else None
    if not isinstance(usage, View) or _first(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) is None:
        return None
    return usage


def _cost(usage: View) -> float | None:
    """USD as the service itself charged them: OpenRouter's number, Perplexity's total, xAI's ticks."""
    for amount, per_usd in (
        (usage.cost, 1),
        (usage.object("cost").total_cost, 1),
        (usage.cost_in_usd_ticks, _XAI_TICKS_PER_USD),
    ):
        if isinstance(amount, int | float) and not isinstance(amount, bool) and 0 <= amount < _TOO_MUCH:
            return float(amount / per_usd)
    return None


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object of this wire."""
    said: View = view(usage)
    prompt, completion = said.object("prompt_tokens_details"), said.object("completion_tokens_details")
    input_tokens, output_tokens = count(said.prompt_tokens), count(said.completion_tokens)
    total, reasoning = count(said.total_tokens), _first(completion.reasoning_tokens, said.reasoning_tokens)
    # xAI counts reasoning beside the completion instead of inside it; only the total tells.
    if reasoning and output_tokens is not None and total == (input_tokens or 0) + output_tokens + reasoning:
        output_tokens += reasoning
    return Tokens(
        input_tokens=input_tokens,
        cached_tokens=_first(
            prompt.cached_tokens, said.prompt_cache_hit_tokens, said.cached_tokens, said.cache_read_input_tokens
        ),
        output_tokens=output_tokens,
        total_tokens=total,
        cache_write_tokens=_first(
            prompt.cache_write_tokens, prompt.cache_creation_tokens, said.cache_creation_input_tokens
        ),
        reasoning_tokens=reasoning,
        input_audio_tokens=count(prompt.audio_tokens),
        output_audio_tokens=count(completion.audio_tokens),
    )


def _first(*values: Any) -> int | None:
    return next((number for number in map(count, values) if number is not None), None)
