"""What services count, or charge, apart from the rest: each is found where it stands, and lands where it belongs."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from chunkmeter import price, semconv, wrap
from chunkmeter.facts.tally import Inner, Tally, Tokens
from chunkmeter.pricing import Priced, Unpriced
from chunkmeter.testing import Kit
from support.chunks import fold_told as fold

Json = dict[str, Any]


def chat(usage: Json, **fields: Any) -> Tally:
    choice: Json = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    return fold(
        {"id": "c-1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": usage} | fields
    )


# --- OpenAI's shape ---


def test_mistral_s_audio_lies_outside_the_prompt() -> None:
    """14 of text and 250 of audio go in, for 14 + 250 + 30 = 294."""
    usage: Json = {
        "prompt_tokens": 14, "completion_tokens": 30, "total_tokens": 294, "prompt_audio_seconds": 4,
        "prompt_tokens_details": {"audio_tokens": 250, "cached_tokens": 8}, "service_tier": "standard",
    }  # fmt: skip
    tally = chat(usage)
    assert tally.tokens() == Tokens(264, 8, 30, 294, input_audio_tokens=250)  # 14 + 250
    assert tally.service_tier == "standard"


def test_openai_s_audio_lies_inside_the_prompt() -> None:
    """The total says so: 264 + 30 = 294."""
    usage: Json = {
        "prompt_tokens": 264, "completion_tokens": 30, "total_tokens": 294,
        "prompt_tokens_details": {"audio_tokens": 250},
    }  # fmt: skip
    assert chat(usage).tokens().input_tokens == 264


def test_audio_and_reasoning_may_both_lie_outside() -> None:
    """20 + 7 in, 5 + 9 out, 41 in all."""
    usage: Json = {
        "prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 41,
        "prompt_tokens_details": {"audio_tokens": 7}, "completion_tokens_details": {"reasoning_tokens": 9},
    }  # fmt: skip
    tokens = chat(usage).tokens()
    assert (tokens.input_tokens, tokens.output_tokens) == (27, 14)


def test_mistral_s_other_name_for_cached_tokens() -> None:
    usage: Json = {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102, "num_cached_tokens": 64}
    assert chat(usage).tokens() == Tokens(90, 64, 12, 102)


def test_the_tier_of_the_chunk_beats_that_of_its_usage() -> None:
    usage: Json = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "service_tier": "standard"}
    assert chat(usage, service_tier="priority").service_tier == "priority"


def test_gemini_s_thoughts_are_in_the_total_alone() -> None:
    """9 in, 12 written, 321 in all: what came out is 321 - 9 = 312, and nobody says how much of it was thought."""
    usage: Json = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 321}
    assert chat(usage).tokens() == Tokens(9, None, 312, 321)
    usage = {"prompt_tokens": 9, "total_tokens": 321}  # all of it was thought
    assert chat(usage).tokens() == Tokens(9, None, 312, 321)


@pytest.mark.parametrize("cache", [{"cache_read_input_tokens": 40}, {"cache_creation_input_tokens": 40}])
def test_what_a_cache_adds_to_the_total_is_no_output(cache: Json) -> None:
    """10 + 5 + 40 = 55: a cache's tokens beside the prompt, not thoughts."""
    usage: Json = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 55, **cache}
    assert chat(usage).tokens().output_tokens == 5


def test_reasoning_of_zero_leaves_the_total_alone() -> None:
    """Whoever says that there was none counts it, so that the total is something else."""
    usage: Json = {
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 55,
        "completion_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    assert chat(usage).tokens().output_tokens == 5


@pytest.mark.parametrize("usd", [0.00042, 0.0])
def test_venice_s_charge_stands_beside_the_usage(usd: float) -> None:
    usage: Json = {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102}
    assert chat(usage, cost={"usd": usd, "diem": 0.1}).provider_cost == usd


def test_litellm_tells_how_long_a_cache_is_kept() -> None:
    """20 written, 15 of them for an hour."""
    details: Json = {
        "cached_tokens": 64, "cache_creation_tokens": 20,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15},
    }  # fmt: skip
    usage: Json = {"prompt_tokens": 99, "completion_tokens": 12, "total_tokens": 111, "prompt_tokens_details": details}
    assert chat(usage).tokens() == Tokens(99, 64, 12, 111, 20, 15)


# --- Google ---


def test_interactions_with_tools() -> None:
    """30 asked and 170 from tools go in; 60 written and 40 thought come out: 30 + 170 + 60 + 40 = 300."""
    usage: Json = {
        "total_input_tokens": 30, "total_tool_use_tokens": 170, "total_output_tokens": 60, "total_thought_tokens": 40,
        "total_cached_tokens": 0, "total_tokens": 300,
    }  # fmt: skip
    done: Json = {"id": "v1_1", "object": "interaction", "model": "gemini-2.5-flash", "status": "completed"}
    tally = fold({"event_type": "interaction.completed", "interaction": done | {"usage": usage}})
    assert tally.tokens() == Tokens(200, 0, 100, 300, reasoning_tokens=40, tool_use_tokens=170)


