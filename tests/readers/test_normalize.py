"""What one raw chunk alone says, in the seed's shape: `finish_reasons`, `usage` and `cost_metadata`."""

from __future__ import annotations

from typing import Any

import groq.types.chat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter import CallResponseChunk, CostMetadata, Usage, normalize
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import UnknownWireError, for_wire
from support.chunks import Json, anthropic_sdk, google_sdk, openai_sdk


def openai_chunk(**fields: Any) -> Json:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"} | fields


def choice(index: int = 0, reason: str | None = None, content: str | None = "Hi") -> Json:
    return {"index": index, "delta": {"content": content}, "finish_reason": reason}


def as_is(event: Json) -> Any:
    return event


def groq_sdk(event: Json) -> Any:
    return groq.types.chat.ChatCompletionChunk.construct(None, **event)


# --- OpenAI chat ---


@pytest.mark.parametrize("made", [as_is, openai_sdk])
class TestOpenAI:
    """A stream asked for with `include_usage`."""

    def test_a_middle_chunk_says_nothing_that_counts(self, made: Any) -> None:
        """Text alone has neither a finish reason nor a usage."""
        chunk = normalize(made(openai_chunk(choices=[choice()], usage=None)), provider="openai")
        assert chunk.finish_reasons is None
        assert chunk.usage is None
        assert chunk.cost_metadata == CostMetadata()
        assert (chunk.id, chunk.model) == ("chatcmpl-1", "gpt-4o-2024-08-06")

    def test_the_finish_chunk_has_the_reason(self, made: Any) -> None:
        """The reason comes without a usage, in the conventions' word and the provider's own."""
        chunk = normalize(made(openai_chunk(choices=[choice(reason="tool_calls", content=None)])), provider="openai")
        assert chunk.finish_reasons == ["tool_call"]
        assert chunk.raw_finish_reasons == ["tool_calls"]
        assert chunk.usage is None

    def test_the_last_chunk_has_the_usage(self, made: Any) -> None:
        """Cached tokens are part of the input, reasoning and audio part of the output."""
        usage = {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 12},
            "completion_tokens_details": {"reasoning_tokens": 128, "audio_tokens": 64},
        }
        chunk = normalize(made(openai_chunk(choices=[], usage=usage, service_tier="flex")), provider="openai")
        assert chunk.finish_reasons is None
        assert chunk.usage == Usage(
            input_tokens=2006,
            cached_tokens=1920,
            output_tokens=300,
            total_tokens=2306,
            reasoning_tokens=128,
            input_audio_tokens=12,
            output_audio_tokens=64,
        )
        assert chunk.cost_metadata == CostMetadata(
            input_tokens=2006,
            output_tokens=300,
            cached_tokens=1920,
            context_length=2006,
            tier="flex",
            batch_mode=False,
            audio=[{"tokens": 12}],
            audio_output=[{"tokens": 64}],
        )

    def test_several_choices_come_in_their_order(self, made: Any) -> None:
        """The reasons stand in the order of choices, whatever the order they came in."""
        chunk = normalize(
            made(openai_chunk(choices=[choice(2, "length"), choice(0, "stop"), choice(1)])), provider="openai"
        )
        assert chunk.finish_reasons == ["stop", "length"]

    @pytest.mark.parametrize("cost", [0.0, 0.0125])
    def test_the_price_a_provider_returned_is_kept(self, made: Any, cost: float) -> None:
        """OpenRouter's `cost` is USD, and nothing to pay is not the same as nothing said."""
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cost": cost}
        chunk = normalize(made(openai_chunk(choices=[choice(content="")], usage=usage)), provider="openrouter")
        assert chunk.cost_metadata.cost == cost

    def test_a_price_that_was_not_returned_is_none(self, made: Any) -> None:
        """Without the provider's word there is no cost on the chunk, not a cost of 0."""
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        assert normalize(made(openai_chunk(choices=[], usage=usage)), provider="openai").cost_metadata.cost is None

    def test_xai_counts_reasoning_beside_the_completion(self, made: Any) -> None:
        """The total tells that reasoning is to be added; the ticks of 1e-10 USD are the price."""
        usage = {
            "prompt_tokens": 213,
            "completion_tokens": 2,
            "total_tokens": 413,
            "prompt_tokens_details": {"cached_tokens": 192},
            "completion_tokens_details": {"reasoning_tokens": 198},
            "cost_in_usd_ticks": 3080400,
        }
        chunk = normalize(made(openai_chunk(choices=[], usage=usage)), provider="xai")
        assert chunk.usage == Usage(
            input_tokens=213, cached_tokens=192, output_tokens=200, total_tokens=413, reasoning_tokens=198
        )
        assert chunk.cost_metadata.cost == 0.00030804


