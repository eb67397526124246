"""Each further wire, from its own events to literal facts; streamed, whole, and in the odd shapes that were seen."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chunkmeter import normalize, price
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.pricing import Priced
from chunkmeter.readers import WIRES, for_wire
from support.chunks import fold_told as fold

Json = dict[str, Any]


# --- OpenAI responses ---


def response(status: str, **fields: Any) -> Json:
    return {
        "id": "resp_1", "object": "response", "status": status, "model": "gpt-5-mini-2025-08-07",
        "incomplete_details": None, "service_tier": "auto", "usage": None, "output": [], **fields,
    }  # fmt: skip


def about(event: str, said: Json) -> Json:
    return {"type": f"response.{event}", "sequence_number": 0, "response": said}


DELTA = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "delta": "Lisbon"}
SPENT = {
    "input_tokens": 75,
    "input_tokens_details": {"cached_tokens": 64},
    "output_tokens": 1186,
    "output_tokens_details": {"reasoning_tokens": 1024},
    "total_tokens": 1261,
}


@pytest.mark.parametrize(
    ("end", "said", "reason"),
    [
        ("completed", response("completed", usage=SPENT, service_tier="default"), "completed"),
        ("incomplete", response("incomplete", usage=SPENT, incomplete_details={"reason": "max_output_tokens"}),
         "max_output_tokens"),
        ("incomplete", response("incomplete", usage=SPENT, incomplete_details={"reason": "content_filter"}),
         "content_filter"),
        ("failed", response("failed", usage=SPENT, error={"code": "server_error", "message": "no"}), "failed"),
    ],
)  # fmt: skip
def test_responses(end: str, said: Json, reason: str) -> None:
    """The last event about the whole has the usage, and why it stopped."""
    tally = fold(about("created", response("in_progress")), about("in_progress", response("in_progress")), DELTA)
    assert (tally.wire, tally.reasons, tally.final, tally.tokens()) == ("openai_responses", {0: None}, False, Tokens())
    tally = fold(about("created", response("in_progress")), DELTA, about(end, said))
    assert (tally.raw_reasons(), tally.final) == ([reason], True)
    assert (tally.response_id, tally.response_model) == ("resp_1", "gpt-5-mini-2025-08-07")
    assert tally.service_tier == said["service_tier"]
    assert tally.tokens() == Tokens(75, 64, 1186, 1261, reasoning_tokens=1024)


def test_responses_failed_without_usage() -> None:
    """A failure charges nothing that is known of."""
    tally = fold(
        about("created", response("queued")), {"type": "error", "message": "no"}, about("failed", response("failed"))
    )
    assert (tally.raw_reasons(), tally.usage_status(tally.tokens())) == (["failed"], "missing")


def test_responses_whole() -> None:
    """An answer that isn't streamed is the response itself."""
    tally = fold(response("completed", usage=SPENT))
    assert (tally.raw_reasons(), tally.tokens().output_tokens) == (["completed"], 1186)


def test_responses_charges() -> None:
    """OpenRouter says USD, xAI ticks of 1e-10 USD."""
    said = response("completed", usage=SPENT | {"cost": 0.00123})
    assert fold(about("completed", said)).provider_cost == 0.00123
    said = response("completed", usage=SPENT | {"cost_in_usd_ticks": 4_500_000})
    assert fold(about("completed", said)).provider_cost == 0.00045  # 4,500,000 / 10^10


# --- Cohere ---

V2_USAGE: Json = {
    "billed_units": {"input_tokens": 217, "output_tokens": 21},
    "tokens": {"input_tokens": 1833, "output_tokens": 24},
    "cached_tokens": 1792,
}
V2: tuple[Json, ...] = (
    {"type": "message-start", "id": "b-1", "delta": {"message": {"role": "assistant", "content": []}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Lisbon"}}}},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": V2_USAGE}},
)
V1_META: Json = {
    "api_version": {"version": "1"},
    "billed_units": {"input_tokens": 7, "output_tokens": 149},
    "tokens": {"input_tokens": 69, "output_tokens": 150},
}
V1: tuple[Json, ...] = (
    {"event_type": "stream-start", "is_finished": False, "generation_id": "g-1"},
    {"event_type": "text-generation", "is_finished": False, "text": "Lis"},
    {
        "event_type": "stream-end",
        "is_finished": True,
        "finish_reason": "MAX_TOKENS",
        "response": {"response_id": "r-1", "generation_id": "g-1", "text": "Lis", "meta": V1_META},
    },
)


