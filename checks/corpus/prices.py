"""What each recorded stream costs, worked out from the price lists in `lists.py`. Shares nothing with what it checks.

The prices hold on `AT`. Where the table that chunkmeter bundles says something else than the published list, the stream
is held against that table's number, and counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import unquote

from checks.corpus.lists import ARGUED, LISTS, UNTABLED, Price, unsold
from checks.corpus.truth import Facts, expected
from checks.corpus.used import fee, used

__all__ = ["AT", "Bill", "bill", "model", "provider"]

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When every stream is taken to have been asked for. A Sunday: DeepSeek's lower prices hold all day."""

_MILLION = 1_000_000
_TICKS = Decimal(10_000_000_000)
_DEARER_OR_CHEAPER = frozenset({"batch", "fast", "flex", "priority", "scale"})
"""Tiers with prices of their own."""


# --- whose list, and under which name -------------------------------------------------------------------------------

_PROVIDERS = {
    "chatgpt_codex_responses": "openai",
    "anthropic_complete": "anthropic",
    "anthropic_messages": "anthropic",
    "azure_ai_inference": "azure",
    "azure_openai": "azure_openai",
    "azure_openai_responses": "azure_openai",
    "bedrock_converse": "bedrock",
    "bedrock_error": "bedrock",
    "bedrock_invoke": "bedrock",
    "bedrock_mantle_responses": "bedrock",
    "cohere_v1": "cohere",
    "cohere_v2": "cohere",
    "deepseek_responses": "deepseek",
    "github_copilot": "github-copilot",
    "github_copilot_responses": "github-copilot",
    "google_generate_content": "google",
    "google_interactions": "google",
    "litellm_proxy": "litellm",
    "lmstudio_responses": "lmstudio",
    "ollama_openai": "ollama",
    "openai_assistants": "openai",
    "openai_chat": "openai",
    "openai_completions": "openai",
    "openai_responses": "openai",
    "openai_transcription": "openai",
    "openrouter_responses": "openrouter",
    "vertex": "vertex_ai",
    "vertex_anthropic": "vertex_ai",
    "xai_responses": "xai",
}
# What a recording has in place of a name that was taken out of it.
_MASKED = frozenset({"unknown", "{{model}}"})
_MODEL_IN_PATH = re.compile(r"/models?/(.+?)(?::\w*[gG]enerateContent|:\w*[pP]redict|/[a-z-]+$|\?|$)")


def provider(stream: Facts) -> str:
    """Who answers, as the owner of such a client would write it for `wrap`."""
    return _PROVIDERS.get(stream["wire"], stream["wire"])


def model(stream: Facts) -> str | None:
    """The model asked for: in the request, or else in the path."""
    name = _part(stream, "request").get("model")
    if name and isinstance(name, str):
        return name
    path = _MODEL_IN_PATH.search(unquote(stream["url_path"] or ""))
    return path[1] if path and path[1] != "chat/completions" else None


def _names(stream: Facts) -> list[str]:
    """The names to look for, best first: who answered is paid, on Bedrock by the name in the path."""
    names = [stream["truth"].get("response_model"), model(stream)]
    known = [name for name in names if name and name not in _MASKED]
    return known[::-1] if provider(stream) == "bedrock" else known


