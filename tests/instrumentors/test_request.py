"""Request facts out of a provider SDK's method and its arguments."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import anthropic
import azure.ai.inference.aio
import boto3
import cohere
import openai
import pytest
from azure.core.credentials import AzureKeyCredential
from google import genai
from google.genai.types import GenerateContentConfig, HttpOptions
from mistralai import Mistral

from chunkmeter.attribution import Labels
from chunkmeter.instrumentors import _parameters
from chunkmeter.instrumentors._endpoint import Endpoint, client_extras, endpoint
from chunkmeter.instrumentors._parameters import (
    refers_to_cache,
    request_attributes,
    request_of,
    requested_model,
    requested_tier,
)
from chunkmeter.instrumentors.mirascope._site import Site
from chunkmeter.reporting.attributes import start_attributes
from support import protos


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


def test_parameters_of_embeddings_are_read() -> None:
    """Names as OpenAI, Mistral, Google and Cohere take them; the inputs are none of ours."""
    asked = {"model": "text-embedding-3-small", "input": ["hi", "ho"], "dimensions": 256, "encoding_format": "base64"}
    expected = {"gen_ai.embeddings.dimension.count": 256, "gen_ai.request.encoding_formats": ["base64"]}
    assert request_attributes(asked) == expected
    assert request_attributes({"output_dimension": 256, "encoding_format": "base64"}) == expected
    assert request_attributes({"config": {"output_dimensionality": 256}}) == {"gen_ai.embeddings.dimension.count": 256}
    assert request_attributes({"embedding_types": ["float", "int8"]}) == {
        "gen_ai.request.encoding_formats": ["float", "int8"]
    }
    assert request_attributes({"dimensions": None, "encoding_format": None}) == {}


def test_the_assistant_of_a_run_is_read() -> None:
    """By its id; a placeholder of the SDK's is none."""
    assert request_attributes({"assistant_id": "asst_1", "thread_id": "thread_1"}) == {"gen_ai.agent.id": "asst_1"}
    assert request_attributes({"assistant_id": openai.NOT_GIVEN}) == request_attributes({"assistant_id": ""}) == {}


ASKED = Endpoint("openai", "api.openai.com", 443)


def test_requests_that_only_seem_alike_are_told_apart() -> None:
    """Values that are equal but not the same, whichever was seen first, and a list that has changed since."""

    def said(**parameters: Any) -> str:
        request = request_of({"model": "gpt-4o", **parameters}, ASKED, operation="chat", stream=True)
        return repr(dict(request.attributes))

    for _ in range(2):
        assert said(temperature=1) == "{'gen_ai.request.temperature': 1}"
        assert said(temperature=1.0) == "{'gen_ai.request.temperature': 1.0}"
        assert said(temperature=True) == said(temperature=None) == said() == "{}"
        assert said(temperature=0.0) == "{'gen_ai.request.temperature': 0.0}"
        assert said(temperature=-0.0) == "{'gen_ai.request.temperature': -0.0}"
        assert said(top_p=1) == "{'gen_ai.request.top_p': 1}"
        assert said(max_tokens=5, max_completion_tokens=6) == "{'gen_ai.request.max_tokens': 6}"
        assert said(max_completion_tokens=6, max_tokens=5) == "{'gen_ai.request.max_tokens': 5}"
        assert said(stop=["a"]) == said(stop=("a",)) == said(stop="a") == "{'gen_ai.request.stop_sequences': ['a']}"
        assert said(stop=["a", 1]) == said(stop=[]) == "{}"
    stop = ["a"]
    assert said(stop=stop) == "{'gen_ai.request.stop_sequences': ['a']}"
    stop.append("b")
    assert said(stop=stop) == "{'gen_ai.request.stop_sequences': ['a', 'b']}"


