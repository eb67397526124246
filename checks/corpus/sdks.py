"""Recorded streams as the events that the vendors' own SDKs make of them, replayed over HTTP."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import httpx

__all__ = ["DROPPED", "Ask", "for_stream", "google_array"]

# Without their types: these tell nothing here, and take the type checker minutes.
anthropic: Any = import_module("anthropic")
azure_core: Any = import_module("azure.core.credentials")
azure_inference: Any = import_module("azure.ai.inference")
boto3: Any = import_module("boto3")
botocore_config: Any = import_module("botocore.config")
cohere: Any = import_module("cohere")
genai: Any = import_module("google.genai")
groq: Any = import_module("groq")
mistralai: Any = import_module("mistralai")
ollama: Any = import_module("ollama")
openai: Any = import_module("openai")
types: Any = genai.types

Stream = dict[str, Any]
Ask = Callable[[str], Iterator[Any]]

KEY = "none"
CLIENT = httpx.Client(trust_env=False)
OPENAI = openai.OpenAI(api_key=KEY, max_retries=0, http_client=CLIENT)
GROQ = groq.Groq(api_key=KEY, max_retries=0, http_client=CLIENT)
ANTHROPIC = anthropic.Anthropic(api_key=KEY, max_retries=0, http_client=CLIENT)
AWS = boto3.Session()  # reads its models once
GEMINI = genai.Client(api_key=KEY, vertexai=False)
VERTEX = genai.Client(api_key=KEY, vertexai=True)
MESSAGES: Any = [{"role": "user", "content": "any"}]


def chat(client: Any, address: str) -> Iterator[Any]:
    yield from client.with_options(base_url=address).chat.completions.create(
        model="any", messages=MESSAGES, stream=True
    )


def completions(address: str) -> Iterator[Any]:
    yield from OPENAI.with_options(base_url=address).completions.create(model="any", prompt="any", stream=True)


def responses(address: str) -> Iterator[Any]:
    yield from OPENAI.with_options(base_url=address).responses.create(model="any", input="any", stream=True)


def assistants(address: str) -> Iterator[Any]:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        runs = OPENAI.with_options(base_url=address).beta.threads.runs
        stream = runs.create("any", assistant_id="any", stream=True)
    yield from stream


def transcription(address: str) -> Iterator[Any]:
    audio = OPENAI.with_options(base_url=address).audio.transcriptions
    yield from audio.create(file=("any.wav", b"any"), model="any", stream=True)


def messages(address: str) -> Iterator[Any]:
    client = ANTHROPIC.with_options(base_url=address)
    yield from client.messages.create(model="any", max_tokens=1, messages=MESSAGES, stream=True)


def complete(address: str) -> Iterator[Any]:
    client = ANTHROPIC.with_options(base_url=address)
    yield from client.completions.create(model="any", max_tokens_to_sample=1, prompt="any", stream=True)


def generate_content(client: Any, address: str) -> Iterator[Any]:
    options = types.GenerateContentConfig(http_options=types.HttpOptions(base_url=address))
    yield from client.models.generate_content_stream(model="any", contents="any", config=options)


def interactions(address: str) -> Iterator[Any]:
    client = genai.Client(api_key=KEY, vertexai=False, http_options=types.HttpOptions(base_url=address))
    with warnings.catch_warnings(action="ignore"):  # it calls itself experimental
        stream: Any = client.interactions.create(model="any", input="any", stream=True)
    yield from stream


def mistral(address: str) -> Iterator[Any]:
    with mistralai.Mistral(api_key=KEY, server_url=address) as client:
        yield from client.chat.stream(model="any", messages=MESSAGES)


def azure(address: str) -> Iterator[Any]:
    with azure_inference.ChatCompletionsClient(address, azure_core.AzureKeyCredential(KEY), retry_total=0) as client:
        yield from client.complete(messages=MESSAGES, stream=True)


def cohere_v1(address: str) -> Iterator[Any]:
    yield from cohere.Client(KEY, base_url=address, httpx_client=CLIENT).chat_stream(message="any")


def cohere_v2(address: str) -> Iterator[Any]:
    yield from cohere.ClientV2(KEY, base_url=address, httpx_client=CLIENT).chat_stream(model="any", messages=MESSAGES)


def bedrock(address: str) -> Any:
    return AWS.client(
        "bedrock-runtime",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
        config=botocore_config.Config(retries={"total_max_attempts": 1}),
    )


def converse(address: str) -> Iterator[Any]:
    asked = [{"role": "user", "content": [{"text": "any"}]}]
    yield from bedrock(address).converse_stream(modelId="any", messages=asked)["stream"]


def invoke(address: str) -> Iterator[Any]:
    yield from bedrock(address).invoke_model_with_response_stream(modelId="any", body=b"{}")["body"]


def ollama_chat(address: str) -> Iterator[Any]:
    yield from ollama.Client(address).chat("any", MESSAGES, stream=True)


def ollama_generate(address: str) -> Iterator[Any]:
    yield from ollama.Client(address).generate("any", "any", stream=True)


# By family of bodies, and by wire where a service has an SDK of its own or one family two ways to ask.
SDKS: dict[str, Ask] = {
    "chat": partial(chat, OPENAI),
    "groq": partial(chat, GROQ),
    "mistral": mistral,
    "azure_ai_inference": azure,
    "completions": completions,
    "responses": responses,
    "assistants": assistants,
    "transcription": transcription,
    "anthropic": messages,
    "anthropic_complete": complete,
    "google": partial(generate_content, GEMINI),
    "vertex": partial(generate_content, VERTEX),
    "google_interactions": interactions,
    "cohere_v1": cohere_v1,
    "cohere_v2": cohere_v2,
    "converse": converse,
    "invoke": invoke,
    "ollama": ollama_chat,
}
BY_PATH: dict[str, Ask] = {
    "/api/generate": ollama_generate,
    "/converse-stream": converse,
    "/invoke-with-response-stream": invoke,
}


# What the installed SDKs' classes have no field for, by family: nobody can read it from their events.
_CONVERSED = bedrock("http://127.0.0.1").meta.service_model.shape_for("TokenUsage").members
DROPPED: dict[str | None, set[str]] = {
    "google": {"service_tier"} - set(types.GenerateContentResponseUsageMetadata.model_fields),
    "converse": set[str]()
    if "cacheReadInputTokens" in _CONVERSED
    else {"input_tokens", "cached_tokens", "cache_write_tokens"},
}


def for_stream(stream: Stream, family: str | None) -> Ask | None:
    """What asks for this stream through its vendor's SDK; None where that SDK is not among those installed."""
    path = str(stream["url_path"] or "")
    by_path = next((ask for ending, ask in BY_PATH.items() if path.endswith(ending)), None)
    return by_path or SDKS.get(stream["wire"]) or SDKS.get(family or "")


def google_array(elements: Iterator[Any], _: str) -> Iterator[Any]:
    """A JSON array of Google's, element by element: the SDK asks for server-sent events and can't read it."""
    parse = types.GenerateContentResponse._from_response
    return (parse(response=element, kwargs={}) for element in elements)
