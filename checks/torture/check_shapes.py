"""Cases 24 to 41: chunks shaped otherwise than the documentation has them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from checks.torture.script import (
    MODEL,
    STOP,
    TEXT,
    answered,
    choice,
    chunk,
    message_end,
    message_start,
    spent,
    text_block,
)
from checks.torture.way import Way
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios.base import sse
from support.sdk import PLAIN, count_once, ended, expect

Wrap = Callable[..., Any]
Play = Callable[..., str]
Json = dict[str, Any]

MILLION = 1_000_000


@pytest.fixture
def read_claude(way: Way, play: Play, wrap: Wrap) -> Callable[..., Any]:
    """What `read` does, for Anthropic's SDK."""

    async def anthropic(events: Any) -> None:
        stream = await way.message(way.anthropic(play(events, "anthropic")))
        await way.rest(wrap(stream, provider="anthropic", model="claude-sonnet-4-5"))

    return anthropic


def used(kit: Kit, *, outcome: str = "completed", error_type: str | None = None) -> tuple[Any, ...]:
    """Input and output tokens on the span, the same in the metrics."""
    attributes = ended(kit, outcome, error_type)
    counts = tuple(attributes.get(f"gen_ai.usage.{kind}_tokens") for kind in ("input", "output"))
    for kind, count in zip(("input", "output"), counts, strict=True):
        assert kit.total("gen_ai.client.token.usage", token__type=kind) == (count or 0)
    return counts


# --- OpenAI's ---


async def test_24_usage_in_a_last_chunk_with_empty_choices(way: Way, kit: Kit, wrap: Wrap) -> None:
    chunks = await way.rest(wrap(await way.create(way.openai())))
    assert chunks[-1].choices == []
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


@pytest.mark.parametrize("last", [{"choices": None}, {}], ids=["null", "no key"])
async def test_25_a_last_chunk_without_choices(kit: Kit, read: Callable[..., Any], last: Json) -> None:
    usage = chunk(usage=spent(100, 20))
    del usage["choices"]
    await read(answered(usage | last))
    assert used(kit) == (100, 20)
    assert attributes_of(kit.span)["gen_ai.response.finish_reasons"] == ["stop"]


async def test_26_delta_null_in_the_chunk_with_the_finish_reason(kit: Kit, read: Callable[..., Any]) -> None:
    await read((*TEXT, chunk(choice(finish="length", delta=None), usage=spent(100, 20))))
    assert used(kit) == (100, 20)
    assert attributes_of(kit.span)["gen_ai.response.finish_reasons"] == ["length"]
    assert kit.total("chunkmeter.calls", finish_reason="length") == 1


async def test_27_usage_inside_the_choice(kit: Kit, read: Callable[..., Any]) -> None:
    """Moonshot sends it so."""
    await read((*TEXT, chunk(choice(finish="stop", usage=spent(100, 20)))))
    assert used(kit) == (100, 20)


async def test_28_cumulative_usage_in_every_chunk_is_not_added_up(kit: Kit, read: Callable[..., Any]) -> None:
    await read(
        (
            chunk(choice("Lis"), usage=spent(100, 1)),
            chunk(choice("bon"), usage=spent(100, 2)),
            chunk(choice(finish="stop"), usage=spent(100, 3)),
            chunk(usage=spent(100, 3)),
        )
    )
    assert used(kit) == (100, 3)


async def test_29_usage_null_after_usage_keeps_it(kit: Kit, read: Callable[..., Any]) -> None:
    await read((*TEXT, chunk(choice(finish="stop"), usage=spent(100, 20)), chunk(usage=None)))
    assert used(kit) == (100, 20)


async def test_30_an_explicit_zero_replaces_and_null_does_not(way: Way, play: Play, wrap: Wrap, kit: Kit) -> None:
    """OpenAI's later usage object replaces, a 0 in it too; Anthropic's later fields amend, null ones not."""
    cached = {"prompt_tokens_details": {"cached_tokens": 60}}
    zero = {"prompt_tokens_details": {"cached_tokens": 0}}
    script = (*TEXT, chunk(choice(finish="stop"), usage=spent(100, 5, **cached)), chunk(usage=spent(100, 20, **zero)))
    await way.rest(wrap(await way.create(way.openai(play(script)))))
    script = (
        message_start(input_tokens=40, cache_read_input_tokens=60, output_tokens=1),
        *text_block("Lisbon"),
        *message_end(input_tokens=None, cache_read_input_tokens=0, output_tokens=20),
    )
    stream = await way.message(way.anthropic(play(script, "anthropic")))
    await way.rest(wrap(stream, provider="anthropic", model=None))
    openai, claude = (attributes_of(span) for span in kit.spans)
    for attributes, input_tokens in ((openai, 100), (claude, 40)):
        # A part that is 0 is no row, and costs nothing; one that had stayed would be 60.
        assert not {"gen_ai.usage.cache_read.input_tokens", "chunkmeter.cost.cache_read"} & attributes.keys()
        assert attributes["gen_ai.usage.input_tokens"] == input_tokens
        assert attributes["gen_ai.usage.output_tokens"] == 20