def test_cohere_v2() -> None:
    """Usage is what the model saw and wrote; what is charged for stands apart."""
    assert fold(*V2[:2]).reasons == {0: None}
    tally = fold(*V2)
    assert (tally.wire, tally.raw_reasons(), tally.response_id) == ("cohere", ["COMPLETE"], "b-1")
    assert tally.tokens() == Tokens(1833, 1792, 24)
    assert tally.billed(tally.tokens()) == Tokens(217, None, 21)


def test_cohere_v1() -> None:
    """The same in the older version's words."""
    assert fold(*V1[:2]).reasons == {0: None}
    tally = fold(*V1)
    assert (tally.wire, tally.raw_reasons(), tally.response_id) == ("cohere", ["MAX_TOKENS"], "g-1")
    assert tally.tokens() == Tokens(69, None, 150)
    assert tally.billed(tally.tokens()) == Tokens(7, None, 149)


@pytest.mark.parametrize(
    "whole",
    [
        {"id": "b-1", "finish_reason": "COMPLETE", "message": {"role": "assistant"}, "usage": V2_USAGE},
        {"generation_id": "b-1", "finish_reason": "COMPLETE", "chat_history": [], "text": "Lisbon", "meta": V2_USAGE},
    ],
)
def test_cohere_whole(whole: Json) -> None:
    """An answer that isn't streamed, of either version."""
    tally = fold(whole, wire="cohere")
    assert (tally.raw_reasons(), tally.response_id, tally.tokens()) == (["COMPLETE"], "b-1", Tokens(1833, 1792, 24))


def test_cohere_that_says_only_what_it_charges() -> None:
    """Then that is the usage too."""
    end = V1[2] | {
        "response": {"generation_id": "g-1", "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 55}}}
    }
    tally = fold(*V1[:2], end)
    assert tally.tokens() == Tokens(5, None, 55) == tally.billed(tally.tokens())


def test_cohere_is_priced_by_what_it_charges() -> None:
    """Command R7B is 0.0375 USD per million in, 0.15 out: (217 x 0.0375 + 21 x 0.15) / 10^6 = 11.2875e-6."""
    tally = fold(*V2)
    cost = price(tally.billed(tally.tokens()), model="command-r7b-12-2024", provider="cohere")
    assert isinstance(cost, Priced)
    assert float(cost.amount) == pytest.approx(11.2875e-6, abs=1e-15)


# --- Bedrock ---

STOP: Json = {"messageStop": {"stopReason": "tool_use"}}
METADATA: Json = {
    "metadata": {
        "usage": {
            "inputTokens": 6, "outputTokens": 3, "totalTokens": 14931,
            "cacheReadInputTokens": 14000, "cacheReadInputTokenCount": 14000,
            "cacheWriteInputTokens": 922, "cacheWriteInputTokenCount": 922,
        },
        "metrics": {"latencyMs": 529},
        "serviceTier": {"type": "priority"},
    }
}  # fmt: skip
BEGIN: Json = {"messageStart": {"role": "assistant"}}
TEXT: Json = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Lisbon"}}}


@pytest.mark.parametrize("end", [(STOP, METADATA), (METADATA, STOP)], ids=["stop first", "metadata first"])
def test_converse(end: tuple[Json, Json]) -> None:
    """Why it stopped and what it used come in either order; input is 6 + 14000 + 922 with the cached ones."""
    assert fold(BEGIN, TEXT).reasons == {0: None}
    tally = fold(BEGIN, TEXT, *end)
    assert (tally.wire, tally.raw_reasons(), tally.service_tier) == ("bedrock_converse", ["tool_use"], "priority")
    assert tally.tokens() == Tokens(14928, 14000, 3, 14931, cache_write_tokens=922)


def test_converse_whole() -> None:
    """An answer that isn't streamed has all in one object."""
    whole = {
        "output": {},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 8, "outputTokens": 10, "totalTokens": 18},
    }
    tally = fold(whole)
    assert (tally.wire, tally.raw_reasons(), tally.tokens()) == (
        "bedrock_converse",
        ["max_tokens"],
        Tokens(8, None, 10, 18),
    )


def test_converse_without_metadata() -> None:
    """It stopped, and nothing says what it used."""
    tally = fold(TEXT, STOP)
    assert (tally.final, tally.usage_status(tally.tokens())) == (True, "missing")


METRICS: Json = {"inputTokenCount": 392, "outputTokenCount": 90, "invocationLatency": 3722, "firstByteLatency": 779}


