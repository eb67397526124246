"""What OpenAI's wires, and the services that speak them, tell of charges beside tokens: read, and priced by hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import groq.types.chat
import litellm
import openai.types.audio
import openai.types.chat
import openai.types.responses
import pytest
from mistralai import models as mistral
from xai_sdk.chat import Chunk
from xai_sdk.proto import chat_pb2, usage_pb2

from chunkmeter import wrap
from chunkmeter.facts.tally import Inner, Tally, Tokens
from chunkmeter.readers import for_event
from chunkmeter.testing import Kit
from support.chunks import fold_told as fold

Json = dict[str, Any]


def bill(kit: Kit, events: list[Any], provider: str, model: str | None = None) -> tuple[str, float, list[str] | None]:
    """The cost's status, the amount in millionths of a dollar, and what it lacks."""
    list(wrap(iter(events), provider=provider, model=model, telemetry=kit.telemetry))
    said = kit.attributes
    micro_usd = round(kit.total("chunkmeter.spend") * 1e6, 6)
    return said["chunkmeter.cost.status"], micro_usd, said.get("chunkmeter.cost.unpriced")


# --- OpenAI responses ---

ASKED: Json = {"id": "r-1", "object": "response", "status": "in_progress", "model": "gpt-5-2025-08-07", "output": []}
# 2000 * 1.25 + 300 * 10 of gpt-5
USED: Json = {"input_tokens": 2000, "output_tokens": 300, "total_tokens": 2300}


def search(whose: str, action: str | None = "search", status: str = "completed") -> Json:
    said: Json = {"id": whose, "type": "web_search_call", "status": status}
    return said if action is None else said | {"action": {"type": action}}


def answered(*output: Json, **beside: Any) -> list[Json]:
    done = [
        {"type": "response.output_item.done", "output_index": index, "item": item} for index, item in enumerate(output)
    ]
    whole = ASKED | {"status": "completed", "output": list(output), "usage": USED} | beside
    asked = ASKED | {"model": whole["model"]}
    return [{"type": "response.created", "response": asked}, *done, {"type": "response.completed", "response": whole}]


def test_searches_are_counted_once(kit: Kit) -> None:
    """Three searches at 10 USD a thousand: each comes as it is done, and again in the whole answer."""
    events = answered(search("w1"), search("w2"), search("w3"))
    assert bill(kit, events, "openai") == ("known", 5500 + 30_000, None)


def test_a_stream_that_is_cut_has_the_searches_so_far(kit: Kit) -> None:
    """They are a lower bound: 2 * 10_000, and nobody knows the tokens."""
    cut = answered(search("w1"), search("w2"))[:-1]
    assert bill(kit, cut, "openai", "gpt-5") == ("partial", 20_000, None)
    assert kit.attributes["chunkmeter.usage.status"] == "missing"


@pytest.mark.parametrize(
    ("item", "count"),
    [
        (search("w1", "open_page"), None),
        (search("w1", "find_in_page"), None),
        (search("w1", "find"), None),
        (search("w1", status="failed"), None),
        (search("w1", None), 1),  # before actions were told
        (search("w1", "think_of_something_new"), 1),
    ],
)
def test_pages_are_read_for_free(item: Json, count: int | None) -> None:
    assert fold(*answered(item)).items.get("web_search") == count


def test_what_the_service_counts_is_what_counts() -> None:
    """One item may stand for several requests."""
    tally = fold(*answered(search("w1"), tool_usage={"web_search": {"num_requests": 4}}))
    assert tally.items == {"web_search": 4}
    assert fold(*answered(search("w1"), tool_usage={"web_search": {"num_requests": 0}})).items == {"web_search": 1}


def test_the_old_search_has_another_fee(kit: Kit) -> None:
    """Models that don't reason pay 25 USD a thousand for it, which the table lacks: 2000 * 2.5 + 300 * 10 of gpt-4o."""
    tools = [{"type": "web_search_preview", "search_context_size": "medium"}]
    beside: Json = {"model": "gpt-4o-2024-08-06", "tools": tools, "reasoning": {"effort": None}}
    assert bill(kit, answered(search("w1"), **beside), "openai") == ("incomplete", 8000, ["web_search_preview"])
    reasons = fold(*answered(search("w1"), tools=tools, reasoning={"effort": "medium"}))
    assert reasons.items == {"web_search": 1}


