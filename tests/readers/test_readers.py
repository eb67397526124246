"""Odd shapes that services send: a reader takes what they say and never fails over the rest."""

from __future__ import annotations

import enum
from types import SimpleNamespace
from typing import Any

import anthropic.types
import groq.types.audio
import groq.types.chat
import litellm
import openai.types.chat
import openai.types.realtime
import openai.types.responses
import pytest
from anthropic.types.beta import BetaMessage
from google.genai import types as google
from litellm.types.utils import Delta, ModelResponse, ModelResponseStream, StreamingChoices

from chunkmeter.facts.tally import Tokens
from chunkmeter.readers import WIRES, UnknownWireError, for_event, for_provider
from chunkmeter.readers._view import View
from support.chunks import Json, anthropic_sdk, fold, google_sdk, openai_sdk

NOTHING: Json = {}


def chunk(reason: str | None = None, index: int = 0, **fields: Any) -> Json:
    choice: Json = {"index": index, "delta": {}, "finish_reason": reason}
    return {"id": "c", "model": "m", "choices": [choice]} | fields


def spent(prompt: Any, completion: Any, **fields: Any) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": completion} | fields


# --- OpenAI chat: finish reasons ---


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("events", "reasons"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([chunk(choices=[])], {}, id="no choice"),
        pytest.param([{"id": "c"}], {}, id="no choices key"),
        pytest.param([chunk(choices=None)], {}, id="choices null"),
        pytest.param([chunk(choices="stop")], {}, id="choices of another type"),
        pytest.param([chunk(choices=[None, 5, "stop"])], {}, id="no objects among choices"),
        pytest.param([chunk()], {0: None}, id="none yet"),
        pytest.param([chunk("stop")], {0: "stop"}, id="one"),
        pytest.param([chunk("stop"), chunk("stop")], {0: "stop"}, id="repeated"),
        pytest.param([chunk("stop"), chunk("length")], {0: "length"}, id="the last one counts"),
        pytest.param([chunk("stop"), chunk()], {0: "stop"}, id="null takes nothing back"),
        pytest.param([chunk("stop"), chunk("")], {0: "stop"}, id="empty is none"),
        pytest.param([chunk("")], {0: None}, id="only empty"),
        pytest.param([chunk(index=1), chunk(), chunk("stop", 1)], {1: "stop", 0: None}, id="one of two stopped"),
        pytest.param([chunk(choices=[{"finish_reason": "stop", "delta": None}])], {0: "stop"}, id="no index, no delta"),
        pytest.param(
            [chunk(choices=[{"finish_reason": "a"}, {"finish_reason": "b"}])], {0: "a", 1: "b"}, id="by place"
        ),
        pytest.param(
            [chunk(choices=[{"index": "1", "finish_reason": "stop"}])], {0: "stop"}, id="index of another type"
        ),
        pytest.param([chunk(choices=[{"index": [], "finish_reason": "stop"}])], {0: "stop"}, id="unhashable index"),
        pytest.param([chunk(choices=[{"index": 0, "delta": {}}])], {0: None}, id="no reason key"),
        pytest.param([chunk(choices=[{"index": 0, "finish_reason": {}}])], {0: None}, id="reason of another type"),
    ],
)
def test_openai_finish_reasons(made: Any, events: list[Json], reasons: dict[int, str | None]) -> None:
    """Each choice that was seen has its last reason, or none."""
    assert fold("openai_chat", *[made(event) for event in events]).reasons == reasons


