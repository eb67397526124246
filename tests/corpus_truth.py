"""What a reader should say of a recorded stream, derived from the folder's `index.jsonl` alone.

One table, family of bodies -> field -> how the truth gives it. It shares nothing with the readers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

__all__ = ["EXPECTED", "IDS", "REASONS", "TOKENS", "Facts"]

Facts = dict[str, Any]
Expect = Callable[[Facts], Any]


def output_with_reasoning(truth: Facts) -> int | None:
    """Reasoning that lies outside the completion is output too; only the total tells."""
    said, outside, total = truth["output_tokens_raw"], truth["reasoning_tokens"], truth["total_tokens_raw"]
    if said is not None and outside and total == (truth["input_tokens_raw"] or 0) + said + outside:
        return said + outside
    return said


def anthropic_output(truth: Facts) -> int | None:
    """The count in `message_start` is provisional: with neither a stop reason nor a later count there is none."""
    return truth["output_tokens_raw"] if truth["has_stop_reason"] or truth["usage_events"] > 1 else None


def invoke_output(truth: Facts) -> int | None:
    return anthropic_output(truth) if truth.get("invoke_body") == "anthropic" else truth["output_tokens_raw"]


def google_input(truth: Facts) -> int | None:
    """What tools put into the prompt is input, and stands apart."""
    said = [truth["input_tokens_raw"], truth.get("tool_use_prompt_tokens")]
    return sum(filter(None, said)) if any(number is not None for number in said) else None


def charged(truth: Facts) -> float | None:
    """What the service says it charged: USD, an object with their total, or xAI's ticks of 1e-10 USD."""
    usage = part(truth, "usage_raw")
    if "cost_in_usd_ticks" in usage:
        return usage["cost_in_usd_ticks"] / 10_000_000_000
    return part(usage, "cost").get("total_cost") or usage.get("cost")


def part(facts: Facts, name: str) -> Facts:
    found = facts.get(name)
    return cast("Facts", found) if isinstance(found, dict) else {}


def key(name: str) -> Expect:
    return lambda truth: truth.get(name)


def where_known(first: str, second: str) -> Expect:
    return lambda truth: truth[second] if truth.get(first) is None else truth[first]


def in_usage(*path: str) -> Expect:
    """What the index has only in its copy of the usage object."""

    def found(truth: Facts) -> Any:
        usage = part(truth, "usage_raw")
        for name in path[:-1]:
            usage = part(usage, name)
        return usage.get(path[-1])

    return found


COMMON: dict[str, Expect] = {
    "finish_reasons": lambda truth: [str(reason) for reason in truth["finish_reasons"]],
    "input_tokens": key("input_tokens_raw"),
    "output_tokens": key("output_tokens_raw"),
    "cached_tokens": key("cache_read_tokens"),
    "cache_write_tokens": key("cache_write_tokens"),
    "cache_write_1h_tokens": lambda truth: part(truth, "cache_creation").get("ephemeral_1h_input_tokens"),
    "reasoning_tokens": key("reasoning_tokens"),
    "input_audio_tokens": key("audio_input_tokens"),
    "output_audio_tokens": key("audio_output_tokens"),
    "tool_use_tokens": key("tool_use_prompt_tokens"),
    "provider_cost": lambda truth: None,
    "response_id": key("response_id"),
    "response_model": key("response_model"),
    "service_tier": key("service_tier"),
}
CHAT = COMMON | {"output_tokens": output_with_reasoning, "provider_cost": charged}
BILLED = {
    "input_tokens": where_known("input_tokens_raw", "billed_input_tokens"),
    "output_tokens": where_known("output_tokens_raw", "billed_output_tokens"),
}
CACHED_APART = where_known("input_tokens_incl_cache", "input_tokens_raw")
EXPECTED: dict[str | None, dict[str, Expect]] = {
    None: COMMON,
    "chat": CHAT,
    "completions": CHAT,
    "responses": CHAT,
    # The index does not look into the details of a run's usage.
    "assistants": COMMON | {"reasoning_tokens": in_usage("completion_tokens_details", "reasoning_tokens")},
    "transcription": COMMON,
    "anthropic": COMMON | {"input_tokens": key("input_tokens_incl_cache"), "output_tokens": anthropic_output},
    "anthropic_complete": COMMON,
    "google": COMMON | {"input_tokens": google_input, "output_tokens": key("output_tokens_incl_reasoning")},
    # The index notes no tier for these, and what tools put into the prompt only in its copy of the usage.
    "google_interactions": {name: expect for name, expect in CHAT.items() if name != "service_tier"}
    | {"tool_use_tokens": in_usage("total_tool_use_tokens")},
    # Where only what is billed is said, that is the usage.
    "cohere_v1": COMMON | BILLED,
    "cohere_v2": COMMON | BILLED | {"reasoning_tokens": in_usage("tokens", "reasoning_tokens")},
    "converse": COMMON | {"input_tokens": CACHED_APART},
    "invoke": COMMON | {"input_tokens": CACHED_APART, "output_tokens": invoke_output},
    "ollama": COMMON,
    "watsonx": COMMON,
    "tgi": COMMON,
}
REASONS, IDS = {"finish_reasons"}, {"response_id", "response_model", "service_tier"}
TOKENS = set(COMMON) - REASONS - IDS
