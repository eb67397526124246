"""Tokens that a provider never says, counted from the text; and when they are not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic.types import TextBlock, ToolUseBlock
from google.genai import types as genai
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage

from chunkmeter import Settings, wrap
from chunkmeter.calls.call import Call
from chunkmeter.facts.ended import Ended, Facts, Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.readers import for_wire
from chunkmeter.readers.prompts import PARAMETERS, prompt_of
from chunkmeter.reporting import estimate
from chunkmeter.reporting.estimate import Estimator, estimated
from chunkmeter.reporting.telemetry import Telemetry

GPT_4O, GPT_4 = "gpt-4o-mini", "gpt-4-0613"


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return Estimator()


# --- text ---


@pytest.mark.parametrize(
    ("text", "newer", "older"),
    [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("お誕生日おめでとう", 8, 9),
        ("<|endoftext|>", 7, 7),  # text that only looks like a special token
        ("<|im_start|>system", 7, 7),
        ("\ud83d\ude00", 1, 2),  # one character in two halves
        ("a\ud83d", 2, 2),
    ],
)
def test_output(estimator: Estimator, text: str, newer: int, older: int) -> None:
    assert (estimator.output([text], GPT_4O), estimator.output([text], GPT_4)) == (newer, older)


def test_pieces_are_one_text(estimator: Estimator) -> None:
    assert estimator.output(["hel", "", "lo wor", "ld"], None) == 2


@pytest.mark.parametrize(
    ("model", "method"),
    [
        *((model, "cl100k_base") for model in ("gpt-4", "gpt-4-0613", "openai/gpt-4-turbo", "gpt-3.5-turbo-0125")),
        *((model, "cl100k_base") for model in ("gpt-35-turbo", "ft:gpt-3.5-turbo:acme::1", "GPT-4-32k")),
        *((model, "cl100k_base") for model in ("text-embedding-3-small", "azure/text-embedding-ada-002")),
        ("text-embedding-005", "o200k_base"),  # Google's
        *((model, "o200k_base") for model in ("gpt-4o", "gpt-4.1-nano", "gpt-4.5-preview", "chatgpt-4o-latest")),
        *((model, "o200k_base") for model in ("gpt-5.4", "o3", "claude-sonnet-4-5", "my-gpt-40", "", None)),
    ],
)
def test_method(estimator: Estimator, model: str | None, method: str) -> None:
    assert estimator.method(model) == method


def test_a_long_text_is_counted_in_blocks(estimator: Estimator, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0

    def count(text: str, _: str) -> int:
        nonlocal longest
        longest = max(longest, len(text))
        return len(text)

    whole = estimator.output(["The quick brown fox. "] * 50_000, None)
    monkeypatch.setattr(estimator, "_count", count)
    assert estimator.output(["The quick brown fox. "] * 50_000, None) == 21 * 50_000
    assert longest == 2**15
    assert whole == pytest.approx(5 * 50_000, rel=1e-3)


@given(st.text(st.characters(), max_size=50))
def test_any_text_has_a_count(text: str) -> None:
    assert Estimator().output([text], None) >= (text != "")
    assert Estimator(by_rule=True).output([text], None) >= (text != "")


# --- without the extra ---


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "toktok", None)
    estimate._counter.cache_clear()
    yield
    estimate._counter.cache_clear()


@pytest.mark.usefixtures("bare")
def test_without_the_extra_a_rule_is_used_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    estimators = [Estimator(), Estimator()]
    (message,) = [record.getMessage() for record in caplog.records]
    assert "pip install 'chunkmeter[estimate]'" in message
    assert estimators[0].method(GPT_4) == "bytes/4"
    assert estimators[0].output(["four", "é"], GPT_4) == 2
    assert estimators[0].output([], GPT_4) == 0
    assert estimators[0].prompt([{"role": "user", "content": "four"}], None) == 1 + 1 + 3 + 3


# --- prompts ---

# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken, where the API counts 129 and 124: one more
# for each of the four names, which is not looked at here.
COOKBOOK: list[dict[str, str]] = [
    {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon "
                                  "into plain English."},
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
    {"role": "system", "name": "example_user", "content": "Let's circle back when we have more bandwidth to touch base "
                                                          "on opportunities for increased leverage."},
    {"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do "
                                                               "better."},
    {"role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client "
                                "deliverable."},
]  # fmt: skip


def test_prompt_as_openai_counts_it(estimator: Estimator) -> None:
    assert estimator.prompt({"messages": COOKBOOK}, "gpt-4") == 129 - 4
    assert estimator.prompt(COOKBOOK, "gpt-4o") == 124 - 4


def test_what_is_embedded_is_its_text_alone(estimator: Estimator) -> None:
    """Nothing is added for a message, nor for an answer; each of several texts counts."""
    assert estimator.prompt({"input": ["hello world", "hello"]}, "text-embedding-3-small", answered=False) == 2 + 1
    call = tally()
    call.vectors = True
    assert estimated(estimator, call, Tokens(), {"input": "hello world"}, GPT_4O) == Tokens(2)
    assert estimated(estimator, call, Tokens(), {"input": [15339, 1917]}, GPT_4O) is None


CALLED = ChatCompletionMessage.model_validate(
    {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
)


@pytest.mark.parametrize(
    ("prompt", "messages", "texts"),
    [
        pytest.param("a", 1, ["a"], id="text"),
        pytest.param([{"role": "user", "content": "a"}], 1, ["user", "a"], id="messages alone"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]},
            1,
            ["user", "a", "b"],
            id="parts",
        ),
        pytest.param(
            {"messages": [CALLED, {"role": "tool", "tool_call_id": "c", "content": "b"}]},
            2,
            ["assistant", "f", "{}", "tool", "b"],
            id="an SDK's message",
        ),
        pytest.param(
            {"instructions": "s", "input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]},
            2,
            ["s", "user", "a"],
            id="responses",
        ),
        pytest.param(
            {
                "input": [
                    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "c", "output": "b"},
                ]
            },
            2,
            ["f", "{}", "b"],
            id="responses, a tool",
        ),
        pytest.param(
            {
                "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
                "messages": [
                    {"role": "user", "content": "a"},
                    {
                        "role": "assistant",
                        "content": [
                            TextBlock(type="text", text="b"),
                            ToolUseBlock(type="tool_use", id="t", name="f", input={"x": 1}),
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "c"}]}
                        ],
                    },
                ],
            },
            4,
            ["s", "user", "a", "assistant", "b", "f", '{"x": 1}', "user", "c"],
            id="Anthropic",
        ),
        pytest.param(
            {
                "contents": [
                    genai.Content(role="user", parts=[genai.Part(text="a")]),
                    genai.Content(parts=[genai.Part(function_response=genai.FunctionResponse(name="f", response={}))]),
                ],
                "config": {"system_instruction": "s"},
            },
            3,
            ["user", "a", "f", "{}", "s"],
            id="Google",
        ),
        pytest.param(
            {"systemInstruction": {"parts": [{"text": "s"}]}, "contents": [{"parts": [{"text": "a"}]}, "b"]},
            3,
            ["s", "a", "b"],
            id="Google's JSON",
        ),
        pytest.param(
            {
                "system": [{"text": "s"}, {"cachePoint": {"type": "default"}}],
                "messages": [
                    {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}]},
                    {"role": "user", "content": [{"toolResult": {"content": [{"json": {"x": 1}}, {"text": "b"}]}}]},
                ],
            },
            4,
            ["s", "assistant", "f", "{}", "user", '{"x": 1}', "b"],
            id="Bedrock",
        ),
        pytest.param(
            {"preamble": "s", "chat_history": [{"role": "USER", "message": "a"}], "message": "b"},
            3,
            ["s", "USER", "a", "b"],
            id="Cohere",
        ),
        pytest.param(
            {"messages": "a", "tools": [{"type": "function"}], "toolConfig": {"tools": [{"toolSpec": {}}]}},
            1,
            ["a", '{"type": "function"}', '{"toolSpec": {}}'],
            id="tools",
        ),
        pytest.param(
            {"messages": "a", "response_format": {"type": "json_schema", "json_schema": {"name": "b"}}},
            1,
            ["a", '{"name": "b"}'],
            id="a schema",
        ),
        pytest.param({"messages": "a", "response_format": {"type": "json_object"}}, 1, ["a"], id="no schema"),
    ],
)
def test_prompts(prompt: Any, messages: int, texts: list[str]) -> None:
    read = prompt_of(prompt)
    assert read is not None
    assert (read.messages, sorted(read.texts)) == (messages, sorted(texts))


@pytest.mark.parametrize(
    "prompt",
    [
        *(None, {}, [], {"model": "gpt-4o"}, 7, {"messages": [7]}, {"messages": [None]}, {"prompt": [1, 2]}),
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "unheard_of"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64"}}]}]},
        {"messages": [{"role": "user", "content": [{"image": {"format": "png"}}]}]},
        {"contents": [genai.Part(inline_data=genai.Blob(data=b"x", mime_type="image/png"))]},
        {"contents": [genai.Part(file_data=genai.FileData(file_uri="gs://x", mime_type="text/plain"))]},
        {"contents": ["a", b"x"]},
        {"contents": ["a"], "config": {"cached_content": "caches/1"}},
        {"contents": ["a"], "config": {"tools": [len]}},
        {"input": "a", "previous_response_id": "resp_1"},
        {"messages": "a", "documents": [{"text": "b"}]},
        {"prompt": {"id": "pmpt_1"}},
    ],
)
def test_prompts_that_nobody_can_count(estimator: Estimator, prompt: Any) -> None:
    assert prompt_of(prompt) is None
    assert estimator.prompt(prompt, None) is None


def test_what_is_asked_of_a_request() -> None:
    assert {"messages", "system", "contents", "tools", "toolConfig", "previous_response_id"} <= PARAMETERS


WORDS = st.sampled_from([*sorted(PARAMETERS), "config", "content", "parts", "text", "role", "input", "name", "json"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(ODD)
def test_odd_prompts(prompt: Any) -> None:
    read = prompt_of(prompt)
    assert read is None or all(isinstance(text, str) for text in read.texts)


def test_no_depth_is_too_deep() -> None:
    deep: Any = "a"
    for _ in range(100_000):
        deep = [deep]
    assert prompt_of({"messages": deep}) is None
    assert prompt_of({"messages": [{"content": {"content": deep}}]}) is None


# --- what is missing ---

HELLO = [{"role": "user", "content": "hello world"}]
HELLO_TOKENS = 2 + 1 + 3 + 3


def tally(*said: str) -> Tally:
    made = Tally()
    made.said = list(said)
    return made


SAID = Tokens(input_tokens=7, cached_tokens=4, output_tokens=5, total_tokens=12)


@pytest.mark.parametrize(
    ("call", "tokens", "prompt", "filled"),
    [
        pytest.param(tally("hello", " world"), Tokens(), HELLO, Tokens(HELLO_TOKENS, None, 2, 11), id="all"),
        pytest.param(tally("hello world"), Tokens(), None, Tokens(None, None, 2), id="no prompt"),
        pytest.param(tally(), Tokens(), HELLO, Tokens(HELLO_TOKENS), id="no text"),
        pytest.param(tally("", ""), Tokens(), None, None, id="empty text"),
        pytest.param(tally("hello world"), Tokens(7, 4), HELLO, Tokens(7, 4, 2, 9), id="output"),
        pytest.param(tally("hello world"), Tokens(7, 4, None, 7), HELLO, Tokens(7, 4, 2, 9), id="a total so far"),
        pytest.param(tally("hello world"), Tokens(7, None, None, 20), None, Tokens(7, None, 2, 20), id="a total"),
        pytest.param(tally("hello world"), SAID, HELLO, None, id="all said"),
        pytest.param(tally("hello world"), Tokens(output_tokens=0), None, None, id="0 is said"),
        pytest.param(tally("hello"), Tokens(None, 4, 5), HELLO, Tokens(HELLO_TOKENS, 4, 5, 14), id="input"),
        pytest.param(tally("hello"), Tokens(None, 4, 5), [7], None, id="unreadable prompt"),
        pytest.param(Tally(), Tokens(), HELLO, None, id="not kept"),
    ],
)  # fmt: skip
def test_estimated(estimator: Estimator, call: Tally, tokens: Tokens, prompt: Any, filled: Tokens | None) -> None:
    before = replace(tokens)
    assert estimated(estimator, call, tokens, prompt, GPT_4O) == filled
    assert tokens == before


# --- the call keeps its text ---


class Watched(Telemetry):
    """Keeps what the last call's answer was when it was assessed."""

    said: list[str] | None = None

    def assess(self, ended: Ended) -> Facts:
        self.said = None if ended.tally.said is None else list(ended.tally.said)
        return super().assess(ended)