def invoked(*bodies: Json, form: str = "sdk") -> Tally:
    """The bodies as boto3 hands them out, as they stand in the framing, or parsed."""
    written = [json.dumps(body).encode() for body in bodies]
    events: dict[str, list[Any]] = {
        "sdk": [{"chunk": {"bytes": body}} for body in written],
        "wire": [{"bytes": base64.b64encode(body).decode(), "p": "abcd"} for body in written],
        "parsed": list(bodies),
    }
    return fold(*events[form], wire="bedrock_invoke")


@pytest.mark.parametrize("form", ["sdk", "wire", "parsed"])
def test_invoke_anthropic(form: str) -> None:
    """The model's own counts win over the service's, which leave tool calls out."""
    tally = invoked(
        {"type": "message_start", "message": {"id": "msg_1", "model": "claude-3-5-sonnet-20240620", "stop_reason": None,
                                              "usage": {"input_tokens": 392, "output_tokens": 4}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I count"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 134}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS},
        form=form,
    )  # fmt: skip
    assert (tally.raw_reasons(), tally.response_id) == (["tool_use"], "msg_1")
    assert tally.tokens() == Tokens(392, None, 134, 526)


@pytest.mark.parametrize(
    ("bodies", "reason", "tokens"),
    [
        pytest.param(
            [{"outputText": "Once", "index": 0, "totalOutputTextTokenCount": None, "completionReason": None,
              "inputTextTokenCount": 13},
             {"outputText": ".", "index": 0, "totalOutputTextTokenCount": 100, "completionReason": "LENGTH",
              "inputTextTokenCount": None, "amazon-bedrock-invocationMetrics": METRICS}],
            "LENGTH", Tokens(13, None, 100), id="titan: the prompt's count comes first",
        ),
        pytest.param(
            [{"generation": "\n", "prompt_token_count": 9, "generation_token_count": 1, "stop_reason": None},
             {"generation": "", "prompt_token_count": None, "generation_token_count": 26, "stop_reason": "stop"}],
            "stop", Tokens(9, None, 26), id="llama: the answer's count grows",
        ),
        pytest.param(
            [{"is_finished": False, "text": " I", "index": 0},
             {"finish_reason": "MAX_TOKENS", "is_finished": True, "amazon-bedrock-invocationMetrics": METRICS}],
            "MAX_TOKENS", Tokens(392, None, 90), id="cohere command: only the service counts",
        ),
        pytest.param(
            [{"generations": [{"finish_reason": "COMPLETE", "id": "g", "text": " The"}], "id": "c",
              "amazon-bedrock-invocationMetrics": METRICS}],
            "COMPLETE", Tokens(392, None, 90), id="cohere command whole",
        ),
        pytest.param(
            [{"outputs": [{"text": "Hi", "stop_reason": None}]},
             {"outputs": [{"text": "", "stop_reason": "stop"}], "amazon-bedrock-invocationMetrics": METRICS}],
            "stop", Tokens(392, None, 90), id="mistral",
        ),
        pytest.param(
            [{"completion": " The", "stop_reason": None, "stop": None},
             {"completion": "", "stop_reason": "stop_sequence", "stop": "\n\nHuman:",
              "amazon-bedrock-invocationMetrics": METRICS | {"cacheReadInputTokenCount": 8}}],
            "stop_sequence", Tokens(400, 8, 90), id="claude 2: input is 392 + 8",
        ),
        pytest.param(
            [BEGIN, STOP, METADATA | {"amazon-bedrock-invocationMetrics": METRICS}],
            "tool_use", Tokens(14928, 14000, 3, 14931, cache_write_tokens=922), id="nova",
        ),
        pytest.param(
            [{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]},
             {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}],
              "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}}],
            "stop", Tokens(5, None, 6, 11), id="jamba",
        ),
        pytest.param([V1[0], V1[2]], "MAX_TOKENS", Tokens(69, None, 150), id="command r"),
    ],
)  # fmt: skip
def test_invoke_others(bodies: list[Json], reason: str, tokens: Tokens) -> None:
    """Each model's own body."""
    tally = invoked(*bodies)
    assert (tally.raw_reasons(), tally.tokens()) == ([reason], tokens)


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe{}", b"[" * 100_000, "{}", "a"], ids=["cut", "no text", "deep", "raw", "odd"]
)
def test_invoke_damaged_chunks_say_nothing(body: bytes | str) -> None:
    """Neither base64 nor JSON; the next chunk is read as ever."""
    end: Json = {"generation": "", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "stop"}
    tally = fold({"chunk": {"bytes": body}}, {"chunk": {"bytes": json.dumps(end).encode()}}, wire="bedrock_invoke")
    assert (tally.raw_reasons(), tally.tokens()) == (["stop"], Tokens(input_tokens=5, output_tokens=2))


def test_invoke_shapes_may_change() -> None:
    """What one shape's rule kept is nothing that another's could amend: what is said later counts."""
    flat: Json = {"generation": "i", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "stop"}
    claude: Json = {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 7, "output_tokens": 3}}
    metered: Json = {
        "generation": "H",
        "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9, "outputTokenCount": 9},
    }
    flat_tokens = Tokens(input_tokens=5, output_tokens=2)
    assert fold(claude, flat, wire="bedrock_invoke").tokens() == flat_tokens
    assert fold(metered, flat, wire="bedrock_invoke").tokens() == flat_tokens
    assert fold(flat, claude, wire="bedrock_invoke").tokens() == Tokens(7, None, 3, 10)


