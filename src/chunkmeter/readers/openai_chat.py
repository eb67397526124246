"""OpenAI chat completions, as OpenAI and the many services that speak it send them.

One usage object replaces the one before as a whole: https://platform.openai.com/docs/api-reference/chat-streaming.
A service's own way of saying something is a path in the tables below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tally import Tally, Tokens
from ._usage import Table, amount, charge, counts, find, reasoning_beside, states
from ._view import View, view

WIRE = "openai_chat"
OPERATION = "chat"

MODEL = ("model", "model_id")  # watsonx names its models so
COUNTS: Table = {
    "input_tokens": ("prompt_tokens",),
    "cached_tokens": (
        "prompt_tokens_details.cached_tokens",
        "prompt_token_details.cached_tokens",  # OpenAI's assistants, Writer
        "prompt_cache_hit_tokens",  # DeepSeek
        "cached_tokens",  # Moonshot, Together
        "cache_read_input_tokens",  # LiteLLM, Databricks
    ),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens",  # OpenRouter
        "prompt_tokens_details.cache_creation_tokens",  # LiteLLM
        "cache_creation_input_tokens",
    ),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "reasoning_tokens"),
    "input_audio_tokens": ("prompt_tokens_details.audio_tokens",),
    "output_audio_tokens": ("completion_tokens_details.audio_tokens",),
    "input_image_tokens": ("prompt_tokens_details.image_tokens",),
    "output_image_tokens": ("completion_tokens_details.image_tokens",),
}


def read(tally: Tally, event: Any) -> None:
    """Fold one `chat.completion.chunk`, or one whole `chat.completion`, into `tally`."""
    # Nearly every chunk brings text and nothing that counts: plain attribute access tells, and is quick.
    try:
        (choice,) = event.choices
        if (
            not choice.finish_reason
            and choice.index in tally.reasons
            and getattr(event, "usage", None) is None  # LiteLLM's chunks lack what was not set.
            and (tally.response_id or not event.id)
            and (tally.response_model or not event.model)
        ):
            return
    except (AttributeError, TypeError, ValueError):
        pass  # A dict, no choice or several, an SDK object that lacks a field, or one around the chunk (Mistral).
    said = View(event)
    choices = said.objects("choices")
    if not choices and said.get("usage") is None:
        said = said.object("data", said)
        choices = said.objects("choices")
    _read(tally, said, choices)


def _read(tally: Tally, event: View, choices: list[View]) -> None:
    """Fold a chunk that may say something, whatever its shape."""
    tally.response_id = tally.response_id or event.text("id")
    tally.response_model = tally.response_model or event.text(*MODEL)
    tally.service_tier = event.text("service_tier") or tally.service_tier
    for position, choice in enumerate(choices):
        index, reason = choice.index(position), choice.text("finish_reason")
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
    for usage in _usages(event, choices):
        if isinstance(usage, View) and states(usage, COUNTS, "input_tokens", "output_tokens", "total_tokens"):
            tally.usage, tally.count_tokens = usage, tokens
            cost = charge(usage)
            tally.provider_cost = tally.provider_cost if cost is None else cost
            break
    hidden = event.get("_hidden_params")
    if isinstance(hidden, View):
        _read_litellm(tally, hidden, chunk=event.get("object") == "chat.completion.chunk")


def _read_litellm(tally: Tally, hidden: View, *, chunk: bool) -> None:
    """What LiteLLM says beside an answer, https://docs.litellm.ai/docs/completion/token_usage."""
    cost = amount(hidden.response_cost)
    if chunk and cost == 0 and hidden.cache_hit is not True:
        cost = None  # Up to 1.72 at least its chunks have had that since before there was anything to price.
    tally.provider_cost = tally.provider_cost if cost is None else cost
    if isinstance(hidden.cache_hit, bool):
        tally.cached_response = hidden.cache_hit


def _usages(event: View, choices: list[View]) -> Iterator[Any]:
    """What may be a usage object; the first that states a number counts."""
    yield event.get("usage")
    yield find(event, "x_groq.usage")
    for choice in choices:
        yield choice.get("usage")  # Moonshot


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object of this wire."""
    return reasoning_beside(counts(view(usage), COUNTS))