CHUNKS = [
    {"object": "chat.completion.chunk", "model": GPT_4O, "choices": [{"index": 0, "delta": {"content": text}}]}
    for text in ("hello", " world")
]
LINES = ['data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}', "", ": ping", "data: [DONE]"]


@pytest.fixture
def watch(kit: Any) -> Callable[[bool], Watched]:
    def made(on: bool) -> Watched:
        return Watched(kit.tracer_provider, kit.meter_provider, Settings(estimate=on))

    return made


@pytest.mark.parametrize(
    ("items", "wire", "said"),
    [
        pytest.param(CHUNKS, None, ["hello", " world"], id="events"),
        pytest.param(LINES, "openai_chat", ["hello"], id="lines"),
        pytest.param([(SimpleNamespace(chunk=chunk), None) for chunk in CHUNKS], None, ["hello", " world"], id="pairs"),
    ],
)
def test_kept_until_the_call_settles(watch: Any, items: list[Any], wire: str | None, said: list[str]) -> None:
    telemetry = watch(True)
    stream = wrap((item for item in items), provider="openai", model=GPT_4O, wire=wire, telemetry=telemetry)
    list(stream)
    assert telemetry.said == said


def test_kept_of_what_was_read_by_a_close(watch: Any) -> None:
    telemetry = watch(True)
    stream = wrap((chunk for chunk in CHUNKS), provider="openai", model=GPT_4O, telemetry=telemetry)
    next(stream)
    stream.close()
    assert telemetry.said == ["hello"]