def test_other_tools_of_responses(kit: Kit) -> None:
    """Two searches of files at 2.50 a thousand; two runs in one container and one in another are two sessions."""
    output: list[Json] = [
        {"id": "f1", "type": "file_search_call", "status": "completed", "queries": ["a", "b"]},
        {"id": "f2", "type": "file_search_call", "status": "completed", "queries": ["c"]},
        *({"id": f"c{index}", "type": "code_interpreter_call", "container_id": container, "status": "completed"}
          for index, container in enumerate(("cntr_1", "cntr_1", "cntr_2"))),
        {"id": "s1", "type": "shell_call", "environment": {"type": "container_reference", "container_id": "cntr_2"}},
        {"id": "s2", "type": "shell_call", "environment": {"type": "local"}},
        {"id": "m1", "type": "mcp_call", "status": "completed"},
        {"id": "u1", "type": "computer_call", "status": "completed"},
        {"id": "k1", "type": "compaction"},
    ]  # fmt: skip
    assert fold(*answered(*output)).items == {"file_search": 2, "code_session": 2}
    assert bill(kit, answered(*output), "openai") == ("incomplete", 5500 + 5000, ["code_session"])


def test_items_of_the_sdk_are_read() -> None:
    item = openai.types.responses.ResponseFunctionWebSearch.construct(**search("w1"))
    event = openai.types.responses.ResponseOutputItemDoneEvent.construct(
        type="response.output_item.done", output_index=0, item=item
    )
    assert fold(event, event).items == {"web_search": 1}


IMAGES: Json = {"image_gen": {
    "input_tokens": 60, "input_tokens_details": {"image_tokens": 20, "text_tokens": 40}, "output_tokens": 1000,
    "output_tokens_details": {"image_tokens": 1000, "text_tokens": 0}, "total_tokens": 1060,
}}  # fmt: skip
DRAWN: Json = {"id": "i1", "type": "image_generation_call", "status": "completed", "result": "aGk="}


def test_an_image_is_the_image_model_s(kit: Kit) -> None:
    """gpt-image-1: 40 * 5 of text, 20 * 10 of images, 1000 * 40 out."""
    tools = [{"type": "web_search"}, {"type": "image_generation", "model": "gpt-image-1"}]
    events = answered(DRAWN, tool_usage=IMAGES, tools=tools)
    tally = fold(*events)
    assert tally.inner == [
        Inner(Tokens(2000, None, 300, 2300)),
        Inner(Tokens(60, None, 1000, 1060, input_image_tokens=20, output_image_tokens=1000), "gpt-image-1"),
    ]
    assert bill(kit, events, "openai") == ("known", 5500 + 200 + 200 + 40_000, None)


def test_an_image_of_a_model_that_nobody_names_has_no_price(kit: Kit) -> None:
    assert fold(*answered(DRAWN, tool_usage=IMAGES)).items == {"image_generation": 1}
    assert fold(*answered(tool_usage=IMAGES)).items == {"image_generation": 1}
    assert bill(kit, answered(DRAWN, DRAWN | {"id": "i2"}), "openai") == ("incomplete", 5500, ["image_generation"])


# --- xAI ---


def test_xai_counts_what_it_charges() -> None:
    """Its output has more, such as pages that were opened; what is free has no fee."""
    details: Json = {
        "web_search_calls": 3, "x_search_calls": 2, "code_interpreter_calls": 1, "file_search_calls": 0,
        "mcp_calls": 5, "document_search_calls": 4,
    }  # fmt: skip
    usage: Json = USED | {
        "num_sources_used": 30, "num_server_side_tools_used": 15, "server_side_tool_usage_details": details,
    }  # fmt: skip
    events = answered(search("w1"), *(search(f"w{index}") for index in range(2, 9)), model="grok-4", usage=usage)
    assert fold(*events).items == {"web_search": 3, "x_search": 2, "code_execution": 1, "document_search": 4}