def test_what_is_a_requests_own_stays_its_own() -> None:
    """Images, prompt and tier of one, place and stream of another: nothing is handed on to a request that is alike."""
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/me.png"}}]}
    plain: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    seen = {**plain, "messages": [image]}
    for _ in range(2):
        assert request_of(plain, ASKED, operation="chat", stream=True).media == {}
        assert request_of(seen, ASKED, operation="chat", stream=True).media == {"images": [{}]}
        kept = request_of(plain, ASKED, operation="chat", stream=True, keeps_prompt=True)
        assert kept.prompt is plain
        assert request_of(plain, ASKED, operation="chat", stream=True).prompt is None
        assert request_of({**plain, "service_tier": "flex"}, ASKED, operation="chat", stream=True).tier == "flex"
        assert request_of({**plain, "extra_body": {"service_tier": "flex"}}, ASKED, operation="chat", stream=True).tier
        there = request_of(plain, ASKED._replace(address="llm.internal", port=80), operation="embeddings", stream=False)
        assert (there.server_address, there.server_port, there.operation) == ("llm.internal", 80, "embeddings")
        here = request_of(plain, ASKED, operation="chat", stream=True, attributes={"mine": "yes"}, named=True)
        assert (here.attributes, here.named, here.stream) == ({"mine": "yes"}, True, True)
        tagged = request_of(plain, ASKED, operation="chat", stream=True, attributes={"mine": ["a", "b"]})
        assert tagged.attributes == {"mine": ["a", "b"]}
        after = request_of(plain, ASKED, operation="chat", stream=False)
        assert (after.attributes, after.named, after.stream, after.tier) == ({}, False, False, None)
        assert (after.server_address, after.server_port) == ("api.openai.com", 443)


class Unhashable(str):
    """A text that can't be a key."""

    __slots__ = ()
    __hash__: Any = None


@pytest.mark.parametrize(
    ("parameter", "attribute"),
    [("stop", "gen_ai.request.stop_sequences"), ("encoding_format", "gen_ai.request.encoding_formats")],
)
@pytest.mark.parametrize("value", ["END", ["END"]], ids=["word", "list"])
def test_a_list_of_words_is_each_requests_own(parameter: str, attribute: str, value: Any) -> None:
    """A sampler is given it, and may change it."""
    for _ in range(3):
        request = request_of({parameter: value}, ASKED, operation="chat", stream=True)
        words: Any = request.attributes[attribute]
        assert words == ["END"]
        words.append("added by a sampler")


def test_a_list_of_further_words_is_each_requests_own() -> None:
    """Such as the tags of a function of Mirascope's: a sampler is given it, and may change it."""
    for _ in range(3):
        tagged = {"code.function.name": "app.ask", "tags": ["a"]}
        request = request_of({"model": "gpt-4o"}, ASKED, operation="chat", stream=True, attributes=tagged)
        tags: Any = start_attributes(request)["tags"]
        assert tags == ["a"]
        tags.append("added by a sampler")


def test_what_a_span_starts_with_is_each_spans_own() -> None:
    """A sampler is given it, and may change it; requests that are alike are one object."""
    for _ in range(3):
        request = request_of({"model": "gpt-4o", "seed": 7}, ASKED, operation="chat", stream=True)
        attributes = start_attributes(request)
        assert attributes == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.stream": True,
            "server.address": "api.openai.com",
            "server.port": 443,
            "gen_ai.request.seed": 7,
        }
        attributes.pop("gen_ai.request.model")
        attributes["gen_ai.request.seed"] = 8


def test_what_a_span_starts_with_is_that_of_its_own_request() -> None:
    """Requests that are made of another, with labels, a prompt or other attributes."""
    request = request_of({"model": "gpt-4o"}, ASKED, operation="chat", stream=True)
    before = start_attributes(request)
    labels = Labels({"tenant": "acme"})
    assert start_attributes(replace(request, labels=labels)) == {**before, "tenant": "acme"}
    assert start_attributes(replace(request, attributes={"mine": "yes"})) == {**before, "mine": "yes"}
    assert start_attributes(replace(request, model="gpt-4o-mini")) == {**before, "gen_ai.request.model": "gpt-4o-mini"}
    assert start_attributes(request) == before
    assert request == replace(request)


class NoKey(type):
    """A class of classes that can't be keys."""

    __hash__: Any = None


class Odd(metaclass=NoKey):
    """A value of such a class."""


def test_values_of_odd_classes_are_left_out() -> None:
    """They say nothing, and keep nothing else from being read."""
    odd: dict[str, Any] = {"model": "gpt-4o", "seed": Odd(), "temperature": 0.5}
    for _ in range(2):
        request = request_of(odd, ASKED, operation="chat", stream=True)
        assert (request.model, request.attributes) == ("gpt-4o", {"gen_ai.request.temperature": 0.5})


