"""Price lists copied by hand: what each provider publishes, and where the bundled table says otherwise.

The prices are those of the providers' own lists as last seen in November 2026, USD per million tokens. An entry whose
list was not to be seen says so. A model that occurs with usage in the recorded streams stands in one of four places:

- `LISTS`: its price, which the bundled table has too.
- `ARGUED`: the published price, and another one that the table has.
- `UNTABLED`: the published price, where the table has none.
- `UNSOLD`: no list that was seen has a price of it by the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["ARGUED", "LISTS", "UNSOLD", "UNTABLED", "Argued", "Price", "unsold"]


@dataclass(frozen=True)
class Price:
    """USD per million tokens; a class without a price costs what its whole costs."""

    input: str
    output: str
    cached: str | None = None
    write: str | None = None
    write_1h: str | None = None
    audio: str | None = None
    """Audio in; "0" where audio has a fee by the second."""
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
    lacks: frozenset[str] = frozenset()
    """Items that the table should have a fee for, and has none."""


# https://developers.openai.com/api/docs/pricing
OPENAI = {
    "gpt-5.6-sol": Price("4", "20", "0.40", write="5"),  # since 2026-08-21
    "gpt-5.5-2026-04-23": Price("5", "30", "0.50"),
    "gpt-5.4": Price("2.50", "15", "0.25"),
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
    "gpt-4.1-mini-2025-04-14": Price("0.40", "1.60", "0.10"),
    "gpt-4.1-nano-2025-04-14": Price("0.10", "0.40", "0.025"),
    "gpt-5.1": Price("1.25", "10", "0.125"),
    "gpt-4o": Price("2.50", "10", "1.25"),
    "openai/gpt-4o": Price("2.50", "10", "1.25"),
    "gpt-4o-2024-05-13": Price("5", "15"),
    "gpt-4o-2024-08-06": Price("2.50", "10", "1.25"),
    "gpt-4o-mini": Price("0.15", "0.60", "0.075"),
    "gpt-4o-mini-2024-07-18": Price("0.15", "0.60", "0.075"),
    "gpt-4": Price("30", "60"),
    "gpt-4-0613": Price("30", "60"),
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
    # As it stood when it was withdrawn; above 128,000 tokens of input it cost the double.
    "gemini-1.5-flash": Price("0.075", "0.30", "0.01875", over=(128_000, Price("0.15", "0.60", "0.0375"))),
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
    "us.amazon.nova-micro-v1:0": Price("0.035", "0.14", "0.00875"),
    # In a region: a tenth more than everywhere.
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": claude("1.10", "5.50"),
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
        # https://mistral.ai/pricing/api/, its copy of 2026-07-04; audio has a fee by the minute, see `used.fee`.
        "voxtral-small-latest": Price("0.10", "0.40", "0.01", audio="0"),
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
    # https://docs.doubleword.ai/inference-api/models, realtime; not seen, but as
    # https://github.com/anomalyco/models.dev copies it
    "doubleword": {"Qwen/Qwen3.5-9B": Price("0.08", "0.70")},
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
        Price("1", "1"),
        LISTS["perplexity"]["sonar"],
        "the table has the fee of requests with most context alone",
        lacks=frozenset({"request"}),
    ),
    # https://openrouter.ai/mistralai/mistral-nemo, its last copy: the price moves with the servers that have the model.
    ("openrouter", "mistralai/mistral-nemo"): Argued(
        Price("0.029", "0.03"), Price("0.02", "0.04"), "the table has that of some days, from 2026-10-19 to 2026-11-02"
    ),
}
UNTABLED: dict[str, dict[str, Price]] = {
    # https://www.alibabacloud.com/help/en/model-studio/models, international
    "alibaba": {"qwen3-max": Price("1.20", "6", "0.24", over=(32_000, Price("2.40", "12", "0.48")))},
    "azure": {"phi3-medium-4k": Price("0.17", "0.68")},  # a deployment of Phi-3-medium-4k-instruct
    # https://aws.amazon.com/bedrock/pricing/, us-east-1, as they stood when they were withdrawn
    "bedrock": {
        "anthropic.claude-instant-v1": Price("0.80", "2.40"),
        "anthropic.claude-v2": Price("8", "24"),
        "cohere.command-light-text-v14": Price("0.30", "0.60"),
        "cohere.command-text-v14": Price("1.50", "2"),
        "meta.llama2-13b-chat-v1": Price("0.75", "1"),
    },
    # https://www.databricks.com/product/pricing/proprietary-foundation-model-serving: 42.857 and 214.286 units of
    # 0.07 USD each
    "databricks": {"databricks-claude-3-7-sonnet": Price("3", "15")},
    "doubleword": {"Qwen/Qwen3.5-397B-A17B-FP8": Price("0.60", "3.60")},  # as above
    # https://ai.google.dev/gemini-api/docs/pricing, as it stood when it was withdrawn: 0.039 USD an image, or 1290
    # tokens
    "google": {"gemini-2.0-flash-preview-image-generation": Price("0.10", "0.40", image_out="30")},
    "huggingface": {"moonshotai/Kimi-K2-Instruct-0905:groq": Price("1", "3", "0.50")},  # Groq's, which is passed on
    "mistral": {"ministral-3b-latest": Price("0.10", "0.10", "0.01")},  # Ministral 3 3B, since 2025-12-02
    "openrouter": {"openai/o1-preview": Price("15", "60", "7.50")},  # as it stood when it was withdrawn
    "writer": {"palmyra-x4": Price("2.50", "10")},  # https://dev.writer.com/home/pricing
    "zai": {"glm-4.7-flash": Price("0", "0")},  # https://docs.z.ai/guides/overview/pricing: free
}
# What runs on a server of one's own: nobody has a list of it.
_OWN = frozenset({"llamacpp", "lmstudio", "local_mock", "mistralrs", "ollama", "vllm"})
UNSOLD: dict[str, frozenset[str]] = {
    "bedrock": frozenset({"amazon.titan-tg1-large"}),  # the preview of Titan Text
    # Cohere's own list has no price of a token for these; copies of it disagree.
    "cohere": frozenset(
        {"command-a-plus-05-2026", "command-a-reasoning-08-2025", "command-a-vision-07-2025"}
    ),
    "github-copilot": frozenset({"gpt-4o", "gpt-4o-2024-11-20"}),  # part of every plan
    # Its router passes the price on of whoever answers, and the answer does not say who that was.
    "huggingface": frozenset({
        "Qwen/Qwen2.5-VL-7B-Instruct", "deepseek-ai/DeepSeek-R1", "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/llama-3.1-8b-instruct",
    }),
    # Models of others, which their servers answered with in OpenAI's format.
    "openai": frozenset({
        "deepseek-chat", "deepseek-reasoner", "gemma-7b-it", "gpt-oss:120b", "grok-beta", "grok-code-fast-1", "kimi-k3",
        "llama-3.3-70b-versatile", "openai.gpt-oss-20b", "qwen3",
    }),
    "snowflake": frozenset({"claude-sonnet-4-6"}),  # sold for credits, whose price is the customer's own
}  # fmt: skip


def unsold(provider: str, names: list[str]) -> bool:
    """Whether it is known that no list has a price of what answers to one of these names."""
    return provider in _OWN or not UNSOLD.get(provider, frozenset()).isdisjoint(names)