def test_xai_s_ticks_have_it_all(kit: Kit) -> None:
    usage: Json = USED | {"cost_in_usd_ticks": 310_000_000, "server_side_tool_usage_details": {"web_search_calls": 2}}
    assert bill(kit, answered(model="grok-4", usage=usage), "xai") == ("known", 31_000, None)


def chat(usage: Json, *, model: str = "m", choice: Json | None = None, **beside: Any) -> list[Json]:
    first: Json = {"id": "c-1", "object": "chat.completion.chunk", "model": model}
    over: Json = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [first | {"choices": [choice or over]}, first | {"choices": [over], "usage": usage} | beside]


SAID: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def test_live_search_is_charged_by_the_source(kit: Kit) -> None:
    """grok-4: 1000 * 3 + 100 * 15, and 7 sources that the table has no price of."""
    events = chat(SAID | {"num_sources_used": 7}, model="grok-4")
    assert bill(kit, events, "xai") == ("incomplete", 4500, ["search_source"])
    assert fold(*chat(SAID | {"num_sources_used": 7})).items == {"search_source": 7}
    assert fold(*chat(SAID | {"num_sources_used": 7, "num_server_side_tools_used": 2})).items == {
        "search_source": 7, "server_side_tool": 2,
    }  # fmt: skip


def test_xai_s_own_sdk_names_each_run() -> None:
    used: Any = usage_pb2
    names = ("WEB_SEARCH", "X_SEARCH", "WEB_SEARCH", "VIEW_IMAGE", "COLLECTIONS_SEARCH", "MCP")
    ran = [used.ServerSideTool.Value(f"SERVER_SIDE_TOOL_{name}") for name in names]
    usage = used.SamplingUsage(prompt_tokens=9, completion_tokens=1, num_sources_used=40, server_side_tools_used=ran)
    chunk: Any = chat_pb2
    tally = fold(Chunk(chunk.GetChatCompletionChunk(id="x-1", model="grok-4", usage=usage), 0))
    assert tally.items == {"web_search": 2, "x_search": 1, "file_search": 1}
    usage = used.SamplingUsage(prompt_tokens=9, completion_tokens=1, num_sources_used=4)
    assert fold(Chunk(chunk.GetChatCompletionChunk(id="x-1", usage=usage), 0)).items == {"search_source": 4}


# --- services that speak chat completions ---


@pytest.mark.parametrize(
    ("model", "item"),
    [
        ("gpt-4o-search-preview-2025-03-11", "web_search_preview"),
        ("gpt-4o-mini-search-preview", "web_search_preview"),
        ("gpt-5-search-api", "web_search"),
        ("gpt-4o", None),
    ],
)
def test_search_models_search_each_time(kit: Kit, model: str, item: str | None) -> None:
    """The table has no price for it with these models."""
    status, _, unpriced = bill(kit, chat(SAID, model=model), "openai")
    assert (status, unpriced) == (("known", None) if item is None else ("incomplete", [item]))
    assert fold(*chat(SAID, model=model)[:1]).items == ({} if item is None else {item: 1})


def test_perplexity_s_fee_is_that_of_the_context(kit: Kit) -> None:
    """sonar: 1000 * 1 + 100 * 1, 12 USD a thousand requests with most context; the table lacks the other fees."""
    events = chat(SAID | {"search_context_size": "high"}, model="sonar")
    assert bill(kit, events, "perplexity") == ("known", 1100 + 12_000, None)


def test_a_smaller_context_has_a_fee_that_nobody_lists(kit: Kit) -> None:
    events = chat(SAID | {"search_context_size": "medium"}, model="sonar")
    assert bill(kit, events, "perplexity") == ("incomplete", 1100, ["request"])


def test_deep_research(kit: Kit) -> None:
    """40 * 2 in, 500 * 8 out, 3000 * 3 thought beside it, 2000 * 2 cited, and 6 searches at 5 a thousand."""
    usage: Json = {
        "prompt_tokens": 40, "completion_tokens": 500, "total_tokens": 540, "search_context_size": "high",
        "citation_tokens": 2000, "num_search_queries": 6, "reasoning_tokens": 3000,
    }  # fmt: skip
    events = chat(usage, model="sonar-deep-research")
    assert bill(kit, events, "perplexity") == ("known", 80 + 4000 + 9000 + 4000 + 30_000, None)