def test_kept_of_a_whole_answer_and_let_go(watch: Any) -> None:
    telemetry = watch(True)
    call = Call(telemetry, Request(model=GPT_4O, stream=False), for_wire("openai_chat"))
    call.observe({"object": "chat.completion", "choices": [{"index": 0, "message": {"content": "hello"}}]})
    call.settle("exhausted")
    assert (telemetry.said, call.tally.said) == (["hello"], None)


def test_not_kept_where_nobody_asked(watch: Any) -> None:
    telemetry = watch(False)
    list(wrap((chunk for chunk in CHUNKS), provider="openai", model=GPT_4O, telemetry=telemetry))
    assert telemetry.said is None
    call = Call(telemetry, Request(model=GPT_4O), for_wire("openai_chat"))
    call.observe(CHUNKS[0])
    assert call._read is for_wire("openai_chat").read
    call.settle("closed")


def test_a_cut_stream_is_marked_and_gives_no_text_away(watch: Any, kit: Any) -> None:
    list(wrap((chunk for chunk in CHUNKS), provider="openai", model=GPT_4O, telemetry=watch(True)))
    attributes = dict(kit.span.attributes)
    assert attributes["chunkmeter.outcome"] == "interrupted"
    assert attributes["chunkmeter.usage.status"] == "estimated"
    assert attributes["chunkmeter.usage.estimate"] == "o200k_base"
    assert attributes["gen_ai.usage.output_tokens"] == 2
    assert "gen_ai.usage.input_tokens" not in attributes
    assert "hello" not in str(attributes)
