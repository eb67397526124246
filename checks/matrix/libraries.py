"""The SDKs that Stainless does not generate: how each is asked, and what its span has to say.

They are unlike one another, so each has a row here: how a client is made, and one way to ask for each kind of answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal

from replay.check import RAW_WORDS, count_on_span, raw_reasons_on_span
from replay.scenarios import Answer, by_id
from replay.scenarios.base import body, sse
from support import grok
from support.clients import KEY

__all__ = ["ANSWERS", "LIBRARIES", "Asked", "Library", "truth_of"]

Json = dict[str, Any]
ASK: list[Json] = [{"role": "user", "content": "What of Faro?"}]


@dataclass(frozen=True, slots=True)
class Asked:
    """One way to ask an SDK.

    Attributes:
        resource: where the SDK has it.
        how: whether the answer is streamed.
        answers: the scenario, or the script of `ANSWERS`, that answers.
        ask: asks a client of it; what it gives may have to be awaited.
        truth: what the span says, besides what the scenario says.
        least: the first release, as far as is known, that has it.
    """

    resource: str
    how: Literal["call", "stream"]
    answers: str
    ask: Callable[[Any], Any]
    truth: Mapping[str, Any] = field(default_factory=dict[str, Any])
    least: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """An SDK.

    Attributes:
        distribution: the name of its package.
        instrumentor: what meters it.
        client: makes a client, given an address and whether it is async.
        ways: the ways to ask it.
        served: `http`, or `grpc` for the service of `support.grok`.
    """

    distribution: str
    instrumentor: str
    client: Callable[[Any, bool], Any]
    ways: tuple[Asked, ...]
    served: Literal["http", "grpc"] = "http"


def truth_of(asked: Asked) -> Json:
    """What the span of a call that went well has to say."""
    scenario = by_id.get(asked.answers)
    if scenario is None:
        return dict(asked.truth)
    truth = scenario.truth
    words = truth.raw_finish_reasons if scenario.service in RAW_WORDS else truth.finish_reasons
    return {
        "gen_ai.provider.name": truth.provider,
        "gen_ai.request.model": scenario.model,
        "gen_ai.response.finish_reasons": list(words) or None,
        "chunkmeter.response.raw_finish_reasons": raw_reasons_on_span(truth, words),
        "gen_ai.usage.input_tokens": truth.input_tokens,
        "gen_ai.usage.cache_read.input_tokens": count_on_span(truth, "cached_tokens"),
        "gen_ai.usage.output_tokens": truth.output_tokens,
        "gen_ai.usage.cost.amount": truth.usd,
        "chunkmeter.usage.status": truth.usage_status,
        "chunkmeter.cost.status": truth.cost_status,
        **asked.truth,
    }


# --- answers that are no scenario ---

_USAGE: Json = {
    "billed_units": {"input_tokens": 7, "output_tokens": 10},
    "tokens": {"input_tokens": 502, "output_tokens": 12},
    "cached_tokens": 448,
}
_COHERE_2: Json = {
    "gen_ai.provider.name": "cohere",
    "gen_ai.request.model": "command-r-08-2024",
    "gen_ai.response.id": "c4a2-v2",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 502,
    "gen_ai.usage.cache_read.input_tokens": 448,
    "gen_ai.usage.output_tokens": 12,
    "gen_ai.usage.cost.amount": 7 * 0.15e-6 + 10 * 0.60e-6,  # USD, of what is billed
    "chunkmeter.cost.status": "known",
}
_EMBEDDED: Json = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "cohere",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cost.amount": 1000 * 0.12e-6,  # USD
    "chunkmeter.cost.status": "known",
}
_RERANKED: Json = {
    "gen_ai.operation.name": "rerank",
    "gen_ai.provider.name": "cohere",
    "gen_ai.response.id": "rerank-1",
    "chunkmeter.usage.status": "reported",
    "chunkmeter.cost.status": "incomplete",
}
_PIECE: Json = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Lagos"}}}}
_MADE: Json = {"model": "llama3.2", "created_at": "2026-11-02T09:00:00Z"}
_LAST: Json = {"done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 7}
_OLLAMA: Json = {
    "gen_ai.provider.name": "ollama",
    "gen_ai.response.model": "llama3.2",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 26,
    "gen_ai.usage.output_tokens": 7,
    "chunkmeter.usage.status": "reported",
}
_OLLAMA_EMBEDDED: Json = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "ollama",
    "gen_ai.usage.input_tokens": 3,
    "chunkmeter.usage.status": "reported",
}
_USED: Json = {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100, "connector_tokens": 0}
_TALKED: Json = {
    "gen_ai.provider.name": "mistral_ai",
    "gen_ai.response.id": "msg_1",
    "gen_ai.usage.input_tokens": 80,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cost.amount": 80 * 0.15e-6 + 20 * 0.60e-6,
    "chunkmeter.cost.status": "known",
}
_INTERACTED: Json = {
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.response.id": "int_1",
    "gen_ai.response.model": "gemini-2.5-flash",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 90,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.usage.output_tokens": 28,  # 20, and 8 of thoughts beside them
    "gen_ai.usage.cost.amount": (26 * 0.30 + 64 * 0.03 + 28 * 2.50) / 1e6,  # USD
    "chunkmeter.cost.status": "known",
}
_INTERACTION: Json = {
    "object": "interaction", "id": "int_1", "model": "gemini-2.5-flash", "role": "model", "status": "completed",
    "created": "2026-11-02T09:00:00Z", "updated": "2026-11-02T09:00:00Z", "outputs": [], "steps": [], "usage": {
        "total_input_tokens": 90, "total_cached_tokens": 64, "total_output_tokens": 20, "total_thought_tokens": 8,
        "total_tokens": 118,
    },
}  # fmt: skip
_BEGUN: Json = {**_INTERACTION, "status": "in_progress", "usage": None}
_WHEN = "2026-11-02T09:00:00Z"
_SAID: Json = {
    "object": "entry", "type": "message.output", "id": "msg_1", "role": "assistant", "content": "Faro",
    "model": "mistral-small-2603",
}  # fmt: skip
_DELTA: Json = {**_SAID, "type": "message.output.delta", "created_at": _WHEN}


def _chatted(text: str, **more: Any) -> Json:
    return {**_MADE, "message": {"role": "assistant", "content": text}, "done": False, **more}


def _generated(text: str, **more: Any) -> Json:
    return {**_MADE, "response": text, "done": False, **more}


def _lines(*said: Json) -> tuple[bytes, ...]:
    return tuple(f"{json.dumps(each)}\n".encode() for each in said)


def _named(*said: Json) -> tuple[bytes, ...]:
    return tuple(
        f"event: {each.get('type') or each['event_type']}\ndata: {json.dumps(each)}\n\n".encode() for each in said
    )


_SCRIPTS: dict[str, tuple[bytes, ...]] = {
    "cohere2-call": body(
        {
            "id": "c4a2-v2",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Lagos"}]},
            "usage": _USAGE,
        }
    ),
    "cohere2-stream": sse(
        [
            {"id": "c4a2-v2", "type": "message-start", "delta": {"message": {"role": "assistant"}}},
            _PIECE,
            _PIECE,
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": _USAGE}},
        ]
    ),
    "cohere-embed-call": body(
        {
            "id": "embd-1",
            "response_type": "embeddings_floats",
            "embeddings": [[0.1]],
            "texts": ["ebb"],
            "meta": {"billed_units": {"input_tokens": 1000}},
        }
    ),
    "cohere-rerank-call": body(
        {
            "id": "rerank-1",
            "results": [{"index": 0, "relevance_score": 0.9}],
            "meta": {"billed_units": {"search_units": 2}},
        }
    ),
    "ollama-embed-call": body({"model": "llama3.2", "embeddings": [[0.1]], "prompt_eval_count": 3}),
    "ollama-chat-call": body(_chatted("In the Alentejo.", **_LAST)),
    "ollama-chat-stream": _lines(_chatted("In the "), _chatted("Alentejo."), _chatted("", **_LAST)),
    "ollama-generate-call": body(_generated("In the Alentejo.", **_LAST)),
    "ollama-generate-stream": _lines(_generated("In the "), _generated("Alentejo."), _generated("", **_LAST)),
    "conversation-call": body(
        {"object": "conversation.response", "conversation_id": "conv_1", "outputs": [_SAID], "usage": _USED}
    ),
    "conversation-stream": _named(
        {"type": "conversation.response.started", "created_at": _WHEN, "conversation_id": "conv_1"},
        _DELTA,
        _DELTA,
        {"type": "conversation.response.done", "created_at": _WHEN, "usage": _USED},
    ),
    "interaction-call": body(_INTERACTION),
    "interaction-stream": _named(
        {"event_type": "interaction.start", "interaction": _BEGUN},
        {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Tomar"}},
        {"event_type": "interaction.complete", "interaction": _INTERACTION},
    ),
}
ANSWERS = {
    name: Answer(id=name, service="openai", stream=name.endswith("stream"), events=events)
    for name, events in _SCRIPTS.items()
}
"""What the server answers besides the scenarios, by name."""


# --- clients ---


def _cohere(url: str, is_async: bool, *, version: str = "") -> Any:
    kind = getattr(import_module("cohere"), f"{'Async' if is_async else ''}Client{version}")
    return kind(api_key=KEY, base_url=url)


class _Twins:
    """A client with methods in pairs, `complete` and `complete_async`, as one that has them without the ending."""

    def __init__(self, client: Any, is_async: bool) -> None:
        self._client, self._ending = client, "_async" if is_async else ""

    def method(self, path: str) -> Any:
        return attrgetter(f"{path}{self._ending}")(self._client)


def _mistral(url: str, is_async: bool) -> Any:
    module = import_module("mistralai")
    kind = getattr(module, "Mistral", None) or import_module("mistralai.client").Mistral
    return _Twins(kind(api_key=KEY, server_url=url), is_async)


def _google(url: str, is_async: bool) -> Any:
    client = import_module("google.genai").Client(api_key=KEY, http_options={"base_url": url})
    return client.aio if is_async else client


def _ollama(url: str, is_async: bool) -> Any:
    return getattr(import_module("ollama"), "AsyncClient" if is_async else "Client")(host=url)


def _azure(url: str, is_async: bool) -> Any:
    module = import_module("azure.ai.inference.aio" if is_async else "azure.ai.inference")
    key = import_module("azure.core.credentials").AzureKeyCredential(KEY)
    return module.ChatCompletionsClient(url, key, retry_total=0)


def _huggingface(url: str, is_async: bool) -> Any:
    kind = getattr(import_module("huggingface_hub"), "AsyncInferenceClient" if is_async else "InferenceClient")
    return kind(base_url=url, api_key=KEY)


# --- all of them ---


def _asked_of_mistral(path: str, answers: str, said: Json, truth: Json | None = None) -> Asked:
    how = "stream" if answers.endswith("stream") else "call"
    least = (1, 8) if truth else ()
    return Asked(path, how, answers, lambda client: client.method(path)(**said), truth or {}, least)


_V1 = {"model": "command-r-08-2024", "message": "What of Lagos?"}
_EMBED = {"texts": ["ebb"], "model": "embed-v4.0", "input_type": "search_query"}
_RERANK = {"model": "rerank-v3.5", "query": "What of Lagos?", "documents": ["Lagos lies by the sea."]}
_VECTOR = {"model": "llama3.2", "input": "ebb"}
_V2 = {"model": "command-r-08-2024", "messages": ASK}
_CHAT = {"model": "mistral-small-2603", "messages": ASK}
_FIM = {"model": "mistral-small-2603", "prompt": "def faro("}
_VECTORS = {"model": "mistral-embed", "inputs": ["ebb", "flow"]}
_TALK = {"model": "mistral-small-2603", "inputs": "What of Faro?"}
_GEMINI = {"model": "gemini-2.5-flash", "contents": "What of Tomar?"}
_INTERACTING = {"model": "gemini-2.5-flash", "input": "What of Tomar?"}
_LLAMA = {"model": "llama3.2", "messages": ASK}
_BEJA = {"model": "llama3.2", "prompt": "What of Beja?"}
_GPT = {"model": "gpt-4o-mini", "messages": ASK}
_PHI = {"model": "Phi-4-mini-instruct", "messages": ASK}
_AT_HUB = {"gen_ai.provider.name": "huggingface", "gen_ai.usage.cost.amount": None, "chunkmeter.cost.status": None}
_GROK = {**grok.TRUTH, "gen_ai.usage.cost.amount": grok.USD}

LIBRARIES: Mapping[str, Library] = {
    "cohere": Library(
        "cohere",
        "CohereInstrumentor",
        _cohere,
        (
            Asked("chat", "call", "cohere-plain-call", lambda client: client.chat(**_V1)),
            Asked("chat_stream", "stream", "cohere-plain-stream", lambda client: client.chat_stream(**_V1)),
            Asked("embed", "call", "cohere-embed-call", lambda client: client.embed(**_EMBED), _EMBEDDED),
            Asked("rerank", "call", "cohere-rerank-call", lambda client: client.rerank(**_RERANK), _RERANKED),
        ),
    ),
    "cohere-v2": Library(
        "cohere",
        "CohereInstrumentor",
        lambda url, is_async: _cohere(url, is_async, version="V2"),
        (
            Asked("chat", "call", "cohere2-call", lambda client: client.chat(**_V2), _COHERE_2, (5, 13)),
            Asked(
                "chat_stream", "stream", "cohere2-stream", lambda client: client.chat_stream(**_V2), _COHERE_2, (5, 13)
            ),
        ),
    ),
    "mistralai": Library(
        "mistralai",
        "MistralAIInstrumentor",
        _mistral,
        (
            _asked_of_mistral("chat.complete", "mistral-plain-call", _CHAT),
            _asked_of_mistral("chat.stream", "mistral-plain-stream", _CHAT),
            _asked_of_mistral("fim.complete", "mistral-plain-call", _FIM),
            _asked_of_mistral("fim.stream", "mistral-plain-stream", _FIM),
            _asked_of_mistral("embeddings.create", "mistral-embeddings-call", _VECTORS),
            _asked_of_mistral("beta.conversations.start", "conversation-call", _TALK, _TALKED),
            _asked_of_mistral("beta.conversations.start_stream", "conversation-stream", _TALK, _TALKED),
        ),
    ),
    "xai-sdk": Library(
        "xai-sdk",
        "XAIInstrumentor",
        lambda served, is_async: grok.client(served, is_async=is_async),
        (
            Asked("sample", "call", "", lambda client: grok.asking(client).sample(), _GROK),
            Asked("defer", "call", "", lambda client: grok.asking(client).defer(), _GROK),
            Asked("stream", "stream", "", lambda client: grok.asking(client).stream(), _GROK),
        ),
        served="grpc",
    ),
    "google-genai": Library(
        "google-genai",
        "GoogleGenAIInstrumentor",
        _google,
        (
            Asked(
                "generate_content",
                "call",
                "google-plain-call",
                lambda client: client.models.generate_content(**_GEMINI),
            ),
            Asked(
                "generate_content_stream",
                "stream",
                "google-plain-stream",
                lambda client: client.models.generate_content_stream(**_GEMINI),
            ),
            Asked(
                "interactions.create",
                "call",
                "interaction-call",
                lambda client: client.interactions.create(**_INTERACTING),
                _INTERACTED,
                (1, 55),
            ),
            Asked(
                "interactions.create",
                "stream",
                "interaction-stream",
                lambda client: client.interactions.create(**_INTERACTING, stream=True),
                _INTERACTED,
                (1, 55),
            ),
        ),
    ),
    "ollama": Library(
        "ollama",
        "OllamaInstrumentor",
        _ollama,
        (
            Asked("chat", "call", "ollama-chat-call", lambda client: client.chat(**_LLAMA), _OLLAMA),
            Asked("chat", "stream", "ollama-chat-stream", lambda client: client.chat(**_LLAMA, stream=True), _OLLAMA),
            Asked("embed", "call", "ollama-embed-call", lambda client: client.embed(**_VECTOR), _OLLAMA_EMBEDDED),
            Asked("generate", "call", "ollama-generate-call", lambda client: client.generate(**_BEJA), _OLLAMA),
            Asked(
                "generate",
                "stream",
                "ollama-generate-stream",
                lambda client: client.generate(**_BEJA, stream=True),
                _OLLAMA,
            ),
        ),
    ),
    "azure-ai-inference": Library(
        "azure-ai-inference",
        "AzureAIInferenceInstrumentor",
        _azure,
        (
            Asked("complete", "call", "azure-plain-call", lambda client: client.complete(**_GPT)),
            Asked("complete", "stream", "azure-plain-stream", lambda client: client.complete(**_PHI, stream=True)),
        ),
    ),
    "huggingface-hub": Library(
        "huggingface-hub",
        "HuggingFaceHubInstrumentor",
        _huggingface,
        (
            Asked(
                "chat_completion",
                "call",
                "openai-plain-call",
                lambda client: client.chat_completion(**_GPT),
                _AT_HUB,
            ),
            Asked(
                "chat_completion",
                "stream",
                "openai-plain-stream",
                lambda client: client.chat_completion(**_GPT, stream=True),
                _AT_HUB,
            ),
        ),
    ),
}
"""The SDKs, by the names that `make matrix` takes."""