# --- what it comes to -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """What a stream costs, or why nobody can say.

    Attributes:
        amount: USD, as the bundled table has it; None without one.
        published: the same by the published list, where that contradicts the table or the table has nothing.
        reason: why there is no amount, in chunkmeter's words.
        unsaid: what is missing here to say an amount: a price, or a rule. Whoever adds streams has to add it.
        untold: what the stream's truth lacks, without which nobody could say an amount.
        lacks: what the stream was charged for beside tokens and no list has a fee for.
    """

    amount: Decimal | None = None
    published: Decimal | None = None
    reason: str | None = None
    unsaid: str | None = None
    untold: str | None = None
    lacks: frozenset[str] = frozenset()


def bill(stream: Facts, family: str | None, events: Iterable[Any] = ()) -> Bill:
    """The cost of a stream whose body has the shape `family` and these events: of tokens, and what it used besides."""
    truth: Facts = stream["truth"]
    charged = _charged(truth)
    if charged is not None:
        return Bill(charged)
    try:
        counts = _counts(truth, family)
    except KeyError as error:
        if truth.get("has_usage") is False or stream.get("status", 200) >= 400:
            return Bill(reason="no_usage")
        return Bill(untold=f"the truth has no {error.args[0]}")
    if counts["input"] is None and counts["output"] is None:
        return Bill(reason="no_usage")
    known = {name: int(number or 0) for name, number in counts.items()}
    if max(known["cached"] + known["written"], known["audio"]) > known["input"]:
        return Bill(reason="impossible_usage")
    if counts["output"] is not None and (truth.get("reasoning_tokens") or 0) > known["output"]:
        return Bill(reason="impossible_usage")
    iterations: list[Facts] = _part(truth, "usage_raw").get("iterations") or []
    if len({iteration.get("model") for iteration in iterations} - {None, truth.get("response_model")}) > 0:
        tokens = _by_iteration(iterations, truth)
    else:
        tokens = _of_tokens(stream, truth, known)
    if tokens.amount is None:
        return tokens
    model_of = truth.get("response_model") or model(stream) or ""
    fees = {
        item: (number, fee(provider(stream), model_of, item)) for item, number in used(family, model_of, events).items()
    }
    more = sum((Decimal(repr(number)) * each for number, each in fees.values() if each is not None), Decimal(0))
    return replace(
        tokens,
        amount=tokens.amount + more,
        published=None if tokens.published is None else tokens.published + more,
        lacks=tokens.lacks | {item for item, (_, each) in fees.items() if each is None},
    )


def _by_iteration(iterations: list[Facts], truth: Facts) -> Bill:
    """Each call inside the message at its own model's price, Anthropic's."""
    total = Decimal(0)
    for said in iterations:
        price = LISTS["anthropic"].get(said.get("model") or truth["response_model"])
        if price is None:
            return Bill(unsaid="no independent price of an inner model")
        cached, written = said.get("cache_read_input_tokens") or 0, said.get("cache_creation_input_tokens") or 0
        count = dict.fromkeys(("written_1h", "audio", "audio_out", "image_out"), 0) | {
            "input": said["input_tokens"] + cached + written, "output": said["output_tokens"], "cached": cached,
            "written": written,
        }  # fmt: skip
        total += _cost(price, count, None)
    return Bill(total)


def _of_tokens(stream: Facts, truth: Facts, known: Mapping[str, int]) -> Bill:
    whose, tier, names = provider(stream), truth.get("service_tier"), _names(stream)
    for name in names:
        if (whose, name) in ARGUED:
            argued = ARGUED[whose, name]
            return replace(_bill(argued.table, known, tier, argued.published), lacks=argued.lacks)
        if name in LISTS.get(whose, {}):
            price = LISTS[whose][name]
            if whose == "anthropic" and _part(truth, "usage_raw").get("inference_geo") == "us":
                return Bill(unsaid="no rule for where it was held")
            return _bill(price, known, tier)
        if name in UNTABLED.get(whose, {}):
            return Bill(reason="unknown_model", published=_cost(UNTABLED[whose][name], known, tier))
    if not names or unsold(whose, names):
        return Bill(reason="unknown_model")
    return Bill(unsaid="no independent price")


def _bill(price: Price, count: Mapping[str, int], tier: str | None, published: Price | None = None) -> Bill:
    if tier and tier.lower().rpartition("on_demand_")[2] in _DEARER_OR_CHEAPER and tier not in price.tiers:
        return Bill(unsaid=f"no rule for tier {tier}")
    if (count["audio"] and price.audio is None) or count["audio_out"]:
        return Bill(unsaid="no rule for audio")
    return Bill(_cost(price, count, tier), None if published is None else _cost(published, count, tier))


def _charged(truth: Facts) -> Decimal | None:
    """What the service itself says it charged."""
    usage = _part(truth, "usage_raw")
    if usage.get("cost_in_usd_ticks") is not None:
        return Decimal(usage["cost_in_usd_ticks"]) / _TICKS
    cost = _part(usage, "cost").get("total_cost", usage.get("cost"))
    return None if cost is None else Decimal(repr(cost))


def _counts(truth: Facts, family: str | None) -> dict[str, int | None]:
    """Token counts: cached and written ones lie in the input, reasoning in the output."""
    said = expected(truth, family)
    # Cohere counts apart what it charges for.
    asked = truth.__getitem__ if (family or "").startswith("cohere") else truth.get
    billed_in, billed_out = asked("billed_input_tokens"), asked("billed_output_tokens")
    billed = billed_in is not None or billed_out is not None
    return {
        "input": billed_in if billed else said["input_tokens"],
        "output": billed_out if billed else said["output_tokens"],
        "cached": None if billed else said["cached_tokens"],
        "written": said["cache_write_tokens"],
        "written_1h": said["cache_write_1h_tokens"],
        "audio": said["input_audio_tokens"],
        "audio_out": said["output_audio_tokens"],
        "image_out": _images(_part(truth, "usage_raw")),
    }


def _images(usage: Facts) -> int:
    """Output tokens that are pictures, on Google's wire."""
    details: list[Facts] = usage.get("candidatesTokensDetails") or []
    return sum(detail["tokenCount"] for detail in details if detail.get("modality") == "IMAGE")


def _cost(price: Price, count: Mapping[str, int], tier: str | None) -> Decimal:
    if price.over is not None and count["input"] > price.over[0]:
        price = price.over[1]
    price = price.tiers.get(tier or "", price)
    write, hour, audio, image = count["written"], count["written_1h"], count["audio"], count["image_out"]
    sums: list[tuple[int, str]] = [
        (count["input"] - count["cached"] - write - audio, price.input),
        (count["cached"], price.cached or price.input),
        (write - hour, price.write or price.input),
        (hour, price.write_1h or price.write or price.input),
        (audio, price.audio or price.input),
        (count["output"] - image, price.output),
        (image, price.image_out or price.output),
    ]
    return sum((number * Decimal(usd) / _MILLION for number, usd in sums), Decimal(price.request))


def _part(facts: Facts, name: str) -> Facts:
    found: Any = facts.get(name)
    return cast("Facts", found) if isinstance(found, dict) else {}