@pytest.mark.parametrize("made", [as_is, groq_sdk])
def test_groq_puts_its_usage_aside(made: Any) -> None:
    """The usage of a Groq stream is in `x_groq`, on the chunk that has the reason."""
    usage = {"prompt_tokens": 41, "completion_tokens": 9, "total_tokens": 50, "total_time": 0.01}
    chunk = normalize(
        made(openai_chunk(choices=[choice(reason="stop")], x_groq={"id": "req_1", "usage": usage})), provider="groq"
    )
    assert chunk.finish_reasons == ["stop"]
    assert chunk.usage == Usage(input_tokens=41, output_tokens=9, total_tokens=50)


# --- Anthropic messages ---

MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [],
    "stop_reason": None,
    "usage": {
        "input_tokens": 12,
        "cache_read_input_tokens": 80,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 1,
        "service_tier": "standard",
    },
}


@pytest.mark.parametrize("made", [as_is, anthropic_sdk])
class TestAnthropic:
    """Input comes first, output and the reason come last."""

    def test_message_start_has_the_input_and_no_output(self, made: Any) -> None:
        """The opening count of output tokens is provisional, so it is not reported."""
        chunk = normalize(made({"type": "message_start", "message": MESSAGE}), provider="anthropic")
        assert chunk.finish_reasons is None
        assert chunk.usage == Usage(input_tokens=122, cached_tokens=80, cache_write_tokens=30, cache_write_1h_tokens=20)
        assert chunk.cost_metadata == CostMetadata(
            input_tokens=122,
            cached_tokens=80,
            context_length=122,
            tier="standard",
            batch_mode=False,
            cache_write=True,
        )
        assert (chunk.id, chunk.model) == ("msg_1", "claude-sonnet-4-5")

    def test_a_content_delta_says_nothing_that_counts(self, made: Any) -> None:
        """Text alone has neither a finish reason nor a usage."""
        event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
        assert normalize(made(event), provider="anthropic") == CallResponseChunk()

    def test_message_delta_has_the_output_and_the_reason(self, made: Any) -> None:
        """What it leaves out it leaves as it was."""
        event = {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 7}}
        chunk = normalize(made(event), provider="anthropic")
        assert chunk.finish_reasons == ["length"]
        assert chunk.raw_finish_reasons == ["max_tokens"]
        assert chunk.usage == Usage(output_tokens=7)

    def test_a_whole_message_says_it_all(self, made: Any) -> None:
        """An answer that was not streamed is read by the same rules."""
        chunk = normalize(made(MESSAGE | {"stop_reason": "end_turn"}), provider="anthropic")
        assert chunk.finish_reasons == ["stop"]
        assert chunk.usage is not None
        assert (chunk.usage.input_tokens, chunk.usage.output_tokens, chunk.usage.total_tokens) == (122, 1, 123)


# --- Google generate content ---


@pytest.mark.parametrize("made", [as_is, google_sdk])
class TestGoogle:
    """Every chunk has a usage object; each counts from the beginning."""

    def test_a_middle_chunk_has_the_usage_so_far(self, made: Any) -> None:
        """It is what this chunk says, not a difference to the one before."""
        event = {
            "candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25},
            "modelVersion": "gemini-2.5-flash",
            "responseId": "r-1",
        }
        chunk = normalize(made(event), provider="google")
        assert chunk.finish_reasons is None
        assert chunk.usage == Usage(input_tokens=20, output_tokens=5, total_tokens=25)
        assert (chunk.id, chunk.model) == ("r-1", "gemini-2.5-flash")

    def test_the_last_chunk_counts_thoughts_as_output_and_tool_prompts_as_input(self, made: Any) -> None:
        """Both stand beside the main counts on the wire."""
        event = {
            "candidates": [{"finishReason": "MAX_TOKENS", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": 20,
                "candidatesTokenCount": 7,
                "thoughtsTokenCount": 75,
                "toolUsePromptTokenCount": 10,
                "cachedContentTokenCount": 8,
                "totalTokenCount": 112,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 14}, {"modality": "AUDIO", "tokenCount": 6}],
            },
        }
        chunk = normalize(made(event), provider="google")
        assert chunk.finish_reasons == ["length"]
        assert chunk.raw_finish_reasons == ["MAX_TOKENS"]
        assert chunk.usage == Usage(
            input_tokens=30,
            cached_tokens=8,
            output_tokens=82,
            total_tokens=112,
            reasoning_tokens=75,
            input_audio_tokens=6,
        )
        assert chunk.cost_metadata == CostMetadata(
            input_tokens=30,
            output_tokens=82,
            cached_tokens=8,
            context_length=30,
            audio=[{"tokens": 6}],
            tool_use_tokens=10,
        )

    def test_a_refused_prompt_reads_content_filter(self, made: Any) -> None:
        """There is no candidate that could have a reason, and no word of the provider's for one."""
        chunk = normalize(made({"promptFeedback": {"blockReason": "SAFETY"}}), provider="google")
        assert chunk.finish_reasons == ["content_filter"]
        assert chunk.raw_finish_reasons is None


