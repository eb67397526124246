"""What each recorded stream costs, worked out from price lists copied by hand. Shares nothing with what it checks.

The prices are those of the providers' own lists as last seen in November 2026, USD per million tokens, and hold on
`AT`. An entry whose list was not to be seen says so. `ARGUED` has where the table that chunkmeter bundles says
otherwise: the stream is then held against that table's number, and counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import unquote

from corpus_truth import EXPECTED, Facts

__all__ = ["ARGUED", "AT", "Argued", "Bill", "bill", "model", "provider"]

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When every stream is taken to have been asked for. A Sunday: DeepSeek's lower prices hold all day."""

_MILLION = 1_000_000
_TICKS = Decimal(10_000_000_000)


# --- what a price list says -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Price:
    """USD per million tokens; a class without a price costs what its whole costs."""

    input: str
    output: str
    cached: str | None = None
    write: str | None = None
    write_1h: str | None = None
    audio: str | None = None
    """Audio in."""
    image_out: str | None = None
    request: str = "0"
    """USD for the request itself."""
    over: tuple[int, Price] | None = None
    """More input than this, and the whole request costs the other price."""
    tiers: Mapping[str, Price] = field(default_factory=dict[str, "Price"])


def claude(base: str, output: str, *, over: tuple[int, Price] | None = None) -> Price:
    """Anthropic's list gives what caches cost as multiples of the input: read 0.1, write 1.25, for an hour 2."""
    cached, write, write_1h = (str(Decimal(base) * Decimal(factor)) for factor in ("0.1", "1.25", "2"))
    return Price(base, output, cached, write, write_1h, over=over)


@dataclass(frozen=True)
class Argued:
    """The bundled table's price of a model, where the published list contradicts it."""

    table: Price
    published: Price
    why: str