def test_a_sum_that_is_too_large_is_the_most_there_is() -> None:
    """Each part is; all of them are more than a float keeps exact."""
    most = 2**53 - 1
    said = {"input_tokens": most, "cache_read_input_tokens": most, "output_tokens": 1}
    assert fold({"type": "message_delta", "usage": said}).tokens() == Tokens(most, most, 1, most)
    usage = {"inputTokens": most, "cacheReadInputTokens": most, "outputTokens": 1}
    assert fold({"metadata": {"usage": usage}}).tokens() == Tokens(most, most, 1)
    thoughts = {"promptTokenCount": 1, "candidatesTokenCount": most, "thoughtsTokenCount": most}
    assert fold({"usageMetadata": thoughts}).tokens() == Tokens(1, None, most, reasoning_tokens=most)


@pytest.mark.parametrize("wire", WIRES)
def test_lists_in_lists(wire: str) -> None:
    """No wire has them, so none goes through them, however many there are."""
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    names = ("choices", "usage", "message", "metadata", "candidates", "response", "details", "results", "delta", "data")
    assert not fold(dict.fromkeys(names, deep), wire=wire).tokens()


def test_invoke_blocked_by_a_guardrail() -> None:
    """The body has no reason; the guardrail is it."""
    tally = invoked(
        {"outputText": "Input blocked", "index": 0.0, "totalOutputTextTokenCount": 3.0, "inputTextTokenCount": 6.0,
         "amazon-bedrock-guardrailAction": "INTERVENED"}
    )  # fmt: skip
    assert (tally.final, tally.block_reason, tally.tokens()) == (True, "guardrail_intervened", Tokens(6, None, 3))


# --- the rest ---

MODALITIES = [{"modality": "text", "tokens": 8}, {"modality": "audio", "tokens": 3}]
INTERACTION: Json = {
    "total_tokens": 179, "total_input_tokens": 11, "input_tokens_by_modality": MODALITIES, "total_cached_tokens": 4,
    "total_output_tokens": 42, "total_tool_use_tokens": 0, "total_thought_tokens": 126,
}  # fmt: skip


