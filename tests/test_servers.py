"""Who answers at a server: what the user says, whose own host it is, and what nobody knows."""

from __future__ import annotations

import pytest

from chunkmeter.providers import PROVIDERS, at_host
from chunkmeter.servers import Server, Servers, server_of, who_answers


@pytest.mark.parametrize(
    ("place", "server"),
    [
        ("llm.internal", Server("llm.internal", None, "openai")),
        ("LLM.internal:8000", Server("llm.internal", 8000, "openai")),
        (" 10.0.0.7:80 ", Server("10.0.0.7", 80, "openai")),
        ("[::1]:8000", Server("::1", 8000, "openai")),
        ("*.internal", Server("*.internal", None, "openai")),
        ("*:11434", Server("*", 11434, "openai")),
    ],
)
def test_a_server_has_a_host_and_perhaps_a_port(place: str, server: Server) -> None:
    assert server_of(place, " openai ") == server


@pytest.mark.parametrize(
    ("place", "provider"),
    [
        ("", "openai"), ("llm.internal", " "), ("http://llm.internal", "openai"), ("llm.internal/v1", "openai"),
        ("llm.internal:port", "openai"), ("llm.internal:99999", "openai"), ("me@llm.internal", "openai"),
        ("::1", "openai"), ("[::1", "openai"), (":8000", "openai"), ("llm.internal?x", "openai"), ("a b", " "),
    ],
)  # fmt: skip
def test_what_is_no_server_is_refused(place: str, provider: str) -> None:
    with pytest.raises(ValueError, match=r"a host, with its port or without, and its provider"):
        server_of(place, provider)


def test_a_server_with_a_port_counts_first() -> None:
    servers = Servers([server_of("*", "ollama"), server_of("a.b", "groq"), server_of("a.b:1", "openai")])
    assert servers.provider("A.B", 1) == "openai"
    assert servers.provider("a.b", 2) == "ollama", "the first of those without a port"
    assert Servers([server_of("a.b:1", "openai")]).provider("a.b", None) is None
    assert Servers().provider("a.b", 1) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"), ("eu.api.openai.com", "openai"), ("API.OpenAI.com.", "openai"),
        ("acme.openai.azure.com", "azure.ai.openai"), ("acme.services.ai.azure.com", "azure.ai.inference"),
        ("api.anthropic.com", "anthropic"), ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"), ("aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "aws.bedrock"),
        ("vpce-0a.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws.bedrock"),
        ("bedrock-mantle.us-east-1.api.aws", "aws.bedrock"), ("api.groq.com", "groq"), ("api.x.ai", "x_ai"),
        ("us-east-1.api.x.ai", "x_ai"), ("openrouter.ai", "openrouter"), ("router.huggingface.co", "huggingface"),
        ("api.mistral.ai", "mistral_ai"), ("api.cohere.com", "cohere"), ("api.together.xyz", "together"),
        ("acme.cloud.databricks.com", "databricks"), ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
    ],
)  # fmt: skip
def test_a_providers_own_hosts(host: str, name: str) -> None:
    owner = at_host(host)
    assert owner is not None
    assert owner.name == name


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "10.1.2.3", "192.168.0.7", "::1", "llm.internal", "", "api.openai.com.evil.example",
        "notapi.openai.com", "api-openai.com", "acme.azure-api.net", "gateway.ai.cloudflare.com",
        "bedrock-gw-12.us-east-1.elb.amazonaws.com", "ec2-1-2-3-4.compute-1.amazonaws.com", "googleapis.com",
        "abc.us-east-1.aws.endpoints.huggingface.cloud", "my-vllm-uc.a.run.app", "acme.eastus.inference.ml.azure.com",
    ],
)  # fmt: skip
def test_hosts_of_nobody(host: str) -> None:
    """Gateways, rented servers, private addresses, and names that only look like a provider's."""
    assert at_host(host) is None


def test_a_host_is_of_one_provider() -> None:
    hosts = [host for row in PROVIDERS for host in row.hosts]
    assert len(set(hosts)) == len(hosts)


OURS = Servers([server_of("named.internal", "Anthropic"), server_of("told.internal", "*")])


@pytest.mark.parametrize(
    ("provider", "host", "named", "answers"),
    [
        # Nothing is known of the host: the provider is believed.
        ("openai", None, False, ("openai", True)),
        (None, None, False, (None, True)),
        # The user says who answers there.
        ("openai", "named.internal", False, ("anthropic", True)),
        ("openai", "named.internal", True, ("anthropic", True)),
        ("openai", "told.internal", False, ("openai", True)),
        (None, "told.internal", False, (None, True)),
        # The user names the provider.
        ("openai", "other.internal", True, ("openai", True)),
        ("openai", "api.groq.com", True, ("openai", True)),
        # The host is its own, or another's.
        ("openai", "api.openai.com", False, ("openai", True)),
        ("azure.ai.inference", "acme.openai.azure.com", False, ("azure.ai.inference", True)),
        ("gcp.gen_ai", "aiplatform.googleapis.com", False, ("gcp.gen_ai", True)),
        ("openai", "api.groq.com", False, ("groq", True)),
        (None, "api.groq.com", False, ("groq", True)),
        # Nobody knows.
        ("openai", "other.internal", False, ("openai", False)),
        ("openai", "127.0.0.1", False, ("openai", False)),
        (None, "other.internal", False, (None, False)),
        (None, "other.internal", True, (None, False)),
    ],
)
def test_who_is_believed(provider: str | None, host: str | None, named: bool, answers: tuple[str | None, bool]) -> None:
    assert who_answers(provider, host, 443, named=named, servers=[Servers(), OURS]) == answers


def test_the_first_word_on_a_server_counts() -> None:
    file = Servers([server_of("named.internal", "groq")])
    assert who_answers(None, "named.internal", 1, named=False, servers=[OURS, file]) == ("anthropic", True)
    assert who_answers(None, "named.internal", 1, named=False, servers=[file, OURS]) == ("groq", True)
