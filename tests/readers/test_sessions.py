"""Images, agents and live sessions: what counts is read, and turns are added up where each counts alone."""

from __future__ import annotations

from typing import Any

import openai.types
import openai.types.realtime
import pytest
from google.genai import types as google
from mistralai import models as mistral

from chunkmeter import wrap
from chunkmeter.facts.tally import Tokens
from chunkmeter.testing import Kit
from support.chunks import fold_told as fold

Json = dict[str, Any]


# --- images ---


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
def test_images(kind: str) -> None:
    """The output is a picture, unless the usage parts it."""
    usage: Json = {
        "input_tokens": 50, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}, "output_tokens": 272,
        "total_tokens": 322,
    }  # fmt: skip
    partial = {"type": f"{kind}.partial_image", "partial_image_index": 0, "b64_json": "aGk="}
    done: Json = {"type": f"{kind}.completed", "b64_json": "aGk=", "usage": usage}
    assert not fold(partial).final
    tally = fold(partial, done)
    assert (tally.wire, tally.final, tally.raw_reasons()) == ("openai_images", True, [])
    expected = Tokens(50, None, 272, 322, input_image_tokens=40, output_image_tokens=272)
    assert tally.tokens() == expected
    parted = usage | {"output_tokens_details": {"text_tokens": 72, "image_tokens": 200}}
    assert fold(done | {"usage": parted}).tokens().output_image_tokens == 200
    assert fold(openai.types.ImagesResponse.construct(created=1, data=[], usage=usage)).tokens() == expected
    completed = openai.types.ImageGenCompletedEvent.construct(type="image_generation.completed", usage=usage)
    assert (fold(completed).final, fold(completed).tokens()) == (True, expected)


# --- Mistral's conversations ---


def conversation(**usage: Any) -> list[Json]:
    return [
        {"type": "conversation.response.started", "conversation_id": "conv_1"},
        {"type": "tool.execution.started", "id": "tool_1", "name": "web_search", "arguments": "{}"},
        {"type": "message.output.delta", "id": "msg_1", "model": "mistral-medium-2505", "content": "Hi"},
        {"type": "conversation.response.done", "usage": usage},
    ]


def test_mistral_conversations() -> None:
    """What connectors found is input: 188 + 900 in, 55 out, 1143 in all."""
    events = conversation(prompt_tokens=188, completion_tokens=55, total_tokens=1143, connector_tokens=900)
    assert not fold(*events[:-1]).final
    tally = fold(*events)
    assert (tally.wire, tally.final, tally.response_id) == ("mistral_conversations", True, "msg_1")
    assert (tally.response_model, tally.several_models) == ("mistral-medium-2505", False)
    expected = Tokens(1088, None, 55, 1143, tool_use_tokens=900)
    assert tally.tokens() == expected
    whole: Json = {
        "object": "conversation.response", "conversation_id": "conv_1",
        "outputs": [{"type": "message.output", "id": "msg_1", "model": "mistral-medium-2505", "content": "Hi"}],
        "usage": events[-1]["usage"],
    }  # fmt: skip
    assert (fold(whole).final, fold(whole).tokens()) == (True, expected)
    sdk = [mistral.ConversationEvents.model_validate({"event": event["type"], "data": event}) for event in events]
    assert (fold(*sdk).wire, fold(*sdk).tokens()) == ("mistral_conversations", expected)


def test_an_agent_may_hand_over_to_another_model() -> None:
    events = conversation(prompt_tokens=5, completion_tokens=2, total_tokens=7)
    events.insert(3, {"type": "message.output.delta", "id": "msg_2", "model": "codestral-2405", "content": "x"})
    assert fold(*events).several_models


# --- OpenAI Realtime ---


def response(status: str, whose: str = "resp_1", reason: str | None = None, **usage: Any) -> Json:
    said: Json = {"id": whose, "object": "realtime.response", "status": status, "usage": usage or None}
    return said | {"status_details": {"type": status, "reason": reason} if reason else None}


def spent(given: int, cached: int, made: int) -> Json:
    """All of it audio."""
    return {
        "total_tokens": given + made, "input_tokens": given, "output_tokens": made,
        "input_token_details": {"text_tokens": 0, "audio_tokens": given, "cached_tokens": cached},
        "output_token_details": {"text_tokens": 0, "audio_tokens": made},
    }  # fmt: skip


SESSION: Json = {"type": "session.created", "session": {"object": "realtime.session", "model": "gpt-realtime"}}