# --- OpenAI chat: usage ---


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("events", "counted"),
    [
        pytest.param([chunk(usage=None)], (None, None), id="null"),
        pytest.param([chunk(usage={})], (None, None), id="empty"),
        pytest.param([chunk(usage=[])], (None, None), id="of another type"),
        pytest.param([chunk(usage=spent(5, 2))], (5, 2), id="on the only chunk"),
        pytest.param([chunk(usage=spent(5, 1)), chunk(usage=spent(5, 2))], (5, 2), id="cumulative"),
        pytest.param([chunk(usage=spent(5, 2)), chunk(usage=spent(0, 0))], (0, 0), id="zero is a number"),
        pytest.param(
            [chunk(usage=spent(5, 2)), chunk(usage=None), chunk("stop")], (5, 2), id="null takes nothing back"
        ),
        pytest.param([chunk(usage=spent(5, 2)), chunk(usage={})], (5, 2), id="empty takes nothing back"),
        pytest.param([chunk(usage=spent(5, 2)), chunk(usage=spent(None, None))], (5, 2), id="no numbers"),
        pytest.param([chunk(usage=spent(5, 2)), chunk(usage=spent(7, None))], (7, None), id="replaced as a whole"),
        pytest.param([chunk(usage=spent("5", 2.0))], (None, 2), id="numbers of another type"),
        pytest.param([chunk(usage=spent(-5, 2.5, total_tokens=9))], (None, None), id="numbers that are none"),
        pytest.param([chunk("stop", x_groq={"usage": spent(5, 2)})], (5, 2), id="x_groq"),
        pytest.param([chunk("stop", x_groq={"usage": spent(5, 2)}, usage=spent(6, 3))], (6, 3), id="beside x_groq"),
        pytest.param([chunk("stop", x_groq=None)], (None, None), id="x_groq null"),
        pytest.param([chunk("stop", x_groq="req_1")], (None, None), id="x_groq of another type"),
        pytest.param(
            [chunk(choices=[{"index": 0, "finish_reason": "stop", "usage": spent(5, 2)}])], (5, 2), id="in the choice"
        ),
        pytest.param([chunk("length"), chunk(choices=None, usage=spent(5, 2))], (5, 2), id="without choices"),
        pytest.param([chunk("length"), {"error": {"code": 502}, "usage": spent(5, 2)}], (5, 2), id="beside an error"),
    ],
)
def test_openai_usage(made: Any, events: list[Json], counted: tuple[int | None, int | None]) -> None:
    """The last usage that states a number counts, wherever the service puts it."""
    tokens = fold("openai_chat", *[made(event) for event in events]).tokens()
    assert (tokens.input_tokens, tokens.output_tokens) == counted


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        pytest.param(
            spent(9, 4, prompt_tokens_details=None, completion_tokens_details=None),
            Tokens(input_tokens=9, output_tokens=4),
            id="no details",
        ),
        pytest.param(
            spent(9, 4, prompt_tokens_details=[], completion_tokens_details="none"),
            Tokens(input_tokens=9, output_tokens=4),
            id="details of another type",
        ),
        pytest.param(
            spent(9, 4, total_tokens=13, prompt_cache_hit_tokens=6, prompt_cache_miss_tokens=3),
            Tokens(input_tokens=9, output_tokens=4, total_tokens=13, cached_tokens=6),
            id="DeepSeek's cache",
        ),
        pytest.param(
            spent(9, 4, cached_tokens=6),
            Tokens(input_tokens=9, output_tokens=4, cached_tokens=6),
            id="Together's cache",
        ),
        pytest.param(
            spent(9, 4, cache_read_input_tokens=6, cache_creation_input_tokens=2),
            Tokens(input_tokens=9, output_tokens=4, cached_tokens=6, cache_write_tokens=2),
            id="Databricks' cache",
        ),
        pytest.param(
            spent(9, 4, prompt_tokens_details={"cached_tokens": 6, "cache_write_tokens": 2}),
            Tokens(input_tokens=9, output_tokens=4, cached_tokens=6, cache_write_tokens=2),
            id="OpenRouter's cache",
        ),
        pytest.param(
            spent(9, 4, total_tokens=13, completion_tokens_details={"reasoning_tokens": 3}),
            Tokens(input_tokens=9, output_tokens=4, total_tokens=13, reasoning_tokens=3),
            id="reasoning inside",
        ),
        pytest.param(
            spent(9, 4, total_tokens=16, completion_tokens_details={"reasoning_tokens": 3}),
            Tokens(input_tokens=9, output_tokens=7, total_tokens=16, reasoning_tokens=3),
            id="reasoning outside",
        ),
        pytest.param(
            spent(9, 4, total_tokens=20, completion_tokens_details={"reasoning_tokens": 3}),
            Tokens(input_tokens=9, output_tokens=4, total_tokens=20, reasoning_tokens=3),
            id="a total that fits neither",
        ),
    ],
)
def test_openai_tokens(made: Any, usage: Json, tokens: Tokens) -> None:
    """Subsets are known under each service's name, and reasoning is added where the total says it lies outside."""
    assert fold("openai_chat", made(chunk("stop", usage=usage))).tokens() == tokens


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("said", "cost"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"cost": None}, None, id="null"),
        pytest.param({"cost": 0}, 0.0, id="zero"),
        pytest.param({"cost": 0.25}, 0.25, id="OpenRouter"),
        pytest.param({"cost": {"total_cost": 0.00501}}, 0.00501, id="Perplexity"),
        pytest.param({"cost_in_usd_ticks": 7_605_000}, 0.0007605, id="xAI"),
        pytest.param({"cost_in_usd_ticks": 0}, 0.0, id="xAI for nothing"),
        pytest.param({"cost": True}, None, id="no number"),
        pytest.param({"cost": "0.25"}, None, id="text"),
        pytest.param({"cost": -1.0}, None, id="negative"),
        pytest.param({"cost": float("nan")}, None, id="not a number"),
        pytest.param({"cost": float("inf")}, 1e18, id="infinite"),
        pytest.param({"cost": 10**400}, 1e18, id="more than a float can hold"),
    ],
)
def test_openai_cost(made: Any, said: Json, cost: float | None) -> None:
    """A cost is what the service charged in USD; 0 is one, what can't be an amount is none, too much stays so."""
    assert fold("openai_chat", made(chunk("stop", usage=spent(5, 2, **said)))).provider_cost == cost


