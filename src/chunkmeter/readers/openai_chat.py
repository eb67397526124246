"""OpenAI chat completions, as OpenAI and the many services that speak it send them.

One usage object replaces the one before as a whole; https://platform.openai.com/docs/api-reference/chat-streaming
and, for the dialects (Groq's `x_groq`, OpenRouter's `cost`, xAI's ticks, DeepSeek's cache counts), each service's own.
"""

from __future__ import annotations

from typing import Any

from ..tally import Tally, Tokens, count
from ._view import view

WIRE = "openai_chat"
OPERATION = "chat"

# xAI states its charge in ticks of 1e-10 USD (https://docs.x.ai/docs/models).
_USD_PER_XAI_TICK = 1e-10


def read(tally: Tally, event: Any) -> None:
    """Fold one `chat.completion.chunk`, or one whole `chat.completion`, into `tally`."""
    try:
        _read(tally, event)
    except (AttributeError, TypeError):
        # A dict, or an SDK object built from an event that lacks a field: read again, forgivingly.
        _read(tally, view(event))


def _read(tally: Tally, event: Any) -> None:
    if not tally.response_id:
        tally.response_id = event.id
    if not tally.response_model:
        tally.response_model = event.model
    choices = event.choices
    finishing = not choices
    for choice in choices or ():
        index = choice.index or 0
        reason = choice.finish_reason
        if reason:
            tally.reasons[index] = reason
            finishing = True
        elif index not in tally.reasons:
            tally.reasons[index] = None
    usage = event.usage
    if usage is not None or finishing:
        _read_end(tally, usage, view(event))


def _read_end(tally: Tally, usage: Any, event: Any) -> None:
    """What only the last chunks carry, so that the others don't pay for looking."""
    tally.service_tier = event.service_tier or tally.service_tier
    if usage is None and event.x_groq is not None:
        usage = event.x_groq.usage
    if usage is None:
        return
    tally.usage, tally.count_tokens = usage, tokens
    said = view(usage)
    if isinstance(said.cost, int | float):
        tally.provider_cost = float(said.cost)
    elif isinstance(said.cost_in_usd_ticks, int):
        tally.provider_cost = said.cost_in_usd_ticks * _USD_PER_XAI_TICK


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object of this wire."""
    said = view(usage)
    prompt, completion = said.prompt_tokens_details or view({}), said.completion_tokens_details or view({})
    input_tokens, output_tokens = count(said.prompt_tokens), count(said.completion_tokens)
    total, reasoning = count(said.total_tokens), count(completion.reasoning_tokens)
    if None not in (input_tokens, output_tokens, total) and reasoning:
        # xAI counts reasoning beside the completion instead of inside it; only the total tells.
        if total == input_tokens + output_tokens + reasoning:  # type: ignore[operator]
            output_tokens += reasoning  # type: ignore[operator]
    return Tokens(
        input_tokens=input_tokens,
        cached_tokens=_first(prompt.cached_tokens, said.prompt_cache_hit_tokens, said.cached_tokens),
        output_tokens=output_tokens,
        total_tokens=total,
        cache_write_tokens=_first(prompt.cache_write_tokens, prompt.cache_creation_tokens),
        reasoning_tokens=reasoning,
        input_audio_tokens=count(prompt.audio_tokens),
        output_audio_tokens=count(completion.audio_tokens),
    )


def _first(*values: Any) -> int | None:
    return next((number for number in map(count, values) if number is not None), None)