def test_what_is_kept_of_requests_is_bounded() -> None:
    """In number, and in what strangers may make long: each of these is read, and none stays."""
    for number in range(600):
        assert request_of({"model": f"model-{number}"}, ASKED, operation="chat", stream=True).model == f"model-{number}"
        assert len(_parameters._known) <= 256
    _parameters._known.clear()
    long = "x" * 600
    for said in ({"model": long}, {"stop": [long]}, {"stop": ["x" * 300] * 2}, {"seed": 10**100}, {"stop": ["x"] * 17}):
        request_of(said, ASKED, operation="chat", stream=True)
    for there in (Endpoint(long), Endpoint(None, long), Endpoint(model=long)):
        request_of({}, there, operation="chat", stream=True)
    request_of({}, ASKED, operation="chat", stream=True, provider=long)
    request_of({}, ASKED, operation="chat", stream=True, attributes={"mine": long})
    assert not _parameters._known


def test_what_can_be_no_key_is_read_all_the_same() -> None:
    """Such a model, such a provider, and one of a great length."""
    model, huge = Unhashable("gpt-4o"), "x" * 10_000
    said: Any = {"model": model}
    assert request_of(said, ASKED, operation="chat", stream=True).model == "gpt-4o"
    assert request_of({}, Endpoint(), operation="chat", stream=True, provider=Unhashable("OpenAI")).provider == "openai"
    assert request_of({}, Endpoint(), operation="chat", stream=True, provider=huge).provider == "x" * 200
    assert request_of({"model": huge}, ASKED, operation="chat", stream=True).model == "x" * 200


def test_anthropics_parameters_are_read() -> None:
    """Names as `messages.create` takes them."""
    assert request_attributes({"max_tokens": 64, "top_k": 40, "stop_sequences": ("x",), "temperature": 0}) == {
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.stop_sequences": ["x"],
        "gen_ai.request.temperature": 0,
    }


def test_parameters_in_a_generation_config() -> None:
    """Google's older SDKs take a dict, an object, or one around a protocol buffer with numbers of single precision."""
    said = {"temperature": 0.1, "top_p": 0.9, "max_output_tokens": 64, "stop_sequences": ["END"], "candidate_count": 1}
    expected = {
        "gen_ai.request.temperature": 0.1,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.stop_sequences": ["END"],
    }
    as_message = SimpleNamespace(_raw_generation_config=protos.GenerationConfig(**said))
    for config in (said, SimpleNamespace(**said, seed=None), as_message):
        assert request_attributes({"generation_config": config}) == expected


def test_an_unset_field_of_a_protocol_buffer_is_no_parameter() -> None:
    """A zero that was asked for is one."""
    config = SimpleNamespace(_raw_generation_config=protos.GenerationConfig(temperature=0))
    assert request_attributes({"generation_config": config}) == {"gen_ai.request.temperature": 0}


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


def test_bedrocks_parameters_stand_in_its_inference_config() -> None:
    """Names as `converse` takes them; what only some models know stands apart."""
    parameters = {
        "modelId": "amazon.nova-lite-v1:0",
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]},
        "additionalModelRequestFields": {"top_k": 40},
    }
    assert request_attributes(parameters) == {
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.stop_sequences": ["x"],
        "gen_ai.request.top_k": 40,
    }
    assert requested_model(parameters) == "amazon.nova-lite-v1:0"


def test_coheres_and_mistrals_parameters_are_read() -> None:
    """Cohere's one-letter names, Mistral's seed, and what Azure passes on to a model."""
    assert request_attributes({"p": 0.9, "k": 40}) == {"gen_ai.request.top_p": 0.9, "gen_ai.request.top_k": 40}
    assert request_attributes({"random_seed": 7}) == {"gen_ai.request.seed": 7}
    assert request_attributes({"model_extras": {"n": 2}, "seed": 7}) == {
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.seed": 7,
    }


@pytest.mark.parametrize("parameters", [{}, {"model": None}, {"model": "", "modelId": None}])
def test_no_model_is_none(parameters: dict[str, Any]) -> None:
    """A request may name none, and its span is then named by the operation alone."""
    assert not requested_model(parameters)