@pytest.mark.parametrize(
    ("raw", "word"), [("IMAGE_RECITATION", "content_filter"), ("IMAGE_OTHER", "error"), ("NO_IMAGE", "error")]
)
def test_why_google_drew_no_picture(raw: str, word: str) -> None:
    assert semconv.finish_reason(raw) == word


# --- Anthropic ---

START: Json = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-sonnet-4-6", "stop_reason": None,
                "usage": {"input_tokens": 70, "cache_read_input_tokens": 4000, "output_tokens": 2}},
}  # fmt: skip


def ended(**usage: Any) -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


def entry(kind: str, given: int, made: int, **fields: Any) -> Json:
    return {"type": kind, "input_tokens": given, "output_tokens": made, **fields}


def test_a_compaction_is_part_of_the_call() -> None:
    """The fields beside the list leave it out: 70 + 4000 + 9 + 130 in, 50 + 11 out."""
    compaction = entry(
        "compaction", 70, 50, cache_read_input_tokens=4000, cache_creation_input_tokens=9,
        cache_creation={"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 7},
    )  # fmt: skip
    message = entry("message", 130, 11, cache_read_input_tokens=0, cache_creation_input_tokens=0)
    said: Json = {
        "input_tokens": 130,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "output_tokens": 11,
    }
    tally = fold(START, ended(**said, iterations=[compaction, message]))
    assert tally.tokens() == Tokens(4209, 4000, 61, 4270, 9, 7)
    assert tally.inner == [Inner(Tokens(4079, 4000, 50, 4129, 9, 7)), Inner(Tokens(130, 0, 11, 141, 0))]


def test_what_no_iteration_states_is_that_of_the_whole() -> None:
    """Thinking is said once, and the list may be empty or odd."""
    thinking: Json = {"output_tokens_details": {"thinking_tokens": 6}}
    tally = fold(START, ended(input_tokens=70, output_tokens=20, iterations=[entry("message", 70, 20)], **thinking))
    assert tally.tokens() == Tokens(4070, 4000, 20, 4090, reasoning_tokens=6)
    for odd in ([], {}, "two", [None, 5], [{}]):
        assert fold(START, ended(input_tokens=70, output_tokens=20, iterations=odd)).tokens().output_tokens == 20


def test_an_advisor_is_a_call_of_another_model() -> None:
    """All its tokens count: 70 + 300 + 90 in, 30 + 5 + 8 out. Each is priced at its own model."""
    other = "claude-opus-4-8"
    parts = [entry("message", 70, 30), entry("advisor_message", 300, 5, model=other), entry("message", 90, 8), {}]
    tally = fold(START, ended(input_tokens=160, output_tokens=38, cache_read_input_tokens=0, iterations=parts))
    assert (tally.tokens().input_tokens, tally.tokens().output_tokens) == (460, 43)
    assert [(call.model, call.tokens.input_tokens, call.tokens.output_tokens) for call in tally.inner] == [
        (None, 70, 30), (other, 300, 5), (None, 90, 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "status", "micro_usd"),
    [
        # 70 * 3 + 30 * 15 of claude-sonnet-4-6, 300 * 5 + 5 * 25 of claude-opus-4-8
        ("claude-opus-4-8", "known", 660 + 1625),
        ("claude-nobody-knows", "incomplete", 660),
    ],
)
def test_a_call_of_several_models_costs_what_each_does(kit: Kit, other: str, status: str, micro_usd: int) -> None:
    parts = [entry("message", 70, 30), entry("advisor_message", 300, 5, model=other)]
    events = [START, ended(input_tokens=70, cache_read_input_tokens=0, output_tokens=30, iterations=parts)]
    list(wrap(iter(events), provider="anthropic", telemetry=kit.telemetry))
    said = kit.attributes
    assert said["chunkmeter.cost.status"] == status
    assert said.get("chunkmeter.cost.unpriced") == (None if status == "known" else [f"model:{other}"])
    assert kit.total("chunkmeter.spend") == pytest.approx(micro_usd / 1e6, rel=1e-12)
    assert said["gen_ai.usage.input_tokens"] == 370


def test_tools_that_the_provider_runs_are_items() -> None:
    """A fetch is none, since it is free. A later count replaces an earlier one."""
    first: Json = {"web_search_requests": 1}
    last: Json = {"web_search_requests": 3, "web_fetch_requests": 2, "code_execution_requests": 0}
    tally = fold(START, ended(output_tokens=5, server_tool_use=first), ended(output_tokens=9, server_tool_use=last))
    assert tally.items == {"web_search": 3}


def test_several_models_cost_what_the_provider_says() -> None:
    usage = Tokens(370, None, 35)
    named: Json = {"model": "claude-sonnet-4-6", "provider": "anthropic"}
    assert isinstance(price(usage, **named), Priced)
    assert price(usage, **named, several_models=True) == Unpriced("unknown_model")
    charged = price(usage, **named, several_models=True, provider_cost=0.0125)
    assert charged == Priced(Decimal("0.0125"), source="provider")


def test_openrouter_s_anthropic_endpoint_says_the_cost() -> None:
    """In the last usage; a later event without one takes nothing back."""
    tally = fold(START, ended(output_tokens=9, cost=0.00031), {"type": "message_delta", "usage": {"output_tokens": 9}})
    assert tally.provider_cost == 0.00031


# --- Bedrock ---


def test_bedrock_tells_how_long_a_cache_is_kept() -> None:
    """3 + 50 + 40 in, of the 40 written 30 for an hour."""
    usage: Json = {
        "inputTokens": 3, "outputTokens": 8, "totalTokens": 101, "cacheReadInputTokens": 50,
        "cacheWriteInputTokens": 40,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}],
    }  # fmt: skip
    tally = fold({"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": usage}})
    assert tally.tokens() == Tokens(93, 50, 8, 101, 40, 30)