def ran(index: int, kind: str, **more: Any) -> Json:
    return {"index": index, "type": kind, "arguments": "{}", **more}


def test_groq_tells_what_it_ran(kit: Kit) -> None:
    """Each tool comes before it runs, and after. gpt-oss-120b: 1000 * 0.15 + 100 * 0.6."""
    events = chat(SAID, model="openai/gpt-oss-120b")
    events[0] = events[0] | {"x_groq": {"id": "req_1"}}
    for tools in ([ran(0, "search")], [ran(0, "search", output="x"), ran(1, "python")], [ran(2, "mcp")]):
        delta: Json = {"content": "", "executed_tools": tools}
        events.insert(1, events[0] | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    assert fold(*events).items == {"web_search": 1, "code_execution": 1}
    assert bill(kit, events, "groq") == ("incomplete", 210, ["code_execution", "web_search"])
    for kind in (groq.types.chat.ChatCompletionChunk, openai.types.chat.ChatCompletionChunk):
        sdk = [kind.model_validate({"created": 1, "object": "chat.completion.chunk"} | event) for event in events]
        assert fold(*sdk).items == {"web_search": 1, "code_execution": 1}
    message: Json = {"role": "assistant", "content": "x", "executed_tools": [ran(0, "visit"), ran(1, "visit")]}
    choice: Json = {"index": 0, "message": message, "finish_reason": "stop"}
    whole: Json = {"object": "chat.completion", "model": "m", "choices": [choice], "x_groq": {"id": "req_1"}}
    assert fold(whole).items == {"visit": 2}


@pytest.mark.parametrize("inside", [True, False])
def test_a_compound_is_several_models(kit: Kit, inside: bool) -> None:
    """gpt-oss-120b 700 * 0.15 + 60 * 0.6, llama-3.3-70b-versatile 300 * 0.59 + 40 * 0.79."""
    parts = [
        {"model": "openai/gpt-oss-120b", "usage": {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760}},
        {"model": "llama-3.3-70b-versatile",
         "usage": {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340}},
    ]  # fmt: skip
    told: Json = {"usage_breakdown": {"models": parts}}
    events = chat(SAID, model="groq/compound", **({"x_groq": {"id": "g", "usage": SAID, **told}} if inside else told))
    assert bill(kit, events, "groq") == ("known", 105 + 36 + 177 + 31.6, None)


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"cost_details": {"upstream_inference_cost": 0.02}}, ("known", 21_000, None)),
        ({"cost_details": {"upstream_inference_cost": None, "upstream_inference_prompt_cost": 0.004,
                           "upstream_inference_completions_cost": 0.006}}, ("known", 11_000, None)),
        # what the user's key is charged is the list price, 1000 * 2.5 + 100 * 10, and the fee is beside it
        ({}, ("incomplete", 3500, ["byok_fee"])),
        ({"cost": 0}, ("known", 3500, None)),
        # without an own key the cost is all of it
        ({"is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, ("known", 1000, None)),
    ],
)  # fmt: skip
def test_with_the_user_s_own_key_the_cost_is_a_fee(kit: Kit, beside: Json, expected: Any) -> None:
    usage: Json = SAID | {"cost": 0.001, "is_byok": True} | beside
    assert bill(kit, chat(usage, model="openai/gpt-4o"), "openrouter") == expected


def test_the_same_key_with_responses(kit: Kit) -> None:
    usage: Json = USED | {
        "cost": 0.001, "is_byok": True,
        "cost_details": {"upstream_inference_input_cost": 0.002, "upstream_inference_output_cost": 0.003},
    }  # fmt: skip
    assert bill(kit, answered(usage=usage), "openrouter") == ("known", 6000, None)


@pytest.mark.parametrize(
    "told", [{"server_tool_use": {"web_search_requests": 2}}, {"prompt_tokens_details": {"web_search_requests": 2}}]
)
def test_litellm_counts_searches(told: Json) -> None:
    assert fold(*chat(SAID | told)).items == {"web_search": 2}


