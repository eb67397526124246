"""Every provider once: its spellings, its name in telemetry and in the price table, the wire that it speaks, its hosts.

The names in telemetry are those of `gen_ai.provider.name`:
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/registry/attributes/gen-ai.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

__all__ = [
    "HOSTS",
    "PROVIDERS",
    "SPELLINGS",
    "Provider",
    "at_host",
    "at_url",
    "is_provider",
    "provider",
    "provider_name",
]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    Attributes:
        name: its `gen_ai.provider.name`, spelled as the conventions do where they list it.
        prices: its id in genai-prices; its own name where it is not listed there.
        spellings: its other names, in Mirascope and elsewhere. Its id in genai-prices need not be listed: it is a
            spelling too, unless it means another provider.
        wire: the wire of its streams, unless their events tell another; None where it is not known.
        urls: a pattern of the URLs that are its own, whatever client sends the request.
        hosts: the hosts at which it answers itself, for its own prices; `*` stands for any letters. Hosts of servers
            that one rents there, and those of gateways, are not its own.
    """

    name: str
    prices: str
    spellings: tuple[str, ...] = ()
    wire: str | None = None
    urls: str | None = None
    hosts: tuple[str, ...] = ()


_LONGEST_HOST = 253
_CHAT = "openai_chat"
_GOOGLE = "google_generate_content"

PROVIDERS: Final = (
    Provider(
        "openai",
        "openai",
        ("openai-chat", "openai-responses", "text-completion-openai"),
        _CHAT,
        hosts=("api.openai.com", "*.api.openai.com"),
    ),
    Provider(
        "azure.ai.openai",
        "azure",
        ("azure_openai", "az.ai.openai"),
        _CHAT,
        urls=r"//[^/]+\.openai\.azure\.|//[^/]+\.azure\.\w+/openai(/|$)",
        hosts=(
            "*.openai.azure.com",
            "*.openai.azure.us",
            "*.openai.azure.cn",
            "*.cognitiveservices.azure.com",
            "*.api.cognitive.microsoft.com",
        ),
    ),
    Provider(
        "azure.ai.inference",
        "azure",
        ("azure", "azure_ai", "az.ai.inference"),
        _CHAT,
        hosts=("*.services.ai.azure.com", "*.models.ai.azure.com", "*.inference.ai.azure.com"),
    ),
    Provider(
        "anthropic",
        "anthropic",
        (),
        "anthropic_messages",
        hosts=("api.anthropic.com", "claude.googleapis.com", "aws-external-anthropic.*.api.aws"),
    ),
    Provider(
        "gcp.gemini",
        "google",
        ("google", "gemini", "google-gla", "google_genai"),
        _GOOGLE,
        hosts=("generativelanguage.googleapis.com",),
    ),
    Provider(
        "gcp.vertex_ai",
        "google",
        ("vertex", "vertex_ai", "vertex_ai_beta", "vertexai", "google-vertex", "google_vertexai"),
        _GOOGLE,
        hosts=("aiplatform.googleapis.com", "*.googleapis.com"),
    ),
    Provider("gcp.gen_ai", "google", (), _GOOGLE),
    Provider(
        "aws.bedrock",
        "aws",
        ("bedrock", "bedrock_converse", "amazon-bedrock", "aws_bedrock", "aws"),
        "bedrock_converse",
        # A load balancer of one's own is at *.amazonaws.com too.
        hosts=(
            "bedrock-runtime.*.amazonaws.com",
            "bedrock-runtime-fips.*.amazonaws.com",
            "bedrock-agent-runtime.*.amazonaws.com",
            "*.bedrock-runtime.*.vpce.amazonaws.com",
            "bedrock-*.api.aws",
        ),
    ),
    Provider("groq", "groq", (), _CHAT, hosts=("api.groq.com",)),
    Provider("x_ai", "x-ai", ("xai",), _CHAT, hosts=("api.x.ai", "*.api.x.ai")),
    Provider(
        "mistral_ai", "mistral", ("mistralai", "codestral"), _CHAT, hosts=("api.mistral.ai", "codestral.mistral.ai")
    ),
    Provider("cohere", "cohere", ("cohere_chat",), "cohere", hosts=("api.cohere.com", "api.cohere.ai")),
    Provider("deepseek", "deepseek", (), _CHAT, hosts=("api.deepseek.com",)),
    Provider("perplexity", "perplexity", (), _CHAT, hosts=("api.perplexity.ai",)),
    Provider("moonshot_ai", "moonshotai", ("moonshot",), _CHAT, hosts=("api.moonshot.ai", "api.moonshot.cn")),
    Provider("litellm", "litellm", (), _CHAT),
    Provider("openrouter", "openrouter", (), _CHAT, hosts=("openrouter.ai", "*.openrouter.ai")),
    Provider("together", "together", ("together_ai",), _CHAT, hosts=("api.together.ai", "api.together.xyz")),
    Provider("ibm.watsonx.ai", "ibm.watsonx.ai", ("watsonx", "watsonx_text"), "watsonx", hosts=("*.ml.cloud.ibm.com",)),
    Provider("cerebras", "cerebras", (), _CHAT, hosts=("api.cerebras.ai",)),
    Provider("fireworks", "fireworks", ("fireworks_ai",), _CHAT, hosts=("api.fireworks.ai",)),
    Provider("huggingface", "huggingface", (), _CHAT, hosts=("router.huggingface.co",)),
    Provider("ollama", "ollama", ("ollama_chat",), _CHAT),
    Provider("vllm", "vllm", ("hosted_vllm",), _CHAT),
    Provider(
        "databricks",
        "databricks",
        (),
        _CHAT,
        hosts=("*.cloud.databricks.com", "*.azuredatabricks.net", "*.gcp.databricks.com"),
    ),
    Provider("writer", "writer", (), _CHAT, hosts=("api.writer.com",)),
)


def _by_spelling() -> dict[str, Provider]:
    found = {spelling: row for row in PROVIDERS for spelling in (row.name, *row.spellings)}
    for row in PROVIDERS:
        found.setdefault(row.prices, row)
    return found


SPELLINGS: Final = _by_spelling()
"""Known spelling, in lower case -> the provider that it means."""

HOSTS: Final = frozenset(host for row in PROVIDERS for host in row.hosts if "*" not in host)
"""Every host that is a provider's own and is known by its whole name."""

_URLS: Final = tuple((re.compile(row.urls).search, row) for row in PROVIDERS if row.urls)


def provider(name: str | None) -> Provider | None:
    """The provider that a name means, in any spelling; a new one for an unknown name, None for no name."""
    key = (name or "").strip().lower()
    return SPELLINGS.get(key) or Provider(key, key) if key else None


def provider_name(name: str | None) -> str | None:
    """The `gen_ai.provider.name` of the provider that a name means, as `provider` finds it; None for no name."""
    row = provider(name)
    return row.name if row else None


def is_provider(name: str) -> bool:
    """Whether `name` is the `gen_ai.provider.name` of a listed provider."""
    row = SPELLINGS.get(name)
    return row is not None and row.name == name


def at_url(url: str) -> Provider | None:
    """The provider that a URL belongs to; None where the URL doesn't tell."""
    return next((row for is_at, row in _URLS if is_at(url)), None)


@lru_cache(maxsize=256)
def at_host(host: str) -> Provider | None:
    """The provider that answers itself at a host; None for gateways, servers of one's own, and what is not listed."""
    name = host.lower().removesuffix(".")
    return (
        None
        if len(name) > _LONGEST_HOST
        else next((row for row in PROVIDERS if any(fnmatchcase(name, own) for own in row.hosts)), None)
    )
