"""Usage objects of OpenAI's chat completions, as OpenAI and many other services send them.

Where a service has a count in a place of its own, that place is a path in the table below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..facts.tally import Tally, Tokens
from . import _usage
from ._fees import TELLING, note_charge, note_fees
from ._usage import Table, counts, find, note_all_kept, parts_beside, sum_of
from ._view import View, view

__all__ = ["note_usage", "says_counts", "says_more", "tokens"]

# What a usage object or its details of the prompt may say beside counts.
_BESIDE = TELLING | {"service_tier", "cache_creation", "cache_creation_token_details", "web_search_requests"}
_COUNTS = Table(
    {
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
    },
    _BESIDE,
)


def says_counts(said: Any) -> bool:
    """Whether a value is seen at once to be an SDK's usage object that has counts and says nothing else."""
    return _usage.says_counts(said, _COUNTS, "input_tokens")


def says_more(said: Any) -> bool | None:
    """Whether a usage object may say more than its counts; None where a value is none, or has no count."""
    if not isinstance(said, View):
        return None
    return _usage.says_more(said, _COUNTS, "input_tokens", "output_tokens", "total_tokens")


def note_usage(tally: Tally, usage: Any, tier: str | None, *, more: bool) -> None:
    """Take a usage object in place of the one before, and note what else it says.

    Args:
        tally: the tally of the call.
        usage: the usage object; a view of it where it may say more.
        tier: the service tier that stands beside it.
        more: whether it may say more than its counts.
    """
    tally.usage, tally.count_tokens = usage, tokens if more else _only_counts
    if more:
        tally.service_tier = usage.text("service_tier") or tally.service_tier  # Mistral
        note_charge(tally, usage)
        note_fees(tally, usage)
        for name in ("prompt_tokens_details.cache_creation_token_details", "cache_creation"):
            note_all_kept(tally, find(usage, name))
    tally.service_tier = tier or tally.service_tier
    if "audio_second" in tally.items:
        tally.count_billed = _without_audio


def tokens(usage: Any) -> Tokens:
    """The counts in one usage object of this wire."""
    said = counts(usage, _COUNTS)
    if said.reasoning_tokens is not None and find(view(usage), "num_search_queries") is not None:
        # Perplexity's deep research counts reasoning beside the output, and in no total.
        return replace(said, output_tokens=sum_of(said.output_tokens, said.reasoning_tokens))
    return _as_totalled(said)


def _only_counts(usage: Any) -> Tokens:
    """The same for an object that says nothing else."""
    return _as_totalled(counts(usage, _COUNTS))


def _as_totalled(said: Tokens) -> Tokens:
    """`said` with what the total alone shows."""
    given, made = said.input_tokens, said.output_tokens
    if given is not None and made is not None and said.total_tokens == given + made:
        return said
    return _thoughts_in_total(said) if said.reasoning_tokens is None else parts_beside(said)


def _without_audio(usage: Any) -> Tokens:
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