def test_copilot_has_units_of_its_own() -> None:
    said: Json = {"total_nano_aiu": 1_500_000}
    assert fold(*chat(SAID, copilot_usage=said)).items == {"copilot_aiu": 0.0015}
    events = answered()
    events[-1]["copilot_usage"] = said
    assert fold(*events).items == {"copilot_aiu": 0.0015}


def test_mistral_s_audio_is_charged_by_the_second(kit: Kit) -> None:
    """voxtral-small: 20 * 0.1 of text, 30 * 0.4 out, 90 s at 0.24 an hour, which are the 1100 tokens of audio."""
    usage: Json = {
        "prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 1150, "prompt_audio_seconds": 90,
        "prompt_tokens_details": {"audio_tokens": 1100},
    }  # fmt: skip
    assert fold(*chat(usage)).tokens().input_tokens == 1120
    assert bill(kit, chat(usage, model="voxtral-small-24b-2507"), "mistral") == ("known", 2 + 12 + 6000, None)


# --- transcription, speech and images ---


def test_whisper_is_charged_by_the_second(kit: Kit) -> None:
    """0.36 USD an hour: 45 s are 0.0045."""
    whole = openai.types.audio.Transcription.construct(text="Hi", usage={"type": "duration", "seconds": 45})
    assert bill(kit, [whole], "openai", "whisper-1") == ("known", 4500, None)
    assert kit.attributes["chunkmeter.usage.status"] == "reported"
    verbose = openai.types.audio.TranscriptionVerbose.construct(text="Hi", language="en", duration=12.5)
    assert fold(verbose).items == {"audio_second": 12.5}
    counted: Json = {"type": "tokens", "input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    assert fold(openai.types.audio.Transcription.construct(text="Hi", usage=counted, duration=3)).items == {}


def test_mistral_s_transcription(kit: Kit) -> None:
    """voxtral-mini 0.18 USD an hour: 40 s are 0.002. Its tokens have no price."""
    usage: Json = {
        "prompt_tokens": 4, "completion_tokens": 60, "total_tokens": 564, "prompt_audio_seconds": 40,
    }  # fmt: skip
    events: list[Json] = [
        {"type": "transcription.language", "audio_language": "en"},
        {"type": "transcription.text.delta", "text": "Hi"},
        {"type": "transcription.done", "model": "voxtral-mini-2602", "text": "Hi", "language": "en", "usage": usage},
    ]
    assert not fold(*events[:-1]).final
    tally = fold(*events)
    assert (tally.wire, tally.final, tally.items) == ("openai_transcription", True, {"audio_second": 40})
    assert tally.tokens() == Tokens(4, None, 60, 564)
    assert bill(kit, events, "mistral") == ("known", 2000, None)
    kind = mistral.TranscriptionStreamEvents
    sdk = [kind.model_validate({"event": event["type"], "data": event}) for event in events[1:]]
    assert (fold(*sdk).wire, fold(*sdk).items) == ("openai_transcription", {"audio_second": 40})


def test_speech(kit: Kit) -> None:
    """gpt-4o-mini-tts: 20 * 0.6 of text, 400 * 12 of audio."""
    events: list[Json] = [
        {"type": "speech.audio.delta", "audio": "aGk="},
        {"type": "speech.audio.done", "usage": {"input_tokens": 20, "output_tokens": 400, "total_tokens": 420}},
    ]
    tally = fold(*events)
    assert (tally.wire, tally.final) == ("openai_transcription", True)
    assert tally.tokens() == Tokens(20, None, 400, 420, output_audio_tokens=400)
    assert bill(kit, events, "openai", "gpt-4o-mini-tts") == ("known", 12 + 4800, None)


def test_images_without_a_usage_are_counted(kit: Kit) -> None:
    pieces: Json = {"created": 1, "data": [{"url": "a"}, {"url": "b"}]}
    assert fold(pieces, wire="openai_images").items == {"image": 2}
    drawn: Json = {"type": "image_generation.completed", "b64_json": "aGk="}
    assert bill(kit, [drawn], "openai", "dall-e-3") == ("incomplete", 0, ["image"])
    unsaid = litellm.ImageResponse(**pieces)  # it makes a usage of zeros
    assert (fold(unsaid).wire, fold(unsaid).items, fold(unsaid).tokens()) == ("openai_images", {"image": 2}, Tokens())
    ticks: Json = pieces | {"usage": {"cost_in_usd_ticks": 400_000_000}}
    assert fold(ticks, wire="openai_images").provider_cost == 0.04


# --- OpenAI Realtime ---


def session(model: str | None, transcriber: str | None) -> Json:
    audio: Json = {"input": {"transcription": {"model": transcriber}}}
    return {"type": "session.created", "session": {"object": "realtime.session", "model": model, "audio": audio}}


def heard(whose: str, **usage: Any) -> Json:
    return {"type": "conversation.item.input_audio_transcription.completed", "item_id": whose, "usage": usage}


# gpt-realtime: 100 * 32 of audio in, 50 * 64 out
SPOKE: Json = {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "usage": {
    "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
    "input_token_details": {"audio_tokens": 100}, "output_token_details": {"audio_tokens": 50},
}}}  # fmt: skip
# gpt-4o-mini-transcribe: 40 * 3 of audio, 10 * 5 out
COUNTED: Json = {
    "type": "tokens", "input_tokens": 40, "input_token_details": {"audio_tokens": 40}, "output_tokens": 10,
}  # fmt: skip