# --- OpenAI chat: id, model, tier ---


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
def test_openai_names_come_late(made: Any) -> None:
    """Azure's first chunk has empty ones, which say nothing."""
    events = [chunk(id="", model="", choices=[]), chunk(id="", model=""), chunk(id="c-1"), chunk(model="m-1")]
    tally = fold("openai_chat", *map(made, events))
    assert (tally.response_id, tally.response_model) == ("c-1", "m")


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
def test_openai_names_change(made: Any) -> None:
    """The first ones name the answer, whatever a gateway makes of the others."""
    events = [chunk(id="c-1", model="m-1"), chunk(id="c-2", model="m-2"), chunk("stop", id="c-3", model="m-3")]
    tally = fold("openai_chat", *map(made, events))
    assert (tally.response_id, tally.response_model) == ("c-1", "m-1")


@pytest.mark.parametrize("made", [dict[str, Any], openai_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    "tiers", [("flex", "flex", "flex"), (None, None, "flex"), ("flex", None, None), ("auto", None, "flex")]
)
def test_openai_service_tier(made: Any, tiers: tuple[str | None, ...]) -> None:
    """The last tier that is said is the one that served the call."""
    first, middle, last = tiers
    events = [chunk(service_tier=first), chunk(service_tier=middle), chunk("stop", service_tier=last)]
    assert fold("openai_chat", *map(made, events)).service_tier == "flex"


def test_groq_objects_are_read() -> None:
    """Groq's SDK has classes of its own."""
    event = chunk("stop", x_groq={"id": "req_1", "usage": spent(5, 2)})
    tally = fold("openai_chat", groq.types.chat.ChatCompletionChunk.construct(None, **event))
    assert (tally.reasons, tally.tokens()) == ({0: "stop"}, Tokens(input_tokens=5, output_tokens=2))


def test_litellm_objects_are_read() -> None:
    """LiteLLM's chunks lack the fields that were not set."""
    delta = Delta(content="Hi")
    first = ModelResponseStream(id="c", model="m", choices=[StreamingChoices(index=0, delta=delta)])
    last = ModelResponseStream(id="c", model="m", choices=[StreamingChoices(index=0, finish_reason="length")])
    tally = fold("openai_chat", first, first, last)
    assert (tally.reasons, tally.response_id) == ({0: "length"}, "c")


# --- Anthropic messages ---


def started(**fields: Any) -> Json:
    usage = {"input_tokens": 12, "output_tokens": 1}
    return {
        "type": "message_start",
        "message": {"id": "msg", "model": "m", "stop_reason": None, "usage": usage} | fields,
    }


def amended(reason: str | None = None, **usage: Any) -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


@pytest.mark.parametrize("made", [dict[str, Any], anthropic_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("events", "reasons", "tokens"),
    [
        pytest.param([], {}, Tokens(), id="nothing"),
        pytest.param(
            [{"type": "ping"}, {"type": "error", "error": {"type": "overloaded_error"}}, {"type": "new"}],
            {},
            Tokens(),
            id="others",
        ),
        pytest.param([started()], {0: None}, Tokens(input_tokens=12), id="cut off: no provisional output"),
        pytest.param(
            [started(), amended("end_turn", output_tokens=7)],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19),
            id="output replaced, not added",
        ),
        pytest.param(
            [started(), amended(output_tokens=3), amended("end_turn", output_tokens=7)],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19),
            id="cumulative output",
        ),
        pytest.param(
            [
                started(usage={"input_tokens": 12, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 30}),
                amended("end_turn", output_tokens=7),
            ],
            {0: "end_turn"},
            Tokens(input_tokens=122, cached_tokens=80, cache_write_tokens=30, output_tokens=7, total_tokens=129),
            id="cache kept where not restated",
        ),
        pytest.param(
            [
                started(usage={"input_tokens": 12, "cache_read_input_tokens": 80}),
                amended("end_turn", input_tokens=900, cache_read_input_tokens=0, output_tokens=7),
            ],
            {0: "end_turn"},
            Tokens(input_tokens=900, cached_tokens=0, output_tokens=7, total_tokens=907),
            id="input restated, an explicit 0 too",
        ),
        pytest.param(
            [started(), amended("end_turn", input_tokens=None, output_tokens=7)],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19),
            id="null restates nothing",
        ),
        pytest.param(
            [started(), amended("end_turn", input_tokens="many", output_tokens=7)],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19),
            id="nor does text",
        ),
        pytest.param(
            [started(stop_reason="tool_use", usage={"input_tokens": 0, "output_tokens": 0})],
            {0: "tool_use"},
            Tokens(input_tokens=0, output_tokens=0, total_tokens=0),
            id="a start that is the end too",
        ),
        pytest.param(
            [started(), started(id="other"), amended("tool_use", output_tokens=65)],
            {0: "tool_use"},
            Tokens(input_tokens=12, output_tokens=65, total_tokens=77),
            id="started twice",
        ),
        pytest.param(
            [started(), amended("end_turn", output_tokens=7), {"type": "message_delta", "delta": None, "usage": None}],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19),
            id="null takes nothing back",
        ),
        pytest.param(
            [started(), amended("end_turn", output_tokens=7, output_tokens_details={"thinking_tokens": 4})],
            {0: "end_turn"},
            Tokens(input_tokens=12, output_tokens=7, total_tokens=19, reasoning_tokens=4),
            id="thinking is part of the output",
        ),
        pytest.param(
            [started(usage={"cache_creation_input_tokens": 30, "cache_creation": {"ephemeral_1h_input_tokens": 20}})],
            {0: None},
            Tokens(input_tokens=30, cache_write_tokens=30, cache_write_1h_tokens=20),
            id="an hour's cache is part of the cache",
        ),
    ],
)
def test_anthropic_streams(made: Any, events: list[Json], reasons: Json, tokens: Tokens) -> None:
    """The end amends what the start said, field by field."""
    tally = fold("anthropic_messages", *map(made, events))
    assert (tally.reasons, tally.tokens()) == (reasons, tokens)