# --- Anthropic's ---


async def test_31_anthropic_output_is_cumulative_and_provisional_at_the_start(
    way: Way, kit: Kit, wrap: Wrap, play: Play
) -> None:
    script = (
        message_start(input_tokens=40, cache_read_input_tokens=60, output_tokens=5),
        *text_block("Lisbon"),
        *message_end(input_tokens=40, cache_read_input_tokens=60, output_tokens=206),
    )
    client = way.anthropic(play(script, "anthropic"))
    await way.rest(wrap(await way.message(client), provider="anthropic", model=None))
    left = wrap(await way.message(client), provider="anthropic", model=None)
    await way.take(left, 2)
    await way.close(left)
    whole, closed = (attributes_of(span) for span in kit.spans)
    assert (whole["gen_ai.usage.input_tokens"], whole["gen_ai.usage.output_tokens"]) == (100, 206)
    assert whole["gen_ai.usage.cache_read.input_tokens"] == 60
    assert closed["gen_ai.usage.input_tokens"] == 100
    assert "gen_ai.usage.output_tokens" not in closed
    assert closed["chunkmeter.usage.status"] == "partial"


async def test_32_anthropic_delta_without_cache_fields_resets_none(kit: Kit, read_claude: Callable[..., Any]) -> None:
    await read_claude(
        (
            message_start(input_tokens=40, cache_read_input_tokens=60, cache_creation_input_tokens=30, output_tokens=1),
            *text_block("Lisbon"),
            *message_end(output_tokens=20),
        )
    )
    assert used(kit) == (40 + 60 + 30, 20)
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 60
    assert attributes["gen_ai.usage.cache_write.input_tokens"] == 30


async def test_33_anthropic_cache_writes_of_5_minutes_and_1_hour(kit: Kit, read_claude: Callable[..., Any]) -> None:
    """claude-sonnet-4-5, USD a million: 3 in, 0.30 read, 3.75 written for 5 minutes, 6 for an hour, 15 out."""
    await read_claude(
        (
            message_start(
                input_tokens=12,
                cache_read_input_tokens=2048,
                cache_creation_input_tokens=1000,
                cache_creation={"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": 400},
                output_tokens=1,
            ),
            *text_block("Lisbon"),
            *message_end(output_tokens=57),
        )
    )
    assert used(kit) == (12 + 2048 + 1000, 57)
    five_minutes, one_hour = 600 * Decimal("3.75") / MILLION, 400 * Decimal(6) / MILLION
    rest = (12 * Decimal(3) + 2048 * Decimal("0.30") + 57 * Decimal(15)) / MILLION
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.cost.cache_write"] == pytest.approx(float(five_minutes), abs=1e-12)
    assert attributes["chunkmeter.cost.cache_write_1h"] == pytest.approx(float(one_hour), abs=1e-12)
    assert kit.total("chunkmeter.spend") == pytest.approx(float(five_minutes + one_hour + rest), abs=1e-12)


async def test_34_anthropic_empty_content_pings_and_unknown_events(kit: Kit, read_claude: Callable[..., Any]) -> None:
    await read_claude(
        (
            message_start(input_tokens=100, output_tokens=1),
            {"type": "ping"},
            {"type": "weather_report", "weather": "fine"},
            *message_end("refusal", output_tokens=0),
        )
    )
    assert used(kit) == (100, 0)
    assert attributes_of(kit.span)["chunkmeter.response.raw_finish_reasons"] == ["refusal"]


# --- Google's, and OpenAI's responses ---


# Google's SDK subclasses aiohttp's session.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
async def test_36_gemini_thoughts_are_output_and_usage_is_in_every_chunk(
    way: Way, kit: Kit, wrap: Wrap, play: Play
) -> None:
    def event(text: str, finish: str | None, **usage: int) -> Json:
        candidate: Json = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        counts = {"promptTokenCount": 100, **usage}
        return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-2.5-flash"}

    script = (
        event("Lis", None, thoughtsTokenCount=70, totalTokenCount=170),
        event("bon", None, candidatesTokenCount=3, thoughtsTokenCount=70, totalTokenCount=173),
        event("", "STOP", candidatesTokenCount=9, thoughtsTokenCount=70, totalTokenCount=179),
    )
    stream = await way.contents(way.google(play(script, "google")), "gemini-2.5-flash")
    await way.rest(wrap(stream, provider="google", model="gemini-2.5-flash"))
    assert used(kit) == (100, 70 + 9)
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.reasoning.output_tokens"] == 70
    # gemini-2.5-flash, USD a million: 0.30 in, 2.50 out.
    cost = (100 * Decimal("0.30") + 79 * Decimal("2.50")) / MILLION
    assert kit.total("chunkmeter.spend") == pytest.approx(float(cost), abs=1e-12)