def test_a_session_s_transcriptions_are_another_model_s(kit: Kit) -> None:
    """Two of them, the second said twice."""
    again = [heard("b", **COUNTED)] * 2
    events = [session("gpt-realtime", "gpt-4o-mini-transcribe"), heard("a", **COUNTED), SPOKE, *again]
    assert bill(kit, events, "openai") == ("known", 3200 + 3200 + 2 * (120 + 50), None)


def test_a_session_that_only_listened_is_the_transcriber_s(kit: Kit) -> None:
    events = [session("gpt-realtime", "gpt-4o-mini-transcribe"), heard("a", **COUNTED)]
    assert bill(kit, events, "openai") == ("known", 120 + 50, None)


def test_a_transcriber_that_nobody_named_has_no_price(kit: Kit) -> None:
    events = [session("gpt-realtime", None), SPOKE, heard("a", **COUNTED)]
    assert bill(kit, events, "openai") == ("unknown_model", 0, None)


def test_seconds_beside_answers_are_named(kit: Kit) -> None:
    """The item would be priced as the model's that answers, which is another."""
    events = [session("gpt-realtime", "whisper-1"), heard("a", type="duration", seconds=3.5), SPOKE]
    assert bill(kit, events, "openai") == ("incomplete", 6400, ["model:whisper-1"])


def test_a_session_of_transcription_by_the_second(kit: Kit) -> None:
    """whisper-1: 20 s and 16 s at 0.36 USD an hour."""
    parts = [heard(whose, type="duration", seconds=seconds) for whose, seconds in (("a", 20), ("b", 16), ("b", 16))]
    assert bill(kit, [session(None, "whisper-1"), *parts], "openai") == ("known", 3600, None)


# --- Mistral's conversations ---


def test_connectors_have_fees() -> None:
    events: list[Json] = [
        {"type": "conversation.response.started", "conversation_id": "conv_1"},
        {"type": "tool.execution.started", "id": "t1", "name": "web_search", "arguments": "{}"},
        {"type": "tool.execution.done", "id": "t1", "name": "web_search"},
        {"type": "tool.execution.done", "id": "t2", "name": "code_interpreter"},
        {"type": "message.output.delta", "id": "m1", "model": "mistral-medium-2505", "content": "Hi"},
    ]
    assert fold(*events).items == {"web_search": 1, "code_execution": 1}
    usage: Json = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    done: Json = {"type": "conversation.response.done", "usage": usage}
    connectors = {"web_search": 3, "code_interpreter": 1, "web_search_premium": 2}
    told = done | {"usage": usage | {"connectors": connectors}}
    assert fold(*events, told).items == {"web_search": 3, "code_execution": 1, "web_search_premium": 2}
    sdk = mistral.ConversationUsageInfo(**usage, connectors=connectors)
    whole: Json = {"object": "conversation.response", "outputs": events[2:4], "usage": sdk}
    assert fold(whole).items == {"web_search": 3, "code_execution": 1, "web_search_premium": 2}


# --- others ---