@pytest.mark.parametrize("message", [None, [], "msg", 5])
def test_anthropic_start_without_a_message(message: Any) -> None:
    """A start that says nothing starts the one choice there is."""
    tally = fold("anthropic_messages", {"type": "message_start", "message": message})
    assert (tally.response_id, tally.tokens(), tally.reasons) == (None, Tokens(), {0: None})


def test_anthropic_names_are_the_first() -> None:
    """A second start does not rename the answer."""
    tally = fold("anthropic_messages", started(usage={"service_tier": "priority"}), started(id="other", model="other"))
    assert (tally.response_id, tally.response_model, tally.service_tier) == ("msg", "m", "priority")


# --- Google generate content ---


def candidate(reason: Any = None, **fields: Any) -> Json:
    return {"candidates": [{"finishReason": reason} | fields]}


@pytest.mark.parametrize("made", [dict[str, Any], google_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("events", "reasons"),
    [
        pytest.param([NOTHING], [], id="nothing"),
        pytest.param([{"candidates": None}], [], id="candidates null"),
        pytest.param([candidate()], [None], id="none yet"),
        pytest.param([candidate("FINISH_REASON_UNSPECIFIED")], [None], id="unspecified is none"),
        pytest.param([candidate("STOP"), candidate()], ["STOP"], id="null takes nothing back"),
        pytest.param([candidate("STOP"), candidate("RECITATION")], ["RECITATION"], id="the last one counts"),
        pytest.param([candidate("BRAND_NEW")], ["BRAND_NEW"], id="an unknown word"),
        pytest.param([candidate("STOP", index=1), candidate(index=0)], [None, "STOP"], id="second before first"),
        pytest.param(
            [{"candidates": [{"index": 1, "finishReason": "SAFETY"}, {"index": 0, "finishReason": "STOP"}]}],
            ["STOP", "SAFETY"],
            id="out of order in one chunk",
        ),
        pytest.param([{"candidates": [{}, {"finishReason": "STOP"}]}], [None, "STOP"], id="by place"),
    ],
)
def test_google_finish_reasons(made: Any, events: list[Json], reasons: list[str | None]) -> None:
    """Each candidate has its last reason, or none."""
    assert fold("google_generate_content", *map(made, events)).raw_reasons() == reasons


@pytest.mark.parametrize(("reason", "word"), [(1, "1"), (0, None), ("", None), ({}, None), ([], None)])
def test_google_reason_of_another_type(reason: Any, word: str | None) -> None:
    """A number passes as it came, 0 is the unspecified one, and what can't be a reason is none."""
    assert fold("google_generate_content", candidate(reason)).raw_reasons() == [word]


def test_google_reason_of_a_protocol_buffer() -> None:
    """An enum of numbers goes by its names."""

    class FinishReason(enum.IntEnum):
        FINISH_REASON_UNSPECIFIED = 0
        STOP = 1

    def event(reason: FinishReason) -> Any:
        return SimpleNamespace(candidates=[SimpleNamespace(index=0, finish_reason=reason)], usage_metadata=None)

    assert fold("google_generate_content", event(FinishReason.FINISH_REASON_UNSPECIFIED)).raw_reasons() == [None]
    assert fold("google_generate_content", event(FinishReason.STOP)).raw_reasons() == ["STOP"]


def metadata(**usage: Any) -> Json:
    return candidate(index=0) | {"usageMetadata": usage}


@pytest.mark.parametrize("made", [dict[str, Any], google_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("events", "tokens"),
    [
        pytest.param([candidate()], Tokens(), id="nothing"),
        pytest.param([metadata()], Tokens(), id="empty"),
        pytest.param([metadata(trafficType="ON_DEMAND")], Tokens(), id="no numbers"),
        pytest.param(
            [
                metadata(promptTokenCount=9, candidatesTokenCount=2),
                metadata(promptTokenCount=9, candidatesTokenCount=5),
            ],
            Tokens(input_tokens=9, output_tokens=5),
            id="cumulative",
        ),
        pytest.param(
            [
                metadata(promptTokenCount=9, candidatesTokenCount=21),
                metadata(promptTokenCount=87, thoughtsTokenCount=78),
            ],
            Tokens(input_tokens=87, output_tokens=78, reasoning_tokens=78),
            id="replaced as a whole",
        ),
        pytest.param(
            [metadata(candidatesTokenCount=5), metadata(trafficType="ON_DEMAND"), candidate("STOP")],
            Tokens(output_tokens=5),
            id="no numbers take nothing back",
        ),
        pytest.param(
            [metadata(promptTokenCount=30, thoughtsTokenCount=1947, totalTokenCount=1977)],
            Tokens(input_tokens=30, output_tokens=1947, total_tokens=1977, reasoning_tokens=1947),
            id="thoughts alone",
        ),
        pytest.param(
            [metadata(promptTokenCount=9, toolUsePromptTokenCount=4, cachedContentTokenCount=3)],
            Tokens(input_tokens=13, cached_tokens=3, tool_use_tokens=4),
            id="tools' prompts",
        ),
        pytest.param(
            [
                metadata(
                    promptTokenCount=9,
                    promptTokensDetails=[{"modality": "TEXT", "tokenCount": 2}, {"modality": "AUDIO", "tokenCount": 7}],
                    candidatesTokensDetails=[{"modality": "AUDIO", "tokenCount": 1}],
                )
            ],
            Tokens(input_tokens=9, input_audio_tokens=7, output_audio_tokens=1),
            id="audio",
        ),
    ],
)
def test_google_usage(made: Any, events: list[Json], tokens: Tokens) -> None:
    """The last usage object that states a number is the usage, whole."""
    assert fold("google_generate_content", *map(made, events)).tokens() == tokens


def test_google_service_tier() -> None:
    """The tier stands with the usage."""
    assert fold("google_generate_content", metadata(promptTokenCount=9, serviceTier="flex")).service_tier == "flex"


@pytest.mark.parametrize("made", [dict[str, Any], google_sdk], ids=["dict", "sdk"])
@pytest.mark.parametrize(
    ("feedback", "final"),
    [
        (None, False),
        ({}, False),
        ({"blockReason": "BLOCKED_REASON_UNSPECIFIED"}, False),
        ({"blockReason": "SAFETY"}, True),
    ],
)
def test_google_refuses_a_prompt(made: Any, feedback: Json | None, final: bool) -> None:
    """A block reason is the last word, without any candidate."""
    event = made({"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 4}})
    tally = fold("google_generate_content", event)
    assert (tally.final, tally.raw_reasons(), tally.tokens()) == (final, [], Tokens(input_tokens=4))


def test_google_unknown_words_warn_nobody() -> None:
    """Reading a word that the SDK doesn't know is quiet; warnings are errors here."""
    event = google_sdk(
        candidate("BRAND_NEW") | {"usageMetadata": {"promptTokensDetails": [{"modality": "SMELL", "tokenCount": 1}]}}
    )
    assert fold("google_generate_content", event).raw_reasons() == ["BRAND_NEW"]


# --- any wire ---


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "event", [None, 5, "data", b"data", [], [{}], {}, object(), {"error": {"code": 500}}, {"type": []}]
)
def test_no_event_is_too_odd(wire: str, event: Any) -> None:
    """What makes no sense says nothing, and does not fail."""
    tally = fold(wire, event)
    assert (tally.reasons, tally.tokens()) == ({}, Tokens())


@pytest.mark.parametrize(
    ("provider", "wire"),
    [
        ("openai", "openai_chat"),
        ("azure.ai.openai", "openai_chat"),
        (" Groq ", "openai_chat"),
        ("anthropic", "anthropic_messages"),
        ("gcp.vertex_ai", "google_generate_content"),
        ("vertexai", "google_generate_content"),
    ],
)
def test_provider_tells_the_wire(provider: str, wire: str) -> None:
    """Any spelling will do, in any case."""
    assert for_provider(provider).wire == wire


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (openai.types.chat.ChatCompletion.construct(), "openai_chat"),
        (ModelResponse(), "openai_chat"),
        (anthropic.types.Message.construct(), "anthropic_messages"),
        (BetaMessage.construct(), "anthropic_messages"),
        (google.GenerateContentResponse(), "google_generate_content"),
        ({"type": "ping"}, "anthropic_messages"),
        ({"promptFeedback": {}}, "google_generate_content"),
        ({"choices": None}, "openai_chat"),
    ],
)
def test_event_tells_the_wire(event: Any, wire: str) -> None:
    """By its class or, as JSON, by its keys."""
    assert for_event(event).wire == wire


def test_another_wire_of_the_same_sdk_is_told_apart() -> None:
    """An event of OpenAI's responses is no chat chunk, one of its images is neither, and a moderation is none."""
    assert for_event(openai.types.responses.ResponseCreatedEvent.construct()).wire == "openai_responses"
    assert for_event(openai.types.ImageGenCompletedEvent.construct()).wire == "openai_images"
    assert for_event(openai.types.realtime.ResponseCreatedEvent.construct()).wire == "openai_realtime"
    assert for_event(google.LiveServerMessage()).wire == "google_live"
    assert for_event(groq.types.audio.Transcription(text="a")).wire == "openai_transcription"
    assert for_event(litellm.TranscriptionResponse(text="a")).wire == "openai_transcription"
    with pytest.raises(UnknownWireError, match="Moderation fits no known wire"):
        for_event(openai.types.Moderation.construct())


def test_the_model_is_that_of_the_message_where_a_fallback_names_another() -> None:
    """What the usage says of each model prices it."""
    named = {"from": {"model": "claude-opus-4-5"}, "to": {"model": "claude-sonnet-4-5"}}
    tally = fold(
        "anthropic_messages",
        {"type": "message_start", "message": {"id": "m", "model": "claude-opus-4-5", "usage": {"input_tokens": 9}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "fallback", **named}},
        {"type": "content_block_stop", "index": 0},
    )
    assert tally.response_model == "claude-opus-4-5"


def test_a_view_has_no_attributes_of_pythons_own_that_it_lacks() -> None:
    """eventlet's patch goes through all objects, and takes what `vars` gives for a dict."""
    with pytest.raises(TypeError):
        vars(View({"__dict__": None}))