def test_google_interactions() -> None:
    """Usage is stated anew as it grows; output is 42 + 126 with the thoughts beside it, for 11 + 42 + 126 = 179."""
    created: Json = {
        "event_type": "interaction.created",
        "interaction": {"id": "v1_a", "status": "in_progress", "object": "interaction", "model": "gemini-2.5-flash"},
        "metadata": {"usage": INTERACTION | {"total_tokens": 79, "total_output_tokens": 0, "total_thought_tokens": 68}},
    }
    tally = fold(created, {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Blue"}})
    assert (tally.wire, tally.reasons) == ("google_interactions", {0: None})
    assert (tally.tokens().output_tokens, tally.usage_status(tally.tokens())) == (68, "partial")  # 0 + 68
    whole = created["interaction"] | {"status": "completed", "usage": INTERACTION, "service_tier": "standard"}
    tally = fold(created, {"event_type": "interaction.completed", "interaction": whole})
    assert (tally.raw_reasons(), tally.response_id, tally.service_tier) == (["completed"], "v1_a", "standard")
    expected = Tokens(11, 4, 168, 179, reasoning_tokens=126, input_audio_tokens=3, tool_use_tokens=0)
    assert tally.tokens() == expected == fold(whole).tokens()


def test_ollama() -> None:
    """The last line has all; a prompt that was cached whole isn't counted."""
    line = {"model": "llama3", "created_at": "2025-05-19T09:26:59Z", "message": {"content": "Hi"}, "done": False}
    last = line | {"done": True, "done_reason": "stop", "prompt_eval_count": 17, "eval_count": 50}
    assert fold(line).reasons == {0: None}
    tally = fold(line, last)
    assert (tally.wire, tally.raw_reasons(), tally.response_model) == ("ollama", ["stop"], "llama3")
    assert tally.tokens() == Tokens(17, None, 50)
    del last["prompt_eval_count"]
    assert fold(line, last).tokens() == Tokens(None, None, 50)


def test_mlx() -> None:
    """Each chunk has the counts so far: the last ones count, and none are added up."""
    chunk = {
        "text": "Hi",
        "token": 9,
        "prompt_tokens": 9,
        "prompt_tps": 50.5,
        "generation_tokens": 1,
        "finish_reason": None,
    }
    last = chunk | {"text": "", "generation_tokens": 12, "finish_reason": "length"}
    assert fold(chunk).reasons == {0: None}
    tally = fold(chunk, chunk | {"generation_tokens": 2}, last)
    assert (tally.wire, tally.raw_reasons(), tally.tokens()) == ("mlx", ["length"], Tokens(9, None, 12))


def test_assistants() -> None:
    """A run's usage is that of all its steps, which is not added to it."""
    usage = {
        "prompt_tokens": 381, "completion_tokens": 89, "total_tokens": 470,
        "prompt_token_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 7},
    }  # fmt: skip
    run = {"id": "run_1", "object": "thread.run", "status": "queued", "model": "gpt-4o-mini", "usage": None}
    step = {"id": "step_1", "object": "thread.run.step", "status": "completed", "usage": usage | {"prompt_tokens": 154}}
    assert fold(run).reasons == {0: None}
    tally = fold(run, step, run | {"status": "completed", "usage": usage})
    assert (tally.wire, tally.raw_reasons(), tally.response_id) == ("openai_assistants", ["completed"], "run_1")
    assert tally.tokens() == Tokens(381, 5, 89, 470, reasoning_tokens=7)


def test_a_run_that_stops_for_a_tool() -> None:
    """Its stream tells no usage; the one that goes on with the results tells that of the whole run, once."""
    run: Json = {"id": "run_1", "object": "thread.run", "model": "gpt-4o-mini", "usage": None}
    stopped = fold(run | {"status": "in_progress"}, run | {"status": "requires_action"})
    assert (stopped.raw_reasons(), stopped.final, stopped.tokens()) == (["requires_action"], True, Tokens())
    usage = {"prompt_tokens": 381, "completion_tokens": 89, "total_tokens": 470}
    gone_on = fold(run | {"status": "queued"}, run | {"status": "completed", "usage": usage})
    assert (gone_on.raw_reasons(), gone_on.tokens()) == (["completed"], Tokens(381, None, 89, 470))


def test_watsonx() -> None:
    """The prompt's count stands in the first event alone, the answer's grows."""

    def event(**result: Any) -> Json:
        return {"model_id": "ibm/granite-13b-instruct-v2", "created_at": "2024-01-01T00:00:00Z", "results": [result]}

    first = event(generated_text="Lis", generated_token_count=1, input_token_count=7, stop_reason="not_finished")
    assert fold(first).reasons == {0: None}
    last = event(generated_text="bon", generated_token_count=25, input_token_count=None, stop_reason="max_tokens")
    tally = fold(first, last)
    assert (tally.wire, tally.raw_reasons()) == ("watsonx", ["max_tokens"])
    assert (tally.response_model, tally.tokens()) == ("ibm/granite-13b-instruct-v2", Tokens(7, None, 25))


def test_watsonx_chat_has_openai_s_shape() -> None:
    """With the model under another name."""
    choice: Json = {"index": 0, "delta": {}, "finish_reason": "stop"}
    tally = fold({"id": "chat-1", "model_id": "ibm/granite-3-8b-instruct", "choices": [choice]})
    assert (tally.wire, tally.response_model) == ("openai_chat", "ibm/granite-3-8b-instruct")


def test_tgi() -> None:
    """The last event has the details."""
    token = {"index": 1, "token": {"id": 5, "text": "Lis", "logprob": -0.1, "special": False}, "details": None}
    details = {"finish_reason": "eos_token", "generated_tokens": 12, "seed": None, "input_length": 9}
    assert fold(token).reasons == {0: None}
    tally = fold(token, token | {"generated_text": "Lisbon", "details": details})
    assert (tally.wire, tally.raw_reasons(), tally.tokens()) == ("tgi", ["eos_token"], Tokens(9, None, 12))


def test_anthropic_complete() -> None:
    """Why it stopped, and no usage."""
    event = {"type": "completion", "id": "compl_1", "completion": " Hi", "stop_reason": None, "model": "claude-2.1"}
    assert fold(event).reasons == {0: None}
    tally = fold(event, {"type": "ping"}, event | {"stop_reason": "max_tokens"})
    assert (tally.wire, tally.raw_reasons(), tally.response_model) == (
        "anthropic_complete",
        ["max_tokens"],
        "claude-2.1",
    )
    assert tally.tokens() == Tokens()


def test_completions() -> None:
    """The legacy text completions: chat's shape, another operation."""
    event: Json = {"id": "cmpl-1", "object": "text_completion", "model": "gpt-3.5-turbo-instruct"}
    event["choices"] = [{"text": "Hi", "index": index, "finish_reason": "length"} for index in (1, 0, 2)]
    tally = fold(event | {"usage": {"prompt_tokens": 5, "completion_tokens": 48, "total_tokens": 53}})
    assert (tally.wire, tally.raw_reasons(), tally.tokens()) == (
        "openai_completions", ["length", "length", "length"], Tokens(5, None, 48, 53),
    )  # fmt: skip
    assert for_wire("openai_completions").operation == "text_completion"


def test_transcription() -> None:
    """The last event has the usage; nothing says why it stopped."""
    usage = {
        "type": "tokens", "total_tokens": 49, "input_tokens": 37,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 37}, "output_tokens": 12,
    }  # fmt: skip
    tally = fold(
        {"type": "transcript.text.delta", "delta": "Ruby"},
        {"type": "transcript.text.done", "text": "Ruby", "usage": usage},
    )
    assert (tally.wire, tally.raw_reasons()) == ("openai_transcription", [])
    assert tally.tokens() == Tokens(37, None, 12, 49, input_audio_tokens=37)


# --- shapes that no recording has ---


def test_content_filter_of_chat() -> None:
    """An answer that the filter cut says so."""
    said = normalize({"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]})
    assert (said.finish_reasons, said.raw_finish_reasons) == (["content_filter"], ["content_filter"])


def test_usage_inside_a_choice() -> None:
    """As Moonshot has it."""
    usage = {"prompt_tokens": 19, "completion_tokens": 13, "total_tokens": 32, "cached_tokens": 10}
    tally = fold({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage}]})
    assert tally.tokens() == Tokens(19, 10, 13, 32)


def test_an_empty_finish_reason_is_none_yet() -> None:
    """Some services send it on every chunk."""
    tally = fold({"choices": [{"index": 0, "delta": {}, "finish_reason": ""}]})
    assert (tally.reasons, tally.final) == ({0: None}, False)


@pytest.mark.parametrize("tier", ["priority", "flex", "batch"])
@pytest.mark.parametrize(
    "event",
    [
        {"choices": [], "service_tier": "TIER"},
        about("completed", response("completed", service_tier="TIER")),
        {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1, "service_tier": "TIER"}}},
        {"candidates": [], "usageMetadata": {"promptTokenCount": 1, "serviceTier": "TIER"}},
        {"metadata": {"usage": {}, "serviceTier": {"type": "TIER"}}, "messageStop": {"stopReason": "end_turn"}},
    ],
    ids=["openai chat", "openai responses", "anthropic", "google", "bedrock"],
)
def test_service_tier(event: Json, tier: str) -> None:
    """What tier served a call is the response's to say."""
    said: Json = json.loads(json.dumps(event).replace("TIER", tier))
    assert fold(said).service_tier == tier


def test_a_priority_tier_is_priced_as_such() -> None:
    """gpt-5-mini is 0.25 USD per million in and 2 out, at priority 0.45 and 3.60 (OpenAI's price list, August 2025).

    1000 in, 100 out: 0.00025 + 0.0002 = 0.00045, and 0.00045 + 0.00036 = 0.00081.
    """
    usage = Tokens(1000, None, 100, 1100)
    for tier, usd in (("default", 0.00045), ("priority", 0.00081)):
        cost = price(usage, model="gpt-5-mini", provider="openai", service_tier=tier)
        assert isinstance(cost, Priced)
        assert float(cost.amount) == pytest.approx(usd, abs=1e-12)