@pytest.mark.parametrize(
    ("status", "details", "reason", "word"),
    [
        ("completed", None, "completed", "stop"),
        ("incomplete", {"reason": "max_output_tokens"}, "max_output_tokens", "length"),
        ("failed", None, "failed", "error"),
    ],
)
async def test_37_responses_api_completed_incomplete_and_failed(
    way: Way, kit: Kit, wrap: Wrap, play: Play, status: str, details: Any, reason: str, word: str
) -> None:
    begun: Json = {"id": "resp_torture", "object": "response", "model": MODEL, "output": [], "usage": None}
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    over = begun | {"status": status, "incomplete_details": details, "usage": usage}
    script = (
        {"type": "response.created", "response": begun | {"status": "in_progress"}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Lisbon"},
        {"type": f"response.{status}", "response": over},
    )
    named = [f"event: {event['type']}\n".encode() + sse([event], done=False)[0] for event in script]
    await way.rest(wrap(await way.respond(way.openai(play(named)))))
    assert used(kit) == (100, 20)
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.response.raw_finish_reasons"] == [reason]
    assert attributes["chunkmeter.finish_reason"] == word


# --- choices, tool calls, reasons ---


async def test_38_the_second_choice_first_with_another_reason(kit: Kit, read: Callable[..., Any]) -> None:
    await read(
        (
            chunk(choice("Porto", index=1)),
            chunk(choice("Lisbon", index=0)),
            chunk(choice(finish="length", index=1)),
            chunk(choice(finish="stop", index=0)),
            chunk(usage=spent(100, 20)),
        )
    )
    assert used(kit) == (100, 20)
    assert attributes_of(kit.span)["gen_ai.response.finish_reasons"] == ["stop", "length"]
    assert kit.total("chunkmeter.calls", finish_reason="length") == 1


async def test_39_tool_calls_with_gaps_in_their_index_and_arguments_null(kit: Kit, read: Callable[..., Any]) -> None:
    def call(index: int, arguments: str | None) -> Json:
        called = {"index": index, "id": f"call_{index}", "type": "function"}
        return {"tool_calls": [called | {"function": {"name": "get_weather", "arguments": arguments}}]}

    await read(
        (
            chunk(choice(delta=call(1, None))),
            chunk(choice(delta=call(4, '{"city":'))),
            chunk(choice(delta={"tool_calls": None})),
            chunk(choice(finish="tool_calls")),
            chunk(usage=spent(100, 20)),
        )
    )
    assert used(kit) == (100, 20)
    assert kit.total("chunkmeter.calls", finish_reason="tool_call") == 1


async def test_40_a_finish_reason_repeated_or_never_given(way: Way, kit: Kit, wrap: Wrap, play: Play) -> None:
    """Said twice it is one; never said, nobody can tell the answer from one that was cut."""
    usage = chunk(usage=spent(100, 20))
    for script in ((*TEXT, STOP, STOP, usage), (*TEXT, usage)):
        await way.rest(wrap(await way.create(way.openai(play(script)))))
    repeated, never = (attributes_of(span) for span in kit.spans)
    assert repeated["gen_ai.response.finish_reasons"] == ["stop"]
    assert repeated["chunkmeter.outcome"] == "completed"
    assert never["gen_ai.response.finish_reasons"] == ["error"]
    assert never["chunkmeter.outcome"] == "interrupted"
    for attributes in (repeated, never):
        assert attributes["gen_ai.usage.input_tokens"] == 100
        assert attributes["gen_ai.usage.output_tokens"] == 20


@pytest.mark.parametrize(
    ("reason", "counted"), [("length", "length"), ("content_filter", "content_filter"), ("bored", "other")]
)
async def test_41_finish_reasons_pass_through_unknown_ones_too(
    kit: Kit, read: Callable[..., Any], reason: str, counted: str
) -> None:
    await read((*TEXT, chunk(choice(finish=reason)), chunk(usage=spent(100, 20))))
    assert used(kit) == (100, 20)
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == [reason]
    assert "chunkmeter.response.raw_finish_reasons" not in attributes
    assert attributes["chunkmeter.finish_reason"] == counted
    assert kit.total("chunkmeter.calls", finish_reason=counted) == 1