# --- telling the wire ---


@pytest.mark.parametrize(
    ("event", "model"),
    [
        (openai_chunk(choices=[]), "gpt-4o-2024-08-06"),
        (openai_sdk(openai_chunk(choices=[])), "gpt-4o-2024-08-06"),
        ({"type": "message_start", "message": {"model": "claude"}}, "claude"),
        (anthropic_sdk({"type": "message_start", "message": {"model": "claude"}}), "claude"),
        ({"candidates": [], "modelVersion": "gemini"}, "gemini"),
        (google_sdk({"candidates": [], "modelVersion": "gemini"}), "gemini"),
    ],
)
def test_a_chunk_tells_its_own_wire(event: Any, model: str) -> None:
    """Neither provider nor wire needs to be named, and a provider with another wire of its own doesn't mislead."""
    assert normalize(event).model == model
    assert normalize(event, provider="google").model == model
    assert normalize(event, provider="anthropic").model == model


@pytest.mark.parametrize("provider", ["openai", "azure", "Azure_OpenAI", "x-ai", "mistral_ai", "together"])
def test_the_provider_tells_where_the_chunk_does_not(provider: str) -> None:
    """Any spelling of the provider will do."""
    assert normalize({"model": "gpt-4o"}, provider=provider).model == "gpt-4o"


def test_the_named_wire_wins() -> None:
    """`wire` is for events that tell nothing or the wrong thing."""
    assert normalize({"model": "gpt-4o", "type": "message"}, wire="openai_chat").model == "gpt-4o"


@pytest.mark.parametrize(
    ("event", "arguments", "message"),
    [
        ({"model": "gpt-4o"}, {}, "an event of builtins.dict fits no known wire: name its provider or its wire"),
        (
            {"type": "video.completed"},
            {},
            "an event of builtins.dict fits no known wire: name its provider or its wire",
        ),
        ({"model": "llama3", "message": {"content": "Hi"}}, {}, "an event of builtins.dict fits no known wire"),
        (object(), {}, "an event of builtins.object fits no known wire"),
        ({}, {"provider": "acme"}, "provider='acme' has no reader: write one of amazon-bedrock, anthropic, "),
        ({}, {"wire": "acme"}, "wire='acme' is not known: write one of anthropic_complete, "),
    ],
)
def test_what_nothing_tells_how_to_read_is_said(event: Any, arguments: dict[str, str], message: str) -> None:
    """The error names what was given and what to give instead."""
    with pytest.raises(UnknownWireError, match=message):
        normalize(event, **arguments)


# --- chunks normalized and folded equal the tally ---

COUNTS = st.integers(0, 10**9)
SOME = st.none() | COUNTS
WORDS = st.none() | st.sampled_from(["stop", "length", "content_filter", "STOP", "tool_calls", "end_turn", "new word"])


