"""What the wires tell of a cache: how many of its tokens are audio or images, and how long written ones are kept."""

from __future__ import annotations

from typing import Any

import pytest

from chunkmeter import wrap
from chunkmeter.testing import Kit
from support import protos
from support.chunks import Json, fold, google_sdk


def gemini(usage: Json) -> Json:
    return {
        "candidates": [{"index": 0, "finishReason": "STOP"}],
        "usageMetadata": usage,
        "modelVersion": "gemini-2.5-flash",
    }


def by_modality(**numbers: int) -> list[Json]:
    return [{"modality": modality, "tokenCount": number} for modality, number in numbers.items()]


USAGE: Json = {
    "promptTokenCount": 2000,
    "candidatesTokenCount": 100,
    "cachedContentTokenCount": 1000,
    "promptTokensDetails": by_modality(TEXT=1000, AUDIO=1000),
}


@pytest.mark.parametrize("made", [dict, google_sdk, protos.of_json])
@pytest.mark.parametrize(
    ("details", "audio"),
    [
        ({}, None),
        ({"cacheTokensDetails": by_modality(AUDIO=1000)}, 1000),
        ({"cacheTokensDetails": by_modality(TEXT=600, AUDIO=400)}, 400),
        ({"cacheTokensDetails": by_modality(TEXT=1000)}, 0),
    ],
)
def test_what_gemini_had_cached(made: Any, details: Json, audio: int | None) -> None:
    """What a list leaves out was not cached; without a list nobody knows."""
    tokens = fold("google_generate_content", made(gemini(USAGE | details))).tokens()
    assert (tokens.cached_tokens, tokens.cached_audio_tokens, tokens.cached_image_tokens) == (1000, audio, None)


@pytest.mark.parametrize(
    ("details", "micro_usd"),
    [
        # text 0.30, cached 0.03, audio 1, cached audio 0.10, 100 out at 2.50
        ({"cacheTokensDetails": by_modality(AUDIO=1000)}, 300 + 100 + 250),
        ({"cacheTokensDetails": by_modality(TEXT=1000)}, 30 + 1000 + 250),
        ({"cacheTokensDetails": by_modality(TEXT=600, AUDIO=400)}, 120 + 18 + 600 + 40 + 250),
        # The fewest that may be both are none.
        ({}, 30 + 1000 + 250),
    ],
)
def test_what_cached_audio_costs(kit: Kit, details: Json, micro_usd: int) -> None:
    list(wrap(iter([gemini(USAGE | details)]), provider="google", telemetry=kit.telemetry))
    assert kit.total("chunkmeter.spend") == pytest.approx(micro_usd / 1e6, rel=1e-12)
    assert kit.attributes["chunkmeter.cost.status"] == "known"


def test_what_an_interaction_had_cached() -> None:
    usage: Json = {
        "total_input_tokens": 2000, "total_cached_tokens": 1000, "total_output_tokens": 5,
        "input_tokens_by_modality": [{"modality": kind, "tokens": 500} for kind in ("text", "audio", "image", "video")],
        "cached_tokens_by_modality": [{"modality": "audio", "tokens": 300}, {"modality": "text", "tokens": 700}],
    }  # fmt: skip
    interaction: Json = {"object": "interaction", "status": "completed", "usage": usage}
    tokens = fold("google_interactions", interaction).tokens()
    assert (tokens.cached_tokens, tokens.cached_audio_tokens, tokens.cached_image_tokens) == (1000, 300, 0)
    del usage["cached_tokens_by_modality"]
    tokens = fold("google_interactions", interaction).tokens()
    assert (tokens.cached_tokens, tokens.cached_audio_tokens, tokens.cached_image_tokens) == (1000, None, None)


CACHED: Json = {
    "cached_tokens": 600,
    "cached_tokens_details": {"text_tokens": 300, "audio_tokens": 250, "image_tokens": 50},
    "cache_write_tokens": 90,
    "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 70},
}


def openai_events(wire: str) -> list[Json]:
    inner = {"input_tokens": 1000, "output_tokens": 9, "total_tokens": 1009}
    if wire == "openai_chat":
        usage: Json = {"prompt_tokens": 1000, "completion_tokens": 9, "prompt_tokens_details": CACHED}
        return [{"choices": [], "usage": usage}]
    if wire == "openai_responses":
        usage = inner | {"input_tokens_details": CACHED}
        return [{"type": "response.completed", "response": {"status": "completed", "usage": usage}}]
    usage = inner | {"input_token_details": CACHED}
    return [{"type": "response.done", "response": {"id": "r", "status": "completed", "usage": usage}}]


@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses", "openai_realtime"])
def test_what_openai_had_cached(wire: str) -> None:
    tokens = fold(wire, *openai_events(wire)).tokens()
    assert (tokens.cached_tokens, tokens.cached_audio_tokens, tokens.cached_image_tokens) == (600, 250, 50)


@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses"])
def test_what_openai_keeps_for_half_a_day(wire: str) -> None:
    tokens = fold(wire, *openai_events(wire)).tokens()
    assert (tokens.cache_write_tokens, tokens.cache_write_12h_tokens) == (90, 70)


def test_a_session_has_its_cached_audio(kit: Kit) -> None:
    """gpt-realtime 4 in, 32 audio in, 0.40 cached of both, 0.50 cached images, 16 out."""
    details: Json = {"text_tokens": 500, "audio_tokens": 450, "image_tokens": 50, "cached_tokens": 600}
    details |= {"cached_tokens_details": {"text_tokens": 300, "audio_tokens": 250, "image_tokens": 50}}
    usage: Json = {"input_tokens": 1000, "output_tokens": 9, "total_tokens": 1009, "input_token_details": details}
    events: list[Json] = [
        {"type": "session.created", "session": {"model": "gpt-realtime"}},
        {"type": "response.done", "response": {"id": "r", "status": "completed", "usage": usage}},
    ]
    list(wrap(iter(events), provider="openai", wire="openai_realtime", telemetry=kit.telemetry))
    micro_usd = 200 * 4 + 200 * 32 + 300 * 0.40 + 250 * 0.40 + 50 * 0.50 + 9 * 16
    assert kit.total("chunkmeter.spend") == pytest.approx(micro_usd / 1e6, rel=1e-12)


@pytest.mark.parametrize(("total", "status"), [(15, "impossible_usage"), (None, "impossible_usage"), (65, "known")])
def test_reasoning_above_the_output_is_impossible(kit: Kit, total: int | None, status: str) -> None:
    """Unless the total shows that it lies beside the output, as xAI counts it."""
    usage: Json = {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 50}}
    event: Json = {
        "choices": [{"index": 0, "finish_reason": "stop"}], "model": "gpt-5", "usage": usage | {"total_tokens": total},
    }  # fmt: skip
    list(wrap(iter([event]), provider="openai", telemetry=kit.telemetry))
    assert kit.attributes["chunkmeter.cost.status"] == status
