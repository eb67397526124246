"""What Google's older SDKs hand out, protocol buffers, is read as the JSON that it stands for."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from chunkmeter.facts.tally import Tokens
from chunkmeter.readers import for_event
from support import protos
from support.chunks import Json
from support.chunks import fold as fold_of

fold = partial(fold_of, "google_generate_content")


def candidate(reason: str | None = None, **fields: Any) -> Json:
    return {"candidates": [{"finishReason": reason} | fields]}


NOTHING: Json = {}


def metadata(**usage: Any) -> Json:
    return candidate() | {"usageMetadata": usage}


@pytest.mark.parametrize("kind", [protos.GenerateContentResponse, protos.BeforeThoughts])
@pytest.mark.parametrize(
    ("events", "reasons"),
    [
        pytest.param([NOTHING], [], id="nothing"),
        pytest.param([candidate()], [None], id="none yet"),
        pytest.param([candidate("FINISH_REASON_UNSPECIFIED")], [None], id="unspecified is none"),
        pytest.param([candidate("STOP"), candidate()], ["STOP"], id="silence takes nothing back"),
        pytest.param([candidate("STOP"), candidate("RECITATION")], ["RECITATION"], id="the last one counts"),
        pytest.param([candidate("STOP", index=1), candidate(index=0)], [None, "STOP"], id="second before first"),
        pytest.param(
            [{"candidates": [{"index": 1, "finishReason": "SAFETY"}, {"finishReason": "STOP"}]}],
            ["STOP", "SAFETY"],
            id="out of order in one chunk",
        ),
    ],
)
def test_finish_reasons(kind: Any, events: list[Json], reasons: list[str | None]) -> None:
    """Each candidate has its last reason by its word, or none."""
    assert fold(*(protos.of_json(event, kind) for event in events)).raw_reasons() == reasons


def test_every_count() -> None:
    """Thoughts lie beside the output, tools' prompts beside the input, and audio is told by its modality."""
    usage = {
        "promptTokenCount": 90,
        "cachedContentTokenCount": 64,
        "toolUsePromptTokenCount": 4,
        "candidatesTokenCount": 6,
        "thoughtsTokenCount": 33,
        "totalTokenCount": 133,  # 90 + 4 + 6 + 33
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 83}, {"modality": "AUDIO", "tokenCount": 7}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
    }
    assert fold(protos.of_json(metadata(**usage))).tokens() == Tokens(
        input_tokens=94,
        cached_tokens=64,
        tool_use_tokens=4,
        output_tokens=39,
        reasoning_tokens=33,
        total_tokens=133,
        input_audio_tokens=7,
        output_audio_tokens=1,
    )


def test_a_refused_prompt() -> None:
    """A block reason is the last word, without any candidate; a message's unset feedback is none."""
    refused = fold(
        protos.of_json({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}})
    )
    assert (refused.final, refused.block_reason, refused.tokens()) == (True, "SAFETY", Tokens(input_tokens=4))
    assert not fold(protos.of_json({})).final


def test_a_protocol_buffers_zero_is_silence() -> None:
    """A count that was never sent reads 0 on the message, and must not be one."""
    event = protos.of_json(metadata(promptTokenCount=9, candidatesTokenCount=2, totalTokenCount=11))
    assert event.usage_metadata.cached_content_token_count == 0
    tokens = Tokens(input_tokens=9, output_tokens=2, total_tokens=11)
    assert fold(event).tokens() == tokens


def test_a_protocol_buffers_unset_usage_takes_nothing_back() -> None:
    """A message without usage has an empty one to show, as has one with a traffic type alone."""
    events = [
        protos.of_json(candidate() | {"responseId": "r-1", "modelVersion": "gemini-2.0-flash-001"}),
        protos.of_json(metadata(promptTokenCount=9, candidatesTokenCount=2)),
        protos.of_json(metadata(trafficType="ON_DEMAND")),
        protos.of_json(candidate("STOP")),
    ]
    assert events[-1].usage_metadata is not None
    tally = fold(*events)
    assert tally.tokens() == Tokens(input_tokens=9, output_tokens=2)
    assert (tally.response_id, tally.response_model) == ("r-1", "gemini-2.0-flash-001")


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        pytest.param(
            {"promptTokenCount": 19, "candidatesTokenCount": 6, "thoughtsTokenCount": 33, "totalTokenCount": 58},
            Tokens(input_tokens=19, output_tokens=39, total_tokens=58),  # 58 - 19, which is 6 + 33
            id="thoughts in the total alone",
        ),
        pytest.param(
            {"promptTokenCount": 19, "candidatesTokenCount": 6, "totalTokenCount": 25},
            Tokens(input_tokens=19, output_tokens=6, total_tokens=25),
            id="none",
        ),
        pytest.param(
            {"promptTokenCount": 19, "totalTokenCount": 19}, Tokens(input_tokens=19, total_tokens=19), id="no output"
        ),
        pytest.param({"promptTokenCount": 19}, Tokens(input_tokens=19), id="no total"),
    ],
)
def test_thoughts_that_an_sdk_does_not_know(usage: Json, tokens: Tokens) -> None:
    """They are output, and cost as much, whether or not the SDK has a field for them."""
    event = protos.of_json(metadata(**usage), protos.BeforeThoughts)
    assert fold(event).tokens() == tokens
    plain = SimpleNamespace(  # as google-genai before 1.10 has it
        prompt_token_count=usage.get("promptTokenCount"),
        candidates_token_count=usage.get("candidatesTokenCount"),
        total_token_count=usage.get("totalTokenCount"),
    )
    assert fold(SimpleNamespace(candidates=[], usage_metadata=plain)).tokens() == tokens


def test_a_protocol_buffers_unknown_reason_warns_nobody() -> None:
    """A number that the SDK has no word for passes as it came; `proto` itself would warn, and warnings are errors."""
    event = protos.of_json(candidate("STOP"))
    protos.GenerateContentResponse.pb(event).candidates[0].finish_reason = 99
    assert fold(event).raw_reasons() == ["99"]


@pytest.mark.parametrize(
    ("home", "attribute"),
    [
        ("google.generativeai.types.generation_types", "_result"),
        ("vertexai.generative_models._generative_models", "_raw_response"),
    ],
)
def test_a_protocol_buffer_in_an_sdks_response(home: str, attribute: str) -> None:
    """The message counts, not what the SDK's class shows of it."""
    message = protos.of_json(metadata(promptTokenCount=9) | {"responseId": "r-1"})
    event = protos.wrapped(message, home, attribute)
    tally = fold(event)
    assert (tally.tokens(), tally.response_id) == (Tokens(input_tokens=9), "r-1")
    assert for_event(event).wire == "google_generate_content"
