"""What a reader should say of a recorded stream, derived from the folder's `index.jsonl` alone.

One table, family of bodies -> field -> how the truth gives it. It shares nothing with the readers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, cast

__all__ = ["EXPECTED", "IDS", "REASONS", "TOKENS", "Facts", "expected"]

Facts = dict[str, Any]
Expect = Callable[[Facts], Any]


def expected(truth: Facts, family: str | None) -> Facts:
    """What a reader should say of a body of this family. What the truth lacks a key for is not known, and left out."""
    known: Facts = {}
    for name, expect in EXPECTED.get(family, COMMON).items():
        with contextlib.suppress(KeyError):
            known[name] = expect(truth)
    return known


# --- what is counted beside the rest ---


def outside(truth: Facts) -> int:
    """How much the total is more than input and output."""
    return (truth["total_tokens_raw"] or 0) - (truth["input_tokens_raw"] or 0) - (truth["output_tokens_raw"] or 0)


def input_with_audio(truth: Facts) -> int | None:
    """Audio that lies outside the prompt is input too."""
    said, audio = truth["input_tokens_raw"], truth["audio_input_tokens"]
    return said + audio if said is not None and audio and outside(truth) == audio else said


def output_with_reasoning(truth: Facts) -> int | None:
    """Reasoning that lies outside the completion is output too; only the total tells."""
    said, reasoning = truth["output_tokens_raw"], truth["reasoning_tokens"]
    return said + reasoning if said is not None and reasoning and outside(truth) == reasoning else said


def output_with_thoughts(truth: Facts) -> int | None:
    """Gemini's thoughts are in the total alone, where it is asked as OpenAI is."""
    said, more = truth["output_tokens_raw"], outside(truth)
    cached, written, audio = (
        truth[name] or 0 for name in ("cache_read_tokens", "cache_write_tokens", "audio_input_tokens")
    )
    if truth["reasoning_tokens"] is not None or truth["input_tokens_raw"] is None or more <= 0:
        return output_with_reasoning(truth)
    return said if more in (audio, cached, written, cached + written) else (said or 0) + more


def interactions_input(truth: Facts) -> int | None:
    """What tools put into the prompt is input."""
    usage = usage_of(truth)
    said = [usage.get("total_input_tokens"), usage.get("total_tool_use_tokens")]
    return sum(filter(None, said)) if any(number is not None for number in said) else None


def interactions_output(truth: Facts) -> int | None:
    """Thoughts are output."""
    usage = usage_of(truth)
    said = [usage.get("total_output_tokens"), usage.get("total_thought_tokens")]
    return sum(filter(None, said)) if any(number is not None for number in said) else None


def google_input(truth: Facts) -> int | None:
    """What tools put into the prompt is input, and stands apart."""
    if not truth["has_usage"]:
        return truth["input_tokens_raw"]
    said = [truth["input_tokens_raw"], truth["tool_use_prompt_tokens"]]
    return sum(filter(None, said)) if any(number is not None for number in said) else None


_USUAL_TRAFFIC = ("ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED")


def google_tier(truth: Facts) -> str | None:
    """Vertex AI has a type of traffic in place of a tier."""
    traffic = truth.get("traffic_type")
    return truth["service_tier"] or (traffic if isinstance(traffic, str) and traffic not in _USUAL_TRAFFIC else None)


# --- Anthropic ---


def iterations(truth: Facts) -> list[Facts]:
    """The parts of a call, where the usage lists them: the fields beside them leave some out."""
    return usage_of(truth).get("iterations") or []


def summed(*path: str, otherwise: Expect) -> Expect:
    """The sum of a field over all iterations, where there are any that say it."""

    def found(truth: Facts) -> Any:
        parts = [inside(iteration, *path) for iteration in iterations(truth)]
        said = [number for number in parts if number is not None]
        return sum(said) if said else otherwise(truth)

    return found


def anthropic_input(truth: Facts) -> int | None:
    """All that went in, cached tokens too."""
    if iterations(truth):
        return truth["all_iterations_input_tokens"]
    return truth["input_tokens_incl_cache"]


def anthropic_output(truth: Facts) -> int | None:
    """The count in `message_start` is provisional: with neither a stop reason nor a later count there is none."""
    if not truth["has_stop_reason"] and truth["usage_events"] <= 1:
        return None
    return truth["all_iterations_output_tokens" if iterations(truth) else "output_tokens_raw"]


def anthropic_tier(truth: Facts) -> str | None:
    """The fast mode has prices of its own, whatever the tier."""
    return "fast" if usage_of(truth).get("speed") == "fast" else truth["service_tier"]


def invoke_output(truth: Facts) -> int | None:
    return anthropic_output(truth) if truth.get("invoke_body") == "anthropic" else truth["output_tokens_raw"]


# --- the rest ---


def converse_1h(truth: Facts) -> int | None:
    """Bedrock lists what was written to a cache by how long it is kept."""
    details = [detail for detail in usage_of(truth).get("cacheDetails") or [] if detail.get("ttl") == "1h"]
    return sum(detail["inputTokens"] for detail in details) if details else None


def converse_model(truth: Facts) -> str:
    """A prompt router names its choice as a resource; nothing else on this wire names a model."""
    if truth["response_model"] is None:
        raise KeyError("response_model")
    return str(truth["response_model"]).rpartition("/")[2]


def charged(truth: Facts) -> float | None:
    """What the service says it charged: USD, an object with their total, or xAI's ticks of 1e-10 USD."""
    usage = usage_of(truth)
    if "cost_in_usd_ticks" in usage:
        return usage["cost_in_usd_ticks"] / 10_000_000_000
    return part(usage, "cost").get("total_cost") or usage.get("cost")


def part(facts: Facts, name: str) -> Facts:
    found = facts.get(name)
    return cast("Facts", found) if isinstance(found, dict) else {}