def test_an_assistant_s_code_runs_in_its_thread() -> None:
    details: Json = {"type": "tool_calls", "tool_calls": [{"type": "code_interpreter"}, {"type": "function"}]}
    step: Json = {"id": "s-1", "object": "thread.run.step", "thread_id": "t-1", "step_details": details}
    done: Json = {"event": "thread.run.step.completed", "data": step}
    assert fold(done, done, done | {"data": step | {"id": "s-2"}}, wire="openai_assistants").items == {
        "code_session": 1
    }


def test_the_user_s_own_key_with_messages(kit: Kit) -> None:
    usage: Json = {
        "input_tokens": 10, "output_tokens": 5, "cost": 0.001, "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.004},
    }  # fmt: skip
    message: Json = {"type": "message", "model": "claude-opus-4-6", "stop_reason": "end_turn", "usage": usage}
    assert bill(kit, [message], "openrouter") == ("known", 5000, None)


DETAILS: Json = {"web_search_calls": 3, "mcp_calls": 1}
STREAMS: dict[str, list[Json]] = {
    "responses": answered(search("w1"), DRAWN, tool_usage=IMAGES, tools=[{"type": "image_generation", "model": "x"}]),
    "xai": answered(search("w1"), usage=USED | {"server_side_tool_usage_details": DETAILS, "num_sources_used": 4}),
    "openrouter": chat(SAID | {"cost": 1, "is_byok": True, "cost_details": {"upstream_inference_prompt_cost": 2}}),
    "perplexity": chat(SAID | {"search_context_size": "high", "num_search_queries": 3, "reasoning_tokens": 4}),
    "groq": chat(
        SAID,
        choice={"index": 0, "delta": {"executed_tools": [ran(0, "search")]}},
        x_groq={"id": "g", "usage_breakdown": {"models": [{"model": "a", "usage": SAID}]}},
    ),
    "transcription": [{"type": "transcription.done", "model": "m", "usage": SAID | {"prompt_audio_seconds": 3}}],
    "images": [{"type": "image_generation.completed", "data": [{"url": "a"}], "usage": {"cost_in_usd_ticks": 5}}],
    "realtime": [session("a", "b"), heard("x", **COUNTED), heard("y", seconds=3.5), SPOKE],
    "conversation": [
        {"type": "tool.execution.done", "id": "t", "name": "web_search"},
        {"type": "conversation.response.done", "usage": SAID | {"connectors": {"web_search": 1}}},
    ],
}
ODD: list[Any] = [
    None,
    True,
    -1,
    1e400,
    float("nan"),
    2**70,
    "",
    "x",
    [],
    [[]],
    [None],
    [1],
    {},
    {"x": [{}]},
    {"x": "y"},
]


@pytest.mark.parametrize("name", STREAMS)
def test_nothing_that_a_service_says_is_too_odd(name: str) -> None:
    """Each value of each event in turn is something else: no reader fails, and each count is one that can be."""
    events = STREAMS[name]
    wire = for_event(events[0]).wire
    changed = 0
    for at, event in enumerate(events):
        for path in paths(event):
            for odd in ODD:
                tally = fold(*events[:at], edited(event, path, odd), *events[at:], wire=wire)
                tally.tokens(), tally.billed(tally.tokens())
                assert all(0 < count < 2**53 for count in tally.items.values())
                changed += 1
    assert changed > 50


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield (*at, name)
        yield from paths(part, (*at, name))


def edited(event: Json, path: tuple[Any, ...], value: Any) -> Json:
    changed = copy.deepcopy(event)
    part: Any = changed
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return changed


def test_a_strangers_words_are_cleaned_and_few() -> None:
    """What comes after the first 128 is counted together, and still named: nothing of it reads as free."""
    tally = Tally()
    for index in range(200):
        tally.use(f"tool-{index}\ud800", 2)
    tally.inner = [Inner(Tokens(1), "m" * 500), Inner(Tokens(2))]
    for _ in range(2):  # a call is cleaned whenever its facts are written
        tally.clean()
        assert len(tally.items) == 129
        assert tally.items["tool-0?"] == 2
        assert tally.items["more"] == 72 * 2
        assert [each.model for each in tally.inner] == ["m" * 200, None]