# https://developers.openai.com/api/docs/pricing
OPENAI = {
    "gpt-5.6-sol": Price("4", "20", "0.40", write="5"),  # since 2026-08-21
    "gpt-5.5-2026-04-23": Price("5", "30", "0.50"),
    "gpt-5.4-2026-03-05": Price("2.50", "15", "0.25"),
    "gpt-5.3-codex": Price("1.75", "14", "0.175"),
    "gpt-5.2-2025-12-11": Price("1.75", "14", "0.175"),
    "gpt-5.2-codex": Price("1.75", "14", "0.175"),
    "gpt-5.1-2025-11-13": Price("1.25", "10", "0.125"),
    "gpt-5.1-codex-max": Price("1.25", "10", "0.125"),
    "gpt-5-2025-08-07": Price("1.25", "10", "0.125", tiers={"flex": Price("0.625", "5", "0.0625")}),
    "gpt-5-mini": Price("0.25", "2", "0.025"),
    "gpt-5-mini-2025-08-07": Price("0.25", "2", "0.025"),
    "gpt-5-nano-2025-08-07": Price("0.05", "0.40", "0.005"),
    "o4-mini": Price("1.10", "4.40", "0.275"),
    "o4-mini-2025-04-16": Price("1.10", "4.40", "0.275"),
    "gpt-4.1-2025-04-14": Price("2", "8", "0.50"),
    "gpt-4.1-nano-2025-04-14": Price("0.10", "0.40", "0.025"),
    "gpt-4o-2024-08-06": Price("2.50", "10", "1.25"),
    "gpt-4o-mini": Price("0.15", "0.60", "0.075"),
    "gpt-4o-mini-2024-07-18": Price("0.15", "0.60", "0.075"),
    "gpt-4": Price("30", "60"),
    "gpt-3.5-turbo": Price("0.50", "1.50"),
    "gpt-3.5-turbo-0125": Price("0.50", "1.50"),
    "gpt-3.5-turbo-instruct": Price("1.50", "2"),
    "babbage-002": Price("0.40", "0.40"),
}
# https://platform.claude.com/docs/en/about-claude/pricing
SONNET_LONG = (200_000, claude("6", "22.50"))  # while its context of a million tokens was on offer, to 2026-04-30
ANTHROPIC = {
    "claude-fable-5": claude("10", "50"),
    "claude-opus-4-8": claude("5", "25"),
    "claude-opus-4-7": claude("5", "25"),
    "claude-opus-4-6": claude("5", "25"),
    "claude-opus-4-1-20250805": claude("15", "75"),
    "claude-3-opus-latest": claude("15", "75"),
    "claude-3-opus-20240229": claude("15", "75"),
    "claude-sonnet-5": claude("2", "10"),
    "claude-sonnet-4-6": claude("3", "15"),
    "claude-sonnet-4-5": claude("3", "15", over=SONNET_LONG),
    "claude-sonnet-4-5-20250929": claude("3", "15", over=SONNET_LONG),
    "claude-sonnet-4-20250514": claude("3", "15"),
    "claude-3-7-sonnet-20250219": claude("3", "15"),
    "claude-3-5-sonnet-20240620": claude("3", "15"),
    "claude-haiku-4-5-20251001": claude("1", "5"),
    "claude-3-haiku-20240307": Price("0.25", "1.25", "0.03", write="0.30", write_1h="0.50"),  # rounded, in the list
}
# https://ai.google.dev/gemini-api/docs/pricing
PRO_3 = Price("2", "12", "0.20", over=(200_000, Price("4", "18", "0.40")))
GEMINI = {
    "gemini-3.6-flash": Price("0.75", "3.75", "0.075"),  # halved since its start
    "gemini-3.5-flash": Price("1.50", "9", "0.15"),
    "gemini-3.1-pro-preview": PRO_3,
    "gemini-3-pro-preview": PRO_3,
    "gemini-3-flash-preview": Price("0.50", "3", "0.05", audio="1"),
    "gemini-2.5-pro": Price("1.25", "10", "0.125", over=(200_000, Price("2.50", "15", "0.25"))),
    "gemini-2.5-flash": Price("0.30", "2.50", "0.03", audio="1"),
    "gemini-2.5-flash-lite": Price("0.10", "0.40", "0.01", audio="0.30"),
    "gemini-2.5-flash-image-preview": Price("0.30", "2.50", image_out="30"),
    "gemini-2.0-flash": Price("0.10", "0.40", "0.025", audio="0.70"),
    "gemini-2.0-flash-001": Price("0.10", "0.40", "0.025", audio="0.70"),
}
# https://cloud.google.com/vertex-ai/generative-ai/pricing
VERTEX = GEMINI | {
    "claude-3-7-sonnet-20250219": claude("3", "15"),
    "gemini-2.0-flash": Price("0.15", "0.60", "0.0375", audio="1"),
    "gemini-2.0-flash-exp": Price("0", "0"),
}
# https://aws.amazon.com/bedrock/pricing/, us-east-1; from Claude 4.5 on, a region's profile costs 10 % more
BEDROCK = {
    "amazon.nova-lite-v1:0": Price("0.06", "0.24", "0.015"),
    "us.amazon.nova-lite-v1:0": Price("0.06", "0.24", "0.015"),
    "amazon.nova-micro-v1:0": Price("0.035", "0.14", "0.00875"),
    "us.amazon.nova-2-lite-v1:0": Price("0.33", "2.75", "0.0825"),
    "amazon.titan-text-express-v1": Price("0.20", "0.60"),
    "amazon.titan-text-lite-v1": Price("0.15", "0.20"),
    "anthropic.claude-3-haiku-20240307-v1:0": Price("0.25", "1.25"),
    "anthropic.claude-3-sonnet-20240229-v1:0": Price("3", "15"),
    "anthropic.claude-3-5-sonnet-20240620-v1:0": Price("3", "15"),
    "us.anthropic.claude-3-5-sonnet-20240620-v1:0": Price("3", "15"),
    "us.anthropic.claude-sonnet-4-20250514-v1:0": claude("3", "15"),
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": claude("3.30", "16.50"),
    "us.anthropic.claude-sonnet-5": claude("2.20", "11"),
    "meta.llama3-8b-instruct-v1:0": Price("0.30", "0.60"),
    "meta.llama3-2-1b-instruct-v1:0": Price("0.10", "0.10"),
    "openai.gpt-5.6-luna": Price("0.22", "1.32", "0.022", write="0.275"),  # since 2026-07-30
}
# https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/: OpenAI's models, at OpenAI's prices
AZURE = {
    **OPENAI,
    "deepseek-v4-pro": Price("0.66", "1.98", "0.022"),  # Azure's list not seen: DeepSeek's own price
}
LISTS: dict[str, dict[str, Price]] = {
    "openai": OPENAI,
    "azure_openai": OPENAI,
    "azure": AZURE,
    "litellm": OPENAI,
    "anthropic": ANTHROPIC,
    "google": GEMINI,
    "vertex_ai": VERTEX,
    "bedrock": BEDROCK,
    # https://api-docs.deepseek.com/quick_start/pricing, off-peak. The last two names were V4 Flash's when they were
    # withdrawn in July 2026, and V4.1 Flash has taken its place.
    "deepseek": {
        "deepseek-v4-pro": Price("0.66", "1.98", "0.022"),
        "deepseek-v4-flash": Price("0.15", "0.60", "0.003"),
        "deepseek-chat": Price("0.15", "0.60", "0.003"),
        "deepseek-reasoner": Price("0.15", "0.60", "0.003"),
    },
    # https://groq.com/pricing; the last two as they stood when they were withdrawn
    "groq": {
        "openai/gpt-oss-120b": Price("0.15", "0.60", "0.075"),
        "openai/gpt-oss-20b": Price("0.075", "0.30", "0.0375"),
        "llama-3.3-70b-versatile": Price("0.59", "0.79"),
        "moonshotai/kimi-k2-instruct-0905": Price("1", "3", "0.50"),
        "deepseek-r1-distill-llama-70b": Price("0.75", "0.99"),
    },
    # https://mistral.ai/pricing#api-pricing
    "mistral": {
        "mistral-large-latest": Price("0.50", "1.50", "0.05"),  # Mistral Large 3
        "mistral-small-latest": Price("0.15", "0.60", "0.015"),  # Mistral Small 4
        "magistral-medium-2507": Price("2", "5"),
        "magistral-medium-latest": Price("2", "5"),
        "mistral-tiny": Price("0.25", "0.25"),  # open-mistral-7b
    },
    # https://cohere.com/pricing, its questions and answers for the older ones
    "cohere": {
        "command-a-03-2025": Price("2.50", "10"),
        "command-r": Price("0.50", "1.50"),  # an alias of command-r-03-2024, https://docs.cohere.com/docs/models
        "command": Price("1", "2"),
        "command-light": Price("0.30", "0.60"),
    },
    # https://docs.perplexity.ai/getting-started/pricing: and for the request, where it asks for little context
    "perplexity": {"sonar": Price("1", "1", request="0.005")},
    "openrouter": {"google/gemini-2.5-flash": Price("0.30", "2.50", "0.03")},  # https://openrouter.ai/models
    "together": {"meta-llama/Llama-3.3-70B-Instruct-Turbo": Price("0.88", "0.88")},  # https://www.together.ai/pricing
    "cerebras": {"zai-glm-4.7": Price("2.25", "2.75")},  # https://www.cerebras.ai/pricing
    # https://developers.cloudflare.com/workers-ai/platform/pricing/
    "cloudflare": {"@cf/meta/llama-3.3-70b-instruct-fp8-fast": Price("0.293", "2.253")},
    "zai": {"glm-4.7": Price("0.60", "2.20", "0.11")},  # https://docs.z.ai/guides/overview/pricing
    "github-copilot": {"gpt-5.3-codex": Price("1.75", "14", "0.175")},  # GitHub's list not seen: OpenAI's price
}
_EXPERIMENTAL = "Vertex AI does not charge for experimental models"
ARGUED: dict[tuple[str, str], Argued] = {
    ("mistral", "mistral-large-latest"): Argued(
        Price("2", "6"), LISTS["mistral"]["mistral-large-latest"], "the name is Mistral Large 3's since 2025-12-02"
    ),
    ("deepseek", "deepseek-chat"): Argued(
        Price("0.27", "1.10", "0.07"), LISTS["deepseek"]["deepseek-chat"], "the price of V3, to 2025-09-05"
    ),
    ("deepseek", "deepseek-reasoner"): Argued(
        Price("0.55", "2.19", "0.14"), LISTS["deepseek"]["deepseek-reasoner"], "the price of R1, to 2025-09-05"
    ),
    ("cohere", "command-r"): Argued(
        Price("0.15", "0.60"), LISTS["cohere"]["command-r"], "the price of command-r-08-2024"
    ),
    ("vertex_ai", "gemini-2.0-flash"): Argued(
        GEMINI["gemini-2.0-flash"], VERTEX["gemini-2.0-flash"], "the Gemini API's price, Vertex AI's is another"
    ),
    ("vertex_ai", "gemini-2.0-flash-exp"): Argued(
        GEMINI["gemini-2.0-flash"], VERTEX["gemini-2.0-flash-exp"], _EXPERIMENTAL
    ),
    ("perplexity", "sonar"): Argued(
        Price("1", "1", request="0.012"), LISTS["perplexity"]["sonar"], "the fee of requests with much context"
    ),
}