def inside(facts: Facts, *path: str) -> Any:
    """What stands at a path of names, None where nothing does."""
    for name in path[:-1]:
        facts = part(facts, name)
    return facts.get(path[-1])


def usage_of(truth: Facts) -> Facts:
    """The usage object itself; without one there was none, or it is not known."""
    if "usage_raw" not in truth and truth["has_usage"]:
        raise KeyError("usage_raw")
    return part(truth, "usage_raw")


def key(name: str) -> Expect:
    return lambda truth: truth[name]


def nothing(truth: Facts) -> None:
    """What no service of the family says."""


def where_known(first: str, second: str) -> Expect:
    return lambda truth: truth[second] if truth[first] is None else truth[first]


def cached_apart(truth: Facts) -> int | None:
    """Bedrock counts cached tokens outside the input."""
    if truth.get("input_tokens_incl_cache") is not None:
        return truth["input_tokens_incl_cache"]
    said = truth["input_tokens_raw"]
    return None if said is None else said + (truth["cache_read_tokens"] or 0) + (truth["cache_write_tokens"] or 0)


def in_usage(*path: str) -> Expect:
    """What the index has only in its copy of the usage object."""
    return lambda truth: inside(usage_of(truth), *path)


def chat_1h(truth: Facts) -> int | None:
    """What was written to a cache for an hour: LiteLLM's details, or Anthropic's own words passed on."""
    usage, name = usage_of(truth), "ephemeral_1h_input_tokens"
    details = inside(usage, "prompt_tokens_details", "cache_creation_token_details", name)
    return inside(usage, "cache_creation", name) if details is None else details


def chat_tier(truth: Facts) -> str | None:
    """Mistral's tier stands in the usage, where not every index looks."""
    return truth["service_tier"] or usage_of(truth).get("service_tier")


COMMON: dict[str, Expect] = {
    "finish_reasons": lambda truth: [str(reason) for reason in truth["finish_reasons"]],
    "input_tokens": key("input_tokens_raw"),
    "output_tokens": key("output_tokens_raw"),
    "cached_tokens": key("cache_read_tokens"),
    "cache_write_tokens": key("cache_write_tokens"),
    "cache_write_1h_tokens": nothing,
    "reasoning_tokens": key("reasoning_tokens"),
    "input_audio_tokens": key("audio_input_tokens"),
    "output_audio_tokens": key("audio_output_tokens"),
    "tool_use_tokens": nothing,
    "provider_cost": nothing,
    "response_id": key("response_id"),
    "response_model": key("response_model"),
    "service_tier": key("service_tier"),
}
RESPONSES = COMMON | {"output_tokens": output_with_reasoning, "provider_cost": charged}
CHAT = RESPONSES | {
    "input_tokens": input_with_audio,
    "output_tokens": output_with_thoughts,
    "cache_write_1h_tokens": chat_1h,
    "service_tier": chat_tier,
}
ANTHROPIC = COMMON | {
    "input_tokens": anthropic_input,
    "output_tokens": anthropic_output,
    "cached_tokens": summed("cache_read_input_tokens", otherwise=key("cache_read_tokens")),
    "cache_write_tokens": summed("cache_creation_input_tokens", otherwise=key("cache_write_tokens")),
    "cache_write_1h_tokens": summed(
        "cache_creation",
        "ephemeral_1h_input_tokens",
        otherwise=lambda truth: inside(usage_of(truth), "cache_creation", "ephemeral_1h_input_tokens"),
    ),
    "provider_cost": charged,
    "service_tier": anthropic_tier,
}


def invoke_1h(truth: Facts) -> int | None:
    return ANTHROPIC["cache_write_1h_tokens"](truth) if truth.get("invoke_body") == "anthropic" else None


BILLED = {
    "input_tokens": where_known("input_tokens_raw", "billed_input_tokens"),
    "output_tokens": where_known("output_tokens_raw", "billed_output_tokens"),
}
EXPECTED: dict[str | None, dict[str, Expect]] = {
    "chat": CHAT,
    "completions": CHAT,
    "responses": RESPONSES,
    # The index does not look into the details of a run's usage.
    "assistants": COMMON | {"reasoning_tokens": in_usage("completion_tokens_details", "reasoning_tokens")},
    "transcription": COMMON,
    "anthropic": ANTHROPIC,
    "anthropic_complete": COMMON,
    "google": COMMON
    | {
        "input_tokens": google_input,
        "output_tokens": key("output_tokens_incl_reasoning"),
        "tool_use_tokens": key("tool_use_prompt_tokens"),
        "service_tier": google_tier,
    },
    # The index notes no tier for these, and what tools put into the prompt only in its copy of the usage.
    "google_interactions": {name: expect for name, expect in COMMON.items() if name != "service_tier"}
    | {
        "input_tokens": interactions_input,
        "output_tokens": interactions_output,
        "tool_use_tokens": in_usage("total_tool_use_tokens"),
    },
    # Where only what is billed is said, that is the usage.
    "cohere_v1": COMMON | BILLED,
    "cohere_v2": COMMON | BILLED | {"reasoning_tokens": in_usage("tokens", "reasoning_tokens")},
    "converse": COMMON
    | {"input_tokens": cached_apart, "cache_write_1h_tokens": converse_1h, "response_model": converse_model},
    "invoke": COMMON
    | {
        "input_tokens": cached_apart,
        "output_tokens": invoke_output,
        "cache_write_1h_tokens": invoke_1h,
    },
    "ollama": COMMON,
    "watsonx": COMMON,
    "tgi": COMMON,
}
REASONS, IDS = {"finish_reasons"}, {"response_id", "response_model", "service_tier"}
TOKENS = set(COMMON) - REASONS - IDS