@pytest.mark.parametrize(
    ("named", "model"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
    ],
)
def test_a_prompt_router_names_its_choice(named: str, model: str) -> None:
    """1000 in at 0.06 USD a million and 100 out at 0.24 are 0.00006 + 0.000024 (AWS' price list, December 2025)."""
    usage: Json = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
    tally = fold({"metadata": {"usage": usage, "trace": {"promptRouter": {"invokedModelId": named}}}})
    assert tally.response_model == model
    router = "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/amazon.nova:1"
    cost = price(tally.tokens(), model=tally.response_model, request_model=router, provider="aws.bedrock")
    assert isinstance(cost, Priced)
    assert cost.amount == Decimal("0.000084")


@pytest.mark.parametrize("answer", [{"message": {"content": "Hi"}}, {"text": "Hi"}], ids=["mistral", "deepseek"])
def test_invoke_bodies_with_the_reason_in_a_choice(answer: Json) -> None:
    def event(reason: str | None, **beside: Any) -> Json:
        body = {"choices": [{"index": 0, "stop_reason": reason, **answer}], **beside}
        return {"chunk": {"bytes": base64.b64encode(json.dumps(body).encode()).decode()}}

    metrics = {"inputTokenCount": 21, "outputTokenCount": 5}
    tally = fold(event(None), event("length", **{"amazon-bedrock-invocationMetrics": metrics}), wire="bedrock_invoke")
    assert (tally.raw_reasons(), tally.final) == (["length"], True)
    assert tally.tokens() == Tokens(21, None, 5)


# --- watsonx, Cohere ---


def test_watsonx_s_zeros_take_nothing_back() -> None:
    """Each event after the first says 0 of the prompt."""

    def event(given: int, made: int, reason: str) -> Json:
        result: Json = {"generated_text": "a", "input_token_count": given, "generated_token_count": made}
        return {"model_id": "ibm/granite", "results": [result | {"stop_reason": reason}]}

    tally = fold(event(7, 0, "not_finished"), event(0, 1, "not_finished"), event(0, 25, "max_tokens"))
    assert (tally.tokens(), tally.raw_reasons()) == (Tokens(7, None, 25), ["max_tokens"])
    assert fold(event(0, 1, "eos_token")).tokens() == Tokens(0, None, 1)


def test_a_whole_answer_of_cohere_s_tells_its_wire() -> None:
    body: Json = {
        "id": "c-1", "finish_reason": "MAX_TOKENS",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 5},
                  "tokens": {"input_tokens": 70, "output_tokens": 6}},
    }  # fmt: skip
    tally = fold(body)
    assert (tally.wire, tally.raw_reasons(), tally.response_id) == ("cohere", ["MAX_TOKENS"], "c-1")
    assert tally.tokens() == Tokens(70, None, 6)
    assert tally.billed(tally.tokens()) == Tokens(3, None, 5)


# --- how it ended ---


@pytest.mark.parametrize(
    "last",
    [
        {"type": "transcript.text.done", "text": "Hi", "usage": {"input_tokens": 5, "output_tokens": 2}},
        {"model": "llama3", "response": "", "done": True, "prompt_eval_count": 5, "eval_count": 2},
    ],
    ids=["transcription", "ollama without a reason"],
)
def test_an_end_without_a_reason_is_an_end(kit: Kit, last: Json) -> None:
    """`completed`, with no finish reason to show."""
    first: Json = (
        {"type": "transcript.text.delta", "delta": "Hi"} if "type" in last else {"done": False, "response": "H"}
    )
    list(wrap(iter([first, last]), telemetry=kit.telemetry))
    (span,) = kit.spans
    said = dict(span.attributes or {})
    assert (said["chunkmeter.outcome"], said["chunkmeter.usage.status"]) == ("completed", "reported")
    assert "gen_ai.response.finish_reasons" not in said


def test_a_transcription_that_was_cut_is_interrupted(kit: Kit) -> None:
    list(wrap(iter([{"type": "transcript.text.delta", "delta": "Hi"}]), telemetry=kit.telemetry))
    (span,) = kit.spans
    assert (span.attributes or {})["chunkmeter.outcome"] == "interrupted"