def test_realtime_responses_are_added_up() -> None:
    """Each counts by itself: 100 + 180 in, 64 of the second cached, 30 + 20 out."""
    created: Json = {"type": "response.created", "response": response("in_progress")}
    first: Json = {"type": "response.done", "response": response("completed", **spent(100, 0, 30))}
    second = response("incomplete", "resp_2", "max_output_tokens", **spent(180, 64, 20))
    assert fold(created).wire == "openai_realtime"  # a session that is joined late
    tally = fold(SESSION, created, first, first)  # said twice, it is one response
    assert tally.tokens() == Tokens(100, 0, 30, 130, input_audio_tokens=100, output_audio_tokens=30)
    assert (tally.raw_reasons(), tally.response_model, tally.final) == (["completed"], "gpt-realtime", True)
    assert not fold(SESSION, created, first, created).final
    tally = fold(SESSION, created, first, created, {"type": "response.done", "response": second})
    assert tally.tokens() == Tokens(280, 64, 50, 330, input_audio_tokens=280, output_audio_tokens=50)
    assert (tally.raw_reasons(), tally.response_id) == (["max_output_tokens"], "resp_2")


TRANSCRIBED: Json = {
    "type": "conversation.item.input_audio_transcription.completed", "item_id": "item_1", "transcript": "Hi",
    "usage": {"type": "tokens", "input_tokens": 17, "input_token_details": {"audio_tokens": 17}, "output_tokens": 4,
              "total_tokens": 21},
}  # fmt: skip


def test_transcription_alone_is_its_model_s() -> None:
    session: Json = {"type": "transcription", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}
    tally = fold({"type": "session.created", "session": session}, TRANSCRIBED)
    assert (tally.response_model, tally.several_models, tally.final) == ("gpt-4o-transcribe", False, True)
    assert tally.tokens() == Tokens(17, None, 4, 21, input_audio_tokens=17)
    assert fold(TRANSCRIBED).wire == "openai_realtime"


def test_transcription_beside_responses_is_another_model_s() -> None:
    """17 + 100 in, 4 + 30 out, at two prices."""
    done: Json = {"type": "response.done", "response": response("completed", **spent(100, 0, 30))}
    tally = fold(SESSION, TRANSCRIBED, done)
    assert (tally.tokens().input_tokens, tally.tokens().output_tokens) == (117, 34)
    assert tally.several_models


def test_transcription_by_the_second_has_no_tokens() -> None:
    assert not fold(TRANSCRIBED | {"usage": {"type": "duration", "seconds": 3.5}}).tokens()


def test_realtime_objects_are_read() -> None:
    done = response("completed", **spent(100, 0, 30))
    event = openai.types.realtime.ResponseDoneEvent.construct(type="response.done", response=done)
    assert (fold(event).wire, fold(event).tokens().output_tokens) == ("openai_realtime", 30)


# --- Gemini Live ---


def turn(prompt: int, response: int, thoughts: int) -> Json:
    return {
        "promptTokenCount": prompt, "responseTokenCount": response, "thoughtsTokenCount": thoughts,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": prompt}],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": response}], "totalTokenCount": prompt + response,
    }  # fmt: skip


TEXT: Json = {"serverContent": {"modelTurn": {"parts": [{"text": "Hi"}]}}}
OVER: Json = {"serverContent": {"turnComplete": True}}


def test_live_turns_are_added_up() -> None:
    """522 + 600 in, 42 + 136 and 20 + 5 out; within a turn the last usage counts."""
    grows = {"usageMetadata": turn(522, 11, 0)}
    first = [{"setupComplete": {}}, TEXT, TEXT | grows, OVER | {"usageMetadata": turn(522, 42, 136)}]
    assert not fold(*first[:-1]).final
    tally = fold(*first)
    assert (tally.wire, tally.final) == ("google_live", True)
    assert tally.tokens() == Tokens(
        522, None, 178, 564, reasoning_tokens=136, input_audio_tokens=522, output_audio_tokens=42
    )
    both = Tokens(1122, None, 203, 1184, reasoning_tokens=141, input_audio_tokens=1122, output_audio_tokens=62)
    assert fold(*first, TEXT, OVER | {"usageMetadata": turn(600, 20, 5)}).tokens() == both
    assert fold(*first, TEXT, OVER, {"usageMetadata": turn(600, 20, 5)}).tokens() == both  # it comes after the turn
    assert not fold(*first, TEXT).final
    sdk = [google.LiveServerMessage.model_validate(event) for event in (*first, TEXT, OVER)]
    assert (fold(*sdk).wire, fold(*sdk).tokens()) == ("google_live", tally.tokens())


def test_live_usage_alone_is_read_by_the_other_reader_too() -> None:
    """Nothing in such a message tells the Live API from the other one."""
    assert fold({"usageMetadata": turn(522, 42, 136)}).tokens().output_tokens == 178


# --- events that no reader knows ---


def test_an_unknown_event_says_so(kit: Kit) -> None:
    """The call counts, with its usage missing."""
    list(wrap(iter([{"type": "video.completed", "usage": {"seconds": 4}}]), telemetry=kit.telemetry))
    (span,) = kit.spans
    assert (span.attributes or {})["chunkmeter.usage.status"] == "missing"
    assert kit.total("chunkmeter.calls", usage__status="missing") == 1