# --- whose list, and under which name -------------------------------------------------------------------------------

_PROVIDERS = {
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
_MODEL_IN_PATH = re.compile(r"/models?/(.+?)(?::\w*[gG]enerateContent|:\w*[pP]redict|/[a-z-]+$|\?|$)")


def provider(stream: Facts) -> str:
    """Who answers, as the owner of such a client would write it for `wrap`."""
    return _PROVIDERS.get(stream["wire"], stream["wire"])


def model(stream: Facts) -> str | None:
    """The model asked for: in the request, or else in the path."""
    request = stream["request"]
    if isinstance(request, dict) and (name := cast("Facts", request).get("model")):
        return name
    path = _MODEL_IN_PATH.search(unquote(stream["url_path"]))
    return path[1] if path and path[1] != "chat/completions" else None


def _names(stream: Facts) -> list[str]:
    """The names to look for, best first: who answered is paid, on Bedrock by the name in the path."""
    names = [stream["truth"].get("response_model"), model(stream)]
    return [name for name in (reversed(names) if provider(stream) == "bedrock" else names) if name]


# --- what it comes to -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """What a stream costs, or why nobody can say.

    Attributes:
        amount: USD, as the bundled table has it; None without one.
        published: the same by the published list, where that contradicts the table.
        reason: why there is no amount, in chunkmeter's words.
    """

    amount: Decimal | None = None
    published: Decimal | None = None
    reason: str | None = None


def bill(stream: Facts, family: str | None) -> Bill:
    """The cost of a stream whose body has the shape `family`."""
    truth: Facts = stream["truth"]
    charged = _charged(truth)
    if charged is not None:
        return Bill(charged)
    counts = _counts(truth, family)
    if counts["input"] is None and counts["output"] is None:
        return Bill(reason="no_usage")
    known = {name: int(number or 0) for name, number in counts.items()}
    if known["cached"] + known["written"] > known["input"]:
        return Bill(reason="impossible_usage")
    whose, tier = provider(stream), truth.get("service_tier")
    for name in _names(stream):
        if (whose, name) in ARGUED:
            argued = ARGUED[whose, name]
            return Bill(_cost(argued.table, known, tier), _cost(argued.published, known, tier))
        if name in LISTS.get(whose, {}):
            return Bill(_cost(LISTS[whose][name], known, tier))
    return Bill(reason="unknown_model")


def _charged(truth: Facts) -> Decimal | None:
    """What the service itself says it charged."""
    usage = _part(truth, "usage_raw")
    if usage.get("cost_in_usd_ticks") is not None:
        return Decimal(usage["cost_in_usd_ticks"]) / _TICKS
    cost = _part(usage, "cost").get("total_cost", usage.get("cost"))
    return None if cost is None else Decimal(repr(cost))


def _counts(truth: Facts, family: str | None) -> dict[str, int | None]:
    """Token counts: cached and written ones lie in the input, reasoning in the output."""
    said = {name: expect(truth) for name, expect in EXPECTED.get(family, EXPECTED[None]).items()}
    # Cohere counts apart what it charges for.
    billed_in, billed_out = truth.get("billed_input_tokens"), truth.get("billed_output_tokens")
    billed = billed_in is not None or billed_out is not None
    return {
        "input": billed_in if billed else said["input_tokens"],
        "output": billed_out if billed else said["output_tokens"],
        "cached": None if billed else said["cached_tokens"],
        "written": said["cache_write_tokens"],
        "written_1h": said["cache_write_1h_tokens"],
        "audio": said["input_audio_tokens"],
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
