"""What an event adds to the answer, wire by wire: the text as it stands there, once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import mistralai
import pytest
from google.genai import types as genai
from hypothesis import given
from hypothesis import strategies as st
from mistralai.models import CompletionEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from checks.corpus.events import messages
from chunkmeter import readers
from chunkmeter.readers._framing import Framing
from chunkmeter.readers.texts import TABLE, texts
from replay.scenarios import ALL, Scenario, by_id
from replay.scenarios.base import BOOK
from support.protos import of_json
from support.wire_samples import SAMPLES, Sample

Json = dict[str, Any]


def said(wire: str, *events: Any) -> str:
    return "".join(text for event in events for text in texts(wire, event))


def test_every_wire_has_a_row() -> None:
    assert sorted(TABLE) == list(readers.WIRES)


# These have no text at all; Ollama's repeats its line.
SILENT = {
    "bedrock_converse",
    "cohere",
    "google_generate_content",
    "google_interactions",
    "cohere_rerank",
    "native_embeddings",
    "openai_assistants",
    "openai_embeddings",
    "openai_images",
    "watsonx",
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.wire}: {sample.services}")
def test_samples(sample: Sample) -> None:
    silent = sample.wire in SILENT or sample.services == "OpenAI: speech"
    expected = "" if silent else "HiHi" if sample.wire == "ollama" else "Hi"
    assert said(sample.wire, *sample.events) == expected


# --- what the replay server sends ---


def of_scenario(scenario: Scenario) -> str:
    events: list[Any]
    if scenario.service == "bedrock":
        stream = scenario.events[0].startswith(b"\0")
        events = list(messages(b"".join(scenario.events)) if stream else map(json.loads, scenario.events))
    else:
        framing = Framing()
        events = [event for part in scenario.events for event in framing.feed(part)]
    return said(readers.for_event(events[0]).wire, *events)


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("openai-plain-stream", "Lisbon lies on seven hills above the Tagus."),
        ("openai-plain-call", "Porto is older than it looks."),
        ("openai-tools-call", 'get_weather{"city":"Lisbon"}'),
        ("groq-reasoning-stream", "Two cities, one river. Answer: the Douro.The Douro."),
        ("xai-plain-stream", "The user wants a haiku about Sintra.Fog, then towers."),
        ("azure-plain-stream", "Monsaraz looks down on the lake."),
        ("anthropic-plain-stream", "Guimaraes calls itself the cradle of the country."),
        ("anthropic-tools-stream", 'Let me look.get_weather{"city":"Viseu"}'),
        ("google-plain-stream", "Tomar was the seat of the Templars."),
        ("google-tools-call", 'get_weather{"city": "Tomar"}'),
        ("bedrock-plain-call", "Sortelha sleeps."),
        ("bedrock-tools-call", 'Let me look.get_weather{"city": "Guarda"}'),
        ("cohere-plain-stream", "Lagos hides its beaches between grottoes."),
        ("cohere-plain-call", "Silves is red."),
        ("mistral-thinking-stream", "Two arches and a tower.Three."),
        ("vertex-plain-stream", "Guimaraes is where the country began."),
    ],
)
def test_scenarios(scenario: str, text: str) -> None:
    assert of_scenario(by_id[scenario]) == text


@pytest.mark.parametrize("scenario", [one for one in ALL if one.kind == "structured"], ids=lambda scenario: scenario.id)
def test_structured_scenarios(scenario: Scenario) -> None:
    assert json.loads("{" + of_scenario(scenario).partition("{")[2]) == BOOK


# --- what they don't send ---


def delta(**fields: Any) -> Json:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": fields}]}


def invoked(**body: Any) -> Json:
    return {"chunk": {"bytes": json.dumps(body).encode()}}


@pytest.mark.parametrize(
    ("wire", "events", "text"),
    [
        pytest.param("openai_chat", [delta(reasoning="a", reasoning_content="a", content="b")], "ba", id="twice"),
        pytest.param("openai_chat", [delta(content="", reasoning="a")], "a", id="beside nothing"),
        pytest.param(
            "openai_chat",
            [{"choices": [{"delta": {"content": "b"}, "message": {"content": "ab"}}]}],
            "b",
            id="the whole so far beside a delta",
        ),
        pytest.param("openai_chat", [{"choices": [{"delta": {"content": "a"}, "text": "a"}]}], "a", id="beside it"),
        pytest.param("openai_chat", [{"choices": [{"text": "a"}]}], "a", id="text alone"),
        pytest.param("openai_chat", [delta(function_call={"name": "f", "arguments": "{}"})], "f{}", id="old functions"),
        pytest.param("openai_chat", [delta(refusal="no")], "no", id="refusal"),
        pytest.param(
            "openai_responses",
            [
                {"type": "response.output_item.added", "item": {"type": "function_call", "name": "f", "arguments": ""}},
                {"type": "response.function_call_arguments.delta", "delta": "{}"},
                {"type": "response.function_call_arguments.done", "arguments": "{}"},
                {"type": "response.output_item.done", "item": {"name": "f", "arguments": "{}"}},
                {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
                {"type": "response.reasoning_summary_text.done", "text": "hm"},
                {"type": "response.audio.delta", "delta": "UklGRg=="},
                {"type": "response.shell_call_output_content.delta", "delta": {"stdout": "x"}},
                {"type": "response.completed", "response": {"output": [{"content": [{"text": "a"}]}]}},
            ],
            "f{}hm",
            id="responses",
        ),
        pytest.param(
            "openai_responses",
            [
                {
                    "object": "response",
                    "output": [{"summary": [{"text": "hm"}]}, {"content": [{"text": "a"}]}, {"name": "f"}],
                }
            ],
            "hmaf",
            id="whole response",
        ),
        pytest.param(
            "openai_assistants",
            [
                {"object": "thread.message.delta", "delta": {"content": [{"type": "text", "text": {"value": "a"}}]}},
                {"object": "thread.message", "content": [{"type": "text", "text": {"value": "a"}}]},
                {
                    "object": "thread.run.step.delta",
                    "delta": {"step_details": {"tool_calls": [{"code_interpreter": {"input": "1+1"}}]}},
                },
            ],
            "a1+1",
            id="assistants",
        ),
        pytest.param("openai_completions", [{"choices": [{"text": "a"}, {"text": "b"}]}], "ab", id="completions"),
        pytest.param(
            "openai_transcription",
            [{"type": "transcript.text.delta", "delta": "a"}, {"type": "transcript.text.done", "text": "a"}],
            "a",
            id="transcription",
        ),
        pytest.param("openai_transcription", [{"text": "a", "usage": {}}], "a", id="whole transcription"),
        pytest.param(
            "anthropic_messages",
            [
                {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f", "input": {}}},
                {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{}"}},
                {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
                {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}},
                {"type": "content_block_delta", "delta": {"type": "citations_delta", "citation": {"cited_text": "x"}}},
                {"type": "content_block_stop", "content_block": {"type": "text", "text": "x"}},
                {"type": "text", "text": "x", "snapshot": "x"},
                {"type": "message_stop", "message": {"content": [{"text": "x"}]}},
            ],
            "f{}hm",
            id="anthropic",
        ),
        pytest.param(
            "bedrock_converse",
            [
                {"contentBlockStart": {"start": {"toolUse": {"name": "f"}}}},
                {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}}},
                {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}}},
                {"contentBlockDelta": {"delta": {"reasoningContent": {"signature": "x"}}}},
                {"contentBlockDelta": {"delta": {"text": "a"}}},
            ],
            "f{}hma",
            id="converse",
        ),
        pytest.param(
            "bedrock_invoke",
            [invoked(type="content_block_delta", delta={"type": "text_delta", "text": "a"})],
            "a",
            id="invoke: Claude",
        ),
        pytest.param("bedrock_invoke", [invoked(contentBlockDelta={"delta": {"text": "a"}})], "a", id="invoke: Nova"),
        pytest.param("bedrock_invoke", [invoked(generation="a")], "a", id="invoke: Llama"),
        pytest.param("bedrock_invoke", [invoked(outputs=[{"text": "a"}])], "a", id="invoke: Mistral"),
        pytest.param("bedrock_invoke", [invoked(choices=[{"message": {"content": "a"}}])], "a", id="invoke: chat"),
        pytest.param("bedrock_invoke", [{"results": [{"outputText": "a"}]}], "a", id="invoke: Titan, whole"),
        pytest.param(
            "bedrock_invoke",
            [{"chunk": {"bytes": base64.b64encode(b'{"generation":"a"}').decode()}}, {"chunk": {"bytes": "?"}}],
            "a",
            id="invoke: as on the wire",
        ),
        pytest.param(
            "cohere",
            [
                {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "hm"}}},
                {
                    "type": "tool-call-start",
                    "delta": {"message": {"tool_calls": {"function": {"name": "f", "arguments": ""}}}},
                },
                {"type": "tool-call-delta", "delta": {"message": {"tool_calls": {"function": {"arguments": "{}"}}}}},
                {"type": "content-delta", "delta": {"message": {"content": {"thinking": "hm"}}}},
                {"type": "content-delta", "delta": {"message": {"content": {"text": "a"}}}},
                {"type": "citation-start", "delta": {"message": {"citations": {"text": "x"}}}},
            ],
            "hmf{}hma",
            id="cohere v2",
        ),
        pytest.param(
            "cohere",
            [
                {"event_type": "text-generation", "text": "a"},
                {"event_type": "tool-calls-chunk", "tool_call_delta": {"name": "f"}},
                {"event_type": "tool-calls-chunk", "tool_call_delta": {"parameters": "{}"}},
                {"event_type": "tool-calls-generation", "tool_calls": [{"name": "f", "parameters": {}}]},
                {"event_type": "stream-end", "response": {"text": "a"}},
            ],
            "af{}",
            id="cohere v1",
        ),
        pytest.param(
            "cohere", [{"text": "a", "tool_calls": [{"name": "f", "parameters": {"x": 1}}]}], 'af{"x": 1}', id="v1"
        ),
        pytest.param(
            "google_generate_content",
            [
                {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}]}}]},
                {"candidates": [{"content": {"parts": [{"inlineData": {"data": "x"}}]}}]},
                {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"x": "é"}}}]}}]},
                {"candidates": [{"content": {"parts": [{"codeExecutionResult": {"output": "x"}}]}}]},
                {"candidates": [{"content": {}}]},
            ],
            'hmaf{"x": "é"}',
            id="google",
        ),
        pytest.param(
            "google_interactions",
            [
                {"event_type": "step.start", "step": {"type": "function_call", "name": "f"}},
                {"event_type": "step.delta", "delta": {"type": "arguments", "arguments": "{}"}},
                {"event_type": "step.delta", "delta": {"type": "thought_summary", "content": {"text": "hm"}}},
                {"event_type": "step.delta", "delta": {"type": "thought_signature", "signature": "x"}},
                {"event_type": "step.delta", "delta": {"type": "text", "text": "a"}},
                {"event_type": "interaction.completed", "interaction": {"outputs": [{"text": "a"}]}},
            ],
            "f{}hma",
            id="interactions",
        ),
        pytest.param(
            "ollama",
            [
                {"message": {"thinking": "hm", "content": ""}},
                {"message": {"content": "a", "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]}},
                {"response": "b"},
            ],
            'hmaf{"x": 1}b',
            id="ollama",
        ),
        pytest.param("xai_sdk", [{"outputs": [{"delta": {"content": "a", "reasoning_content": "b"}}]}], "ab", id="xai"),
        pytest.param("watsonx", [{"results": [{"generated_text": "a"}]}], "a", id="watsonx"),
        pytest.param("tgi", [{"generated_text": "a", "details": {}}], "a", id="tgi, whole"),
    ],
)  # fmt: skip
def test_texts(wire: str, events: Iterable[Any], text: str) -> None:
    assert said(wire, *events) == text


# --- SDKs' objects ---

CALL = [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
CHUNK = {
    "id": "1",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "a", "tool_calls": CALL}}],
}


def test_openai() -> None:
    assert said("openai_chat", ChatCompletionChunk.construct(**CHUNK, object="chat.completion.chunk")) == "af{}"
    answer = {"role": "assistant", "content": "a", "tool_calls": CALL}
    whole = ChatCompletion.construct(id="1", choices=[{"index": 0, "finish_reason": "stop", "message": answer}])
    assert said("openai_chat", whole) == "af{}"


def test_mistral_keeps_its_chunk_inside() -> None:
    chunk = mistralai.CompletionChunk.model_validate(
        {"id": "1", "model": "m", "choices": [{"index": 0, "finish_reason": None, "delta": {"content": "a"}}]}
    )
    assert said("openai_chat", CompletionEvent(data=chunk)) == "a"


def test_google() -> None:
    part = genai.Part(function_call=genai.FunctionCall(name="f", args={"x": 1}))
    content = genai.Content(role="model", parts=[genai.Part(text="a"), part])
    answer = genai.GenerateContentResponse(candidates=[genai.Candidate(content=content)])
    assert said("google_generate_content", answer) == 'af{"x": 1}'


def test_googles_protocol_buffers() -> None:
    message = of_json({"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]})
    assert said("google_generate_content", message) == "ab"


# --- anything at all ---

NAMES = sorted({step for kinds in TABLE.values() for paths in kinds.values() for path in paths
                for names in path.split(".") for step in names.split("|")})  # fmt: skip
KINDS = sorted({kind for kinds in TABLE.values() for kind in kinds})
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
EVENTS = JSON | st.tuples(JSON, st.sampled_from(KINDS)).map(
    lambda pair: {**(pair[0] if isinstance(pair[0], dict) else {}), "type": pair[1]}
)


@given(st.sampled_from(readers.WIRES), EVENTS)
def test_odd_shapes_have_texts_or_none(wire: str, event: Any) -> None:
    assert all(isinstance(text, str) and text for text in texts(wire, event))


def test_no_depth_is_too_deep() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    looped: Json = {}
    looped["x"] = looped
    for arguments in (deep, {"x": deep}, looped, {(1, 2): 3}):
        assert said("ollama", {"message": {"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}}) == "f"
    assert said("openai_chat", {"choices": deep}) == ""