@pytest.mark.parametrize(
    "name",
    ["temperature", "max_tokens", "stop", "n", "config", "seed", "inferenceConfig", "p", "k", "model_extras"],
)
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


# --- tier, cache, and the whole ---


@pytest.mark.parametrize(
    "parameters",
    [
        {"service_tier": "flex"},
        {"service_tier": None, "extra_body": {"service_tier": "flex"}},
        {"serviceTier": "flex", "performanceConfig": {"latency": "standard"}},
        {"serviceTier": {"type": "flex"}},
        {"model_extras": {"service_tier": "flex"}},
        {"config": {"service_tier": "flex"}},
        {"config": GenerateContentConfig.model_validate({"service_tier": "flex"})},
        {"config": {"serviceTier": "flex"}},
        {"config": {"http_options": {"extra_body": {"service_tier": "flex"}}}},
        {"config": GenerateContentConfig(http_options=HttpOptions(extra_body={"serviceTier": "flex"}))},
    ],
    ids=repr,
)
def test_the_tier_asked_for_is_told(parameters: dict[str, Any]) -> None:
    """A parameter of OpenAI's, Groq's and Anthropic's; Bedrock's in a dict; Google's and others' wherever it goes."""
    assert requested_tier(parameters) == "flex"


@pytest.mark.parametrize(
    "parameters",
    [
        {"performanceConfig": {"latency": "optimized"}},
        {"performanceConfigLatency": "optimized"},
        {"performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "default"}},
    ],
)
def test_a_faster_answer_is_a_tier(parameters: dict[str, Any]) -> None:
    """Bedrock charges more for it."""
    assert requested_tier(parameters) == "optimized"


@pytest.mark.parametrize(
    "value",
    [None, "", 5, True, ..., [], ["flex"], {}, {"type": 5}, {"type": None}, "my own words", "x" * 33, b"flex"],
    ids=repr,
)
def test_an_odd_tier_is_none(value: Any) -> None:
    """A tier is a word."""
    for name in ("service_tier", "serviceTier", "performanceConfig", "extra_body", "model_extras", "config"):
        assert requested_tier({name: value}) is None
    assert requested_tier({"config": {"http_options": value}}) is None
    assert requested_tier({"service_tier": openai.NOT_GIVEN}) is None


@pytest.mark.parametrize("as_model", [True, False])
def test_a_cache_made_before_is_told(as_model: bool) -> None:
    """Google's requests name it."""
    values: dict[str, Any] = {"cached_content": "cachedContents/1"}
    config: Any = GenerateContentConfig(**values) if as_model else values
    assert refers_to_cache({"config": config})
    assert refers_to_cache({"config": {"cachedContent": "cachedContents/1"}})
    for odd in (None, "", object(), [], 5):
        assert not refers_to_cache({"config": {"cached_content": odd}})
        assert not refers_to_cache({"config": odd})
    assert not refers_to_cache({"cached_content": "cachedContents/1"})


@pytest.mark.parametrize("estimate", [True, False])
def test_a_request_says_all_of_it(estimate: bool) -> None:
    """What the model is to read only where tokens are to be estimated: the very parameters, tools and all."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/me.png", "detail": "high"}}
    messages = [{"role": "user", "content": [image]}]
    given = {"model": "gpt-4o", "messages": messages, "service_tier": "priority"}
    request, _ = Site().request("openai", given, stream=True, keeps_prompt=estimate)
    assert (request.tier, request.media, request.context_cache) == ("priority", {"images": [{"detail": "high"}]}, False)
    assert request.prompt is (given if estimate else None)
    bare, _ = Site().request("openai", {"model": "gpt-4o"}, stream=True, keeps_prompt=estimate)
    assert (bare.tier, bare.media, bare.context_cache) == (None, {}, False)


# --- endpoints ---


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
    first = SimpleNamespace(vertexai=False, _http_options={"base_url": "https://gemini.example/"})  # as 1.0 has it
    assert endpoint(Resource(_api_client=first).create) == Endpoint("gcp.gemini", "gemini.example", 443)


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://mine.services.ai.azure.com/models", None),
        ("https://Phi-4-abcde.eastus2.models.ai.azure.com", None),
        ("https://mine.openai.azure.com/openai/deployments/gpt-4o", "azure.ai.openai"),
        ("https://mine.cognitiveservices.azure.com/openai/deployments/gpt-4o", "azure.ai.openai"),
    ],
)
def test_azures_endpoint_is_told(url: str, provider: str | None) -> None:
    """The inference SDK reaches both of Azure's services; the address tells which."""
    for client in (azure.ai.inference.ChatCompletionsClient, azure.ai.inference.aio.ChatCompletionsClient):
        found = endpoint(client(url, AzureKeyCredential("none")).complete)  # pyrefly: ignore[missing-attribute]
        assert found == Endpoint(provider, urlsplit(url).hostname, 443)


def test_what_an_azure_client_adds_is_told() -> None:
    """To requests that have no extras of their own."""
    extras = {"stream_options": {"include_usage": True}}
    for client in (azure.ai.inference.ChatCompletionsClient, azure.ai.inference.aio.ChatCompletionsClient):
        for given in (extras, None):
            address = "https://mine.services.ai.azure.com/models"
            made: Any = client(address, AzureKeyCredential("none"), model_extras=given)
            assert client_extras(made.complete) == (given or {})
    assert client_extras(None) == client_extras(len) == {}


def test_an_openai_client_at_azures_address_is_azures() -> None:
    """Azure's newer API takes the plain client."""
    client = openai.OpenAI(api_key="none", base_url="https://mine.openai.azure.com/openai/v1/")
    assert endpoint(client.chat.completions.create).provider == "azure.ai.openai"


def test_bedrocks_endpoint_is_told() -> None:
    """boto3 makes it of the region, or takes it."""
    session: Any = boto3.Session("none", "none", region_name="eu-west-1")
    for name in ("converse", "converse_stream"):
        method = getattr(session.client("bedrock-runtime"), name)
        assert endpoint(method) == Endpoint(None, "bedrock-runtime.eu-west-1.amazonaws.com", 443)
    local = session.client("bedrock-runtime", endpoint_url="http://127.0.0.1:8080/bedrock")
    assert endpoint(local.converse) == Endpoint(None, "127.0.0.1", 8080)


@pytest.mark.parametrize("warns", [True, False])
@pytest.mark.parametrize("client", [cohere.Client, cohere.AsyncClient])
def test_coheres_endpoint_is_told(client: type[Any], warns: bool) -> None:
    """Its client wraps its own methods, once or twice."""
    made = client("none", log_warning_experimental_features=warns)
    assert endpoint(made.chat) == Endpoint(None, "api.cohere.com", 443)
    assert endpoint(client("none", base_url="http://127.0.0.1:8080").chat_stream) == Endpoint(None, "127.0.0.1", 8080)


def test_mistrals_endpoint_is_told() -> None:
    """One of its own servers, or any."""
    assert endpoint(Mistral("none").chat.complete) == Endpoint(None, "api.mistral.ai", 443)
    local = Mistral("none", server_url="http://127.0.0.1:8080")
    assert endpoint(local.chat.stream_async) == Endpoint(None, "127.0.0.1", 8080)


def generative_model(name: str, **made: Any) -> Any:
    """A `GenerativeModel` of one of Google's older SDKs, with the clients that it has made by now."""

    class GenerativeModel(Resource):
        @functools.cached_property
        def _prediction_client(self) -> Any:
            raise AssertionError("the model was asked to make its client")

    return GenerativeModel(_model_name=name, **made)


@pytest.mark.parametrize("kept_as", ["_client", "_async_client", "_prediction_client", "_prediction_async_client"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "http://127.0.0.1:8080"], ids=["grpc", "rest"])
def test_a_generative_models_endpoint_is_told(kept_as: str, host: str) -> None:
    """The model is the object's, not the request's; the host is that of the client it sends its requests by."""
    client = SimpleNamespace(transport=SimpleNamespace(host=host))
    model = generative_model("models/gemini-1.5-flash", **{"_client": None, kept_as: client})
    assert endpoint(model.create) == Endpoint(None, "127.0.0.1", 8080, "gemini-1.5-flash")


def test_a_generative_model_without_a_client_is_not_asked_to_make_one() -> None:
    """It makes it with its first request: whom that goes to is not known before."""
    model = generative_model("publishers/google/models/gemini-2.0-flash", _client=None)
    assert endpoint(model.create) == Endpoint(model="gemini-2.0-flash")


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