def known(**fields: Any) -> Json:
    """The fields that have a value; a wire leaves out the others, or sends null."""
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def openai_streams(draw: st.DrawFn) -> list[Json]:
    usage = st.builds(
        known,
        prompt_tokens=COUNTS,
        completion_tokens=SOME,
        total_tokens=SOME,
        prompt_tokens_details=st.none() | st.fixed_dictionaries({"cached_tokens": SOME, "audio_tokens": SOME}),
        completion_tokens_details=st.none() | st.fixed_dictionaries({"reasoning_tokens": SOME}),
        cost=st.none() | st.floats(0, 100),
    )
    tier = draw(st.sampled_from([None, "default", "flex"]))  # one a stream, as the services send it
    return [
        openai_chunk(
            id=draw(st.sampled_from(["", "chatcmpl-1", "chatcmpl-2"])),
            model=draw(st.sampled_from(["", "gpt-4o"])),
            choices=draw(st.sampled_from([[], [choice(reason=draw(WORDS))]])),
            usage=draw(st.none() | usage),
            service_tier=tier,
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


@st.composite
def google_streams(draw: st.DrawFn) -> list[Json]:
    usage = st.builds(
        known,
        promptTokenCount=COUNTS,
        candidatesTokenCount=SOME,
        thoughtsTokenCount=SOME,
        toolUsePromptTokenCount=SOME,
        totalTokenCount=SOME,
    )
    return [
        known(
            candidates=[known(index=0, finishReason=draw(st.sampled_from([None, "STOP", "SAFETY", "MAX_TOKENS"])))],
            usageMetadata=draw(st.none() | usage),
            modelVersion=draw(st.sampled_from([None, "gemini-2.5-flash"])),
            responseId=draw(st.sampled_from([None, "r-1", "r-2"])),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


@st.composite
def anthropic_streams(draw: st.DrawFn) -> list[Json]:
    """The input side is restated as a whole or not at all: a sum alone doesn't tell which of its parts changed."""
    input_side = st.fixed_dictionaries(
        {"input_tokens": COUNTS, "cache_read_input_tokens": COUNTS, "cache_creation_input_tokens": COUNTS}
    )
    nothing: st.SearchStrategy[dict[str, int]] = st.builds(dict[str, int])
    start: Json = MESSAGE | {"usage": draw(input_side) | {"output_tokens": draw(COUNTS)}, "stop_reason": draw(WORDS)}
    deltas = [
        {
            "type": "message_delta",
            "delta": {"stop_reason": draw(WORDS)},
            "usage": draw(nothing | input_side) | known(output_tokens=draw(SOME)),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    return [{"type": "message_start", "message": start}, *deltas]


def last(values: list[Any]) -> Any:
    return next((value for value in reversed(values) if value is not None), None)


def fold(chunks: list[CallResponseChunk], *, amend: bool) -> Json:
    """What the normalized chunks of a stream with one choice amount to, by the wire's rule for a later usage."""
    usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
    usage = usages[-1] if usages else None
    if amend and usages:
        fields = {name: last([getattr(one, name) for one in usages]) for name in Usage.model_fields}
        sides = (fields["input_tokens"], fields["output_tokens"])
        usage = Usage(**(fields | {"total_tokens": None if None in sides else sum(sides)}))
    return {
        "finish_reasons": last([chunk.finish_reasons for chunk in chunks]),
        "usage": usage,
        "cost": last([chunk.cost_metadata.cost for chunk in chunks]),
        "tier": last([chunk.cost_metadata.tier for chunk in chunks]),
        "id": next((chunk.id for chunk in chunks if chunk.id), None),
        "model": next((chunk.model for chunk in chunks if chunk.model), None),
    }


def read_whole(wire: str, events: list[Any]) -> Json:
    tally = Tally()
    for event in events:
        for_wire(wire).read(tally, event)
    whole = CallResponseChunk.from_tally(tally)
    cost = whole.cost_metadata
    return {
        "finish_reasons": whole.finish_reasons,
        "usage": whole.usage,
        "cost": cost.cost,
        "tier": cost.tier,
        "id": whole.id,
        "model": whole.model,
    }


@pytest.mark.parametrize("made", [as_is, openai_sdk])
@given(stream=openai_streams())
def test_folded_openai_chunks_equal_the_tally(made: Any, stream: list[Json]) -> None:
    """The last usage object replaces the ones before."""
    events = [made(event) for event in stream]
    assert fold([normalize(event, "openai") for event in events], amend=False) == read_whole("openai_chat", events)


@pytest.mark.parametrize("made", [as_is, google_sdk])
@given(stream=google_streams())
def test_folded_google_chunks_equal_the_tally(made: Any, stream: list[Json]) -> None:
    """The last usage object replaces the ones before, as a whole."""
    events = [made(event) for event in stream]
    chunks = [normalize(event, "google") for event in events]
    assert fold(chunks, amend=False) == read_whole("google_generate_content", events)


@pytest.mark.parametrize("made", [as_is, anthropic_sdk])
@given(stream=anthropic_streams())
def test_folded_anthropic_chunks_equal_the_tally(made: Any, stream: list[Json]) -> None:
    """A later field that is stated amends the earlier one, 0 too."""
    events = [made(event) for event in stream]
    chunks = [normalize(event, "anthropic") for event in events]
    assert fold(chunks, amend=True) == read_whole("anthropic_messages", events)
