"""Request facts out of a provider SDK's method and its arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai.types import GenerateContentConfig

from chunkmeter.instrumentors._request import Endpoint, endpoint, request_attributes


class Resource(SimpleNamespace):
    """An SDK's resource: it holds the client, and the method is bound to it."""

    def create(self) -> None:
        """Send nothing."""


def test_openais_parameters_are_read() -> None:
    """Names as `chat.completions.create` takes them; messages and tools are none of ours."""
    assert request_attributes(
        {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0.5,
            "top_p": 1,
            "max_tokens": 100,
            "stop": ["a", "b"],
            "seed": 7,
            "frequency_penalty": -0.5,
            "presence_penalty": 0.25,
            "n": 2,
            "stream": True,
        }
    ) == {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 1,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.stop_sequences": ["a", "b"],
        "gen_ai.request.seed": 7,
        "gen_ai.request.frequency_penalty": -0.5,
        "gen_ai.request.presence_penalty": 0.25,
        "gen_ai.request.choice.count": 2,
    }
    assert request_attributes({"max_completion_tokens": 9, "stop": "x"}) == {
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ["x"],
    }


def test_anthropics_parameters_are_read() -> None:
    """Names as `messages.create` takes them."""
    assert request_attributes({"max_tokens": 64, "top_k": 40, "stop_sequences": ("x",), "temperature": 0}) == {
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.stop_sequences": ["x"],
        "gen_ai.request.temperature": 0,
    }


@pytest.mark.parametrize("as_model", [True, False])
def test_googles_parameters_stand_in_its_config(as_model: bool) -> None:
    """A `GenerateContentConfig` or a dict of the same."""
    values: dict[str, Any] = {
        "temperature": 0.25,
        "max_output_tokens": 50,
        "candidate_count": 3,
        "stop_sequences": ["end"],
    }
    config: Any = GenerateContentConfig(**values) if as_model else values
    assert request_attributes({"model": "gemini-2.5-flash", "config": config}) == {
        "gen_ai.request.temperature": 0.25,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.choice.count": 3,
        "gen_ai.request.stop_sequences": ["end"],
    }


@pytest.mark.parametrize("name", ["temperature", "max_tokens", "stop", "n", "config", "seed"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        object(),
        True,
        [],
        [1, 2],
        {"a": 1},
        b"bytes",
        openai.NOT_GIVEN,
        anthropic.NOT_GIVEN,
        2**70,
        float("nan"),
        float("inf"),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_odd_values_are_left_out(name: str, value: Any) -> None:
    """The SDK will say what it thinks of them; telemetry neither raises nor exports what can't be encoded."""
    assert request_attributes({name: value}) == {}


def test_one_choice_is_not_worth_an_attribute() -> None:
    """The conventions ask for the count only where it is not 1."""
    assert request_attributes({"n": 1}) == {}


def test_an_iterator_is_left_to_the_request() -> None:
    """What reads it first is the request; reading it here would send an empty list."""
    words = iter(["a", "b"])
    assert request_attributes({"stop": words}) == {}
    assert list(words) == ["a", "b"]


def test_openais_endpoint_is_told() -> None:
    """Host and port of the client's base URL; the provider only where the client's class tells it."""
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:8080/v1")
    assert endpoint(client.chat.completions.create) == Endpoint(None, "127.0.0.1", 8080)
    assert endpoint(openai.OpenAI(api_key="none").chat.completions.create).address == "api.openai.com"
    azure = openai.AsyncAzureOpenAI(
        api_key="none", api_version="2024-10-21", azure_endpoint="https://mine.openai.azure.com"
    )
    assert endpoint(azure.chat.completions.create) == Endpoint("azure.ai.openai", "mine.openai.azure.com", 443)


def test_anthropics_endpoint_is_told() -> None:
    """Anthropic's own service, and the same SDK's way to Bedrock."""
    client = anthropic.Anthropic(api_key="none", base_url="https://api.anthropic.com")
    assert endpoint(client.messages.create) == Endpoint(None, "api.anthropic.com", 443)
    bedrock = type("AsyncAnthropicBedrock", (), {"base_url": "https://bedrock-runtime.us-east-1.amazonaws.com"})()
    resource = Resource(_client=bedrock)
    assert endpoint(resource.create).provider == "aws.bedrock"


def test_googles_endpoint_is_told() -> None:
    """The Gemini API by its client; Vertex AI by the same client's switch."""
    client = genai.Client(api_key="none")
    assert endpoint(client.models.generate_content) == Endpoint("gcp.gemini", "generativelanguage.googleapis.com", 443)
    api_client = SimpleNamespace(vertexai=True, _http_options=SimpleNamespace(base_url="https://vertex.example"))
    vertex = Resource(_api_client=api_client)
    assert endpoint(vertex.create) == Endpoint("gcp.vertex_ai", "vertex.example", 443)


@pytest.mark.parametrize(
    "url", ["http://[broken", "https://host:99999", "https://host:port", 5, "", None, "/v1", "localhost"]
)
def test_an_odd_url_gives_no_host(url: Any) -> None:
    """Whatever the client holds, nothing raises."""
    client = SimpleNamespace(base_url=url)
    resource = Resource(_client=client)
    assert endpoint(resource.create) == Endpoint()


@pytest.mark.parametrize("method", [None, len, lambda: None, object(), "create"])
def test_what_is_no_bound_method_has_no_endpoint(method: Any) -> None:
    """A plain function tells nothing of a client."""
    assert endpoint(method) == Endpoint()
